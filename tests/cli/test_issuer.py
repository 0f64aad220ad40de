"""``provenance issuer``: a file checked to the line, and one key asked about over real HTTP."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from provenance.issuer.files import MORE_REASONS
from provenance.issuer.settings import REASONS
from tests.cli.conftest import Shell
from tests.issuer.reference import ReferenceIssuer, raw, running, settings

ROOT = Path(__file__).resolve().parents[2]
SERIAL, SECRET = "10000000000000017", "123456789012345678"
KEY = f"{SERIAL}----{SECRET}\n"
FORMAT = ("--format", "cmcc-national")


def test_a_good_file_can_be_used_and_a_bad_one_is_told_by_its_line(shell: Shell, tmp_path: Path) -> None:
    file = settings(ReferenceIssuer(port=4), tmp_path)
    assert shell.json("issuer", "check", file) == {"usable": True, "findings": []}
    file = settings(ReferenceIssuer(port=4), tmp_path, timeout_ms="timeout_ms = -1")
    told = shell.run("issuer", "check", file, code=1).stdout
    assert f"{file}:6: FAIL [value] timeout_ms: not a value that this may have" in told
    chinese = shell.run("--lang", "zh-CN", "issuer", "check", file, code=1).stdout
    assert "不是此处允许的值" in chinese
    missing = shell.run("issuer", "check", tmp_path / "none.toml", code=1)
    assert "file_missing" in missing.stderr


def test_one_key_from_standard_input_gets_the_issuers_answer(shell: Shell, tmp_path: Path) -> None:
    with running(ReferenceIssuer({SERIAL: ("already_used", 1_700_000_000_000)})) as issuer:
        file = settings(issuer, tmp_path)
        told = shell.json("issuer", "ask", file, *FORMAT, stdin=KEY)
        assert (told["answer"], told["used_at"], told["tries"]) == ("already_used", 1_700_000_000_000, 1)
        words = shell.run("issuer", "ask", file, *FORMAT, stdin=KEY).stdout
        assert words == "already_used  used at 2023-11-14T22:13:20Z\n"
        issuer.moods.append(raw(b"<html>"))
        refused = shell.run("issuer", "ask", file, *FORMAT, stdin=KEY, code=3)
    assert "no answer: garbage" in refused.stdout
    assert SECRET not in refused.output + words


@pytest.mark.parametrize("stdin", ["", "a\nb\n", "not a key\n"])
def test_what_is_no_key_is_refused_before_anybody_is_asked(shell: Shell, tmp_path: Path, stdin: str) -> None:
    with running(ReferenceIssuer()) as issuer:
        refused = shell.run("issuer", "ask", settings(issuer, tmp_path), *FORMAT, stdin=stdin, code=1)
        assert issuer.asked == []
    assert "not a key" not in refused.output


def test_every_reason_is_told_in_chinese_too() -> None:
    tables = tomllib.loads((ROOT / "provenance" / "cli" / "texts" / "zh-CN.toml").read_text("utf-8"))
    known = {english for table in tables.values() for english in table}
    assert {*REASONS.values(), *MORE_REASONS.values()} - known == set()
