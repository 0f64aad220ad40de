"""Rows as they lie on disk, to be compared with each other: nothing is decoded or believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, literal, or_, select, tuple_

from provenance.core.entries import Entry, EntryType
from provenance.core.statefold import BatchState
from provenance.core.tiles import TILE_WIDTH
from provenance.errors import InputRefused
from provenance.store.entries import is_of_type
from provenance.store.schema import batch, card_key, entry
from provenance.store.schema_log import tile
from provenance.store.schema_state import state_batch, state_tile


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry's 124 bytes, and the columns that repeat parts of them."""

    index: int | None
    raw: bytes
    columns: tuple[int, int, bytes, int, bool, bytes, bytes]


@dataclass(frozen=True, slots=True)
class RawKey:
    """What a touched key's row says of its life."""

    index: int
    state: int
    entries: int


@dataclass(frozen=True, slots=True)
class BatchTile:
    """Where a tile of a live batch lies, and what its batch was signed as."""

    tree: int
    level: int
    index: int
    batch_id: bytes
    root: bytes
    size: int


@dataclass(frozen=True, slots=True)
class StateRow:
    """A stored tile of the state tree in one version; ``next_version`` is what superseded it, if anything.

    ``size`` is the number of keys of the tree's batch, 0 for the tree over the batches or an unknown one.
    """

    tree: int
    level: int
    index: int
    version: int
    next_version: int | None
    size: int
    cells: bytes

    @property
    def place(self) -> tuple[int, int, int, int]:
        return self.tree, self.level, self.index, self.version


_ENTRY = (
    entry.c.log_index, entry.c.raw, entry.c.time, entry.c.type, entry.c.subject, entry.c.first,
    entry.c.is_range, entry.c.actor, entry.c.party,
)  # fmt: skip


def entries_between(connection: Connection, start: int, stop: int) -> list[RawEntry]:
    """Entries with start ≤ log index < stop, in order."""
    query = select(*_ENTRY).where(entry.c.log_index >= start, entry.c.log_index < stop)
    return list(_raw(connection, query.order_by(entry.c.log_index)))


def waiting_entries(connection: Connection) -> list[RawEntry]:
    """Entries without an index, sorted as they will stand in the log."""
    query = select(*_ENTRY).where(entry.c.log_index.is_(None))
    return list(_raw(connection, query.order_by(entry.c.time, entry.c.event)))


def entries_beyond(connection: Connection, size: int) -> int:
    """How many entries have an index at or past *size*."""
    query = select(func.count()).select_from(entry).where(entry.c.log_index >= size)
    return int(connection.execute(query).scalar_one())


def touched_keys(connection: Connection, number: int) -> Iterator[RawKey]:
    """The rows of a batch's keys that say that something happened to them."""
    query = select(card_key.c.idx, card_key.c.state, card_key.c.entries).where(
        card_key.c.batch == number, or_(card_key.c.entries > 0, card_key.c.state > 0)
    )
    for row in connection.execute(query.execution_options(yield_per=1_000)):
        yield RawKey(row[0], row[1], row[2])


def batch_tiles(connection: Connection, after: tuple[int, int, int], limit: int) -> list[BatchTile]:
    """The next tiles of live batches after (tree, level, index), in that order."""
    tree, level, index = after
    place = (tile.c.tree, tile.c.level, tile.c.idx)
    query = select(*place, batch.c.batch_id, batch.c.root, batch.c.size).join(
        batch, batch.c.number == tile.c.tree
    )
    # Spelt out for `tree`, so that both databases begin to read where the last step ended.
    later = or_(
        tile.c.tree > tree,
        tile.c.level > level,
        and_(tile.c.level == level, tile.c.idx > index),
    )
    query = query.where(tile.c.tree >= max(tree, 1), later, batch.c.status == 1)
    rows = connection.execute(query.order_by(*place).limit(limit))
    return [BatchTile(row[0], row[1], row[2], bytes(row[3]), bytes(row[4]), row[5]) for row in rows]


def state_rows(connection: Connection, after: tuple[int, int, int, int], limit: int) -> list[StateRow]:
    """The next stored tiles of the state tree after (tree, level, index, version), in that order."""
    columns = (state_tile.c.tree, state_tile.c.level, state_tile.c.idx, state_tile.c.version)
    later = state_tile.alias("later")
    following = (
        select(func.min(later.c.version))
        .where(*(later.c[name] == state_tile.c[name] for name in ("tree", "level", "idx")))
        .where(later.c.version > state_tile.c.version)
        .scalar_subquery()
    )
    query = (
        select(*columns, following, state_batch.c.size, state_tile.c.cells)
        .join(state_batch, state_batch.c.position == state_tile.c.tree - 1, isouter=True)
        # Spelt out for the tree, so that both databases begin to read where the last step ended.
        .where(columns[0] >= after[0], tuple_(*columns) > tuple_(*(literal(one) for one in after)))
        .order_by(*columns)
        .limit(limit)
    )
    return [StateRow(*row[:5], row[5] or 0, bytes(row[6])) for row in connection.execute(query)]


def state_children(connection: Connection, row: StateRow) -> set[int]:
    """The indices of the tiles below that of *row* that were there in its version."""
    first = row.index * TILE_WIDTH
    query = select(state_tile.c.idx).where(
        state_tile.c.tree == row.tree, state_tile.c.level == row.level - 1,
        state_tile.c.idx >= first, state_tile.c.idx < first + TILE_WIDTH,
        state_tile.c.version <= row.version,
    )  # fmt: skip
    return set(connection.execute(query.distinct()).scalars())


def state_rows_above(connection: Connection, row: StateRow) -> list[bytes]:
    """The cells of the tile above that of *row*, of each version from its own up to what superseded it."""
    query = select(state_tile.c.cells).where(
        state_tile.c.tree == row.tree, state_tile.c.level == row.level + 1,
        state_tile.c.idx == row.index // TILE_WIDTH, state_tile.c.version >= row.version,
    )  # fmt: skip
    if row.next_version is not None:
        query = query.where(state_tile.c.version < row.next_version)
    return [bytes(cells) for cells in connection.execute(query).scalars()]


def state_batch_from(connection: Connection, position: int) -> BatchState | None:
    """The batch of the state tree at *position* or the next one after it."""
    query = select(state_batch).where(state_batch.c.position >= position)
    row = connection.execute(query.order_by(state_batch.c.position).limit(1)).first()
    if row is None:
        return None
    return BatchState(
        row.position, bytes(row.batch_id), row.size, bytes(row.range_chain), bytes(row.keys_root)
    )


def newest_states(connection: Connection, floor: int, limit: int) -> list[tuple[int, Entry]]:
    """The newest STATEs from log index *floor* on, the newest first; a damaged row is another step's."""
    query = select(entry.c.log_index, entry.c.raw).where(
        *is_of_type(EntryType.STATE), entry.c.log_index >= floor
    )
    found = []
    for index, raw in connection.execute(query.order_by(entry.c.log_index.desc()).limit(limit)):
        with suppress(InputRefused):
            found.append((index, Entry.decode(bytes(raw))))
    return found


def _raw(connection: Connection, query: object) -> Iterator[RawEntry]:
    for row in connection.execute(query):  # type: ignore[call-overload]
        columns = (row[2], row[3], bytes(row[4]), row[5], bool(row[6]), bytes(row[7]), bytes(row[8]))
        yield RawEntry(row[0], bytes(row[1]), columns)
