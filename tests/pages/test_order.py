"""A buyer with a phone and nothing but his order token: what he sees, does, and what is never in his page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from api.pages.words import LANGUAGES, order_words
from provenance.core.claims import ClaimReason, Outcome, RemedyReason, State
from provenance.core.entries import EntryType
from provenance.core.terms import Cause, Default, EvidenceType, RejectionCode, RemedyKind
from tests.api.desk import DAY, SECOND, STRANGERS, Desk
from tests.pages.reader import PHONE, Reader
from tests.pages.site import Site

pytestmark = pytest.mark.browser

NO_STREAMS = "404 (NOT FOUND)"
"""A server without the front gives no streams; the page then looks by itself."""


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site.world)


@pytest.fixture
def buyer(browser: Any, site: Site) -> Iterator[Reader]:
    made = Reader(browser, site.url, "zh-CN")
    made.excused.append(NO_STREAMS)
    made.open("/order")
    yield made
    made.leave()


def show(buyer: Reader, token: str) -> None:
    buyer.page.fill("#token", token)
    buyer.page.click("#submit")


def shown(buyer: Reader, token: str) -> None:
    show(buyer, token)
    buyer.page.wait_for_selector("#orders .order")


def test_a_buyer_sees_the_days_that_are_left_and_what_happened(desk: Desk, buyer: Reader) -> None:
    sold = desk.bought(0)
    desk.deliver(sold)
    desk.world.clock.time += 3 * DAY
    shown(buyer, sold["order_token"])
    assert buyer.page.text_content(".ring .days") == "27"
    assert "质保还剩 27 天，共 30 天" in (buyer.page.get_attribute(".ring", "aria-label") or "")
    steps = buyer.page.locator("ol.journey li").evaluate_all("nodes => nodes.map(one => one.dataset.what)")
    assert steps[-1] == "deliver"
    assert {"commission", "paid", "sell"} <= set(steps)
    assert "付款后超过 5 分钟" in buyer.page.text_content(".covered")
    assert buyer.focus == "orders"
    assert buyer.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_clock_that_runs_counts_down_on_the_page(desk: Desk, buyer: Reader) -> None:
    sold = desk.bought(0)
    shown(buyer, sold["order_token"])
    clock = buyer.page.locator(".clock [role=timer]")
    expect(clock).to_contain_text("还剩 4 分")
    first = clock.inner_text()
    expect(clock).not_to_have_text(first)


def test_a_claim_is_filed_with_the_keyboard_and_withdrawn_after_a_second_press(
    desk: Desk, buyer: Reader
) -> None:
    sold = desk.bought(0)
    desk.deliver(sold)
    shown(buyer, sold["order_token"])
    buyer.page.focus("details.card > summary")
    buyer.page.keyboard.press("Enter")
    buyer.page.focus("input[value=invalid_key]")
    buyer.page.keyboard.press("Space")
    buyer.page.keyboard.press("Enter")
    buyer.status("理赔已提出")
    expect(buyer.page.locator(".claim h3")).to_contain_text("等待你的证据")
    assert "若到期无人处理" in buyer.says(".claim")
    withdraw = buyer.page.locator("button[data-act=withdraw]")
    withdraw.click()
    expect(withdraw).to_have_text("再按一次即撤回")
    withdraw.click()
    expect(buyer.page.locator(".claim h3")).to_contain_text("已撤回")


def test_evidence_is_uploaded_from_the_page_and_reaches_the_claim(
    desk: Desk, buyer: Reader, tmp_path: Any
) -> None:
    sold = desk.bought(0)
    desk.deliver(sold)
    claim = desk.file(sold, "invalid_key").json
    answer = tmp_path / "answer.txt"
    answer.write_text("the key is not accepted")
    shown(buyer, sold["order_token"])
    buyer.page.click("text=上传并附上")
    buyer.status("请先选择文件")
    buyer.page.set_input_files("input[type=file]", answer)
    buyer.page.click("text=上传并附上")
    buyer.status("证据已保存")
    kept = desk.world.get(desk.world.shop, f"/claims/{claim['claim']}").json
    assert [one["type"] for one in kept["evidence"]] == ["issuer_answer"]


def test_stars_are_given_with_the_keyboard_once_and_only_for_what_was_delivered(
    desk: Desk, buyer: Reader
) -> None:
    sold = desk.bought(0)
    shown(buyer, sold["order_token"])
    assert buyer.page.locator("form.review").count() == 0
    desk.deliver(sold)
    shown(buyer, sold["order_token"])
    buyer.page.locator("details:has(form.review) > summary").focus()
    buyer.page.keyboard.press("Enter")
    buyer.page.focus("form.review input[value='4']")
    buyer.page.keyboard.press("Space")
    buyer.page.keyboard.press("Enter")
    buyer.status("评价已写入")
    expect(buyer.page.locator("[data-review]")).to_contain_text("你的评价：4 星")
    assert buyer.page.locator("form.review").count() == 0


def test_a_replacements_key_is_in_the_page_only_while_it_is_shown(desk: Desk, buyer: Reader) -> None:
    desk.stock(5)
    sold = desk.bought(0)
    desk.tick(301 * SECOND)
    shown(buyer, sold["order_token"])
    key = desk.keys[5]
    assert key not in buyer.page.content()
    buyer.page.click("[data-key] button")
    expect(buyer.page.locator("[data-key] .secret")).to_have_text(key)
    buyer.page.click("[data-key] button")
    expect(buyer.page.locator("[data-key] .secret")).to_have_count(0)
    assert key not in buyer.page.content()


def test_the_token_is_in_no_address_no_storage_and_gone_after_clearing(desk: Desk, buyer: Reader) -> None:
    sold = desk.bought(0)
    shown(buyer, sold["order_token"])
    assert not any(sold["order_token"] in one.url for one in buyer.requests)
    buyer.page.click("#reset")
    expect(buyer.page.locator("#orders")).to_be_hidden()
    assert sold["order_token"] not in buyer.page.content()
    assert buyer.page.input_value("#token") == ""
    assert sold["order"] not in buyer.page.content()


def test_what_is_no_token_stays_here_and_a_strangers_is_told_what_to_do(desk: Desk, buyer: Reader) -> None:
    show(buyer, "not a token")
    assert "64 个字符" in buyer.says("#token-problem")
    assert buyer.focus == "token"
    assert not any("/v1/" in one.url for one in buyer.requests)
    show(buyer, STRANGERS)
    buyer.status("没有这个订单")


def test_the_page_speaks_english_to_who_reads_it(browser: Any, site: Site, desk: Desk) -> None:
    sold = desk.bought(0)
    desk.deliver(sold)
    reader = Reader(browser, site.url, "en-GB")
    reader.excused.append(NO_STREAMS)
    reader.open("/order")
    shown(reader, sold["order_token"])
    assert reader.says("h1") == "Order and warranty"
    assert "30 of 30 days of warranty left" in reader.says(".cover")
    reader.leave()


def test_every_word_that_the_service_may_say_has_one_here_in_both_languages() -> None:
    steps = {f"claim.{one.name.lower()}" for one in ClaimReason}
    steps |= {f"remedy.{one.name.lower()}" for one in RemedyReason}
    steps |= {one.name.lower() for one in EntryType if one.is_on_keys}
    wanted = {
        "causes": set(Cause), "states": set(State), "outcomes": set(Outcome), "defaults": set(Default),
        "remedies": set(RemedyKind), "rejections": set(RejectionCode), "what": steps,
        "evidence": set(EvidenceType) - {EvidenceType.LOG_ENTRY, EvidenceType.EVIDENCE_REQUEST},
    }  # fmt: skip
    for language in LANGUAGES:
        words = order_words(language)
        for table, members in wanted.items():
            assert {str(one) for one in members} <= set(words[table]), (language, table)
    shapes = [json.dumps(shape(order_words(language)), sort_keys=True) for language in LANGUAGES]
    assert shapes[0] == shapes[1]


def shape(value: Any) -> Any:
    return {name: shape(one) for name, one in value.items()} if isinstance(value, dict) else None
