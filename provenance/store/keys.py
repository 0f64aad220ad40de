"""The rows of single keys: look-ups, and the one guarded statement that changes a key's state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, update

from provenance.core.lives import BatchFacts, State
from provenance.store.database import Connection
from provenance.store.schema import batch as batches
from provenance.store.schema import card_key as keys

LIVE_BATCH: Final = 1
_CHUNK: Final = 500
"""SQLite takes 32,766 parameters a statement; five hundred stay far below."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as stored, with the facts of its batch. ``number`` is the batch's row number."""

    tag: bytes
    number: int
    index: int
    state: State
    entries: int
    last_time: int | None
    sold_before: bool
    suspect: bool
    reserved_until: int | None
    reserved_by: bytes | None
    reservation: bytes | None
    batch: BatchFacts
    format: str
    may_be_reported: bool = True
    """Whether issuers may have said something of it; ``False`` only where that was looked up."""

    def is_reserved(self, now: int) -> bool:
        """Whether a reservation stands at *now* (ms)."""
        return self.reserved_until is not None and self.reserved_until > now


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What a key's row becomes; the guard is that nothing touched it since it was read."""

    state: State
    last_time: int
    sold_before: bool


# Spelt out, not bound: only so do both databases see that the partial index fits.
_HAS_ENTRIES: Final = keys.c.entries > literal_column("0")
_TOUCHED: Final = or_(_HAS_ENTRIES, keys.c.reservation.is_not(None))
_UNRESERVED: Final = {"reserved_until": None, "reserved_by": None, "reservation": None}

_SELECT: Final[Select[Any]] = select(
    keys.c.tag,
    keys.c.batch,
    keys.c.idx,
    keys.c.state,
    keys.c.entries,
    keys.c.last_time,
    keys.c.sold_before,
    keys.c.suspect,
    keys.c.reserved_until,
    keys.c.reserved_by,
    keys.c.reservation,
    batches.c.batch_id,
    batches.c.supplier,
    batches.c.size,
    batches.c.max_uses,
    batches.c.expires_at,
    batches.c.format,
).join_from(keys, batches, and_(batches.c.number == keys.c.batch, batches.c.status == LIVE_BATCH))


def by_tags(connection: Connection, tags: Iterable[bytes]) -> dict[bytes, KeyRow]:
    """The keys of live batches among *tags*, by tag."""
    return {row.tag: row for row in _select_in(connection, keys.c.tag, list(tags))}


def by_handles(
    connection: Connection, handles: Iterable[tuple[bytes, int]]
) -> dict[tuple[bytes, int], KeyRow]:
    """The keys of live batches at those (batch id, index) handles."""
    wanted: dict[bytes, list[int]] = {}
    for batch_id, index in handles:
        wanted.setdefault(batch_id, []).append(index)
    # Batch by batch: for a list of pairs SQLite uses no index, and walks through every key there is.
    return {
        (batch_id, row.index): row
        for batch_id, indices in wanted.items()
        for row in _select_in(connection, keys.c.idx, indices, batches.c.batch_id == batch_id)
    }


def by_place(connection: Connection, number: int, index: int) -> KeyRow | None:
    """The key of a live batch at that batch number and index."""
    found = _select_in(connection, keys.c.idx, [index], batches.c.number == number)
    return found[0] if found else None


def _select_in(
    connection: Connection, column: Any, values: Sequence[Any], *where: ColumnElement[bool]
) -> list[KeyRow]:
    found: list[KeyRow] = []
    for start in range(0, len(values), _CHUNK):
        query = _SELECT.where(column.in_(values[start : start + _CHUNK]), *where)
        found += [_row(row) for row in connection.execute(query)]
    return found


def touched_in(connection: Connection, number: int, first: int, count: int) -> Iterator[KeyRow]:
    """The keys of a range that have entries of their own or a reservation, in order, a page in memory."""
    query = _SELECT.where(keys.c.batch == number, keys.c.idx < first + count, _TOUCHED)
    query = query.order_by(keys.c.idx).limit(_CHUNK)
    start = first
    while True:
        page = [_row(row) for row in connection.execute(query.where(keys.c.idx >= start))]
        yield from page
        if len(page) < _CHUNK:
            return
        start = page[-1].index + 1


