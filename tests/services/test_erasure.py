"""Erasure: who may, what is gone, and that the log and its proofs stand as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.entries import EntryType
from provenance.errors import ProvenanceError
from provenance.services.erasure import ErasureService
from provenance.services.lawbook import Handle
from provenance.services.parties import Principal
from provenance.services.receipts import receipt_of
from provenance.services.verification import Viewer
from provenance.store import entries as entry_store
from tests.services.auditing import audit
from tests.services.custody_world import OPERATOR, OTHER_SHOP, SHOP, SUPPLIER, Trade, key_of, order, trade


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    audit(made.database)
    made.database.dispose()


def refusal(world: Trade, by: bytes, event: bytes) -> str:
    with pytest.raises(ProvenanceError) as caught:
        ErasureService(world.context).erase(by, event)
    return caught.value.code


def details_of(world: Trade, handle: Handle) -> list[object]:
    viewer = Viewer(Principal(world.parties.get(SHOP), "c", frozenset()))
    return [told.get("details") for told in world.verification.custody(viewer, handle)]


@pytest.mark.parametrize("by", [OPERATOR, SHOP])
def test_the_operator_and_the_actor_erase_the_details_of_a_sale_and_nothing_else(
    world: Trade, by: bytes
) -> None:
    world.batch(holder=SHOP)
    sold = world.selling.sell(SHOP, key_of(0), order("A-1"))
    other = world.selling.sell(SHOP, key_of(1), order("A-2"))
    assert details_of(world, sold.handle)[-1] == {"price": "49.50", "currency": "CNY", "order": "A-1"}
    looked = ErasureService(world.context).look(by, sold.recorded.event)
    assert not looked.again and looked.stored.sealed is not None
    first = ErasureService(world.context).erase(by, sold.recorded.event)
    again = ErasureService(world.context).erase(by, sold.recorded.event)
    assert (first.again, again.again) == (False, True)
    assert again.stored.entry == sold.recorded.entry
    assert details_of(world, sold.handle)[-1] is None
    assert details_of(world, other.handle)[-1] is not None
    with world.database.read() as connection:
        stored = entry_store.by_event(connection, sold.recorded.event)
    assert stored is not None and receipt_of(world.context, stored)["detail"] is None


def test_the_heir_of_the_actor_erases_and_the_actor_does_no_more(world: Trade) -> None:
    world.batch(holder=SHOP)
    sold = world.selling.sell(SHOP, key_of(0), order())
    heir = b"\x22" * 20
    world.parties.succeed(OPERATOR, SHOP, heir)
    assert refusal(world, SHOP, sold.recorded.event) == "party_suspended"
    assert not ErasureService(world.context).erase(heir, sold.recorded.event).again


@pytest.mark.parametrize("by", [SUPPLIER, OTHER_SHOP])
def test_nobody_erases_what_another_said(world: Trade, by: bytes) -> None:
    world.batch(holder=SHOP)
    sold = world.selling.sell(SHOP, key_of(0), order())
    assert refusal(world, by, sold.recorded.event) == "not_actor"
    assert details_of(world, sold.handle)[-1] is not None


def test_what_is_not_there_or_had_no_details_is_refused(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    with world.database.read() as connection:
        commission = entry_store.ranges_of_batch(connection, batch)[0]
    assert refusal(world, OPERATOR, bytes(16)) == "unknown_event"
    assert refusal(world, OPERATOR, commission.event) == "no_details"


def test_the_details_by_which_readers_follow_the_logs_key_stay(world: Trade) -> None:
    world.batch()
    world.sequencer().sequence()
    with world.database.read() as connection:
        announced = entry_store.of_type(connection, EntryType.KEY)
    assert announced
    assert {refusal(world, OPERATOR, one.event) for one in announced} == {"details_public"}
