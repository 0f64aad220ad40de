"""Who holds which keys, by ranges that never overlap (the primary key and the batch lock see to it)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import insert, select, update

from provenance.store.database import Connection
from provenance.store.keys import LIVE_BATCH
from provenance.store.schema import batch as batches
from provenance.store.schema import holding as table

_LOOKS: Final = 64
"""A range that is split while we wait for its lock vanishes from that look and is there in the next.

Keys handed over one by one from the left split the same range again and again: a sale to the right
of them waits out each of those that were queued before it.
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """A range of keys with one holder; ``number`` is the batch's row number, times are ms."""

    number: int
    first: int
    count: int
    holder: bytes
    last_time: int
    voided_at: int | None = None
    offer: bytes | None = None
    offer_until: int | None = None

    @property
    def stop(self) -> int:
        return self.first + self.count

    def is_offered(self, now: int) -> bool:
        """Whether an offer closes the range to its holder's sales at *now* (ms)."""
        return self.offer is not None and self.offer_until is not None and self.offer_until > now


def insert_one(connection: Connection, holding: Holding) -> None:
    """The holding of a new batch, or a piece of a split one."""
    connection.execute(insert(table), _columns(holding))


def lock_shared(connection: Connection, number: int, indices: Sequence[int]) -> dict[int, Holding]:
    """The holdings over *indices* of one batch, share-locked: no RECEIVE or range VOID passes meanwhile."""
    return _covering(connection, number, indices, "share")


def over(connection: Connection, number: int, indices: Sequence[int]) -> dict[int, Holding]:
    """The holdings over *indices*, without a lock."""
    return _covering(connection, number, indices, None)


@dataclass(frozen=True, slots=True)
class LockedBatch:
    """A live batch whose row is locked against other splits of its holdings."""

    number: int
    batch_id: bytes
    supplier: bytes
    size: int
    max_uses: int
    range_entries: int


def lock_batch(connection: Connection, batch_id: bytes) -> LockedBatch | None:
    """Lock the row of a live batch for update."""
    query = select(batches).where(batches.c.batch_id == batch_id, batches.c.status == LIVE_BATCH)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        return None
    return LockedBatch(row.number, batch_id, bytes(row.supplier), row.size, row.max_uses, row.range_entries)


def count_range_entries(connection: Connection, number: int, more: int) -> None:
    """Remember *more* range entries of a batch whose row is locked."""
    connection.execute(
        update(batches).where(batches.c.number == number).values(range_entries=batches.c.range_entries + more)
    )


def lock_range(connection: Connection, number: int, first: int, count: int) -> list[Holding]:
    """The holdings that overlap the range, locked for update; the batch row must be locked before."""
    return _overlapping(connection, number, first, first + count, "update")


def all_of(connection: Connection, number: int) -> list[Holding]:
    """Every holding of a batch, in order."""
    query = select(table).where(table.c.batch == number).order_by(table.c.first)
    return [_holding(row) for row in connection.execute(query)]


def carve(connection: Connection, held: Holding, first: int, count: int) -> Holding:
    """Cut a locked holding so that [first, first + count) within it stands alone; gives that piece."""
    stop = first + count
    if held.first == first and held.stop == stop:
        return held
    inner = replace(held, first=first, count=count)
    if held.first < first:
        _resize(connection, held, first - held.first)
        insert_one(connection, inner)
    else:
        _resize(connection, held, count)
    if stop < held.stop:
        insert_one(connection, replace(held, first=stop, count=held.stop - stop))
    return inner


def put(connection: Connection, holding: Holding) -> None:
    """Write what became of a locked holding; first and count stay."""
    columns = _columns(holding)
    connection.execute(
        update(table)
        .where(table.c.batch == holding.number, table.c.first == holding.first)
        .values(
            {name: columns[name] for name in ("holder", "last_time", "voided_at", "offer", "offer_until")}
        )
    )


def clear_offer(connection: Connection, number: int, offer: bytes) -> None:
    """Open the keys of a settled offer to their holder's sales again."""
    connection.execute(
        update(table)
        .where(table.c.batch == number, table.c.offer == offer)
        .values(offer=None, offer_until=None)
    )


def hand_on(connection: Connection, old: bytes, new: bytes) -> None:
    """After a succession: what *old* held, *new* holds."""
    # Until nothing is left: a recall for whose lock we waited may have split a holding, and the pieces
    # are younger than the statement that waited.
    handed_on = update(table).where(table.c.holder == old).values(holder=new)
    while connection.execute(handed_on).rowcount:
        pass


def _resize(connection: Connection, held: Holding, count: int) -> None:
    connection.execute(
        update(table).where(table.c.batch == held.number, table.c.first == held.first).values(count=count)
    )


def _overlapping(
    connection: Connection, number: int, start: int, stop: int, lock: str | None
) -> list[Holding]:
    nearest = (
        select(table.c.first)
        .where(table.c.batch == number, table.c.first <= start)
        .order_by(table.c.first.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(table).where(table.c.batch == number, table.c.first >= nearest, table.c.first < stop)
    query = query.order_by(table.c.first)
    if lock:
        query = query.with_for_update(read=lock == "share")
    return [_holding(row) for row in connection.execute(query)]


def _covering(
    connection: Connection, number: int, indices: Sequence[int], lock: str | None
) -> dict[int, Holding]:
    for _ in range(_LOOKS):
        found = _overlapping(connection, number, min(indices), max(indices) + 1, lock)
        covering = _cover(found, indices)
        if covering is not None:
            return covering
    raise RuntimeError("the holdings of a batch do not cover its keys")


def _cover(found: Iterable[Holding], indices: Sequence[int]) -> dict[int, Holding] | None:
    ranges = list(found)
    covering: dict[int, Holding] = {}
    for index in indices:
        held = next((one for one in ranges if one.first <= index < one.stop), None)
        if held is None:
            return None
        covering[index] = held
    return covering


def _columns(holding: Holding) -> dict[str, Any]:
    return {
        "batch": holding.number,
        "first": holding.first,
        "count": holding.count,
        "holder": holding.holder,
        "last_time": holding.last_time,
        "voided_at": holding.voided_at,
        "offer": holding.offer,
        "offer_until": holding.offer_until,
    }


def _holding(row: Any) -> Holding:
    return Holding(
        number=row.batch,
        first=row.first,
        count=row._mapping["count"],
        holder=bytes(row.holder),
        last_time=row.last_time,
        voided_at=row.voided_at,
        offer=None if row.offer is None else bytes(row.offer),
        offer_until=row.offer_until,
    )
