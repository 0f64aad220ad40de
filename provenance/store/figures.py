"""The entries from which a platform's figures are reckoned; every query is by an index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import func, select

from provenance.core.entries import Entry, EntryType
from provenance.core.reporting import Span
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry, is_of_type
from provenance.store.schema import entry as table

_REASON: Final = (3, 2)
"""Where the reason of an entry stands in its 124 bytes, counted from one: two bytes, big-endian."""
_SALES: Final = (EntryType.SELL, EntryType.REINSTATE)
_OPENED: Final = (EntryType.QUALIFICATION, EntryType.CLAIM, EntryType.REMEDY)
_CHUNK: Final = 500


def sales(connection: Connection, names: Iterable[bytes], span: Span) -> dict[tuple[EntryType, int], int]:
    """How many SELL and REINSTATE entries *names* made within *span*, by type and reason."""
    # Counted where they lie: a platform may have sold a million keys in a month.
    reason = func.substr(table.c.raw, *_REASON)
    query = (
        select(table.c.type, reason, func.count())
        .where(
            table.c.actor.in_(list(names)),
            table.c.time >= span.start,
            table.c.time < span.end,
            table.c.type.in_([int(kind) for kind in _SALES]),
            table.c.log_index < span.size,
        )
        .group_by(table.c.type, reason)
    )
    return {
        (EntryType(kind), int.from_bytes(bytes(reason))): count
        for kind, reason, count in connection.execute(query)
    }


def about(connection: Connection, names: Iterable[bytes], size: int) -> list[tuple[int, Entry]]:
    """The claims, remedies, qualifications and reviews of a platform among the first *size* entries."""
    query = select(table.c.log_index, table.c.raw).where(
        table.c.party.in_(list(names)),
        table.c.type.in_([int(kind) for kind in _OPENED]),
        table.c.log_index < size,
    )
    rows = connection.execute(query.order_by(table.c.log_index))
    return [(row.log_index, Entry.decode(bytes(row.raw))) for row in rows]


def parties(connection: Connection, size: int) -> list[tuple[int, Entry]]:
    """Every PARTY entry among the first *size*."""
    query = select(table.c.log_index, table.c.raw).where(
        *is_of_type(EntryType.PARTY), table.c.log_index < size
    )
    rows = connection.execute(query.order_by(table.c.log_index))
    return [(row.log_index, Entry.decode(bytes(row.raw))) for row in rows]


def at(connection: Connection, indices: Sequence[int]) -> list[StoredEntry]:
    """The entries at these log indices, in order."""
    found = []
    for start in range(0, len(indices), _CHUNK):
        query = select(table.c.event, table.c.log_index, table.c.raw, table.c.details).where(
            table.c.log_index.in_(indices[start : start + _CHUNK])
        )
        for row in connection.execute(query):
            sealed = None if row.details is None else bytes(row.details)
            entry = Entry.decode(bytes(row.raw))
            found.append(StoredEntry(bytes(row.event), row.log_index, entry, sealed))
    return sorted(found, key=lambda one: one.index or 0)
