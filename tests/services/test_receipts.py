"""Receipts: equal for ever, verifiable, and refused while the log stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.entries import Entry, EntryType
from provenance.core.notes import VerifierKey
from provenance.core.receipts import Receipt, key_name, verify
from provenance.errors import Unavailable
from provenance.services.receipts import BacklogGuard, receipt_for, receipt_of
from provenance.store import entries as entry_store
from provenance.store.database import Database
from tests.services.ledger_world import ORIGIN, World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path)
    database.dispose()


def receipt_key(world: World) -> VerifierKey:
    return VerifierKey(key_name(ORIGIN), world.context.receipt_key.public_key().public_bytes_raw())


@pytest.mark.parametrize("details", [None, {"order": "A-1"}])
def test_a_receipt_made_again_from_the_store_is_the_same(
    world: World, details: dict[str, str] | None
) -> None:
    recorded = world.enter(details=details)
    first = receipt_for(world.context, recorded)
    with world.database.read() as connection:
        stored = entry_store.by_event(connection, recorded.event)
    assert stored is not None
    assert receipt_of(world.context, stored) == first
    assert set(first) == {"entry", "event", "key_id", "signature", "detail"}


def test_a_receipt_verifies_with_the_announced_key(world: World) -> None:
    receipt = Receipt.from_json(receipt_for(world.context, world.enter(details={"price": "1.00"})))
    verify(receipt, ORIGIN, receipt_key(world))
    assert receipt.detail is not None
    assert receipt.detail.value == {"price": "1.00"}


def test_once_details_are_erased_the_receipt_has_none(world: World) -> None:
    recorded = world.enter(details={"name": "somebody"})
    with world.database.write() as connection:
        entry_store.erase_details(connection, recorded.event)
    with world.database.read() as connection:
        stored = entry_store.by_event(connection, recorded.event)
    assert stored is not None
    made = receipt_of(world.context, stored)
    assert made["detail"] is None
    verify(Receipt.from_json(made), ORIGIN, receipt_key(world))


def test_nothing_is_promised_while_the_log_stands_still(world: World) -> None:
    guard = BacklogGuard(world.context)
    guard.check()
    world.enter()
    world.clock.pass_ms(3_600_000)
    guard.check()
    world.clock.pass_ms(1_001)
    with pytest.raises(Unavailable) as refused:
        guard.check()
    assert refused.value.code == "log_stalled"
    world.sequencer().sequence()
    world.clock.pass_ms(1_001)
    guard.check()


def test_the_guard_asks_the_database_once_a_second(world: World) -> None:
    guard = BacklogGuard(world.context)
    guard.check()
    old = Entry(EntryType.QUALIFICATION, world.clock.now() - 3_700_000, bytes(32), bytes(20))
    world.enter(old)
    world.clock.pass_ms(998)
    guard.check()
    world.clock.pass_ms(1)
    with pytest.raises(Unavailable):
        guard.check()
