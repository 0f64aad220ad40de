"""The entries, before and after they have a place in the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import (
    insert as insert_into,
)

from provenance.core.entries import Entry, EntryType
from provenance.store.schema import entry as table

_FIRST_OTHER_TYPE: Final = 32


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with its event id, its log index once sequenced, and its sealed details."""

    event: bytes
    index: int | None
    entry: Entry
    sealed: bytes | None


def insert(connection: Connection, event: bytes, entry: Entry, sealed: bytes | None) -> None:
    """Store one entry that waits for its place in the log."""
    connection.execute(insert_into(table), row(event, entry, sealed))


def insert_many(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store many; *rows* as :func:`row` makes them."""
    if rows:
        connection.execute(insert_into(table), list(rows))


def row(event: bytes, entry: Entry, sealed: bytes | None) -> dict[str, Any]:
    """The columns of one entry that has no index yet."""
    return {
        "event": event,
        "time": entry.time,
        "type": int(entry.type),
        "subject": entry.subject,
        "first": entry.first,
        "is_range": entry.is_range,
        "actor": entry.actor,
        "party": entry.party,
        "raw": entry.encode(),
        "details": sealed,
    }


_COLUMNS: Final = (table.c.event, table.c.log_index, table.c.raw, table.c.details)


def by_event(connection: Connection, event: bytes) -> StoredEntry | None:
    """The entry of that event id."""
    return _one(connection, select(*_COLUMNS).where(table.c.event == event))


def by_index(connection: Connection, index: int) -> StoredEntry | None:
    """The entry at that log index."""
    return _one(connection, select(*_COLUMNS).where(table.c.log_index == index))


def between(connection: Connection, start: int, stop: int) -> list[StoredEntry]:
    """Entries with start ≤ log index < stop, in order."""
    query = select(*_COLUMNS).where(table.c.log_index >= start, table.c.log_index < stop)
    return _many(connection, query.order_by(table.c.log_index))


def of_key(connection: Connection, batch_id: bytes, index: int) -> list[StoredEntry]:
    """Every entry on one key, ranges over it included, in the order of time (which is the log's)."""
    alone = and_(table.c.is_range.is_(False), table.c.first == index)
    over = and_(table.c.is_range.is_(True), table.c.first <= index)
    query = select(*_COLUMNS).where(
        table.c.subject == batch_id, table.c.type < _FIRST_OTHER_TYPE, or_(alone, over)
    )
    found = _many(connection, query.order_by(table.c.time))
    return [stored for stored in found if stored.entry.covers(index)]


def ranges_of_batch(connection: Connection, batch_id: bytes) -> list[StoredEntry]:
    """The range entries of a batch in order: its COMMISSION and all with more than one key."""
    query = select(*_COLUMNS).where(table.c.subject == batch_id, table.c.is_range.is_(True))
    return _many(connection, query.order_by(table.c.time))


def about_parties(connection: Connection, addresses: Iterable[bytes]) -> list[StoredEntry]:
    """PARTY entries whose subject is one of *addresses*, in order of time."""
    subjects = [bytes(12) + address for address in set(addresses)]
    query = select(*_COLUMNS).where(table.c.type == int(EntryType.PARTY), table.c.subject.in_(subjects))
    return _many(connection, query.order_by(table.c.time))


def of_type(connection: Connection, kind: EntryType) -> list[StoredEntry]:
    """Every entry of one type, in order of time; for the rare types only."""
    return _many(connection, select(*_COLUMNS).where(table.c.type == int(kind)).order_by(table.c.time))


def under_address(
    connection: Connection, address: bytes, after: tuple[int, bytes], limit: int
) -> list[StoredEntry]:
    """Entries in which *address* is actor or party, after the (time, event) given, oldest first."""
    later = or_(table.c.time > after[0], and_(table.c.time == after[0], table.c.event > after[1]))
    named = or_(table.c.actor == address, table.c.party == address)
    query = select(*_COLUMNS).where(named, later).order_by(table.c.time, table.c.event).limit(limit)
    return _many(connection, query)


def newest_time_by(connection: Connection, actor: bytes) -> int | None:
    """The time in ms of the newest entry that *actor* made."""
    newest: int | None = connection.execute(
        select(func.max(table.c.time)).where(table.c.actor == actor)
    ).scalar()
    return newest


def waiting(connection: Connection, limit: int) -> list[StoredEntry]:
    """Committed entries without an index, sorted as they will stand in the log: by (time, event)."""
    query = select(*_COLUMNS).where(table.c.log_index.is_(None)).order_by(table.c.time, table.c.event)
    return _many(connection, query.limit(limit))


def oldest_waiting(connection: Connection) -> int | None:
    """The time in ms of the oldest entry without an index."""
    oldest: int | None = connection.execute(
        select(func.min(table.c.time)).where(table.c.log_index.is_(None))
    ).scalar()
    return oldest


def assign_indices(connection: Connection, start: int, events: Sequence[bytes]) -> None:
    """Give *events* the log indices start, start + 1, …"""
    statement = (
        update(table)
        .where(table.c.event == bindparam("of_event"), table.c.log_index.is_(None))
        .values(log_index=bindparam("to_index"))
    )
    rows = [{"of_event": event, "to_index": start + offset} for offset, event in enumerate(events)]
    connection.execute(statement, rows)


def erase_details(connection: Connection, event: bytes) -> None:
    """Forget salt and details of one entry: its commitment then means nothing (erasure)."""
    connection.execute(update(table).where(table.c.event == event).values(details=None))


def _one(connection: Connection, query: Select[Any]) -> StoredEntry | None:
    found = connection.execute(query).mappings().first()
    return None if found is None else _stored(found)


def _many(connection: Connection, query: Select[Any]) -> list[StoredEntry]:
    return [_stored(found) for found in connection.execute(query).mappings()]


def _stored(found: RowMapping) -> StoredEntry:
    return StoredEntry(
        bytes(found["event"]), found["log_index"], Entry.decode(bytes(found["raw"])),
        None if found["details"] is None else bytes(found["details"]),
    )  # fmt: skip
