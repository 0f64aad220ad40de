"""The rows of batches: staged with their keys, then live by signature or abandoned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from provenance.store.bulk import SECRET, WHOLE
from provenance.store.database import Connection
from provenance.store.schema import alias as aliases
from provenance.store.schema import batch as table
from provenance.store.schema import card_key as keys
from provenance.store.schema import reject as rejects
from provenance.store.schema_log import anchor as anchors
from provenance.store.schema_log import tile as tiles

BATCH_ANCHOR: Final = 1
"""The ``kind`` of an anchor that is about a batch."""
_ANCHOR_WANTED: Final = 0


class Status(IntEnum):
    """Where a batch stands; the numbers are stored."""

    STAGED = 0
    LIVE = 1
    ABANDONED = 2


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch as stored. Times in ms, ``expires_at`` in seconds; ``seed`` is sealed, ``details`` JSON."""

    number: int
    batch_id: bytes
    supplier: bytes
    root: bytes
    size: int
    max_uses: int
    expires_at: int
    details: str
    format: str
    shuffled: bool
    seed: bytes
    status: Status
    staged_until: int
    counts: str
    signature: bytes | None
    chain_id: int
    registry: bytes
    created_at: int
    commissioned_at: int | None = None


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that is not in the batch, and why; ``column`` counts from 1 where one place is to blame."""

    line: int
    column: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """How far the batch is on its way to the chain: 0 wanted, 1 sent, 2 confirmed, 3 final."""

    status: int
    tx_hash: bytes | None
    block_number: int | None
    block_hash: bytes | None
    block_time: int | None


_COLUMNS: Final = [table.c[name] for name in BatchRow.__slots__]


def insert_one(connection: Connection, batch: BatchRow) -> None:
    """Store a batch whose keys are written in the same transaction."""
    columns = {name: getattr(batch, name) for name in BatchRow.__slots__}
    connection.execute(insert(table), {**columns, "status": int(batch.status)})


def by_id(connection: Connection, batch_id: bytes) -> BatchRow | None:
    """The batch of that id, whatever its status."""
    return _one(connection, table.c.batch_id == batch_id)


def by_number(connection: Connection, number: int) -> BatchRow | None:
    """The batch of that row number."""
    return _one(connection, table.c.number == number)


def numbers_of(connection: Connection, batch_ids: Iterable[bytes]) -> dict[bytes, int]:
    """The row numbers of batches, by id."""
    query = select(table.c.batch_id, table.c.number).where(table.c.batch_id.in_(list(batch_ids)))
    return {bytes(row.batch_id): row.number for row in connection.execute(query)}


def of_suppliers(
    connection: Connection, suppliers: Sequence[bytes], before: tuple[int, int], limit: int
) -> list[BatchRow]:
    """The batches of a supplier, by all its addresses, newest first: those before the (ms, number) given."""
    earlier = or_(table.c.created_at < before[0], table.c.number < before[1])
    # The first bound again, alone: an OR is no place to begin in an index.
    query = select(*_COLUMNS).where(table.c.supplier.in_(suppliers), table.c.created_at <= before[0], earlier)
    rows = connection.execute(query.order_by(table.c.created_at.desc(), table.c.number.desc()).limit(limit))
    return [_row(row) for row in rows]


def suppliers(connection: Connection, numbers: Iterable[int]) -> dict[int, tuple[bytes, bytes]]:
    """(batch id, supplier) of the batches of those numbers."""
    wanted = sorted(set(numbers))
    found: dict[int, tuple[bytes, bytes]] = {}
    for start in range(0, len(wanted), 500):
        query = select(table.c.number, table.c.batch_id, table.c.supplier)
        for row in connection.execute(query.where(table.c.number.in_(wanted[start : start + 500]))):
            found[row.number] = (bytes(row.batch_id), bytes(row.supplier))
    return found


def details(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """The details (JSON) of the batches of those numbers."""
    wanted = sorted(set(numbers))
    found: dict[int, str] = {}
    for start in range(0, len(wanted), 500):
        query = select(table.c.number, table.c.details).where(table.c.number.in_(wanted[start : start + 500]))
        found |= {row.number: row.details for row in connection.execute(query)}
    return found


def commission(
    connection: Connection, batch: BatchRow, signature: bytes, domain: tuple[int, bytes], now: int
) -> bool:
    """Make a staged batch live, signed for *domain* (chain id, registry); ``False`` if it is not staged now.

    The guard is the whole rule: whoever abandons, purges or commissions it meanwhile was first.
    """
    chain_id, registry = domain
    statement = (
        update(table)
        .where(table.c.number == batch.number, _is_staged(), table.c.staged_until > now)
        .values(
            status=int(Status.LIVE),
            signature=signature,
            chain_id=chain_id,
            registry=registry,
            commissioned_at=now,
            range_entries=1,
        )
    )
    return connection.execute(statement).rowcount == 1


def is_taken_elsewhere(connection: Connection, batch: BatchRow, now: int) -> bool:
    """Whether a key of *batch* stands under another format in a batch that is live, or staged before it.

    Two registrations at the same moment do not see each other's aliases, and no constraint holds across
    formats; whoever is commissioned second sees both. Call it after :func:`commission`: the lock on
    either batch then makes one of the two wait for the other.
    """
    mine, other = aliases.alias("mine"), aliases.alias("other")
    before_me = or_(
        table.c.created_at < batch.created_at,
        and_(table.c.created_at == batch.created_at, table.c.number < batch.number),
    )
    standing = or_(table.c.status == int(Status.LIVE), and_(_is_staged(), table.c.staged_until > now))
    crossing = (
        select(table.c.number)
        .distinct()
        .join_from(mine, other, and_(other.c.digest == mine.c.digest, other.c.kind.in_((WHOLE, SECRET))))
        .join(table, table.c.number == other.c.batch)
        .where(mine.c.batch == batch.number, mine.c.kind.in_((WHOLE, SECRET)))
        .where(table.c.number != batch.number, table.c.format != batch.format, standing)
    )
    numbers = [row.number for row in connection.execute(crossing)]
    if not numbers:
        return False
    # Locked, they are read as they are when nobody is about to commission them.
    chosen = select(table.c.number).where(table.c.number.in_(numbers)).with_for_update(read=True)
    first = chosen.where(or_(table.c.status == int(Status.LIVE), and_(_is_staged(), before_me)))
    return connection.execute(first).first() is not None


def abandon(connection: Connection, number: int) -> bool:
    """Give up a staged batch and everything of its keys; ``False`` if it is not staged."""
    return _give_up(connection, table.c.number == number) > 0


def abandon_expired(connection: Connection, now: int, numbers: Sequence[int] | None = None) -> int:
    """Give up staged batches whose time is over, of *numbers* only if given; how many."""
    due: ColumnElement[bool] = table.c.staged_until <= now
    if numbers is not None:
        due = and_(due, table.c.number.in_(numbers))
    return _give_up(connection, due)


def _give_up(connection: Connection, which: ColumnElement[bool]) -> int:
    statement = (
        update(table)
        .where(_is_staged(), which)
        .values(status=int(Status.ABANDONED), seed=b"")
        .returning(table.c.number)
    )
    numbers = [row.number for row in connection.execute(statement)]
    if numbers:
        connection.execute(delete(keys).where(keys.c.batch.in_(numbers)))
        connection.execute(delete(aliases).where(aliases.c.batch.in_(numbers)))
        connection.execute(delete(tiles).where(tiles.c.tree.in_(numbers)))
        connection.execute(delete(rejects).where(rejects.c.batch.in_(numbers)))
    return len(numbers)


def rejected_lines(connection: Connection, number: int, after: int, limit: int) -> list[RejectedLine]:
    """Rejected lines with a line number above *after*, in order."""
    query = select(rejects).where(rejects.c.batch == number, rejects.c.line > after)
    rows = connection.execute(query.order_by(rejects.c.line).limit(limit)).mappings()
    return [RejectedLine(row["line"], row["column"], row["code"], row["message"]) for row in rows]


def want_anchor(connection: Connection, batch: BatchRow, now: int) -> None:
    """Ask for the batch to be registered on the chain."""
    row = {
        "kind": BATCH_ANCHOR,
        "ref": batch.batch_id,
        "root": batch.root,
        "status": _ANCHOR_WANTED,
        "created_at": now,
    }
    connection.execute(insert(anchors), row)


def anchor_of(connection: Connection, batch_id: bytes) -> AnchorRow | None:
    """The batch's anchor, if it is live."""
    query = select(
        anchors.c.status,
        anchors.c.tx_hash,
        anchors.c.block_number,
        anchors.c.block_hash,
        anchors.c.block_time,
    ).where(anchors.c.kind == BATCH_ANCHOR, anchors.c.ref == batch_id)
    row = connection.execute(query).first()
    if row is None:
        return None
    return AnchorRow(
        row.status, _optional(row.tx_hash), row.block_number, _optional(row.block_hash), row.block_time
    )


def _is_staged() -> ColumnElement[bool]:
    return table.c.status == int(Status.STAGED)


def _one(connection: Connection, where: ColumnElement[bool]) -> BatchRow | None:
    row = connection.execute(select(*_COLUMNS).where(where)).first()
    return None if row is None else _row(row)


def _row(row: Any) -> BatchRow:
    values: dict[str, Any] = {
        name: bytes(value) if isinstance(value, memoryview) else value
        for name, value in zip(BatchRow.__slots__, row, strict=True)
    }
    return BatchRow(**{**values, "status": Status(row.status)})


def _optional(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
