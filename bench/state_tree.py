"""``python -m bench.state_tree``: what the state tree of ten million keys costs, on both databases.

For keys spread evenly over the batch and for neighbours: entries folded a second, bytes on disk a
touched key for the first version and for each further one, a STATE, and a proof.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from bench.harness import Result, seconds, show
from provenance.core import tiles
from provenance.core.entries import Entry, EntryType
from provenance.core.statefold import fold, state_of
from provenance.core.statetiles import tile_reader
from provenance.services.statekeeping import STEP
from provenance.store import state as state_store
from provenance.store.database import Database, create_schema
from provenance.store.postgres import EmbeddedPostgres
from provenance.store.state import StateShelf

SIZE = 10_000_000
BATCH_ID = bytes(31) + b"\x01"
ACTOR = bytes(20)


def measure(name: str, url: str, keys: list[int]) -> list[Result]:
    """Touch *keys* once, then all of them again under a second version; *name* goes before each row."""
    create_schema(url)
    database = Database(url)
    try:
        _fold(database, 0, [Entry(EntryType.COMMISSION, 1, BATCH_ID, ACTOR, 0, SIZE)])
        empty = _bytes(database)
        first = seconds(lambda: _touch(database, 0, keys))
        once = _bytes(database)
        second = seconds(lambda: _touch(database, 10, keys))
        twice = _bytes(database)
        count = len(keys)
        rows = [
            ("entries folded, first version", count / first, "1/s"),
            ("entries folded, second version", count / second, "1/s"),
            ("disk a key, first version", (once - empty) / count, "bytes"),
            ("disk a key, each further version", (twice - once) / count, "bytes"),
            ("a STATE", _state_seconds(database) * 1e3, "ms"),
            ("a proof from it", _proof_seconds(database, keys) * 1e3, "ms"),
        ]
        return [Result(f"{name}: {what}", value, None, None, unit, count, 1) for what, value, unit in rows]
    finally:
        database.dispose()


def _touch(database: Database, version: int, keys: list[int]) -> None:
    for start in range(0, len(keys), STEP):
        some = keys[start : start + STEP]
        _fold(database, version, [Entry(EntryType.VOID, 2, BATCH_ID, ACTOR, key, 1) for key in some])


def _fold(database: Database, version: int, entries: list[Entry]) -> None:
    with database.write() as connection:
        fold(StateShelf(connection, version), entries)


def _state_seconds(database: Database) -> float:
    with database.write() as connection:
        return seconds(lambda: state_of(StateShelf(connection, 10)))


def _proof_seconds(database: Database, keys: list[int]) -> float:
    with database.snapshot() as connection:
        read = tile_reader(state_store.cells_at(connection, 1, 9), 1)
        some = keys[:: max(1, len(keys) // 50)]
        return seconds(lambda: [tiles.inclusion_at(read, key, SIZE) for key in some]) / len(some)


def _bytes(database: Database) -> int:
    """Bytes of the state tree's tables and indexes, without what a vacuum gives back."""
    if database.is_sqlite:
        with database.read() as connection:
            connection.execute(text("VACUUM"))
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            return int(pages * connection.execute(text("PRAGMA page_size")).scalar_one())
    tables = ("state_tile", "state_superseded", "state_batch")
    with database.read() as connection:
        for table in tables:
            connection.execute(text(f"VACUUM FULL {table}"))
        sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
        return int(connection.execute(text(f"SELECT {sizes}")).scalar_one())


@contextmanager
def _databases() -> Iterator[dict[str, list[str]]]:
    """Two fresh databases of each engine."""
    folder = Path(tempfile.mkdtemp(prefix="provenance-bench-"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder / "postgres")
    try:
        server.start()
        database = Database(server.url())
        with database.read() as connection:
            for number in range(2):
                connection.execute(text(f"CREATE DATABASE bench_{number}"))
        database.dispose()
        yield {
            "SQLite": [f"sqlite:///{folder}/bench-{number}.sqlite" for number in range(2)],
            "PostgreSQL": [server.url(f"bench_{number}") for number in range(2)],
        }
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure both ways of touching keys on both databases."""
    parser = argparse.ArgumentParser(prog="bench.state_tree", description=__doc__)
    parser.add_argument("--keys", type=int, default=100_000, help="touched keys")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args()
    spread = random.Random(1).sample(range(SIZE), arguments.keys)
    results: list[Result] = []
    with _databases() as databases:
        for engine, (one, other) in databases.items():
            results += measure(f"{engine}, spread", one, spread)
            results += measure(f"{engine}, neighbours", other, list(range(arguments.keys)))
    show(results, as_json=arguments.json)


if __name__ == "__main__":
    main()
