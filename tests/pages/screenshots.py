"""Draws docs/img/check-*.png: ``python -m tests.pages.screenshots``. Wants a Chinese font."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.pages.reader import Reader
from tests.pages.site import Site
from tests.support.databases import SqliteDatabases
from tests.verifier.javascript import CHROMIUM_ARGUMENTS, ROOT, chromium

FOLDER = ROOT / "docs" / "img"


def main() -> None:
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Site(SqliteDatabases(Path(folder)).migrated(), Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        try:
            draw(site, browser)
        finally:
            browser.close()
            site.close()


def draw(site: Site, browser: object) -> None:
    free = site.world.held_keys(2)[0]
    key, token = site.bought()
    chinese = Reader(browser, site.url, "zh-CN")
    chinese.open("/check")
    chinese.ask(free, format="google-play")
    chinese.answer()
    chinese.page.screenshot(path=FOLDER / "check-zh.png", full_page=True)
    chinese.ask(key, format="google-play", token=token)
    chinese.page.wait_for_selector("ol.journey li")
    chinese.page.locator("#journey > .card").first.screenshot(path=FOLDER / "check-journey-zh.png")
    chinese.leave()
    english = Reader(browser, site.url, "en-GB")
    english.open("/check")
    english.ask("ABCD-EFGH-JKLМ-NPQR", format="google-play")
    english.page.screenshot(path=FOLDER / "check-en.png", full_page=True)
    english.ask(key, format="google-play", token=token)
    english.page.wait_for_selector("ol.journey li")
    english.page.locator("#journey > .card").first.screenshot(path=FOLDER / "check-journey-en.png")
    english.leave()


if __name__ == "__main__":
    main()
