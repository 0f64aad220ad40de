"""The page of the browser verifier: it is what builds, and does what a person needs in Chromium."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from provenance.core.keyformats import describe, format_by_id, formats
from tests.verifier import corpus
from tests.verifier.golden_cases import CARD, LOG_KEY
from tests.verifier.javascript import ROOT, run_node
from tests.verifier.world import GOLDEN_TEXT, NETWORK, Batch, in_shop

PAGE = ROOT / "provenance" / "web" / "verify.html"
GOLDEN_FILE = ROOT / "tests" / "vectors" / "golden.provenance.json"
GOLDEN: dict[str, Any] = json.loads(GOLDEN_TEXT)


@pytest.mark.node
def test_the_page_checked_in_is_the_one_that_builds() -> None:
    assert run_node("verifier/page/build.mjs", "--stdout") == PAGE.read_text(encoding="utf-8")


def test_the_page_reads_card_keys_by_the_catalogue() -> None:
    told = json.loads((ROOT / "verifier" / "page" / "formats.json").read_text(encoding="utf-8"))
    assert told == [json.loads(json.dumps(describe(format_by_id(name)))) for name in formats()]


def test_the_page_names_no_host_and_loads_nothing() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"<(?:link|img|iframe|script [^>]*src|object|embed)\b", text) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].startswith("'sha256-")
    assert "unsafe" not in policy[1]


def test_the_page_never_says_fake() -> None:
    words = (ROOT / "verifier" / "page" / "words.js").read_text(encoding="utf-8").lower()
    assert [word for word in ("fake", "forged", "fraud", "假", "伪") if word in words] == []


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """The page from disk, on a phone; a request, an error or a refusal of the policy fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    opened = context.new_page()
    requests: list[str] = []
    faults: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text))
    opened.goto(PAGE.as_uri())
    yield opened
    context.close()
    assert requests == [PAGE.as_uri()]
    assert faults == []


def give(page: Any, raw: bytes | Path) -> None:
    """Choose a file, and wait for the answer."""
    file = {"name": "x.provenance.json", "mimeType": "application/json", "buffer": raw}
    page.set_input_files("#file", raw if isinstance(raw, Path) else file)
    page.wait_for_selector("#result[aria-busy=false] .verdict")


def bring(page: Any, **fields: str) -> None:
    page.locator("#reader").evaluate("element => { element.open = true; }")
    for name, value in fields.items():
        page.fill(f"#{name}", value)


def statuses(page: Any) -> list[str]:
    rows = page.locator("ol.steps > li").all()
    return [row.get_attribute("class") for row in rows]


KNOWN = {"log": LOG_KEY, "chain": str(NETWORK.chain_id), "registry": "0x" + NETWORK.registry.hex()}


@pytest.mark.browser
def test_the_golden_bundle_is_told_step_by_step_in_both_languages(page: Any) -> None:
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    bring(page, **KNOWN, card=f"{CARD['serial']} {CARD['secret']}")
    give(page, GOLDEN_FILE)
    assert "凭证成立" in page.inner_text("#verdict")
    assert "已使用" in page.inner_text("#verdict")
    assert "移动充值卡 50元" in page.inner_text(".verdict")
    assert statuses(page) == [
        *("established", "established", "established", "established", "established", "partly"),
        *("established", "unchecked", "established", "partly", "established"),
    ]
    page.click("#language")
    assert page.locator("html").get_attribute("lang") == "en"
    assert "The proof holds" in page.inner_text("#verdict")
    assert "Used" in page.inner_text("#verdict")
    assert "the leaf is the reader's key" in page.inner_text("ol.steps")
    assert page.input_value("#log") == LOG_KEY


@pytest.mark.browser
def test_a_bundle_that_nothing_vouches_for_is_not_called_proven(page: Any) -> None:
    give(page, GOLDEN_FILE)
    assert "来源未核对" in page.inner_text("#verdict")
    assert "凭证成立" not in page.inner_text("#result")
    bring(page, **KNOWN)
    page.click("#fields button")
    page.locator("#verdict", has_text="凭证成立").wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("step", range(11))
