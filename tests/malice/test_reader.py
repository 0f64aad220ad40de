"""What the reader of one proof finds, at which step, of an operator who cheats before he makes it.

The operator's database is changed after the chain took the log's root, and the service makes the proof from
it as it always does. The reader brings the network, the log's key and a node: no witness, no replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from provenance.core import merkle
from provenance.core.digests import keccak256
from provenance.core.entries import Entry, EntryType, split_number
from provenance.core.notes import Checkpoint, Note, sign_checkpoint
from provenance.core.proofs import BatchOnChain, CheckpointOnChain, ReaderContext, verify
from provenance.core.statefold import fold, state_of
from provenance.core.tiles import append
from provenance.errors import ProofRejected, Unavailable
from provenance.services import statekeeping
from provenance.services.chainview import BeaconBlock
from provenance.store import anchors
from provenance.store import entries as entry_store
from provenance.store import state as state_store
from provenance.store import tiles as tile_store
from provenance.store.anchors import AnchorKind
from provenance.store.database import Database
from tests.core.chain_world import header
from tests.services.ledger_world import LOG_SEED, ORIGIN, SHOP, MadeBatch, World, act
from tests.services.test_ledger import FakeChain
from tests.services.test_state_keeping import settle
from tests.services.test_state_proofs import KEY, USE, bundle_of, changed, stated, traded, use_party

T = EntryType
ANCHORED = 1_800_000_000
NO_HINTS = {"batch_transaction": None, "anchor_transactions": []}


@dataclass
class Node:
    """The chain as it was while the operator was honest."""

    batches: dict[bytes, BatchOnChain] = field(default_factory=dict)
    checkpoints: dict[int, CheckpointOnChain] = field(default_factory=dict)

    def chain_id(self) -> int:
        return 31337

    def batch(self, batch_id: bytes) -> BatchOnChain | None:
        return self.batches.get(batch_id)

    def checkpoint(self, size: int) -> CheckpointOnChain | None:
        return self.checkpoints.get(size)

    def block_header(self, block_hash: bytes) -> bytes | None:
        return None


@dataclass
class Case:
    """A key sold, delivered and redeemed, all of it anchored; and its reader."""

    world: World
    batch: MadeBatch
    node: Node

    def step(self) -> int:
        """The step at which the reader of a proof made now refuses it."""
        with pytest.raises(ProofRejected) as refused:
            self.read()
        return refused.value.step

    def read(self) -> str:
        reader = ReaderContext(self.world.context.domain, self.world.log_key, node=self.node)
        return verify(bundle_of(self.world, self.batch), reader).state

    def place(self, kind: EntryType) -> int:
        """The log index of the entry of that type on the key."""
        with self.world.database.read() as connection:
            stored = entry_store.of_key(connection, self.batch.batch_id, KEY)
        (found,) = [one.index for one in stored if one.entry.type is kind]
        assert found is not None
        return found


@pytest.fixture
def case(sqlite_url: str, tmp_path: Path) -> Iterator[Case]:
    world = World(Database(sqlite_url), tmp_path)
    batch = traded(world)
    act(world, batch, T.DELIVER, SHOP, first=KEY, party=use_party(USE))
    act(world, batch, T.REDEEM, SHOP, first=KEY, party=use_party(USE))
    stated(world)
    settle(world)
    settle(world, AnchorKind.BATCH)
    manifest = batch.manifest
    made = Case(world, batch, Node())
    made.node.batches[batch.batch_id] = BatchOnChain(manifest.root, manifest.size, ANCHORED)
    with world.database.read() as connection:
        anchored = anchors.newest_on_chain(connection)
    assert anchored is not None
    made.node.checkpoints[anchored.size] = CheckpointOnChain(anchored.root, ANCHORED)
    assert made.read() == "REDEEMED"
    yield made
    world.database.dispose()


def run(case: Case, statement: str, **values: object) -> None:
    with case.world.database.write() as connection:
        assert connection.execute(text(statement), values).rowcount >= 1


def rewrite(case: Case, index: int, entry: Entry) -> None:
    statement = "UPDATE entry SET raw = :raw, time = :time WHERE log_index = :at"
    run(case, statement, raw=entry.encode(), time=entry.time, at=index)


def entry_at(case: Case, index: int) -> Entry:
    with case.world.database.read() as connection:
        stored = entry_store.by_index(connection, index)
    assert stored is not None
    return stored.entry


def test_a_redemption_hidden_from_the_proof_is_found_in_step_10(case: Case) -> None:
    run(case, "DELETE FROM entry WHERE log_index = :at", at=case.place(T.REDEEM))
    assert case.step() == 10


def test_an_event_dropped_from_the_middle_of_a_life_is_found_in_step_9(case: Case) -> None:
    """A life is lawful without a DELIVER before the issuer's REDEEM only; here it is the seller's."""
    run(case, "DELETE FROM entry WHERE log_index = :at", at=case.place(T.DELIVER))
    assert case.step() == 9


def test_two_entries_swapped_are_found_in_step_4(case: Case) -> None:
    one, other = case.place(T.DELIVER), case.place(T.REDEEM)
    run(case, "UPDATE entry SET log_index = 1000 WHERE log_index = :one", one=one)
    run(case, "UPDATE entry SET log_index = :one WHERE log_index = :other", one=one, other=other)
    run(case, "UPDATE entry SET log_index = :other WHERE log_index = 1000", other=other)
    assert case.step() == 4


def test_an_entry_dated_back_in_the_log_is_found_in_step_4(case: Case) -> None:
    index = case.place(T.REDEEM)
    entry = entry_at(case, index)
    rewrite(case, index, replace(entry, time=entry.time - 1))
    assert case.step() == 4


def test_a_stored_row_edited_is_found_in_step_4(case: Case) -> None:
    index = case.place(T.REDEEM)
    rewrite(case, index, replace(entry_at(case, index), reason=1))
    assert case.step() == 4


def test_a_tile_rewritten_is_found_in_step_4(case: Case) -> None:
    run(case, "UPDATE tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE tree = 0")
    assert case.step() == 4


def test_an_entry_dated_back_before_it_entered_the_log_is_found_in_step_9(
    sqlite_url: str, tmp_path: Path
) -> None:
    """It is younger than the block of the BEACON before it, whatever time it bears."""
    world = World(Database(sqlite_url), tmp_path)
    batch = traded(world)
    world.clock.pass_ms(600_000)
    chain, block = FakeChain(), header(12, world.clock.now() // 1000)
    chain.block = BeaconBlock(12, keccak256(block), block)
    world.sequencer(chain=chain).sequence()
    world.clock.time -= 500_000
    act(world, batch, T.DELIVER, SHOP, first=KEY, party=use_party(USE))
    world.sequencer().sequence()
    with pytest.raises(ProofRejected) as refused:
        verify(bundle_of(world, batch), ReaderContext(world.context.domain, world.log_key))
    assert refused.value.step == 9
    world.database.dispose()


def rebuild(case: Case, *, forged: bytes | None = None) -> None:
    """Make a whole log of what the rows say now: tiles, state tree, STATE, a note signed by the log's key.

    *forged* is what the STATE says instead.
    """
    with case.world.database.write() as connection:
        stored = entry_store.between(connection, 0, 10**6)
        entries = [one.entry for one in stored]
        index = len(entries) - 1
        statekeeping.rebuild(connection)
        state_store.set_progress(connection, state_store.Progress(0, 0, 0))
        shelf = state_store.StateShelf(connection, 0)
        fold(shelf, entries)
        state_store.set_progress(connection, state_store.Progress(index + 1, index + 1, 0))
        entries[index] = replace(entries[index], subject=forged or state_of(shelf).root)
        raw = entries[index].encode()
        update = text("UPDATE entry SET raw = :raw, subject = :said WHERE log_index = :at")
        connection.execute(update, {"raw": raw, "said": entries[index].subject, "at": index})
        leaves = [merkle.leaf_hash(entry.encode()) for entry in entries]
        connection.execute(text("DELETE FROM tile WHERE tree = 0"))
        tile_store.write(connection, tile_store.LOG_TREE, append(lambda *_: b"", 0, leaves).tiles)
        root = merkle.root(leaves)
        note = sign_checkpoint(Checkpoint(ORIGIN, len(leaves), root), LOG_SEED).encode().decode()
        connection.execute(
            text("UPDATE checkpoint SET root = :root, note = :note"), {"root": root, "note": note}
        )
        connection.execute(text("UPDATE anchor SET root = :root WHERE kind = 2"), {"root": root})


def test_a_signed_fork_of_an_anchored_size_is_found_in_step_7(case: Case) -> None:
    index = case.place(T.REDEEM)
    rewrite(case, index, replace(entry_at(case, index), reason=1))
    rebuild(case)
    assert case.step() == 7
    case.node = Node()
    world = case.world
    unasked = verify(bundle_of(world, case.batch), ReaderContext(world.context.domain, world.log_key))
    assert unasked.anchoring == "anchored, not checked", "without a chain it is one of two histories"


def test_a_state_that_no_tree_adds_up_to_is_found_in_step_10(case: Case) -> None:
    rebuild(case, forged=b"\x13" * 32)
    case.node.checkpoints.clear()
    run(case, "DELETE FROM anchor WHERE kind = 2")
    assert case.step() == 10


def test_a_state_that_leaves_a_redemption_out_is_said_to_be_replayed_by_nobody(case: Case) -> None:
    """To the reader alone it hangs together: this is what witnesses and auditors are for."""
    redeem = case.place(T.REDEEM)
    with case.world.database.read() as connection:
        after = [one.index for one in entry_store.between(connection, redeem + 1, 10**6)]
    run(case, "DELETE FROM entry WHERE log_index = :at", at=redeem)
    for index in after:
        assert index is not None
        run(case, "UPDATE entry SET log_index = :at - 1 WHERE log_index = :at", at=index)
    first, count = split_number(redeem + len(after) - 1)
    last = redeem + len(after) - 1
    rewrite(case, last, replace(entry_at(case, last), first=first, count=count))
    run(case, "UPDATE checkpoint SET size = size - 1")
    run(case, "DELETE FROM anchor WHERE kind = 2")
    rebuild(case)
    world = case.world
    evidence = verify(bundle_of(world, case.batch), ReaderContext(world.context.domain, world.log_key))
    assert (evidence.state, evidence.completeness) == ("DELIVERED", "complete by STATE, replayed by nobody")


def test_a_lied_size_is_found_in_step_4(case: Case) -> None:
    def lie(members: dict[str, Any]) -> None:
        told = Note.parse(members["checkpoint"].encode())
        honest = Checkpoint.parse(told.text)
        lied = sign_checkpoint(Checkpoint(ORIGIN, honest.size + 60, honest.root), LOG_SEED)
        members |= {"checkpoint": lied.encode().decode(), "anchors": [], "state": None, "hints": NO_HINTS}

    raw = changed(bundle_of(case.world, case.batch), lie)
    with pytest.raises(ProofRejected) as refused:
        verify(raw, ReaderContext(case.world.context.domain, case.world.log_key))
    assert refused.value.step == 4


def test_a_rolled_back_database_is_refused_by_the_operators_own_sequencer(case: Case) -> None:
    """Its head file lies elsewhere; and the proof given out before stays good."""
    kept = bundle_of(case.world, case.batch)
    run(case, "DELETE FROM entry WHERE log_index >= :at", at=case.place(T.REDEEM))
    run(case, "UPDATE checkpoint SET size = :size", size=case.place(T.DELIVER) + 1)
    run(case, "DELETE FROM anchor WHERE kind = 2")
    with pytest.raises(Unavailable) as refused:
        case.world.sequencer("two").start()
    assert refused.value.code == "rolled_back"
    reader = ReaderContext(case.world.context.domain, case.world.log_key, node=case.node)
    assert verify(kept, reader).state == "REDEEMED"
