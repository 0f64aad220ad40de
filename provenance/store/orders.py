"""Which event answered which line of which order: the natural key of a sale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from provenance.errors import ProvenanceError
from provenance.store.database import Connection
from provenance.store.schema import order_line as table


class LineTaken(ProvenanceError):
    """The same order line was sold meanwhile; the transaction is lost, look again from the start."""

    code = "order_line_taken"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A sold unit. ``order`` is the keyed fingerprint of the order number, ``token`` its token's SHA-256."""

    seller: bytes
    order: bytes
    number: int
    index: int
    event: bytes
    token: bytes
    unit: int | None = None


def insert_line(connection: Connection, line: OrderLine) -> None:
    """Store a sold unit; raises :class:`LineTaken` when it is there already."""
    try:
        connection.execute(
            insert(table),
            {
                "seller": line.seller,
                "order": line.order,
                "batch": line.number,
                "idx": line.index,
                "event": line.event,
                "token": line.token,
                "unit": line.unit,
            },
        )
    except IntegrityError as error:
        raise LineTaken("this order line is sold already; look again") from error


def line_of_key(
    connection: Connection, sellers: Sequence[bytes], order: bytes, number: int, index: int
) -> OrderLine | None:
    """The line of that very key in that order, under any of the seller's names."""
    query = select(table).where(
        table.c.seller.in_(sellers), table.c.order == order, table.c.batch == number, table.c.idx == index
    )
    return _one(connection.execute(query).first())


def line_of_token(connection: Connection, token: bytes, number: int, index: int) -> OrderLine | None:
    """The line of a key that was sold with the order token of that SHA-256."""
    query = select(table).where(table.c.token == token, table.c.batch == number, table.c.idx == index)
    return _one(connection.execute(query).first())


def line_of_unit(
    connection: Connection, sellers: Sequence[bytes], order: bytes, unit: int
) -> OrderLine | None:
    """The line of that unit, where the service chose the key."""
    query = select(table).where(table.c.seller.in_(sellers), table.c.order == order, table.c.unit == unit)
    return _one(connection.execute(query).first())


def _one(row: Any) -> OrderLine | None:
    if row is None:
        return None
    return OrderLine(
        bytes(row.seller), bytes(row.order), row.batch, row.idx, bytes(row.event), bytes(row.token), row.unit
    )