def test_a_tampered_bundle_names_the_step(page: Any, step: int) -> None:
    bases = json.loads(corpus.BASES.read_text(encoding="utf-8"))
    standard = {"network", "log_key"}
    row = (
        next(
            row
            for row in corpus.read_cases()
            if row["expect"].get("step") == step
            and set(row["reader"]) <= standard
            and not row["id"].startswith("reader")
        )
        if step != 7
        else case_of_step_7()
    )
    bring(page, **KNOWN)
    give(page, corpus.raw_of(row, bases))
    assert page.inner_text("#verdict") == f"第 {step} 步未通过"
    reached = statuses(page)
    assert reached[step] == "failed"
    assert set(reached[step + 1 :]) <= {"skipped"}
    assert row["expect"]["code"] in page.inner_text(".rejected code")
    assert f"第 {step} 步" in page.inner_text("#status")


def case_of_step_7() -> dict[str, Any]:
    return next(row for row in corpus.read_cases() if row["id"] == "beacon-other")


@pytest.mark.browser
def test_a_wrong_card_key_fails_the_first_step_and_a_mistyped_one_is_the_readers(page: Any) -> None:
    bring(page, **KNOWN, card=f"{CARD['serial']} {CARD['secret'][:-1]}3")
    give(page, GOLDEN_FILE)
    assert page.inner_text("#verdict") == "第 1 步未通过"
    page.fill("#card", "12 34")
    page.click("#fields button")
    page.wait_for_selector("#card[aria-invalid=true]")
    assert "读不出" in page.inner_text("#card-note")
    assert page.locator("#result").is_hidden()
    assert page.evaluate("document.activeElement.id") == "card"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("log", "nobody"), ("chain", "0"), ("chain", "x"), ("registry", "0x12"), ("block", "11" * 31),
        ("salt", "zz"), ("witnesses", LOG_KEY), ("threshold", "1"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_read_is_marked(page: Any, field: str, value: str) -> None:
    bring(page, **{**KNOWN, field: value})
    page.click("#fields button")
    page.wait_for_selector(f"#{field}[aria-invalid=true]")
    assert page.locator("[aria-invalid=true]").count() == 1


@pytest.mark.browser
def test_the_whole_way_by_keyboard_alone(page: Any) -> None:
    press = page.keyboard.press
    # Listening from the start: asked for only at the key press, a slow browser opens its own dialogue first.
    page.on("filechooser", lambda chooser: None)
    press("Tab")
    press("Enter")
    assert page.locator("html").get_attribute("lang") == "en"
    press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    with page.expect_file_chooser():
        press("Enter")
    press("Tab")
    press("Enter")
    press("Tab")
    assert page.evaluate("document.activeElement.id") == "paste"
    page.keyboard.insert_text(GOLDEN_TEXT)
    press("Tab")
    press("Enter")
    page.wait_for_selector("#result .verdict")
    assert page.evaluate("document.activeElement.id") == "result"
    press("Tab")
    press("Enter")
    assert page.locator("details.caution").get_attribute("open") is not None


@pytest.mark.browser
@pytest.mark.parametrize("opened", [True, False])
def test_a_file_that_holds_the_key_says_so(page: Any, opened: bool) -> None:
    give(page, in_shop().bundle(opened=opened).to_bytes())
    assert ("请勿转发" in page.inner_text(".verdict")) is opened


@pytest.mark.browser
def test_a_dropped_file_is_checked(page: Any) -> None:
    page.evaluate(
        """text => {
          const carried = new DataTransfer();
          carried.items.add(new File([text], "x.provenance.json"));
          dispatchEvent(new DragEvent("drop", {dataTransfer: carried, cancelable: true}));
        }""",
        GOLDEN_TEXT,
    )
    page.wait_for_selector("#result .verdict")


@pytest.mark.browser
def test_a_screen_reader_finds_names_for_everything(page: Any) -> None:
    give(page, GOLDEN_FILE)
    bare = "[...document.querySelectorAll('input, textarea')].filter(e => !e.labels.length).map(e => e.id)"
    assert page.evaluate(bare) == []
    assert page.locator("#status").get_attribute("aria-live") == "polite"
    drawing = page.locator("svg[role=img] desc").text_content()
    assert "售出" in drawing
    assert "晚于区块 12" in drawing
    assert page.locator("#result").get_attribute("aria-labelledby") == "verdict"


@pytest.mark.browser
def test_nothing_is_wider_than_a_phone(page: Any) -> None:
    give(page, GOLDEN_FILE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b" " * (16 * 1024 * 1024)],
    ids=["empty", "open", "deep list", "deep object", "16 MiB of nothing"],
)
def test_garbage_is_refused_at_step_0(page: Any, raw: bytes, tmp_path: Path) -> None:
    # As a file: 16 MiB by way of the driver's own protocol take half a minute.
    garbage = tmp_path / "x.provenance.json"
    garbage.write_bytes(raw)
    give(page, garbage)
    assert page.inner_text("#verdict") == "第 0 步未通过"


