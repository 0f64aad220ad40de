"""Draws docs/img/check-*.png and order-*.png: ``python -m tests.pages.screenshots``. Wants a Chinese font."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.api.desk import DAY, SECOND, Desk
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
    draw_orders(site, browser)


def draw_orders(site: Site, browser: object) -> None:
    """An order with a claim that waits, in Chinese; one that was replaced by itself, in English."""
    desk = Desk(site.world)
    waiting, late = desk.bought(0), desk.bought(1)
    desk.deliver(waiting)
    desk.file(waiting, "invalid_key")
    site.world.clock.time += 3 * DAY
    desk.stock(5)
    desk.tick(301 * SECOND)
    for locale, name, sold in (("zh-CN", "zh", waiting), ("en-GB", "en", late)):
        reader = Reader(browser, site.url, locale)
        reader.excused.append("404 (NOT FOUND)")
        reader.open("/order")
        reader.page.fill("#token", sold["order_token"])
        reader.page.click("#submit")
        reader.page.wait_for_selector("#orders .order")
        reader.page.screenshot(path=FOLDER / f"order-{name}.png", full_page=True)
        reader.leave()


if __name__ == "__main__":
    main()
