"""The front page and the verifier as they are served, in real Chromium."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.pages.reader import PHONE, Reader
from tests.pages.site import Site
from tests.verifier.javascript import ROOT

pytestmark = pytest.mark.browser

GOLDEN = ROOT / "tests" / "vectors" / "golden.provenance.json"


@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "卡密溯源"), ("en-GB", "Card key provenance")])
def test_the_front_page_leads_on_in_the_readers_language(
    browser: Any, site: Site, locale: str, title: str
) -> None:
    reader = Reader(browser, site.url, locale)
    reader.open("/")
    assert reader.says("h1") == reader.page.title() == title
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    language = reader.page.get_attribute("html", "lang")
    reader.page.click(".doors a[href^='/check']")
    reader.page.wait_for_selector("#ask")
    assert reader.page.get_attribute("html", "lang") == language
    reader.page.click("nav a[href='/verify']")
    reader.page.wait_for_selector("#file")
    reader.leave()


def test_the_verifier_works_as_it_is_served(browser: Any, site: Site) -> None:
    reader = Reader(browser, site.url, "zh-CN")
    reader.open("/verify")
    reader.page.set_input_files("#file", GOLDEN)
    reader.page.wait_for_selector("#result .verdict")
    assert "前后一致" in reader.says("#verdict")
    reader.leave()


def test_the_proof_that_the_check_page_saves_passes_in_the_verifier(browser: Any, site: Site) -> None:
    key, token = site.bought()
    reader = Reader(browser, site.url, "zh-CN")
    reader.open("/check")
    reader.ask(key, format="google-play", token=token)
    with reader.page.expect_download() as saved:
        reader.page.click("#journey a.button")
    raw = saved.value.path().read_bytes()
    reader.open("/verify")
    reader.page.locator("#reader").evaluate("element => { element.open = true; }")
    told = json.loads(raw)
    reader.page.fill("#log", told["log"]["key"])
    reader.page.fill("#chain", str(told["network"]["chain_id"]))
    reader.page.fill("#registry", told["network"]["registry"])
    file = {"name": "x.provenance.json", "mimeType": "application/json", "buffer": raw}
    reader.page.set_input_files("#file", file)
    reader.page.wait_for_selector("#result .verdict")
    assert "凭证成立" in reader.says("#verdict")
    reader.leave()