@pytest.mark.browser
def test_a_file_of_100_mb_is_refused_unread(page: Any, tmp_path: Path) -> None:
    huge = tmp_path / "huge.provenance.json"
    with huge.open("wb") as file:
        file.truncate(100_000_000)
    page.evaluate("() => { Blob.prototype.arrayBuffer = () => { throw new Error('read'); }; }")
    give(page, huge)
    assert page.inner_text("#verdict") == "第 0 步未通过"
    assert "json_too_large" in page.inner_text(".rejected code")


@pytest.mark.browser
def test_markup_in_a_bundle_stays_text(page: Any) -> None:
    markup = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    give(page, in_shop(Batch(product=markup)).bundle().to_bytes())
    assert markup in page.inner_text(".verdict")
    assert page.locator("#result img, #result script").count() == 0


@pytest.mark.browser
def test_the_policy_lets_no_script_in_and_no_request_out(browser: Any) -> None:
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(PAGE.as_uri())
    refused = opened.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', error => error.name)")
    assert refused == "TypeError"
    ran = """() => {
      const script = document.createElement('script');
      try { script.textContent = 'window.ran = 1'; document.body.append(script); } catch { }
      return window.ran ?? 'blocked';
    }"""
    assert opened.evaluate(ran) == "blocked"
    context.close()


class Served(SimpleHTTPRequestHandler):
    """The page and a bundle from one loopback origin."""

    seen: list[str]

    def log_message(self, format: str, *args: Any) -> None:
        self.seen.append(self.path)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    (tmp_path / "verify.html").write_bytes(PAGE.read_bytes())
    (tmp_path / "proof.json").write_bytes(GOLDEN_FILE.read_bytes())
    handler = type("Handler", (Served,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler.seen  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.parametrize("is_true", [True, False])
def test_a_qr_code_fetches_on_a_click_only_and_checks_the_fingerprint(
    browser: Any, served: tuple[str, list[str]], is_true: bool
) -> None:
    origin, seen = served
    digest = hashlib.sha256(GOLDEN_FILE.read_bytes() if is_true else b"other").hexdigest()
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(f"{origin}/verify.html#bundle={origin}/proof.json&sha256={digest}")
    assert opened.locator("#offer").is_visible()
    assert "/proof.json" not in seen
    opened.click("#fetch")
    if is_true:
        opened.wait_for_selector("#result .verdict")
    else:
        opened.locator("#status", has_text="指纹不符").wait_for()
        assert opened.locator("#result").is_hidden()
    assert "/proof.json" in seen
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    "fragment",
    [
        "bundle=http://192.0.2.1/x&sha256=" + "00" * 32,
        "bundle=x&sha256=00",
        "bundle=javascript:1&sha256=" + "00" * 32,
    ],
)
def test_an_unfit_qr_code_offers_nothing(page: Any, fragment: str) -> None:
    page.evaluate("fragment => { location.hash = fragment; }", fragment)
    page.wait_for_selector("#offer:not([hidden])")
    assert page.locator("#fetch").is_hidden()


@pytest.mark.browser
def test_chromium_gives_every_verdict_of_the_corpus(browser: Any, served: tuple[str, list[str]]) -> None:
    """Browsers bring an Ed25519 of their own; it must not differ where verifiers are known to."""
    script = run_node("tests/verifier/bundle_cases.mjs")
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(f"{served[0]}/proof.json")
    opened.evaluate(script + "; globalThis.corpus = corpus;")
    assert opened.evaluate("isSecureContext && typeof crypto.subtle.verify") == "function"
    bases = json.loads(corpus.BASES.read_text(encoding="utf-8"))
    ask = "([row, bases]) => corpus.answer(row, bases).then(({evidence, message, ...rest}) => rest)"
    wrong = [
        (row["id"], found)
        for row in corpus.read_cases()
        if (found := opened.evaluate(ask, [row, bases])) != row["expect"]
    ]
    assert wrong == []
    context.close()
