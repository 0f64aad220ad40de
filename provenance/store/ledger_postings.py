"""The postings of orders as they are stored: only added, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from provenance.store.database import Connection
from provenance.store.schema_warranty import posting as table
from provenance.store.schema_warranty import warranty_order as orders


@dataclass(frozen=True, slots=True)
class PostingRow:
    """One movement of value: its 16-byte id, an amount in minor units, the time in ms."""

    id: bytes
    order: bytes
    kind: str
    amount: int
    currency: str
    at: int
    claim: bytes | None


def lock_order(connection: Connection, order: bytes) -> tuple[int, str] | None:
    """Lock an order, so that one at a time extends its ledger; its price in minor units, and the currency."""
    query = select(orders.c.price, orders.c.currency).where(orders.c.id == order).with_for_update()
    row = connection.execute(query).first()
    return None if row is None else (row.price, row.currency)


def of_order(connection: Connection, order: bytes) -> list[PostingRow]:
    """The postings of an order, oldest first."""
    query = select(table).where(table.c.order == order).order_by(table.c.at, table.c.id)
    return [_row(row) for row in connection.execute(query)]


def add(connection: Connection, rows: Sequence[PostingRow]) -> None:
    """Store *rows*; the caller has locked their order and asked the law of the ledger."""
    if rows:
        names = PostingRow.__slots__
        connection.execute(insert(table), [{name: getattr(row, name) for name in names} for row in rows])


def _row(row: Any) -> PostingRow:
    claim = None if row.claim is None else bytes(row.claim)
    return PostingRow(bytes(row.id), bytes(row.order), row.kind, row.amount, row.currency, row.at, claim)
