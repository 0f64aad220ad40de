"""The state tree on disk: sparse tiles by version, batches by position, and how far the log is folded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import (
    Connection,
    Row,
    TextClause,
    bindparam,
    delete,
    func,
    select,
    text,
)

from provenance.core.entries import EntryType
from provenance.core.statefold import BatchState, TreeTile
from provenance.core.statetiles import CellReader, Cells, pack, unpack
from provenance.store.entries import is_of_type
from provenance.store.schema import entry
from provenance.store.schema_state import state_batch, state_progress, state_superseded, state_tile
from provenance.store.upsert import insert_or

T = TypeVar("T")

_AT_ONCE: Final = 250
"""Tiles or batches named in one statement: SQLite of old takes 999 parameters."""


@dataclass(frozen=True, slots=True)
class Progress:
    """*folded* entries are in the tree, the newest under *version*; STATEs from index *floor* on are kept."""

    folded: int
    version: int
    floor: int


def progress(connection: Connection) -> Progress:
    """How far the tree is."""
    columns = (state_progress.c.folded, state_progress.c.version, state_progress.c.floor)
    found = connection.execute(select(*columns)).first()
    return Progress(0, 0, 0) if found is None else Progress(*found)


def set_progress(connection: Connection, now: Progress) -> None:
    """Note how far the tree is, in the transaction that brings it there."""
    values = {"folded": now.folded, "version": now.version, "floor": now.floor}
    fresh = insert_or(connection, state_progress).values(id=1, **values)
    connection.execute(fresh.on_conflict_do_update(index_elements=["id"], set_=values))


class StateShelf:
    """The tree as it is written now, under *version*: a ``core.statefold.Shelf``.

    What an earlier version holds is never changed; it is noted as superseded.
    """

    def __init__(self, connection: Connection, version: int) -> None:
        self._connection = connection
        self._version = version
        self._read: dict[tuple[int, TreeTile], int] = {}

    def tiles(self, level: int, places: Collection[TreeTile]) -> dict[TreeTile, Cells]:
        """The newest of the tiles asked for."""
        found: dict[TreeTile, Cells] = {}
        for row in _newest(self._connection, level, places, self._version):
            self._read[level, (row.tree, row.idx)] = row.version
            found[row.tree, row.idx] = unpack(bytes(row.cells))
        return found

    def put_tiles(self, level: int, changed: Mapping[TreeTile, Cells]) -> None:
        """Write tiles that were asked for before; what an earlier version held stays beside them."""
        now = self._version
        rows = [
            {"tree": tree, "level": level, "idx": index, "version": now, "cells": pack(cells)}
            for (tree, index), cells in sorted(changed.items())
        ]
        if not rows:
            return
        fresh = insert_or(self._connection, state_tile)
        key = ["tree", "level", "idx", "version"]
        statement = fresh.on_conflict_do_update(index_elements=key, set_={"cells": fresh.excluded.cells})
        self._connection.execute(statement, rows)
        earlier = [
            {"by": now, "tree": tree, "level": level, "idx": index, "version": version}
            for tree, index in sorted(changed)
            if (version := self._read.get((level, (tree, index)), now)) < now
        ]
        if earlier:
            statement = insert_or(self._connection, state_superseded).on_conflict_do_nothing()
            self._connection.execute(statement, earlier)
            self._read.update(((level, place), now) for place in changed)

    def batches(self, batch_ids: Collection[bytes]) -> dict[bytes, BatchState]:
        """Those of *batch_ids* that have a position."""
        found: dict[bytes, BatchState] = {}
        for some in _chunks(batch_ids):
            query = select(state_batch).where(state_batch.c.batch_id.in_(some))
            found.update((bytes(row.batch_id), _batch(row)) for row in self._connection.execute(query))
        return found

    def put_batches(self, changed: Collection[BatchState]) -> None:
        """Write batches, new ones included."""
        rows = [
            {
                "position": one.position, "batch_id": one.batch_id, "size": one.size,
                "range_chain": one.range_chain, "keys_root": one.keys_root,
            }
            for one in sorted(changed, key=lambda one: one.position)
        ]  # fmt: skip
        fresh = insert_or(self._connection, state_batch)
        moved = {"range_chain": fresh.excluded.range_chain, "keys_root": fresh.excluded.keys_root}
        self._connection.execute(fresh.on_conflict_do_update(index_elements=["position"], set_=moved), rows)

    def count(self) -> int:
        """The number of batches."""
        last: int | None = self._connection.execute(select(func.max(state_batch.c.position))).scalar()
        return 0 if last is None else last + 1


def cells_at(connection: Connection, tree: int, version: int) -> CellReader:
    """A function that reads from the tree *tree* as it was under *version*."""

    def read(level: int, index: int, /) -> Mapping[int, bytes]:
        found = next(_newest(connection, level, [(tree, index)], version), None)
        return {} if found is None else unpack(bytes(found.cells))

    return read


def batch_of(connection: Connection, batch_id: bytes) -> BatchState | None:
    """The place of a batch in the tree."""
    found = connection.execute(select(state_batch).where(state_batch.c.batch_id == batch_id)).first()
    return None if found is None else _batch(found)


def newest_state(connection: Connection) -> int | None:
    """The log index of the last STATE."""
    query = select(entry.c.log_index).where(*is_of_type(EntryType.STATE), entry.c.log_index.is_not(None))
    found: int | None = connection.execute(query.order_by(entry.c.log_index.desc()).limit(1)).scalar()
    return found


def is_prunable(connection: Connection, floor: int) -> bool:
    """Whether ``prune`` would find anything."""
    query = select(state_superseded.c.by).where(state_superseded.c.by <= floor).limit(1)
    return connection.execute(query).first() is not None


def prune(connection: Connection, floor: int, limit: int) -> int:
    """Delete up to *limit* tiles that no STATE from log index *floor* on shows; how many those were."""
    gone = state_superseded
    key = (gone.c.by, gone.c.tree, gone.c.level, gone.c.idx)
    query = select(*key, gone.c.version).where(gone.c.by <= floor).order_by(*key).limit(limit)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    if rows:
        named = [{f"of_{name}": value for name, value in row.items()} for row in rows]
        this = [state_tile.c[name] == bindparam(f"of_{name}") for name in ("tree", "level", "idx", "version")]
        connection.execute(delete(state_tile).where(*this), named)
        noted = [gone.c[name] == bindparam(f"of_{name}") for name in ("by", "tree", "level", "idx")]
        connection.execute(delete(gone).where(*noted), named)
    return len(rows)


def forget_all(connection: Connection) -> None:
    """Throw the whole tree away."""
    for table in (state_tile, state_superseded, state_batch, state_progress):
        connection.execute(delete(table))


def _newest(
    connection: Connection, level: int, places: Collection[TreeTile], version: int
) -> Iterator[Row[Any]]:
    """The row of each of *places* with the greatest version up to *version*."""
    for some in _chunks(sorted(places)):
        named = {"level": level, "version": version}
        for number, (tree, index) in enumerate(some):
            named[f"tree{number}"], named[f"idx{number}"] = tree, index
        rows = connection.execute(_newest_of(len(some)), named)
        yield from (row for row in rows if row.cells is not None)


@cache
def _newest_of(count: int) -> TextClause:
    # Written out: a list of pairs has no form that both databases look up in the index, and one made of
    # SQLAlchemy's parts anew each time takes longer to make than to run.
    rows = ", ".join(f"(:tree{number}, :idx{number})" for number in range(1, count))
    first = "(CAST(:tree0 AS BIGINT), CAST(:idx0 AS BIGINT))"
    values = f"{first}, {rows}" if rows else first
    tile = """FROM state_tile AS tile
          WHERE tile.tree = wanted.tree AND tile.level = :level AND tile.idx = wanted.idx
            AND tile.version <= :version"""
    # Values, not a join: whatever the statistics say, each is one look into the primary key.
    return text(
        f"""WITH wanted(tree, idx) AS (VALUES {values})
        SELECT wanted.tree AS tree, wanted.idx AS idx,
          (SELECT max(tile.version) {tile}) AS version,
          (SELECT tile.cells {tile} ORDER BY tile.version DESC LIMIT 1) AS cells
        FROM wanted"""  # noqa: S608 - names of parameters, and nothing else
    )


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    stream = iter(items)
    while chunk := list(islice(stream, _AT_ONCE)):
        yield chunk


def _batch(row: Row[Any]) -> BatchState:
    return BatchState(
        row.position, bytes(row.batch_id), row.size, bytes(row.range_chain), bytes(row.keys_root)
    )
