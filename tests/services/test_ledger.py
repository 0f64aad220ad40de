"""The sequencer: order, crashes, rivals, and the refusal to fork."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.core import tiles
from provenance.core.entries import Entry, EntryType, KeyReason
from provenance.core.merkle import leaf_hash, root
from provenance.core.notes import Checkpoint, Note, verify
from provenance.core.tiles import decode_bundle
from provenance.errors import ChainUnavailable, NotFound, Unavailable
from provenance.services.chainview import BeaconBlock
from provenance.services.context import Limits
from provenance.services.history import KnownHead
from provenance.services.logreader import LogReader
from provenance.store import entries as entry_store
from provenance.store import tiles as tile_store
from provenance.store.database import Database
from tests.services.ledger_world import Crash, CrashAt, World

POINTS = ["indexed", "before_commit", "committed", "filed", "signed", "published"]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path)
    database.dispose()


def all_entries(world: World) -> list[bytes]:
    with world.database.read() as connection:
        return [stored.entry.encode() for stored in entry_store.between(connection, 0, 10**6)]


def require_consistent(world: World) -> Checkpoint:
    """The newest checkpoint is signed, over exactly the entries there are, and the head file agrees."""
    note = Note.parse(LogReader(world.context).checkpoint())
    verify(note, world.log_key)
    head = Checkpoint.parse(note.text)
    entries = all_entries(world)
    assert head.size == len(entries)
    assert head.root == root([leaf_hash(entry) for entry in entries])
    filed = world.head_file.read()
    assert filed is not None
    assert (filed.size, filed.root) == (head.size, head.root)
    return head


class FakeChain:
    """A chain that answers as it is told, or not at all."""

    def __init__(self) -> None:
        self.block: BeaconBlock | None = BeaconBlock(7, bytes([7]) * 32, b"header")
        self.head: KnownHead | None = None

    def newest_block(self) -> BeaconBlock:
        if self.block is None:
            raise ChainUnavailable("nobody there")
        return self.block

    def anchored(self) -> KnownHead | None:
        if self.block is None:
            raise ChainUnavailable("nobody there")
        return self.head


class TestRounds:
    def test_the_first_round_announces_the_keys_of_log_and_receipts(self, world: World) -> None:
        head = world.sequencer().sequence()
        assert head is not None
        assert head.added == 2
        with world.database.read() as connection:
            first, second = (stored.entry for stored in entry_store.between(connection, 0, 2))
        assert (first.type, first.reason, first.subject) == (
            EntryType.KEY,
            KeyReason.LOG,
            world.log_key.public,
        )
        receipt_key = world.context.receipt_key.public_key().public_bytes_raw()
        assert (second.reason, second.subject) == (KeyReason.RECEIPTS, receipt_key)
        assert first.actor == second.actor == bytes(20)

    def test_keys_are_announced_once_however_often_a_worker_starts(self, world: World) -> None:
        world.sequencer().sequence()
        assert world.sequencer().sequence() is None
        assert len(all_entries(world)) == 2

    def test_without_news_there_is_no_new_checkpoint(self, world: World) -> None:
        sequencer = world.sequencer()
        sequencer.sequence()
        before = LogReader(world.context).checkpoint()
        world.clock.pass_ms(3_600_000)
        assert sequencer.sequence() is None
        assert LogReader(world.context).checkpoint() == before

    def test_entries_stand_by_time_and_then_by_event(self, world: World) -> None:
        sequencer = world.sequencer()
        sequencer.sequence()
        made = world.enter_many(3)
        twins = [world.enter(replace(made[0].entry, subject=bytes([n]) * 32)) for n in range(4)]
        sequencer.sequence()
        expected = sorted([*made, *twins], key=lambda one: (one.entry.time, one.event))
        assert all_entries(world)[2:] == [one.entry.encode() for one in expected]

    def test_a_backlog_is_worked_off_in_bounded_rounds(self, world: World) -> None:
        world.enter_many(10)
        sequencer = world.sequencer(round_size=5)
        added = [head.added for head in iter(sequencer.sequence, None)]
        assert added == [5, 5, 2]
        require_consistent(world)

    def test_many_tiles_add_up_to_the_same_root(self, world: World) -> None:
        sequencer = world.sequencer()
        for count in (255, 1, 3, 600):
            world.enter_many(count)
            sequencer.sequence()
            require_consistent(world)

    def test_a_round_writes_only_the_tiles_it_touches(self, world: World) -> None:
        sequencer = world.sequencer()
        world.enter_many(300)
        sequencer.sequence()
        with world.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM tile WHERE level = 0 AND idx = 0")
        world.enter()
        sequencer.sequence()
        with world.database.read() as connection:
            assert tile_store.hashes(connection, tile_store.LOG_TREE, 0, 0) == b""
            assert len(tile_store.hashes(connection, tile_store.LOG_TREE, 0, 1)) == 47 * 32


class TestCrashes:
    @pytest.mark.parametrize("point", POINTS)
    def test_a_crash_between_any_two_writes_is_made_good_by_the_next_round(
        self, world: World, point: str
    ) -> None:
        world.sequencer().sequence()
        promised = world.enter_many(5)
        hook = CrashAt(point)
        with pytest.raises(Crash):
            world.sequencer(hook=hook).sequence()
        assert hook.met[-1] == point
        world.sequencer().sequence()
        require_consistent(world)
        assert all_entries(world)[2:] == [one.entry.encode() for one in promised]

    @pytest.mark.parametrize("point", POINTS)
    def test_a_crash_in_the_very_first_round_is_made_good(self, world: World, point: str) -> None:
        with pytest.raises(Crash):
            world.sequencer(hook=CrashAt(point)).sequence()
        world.sequencer().sequence()
        assert require_consistent(world).size == 2

    def test_nothing_is_served_that_the_head_file_does_not_know(self, world: World) -> None:
        world.sequencer().sequence()
        world.enter()
        with pytest.raises(Crash):
            world.sequencer(hook=CrashAt("committed")).sequence()
        reader = LogReader(world.context)
        assert reader.size() == 2
        with pytest.raises(NotFound):
            reader.entry(2)
        with pytest.raises(NotFound):
            reader.tile(0, 0, 3)


class TestRivals:
    def test_only_one_of_two_leads(self, world: World) -> None:
        one, two = world.sequencer("one"), world.sequencer("two")
        assert one.sequence() is not None
        world.enter()
        assert two.sequence() is None
        assert one.sequence() is not None

    def test_a_leader_that_steps_down_is_succeeded_at_once(self, world: World) -> None:
        one, two = world.sequencer("one"), world.sequencer("two")
        one.sequence()
        one.stop()
        world.enter()
        assert two.sequence() is not None
        assert one.sequence() is None
        require_consistent(world)

    def test_a_paused_leader_whose_lease_ran_out_cannot_write(self, world: World) -> None:
        world.enter_many(3)
        two = world.sequencer("two", lease_ms=0)

        def pause(point: str) -> None:
            if point == "committed":
                world.enter()
                assert two.sequence() is not None

        one = world.sequencer("one", lease_ms=0, hook=pause)
        one.sequence()
        require_consistent(world)
        assert len(all_entries(world)) == 6

    def test_a_leader_that_lost_its_lease_between_look_and_write_leaves_nothing(self, world: World) -> None:
        rival = world.sequencer("rival", lease_ms=0)

        class Stealing(FakeChain):
            def newest_block(self) -> BeaconBlock:
                rival.sequence()
                world.enter()
                return super().newest_block()

        world.enter()
        slow = world.sequencer("slow", lease_ms=0, chain=Stealing())
        assert slow.sequence() is None
        require_consistent(world)
        assert len(all_entries(world)) == 3
        assert world.sequencer("rival", lease_ms=0).sequence() is not None
        assert len(all_entries(world)) == 4


class TestRollback:
    def roll_back(self, world: World) -> None:
        """The database as it was before its newest round."""
        with world.database.write() as connection:
            for table in ("entry", "tile", "checkpoint"):
                connection.exec_driver_sql(f"DELETE FROM {table}")

    def test_a_head_file_ahead_of_the_database_stops_the_start(self, world: World) -> None:
        world.sequencer().sequence()
        self.roll_back(world)
        with pytest.raises(Unavailable) as refused:
            world.sequencer().start()
        assert refused.value.code == "rolled_back"

    def test_another_log_of_the_same_size_stops_the_start(self, world: World) -> None:
        world.sequencer().sequence()
        filed = world.head_file.read()
        assert filed is not None
        world.head_file.move(filed, replace(filed, root=bytes(32)))
        for attempt in (world.sequencer().start, world.sequencer().sequence):
            with pytest.raises(Unavailable) as refused:
                attempt()
            assert refused.value.code == "rolled_back"

    def test_a_head_file_of_another_origin_stops_the_start(self, world: World) -> None:
        world.sequencer().sequence()
        members = json.loads(world.head_file.path.read_text())
        world.head_file.path.write_text(json.dumps({**members, "origin": "other.example/log"}))
        with pytest.raises(Unavailable) as refused:
            world.sequencer().start()
        assert refused.value.code == "rolled_back"

    def test_a_chain_that_knows_more_than_the_database_stops_the_start(self, world: World) -> None:
        world.sequencer().sequence()
        chain = FakeChain()
        chain.head = KnownHead(9, bytes(32))
        with pytest.raises(Unavailable) as refused:
            world.sequencer(chain=chain).start()
        assert refused.value.code == "rolled_back"

    def test_a_rollback_while_running_is_seen_before_anything_is_signed(self, world: World) -> None:
        sequencer = world.sequencer()
        world.enter_many(4)
        sequencer.sequence()
        self.roll_back(world)
        world.enter_many(3)
        with pytest.raises(Unavailable) as refused:
            sequencer.sequence()
        assert refused.value.code == "rolled_back"
        with pytest.raises(NotFound):
            LogReader(world.context).checkpoint()

    def test_a_missing_head_file_stops_the_start_unless_the_operator_adopts(self, world: World) -> None:
        world.sequencer().sequence()
        world.head_file.path.unlink()
        with pytest.raises(Unavailable) as refused:
            world.sequencer().sequence()
        assert refused.value.code == "head_file_missing"
        world.enter()
        adopted = world.sequencer()
        adopted.start(adopt=True)
        adopted.sequence()
        require_consistent(world)

    def test_a_damaged_head_file_stops_the_start(self, world: World) -> None:
        world.sequencer().sequence()
        world.head_file.path.write_text("{}")
        with pytest.raises(Unavailable) as refused:
            world.sequencer().start()
        assert refused.value.code == "head_file_malformed"


class TestBeacons:
    def types(self, world: World) -> list[EntryType]:
        with world.database.read() as connection:
            return [stored.entry.type for stored in entry_store.between(connection, 0, 100)]

    def test_a_beacon_closes_a_round_that_has_news(self, world: World) -> None:
        world.enter()
        world.sequencer(chain=FakeChain()).sequence()
        assert self.types(world)[-1] is EntryType.BEACON
        with world.database.read() as connection:
            beacon = entry_store.of_type(connection, EntryType.BEACON)[0].entry
        assert (beacon.subject, beacon.number) == (bytes([7]) * 32, 7)
        require_consistent(world)

    def test_beacons_keep_their_distance(self, world: World) -> None:
        chain = FakeChain()
        sequencer = world.sequencer(chain=chain)
        for number, wait in enumerate((0, 59_000, 1_000)):
            chain.block = BeaconBlock(number, bytes([number + 1]) * 32)
            world.clock.pass_ms(wait)
            world.enter()
            sequencer.sequence()
        assert self.types(world).count(EntryType.BEACON) == 2

    def test_no_beacon_without_news_nor_twice_for_one_block(self, world: World) -> None:
        world.context = replace(world.context, limits=Limits(beacon_apart_ms=0))
        sequencer = world.sequencer(chain=FakeChain())
        world.enter()
        sequencer.sequence()
        assert sequencer.sequence() is None
        world.enter()
        sequencer.sequence()
        assert self.types(world).count(EntryType.BEACON) == 1

    def test_a_round_that_leaves_a_backlog_has_no_beacon(self, world: World) -> None:
        world.enter_many(4)
        sequencer = world.sequencer(chain=FakeChain(), round_size=4)
        sequencer.sequence()
        assert EntryType.BEACON not in self.types(world)
        sequencer.sequence()
        assert self.types(world)[-1] is EntryType.BEACON

    def test_an_entry_of_a_clock_ahead_of_ours_holds_up_the_beacon_but_not_the_log(
        self, world: World
    ) -> None:
        ahead = Entry(EntryType.QUALIFICATION, world.clock.now() + 60_000, bytes(32), bytes(20))
        world.enter(ahead)
        head = world.sequencer(chain=FakeChain()).sequence()
        assert head is not None
        assert head.added == 3
        assert EntryType.BEACON not in self.types(world)

    def test_a_chain_that_did_not_answer_is_left_alone_for_a_while(self, world: World) -> None:
        chain = FakeChain()
        block, chain.block = chain.block, None
        sequencer = world.sequencer(chain=chain)
        world.enter()
        sequencer.sequence()
        chain.block = block
        for wait, beacons in ((29_000, 0), (1_000, 1)):
            world.clock.pass_ms(wait)
            world.enter()
            sequencer.sequence()
            assert self.types(world).count(EntryType.BEACON) == beacons

    def test_without_a_chain_sequencing_goes_on(self, world: World) -> None:
        chain = FakeChain()
        chain.block = None
        world.enter()
        assert world.sequencer(chain=chain).sequence() is not None
        assert EntryType.BEACON not in self.types(world)


class TestReading:
    def test_tiles_and_bundles_are_those_of_the_checkpoint(self, world: World) -> None:
        world.enter_many(298)
        world.sequencer().sequence()
        reader = LogReader(world.context)
        size = reader.size()
        assert size == 300
        entries = [
            *decode_bundle(reader.entry_bundle(0), 256),
            *decode_bundle(reader.entry_bundle(1, 44), 44),
        ]
        assert entries == all_entries(world)
        assert tiles.root_at(reader.tile, size) == require_consistent(world).root
        assert reader.entry(299) == entries[299]
        assert reader.tile(0, 1, 10) == reader.tile(0, 1, 44)[:320]

    @pytest.mark.parametrize(("level", "index", "width"), [(0, 0, 4), (0, 1, 1), (1, 0, 1), (0, 0, 0)])
    def test_what_the_checkpoint_does_not_cover_is_not_there(
        self, world: World, level: int, index: int, width: int
    ) -> None:
        world.enter()
        world.sequencer().sequence()
        with pytest.raises(NotFound):
            LogReader(world.context).tile(level, index, width)

    def test_an_empty_log_has_no_checkpoint(self, world: World) -> None:
        with pytest.raises(NotFound) as refused:
            LogReader(world.context).checkpoint()
        assert refused.value.code == "log_empty"
