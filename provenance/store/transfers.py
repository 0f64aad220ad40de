"""Offers from one holder to another, and the ranges they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import insert, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema import batch as batches
from provenance.store.schema import transfer as table
from provenance.store.schema import transfer_range as ranges


class TransferStatus(IntEnum):
    """``LAPSED`` is never stored: an open offer whose time has passed."""

    OPEN = 0
    ACCEPTED = 1
    REFUSED = 2
    WITHDRAWN = 3
    LAPSED = 4


@dataclass(frozen=True, slots=True)
class Transfer:
    """An offer of keys. ``ranges`` are (first, count) pairs; times in ms."""

    id: bytes
    number: int
    batch_id: bytes
    sender: bytes
    recipient: bytes
    status: TransferStatus
    created_at: int
    until: int
    ranges: tuple[tuple[int, int], ...]


def insert_offer(connection: Connection, offer: Transfer) -> None:
    """Store an open offer with its ranges."""
    connection.execute(
        insert(table),
        {
            "id": offer.id,
            "batch": offer.number,
            "sender": offer.sender,
            "recipient": offer.recipient,
            "status": int(offer.status),
            "created_at": offer.created_at,
            "until": offer.until,
        },
    )
    rows = [{"transfer": offer.id, "first": first, "count": count} for first, count in offer.ranges]
    connection.execute(insert(ranges), rows)


def by_id(connection: Connection, offer: bytes) -> Transfer | None:
    """The offer of that id."""
    found = _select(connection, [table.c.id == offer])
    return found[0] if found else None


def of_party(connection: Connection, names: Sequence[bytes], limit: int) -> list[Transfer]:
    """The newest offers that a party made or got, under any of its addresses."""
    named = or_(table.c.sender.in_(names), table.c.recipient.in_(names))
    return _select(connection, [named], limit)


def settle(connection: Connection, offer: bytes, to: TransferStatus) -> bool:
    """Close an open offer; ``False`` when it is not open any more."""
    statement = (
        update(table)
        .where(table.c.id == offer, table.c.status == int(TransferStatus.OPEN))
        .values(status=int(to))
    )
    return connection.execute(statement).rowcount == 1


def hand_on(connection: Connection, old: bytes, new: bytes) -> None:
    """After a succession: the open offers of *old*, made and got, are those of *new*."""
    for column in (table.c.sender, table.c.recipient):
        statement = update(table).where(column == old, table.c.status == int(TransferStatus.OPEN))
        connection.execute(statement.values({column.name: new}))


def _select(connection: Connection, where: Sequence[Any], limit: int | None = None) -> list[Transfer]:
    query = select(table, batches.c.batch_id).join(batches, batches.c.number == table.c.batch).where(*where)
    rows = connection.execute(query.order_by(table.c.created_at.desc()).limit(limit)).all()
    return [_transfer(row, _ranges(connection, row.id)) for row in rows]


def _ranges(connection: Connection, offer: bytes) -> tuple[tuple[int, int], ...]:
    query = select(ranges.c.first, ranges.c.count).where(ranges.c.transfer == offer)
    return tuple((row[0], row[1]) for row in connection.execute(query.order_by(ranges.c.first)))


def _transfer(row: Any, pieces: tuple[tuple[int, int], ...]) -> Transfer:
    return Transfer(
        bytes(row.id),
        row.batch,
        bytes(row.batch_id),
        bytes(row.sender),
        bytes(row.recipient),
        TransferStatus(row.status),
        row.created_at,
        row.until,
        pieces,
    )
