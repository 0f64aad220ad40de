"""Reasons are those of the table in docs/formats.md, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.reasons import NAMED
from tests.api.world import World, ref

DOCS = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_reasons_are_those_of_the_documented_table() -> None:
    rows = re.findall(
        r"^\| (REDEEM|VOID|REINSTATE|REISSUE|CORRECTION) \|(( [^|]*\|)+)$", DOCS.read_text(), re.M
    )
    said = {name: [cell.strip() for cell in cells.split("|") if cell.strip()] for name, cells, _ in rows}
    assert said == {kind.name: list(words) for kind, words in NAMED.items()}


@pytest.mark.parametrize(
    ("act", "reason"), [("deliver", 1), ("redeem", 2), ("reinstate", 3), ("void", 5), ("void", 65_535)]
)
def test_a_reason_that_says_nothing_is_refused_and_nothing_is_done(
    quick: World, act: str, reason: int
) -> None:
    key = quick.held_keys(1)[0]
    quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": "A-1"})
    refused = quick.post(quick.shop, f"/keys/{act}", {"key": ref(key), "reason": reason})
    assert (refused.status_code, refused.json["code"]) == (422, "unknown_reason")
    assert refused.json["facts"]["reasons"] == list(range(reason)) or reason == 65_535
    verdict = quick.post(quick.shop, "/keys/verify", {"key": ref(key)}).json["verdicts"][0]
    assert verdict["verdict"] == "SOLD"


def test_a_reason_of_the_table_is_taken_for_a_range_too(quick: World) -> None:
    batch = quick.batch(quick.fresh_keys(3))
    where = {"batch": batch, "first": 0, "count": 3}
    assert quick.post(quick.supplier, "/keys/void", {"range": where, "reason": 9}).status_code == 422
    assert quick.post(quick.supplier, "/keys/void", {"range": where, "reason": 4}).status_code == 200
