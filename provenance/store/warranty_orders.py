"""Orders under warranty: one sale of one key, what it pinned, and when the watch looks at it next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final, Literal

from sqlalchemy import Select, and_, func, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema_warranty import order_event as events
from provenance.store.schema_warranty import warranty_order as table
from provenance.store.upsert import added

_CHUNK: Final = 500


class EventKind(IntEnum):
    """What happens to an order outside the log; the numbers are stored."""

    PAID = 1
    SUBMITTED = 2
    ARRIVED = 3
    CANCELLED = 4


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order. Ids and hashes have 32 bytes, addresses 20, ``sell`` is an event id; times in ms.

    ``price`` is in minor units of ``currency``; ``token`` the SHA-256 of the order token.
    """

    id: bytes
    platform: bytes
    seller: bytes
    supplier: bytes
    batch: int
    idx: int
    party: bytes
    sell: bytes
    token: bytes
    price: int
    currency: str
    terms: bytes
    product: bytes
    created_at: int
    cover_from: int | None = None
    replaces: bytes | None = None
    due: int | None = None
    claims: int = 0


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something reported about an order: when it was, who says so, and by what."""

    order: bytes
    kind: EventKind
    at: int
    recorded_at: int
    by: bytes
    type: str
    source: str
    digest: bytes


_NAMES: Final = tuple(field.name for field in fields(OrderRow))
_EVENT_NAMES: Final = tuple(field.name for field in fields(OrderEvent))


def add(connection: Connection, row: OrderRow) -> bool:
    """Store an order; ``False`` if the sale has one already."""
    return added(connection, table, {name: getattr(row, name) for name in _NAMES})


def by_id(connection: Connection, order: bytes, *, lock: bool = False) -> OrderRow | None:
    """An order; with *lock* nobody else opens or moves a claim on it until the transaction ends."""
    query = select(table).where(table.c.id == order)
    return _one(connection, query.with_for_update() if lock else query)


def by_token(connection: Connection, digest: bytes) -> list[OrderRow]:
    """The orders of one order token (its SHA-256), the oldest first."""
    return _many(connection, select(table).where(table.c.token == digest).order_by(table.c.created_at))


def by_sale(connection: Connection, number: int, index: int, party: bytes) -> OrderRow | None:
    """The order of one sale of one key."""
    query = select(table).where(table.c.batch == number, table.c.idx == index, table.c.party == party)
    return _one(connection, query)


def replacement_of(connection: Connection, order: bytes) -> OrderRow | None:
    """The order that replaces another."""
    return _one(connection, select(table).where(table.c.replaces == order))


def first_of(connection: Connection, order: OrderRow) -> OrderRow:
    """The order that the buyer made, where *order* is a replacement (of a replacement, …)."""
    while order.replaces is not None:
        earlier = by_id(connection, order.replaces)
        if earlier is None:
            break
        order = earlier
    return order


def of_party(
    connection: Connection,
    names: Sequence[bytes],
    side: Literal["platform", "supplier"],
    before: tuple[int, bytes],
    limit: int,
) -> list[OrderRow]:
    """The orders of a party under any of its names, the newest first, before that (time in ms, id)."""
    time, order = before
    earlier = or_(table.c.created_at < time, and_(table.c.created_at == time, table.c.id < order))
    query = select(table).where(table.c[side].in_(names), earlier)
    return _many(connection, query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit))


def wake(connection: Connection, places: Iterable[tuple[int, int, int]], now: int) -> int:
    """Have the watch look at every order on a key of *places* (batch, first, count); how many there are."""
    woken = 0
    wanted = sorted(set(places))
    for start in range(0, len(wanted), _CHUNK):
        touched = [
            and_(table.c.batch == number, table.c.idx >= first, table.c.idx < first + count)
            for number, first, count in wanted[start : start + _CHUNK]
        ]
        woken += connection.execute(update(table).where(or_(*touched)).values(due=now)).rowcount
    return woken


def wake_one(connection: Connection, order: bytes, now: int) -> None:
    """Have the watch look at one order at *now* (ms)."""
    connection.execute(update(table).where(table.c.id == order).values(due=now))


def due_ids(connection: Connection, now: int, limit: int) -> list[bytes]:
    """The orders that the watch has to look at, the longest due first; nothing is locked."""
    query = select(table.c.id).where(table.c.due <= now).order_by(table.c.due).limit(limit)
    return [bytes(order) for order in connection.execute(query).scalars()]


def take(connection: Connection, order: bytes) -> OrderRow | None:
    """An order, locked; ``None`` while another worker has it."""
    return _one(connection, select(table).where(table.c.id == order).with_for_update(skip_locked=True))


def put_off(connection: Connection, order: bytes, until: int) -> None:
    """Have the watch leave an order that is due alone until then (ms)."""
    statement = update(table).where(table.c.id == order, table.c.due < until)
    connection.execute(statement.values(due=until))


def look_again(connection: Connection, order: bytes, at: int | None) -> None:
    """When the watch has to look at an order next; ``None`` for not before something happens."""
    connection.execute(update(table).where(table.c.id == order).values(due=at))


def count_claim(connection: Connection, order: bytes) -> None:
    """One more claim was opened on the order."""
    connection.execute(update(table).where(table.c.id == order).values(claims=table.c.claims + 1))


def add_event(connection: Connection, event: OrderEvent) -> bool:
    """Store what was reported; ``False`` if something of that kind is there already."""
    return added(connection, events, {name: getattr(event, name) for name in _EVENT_NAMES})


def events_of(connection: Connection, order: bytes) -> dict[EventKind, OrderEvent]:
    """What was reported of an order, by kind."""
    query = select(events).where(events.c.order == order)
    return {EventKind(row.kind): _event(row) for row in connection.execute(query)}


def next_due(connection: Connection) -> int | None:
    """When the watch has to look at an order next (ms), if ever."""
    soonest: int | None = connection.execute(select(func.min(table.c.due))).scalar()
    return soonest


def waiting(connection: Connection, now: int) -> tuple[int, int | None]:
    """How many orders are due at *now*, and since when the oldest is (ms)."""
    query = select(func.count(), func.min(table.c.due)).where(table.c.due <= now)
    count, oldest = connection.execute(query).one()
    return count, oldest


def _one(connection: Connection, query: Select[Any]) -> OrderRow | None:
    row = connection.execute(query).first()
    return None if row is None else _row(row)


def _many(connection: Connection, query: Select[Any]) -> list[OrderRow]:
    return [_row(row) for row in connection.execute(query)]


def _row(row: Any) -> OrderRow:
    values = row._mapping
    return OrderRow(**{name: _plain(values[name]) for name in _NAMES})


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview | bytearray) else value


def _event(row: Any) -> OrderEvent:
    who, digest = bytes(row.by), bytes(row.digest)
    kind = EventKind(row.kind)
    return OrderEvent(bytes(row.order), kind, row.at, row.recorded_at, who, row.type, row.source, digest)
