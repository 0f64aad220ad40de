"""Trees as tiles of 256 hashes: the log's under number 0, a batch's under its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, func, select

from provenance.core.merkle import HASH_SIZE
from provenance.core.tiles import TileReader, TileRow
from provenance.store.schema_log import LOG_TREE as LOG_TREE
from provenance.store.schema_log import tile as table
from provenance.store.upsert import insert_or

_AT_ONCE: Final = 500
"""Tiles in one statement: 8 KB each, so some 4 MB."""


def reader(connection: Connection, tree: int) -> TileReader:
    """A function that reads from the stored tree *tree* on this connection.

    A tile that is not there reads as empty; ``core.tiles`` refuses it as too narrow.
    """

    def read(level: int, index: int, width: int, /) -> bytes:
        return hashes(connection, tree, level, index)[: width * HASH_SIZE]

    return read


def hashes(connection: Connection, tree: int, level: int, index: int) -> bytes:
    """All stored hashes of one tile, 32 bytes each; empty if there is no such tile."""
    query = select(table.c.hashes).where(table.c.tree == tree, table.c.level == level, table.c.idx == index)
    found = connection.execute(query).scalar()
    return b"" if found is None else bytes(found)


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
