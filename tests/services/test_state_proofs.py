"""Bundles with a STATE: all that happened to a key, and what had not; and what hiding something comes to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.core import canonical
from provenance.core.commitments import order_use, use_party
from provenance.core.entries import EntryType, PartyReason
from provenance.core.proofs import Evidence, ReaderContext, read_bundle, verify
from provenance.core.statereplay import replay
from provenance.errors import ProofRejected
from provenance.services.anchoring import want_checkpoint
from provenance.services.proving import ProvingService
from provenance.store.anchors import AnchorKind
from provenance.store.database import Database
from tests.services.ledger_world import SHOP, SUPPLIER, MadeBatch, World, act, add_batch, admit
from tests.services.test_state_keeping import log_of, settle

KEY = 3
USE = order_use(bytes(range(32)), bytes(32), KEY)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path)
    database.dispose()


def traded(world: World) -> MadeBatch:
    """Three batches; of the second, five of seven keys handed over and one sold."""
    admit(world, SUPPLIER, PartyReason.SUPPLIER)
    admit(world, SHOP, PartyReason.PLATFORM)
    made = [add_batch(world, size, number) for number, size in enumerate((300, 7, 1), 1)]
    for batch in made:
        act(world, batch, EntryType.COMMISSION, SUPPLIER, count=batch.manifest.size)
    act(world, made[1], EntryType.TRANSFER, SUPPLIER, count=5, party=SHOP)
    act(world, made[1], EntryType.RECEIVE, SHOP, count=5, party=SUPPLIER)
    act(world, made[1], EntryType.SELL, SHOP, first=KEY, party=use_party(USE))
    return made[1]


def redeemed(world: World, batch: MadeBatch) -> None:
    act(world, batch, EntryType.DELIVER, SHOP, first=KEY, party=use_party(USE))
    act(world, batch, EntryType.REDEEM, SHOP, first=KEY, party=use_party(USE))


def stated(world: World) -> None:
    """A round that ends in a STATE."""
    want_checkpoint(world.context)
    assert world.sequencer().sequence() is not None


def checked(world: World, raw: bytes) -> Evidence:
    return verify(raw, ReaderContext(world.context.domain, world.log_key))


def bundle_of(world: World, batch: MadeBatch, key: int = KEY) -> bytes:
    return ProvingService(world.context).bundle(batch.batch_id, key)


def changed(raw: bytes, change: Any) -> bytes:
    members = json.loads(raw)
    change(members)
    return canonical.encode(members)


def test_a_bundle_at_a_state_shows_that_it_is_complete(world: World) -> None:
    batch = traded(world)
    stated(world)
    for key, events in ((KEY, 4), (0, 3), (6, 1)):
        evidence = checked(world, bundle_of(world, batch, key))
        assert evidence.completeness == "complete by STATE, replayed by nobody"
        assert len(evidence.timeline) == events
    assert all(state.is_right for state in replay(log_of(world)))


def test_a_bundle_at_a_checkpoint_without_a_state_says_that_it_is_not_checked(world: World) -> None:
    batch = traded(world)
    stated(world)
    world.enter()
    world.sequencer().sequence()
    raw = bundle_of(world, batch)
    assert read_bundle(raw).state is None
    evidence = checked(world, raw)
    assert evidence.completeness == "completeness not checked (no state)"
    assert evidence.conclusions == ()


def test_what_had_not_happened_follows_and_as_of_which_anchor(world: World) -> None:
    batch = traded(world)
    stated(world)
    assert checked(world, bundle_of(world, batch)).conclusions == (
        "not redeemed as of size 11, not anchored yet",
        "not void as of size 11, not anchored yet",
    )
    settle(world)
    settle(world, AnchorKind.BATCH)
    evidence = checked(world, bundle_of(world, batch, 6))
    assert evidence.anchoring == "anchored, not checked"
    moment = "anchor 11 (2027-01-15T08:00:00Z, not checked)"
    assert evidence.as_of is not None
    assert evidence.as_of.text == moment
    assert evidence.conclusions == tuple(
        f"not {what} as of {moment}" for what in ("sold", "redeemed", "void")
    )


def test_void_since_when_and_that_nothing_changed_it_follows(world: World) -> None:
    batch = traded(world)
    act(world, batch, EntryType.VOID, SUPPLIER, first=5)
    stated(world)
    evidence = checked(world, bundle_of(world, batch, 5))
    assert evidence.state == "VOID"
    *never, since = evidence.conclusions
    assert never == [f"not {what} as of size 12, not anchored yet" for what in ("sold", "redeemed")]
    assert since.startswith("void since #8 VOID by")
    assert since.endswith("and still as of size 12, not anchored yet")


def test_an_older_anchored_state_is_proven_while_the_newest_event_of_others_waits(world: World) -> None:
    batch = traded(world)
    stated(world)
    settle(world)
    settle(world, AnchorKind.BATCH)
    for other in (0, 1):
        act(world, batch, EntryType.SELL, SHOP, first=other, party=bytes([7 + other]) * 20)
        stated(world)
    evidence = checked(world, bundle_of(world, batch))
    assert (evidence.checkpoint_size, evidence.completeness) == (11, "complete by STATE, replayed by nobody")
    assert checked(world, bundle_of(world, batch, 1)).checkpoint_size == 15


class TestHiding:
    def reject(self, world: World, raw: bytes) -> ProofRejected:
        with pytest.raises(ProofRejected) as rejected:
            checked(world, raw)
        return rejected.value

    def test_a_redemption_left_out_of_a_bundle_fails_at_step_10(self, world: World) -> None:
        batch = traded(world)
        redeemed(world, batch)
        stated(world)
        raw = bundle_of(world, batch)
        assert checked(world, raw).state == "REDEEMED"

        def hide(members: dict[str, Any]) -> None:
            members["custody"].pop()

        assert self.reject(world, changed(raw, hide)).step == 10
        # Without the STATE the lie would pass, which is why a reader is told that it was not checked.
        unchecked = changed(changed(raw, hide), lambda members: members.update(state=None))
        assert checked(world, unchecked).state == "DELIVERED"

    def test_a_range_entry_left_out_fails_at_step_10(self, world: World) -> None:
        batch = traded(world)
        act(world, batch, EntryType.VOID, SUPPLIER, first=5, count=2)
        stated(world)
        raw = bundle_of(world, batch, 6)

        def hide(members: dict[str, Any]) -> None:
            members["custody"].pop()

        def hide_twice(members: dict[str, Any]) -> None:
            hide(members)
            members["state"]["ranges"].pop()

        assert self.reject(world, changed(raw, hide)).step == 10
        assert self.reject(world, changed(raw, hide_twice)).step == 10

    @pytest.mark.parametrize("member", ["record_path", "batch_path", "batch_position", "batches", "ranges"])
    def test_a_state_part_that_is_not_this_key_s_fails_at_step_10(self, world: World, member: str) -> None:
        batch = traded(world)
        stated(world)
        raw = bundle_of(world, batch)

        def other(members: dict[str, Any]) -> None:
            state = members["state"]
            old = state[member]
            state[member] = old + 1 if isinstance(old, int) else old[::-1]
            assert state[member] != old

        assert self.reject(world, changed(raw, other)).step == 10

    def test_the_place_of_another_batch_fails_at_step_10(self, world: World) -> None:
        batch = traded(world)
        stated(world)
        raw = bundle_of(world, batch)
        for position in (0, 2):

            def move(members: dict[str, Any], position: int = position) -> None:
                members["state"]["batch_position"] = position

            assert self.reject(world, changed(raw, move)).step == 10

    def test_a_state_that_leaves_a_redemption_out_is_found_by_whoever_replays(self, world: World) -> None:
        batch = traded(world)
        sequencer = world.sequencer()
        sequencer.sequence()
        with world.database.write() as connection:
            for table in ("state_tile", "state_batch"):
                connection.exec_driver_sql(f"CREATE TABLE old_{table} AS SELECT * FROM {table}")
        redeemed(world, batch)
        sequencer.sequence()
        with world.database.write() as connection:
            for table in ("state_tile", "state_batch"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
                connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM old_{table}")
        stated(world)
        raw = bundle_of(world, batch)
        assert self.reject(world, raw).step == 10

        def hide(members: dict[str, Any]) -> None:
            del members["custody"][-2:]

        evidence = checked(world, changed(raw, hide))
        assert (evidence.state, evidence.completeness) == ("SOLD", "complete by STATE, replayed by nobody")
        wrong = [state.index for state in replay(log_of(world)) if not state.is_right]
        assert wrong == [len(log_of(world)) - 1]
