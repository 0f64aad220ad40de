"""The table of promises names a test for every row, and each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


def rows() -> list[list[str]]:
    text = (ROOT / "docs" / "warranty.md").read_text(encoding="utf-8")
    table = text.partition("## Every promise, and where it is made real")[2]
    lines = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_promise_of_the_source_stands_in_the_table() -> None:
    numbers = {int(number) for row in rows() for number in row[0].split(",")}
    assert numbers == set(range(1, 30)) | {32, 33, 34}


def test_each_row_names_tests_that_exist_or_says_that_it_is_not_done() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    for number, *_, shown in rows():
        named = re.findall(r"`(test_\w+)`", shown)
        assert named or "not yet" in shown, number
        assert [name for name in named if name not in defined] == [], number
