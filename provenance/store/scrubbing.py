"""Rows as they lie on disk, to be compared with each other: nothing is decoded or believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from provenance.store.schema import batch, card_key, entry
from provenance.store.schema_log import tile


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


def _raw(connection: Connection, query: object) -> Iterator[RawEntry]:
    for row in connection.execute(query):  # type: ignore[call-overload]
        columns = (row[2], row[3], bytes(row[4]), row[5], bool(row[6]), bytes(row[7]), bytes(row[8]))
        yield RawEntry(row[0], bytes(row[1]), columns)
