"""The law of the log, whoever crashes, competes or writes meanwhile."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.core.merkle import leaf_hash, root, verify_consistency
from provenance.core.notes import Checkpoint, Note, verify
from provenance.core.tiles import consistency_at
from provenance.errors import NotFound
from provenance.services.logreader import LogReader
from provenance.store import entries as entry_store
from provenance.store.database import Database
from tests.services.ledger_world import Crash, CrashAt, WallClock, World
from tests.support.databases import SqliteDatabases

POINTS = ["indexed", "before_commit", "committed", "filed", "signed", "published"]
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), st.integers(1, 300)),
        st.tuples(st.just("sequence"), st.sampled_from(["one", "two"])),
        st.tuples(st.just("crash"), st.sampled_from(POINTS)),
    ),
    max_size=12,
)


def signed(world: World) -> Checkpoint | None:
    try:
        note = Note.parse(LogReader(world.context).checkpoint())
    except NotFound:
        return None
    verify(note, world.log_key)
    return Checkpoint.parse(note.text)


def logged(world: World) -> list[bytes]:
    with world.database.read() as connection:
        return [stored.entry.encode() for stored in entry_store.between(connection, 0, 10**6)]


def require_whole(world: World, promised: list[bytes], told: list[Checkpoint]) -> None:
    """All that was promised is in the log once, and it extends every checkpoint that was ever served."""
    entries = logged(world)
    assert len(entries) == len(set(entries)) == len(promised) + 2
    assert set(promised) < set(entries)
    newest = signed(world)
    assert newest is not None
    assert (newest.size, newest.root) == (len(entries), root([leaf_hash(entry) for entry in entries]))
    reader = LogReader(world.context)
    for past in told:
        path = consistency_at(reader.tile, past.size, newest.size)
        verify_consistency(past.size, past.root, newest.size, newest.root, path)


@given(actions=ACTIONS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_checkpoint_extends_all_before_and_nothing_entered_is_lost_or_doubled(
    actions: list[tuple[str, int | str]],
    sqlite_databases: SqliteDatabases,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    world = World(Database(sqlite_databases.migrated()), tmp_path_factory.mktemp("log"))
    promised: list[bytes] = []
    told: list[Checkpoint] = []
    for action, value in [*actions, ("sequence", "one")]:
        if action == "enter":
            promised += [one.entry.encode() for one in world.enter_many(int(value))]
        elif action == "sequence":
            world.sequencer(str(value), lease_ms=0).sequence()
        else:
            with contextlib.suppress(Crash):
                world.sequencer("one", lease_ms=0, hook=CrashAt(str(value))).sequence()
        told += [head for head in [signed(world)] if head is not None]
    require_whole(world, promised, told)
    world.database.dispose()


@pytest.mark.race
def test_rival_sequencers_and_busy_writers_make_one_log(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    world = World(database, tmp_path, WallClock())
    writing = threading.Event()
    told: list[Checkpoint] = []

    def write(_: int) -> list[bytes]:
        return [one.entry.encode() for one in world.enter_many(40)]

    def lead(name: str) -> None:
        # A lease that runs out at once: both lead all the time, and only the fences hold them apart.
        sequencer = world.sequencer(name, lease_ms=0)
        while not writing.is_set():
            sequencer.sequence()
            told.extend(head for head in [signed(world)] if head is not None)

    with ThreadPoolExecutor(6) as pool:
        leaders = [pool.submit(lead, name) for name in ("one", "two")]
        promised = [entry for part in pool.map(write, range(4)) for entry in part]
        writing.set()
        for leader in leaders:
            leader.result()
    world.sequencer("last", lease_ms=0).sequence()
    require_whole(world, promised, told)
    database.dispose()
