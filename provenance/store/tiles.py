"""Trees as tiles of 256 hashes: the log's under number 0, a batch's under its own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import Final

from psycopg.types.numeric import Int2, Int8
from sqlalchemy import Connection, func

from provenance.core.merkle import HASH_SIZE
from provenance.core.tiles import TileReader, TileRow, path_tiles
from provenance.store.driver import driver_of, is_sqlite
from provenance.store.schema_log import LOG_TREE as LOG_TREE
from provenance.store.schema_log import tile as table
from provenance.store.upsert import insert_or

_AT_ONCE: Final = 500
"""Tiles in one statement: 8 KB each, so some 4 MB."""


_ONE: Final = "SELECT hashes FROM tile WHERE tree = %s AND level = %s AND idx = %s"
_ONE_SQLITE: Final = _ONE.replace("%s", "?")
_LOOK: Final = "SELECT level, idx, hashes FROM tile WHERE tree = %s AND level = %s AND idx = %s"
_LOOK_SQLITE: Final = "SELECT level, idx, hashes FROM tile WHERE tree = ?1"


def reader(connection: Connection, tree: int) -> TileReader:
    """A function that reads from the stored tree *tree* on this connection.

    A tile that is not there reads as empty; ``core.tiles`` refuses it as too narrow.
    """

    def read(level: int, index: int, width: int, /) -> bytes:
        return hashes(connection, tree, level, index)[: width * HASH_SIZE]

    return read


def hashes(connection: Connection, tree: int, level: int, index: int) -> bytes:
    """All stored hashes of one tile, 32 bytes each; empty if there is no such tile."""
    with driver_of(connection) as raw:
        query = _ONE_SQLITE if is_sqlite(connection) else _ONE
        found = raw.execute(query, (tree, level, index), **_binary(connection)).fetchone()
    return b"" if found is None else bytes(found[0])


def path_reader(connection: Connection, tree: int, index: int, size: int) -> TileReader:
    """A reader that has what the proof for leaf *index* of the first *size* needs, by one statement."""
    wanted = path_tiles(index, size)
    with driver_of(connection) as raw:
        if is_sqlite(connection):
            rows = raw.execute(_some_sqlite(len(wanted)), (tree, *chain.from_iterable(wanted)))
        else:
            each = [value for level, place in wanted for value in (Int8(tree), Int2(level), Int8(place))]
            rows = raw.execute(_some(len(wanted)), each, binary=True)
        held = {(level, place): content for level, place, content in rows}

    def read(level: int, place: int, width: int, /) -> bytes:
        content = held.get((level, place))
        found = hashes(connection, tree, level, place) if content is None else content
        return found if len(found) == width * HASH_SIZE else found[: width * HASH_SIZE]

    return read


@cache
def _some(count: int) -> str:
    """The same on PostgreSQL, which plans this once, and a join with a list of places every time."""
    return " UNION ALL ".join([_LOOK] * count) or f"{_LOOK} AND false"


@cache
def _some_sqlite(count: int) -> str:
    """*count* looks into the index, one after the other; a list of places would be walked through."""
    each = (f"{_LOOK_SQLITE} AND level = ?{2 * n} AND idx = ?{2 * n + 1}" for n in range(1, count + 1))
    return " UNION ALL ".join(each) or f"{_LOOK_SQLITE} AND false"


def _binary(connection: Connection) -> dict[str, bool]:
    return {} if is_sqlite(connection) else {"binary": True}


def write(connection: Connection, tree: int, tiles: Iterable[TileRow]) -> None:
    """Store *tiles*; a wider one takes the place of its prefix, a narrower one never of a wider."""
    rows = [
        {"tree": tree, "level": level, "idx": index, "hashes": content} for level, index, content in tiles
    ]
    fresh = insert_or(connection, table)
    statement = fresh.on_conflict_do_update(
        index_elements=["tree", "level", "idx"],
        set_={"hashes": fresh.excluded.hashes},
        where=func.length(table.c.hashes) < func.length(fresh.excluded.hashes),
    )
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(statement, rows[start : start + _AT_ONCE])
