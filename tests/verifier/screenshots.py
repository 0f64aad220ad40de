"""Draws docs/img/verify-zh.png and verify-en.png: ``python -m tests.verifier.screenshots``.

Wants a Chinese font.
"""

from __future__ import annotations

from tests.verifier.golden_cases import LOG_KEY
from tests.verifier.javascript import CHROMIUM_ARGUMENTS, ROOT, chromium
from tests.verifier.world import NETWORK

FOLDER = ROOT / "docs" / "img"
PHONE = {"width": 390, "height": 1500}


def main() -> None:
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_context(viewport=PHONE, color_scheme="light", timezone_id="UTC").new_page()
        page.goto((ROOT / "provenance" / "web" / "verify.html").as_uri())
        page.locator("#reader").evaluate("element => { element.open = true; }")
        page.fill("#log", LOG_KEY)
        page.fill("#chain", str(NETWORK.chain_id))
        page.fill("#registry", "0x" + NETWORK.registry.hex())
        page.locator("#reader").evaluate("element => { element.open = false; }")
        page.set_input_files("#file", ROOT / "tests" / "vectors" / "golden.provenance.json")
        page.wait_for_selector("#result .verdict")
        for language in ("zh", "en"):
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=FOLDER / f"verify-{language}.png")
            page.click("#language")
        browser.close()


if __name__ == "__main__":
    main()
