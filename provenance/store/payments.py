"""What a platform owes the buyers of its claims, and whether it was paid: each kind once a claim."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import Select, and_, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema_warranty import payment as table
from provenance.store.upsert import insert_or


class PaymentState(IntEnum):
    """Where a payment stands; the numbers are stored."""

    OWED = 0
    PAID = 1
    STOPPED = 2


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment to a buyer: ``amount`` in minor units, times in ms, ``record`` a digest of what shows it."""

    claim: bytes
    kind: str
    order: bytes
    platform: bytes
    amount: int
    currency: str
    state: PaymentState
    ordered_at: int
    settled_at: int | None = None
    record: bytes | None = None


def add(connection: Connection, payment: Payment) -> bool:
    """Order a payment; ``False`` if one of that kind was ordered for the claim before."""
    values = {name: getattr(payment, name) for name in Payment.__slots__} | {"state": int(payment.state)}
    statement = insert_or(connection, table).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(table.c.claim)).first() is not None


def finish(
    connection: Connection,
    claim: bytes,
    kind: str,
    state: PaymentState,
    now: int,
    record: bytes | None = None,
) -> bool:
    """An owed payment is paid, or stopped; ``False``, and nothing, if it is not owed (any more)."""
    owed = and_(table.c.claim == claim, table.c.kind == kind, table.c.state == int(PaymentState.OWED))
    changed = {"state": int(state), "settled_at": now, "record": record}
    return connection.execute(update(table).where(owed).values(changed)).rowcount == 1


def one(connection: Connection, claim: bytes, kind: str) -> Payment | None:
    """A payment."""
    found = _many(connection, select(table).where(table.c.claim == claim, table.c.kind == kind))
    return found[0] if found else None


def of_claim(connection: Connection, claim: bytes) -> list[Payment]:
    """Every payment of a claim, oldest first."""
    query = select(table).where(table.c.claim == claim).order_by(table.c.ordered_at, table.c.kind)
    return _many(connection, query)


def owed_by(
    connection: Connection, platforms: Collection[bytes], after: tuple[int, bytes], limit: int
) -> list[Payment]:
    """What a platform, under any of its names, has still to pay: what comes after that (time, claim)."""
    later = or_(table.c.ordered_at > after[0], and_(table.c.ordered_at == after[0], table.c.claim > after[1]))
    query = select(table).where(
        table.c.platform.in_(platforms), table.c.state == int(PaymentState.OWED), later
    )
    return _many(connection, query.order_by(table.c.ordered_at, table.c.claim, table.c.kind).limit(limit))


def _many(connection: Connection, query: Select[Any]) -> list[Payment]:
    return [
        Payment(
            bytes(row.claim), row.kind, bytes(row.order), bytes(row.platform), row.amount, row.currency,
            PaymentState(row.state), row.ordered_at, row.settled_at,
            None if row.record is None else bytes(row.record),
        )
        for row in connection.execute(query)
    ]  # fmt: skip
