"""What the pages are made of: headers, languages, files; no browser needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.pages.assets import assets, digest
from api.pages.words import LANGUAGES, words
from provenance.core.keyformats import formats
from provenance.core.normaliser import NOTES
from provenance.services.verification import VerdictCode
from tests.api.world import World
from tests.verifier.javascript import ROOT, run_node

WEB = ROOT / "provenance" / "web"
PAGES = ("/", "/check", "/platforms")


@pytest.fixture
def quick(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(sqlite_url, tmp_path)
    yield made
    made.close()


def policy_of(response: Any) -> dict[str, str]:
    rules = (rule.strip().partition(" ") for rule in response.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in rules}


@pytest.mark.parametrize("path", [*PAGES, "/verify"])
def test_the_policy_lets_in_only_what_it_names(quick: World, path: str) -> None:
    response = quick.client.get(path)
    rules = policy_of(response)
    assert response.status_code == 200
    assert (
        rules["default-src"]
        == rules["base-uri"]
        == rules["form-action"]
        == rules["frame-ancestors"]
        == "'none'"
    )
    assert rules["require-trusted-types-for"] == "'script'"
    assert re.fullmatch(r"'(nonce-[\w+/=]{24}|sha256-[\w+/=]{44})'", rules["script-src"])
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", PAGES)
def test_a_nonce_is_used_once_and_the_page_never_stored(quick: World, path: str) -> None:
    first, second = quick.client.get(path), quick.client.get(path)
    assert first.headers["Cache-Control"] == "no-store"
    nonces = {policy_of(one)["script-src"] for one in (first, second)}
    assert len(nonces) == 2
    named = re.findall(r'nonce="([^"]+)"', first.text)
    assert {f"'nonce-{nonce}'" for nonce in named} == {policy_of(first)["script-src"]}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_no_inline_script_handler_or_style_and_no_other_host(quick: World, path: str) -> None:
    text = quick.client.get(path).text
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert all("src=" in attributes or "application/json" in attributes for attributes, _ in scripts)
    assert re.findall(r"\s(?:on\w+|style)=|<style|https?://|javascript:", text) == []


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", None, "zh-CN"),
        ("", "fr, *;q=0.1", "zh-CN"),
        ("", "en-GB,en;q=0.9,zh;q=0.1", "en"),
        ("", "zh-TW,en;q=0.5", "zh-CN"),
        ("?lang=en", "zh-CN", "en"),
        ("?lang=zh-CN", "en", "zh-CN"),
        ("?lang=<script>", "en", "en"),
    ],
)
def test_chinese_unless_english_is_asked_for(
    quick: World, query: str, accepted: str | None, language: str
) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted}
    response = quick.client.get("/check" + query, headers=headers)
    assert f'<html lang="{language}">' in response.text
    assert response.headers["Content-Language"] == language
    assert response.headers["Vary"] == "Accept-Language"


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return sorted(re.findall(r"\{\w+\}", value))


def test_both_languages_say_the_same_things() -> None:
    chinese, english = (shape(words(language)) for language in LANGUAGES)
    assert chinese == english


def test_every_verdict_note_and_fault_has_its_words() -> None:
    source = (WEB / "normaliser.js").read_text(encoding="utf-8")
    faults = set(re.findall(r'KeyMalformed\("(\w+)"', source)) | {"homoglyph", "ambiguous_character"}
    for language in LANGUAGES:
        told = words(language)
        assert set(told["verdicts"]) == {code.value for code in VerdictCode}
        assert set(told["notes"]) == {*NOTES, "title"}
        assert set(told["malformed"]) >= faults
        assert all(verdict["meaning"] and verdict["next"] for verdict in told["verdicts"].values())


def texts(value: Any) -> list[str]:
    """What is said; names of members are codes."""
    if isinstance(value, str):
        return [value]
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in found for text in texts(one)]


def test_no_page_ever_says_fake() -> None:
    said = "\n".join(texts([words(language) for language in LANGUAGES])).lower()
    assert [word for word in ("fake", "forged", "fraud", "counterfeit", "假", "伪") if word in said] == []


def test_the_page_brings_the_rules_of_every_format(quick: World) -> None:
    text = quick.client.get("/check").text
    brought = json.loads(re.findall(r'id="brought">(.*?)</script>', text, re.DOTALL)[0])
    assert {each["id"] for each in brought["formats"]} == set(formats())
    assert brought["formats"][-1]["id"] == "opaque"
    assert brought["min_bits"] == 60


def test_files_are_kept_for_ever_under_what_they_are(quick: World) -> None:
    for name in assets():
        response = quick.client.get(f"/assets/{digest()}/{name}")
        assert (response.status_code, response.headers["Cache-Control"]) == (
            200,
            "public, max-age=31536000, immutable",
        )
    for path in (f"/assets/{'0' * 16}/normaliser.js", f"/assets/{digest()}/check/build.mjs"):
        assert quick.client.get(path).status_code == 404
    assert quick.client.get(f"/assets/{digest()}/../../check/words.en.json").status_code == 404


def test_every_module_a_page_imports_is_served() -> None:
    imported = {
        (Path(name).parent / path).as_posix().replace("check/../", "")
        for name, asset in assets().items()
        if name.endswith(".js")
        for path in re.findall(r'(?:from |import\()"(\.[^"]+)"', asset.content.decode())
    }
    assert imported - {"normaliser.js"} <= set(assets()) | {"check/" + name for name in assets()}
    assert {"check/built/journey.js", "check/reading.js"} <= imported


def test_the_verifier_is_served_whole_and_asked_again_only_when_new(quick: World) -> None:
    first = quick.client.get("/verify")
    assert first.data == (WEB / "verify.html").read_bytes()
    again = quick.client.get("/verify", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_first_look_is_light(quick: World) -> None:
    """What a phone loads before it can ask, in bytes without compression; the verifier comes when needed."""
    page = len(quick.client.get("/check").data)
    needed = [asset.content for name, asset in assets().items() if "built" not in name]
    assert page + sum(map(len, needed)) < 100_000


@pytest.mark.node
def test_the_journey_checked_in_is_the_one_that_builds() -> None:
    built = (WEB / "check" / "built" / "journey.js").read_text(encoding="utf-8")
    assert run_node("provenance/web/check/build.mjs", "--stdout") == built
