"""Cosignatures: lines added to a signed note, never at the cost of another's."""

from __future__ import annotations

from sqlalchemy import Connection, update

from provenance.store.schema_log import checkpoint as table


def replace_note(connection: Connection, size: int, expected: str, note: str) -> bool:
    """Put *note* in the place of *expected* at that size; whether nobody else had changed it meanwhile."""
    statement = update(table).where(table.c.size == size, table.c.note == expected).values(note=note)
    return connection.execute(statement).rowcount == 1
