"""Keys with thousands of entries: too large to keep in the corpus, made here and asked of both verifiers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provenance.core.entries import number_party
from provenance.core.proofs import ReaderContext, verify
from provenance.errors import ProofRejected
from tests.verifier.javascript import run_node
from tests.verifier.law import delivered, sell, use
from tests.verifier.world import SHOP, SUPPLIER, T, World, in_shop

FULL = 5_000
"""Entries on a key after which it takes no SELL (FORMATS §5)."""


def busy_key(entries: int) -> World:
    """A key redeemed and taken back until it has *entries* entries."""
    world = in_shop()
    delivered(world)
    count = 5
    while count < entries:
        world.on_key(T.REDEEM, SHOP, use(world))
        world.on_key(T.REINSTATE, SHOP, use(world))
        count += 2
    return world


def both(world: World, folder: Path) -> list[dict[str, Any]]:
    file = folder / "busy.provenance.json"
    raw = world.bundle().to_bytes()
    file.write_bytes(raw)
    try:
        evidence = verify(raw, ReaderContext())
        told: dict[str, Any] = {
            "verdict": "accepted",
            "state": evidence.state,
            "entries": len(evidence.timeline),
        }
    except ProofRejected as error:
        told = {"verdict": "rejected", "step": error.step, "code": error.facts.get("cause") or error.code}
    return [told, json.loads(run_node("tests/verifier/verify_file.mjs", str(file)))]


@pytest.mark.node
@pytest.mark.slow
def test_a_key_past_5000_entries_can_still_be_closed(tmp_path: Path) -> None:
    world = busy_key(FULL + 1)
    world.on_key(T.REDEEM, SHOP, use(world))
    expected = {"verdict": "accepted", "state": "REDEEMED", "entries": FULL + 2}
    assert both(world, tmp_path) == [expected, expected]


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 1])
def test_a_key_with_5000_entries_is_not_sold_again(tmp_path: Path, room: int) -> None:
    world = in_shop()
    on_key = 3
    while on_key < FULL - room:
        if on_key + 2 <= FULL - room:
            sell(world)
            world.on_key(T.REINSTATE, SHOP, use(world))
            on_key += 2
        else:
            world.on_key(T.CORRECTION, SUPPLIER, number_party(5))
            on_key += 1
    sell(world)
    refused = {"verdict": "rejected", "step": 9, "code": "too_many_entries"}
    sold = {"verdict": "accepted", "state": "SOLD", "entries": FULL}
    expected = sold if room else refused
    assert both(world, tmp_path) == [expected, expected]
