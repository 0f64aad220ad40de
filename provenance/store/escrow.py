"""What the service knows of the escrow: offers, deposits as the chain tells, and how far it was read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import and_, delete, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema_escrow import escrow_cursor as cursors
from provenance.store.schema_escrow import escrow_deposit as deposits
from provenance.store.schema_escrow import escrow_event as events
from provenance.store.schema_escrow import escrow_offer as offers
from provenance.store.schema_warranty import claim as claims
from provenance.store.schema_warranty import claim_task as tasks
from provenance.store.upsert import added, insert_or

CLOSED: Final = 5


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer: its digest and its deposit's name (32 bytes each), the order as JSON; 65 bytes signed."""

    digest: bytes
    order: bytes
    deposit: bytes
    struct: str
    valid_until: int
    made_at: int
    signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class DepositRow:
    """A deposit as its newest event left it; ``deadline`` in unix seconds, ``due`` in ms."""

    order: bytes
    deposit: bytes
    struct: str
    is_offered: bool
    state: int
    deadline: int
    fault: int | None
    refund: int
    compensation: int
    block: int
    tx: bytes
    position: int
    due: int | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of the escrow about an order; ``time`` is the block's, in unix seconds."""

    block: int
    position: int
    order: bytes
    tx: bytes
    time: int
    name: str
    facts: str


_OFFER: Final = tuple(field.name for field in fields(OfferRow))
_DEPOSIT: Final = tuple(field.name for field in fields(DepositRow))
_EVENT: Final = tuple(field.name for field in fields(EventRow))


def add_offer(connection: Connection, row: OfferRow) -> bool:
    """Keep an offer; ``False`` if it is there already."""
    return added(connection, offers, {name: getattr(row, name) for name in _OFFER})


def offer(connection: Connection, digest: bytes) -> OfferRow | None:
    """The offer of that digest."""
    found = connection.execute(select(offers).where(offers.c.digest == digest)).first()
    return None if found is None else _offer(found)


def offers_of(connection: Connection, order: bytes) -> list[OfferRow]:
    """Every offer for an order, the newest first."""
    query = select(offers).where(offers.c.order == order).order_by(offers.c.made_at.desc(), offers.c.digest)
    return [_offer(found) for found in connection.execute(query)]


def sign_offer(connection: Connection, digest: bytes, signature: bytes) -> bool:
    """Keep the platform's signature; ``False`` if there was one."""
    statement = update(offers).where(offers.c.digest == digest, offers.c.signature.is_(None))
    return connection.execute(statement.values(signature=signature)).rowcount == 1


def order_of(connection: Connection, deposit: bytes) -> bytes | None:
    """The order whose deposit has that name: one that was offered here."""
    found = connection.execute(select(offers.c.order).where(offers.c.deposit == deposit).limit(1)).scalar()
    return None if found is None else bytes(found)


def deposit_of(connection: Connection, order: bytes) -> DepositRow | None:
    """The deposit of an order."""
    found = connection.execute(select(deposits).where(deposits.c.order == order)).first()
    return None if found is None else _deposit(found)


def put_deposit(connection: Connection, row: DepositRow) -> None:
    """The deposit as it stands now."""
    values = {name: getattr(row, name) for name in _DEPOSIT}
    values |= {"refund": str(row.refund), "compensation": str(row.compensation)}
    fresh = insert_or(connection, deposits).values(values)
    connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["order"],
            set_={name: fresh.excluded[name] for name in _DEPOSIT if name != "order"},
        )
    )


def due(connection: Connection, now: int, limit: int) -> list[DepositRow]:
    """The deposits that the keeper has to look at, the longest due first."""
    query = select(deposits).where(deposits.c.due <= now).order_by(deposits.c.due, deposits.c.order)
    return [_deposit(found) for found in connection.execute(query.limit(limit))]


def look_again(connection: Connection, order: bytes, at: int | None, trouble: str | None = None) -> None:
    """When the keeper looks at a deposit next (ms), and what stopped it this time."""
    statement = update(deposits).where(deposits.c.order == order)
    connection.execute(statement.values(due=at, trouble=trouble))


def wake(connection: Connection, order: bytes, now: int) -> None:
    """Have the keeper look at an order's deposit, if it has one, at *now* (ms)."""
    connection.execute(update(deposits).where(deposits.c.order == order).values(due=now))


def end_idle_tasks(connection: Connection, now: int, limit: int) -> int:
    """Note as done what claims ask that are closed, or of people whose turn is over; how many.

    Where a deposit is open its keeper ends them itself.
    """
    held = select(deposits.c.order).where(deposits.c.state != CLOSED)
    ended = or_(
        claims.c.outcome.is_not(None), and_(tasks.c.kind == "recover", claims.c.state != "recovering")
    )
    query = select(tasks.c.id).join(claims, claims.c.id == tasks.c.claim)
    query = query.where(tasks.c.done_at.is_(None), ended, tasks.c.order.not_in(held)).limit(limit)
    found = list(connection.execute(query).scalars())
    if found:
        connection.execute(update(tasks).where(tasks.c.id.in_(found)).values(done_at=now))
    return len(found)


def add_event(connection: Connection, row: EventRow) -> bool:
    """Keep an event; ``False`` if it was read before."""
    return added(connection, events, {name: getattr(row, name) for name in _EVENT})


def events_of(connection: Connection, order: bytes) -> list[EventRow]:
    """The events about an order, in the order of the chain."""
    query = select(events).where(events.c.order == order).order_by(events.c.block, events.c.position)
    return [
        EventRow(one.block, one.position, bytes(one.order), bytes(one.tx), one.time, one.name, one.facts)
        for one in connection.execute(query)
    ]


def read_up_to(connection: Connection, escrow: bytes) -> tuple[int, bytes] | None:
    """Number and hash of the block up to which the events of an escrow are read."""
    found = connection.execute(select(cursors).where(cursors.c.escrow == escrow)).first()
    return None if found is None else (found.block, bytes(found.hash))


def has_read(connection: Connection, escrow: bytes, block: int, block_hash: bytes) -> None:
    """The events are read up to that block."""
    fresh = insert_or(connection, cursors).values(escrow=escrow, block=block, hash=block_hash)
    changed = {"block": block, "hash": block_hash}
    connection.execute(fresh.on_conflict_do_update(index_elements=["escrow"], set_=changed))


def forget_chain(connection: Connection) -> None:
    """What was read is of a chain that is no more: everything is read anew."""
    for table in (events, deposits, cursors):
        connection.execute(delete(table))


def _offer(found: Any) -> OfferRow:
    return OfferRow(
        bytes(found.digest), bytes(found.order), bytes(found.deposit), found.struct, found.valid_until,
        found.made_at, None if found.signature is None else bytes(found.signature),
    )  # fmt: skip


def _deposit(found: Any) -> DepositRow:
    return DepositRow(
        bytes(found.order), bytes(found.deposit), found.struct, found.is_offered, found.state,
        found.deadline, found.fault, int(found.refund), int(found.compensation), found.block,
        bytes(found.tx), found.position, found.due, found.trouble,
    )  # fmt: skip
