"""Entries that are not on keys, found by type: beacons with their headers, announced keys."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, select

from provenance.core.entries import Entry, EntryType
from provenance.store.entries import StoredEntry, is_of_type
from provenance.store.schema import entry as table
from provenance.store.schema_log import block_header
from provenance.store.upsert import insert_or

IndexedEntry = tuple[int, Entry]
"""A log index and the entry there."""


def announced_keys(connection: Connection) -> set[tuple[bytes, int]]:
    """Subject and reason of every KEY entry, in the log or waiting for it."""
    query = select(table.c.raw).where(*is_of_type(EntryType.KEY))
    entries = [Entry.decode(bytes(raw)) for raw in connection.execute(query).scalars()]
    return {(entry.subject, entry.reason) for entry in entries}


def newest_beacon(connection: Connection, before: int | None = None) -> IndexedEntry | None:
    """The last BEACON in the log, or the last below log index *before*."""
    query = _indexed(EntryType.BEACON).order_by(table.c.log_index.desc()).limit(1)
    if before is not None:
        query = query.where(table.c.log_index < before)
    found = connection.execute(query).first()
    return None if found is None else (found[0], Entry.decode(bytes(found[1])))


def keep_header(connection: Connection, block_hash: bytes, header: bytes) -> None:
    """Keep the RLP header of a block that a BEACON names."""
    statement = insert_or(connection, block_header).values(hash=block_hash, header=header)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["hash"]))


def header_of(connection: Connection, block_hash: bytes) -> bytes | None:
    """The kept RLP header of a block."""
    found = connection.execute(
        select(block_header.c.header).where(block_header.c.hash == block_hash)
    ).scalar()
    return None if found is None else bytes(found)


def _indexed(kind: EntryType) -> Select[Any]:
    return select(table.c.log_index, table.c.raw).where(*is_of_type(kind), table.c.log_index.is_not(None))


def successions_to(connection: Connection, addresses: Collection[bytes]) -> list[StoredEntry]:
    """PARTY entries by which one of *addresses* succeeded another, in the log or waiting for it."""
    query = select(table.c.event, table.c.log_index, table.c.raw, table.c.details).where(
        table.c.party.in_(list(addresses)), *is_of_type(EntryType.PARTY)
    )
    return [
        StoredEntry(bytes(found[0]), found[1], Entry.decode(bytes(found[2])), found[3])
        for found in connection.execute(query.order_by(table.c.time))
    ]
