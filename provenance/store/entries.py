"""The entries, before and after they have a place in the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy import (
    insert as insert_into,
)

from provenance.core.entries import Entry, EntryType
from provenance.store.driver import driver_of, is_sqlite
from provenance.store.schema import entry as table

_FIRST_OTHER_TYPE: Final = 32
_CHUNK: Final = 500
_ASSIGN: Final = """
    UPDATE entry SET log_index = %s::bigint + placed.position - 1
    FROM unnest(%b::bytea[]) WITH ORDINALITY AS placed (event, position)
    WHERE entry.event = placed.event AND entry.log_index IS NULL"""
_ASSIGN_SQLITE: Final = "UPDATE entry SET log_index = ? WHERE event = ? AND log_index IS NULL"


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
    of_batch = select(*_COLUMNS, table.c.time).where(
        table.c.subject == batch_id, table.c.type < _FIRST_OTHER_TYPE
    )
    alone = of_batch.where(table.c.is_range.is_(False), table.c.first == index)
    over = of_batch.where(table.c.is_range.is_(True), table.c.first <= index)
    # Two looks into the index: for the two joined by OR, SQLite walks through every entry of the batch.
    found = _many(connection, _both(alone, over, "time"))
    return [stored for stored in found if stored.entry.covers(index)]


def of_keys(connection: Connection, batch_id: bytes, indices: Sequence[int]) -> dict[int, list[StoredEntry]]:
    """The same for many keys of one batch, by index; its ranges are read once."""
    ranges = [one for one in ranges_of_batch(connection, batch_id) if one.entry.type.is_on_keys]
    found = {index: [one for one in ranges if one.entry.covers(index)] for index in indices}
    for start in range(0, len(indices), _CHUNK):
        query = select(*_COLUMNS).where(
            table.c.subject == batch_id,
            table.c.type < _FIRST_OTHER_TYPE,
            table.c.is_range.is_(False),
            table.c.first.in_(indices[start : start + _CHUNK]),
        )
        for stored in _many(connection, query):
            found[stored.entry.first].append(stored)
    return {index: sorted(some, key=_time) for index, some in found.items()}


def _time(stored: StoredEntry) -> int:
    return stored.entry.time


def ranges_of_batch(connection: Connection, batch_id: bytes) -> list[StoredEntry]:
    """The range entries of a batch in order: its COMMISSION and all with more than one key."""
    query = select(*_COLUMNS).where(table.c.subject == batch_id, table.c.is_range.is_(True))
    return _many(connection, query.order_by(table.c.time))


def about(connection: Connection, subject: bytes, kinds: Sequence[EntryType]) -> list[StoredEntry]:
    """The entries of those types on one subject, in order of time."""
    query = select(*_COLUMNS).where(
        table.c.subject == subject, table.c.type.in_([int(kind) for kind in kinds])
    )
    return _many(connection, query.order_by(table.c.time))


def about_parties(connection: Connection, addresses: Iterable[bytes]) -> list[StoredEntry]:
    """PARTY entries whose subject is one of *addresses*, in order of time."""
    subjects = [bytes(12) + address for address in set(addresses)]
    query = select(*_COLUMNS).where(table.c.type == int(EntryType.PARTY), table.c.subject.in_(subjects))
    return _many(connection, query.order_by(table.c.time))


def of_type(connection: Connection, kind: EntryType) -> list[StoredEntry]:
    """Every entry of one of the types that are not on keys, in order of time."""
    return _many(connection, select(*_COLUMNS).where(*is_of_type(kind)).order_by(table.c.time))


def is_of_type(kind: EntryType) -> tuple[ColumnElement[bool], ...]:
    """The conditions for one of the types that are not on keys, which are few among many entries."""
    # Spelt out, not bound: only so do both databases see that the partial index fits.
    return (literal_column(f"type >= {_FIRST_OTHER_TYPE}"), literal_column(f"type = {int(kind)}"))


def under_address(
    connection: Connection, address: bytes, after: tuple[int, bytes], limit: int
) -> list[StoredEntry]:
    """Entries in which *address* is actor or party, after the (time, event) given, oldest first."""
    later = or_(table.c.time > after[0], table.c.event > after[1])
    page = select(*_COLUMNS, table.c.time).where(table.c.time >= after[0], later)
    page = page.order_by(table.c.time, table.c.event).limit(limit)
    # A page from each index: for the two joined by OR, all that the party ever did would be sorted first.
    made = page.where(table.c.actor == address)
    named = page.where(table.c.party == address, table.c.actor != address)
    return _many(connection, _both(made, named, "time", "event").limit(limit))


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
    with driver_of(connection) as raw:
        if is_sqlite(connection):
            raw.executemany(_ASSIGN_SQLITE, enumerate(events, start))
        else:
            # Each is placed by its position, so that one statement and one array do for all of them.
            raw.execute(_ASSIGN, (start, list(events)), binary=True)


def erase_details(connection: Connection, event: bytes) -> bool:
    """Forget salt and details of one entry: its commitment then means nothing. ``False`` if it has none."""
    statement = update(table).where(table.c.event == event, table.c.details.is_not(None))
    return connection.execute(statement.values(details=None)).rowcount == 1


def _both(one: Select[Any], other: Select[Any], *order: str) -> Select[Any]:
    """The rows of two queries that have none in common, in one order."""
    # As subqueries: within a UNION, SQLite takes an order and a limit nowhere else.
    rows = union_all(one.subquery().select(), other.subquery().select()).subquery()
    return select(rows).order_by(*(rows.c[name] for name in order))


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
