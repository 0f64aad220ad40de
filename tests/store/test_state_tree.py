"""The state tree on both databases: versions beside each other, sparse rows, pruning in small steps."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from provenance.core.entries import Entry, EntryType
from provenance.core.statefold import State, fold, state_of
from provenance.core.statereplay import MemoryShelf
from provenance.errors import InputRefused
from provenance.store import state as state_store
from provenance.store.database import Connection, Database
from provenance.store.schema_state import state_batch, state_superseded, state_tile
from provenance.store.state import Progress, StateShelf

ACTOR = b"\x05" * 20


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.dispose()


def commission(number: int, size: int) -> Entry:
    return Entry(EntryType.COMMISSION, 1, number.to_bytes(32), ACTOR, 0, size)


def void(number: int, first: int, count: int = 1, time: int = 2) -> Entry:
    return Entry(EntryType.VOID, time, number.to_bytes(32), ACTOR, first, count)


def folded(database: Database, version: int, *entries: Entry) -> State:
    with database.write() as connection:
        shelf = StateShelf(connection, version)
        fold(shelf, entries)
        return state_of(shelf)


def rows(connection: Connection) -> list[tuple[int, int, int, int]]:
    key = (state_tile.c.tree, state_tile.c.level, state_tile.c.idx, state_tile.c.version)
    return [tuple(row) for row in connection.execute(select(*key).order_by(*key))]


def count(connection: Connection, table: object) -> int:
    found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_tree_on_disk_is_the_tree_in_memory(database: Database, seed: int) -> None:
    rng = random.Random(seed)
    sizes = [1, 255, 256, 257, 65_536, 65_793, 10_000_000]
    entries = [commission(number, size) for number, size in enumerate(sizes, 1)]
    for time in range(600):
        number = rng.randrange(len(sizes))
        size = sizes[number]
        first = rng.choice([0, size - 1, size // 2, rng.randrange(size)])
        wide = size - first > 2 and rng.random() < 0.05
        entries.append(void(number + 1, first, 2 if wide else 1, time))
    memory = MemoryShelf()
    version = 0
    while entries:
        some, entries = entries[: rng.randrange(1, 90)], entries[90:]
        fold(memory, some)
        assert folded(database, version, *some) == state_of(memory)
        version += rng.choice([0, 0, 10])


def test_more_tiles_than_one_statement_names_are_all_read_and_written(database: Database) -> None:
    log = [commission(1, 300_000), *(void(1, 256 * tile) for tile in range(1_100))]
    memory = MemoryShelf()
    for version in (0, 5):
        fold(memory, log)
        assert folded(database, version, *log) == state_of(memory)
        log = [void(1, 256 * tile + 1) for tile in range(1_100)]


def test_more_batches_than_one_statement_names_are_all_found(database: Database) -> None:
    log = [commission(number, 3) for number in range(1, 601)]
    again = [void(number, 2) for number in range(1, 601)]
    memory = MemoryShelf()
    for some in (log, again):
        fold(memory, some)
        assert folded(database, 0, *some) == state_of(memory)
    with database.read() as connection:
        placed = StateShelf(connection, 0).batches([entry.subject for entry in log])
    assert [placed[entry.subject].position for entry in log] == list(range(600))


def test_an_unused_batch_of_ten_million_keys_costs_one_row(database: Database) -> None:
    folded(database, 0, commission(1, 3))
    with database.read() as connection:
        before = rows(connection)
    folded(database, 0, commission(2, 10_000_000), void(2, 0, 10_000_000))
    with database.read() as connection:
        assert rows(connection) == before == [(0, 0, 0, 0)]
        assert count(connection, state_batch) == 2
    folded(database, 0, void(2, 9_999_999), void(2, 5))
    with database.read() as connection:
        assert len(rows(connection)) == len(before) + 2 + 2  # records of two tiles, two above


def test_a_version_reads_what_it_was_whatever_came_later(database: Database) -> None:
    folded(database, 0, commission(1, 600), void(1, 0))
    folded(database, 10, void(1, 0, time=3), void(1, 300))
    folded(database, 20, void(1, 300, time=4), commission(2, 4))

    def records(version: int) -> dict[int, list[int]]:
        with database.read() as connection:
            read = state_store.cells_at(connection, 1, version)
            return {tile: sorted(read(0, tile)) for tile in (0, 1, 2)}

    assert records(9) == {0: [0], 1: [], 2: []}
    assert records(19) == records(29) == {0: [0], 1: [44], 2: []}
    with database.read() as connection:
        at = [state_store.cells_at(connection, 1, version)(0, 0)[0] for version in (9, 10, 29)]
        batches = [sorted(state_store.cells_at(connection, 0, version)(0, 0)) for version in (9, 19, 20)]
    assert at[0] != at[1] == at[2]
    assert batches == [[0], [0], [0, 1]]


def test_a_tile_written_twice_under_one_version_has_one_row(database: Database) -> None:
    for version in (0, 0, 7, 7, 7):
        folded(database, version, commission(1, 3), void(1, 0), void(1, 1))
    with database.read() as connection:
        assert rows(connection) == [(tree, 0, 0, version) for tree in (0, 1) for version in (0, 7)]
        assert count(connection, state_superseded) == 2


def test_pruning_takes_what_was_superseded_by_then_and_not_more_than_asked(database: Database) -> None:
    versions = (0, 10, 20, 30)
    for version in versions:
        folded(database, version, commission(1, 300), void(1, 0, time=version), void(1, 280, time=version))
        folded(database, version, void(1, 5))

    def left() -> dict[int, int]:
        with database.read() as connection:
            found = rows(connection)
        return {version: sum(row[3] == version for row in found) for version in versions}

    assert left() == {0: 4, 10: 4, 20: 4, 30: 4}  # batches, two of records, one above
    with database.write() as connection:
        assert not state_store.is_prunable(connection, 9)
        assert state_store.prune(connection, 9, 100) == 0
        assert state_store.is_prunable(connection, 10)
        assert state_store.prune(connection, 19, 3) == 3
        assert state_store.prune(connection, 19, 100) == 1
        assert state_store.prune(connection, 19, 100) == 0
    assert left() == {0: 0, 10: 4, 20: 4, 30: 4}
    with database.write() as connection:
        state_store.prune(connection, 30, 100)
        assert count(connection, state_superseded) == 0
    assert left() == {0: 0, 10: 0, 20: 0, 30: 4}


@pytest.mark.parametrize("lost", ["tree = 0", "tree = 1 AND level = 0", "tree = 1 AND level = 1"])
def test_a_lost_tile_does_not_pass_for_untouched_keys(database: Database, lost: str) -> None:
    folded(database, 0, commission(1, 600), void(1, 3))
    with database.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM state_tile WHERE {lost}")
    with pytest.raises(InputRefused) as refused:
        folded(database, 0, void(1, 4))
    assert refused.value.code == "tile_malformed"


def test_what_was_touched_once_stays_however_old(database: Database) -> None:
    folded(database, 0, commission(1, 300), void(1, 280))
    for version in (10, 20, 30):
        folded(database, version, void(1, 0, time=version))
    with database.write() as connection:
        state_store.prune(connection, 30, 100)
        assert sorted(state_store.cells_at(connection, 1, 30)(0, 1)) == [24]


def test_progress_is_kept_and_everything_can_be_forgotten(database: Database) -> None:
    with database.write() as connection:
        assert state_store.progress(connection) == Progress(0, 0, 0)
        for now in (Progress(5, 0, 0), Progress(9, 9, 4)):
            state_store.set_progress(connection, now)
            assert state_store.progress(connection) == now
    folded(database, 0, commission(1, 3), void(1, 0))
    folded(database, 9, void(1, 0))
    with database.write() as connection:
        state_store.forget_all(connection)
        assert state_store.progress(connection) == Progress(0, 0, 0)
        assert rows(connection) == []
        assert count(connection, state_batch) + count(connection, state_superseded) == 0
