"""Recourses as they stand: one a claim, each with the moment at which its default happens."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema_warranty import recourse as table
from provenance.store.upsert import insert_or


@dataclass(frozen=True, slots=True)
class RecourseRow:
    """One recourse: ``amount`` in minor units, ``since`` and ``due`` in ms, ``evidence`` as JSON."""

    claim: bytes
    order: bytes
    supplier: bytes
    platform: bytes
    amount: int
    currency: str
    state: str
    since: int
    due: int | None
    evidence: str


def add(connection: Connection, row: RecourseRow) -> bool:
    """Store a new recourse; ``False`` if the claim has one."""
    values = {name: getattr(row, name) for name in RecourseRow.__slots__}
    statement = insert_or(connection, table).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(table.c.claim)).first() is not None


def by_claim(connection: Connection, claim: bytes, *, lock: bool = False) -> RecourseRow | None:
    """The recourse of a claim; with *lock* nobody else moves it until the transaction ends."""
    query = select(table).where(table.c.claim == claim)
    found = _many(connection, query.with_for_update() if lock else query)
    return found[0] if found else None


def put(connection: Connection, claim: bytes, state: str, since: int, due: int | None, evidence: str) -> None:
    """Store where a locked recourse stands now."""
    changed = {"state": state, "since": since, "due": due, "evidence": evidence}
    connection.execute(update(table).where(table.c.claim == claim).values(changed))


def due(connection: Connection, now: int, limit: int) -> list[RecourseRow]:
    """Recourses whose default happens at *now*, locked; those that another worker has are left out."""
    query = select(table).where(table.c.due <= now).order_by(table.c.due).limit(limit)
    return _many(connection, query.with_for_update(skip_locked=True))


def of_parties(
    connection: Connection, addresses: Collection[bytes], after: tuple[int, bytes], limit: int
) -> list[RecourseRow]:
    """The recourses of a party on either side, by when they last moved: what comes after that (ms, claim)."""
    later = or_(table.c.since > after[0], and_(table.c.since == after[0], table.c.claim > after[1]))
    theirs = or_(table.c.supplier.in_(addresses), table.c.platform.in_(addresses))
    query = select(table).where(theirs, table.c.since >= after[0], later)
    return _many(connection, query.order_by(table.c.since, table.c.claim).limit(limit))


def _many(connection: Connection, query: Select[Any]) -> list[RecourseRow]:
    return [
        RecourseRow(
            bytes(row.claim), bytes(row.order), bytes(row.supplier), bytes(row.platform), row.amount,
            row.currency, row.state, row.since, row.due, row.evidence,
        )
        for row in connection.execute(query)
    ]  # fmt: skip
