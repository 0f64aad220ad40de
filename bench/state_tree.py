"""``python -m bench.state_tree``: what the state tree of ten million keys costs, on both databases.

For keys spread evenly over the batch and for neighbours: entries folded a second, bytes on disk a
touched key for the first version and for each further one, a STATE, a proof, and the memory of the process
at its most; and the bytes of a batch of ten million keys that nobody has touched.

``--keys 10000000 --order neighbours --versions 1`` touches every key there is.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

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
UNTOUCHED: Final = 1_000
"""Batches that nobody touches: so many that a page of the database more or less is no matter."""
ENGINES: Final = ("SQLite", "PostgreSQL")
ORDERS: Final = ("spread", "neighbours")


def measure(name: str, url: str, keys: Sequence[int], versions: int) -> list[Result]:
    """Touch *keys* once a version, each version beside those before; *name* goes before each row."""
    create_schema(url)
    database = Database(url)
    try:
        blank = _bytes(database)
        _fold(
            database,
            0,
            [
                _commission(BATCH_ID),
                *(_commission(bytes([1]) * 30 + i.to_bytes(2)) for i in range(UNTOUCHED)),
            ],
        )
        empty = _bytes(database)
        rows = [("disk an untouched batch", (empty - blank) / (UNTOUCHED + 1), "bytes")]
        before, which = empty, "first version"
        for version in range(versions):
            taken = seconds(lambda version=version: _touch(database, 10 * version, keys))  # type: ignore[misc]
            after = _bytes(database)
            rows += [
                (f"entries folded, {which}", len(keys) / taken, "1/s"),
                (f"disk a key, {which}", (after - before) / len(keys), "bytes"),
                (f"disk in all, {which}", (after - empty) / 1e6, "MB"),
            ]
            before, which = after, "each further version"
        rows += [
            ("a STATE", _state_seconds(database) * 1e3, "ms"),
            ("a proof from it", _proof_seconds(database, keys) * 1e3, "ms"),
            ("memory of the process", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB"),
        ]
        return [
            Result(f"{name}: {what}", value, None, None, unit, len(keys), 1) for what, value, unit in rows
        ]
    finally:
        database.dispose()


def _commission(batch_id: bytes) -> Entry:
    return Entry(EntryType.COMMISSION, 1, batch_id, ACTOR, 0, SIZE)


def _touch(database: Database, version: int, keys: Sequence[int]) -> None:
    for start in range(0, len(keys), STEP):
        some = keys[start : start + STEP]
        _fold(database, version, [Entry(EntryType.VOID, 2, BATCH_ID, ACTOR, key, 1) for key in some])


def _fold(database: Database, version: int, entries: list[Entry]) -> None:
    with database.write() as connection:
        fold(StateShelf(connection, version), entries)


def _state_seconds(database: Database) -> float:
    with database.write() as connection:
        return seconds(lambda: state_of(StateShelf(connection, 10)))


def _proof_seconds(database: Database, keys: Sequence[int]) -> float:
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
    """Measure the ways of touching keys that are asked for, on the databases asked for."""
    parser = argparse.ArgumentParser(prog="bench.state_tree", description=__doc__)
    parser.add_argument("--keys", type=int, default=100_000, help="touched keys, ten million at most")
    parser.add_argument("--versions", type=int, default=2, help="how often all of them are touched")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="this database alone")
    parser.add_argument("--order", choices=ORDERS, action="append", help="this way of touching alone")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args()
    with _databases() as databases:
        for engine in arguments.engine or ENGINES:
            for order, url in zip(ORDERS, databases[engine], strict=True):
                if order in (arguments.order or ORDERS):
                    keys: Sequence[int] = range(arguments.keys)
                    if order == "spread":
                        keys = random.Random(1).sample(range(SIZE), arguments.keys)
                    found = measure(f"{engine}, {order}", url, keys, arguments.versions)
                    show(found, as_json=arguments.json)


if __name__ == "__main__":
    main()