def count_gone_in(connection: Connection, number: int, first: int, count: int) -> int:
    """How many keys of a range are redeemed or void by an entry of their own."""
    gone = keys.c.state.in_([int(State.REDEEMED), int(State.VOID)])
    query = select(func.count()).where(
        keys.c.batch == number, keys.c.idx >= first, keys.c.idx < first + count, gone, _HAS_ENTRIES
    )
    counted: int = connection.execute(query).scalar_one()
    return counted


def newest_time_in(connection: Connection, number: int, first: int, count: int) -> int | None:
    """The newest time of an entry on a single key of the range, in ms."""
    newest: int | None = connection.execute(
        select(func.max(keys.c.last_time)).where(
            keys.c.batch == number, keys.c.idx >= first, keys.c.idx < first + count, _HAS_ENTRIES
        )
    ).scalar()
    return newest


def change(
    connection: Connection,
    seen: KeyRow,
    to: KeyChange,
    *,
    now: int | None = None,
    reservation: bytes | None = None,
) -> bool:
    """Move one key from what was *seen* to *to*; ``False`` when somebody was faster.

    This statement is the rule against double sale: the state and the number of entries must still
    be those seen. With *now* (a sale), a standing reservation other than *reservation* stops it too.
    A change that leaves the key unsold (a CORRECTION) leaves its reservation too.
    """
    guard: list[ColumnElement[bool]] = [
        keys.c.tag == seen.tag,
        keys.c.state == int(seen.state),
        keys.c.entries == seen.entries,
    ]
    if now is not None:
        guard.append(_is_free(now, reservation))
    columns: dict[str, Any] = {
        "state": int(to.state),
        "entries": keys.c.entries + 1,
        "last_time": to.last_time,
        "sold_before": True if to.sold_before else None,
    }
    if to.state is not State.REGISTERED:
        columns |= _UNRESERVED
    return connection.execute(update(keys).where(*guard).values(columns)).rowcount == 1


def touch_one(connection: Connection, number: int, index: int, time: int) -> None:
    """Count an entry on one key that leaves its state as it is (a transfer of a single key)."""
    connection.execute(
        update(keys)
        .where(keys.c.batch == number, keys.c.idx == index)
        .values(entries=keys.c.entries + 1, last_time=time)
    )


def reserve(
    connection: Connection, seen: KeyRow, by: bytes, reservation: bytes, until: int, now: int
) -> bool:
    """Reserve one registered key until *until* (ms); ``False`` when somebody was faster."""
    statement = (
        update(keys)
        .where(
            keys.c.tag == seen.tag,
            keys.c.state == int(State.REGISTERED),
            keys.c.entries == seen.entries,
            _is_free(now, None),
        )
        .values(reserved_until=until, reserved_by=by, reservation=reservation)
    )
    return connection.execute(statement).rowcount == 1


def extend(connection: Connection, by: bytes, reservation: bytes, until: int, now: int) -> int:
    """Extend a reservation that still stands; the number of keys it covers."""
    return connection.execute(
        update(keys)
        .where(keys.c.reservation == reservation, keys.c.reserved_by == by, keys.c.reserved_until > now)
        .values(reserved_until=until)
    ).rowcount


def release(connection: Connection, by: bytes, reservation: bytes) -> int:
    """End a reservation; the number of keys it covered."""
    return connection.execute(
        update(keys).where(keys.c.reservation == reservation, keys.c.reserved_by == by).values(_UNRESERVED)
    ).rowcount


def _is_free(now: int, reservation: bytes | None) -> ColumnElement[bool]:
    free = or_(keys.c.reserved_until.is_(None), keys.c.reserved_until <= now)
    return free if reservation is None else or_(free, keys.c.reservation == reservation)


def _row(row: Any) -> KeyRow:
    return KeyRow(
        tag=bytes(row.tag),
        number=row.batch,
        index=row.idx,
        state=State(row.state),
        entries=row.entries,
        last_time=row.last_time,
        sold_before=bool(row.sold_before),
        suspect=bool(row.suspect),
        reserved_until=row.reserved_until,
        reserved_by=_bytes(row.reserved_by),
        reservation=_bytes(row.reservation),
        batch=BatchFacts(bytes(row.batch_id), bytes(row.supplier), row.size, row.max_uses, row.expires_at),
        format=row.format,
    )


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
