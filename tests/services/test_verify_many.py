"""Verdicts on many keys at once are those that each key gets alone, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.entries import EntryType
from provenance.services.acts import Act
from provenance.services.lawbook import Handle, KeyRef
from provenance.services.verification import Viewer
from provenance.store import entries
from tests.services.custody_world import ISSUER, OTHER_SHOP, SHOP, SUPPLIER, Trade, key_of, order, trade


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    made.database.dispose()


def eventful(world: Trade) -> tuple[list[KeyRef], bytes]:
    """Keys of three batches in every state, by key and by place; the order token of one of them."""
    first = world.batch(12, holder=SHOP)
    shared = world.batch(2, max_uses=3, holder=SHOP)
    lone = world.batch(1, holder=OTHER_SHOP)
    token = world.selling.sell(SHOP, key_of(0), order("A")).token
    for number in (1, 2, 3, 12):
        world.selling.sell(SHOP, key_of(number), order(f"B-{number}"))
    world.custody.act(key_of(1), Act(EntryType.DELIVER, SHOP))
    world.custody.act(key_of(2), Act(EntryType.DELIVER, SHOP))
    world.custody.act(key_of(2), Act(EntryType.REDEEM, SHOP))
    world.custody.act(key_of(3), Act(EntryType.REINSTATE, SHOP))
    world.custody.act(key_of(4), Act(EntryType.VOID, SHOP))
    world.custody.act(key_of(5), Act(EntryType.REDEEM, ISSUER, reason=1))
    world.reserving.reserve(SHOP, [key_of(6)])
    world.transfers.offer(SHOP, OTHER_SHOP, first, [(7, 2)])
    world.recalls.recall(SUPPLIER, first, [(9, 2)])
    refs: list[KeyRef] = [key_of(number) for number in range(15)]
    refs += [Handle(first, 1), Handle(shared, 0), Handle(lone, 0), Handle(first, 99), key_of(77), key_of(2)]
    return refs, token


def test_many_keys_get_the_verdicts_that_each_gets_alone(world: Trade) -> None:
    refs, token = eventful(world)
    viewers = [Viewer(world.principal(who)) for who in (SHOP, OTHER_SHOP, SUPPLIER, ISSUER)]
    viewers += [Viewer(None, token), Viewer(world.principal(OTHER_SHOP), token), Viewer()]
    seen = set()
    for viewer in viewers:
        together = world.verification.verify(viewer, refs)
        assert together == [world.verification.verify(viewer, [ref])[0] for ref in refs]
        seen |= {verdict.code.value for verdict in together}
    assert seen >= {
        "REGISTERED",
        "SOLD",
        "SOLD_BEFORE",
        "DELIVERED",
        "REDEEMED",
        "VOID",
        "RESERVED",
        "UNKNOWN",
    }


def test_the_entries_of_many_keys_are_those_of_each(world: Trade) -> None:
    eventful(world)
    with world.database.read() as connection:
        for number in (1000, 1012, 1014):
            batch, size = number.to_bytes(32), {1000: 12, 1012: 2, 1014: 1}[number]
            together = entries.of_keys(connection, batch, range(size))
            assert together == {n: entries.of_key(connection, batch, n) for n in range(size)}
            assert all(together.values())


def test_more_keys_than_one_statement_takes_are_looked_up(world: Trade) -> None:
    world.batch(1_100, holder=SHOP)
    world.selling.sell(SHOP, key_of(1_099), order())
    verdicts = world.verification.verify(Viewer(world.principal(SHOP)), [key_of(n) for n in range(1_101)])
    codes = [verdict.code.value for verdict in verdicts]
    assert codes == ["REGISTERED"] * 1_099 + ["SOLD", "TOKEN_NEEDED"]
