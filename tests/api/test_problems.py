"""Problem documents: one table, two languages, nothing but what a caller may know."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest
from flask import Flask

from api.language import catalogue
from provenance.bootstrap import Services
from tests.api.world import World, ref

ROOT = Path(__file__).resolve().parents[2]
STARTS = ("api",)
ROOMS = ("api", "provenance.services", "provenance.intake", "provenance.net")


def files_a_request_runs_through() -> set[Path]:
    """The API, the services it is given, and what they import of their own rooms."""
    waiting = {path for start in STARTS for path in (ROOT / start).rglob("*.py")}
    waiting |= {
        Path(inspect.getfile(kind)) for kind in get_type_hints(Services).values() if inspect.isclass(kind)
    }
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= {one for one in imported_files(path) if one not in found}
    return found


def imported_files(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(ROOMS):
            for name in (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)):
                place = ROOT / name.replace(".", "/")
                yield from filter(Path.is_file, (place.with_suffix(".py"), place / "__init__.py"))


def codes_in(path: Path) -> set[str]:
    said = (
        node.value.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant)
    )
    return {code for code in said if isinstance(code, str)}


# Of the worker and of starting, met in passing.
ELSEWHERE = {"batch_not_signed", "registry_address", "invalid_setting"}


def test_every_code_that_a_request_can_meet_is_in_the_catalogue() -> None:
    files = files_a_request_runs_through()
    assert {"selling.py", "acts.py", "upload.py", "uploads.py"} <= {path.name for path in files}
    missing = {code: path.name for path in files for code in codes_in(path) if code not in catalogue()}
    missing = {code: name for code, name in missing.items() if code not in ELSEWHERE}
    assert missing == {}


def test_every_row_of_the_catalogue_is_complete_in_both_languages() -> None:
    for code, words in catalogue().items():
        assert re.fullmatch(r"[a-z0-9_]+", code)
        assert 400 <= words.status <= 599
        assert words.title.isascii()
        assert all(re.search(r"[\u4e00-\u9fff]", text) for text in (words.title_zh, words.detail_zh))


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"), ("zh-CN", "zh-CN"), ("zh", "zh-CN"), ("zh-Hans-CN,zh;q=0.9", "zh-CN"),
        ("en-GB,zh;q=0.5", "en"), ("fr", "en"), ("zh;q=0.1,en;q=0.9", "en"), ("*", "en"),
    ],
)  # fmt: skip
def test_problems_speak_the_language_asked_for(quick: World, accepted: str | None, language: str) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted}
    answered = quick.get(None, "/me", headers=headers)
    assert answered.headers["Content-Language"] == language
    assert answered.json["title"] == ("需要凭证" if language == "zh-CN" else "Credential needed")
    assert answered.mimetype == "application/problem+json"
    assert "Accept-Language" in answered.headers["Vary"]


def test_errors_within_a_problem_are_chinese_too(quick: World) -> None:
    key = quick.held_keys(1)[0]
    quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": "A"})
    body = {"keys": [ref(key)] + [ref(one) for one in quick.held_keys(1)], "order": "B"}
    refused = quick.post(quick.shop, "/keys/sell", body, headers={"Accept-Language": "zh-CN"})
    assert refused.json["errors"][0]["detail"].startswith("该卡密已售出")
    form = quick.post(quick.shop, "/keys/sell", {}, headers={"Accept-Language": "zh-CN"})
    assert {one["detail"] for one in form.json["errors"]} == {"缺少此成员。"}


def test_unknown_paths_and_methods_are_problems_too(quick: World) -> None:
    assert quick.get(None, "/nothing/here").json["code"] == "not_found"
    wrong = quick.call(quick.shop, "PATCH", "/keys/sell")
    assert (wrong.status_code, wrong.json["code"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["Allow"]


def test_a_defect_is_answered_with_a_trace_id_and_logged_with_its_place(quick: World) -> None:
    secret = "a message that quotes a key"

    class Broken:
        def health(self) -> None:
            raise RuntimeError(secret)

    quick.app.extensions["provenance"] = type(
        "Services", (), {"health": Broken(), "context": quick.context}
    )()
    answered = quick.get(None, "/health")
    assert (answered.status_code, answered.json["code"]) == (500, "internal_error")
    logged = quick.log.getvalue()
    assert answered.json["trace_id"] in logged
    assert "RuntimeError" in logged
    assert secret not in logged + answered.text


def test_a_defect_while_an_answer_is_finished_is_a_500_too(
    quick: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        monkeypatch.undo()
        raise OSError("no space left for metrics")

    monkeypatch.setattr("api.metrics.count", broken)
    answered = quick.get(None, "/health")
    assert (answered.status_code, answered.json["code"]) == (500, "internal_error")
    assert "OSError" in quick.log.getvalue()


def test_a_database_that_is_gone_is_503_with_retry_after(
    quick: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick.database.dispose()
    path = Path(quick.url.removeprefix("sqlite:///"))
    aside = path.with_suffix(".aside")
    path.rename(aside)
    path.mkdir()
    answered = quick.get(quick.shop, "/me")
    assert (answered.status_code, answered.json["code"]) == (503, "store_unavailable")
    assert answered.headers["Retry-After"]
    assert quick.get(None, "/health").json["status"] == "down"
    path.rmdir()
    aside.rename(path)


def test_writes_stop_while_the_log_stands_still(quick: World) -> None:
    key = quick.held_keys(1)[0]
    quick.clock.time += 2 * 3_600_000
    refused = quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": "A"})
    assert (refused.status_code, refused.json["code"]) == (503, "log_stalled")
    assert refused.headers["Retry-After"] == "60"
    assert quick.post(quick.shop, "/keys/verify", {"key": ref(key)}).status_code == 200


def test_every_answer_carries_security_headers_and_no_cookie(quick: World) -> None:
    for path in ("/v1/health", "/docs", "/nothing", "/openapi.json"):
        headers = quick.client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "Set-Cookie" not in headers


def test_the_app_is_a_plain_wsgi_application(quick: World) -> None:
    assert isinstance(quick.app, Flask)


def test_a_refusal_says_what_to_do_next_in_both_languages(quick: World) -> None:
    mine, foreign = quick.held_keys(1)[0], quick.held_keys(1)[0]
    quick.post(quick.shop, "/keys/sell", {"key": ref(mine), "order": "A"})
    asked = [
        (quick.shop, mine, "sold", "take another key", "换一张"),
        (quick.other_shop, foreign, "not_holder", "accept the transfer", "接受转移"),
        (quick.shop, quick.fresh_keys(1)[0], "unknown", "check its spelling", "核对"),
    ]
    for who, key, code, english, chinese in asked:
        for language, words in (("en", english), ("zh-CN", chinese)):
            body = {"key": ref(key), "order": "B"}
            told = quick.post(who, "/keys/sell", body, headers={"Accept-Language": language}).json
            assert told["code"] == code
            assert words in told["detail"]
