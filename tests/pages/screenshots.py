"""Draws docs/img/check-, order-, platform-*.png and complaint-zh.png: ``python -m tests.pages.screenshots``.

The pages want a Chinese font on the machine; the complaint brings its own.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from pathlib import Path

import pypdfium2

from tests.api.desk import DAY, SECOND, Desk
from tests.api.record import lived_in, report, review
from tests.pages.complaint import claimed
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
    draw_complaint(site)
    draw_platform(browser)


def draw_complaint(site: Site) -> None:
    """The first page of a complaint, as its reader sees it."""
    pdf = claimed(site).pack()["complaint.pdf"]
    with pypdfium2.PdfDocument(pdf) as paper:
        pixels = paper[0].render(scale=1.6, rev_byteorder=True).to_numpy()
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    made = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    (FOLDER / "complaint-zh.png").write_bytes(b"\x89PNG\r\n\x1a\n" + made)


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


def draw_platform(browser: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(SqliteDatabases(Path(folder)).migrated(), Path(folder))
        desk = lived_in(site.world)
        for number, causes in ((2, ["invalid_key"]), (3, []), (4, [])):
            sold = desk.bought(number)
            if causes:
                desk.deliver(sold)
                desk.file(sold, *causes)
                review(site.world, sold, 5)
        desk.tick(301 * SECOND)
        report(desk)
        for locale, name in (("zh-CN", "zh"), ("en-GB", "en")):
            reader = Reader(browser, site.url, locale)
            reader.open(f"/platform/{site.world.shop.hex}?month=2027-01")
            reader.page.screenshot(path=FOLDER / f"platform-{name}.png", full_page=True)
            reader.leave()
        site.close()


if __name__ == "__main__":
    main()
