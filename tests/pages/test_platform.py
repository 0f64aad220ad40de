"""A platform's public page: the log's figures drawn, for everybody, without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.pages import charts
from api.pages.words import LANGUAGES, order_words, platform_words
from provenance.core.claims import Breach
from provenance.core.disclosure import PLATFORM_SHOWS, DisclosureStatus
from tests.api.record import MONTH, lived_in, report
from tests.pages.reader import CONTRAST, PHONE, Reader
from tests.pages.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shop(sqlite_databases: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A shop with a reported month, which nothing changes any more."""
    made = Site(sqlite_databases.migrated(), tmp_path_factory.mktemp("shop"))
    report(lived_in(made.world))
    yield made
    made.close()


@pytest.fixture
def visitor(browser: Any, shop: Site) -> Iterator[Reader]:
    made = Reader(browser, shop.url, "zh-CN")
    made.open(f"/platform/{shop.world.shop.hex}?month=2027-01")
    yield made
    made.leave()


def test_every_number_on_the_page_is_that_of_the_report(shop: Site, visitor: Reader) -> None:
    address = f"/platforms/{shop.world.shop.hex}/figures"
    figures = shop.world.get(None, address, query_string={"month": "2027-01"}).json["figures"]
    cells = visitor.page.locator("dd[data-figure]").evaluate_all(
        "nodes => nodes.map(one => [one.dataset.figure, one.textContent])"
    )
    for name, text in cells:
        if name != "tenure":
            above, member = name.split(".")
            assert text == str(figures[above][member]), name
    assert len(cells) == 7
    rows = visitor.page.locator("tr[data-code]").evaluate_all(
        "nodes => nodes.map(one => [one.dataset.code, one.querySelector('.number').textContent])"
    )
    assert ["late_delivery", "1"] in rows
    assert ["reissued", "1"] in rows
    assert ["4", "1"] in rows
    assert "4.0 分（1 条）" in visitor.says("#reviews")
    assert "100.0%" in visitor.page.text_content(".ring")
    assert "补发 49.50" in visitor.says("main")
    assert visitor.page.locator("[data-paper]").count() == len(PLATFORM_SHOWS)


def test_a_bar_is_as_wide_as_its_number(visitor: Reader) -> None:
    wide = visitor.page.locator("tr[data-code='4'] rect.part").evaluate("node => node.width.baseVal.value")
    none = visitor.page.locator("tr[data-code='5'] rect.part").evaluate("node => node.width.baseVal.value")
    assert (wide, none) == (100, 0)


def test_a_claim_stands_in_the_history_with_its_place_in_the_log(shop: Site, visitor: Reader) -> None:
    line = visitor.page.locator("[data-claim]")
    assert line.count() == 1
    assert "已补发" in line.inner_text()
    entry = line.locator("a").get_attribute("href")
    raw = shop.world.client.get(entry).data
    assert raw[8 + 4 : 8 + 4 + 32].hex() == line.get_attribute("data-claim")


def test_the_page_needs_no_script_and_names_the_command_that_checks_it(browser: Any, shop: Site) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{shop.url}/platform/{shop.world.shop.hex}?lang=en")
    said = page.inner_text("main pre")
    assert said == f"provenance audit report {shop.url}/v1 {shop.world.shop.hex}"
    assert page.locator("script").count() == 0
    context.close()


def test_months_are_reached_by_keyboard_and_the_chosen_one_is_said(visitor: Reader) -> None:
    press = visitor.page.keyboard.press
    for _ in range(4):
        press("Tab")
    assert visitor.page.evaluate("document.activeElement.textContent.trim()") == "2027-01"
    assert visitor.page.evaluate("document.activeElement.getAttribute('aria-current')") == "page"
    press("Shift+Tab")
    press("Enter")
    visitor.page.wait_for_url("**/platform/*?lang=zh-CN")
    assert visitor.page.locator("[aria-current=page]").inner_text() == "近 90 天"


