"""Messages, their deliveries to endpoints, and every attempt at one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema_webhooks import webhook_attempt as attempts
from provenance.store.schema_webhooks import webhook_delivery as table
from provenance.store.schema_webhooks import webhook_message as messages
from provenance.store.upsert import insert_or


class DeliveryStatus(IntEnum):
    """How far a delivery got; the numbers are stored."""

    WAITING = 0
    DELIVERED = 1
    GIVEN_UP = 2


@dataclass(frozen=True, slots=True)
class Message:
    """What there is to tell a party; ``body`` is the very JSON that is signed. Time in ms."""

    id: bytes
    party: bytes
    type: str
    time: int
    body: str


@dataclass(frozen=True, slots=True)
class Due:
    """A message that an endpoint waits for; ``tries`` since it was first due or replayed."""

    message: Message
    tries: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request: when (ms), the HTTP status if any, the code of what went wrong, and how long it took."""

    endpoint: bytes
    message: bytes
    time: int
    status: int | None
    error: str | None
    took_ms: int
    number: int = 0


def add(connection: Connection, message: Message, endpoints: Sequence[bytes]) -> None:
    """Store a message with a delivery, due at once, for each endpoint."""
    row = {name: getattr(message, name) for name in Message.__slots__}
    connection.execute(insert(messages), row)
    connection.execute(insert(table), [_delivery(one, message.id, message.time) for one in endpoints])


def due(connection: Connection, endpoint: bytes, now: int, horizon: int) -> Due | None:
    """What an endpoint is to be sent first; a time more than *horizon* ms ahead counts as past."""
    waiting = (table.c.endpoint == endpoint, table.c.status == int(DeliveryStatus.WAITING))
    joined = select(messages, table.c.tries).join(table, table.c.message == messages.c.id)
    query = joined.where(*waiting, or_(table.c.due_at <= now, table.c.due_at > now + horizon))
    row = connection.execute(query.order_by(table.c.due_at, table.c.message).limit(1)).first()
    return None if row is None else Due(_message(row), row.tries)


def note(connection: Connection, attempt: Attempt, status: DeliveryStatus, due_at: int, tries: int) -> None:
    """Store an attempt, under the next number, and what follows from it.

    Where two workers sent the same, a success stays one; where endpoint or message are gone, nothing is done.
    """
    place = [table.c.endpoint == attempt.endpoint, table.c.message == attempt.message]
    if status is not DeliveryStatus.DELIVERED:
        place.append(table.c.status == int(DeliveryStatus.WAITING))
    changes = {"status": int(status), "due_at": due_at, "tries": tries, "attempts": table.c.attempts + 1}
    moved = update(table).where(*place).values(changes).returning(table.c.attempts)
    number = connection.execute(moved).scalar()
    if number is not None:
        row = {name: getattr(attempt, name) for name in Attempt.__slots__} | {"number": number}
        connection.execute(insert(attempts), row)


def replay(connection: Connection, endpoint: bytes, chosen: Sequence[bytes], now: int) -> None:
    """Make messages due again for an endpoint, whether or not it had them before."""
    if not chosen:
        return
    fresh = insert_or(connection, table).values([_delivery(endpoint, one, now) for one in chosen])
    again = {"status": int(DeliveryStatus.WAITING), "tries": 0, "due_at": now}
    connection.execute(fresh.on_conflict_do_update(index_elements=["endpoint", "message"], set_=again))


def between(
    connection: Connection, names: Sequence[bytes], since: int, until: int, limit: int
) -> list[tuple[bytes, str]]:
    """Id and type of the messages of a party from *since* to before *until* (ms), oldest first."""
    query = select(messages.c.id, messages.c.type).where(
        messages.c.party.in_(names), messages.c.time >= since, messages.c.time < until
    )
    found = connection.execute(query.order_by(messages.c.time, messages.c.id).limit(limit))
    return [(bytes(row.id), row.type) for row in found]


def message(connection: Connection, names: Sequence[bytes], chosen: bytes) -> Message | None:
    """A message of a party."""
    query = select(messages).where(messages.c.id == chosen, messages.c.party.in_(names))
    row = connection.execute(query).first()
    return None if row is None else _message(row)


def waiting(connection: Connection, endpoint: bytes) -> int:
    """How many deliveries an endpoint waits for."""
    mine = and_(table.c.endpoint == endpoint, table.c.status == int(DeliveryStatus.WAITING))
    found: int = connection.execute(select(func.count()).where(mine)).scalar_one()
    return found


def attempts_at(
    connection: Connection, endpoint: bytes, before: int, limit: int
) -> list[tuple[Attempt, str]]:
    """Attempts before a time (ms), newest first, each with the type of its message."""
    query = select(attempts, messages.c.type).join(messages, messages.c.id == attempts.c.message)
    query = query.where(attempts.c.endpoint == endpoint, attempts.c.time < before)
    newest = (attempts.c.time.desc(), attempts.c.message.desc(), attempts.c.number.desc())
    found = connection.execute(query.order_by(*newest).limit(limit))
    return [(_attempt(row), row.type) for row in found]


def purge(connection: Connection, before: int, limit: int) -> int:
    """Forget up to *limit* messages from before a time (ms) with all that belongs to them; how many."""
    query = select(messages.c.id).where(messages.c.time < before).order_by(messages.c.time).limit(limit)
    old = list(connection.execute(query).scalars())
    for rows in (attempts.c.message, table.c.message, messages.c.id):
        connection.execute(delete(rows.table).where(rows.in_(old)))
    return len(old)


def _delivery(endpoint: bytes, message: bytes, due_at: int) -> dict[str, Any]:
    return {
        "endpoint": endpoint, "message": message, "status": int(DeliveryStatus.WAITING),
        "tries": 0, "attempts": 0, "due_at": due_at,
    }  # fmt: skip


def _message(row: Any) -> Message:
    return Message(bytes(row.id), bytes(row.party), row.type, row.time, row.body)


def _attempt(row: Any) -> Attempt:
    return Attempt(
        bytes(row.endpoint), bytes(row.message), row.time, row.status, row.error, row.took_ms, row.number
    )
