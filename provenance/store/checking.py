"""Whole tables for the operator's check, row by row; nothing is filtered by what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from provenance.core.entries import EntryType
from provenance.store.schema import batch, card_key, entry, order_line, transfer, transfer_range
from provenance.store.schema_log import block_header, checkpoint
from provenance.store.schema_state import state_batch, state_tile

_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """A sale's order line beside the SELL it names; ``raw`` is ``None`` where there is no such entry."""

    seller: bytes
    order: bytes
    batch_id: bytes | None
    index: int
    token: bytes
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry with what is sealed beside it."""

    index: int | None
    event: bytes
    raw: bytes
    details: bytes


@dataclass(frozen=True, slots=True)
class Offered:
    """One range of a transfer, beside what its transfer says."""

    transfer: bytes
    batch_id: bytes | None
    first: int
    count: int
    sender: bytes
    recipient: bytes
    status: int
    until: int


@dataclass(frozen=True, slots=True)
class StoredCells:
    """A tile of the state tree in its newest version, packed."""

    tree: int
    level: int
    index: int
    cells: bytes


def heads(connection: Connection) -> Iterator[tuple[int, bytes, str | None]]:
    """Size, root and note of every head."""
    columns = (checkpoint.c.size, checkpoint.c.root, checkpoint.c.note)
    for row in _rows(connection, select(*columns).order_by(checkpoint.c.size)):
        yield row[0], bytes(row[1]), row[2]


def sealed(connection: Connection) -> Iterator[Sealed]:
    """Every entry that has details still."""
    columns = (entry.c.log_index, entry.c.event, entry.c.raw, entry.c.details)
    for row in _rows(connection, select(*columns).where(entry.c.details.is_not(None))):
        yield Sealed(row[0], bytes(row[1]), bytes(row[2]), bytes(row[3]))


def order_lines(connection: Connection) -> Iterator[Line]:
    """Every order line with the entry it names."""
    line = order_line.c
    joined = order_line.outerjoin(entry, entry.c.event == line.event)
    joined = joined.outerjoin(batch, batch.c.number == line.batch)
    query = select(line.seller, line.order, batch.c.batch_id, line.idx, line.token, entry.c.raw)
    for row in _rows(connection, query.select_from(joined)):
        yield Line(bytes(row[0]), bytes(row[1]), _bytes(row[2]), row[3], bytes(row[4]), _bytes(row[5]))


def sells_without_line(connection: Connection) -> Iterator[tuple[int | None, bytes, int]]:
    """Log index, batch id and key of every SELL that no order line names."""
    joined = entry.outerjoin(order_line, order_line.c.event == entry.c.event)
    query = select(entry.c.log_index, entry.c.subject, entry.c.first).select_from(joined)
    for row in _rows(
        connection, query.where(entry.c.type == int(EntryType.SELL), order_line.c.event.is_(None))
    ):
        yield row[0], bytes(row[1]), row[2]


def offered(connection: Connection) -> Iterator[Offered]:
    """Every range of every transfer."""
    one, piece = transfer.c, transfer_range.c
    joined = transfer_range.join(transfer, one.id == piece.transfer)
    joined = joined.outerjoin(batch, batch.c.number == one.batch)
    query = select(
        one.id, batch.c.batch_id, piece.first, piece.count, one.sender, one.recipient, one.status, one.until
    )
    for row in _rows(connection, query.select_from(joined)):
        yield Offered(
            bytes(row[0]), _bytes(row[1]), row[2], row[3], bytes(row[4]), bytes(row[5]), row[6], row[7]
        )


def headers(connection: Connection) -> Iterator[tuple[bytes, bytes]]:
    """Hash and RLP of every block header."""
    for row in _rows(connection, select(block_header.c.hash, block_header.c.header)):
        yield bytes(row[0]), bytes(row[1])


def live_batches(connection: Connection) -> dict[bytes, int]:
    """Number by id of every batch that was signed."""
    found = connection.execute(select(batch.c.batch_id, batch.c.number).where(batch.c.status == 1))
    return {bytes(row[0]): row[1] for row in found}


def keys_of(connection: Connection, number: int) -> tuple[int, int | None, int | None]:
    """How many keys a batch has, and the smallest and the largest index among them."""
    idx = card_key.c.idx
    query = select(func.count(), func.min(idx), func.max(idx)).where(card_key.c.batch == number)
    row = connection.execute(query).one()
    return int(row[0]), row[1], row[2]


def state_cells(connection: Connection) -> Iterator[StoredCells]:
    """Every tile of the state tree in its newest version."""
    place = (state_tile.c.tree, state_tile.c.level, state_tile.c.idx)
    newest = select(*place, func.max(state_tile.c.version).label("version")).group_by(*place).subquery()
    same = [state_tile.c[name] == newest.c[name] for name in ("tree", "level", "idx", "version")]
    for row in _rows(connection, select(*place, state_tile.c.cells).join(newest, _all(same))):
        yield StoredCells(row[0], row[1], row[2], bytes(row[3]))


def state_batches(connection: Connection) -> list[bytes]:
    """The ids of all batches in the state tree, by position."""
    query = select(state_batch.c.batch_id).order_by(state_batch.c.position)
    return [bytes(found) for found in connection.execute(query).scalars()]


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    yield from connection.execute(query.execution_options(yield_per=_AT_ONCE))


def _all(conditions: list[Any]) -> Any:
    both = conditions[0]
    for one in conditions[1:]:
        both = both & one
    return both


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