def test_a_screen_reader_gets_every_chart_as_words(visitor: Reader) -> None:
    bare = (
        "[...document.querySelectorAll('svg')].filter(e => !e.getAttribute('aria-label')"
        " && !e.closest('[aria-hidden=true]')).length"
    )
    assert visitor.page.evaluate(bare) == 0
    unnamed = (
        "[...document.querySelectorAll('section')]"
        ".filter(e => !document.getElementById(e.getAttribute('aria-labelledby'))).length"
    )
    assert visitor.page.evaluate(unnamed) == 0
    assert visitor.page.evaluate("document.querySelectorAll('table th:not([scope])').length") == 0
    assert visitor.page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_and_nothing_is_wider_than_a_phone(visitor: Reader, scheme: str) -> None:
    visitor.page.emulate_media(color_scheme=scheme)
    for summary in visitor.page.locator("summary").all():
        summary.click()
    assert visitor.page.evaluate(CONTRAST) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_list_leads_to_each_platform_in_the_readers_language(browser: Any, shop: Site) -> None:
    reader = Reader(browser, shop.url, "en-GB")
    reader.open("/platforms")
    reader.page.click(f".doors a[href*='{shop.world.shop.hex}']")
    reader.page.wait_for_selector("#short")
    assert reader.says("h1") == "shop"
    assert "Late" in reader.says("#causes ~ table") or "key did not come" in reader.says("main")
    reader.leave()


@pytest.mark.parametrize("named", ["0x" + "77" * 20, "nobody", "0x" + "11" * 20 + "?month=13"])
def test_a_platform_that_is_none_is_said_to_be_none(shop: Site, named: str) -> None:
    answered = shop.world.client.get(f"/platform/{named}")
    assert (answered.status_code, answered.mimetype) == (404, "text/html")
    assert "没有这个地址的平台" in answered.text


@pytest.mark.parametrize("month", ["2027-13", "nextmonth", "<script>", "1999-01"])
def test_a_month_that_is_none_is_as_if_it_were_not_asked_for(shop: Site, month: str) -> None:
    answered = shop.world.client.get(f"/platform/{shop.world.shop.hex}", query_string={"month": month})
    assert answered.status_code == 200
    assert "近 90 天</a>" in answered.text
    assert month not in re.sub(r"<a[^>]*>", "", answered.text)


def test_every_word_of_the_figures_has_one_here_in_both_languages() -> None:
    for language in LANGUAGES:
        words = platform_words(language)
        assert {str(one) for one in Breach} <= set(words["breaches"])
        assert {str(one) for one in DisclosureStatus} | {"none"} == set(words["papers"]["status"])
        assert {str(one) for one in PLATFORM_SHOWS} <= set(words["papers"]["types"])
        assert set(words["times"]) >= {"response", "decision", "remedy", "reissue"}
    shapes = [json.dumps(shape(platform_words(language)), sort_keys=True) for language in LANGUAGES]
    assert shapes[0] == shapes[1]


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return sorted(re.findall(r"\{\w+\}", value))


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (None, "–"),
        (0, "< 1 s"),
        (1_000, "1 s"),
        (3_723_000, "1 h 2 min"),
        (2 * 86_400_000 + 5_000, "2 d 5 s"),
    ],
)
def test_a_duration_is_told_in_two_units(milliseconds: int | None, said: str) -> None:
    unit = {"d": "d", "h": "h", "m": "min", "s": "s"}
    assert charts.duration(milliseconds, unit) == said


def test_columns_share_one_scale_and_a_month_is_that_of_the_log() -> None:
    first, second = charts.columns([("2027-01", 200, 4), ("2027-02", 100, 0)])
    assert (first.sales_height, first.claims_height, second.sales_height) == (100, 2, 50)
    assert second.x > first.x
    assert charts.month(MONTH[0]) == charts.month(MONTH[1] - 1) == "2027-01"
    assert order_words("en")["duration"]["m"]
