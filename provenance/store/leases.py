"""Who leads, by compare-and-swap on one row; the term is a fence that rises with every change.

Time is the database's, so that the clocks of the contenders do not matter.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, literal_column, or_, update

from provenance.store.schema_log import lease as table
from provenance.store.upsert import insert_or


def acquire(connection: Connection, name: str, holder: str, duration_ms: int) -> int | None:
    """Take the lease if nobody has it, it ran out or *holder* had it before; the new term, or ``None``.

    A holder that was killed and started again under its name need not wait for itself.
    """
    now = _now(connection)
    fresh = insert_or(connection, table).values(
        name=name, holder=holder, term=1, expires_at=now + duration_ms
    )
    taken = fresh.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "term": table.c.term + 1, "expires_at": now + duration_ms},
        where=or_(table.c.expires_at <= now, table.c.holder == holder),
    ).returning(table.c.term)
    term: int | None = connection.execute(taken).scalar()
    return term


def renew(connection: Connection, name: str, holder: str, term: int, duration_ms: int) -> bool:
    """Extend the lease held under *term*; ``False`` if someone took it since.

    Within a transaction this is also the fence: until it ends, nobody else can take the lease.
    """
    statement = (
        update(table)
        .where(table.c.name == name, table.c.holder == holder, table.c.term == term)
        .values(expires_at=_now(connection) + duration_ms)
    )
    return connection.execute(statement).rowcount == 1


def release(connection: Connection, name: str, holder: str, term: int) -> None:
    """Give the lease back at once, so that a successor need not wait for it to run out."""
    mine = (table.c.name == name, table.c.holder == holder, table.c.term == term)
    connection.execute(update(table).where(*mine).values(expires_at=0))


def _now(connection: Connection) -> ColumnElement[Any]:
    text = (
        "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
        if connection.dialect.name == "sqlite"
        else "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
    )
    return literal_column(text, BigInteger)
