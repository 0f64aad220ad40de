"""The heads of the log, one row a sequencing round, and the notes signed over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from provenance.store.schema_log import checkpoint as table


@dataclass(frozen=True, slots=True)
class StoredHead:
    """Size, root (32 bytes) and time (ms) of the log after a round; ``note`` once it is signed."""

    size: int
    root: bytes
    time: int
    note: str | None


def newest(connection: Connection) -> StoredHead | None:
    """The head with the largest size, signed or not."""
    return _first(connection, _query())


def newest_signed(connection: Connection) -> StoredHead | None:
    """The head with the largest size that was signed: what the log has promised."""
    return _first(connection, _query().where(table.c.note.is_not(None)))


def at(connection: Connection, size: int) -> StoredHead | None:
    """The head of exactly that size."""
    return _first(connection, _query().where(table.c.size == size))


def add(connection: Connection, size: int, root: bytes, time: int) -> None:
    """Store a new head, not yet signed."""
    connection.execute(insert(table).values(size=size, root=root, time=time))


def set_note(connection: Connection, size: int, root: bytes, note: str) -> bool:
    """Store the signed note of a head that has none; whether it was this call that did."""
    statement = update(table).where(table.c.size == size, table.c.root == root, table.c.note.is_(None))
    return connection.execute(statement.values(note=note)).rowcount == 1


def _query() -> Select[Any]:
    columns = (table.c.size, table.c.root, table.c.time, table.c.note)
    return select(*columns).order_by(table.c.size.desc()).limit(1)


def _first(connection: Connection, query: Select[Any]) -> StoredHead | None:
    found = connection.execute(query).first()
    return None if found is None else StoredHead(found[0], bytes(found[1]), found[2], found[3])
