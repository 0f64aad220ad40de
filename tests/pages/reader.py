"""A person with a browser: what he does, and what the page did behind his back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import expect

PHONE = {"width": 390, "height": 844}

CONTRAST = """() => {
  const light = ([r, g, b]) => {
    const line = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [x, y, z] = [r, g, b].map(v => line(v / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const behind = node => {
    for (let at = node; at; at = at.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('body *')].filter(node =>
    node.offsetParent && [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()));
  return texts.map(node => {
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), node.tagName + '.' + node.className];
  }).filter(([ratio]) => ratio < 4.5);
}"""
"""A script: every text of the page that stands out less than 4.5 to 1 (WCAG 2.2, 1.4.3)."""

_WATCH = """
addEventListener("securitypolicyviolation", event => console.warn("policy: " + event.violatedDirective));
"""


class Reader:
    """One browser context on a phone; ``faults`` is everything the console said that no page should say."""

    def __init__(self, browser: Any, url: str, locale: str) -> None:
        self.url = url
        self.context = browser.new_context(viewport=PHONE, locale=locale, timezone_id="Asia/Shanghai")
        self.page = self.context.new_page()
        self.requests: list[Any] = []
        self.faults: list[str] = []
        self.excused: list[str] = []
        self.page.add_init_script(_WATCH)
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.append(message.text))

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def ask(self, key: str, *, format: str | None = None, token: str | None = None) -> None:
        """Fill the form and send it."""
        self.page.fill("#key", key)
        if format is not None:
            self.page.select_option("#format", format)
        if token is not None:
            self.page.locator("#token-part").evaluate("element => { element.open = true; }")
            self.page.fill("#token", token)
        self.page.click("#submit")

    def answer(self) -> str:
        """The code of the answer, once it stands there."""
        self.page.wait_for_selector("#result:not([hidden]) .verdict")
        found: str = self.page.get_attribute("#result .verdict", "data-verdict")
        return found

    def says(self, selector: str) -> str:
        found: str = self.page.inner_text(selector)
        return found

    def status(self, text: str) -> None:
        """Wait until the page has said it; not by a script of ours, which its policy would not let in."""
        expect(self.page.locator("#status")).to_contain_text(text)

    @property
    def focus(self) -> str:
        found: str = self.page.evaluate("document.activeElement.id")
        return found

    def leave(self) -> None:
        """Go, and look back at what the page did."""
        cookies = self.context.cookies()
        stored = self.page.evaluate("[localStorage.length, sessionStorage.length]")
        self.context.close()
        assert cookies == []
        assert stored == [0, 0]
        host = urlsplit(self.url).netloc
        assert {urlsplit(one.url).netloc for one in self.requests} <= {host}
        assert [fault for fault in self.faults if not any(word in fault for word in self.excused)] == []
