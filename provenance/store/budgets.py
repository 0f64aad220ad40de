"""Budgets that several processes share: one row a budget, one statement a use (GCRA).

A row says when the budget is whole again. Taking moves that moment later; it may lie at most the
whole budget ahead of now. (ATM Forum TM 4.0, the virtual scheduling form of the generic cell rate
algorithm.)
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, delete, literal, select

from provenance.store.database import Connection
from provenance.store.schema import budget as table
from provenance.store.upsert import insert_or


def take(connection: Connection, key: bytes, now: int, cost_ms: int, whole_ms: int | None) -> int | None:
    """Take *cost_ms* of a budget of *whole_ms*; when it is whole again, or ``None`` if that is too much.

    Without *whole_ms* it is taken in any case: a debt, which bars what asks later.
    """
    if whole_ms is not None and cost_ms > whole_ms:
        return None
    start: ColumnElement[int] = case((table.c.full_at > now, table.c.full_at), else_=literal(now))
    fresh = insert_or(connection, table).values(key=key, full_at=now + cost_ms)
    taken = fresh.on_conflict_do_update(
        index_elements=["key"],
        set_={"full_at": start + cost_ms},
        where=None if whole_ms is None else start + cost_ms <= now + whole_ms,
    ).returning(table.c.full_at)
    full_at: int | None = connection.execute(taken).scalar()
    return full_at


def full_at(connection: Connection, key: bytes) -> int | None:
    """When a budget is whole again, in ms; ``None`` if nothing was ever taken from it."""
    found: int | None = connection.execute(select(table.c.full_at).where(table.c.key == key)).scalar()
    return found


def purge(connection: Connection, now: int) -> int:
    """Forget the budgets that are whole; how many."""
    return connection.execute(delete(table).where(table.c.full_at <= now)).rowcount
