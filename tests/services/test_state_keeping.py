"""STATEs in the log: when one is made, what it says, and what a crash, a lag or damage does to it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.core.entries import Entry, EntryType
from provenance.core.statereplay import ReplayedState, replay
from provenance.errors import InputRefused
from provenance.services import statekeeping, stateparts
from provenance.services.anchoring import want_checkpoint
from provenance.services.context import Limits
from provenance.services.ledger import Sequencer
from provenance.store import anchors, checkpoints
from provenance.store import entries as entry_store
from provenance.store import state as state_store
from provenance.store.anchors import AnchorKind, AnchorStatus, Sighting, StoredAnchor
from provenance.store.database import Database
from tests.services.ledger_world import SHOP, SUPPLIER, Crash, CrashAt, MadeBatch, World, act, add_batch
from tests.services.test_ledger import FakeChain

CRASHES = [
    *("state_folded", "indexed", "before_commit", "committed", "filed", "signed", "published"),
    *("folded", "pruned"),
]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path)
    database.dispose()


def log_of(world: World) -> list[Entry]:
    with world.database.read() as connection:
        return [stored.entry for stored in entry_store.between(connection, 0, 10**6)]


def states(world: World) -> list[ReplayedState]:
    """Every STATE in the log, which a replay has found right."""
    found = list(replay(log_of(world)))
    assert all(state.is_right for state in found)
    return found


def wanted_anchors(world: World) -> list[StoredAnchor]:
    with world.database.read() as connection:
        return anchors.unsettled(connection, AnchorKind.CHECKPOINT, 100)


def settle(world: World, kind: AnchorKind = AnchorKind.CHECKPOINT) -> None:
    """What a chain does: all that is wanted is on it."""
    with world.database.write() as connection:
        for anchor in anchors.unsettled(connection, kind, 100):
            seen = Sighting(None, None, None, 1_800_000_000)
            anchors.set_seen(connection, anchor, AnchorStatus.CONFIRMED, seen)


def require_states_before_anchors(world: World) -> None:
    """Every size wanted on chain is signed and ends in a right STATE."""
    ends = {state.index + 1 for state in states(world)}
    with world.database.read() as connection:
        for anchor in anchors.unsettled(connection, AnchorKind.CHECKPOINT, 100):
            head = checkpoints.at(connection, anchor.size)
            assert anchor.size in ends
            assert head is not None
            assert head.note is not None
            assert head.root == anchor.root


def require_signed(world: World) -> None:
    with world.database.read() as connection:
        signed = checkpoints.newest_signed(connection)
    assert signed is not None
    assert signed.size == len(log_of(world))


def commissioned(world: World, size: int = 7, number: int = 1001) -> MadeBatch:
    batch = add_batch(world, size, number)
    act(world, batch, EntryType.COMMISSION, SUPPLIER, count=size)
    return batch


def anchored_round(world: World, sequencer: Sequencer) -> int:
    """Want an anchor, sequence, and have it on chain; its size."""
    want_checkpoint(world.context)
    head = sequencer.sequence()
    assert head is not None
    settle(world)
    return head.size


class TestWhen:
    def test_a_round_without_a_wish_has_no_state_and_wants_no_anchor(self, world: World) -> None:
        commissioned(world)
        world.sequencer().sequence()
        assert states(world) == []
        assert wanted_anchors(world) == []

    def test_a_wished_round_ends_in_a_state_and_that_size_is_wanted_on_chain(self, world: World) -> None:
        sequencer = world.sequencer()
        sequencer.sequence()
        commissioned(world)
        assert want_checkpoint(world.context) == 3
        head = sequencer.sequence()
        assert head is not None
        log = log_of(world)
        assert [entry.type for entry in log[2:]] == [EntryType.COMMISSION, EntryType.STATE]
        assert (log[3].number, log[3].party_number) == (3, 1)
        assert log[3].time > log[2].time
        assert states(world)[0].index == 3
        assert [(anchor.size, anchor.root) for anchor in wanted_anchors(world)] == [(4, head.root)]
        assert want_checkpoint(world.context) == 4

    def test_a_wish_before_the_first_round_is_kept(self, world: World) -> None:
        commissioned(world)
        assert want_checkpoint(world.context) is None
        world.sequencer().sequence()
        assert [anchor.size for anchor in wanted_anchors(world)] == [4]

    def test_a_wish_with_nothing_waiting_is_a_round_of_one_state(self, world: World) -> None:
        commissioned(world)
        sequencer = world.sequencer()
        sequencer.sequence()
        assert want_checkpoint(world.context) == 4
        head = sequencer.sequence()
        assert head is not None
        assert (head.size, head.added) == (4, 1)
        require_states_before_anchors(world)

    def test_without_news_since_the_last_state_nothing_is_made(self, world: World) -> None:
        commissioned(world)
        sequencer = world.sequencer()
        want_checkpoint(world.context)
        sequencer.sequence()
        for _ in range(3):
            world.clock.pass_ms(3_600_000)
            assert want_checkpoint(world.context) == 4
            assert want_checkpoint(world.context, apart_ms=600_000) == 4
            assert sequencer.sequence() is None
        assert len(states(world)) == 1

    def test_an_empty_log_makes_no_state_of_nothing(self, world: World) -> None:
        assert want_checkpoint(world.context) is None
        world.sequencer().sequence()
        assert states(world) == []

    def test_a_beacon_of_the_round_stands_before_the_state(self, world: World) -> None:
        commissioned(world)
        want_checkpoint(world.context)
        world.sequencer(chain=FakeChain()).sequence()
        assert [entry.type for entry in log_of(world)][-2:] == [EntryType.BEACON, EntryType.STATE]
        require_states_before_anchors(world)

    def test_no_beacon_is_made_for_a_state_alone(self, world: World) -> None:
        world.context = replace(world.context, limits=Limits(beacon_apart_ms=0))
        commissioned(world)
        chain = FakeChain()
        sequencer = world.sequencer(chain=chain)
        sequencer.sequence()
        assert chain.block is not None
        chain.block = replace(chain.block, number=8, hash=bytes([8]) * 32)
        want_checkpoint(world.context)
        sequencer.sequence()
        assert [entry.type for entry in log_of(world)][-2:] == [EntryType.BEACON, EntryType.STATE]
        assert sum(entry.type is EntryType.BEACON for entry in log_of(world)) == 1

    def test_a_backlog_does_not_keep_a_state_waiting(self, world: World) -> None:
        batch = commissioned(world, 300)
        for index in range(12):
            act(world, batch, EntryType.VOID, SUPPLIER, first=index)
        want_checkpoint(world.context)
        sequencer = world.sequencer(round_size=5)
        first = sequencer.sequence()
        assert first is not None
        assert [state.index for state in states(world)] == [first.size - 1]
        while sequencer.sequence():
            pass
        assert len(states(world)) == 1
        want_checkpoint(world.context)
        sequencer.sequence()
        assert len(states(world)) == 2

    def test_a_wish_during_the_round_is_for_the_next(self, world: World) -> None:
        batch = commissioned(world)
        want_checkpoint(world.context)

        def meanwhile(point: str) -> None:
            if point == "committed" and len(log_of(world)) == 4:
                act(world, batch, EntryType.VOID, SUPPLIER, first=1)
                want_checkpoint(world.context)

        sequencer = world.sequencer(hook=meanwhile)
        sequencer.sequence()
        sequencer.sequence()
        assert [state.index for state in states(world)] == [3, 5]
        assert [anchor.size for anchor in wanted_anchors(world)] == [4, 6]


class TestWhatItSays:
    @pytest.mark.parametrize("seed", range(3))
    def test_any_order_of_rounds_wishes_and_crashes_gives_states_that_a_replay_confirms(
        self, world: World, seed: int
    ) -> None:
        rng = random.Random(seed)
        batches = [commissioned(world, size, 2000 + size) for size in (1, 256, 700)]
        for _ in range(25):
            for _ in range(rng.randrange(4)):
                batch = rng.choice(batches)
                act(world, batch, EntryType.VOID, SUPPLIER, first=rng.randrange(batch.manifest.size))
            if rng.random() < 0.2:
                act(world, batches[2], EntryType.TRANSFER, SUPPLIER, first=3, count=99, party=SHOP)
            if rng.random() < 0.5:
                want_checkpoint(world.context)
            hook = CrashAt(rng.choice([*CRASHES, "never", "never"]))
            with suppress(Crash):
                world.sequencer(hook=hook, round_size=rng.choice([3, 50_000])).sequence()
            if rng.random() < 0.5:
                settle(world)
            require_states_before_anchors(world)
        assert len(states(world)) > 2

    @pytest.mark.parametrize("point", CRASHES)
    def test_after_a_crash_at_any_point_the_wish_comes_true(self, world: World, point: str) -> None:
        batch = commissioned(world)
        sequencer = world.sequencer()
        for index in range(3):
            act(world, batch, EntryType.VOID, SUPPLIER, first=index)
            anchored_round(world, sequencer)
        act(world, batch, EntryType.VOID, SUPPLIER, first=4)
        want_checkpoint(world.context)
        hook = CrashAt(point)
        with pytest.raises(Crash):
            crashing = world.sequencer(hook=hook)
            crashing.sequence()
            act(world, batch, EntryType.VOID, SUPPLIER, first=5)
            crashing.sequence()  # folded: only what no STATE has folded already
        while world.sequencer().sequence():
            pass
        require_states_before_anchors(world)
        log = log_of(world)
        covered = max(anchor.size for anchor in wanted_anchors(world))
        assert any(entry.first == 4 and entry.type is EntryType.VOID for entry in log[:covered])
        with world.database.read() as connection:
            assert anchors.wished_at(connection) is None
            assert state_store.progress(connection).folded == len(log)

    def test_a_log_older_than_its_tree_is_folded_before_the_first_state(self, world: World) -> None:
        batch = commissioned(world, 300)
        for index in range(40):
            act(world, batch, EntryType.VOID, SUPPLIER, first=index)
        world.sequencer().sequence()
        with world.database.write() as connection:
            state_store.forget_all(connection)
            for folded in (7, 14):
                statekeeping.fold_some(connection, 43, 7)
                assert state_store.progress(connection).folded == folded
        want_checkpoint(world.context)
        sequencer = world.sequencer()
        assert sequencer.sequence() is None
        assert sequencer.sequence() is not None
        assert [state.index for state in states(world)] == [43]


class TestDamage:
    def damage(self, world: World, statement: str) -> None:
        with world.database.write() as connection:
            connection.exec_driver_sql(statement)

    @pytest.mark.parametrize("lost", ["tree = 0", "tree = 1 AND level = 0", "tree = 1 AND level = 1"])
    def test_a_damaged_tree_stops_the_states_and_not_the_log(self, world: World, lost: str) -> None:
        batch, _ = commissioned(world, 300), commissioned(world, 3, 1002)
        sequencer = world.sequencer()
        act(world, batch, EntryType.VOID, SUPPLIER, first=0)
        sequencer.sequence()
        self.damage(world, f"DELETE FROM state_tile WHERE {lost}")
        act(world, batch, EntryType.VOID, SUPPLIER, first=1)
        want_checkpoint(world.context)
        for _ in range(2):
            with pytest.raises(InputRefused) as refused:
                sequencer.sequence()
            assert refused.value.code == "tile_malformed"
            before = len(log_of(world))
            for _ in range(3):
                world.enter()
                with suppress(InputRefused):  # the fold after the round says it again
                    sequencer.sequence()
            assert len(log_of(world)) >= before + 3
            require_signed(world)
            world.clock.pass_ms(statekeeping.REST_MS)
        assert states(world) == []

    def test_a_tree_built_anew_from_the_log_says_the_same(self, world: World) -> None:
        batch = commissioned(world)
        sequencer = world.sequencer()
        act(world, batch, EntryType.VOID, SUPPLIER, first=0)
        size = anchored_round(world, sequencer)
        act(world, batch, EntryType.VOID, SUPPLIER, first=1)
        sequencer.sequence()
        self.damage(world, "DELETE FROM state_tile")
        with world.database.write() as connection:
            statekeeping.rebuild(connection)
            assert stateparts.state_index(connection, size) is None
        want_checkpoint(world.context)
        sequencer.sequence()
        head = sequencer.sequence()
        assert head is not None
        assert len(states(world)) == 2
        with world.database.read() as connection:
            assert stateparts.state_index(connection, head.size) == head.size - 1


class TestPruning:
    def provable(self, world: World) -> list[int]:
        """The sizes of which the STATE can be proven, each shown to be provable for every key."""
        found = []
        with world.database.read() as connection:
            for state in states(world):
                index = stateparts.state_index(connection, state.index + 1)
                if index is not None:
                    found.append(index + 1)
        return found

    def require_proofs(self, world: World, batch: MadeBatch, size: int) -> None:
        from provenance.core.merkle import InclusionProof
        from provenance.core.statetree import StateProof, verify_state

        log = log_of(world)[: size - 1]
        with world.database.snapshot() as connection:
            for key in range(0, batch.manifest.size, 37):
                part = stateparts.state_part(connection, batch.batch_id, key, size - 1, ())
                assert part is not None
                proof = StateProof(
                    batch.batch_id,
                    InclusionProof(key, batch.manifest.size, part.record_path),
                    InclusionProof(part.batch_position, part.batches, part.batch_path),
                )
                on_key = [entry for entry in log if entry.subject == batch.batch_id and not entry.is_range]
                alone = [entry.encode() for entry in on_key if entry.first == key]
                verify_state(proof, alone, [entry.encode() for entry in part.ranges], part.entry.subject)

    def test_the_two_newest_anchored_states_stay_provable_while_the_next_is_pending(
        self, world: World
    ) -> None:
        batch = commissioned(world, 600)
        sequencer = world.sequencer()
        sizes = []
        for number in range(5):
            for key in (0, 37, 37 * (number + 1), 592):
                act(world, batch, EntryType.VOID, SUPPLIER, first=key)
            sizes.append(anchored_round(world, sequencer))
        act(world, batch, EntryType.VOID, SUPPLIER, first=0)
        want_checkpoint(world.context)
        sizes.append(len(log_of(world)) + 2)
        sequencer.sequence()
        act(world, batch, EntryType.VOID, SUPPLIER, first=0)
        sequencer.sequence()
        assert self.provable(world) == sizes[3:]
        for size in sizes[3:]:
            self.require_proofs(world, batch, size)
        settle(world)
        sequencer.sequence()
        assert self.provable(world) == sizes[4:]
        for size in sizes[4:]:
            self.require_proofs(world, batch, size)

    def test_nothing_is_kept_that_no_kept_state_shows(self, world: World) -> None:
        batch = commissioned(world, 600)
        sequencer = world.sequencer()
        for _ in range(6):
            act(world, batch, EntryType.VOID, SUPPLIER, first=0)
            anchored_round(world, sequencer)
            sequencer.sequence()
        with world.database.read() as connection:
            tree = "SELECT tree, level, count(*) FROM state_tile GROUP BY tree, level ORDER BY tree, level"
            kept = [tuple(row) for row in connection.exec_driver_sql(tree)]
        # One row a tile for each of the two, none older.
        assert kept == [(0, 0, 2), (1, 0, 2), (1, 1, 2)]

    def test_before_the_second_anchor_nothing_is_pruned(self, world: World) -> None:
        batch = commissioned(world)
        sequencer = world.sequencer()
        sizes = []
        for number in range(4):
            act(world, batch, EntryType.VOID, SUPPLIER, first=number)
            want_checkpoint(world.context)
            head = sequencer.sequence()
            assert head is not None
            sizes.append(head.size)
        assert self.provable(world) == sizes

    def test_a_wiped_chain_does_not_bring_back_what_was_pruned(self, world: World) -> None:
        batch = commissioned(world)
        sequencer = world.sequencer()
        sizes = []
        for number in range(4):
            act(world, batch, EntryType.VOID, SUPPLIER, first=number)
            sizes.append(anchored_round(world, sequencer))
        sequencer.sequence()
        assert self.provable(world) == sizes[2:]
        with world.database.write() as connection:
            anchors.want_all_again(connection)
            oldest, next_oldest = anchors.unsettled(connection, AnchorKind.CHECKPOINT, 2)
            for anchor in (oldest, next_oldest):
                seen = Sighting(None, None, None, 1)
                anchors.set_seen(connection, anchor, AnchorStatus.FINAL, seen)
        sequencer.sequence()
        assert self.provable(world) == sizes[2:]
        for size in sizes[2:]:
            self.require_proofs(world, batch, size)

    def test_pruning_goes_in_small_steps(self, world: World) -> None:
        batch = commissioned(world, 1_500)
        sequencer = world.sequencer()
        for number in range(4):
            for key in range(0, 1_500, 256):
                act(world, batch, EntryType.VOID, SUPPLIER, first=key + number)
            anchored_round(world, sequencer)
        with world.database.write() as connection:
            taken = []
            while more := statekeeping.prune(connection, 5):
                taken.append(more)
        assert taken[:-1] == [5] * (len(taken) - 1)
        assert len(taken) > 1
