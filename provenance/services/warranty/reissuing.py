"""The replacement: a key from the sealed reserve, sold and delivered to the same buyer in one transaction.

It is an order of its own, with the price and what is left of the cover of the one that it replaces, and
it exists for nobody but whoever shows the order token of the first.
"""

from __future__ import annotations

from typing import Any, Final

from provenance.core.claims import Claim, Event, Impossible, Posting, PostingKind, Reissued, RemedyImpossible
from provenance.core.commitments import order_use, use_party
from provenance.core.digests import sha256
from provenance.core.entries import EntryType, SaleReason
from provenance.core.terms import EvidenceType, Source
from provenance.errors import AccessDenied, NotFound, Refused
from provenance.services import acts, lawbook, ordernews
from provenance.services.acts import Act
from provenance.services.context import Context, Recorded
from provenance.services.lawbook import Handle
from provenance.services.warranty import facts, keeping, money, reserves
from provenance.services.warranty.reserves import Taken
from provenance.store import orders as lines
from provenance.store import reserves as reserve_store
from provenance.store import warranty_orders
from provenance.store.database import Connection
from provenance.store.keys import KeyRow
from provenance.store.orders import OrderLine
from provenance.store.warranty_orders import EventKind, OrderEvent, OrderRow

_TRIES: Final = 16
"""Reserved keys that were sold or voided meanwhile are passed over, so many in one go."""


def block(context: Context, connection: Connection, order: OrderRow, claim_id: bytes) -> bool:
    """Void the order's key where the law still lets; whether it did."""
    actor = acts.heir(connection, order.seller)
    act = Act(EntryType.VOID, actor, order.party, details={"claim": claim_id.hex()})
    return _tried(context, connection, _handle(connection, order), act) is not None


def reissue(
    context: Context,
    connection: Connection,
    order: OrderRow,
    claim: Claim,
    now: int,
    cleared: frozenset[bytes] = frozenset(),
) -> Event | None:
    """Deliver a replacement for *order*, or say why there is none; within the transaction of the claim.

    ``None`` where the issuer has to be asked first and the key's tag is not among *cleared*; then nothing
    is done.
    """
    book = lawbook.history(context, connection, facts.key_of(connection, order))
    life = book.custody.life(order.party)
    if life is not None and life.reissued:
        return RemedyImpossible(Impossible.ALREADY_REISSUED)
    owners = sources(connection, order)
    for _ in range(_TRIES):
        before = connection.begin_nested()
        taken = reserves.take(context, connection, owners, order.product, claim.claim_id, now)
        if taken is None:
            before.commit()
            return RemedyImpossible(Impossible.RESERVE_EMPTY)
        if taken.key.format_id in context.askable and taken.row.tag not in cleared:
            before.rollback()
            return None
        before.commit()
        savepoint = connection.begin_nested()
        try:
            event = _replace(context, connection, order, claim, taken, now)
        except (Refused, AccessDenied):
            # Sold, voided or given away since it was put aside: the next one.
            savepoint.rollback()
            continue
        savepoint.commit()
        return Reissued(event)
    return RemedyImpossible(Impossible.RESERVE_EMPTY)


def sources(connection: Connection, order: OrderRow) -> list[bytes]:
    """Whose reserve serves an order: the platform's own stock first, then what its supplier put aside."""
    return [acts.heir(connection, order.platform), acts.heir(connection, order.supplier)]


def _replace(
    context: Context, connection: Connection, order: OrderRow, claim: Claim, taken: Taken, now: int
) -> bytes:
    batch_id, index = taken.row.batch.batch_id, taken.row.index
    number = context.vault.fingerprint("order", b"replacement", claim.claim_id)
    token = context.vault.order_token(taken.owner, number, batch_id, index)
    party = use_party(order_use(token, batch_id, index))
    handle = Handle(batch_id, index)
    told: dict[str, Any] = {"claim": claim.claim_id.hex(), "price": str(keeping.price_of(order))}
    selling = Act(EntryType.SELL, taken.owner, party, SaleReason.REPLACEMENT, told)
    sold = _done(context, connection, handle, selling)
    line = OrderLine(taken.owner, number, taken.row.number, index, sold.event, sha256(token))
    lines.insert_line(connection, line)
    made = _order(context, connection, order, taken, line, party, now)
    ordernews.opened(context, connection, made)
    _done(context, connection, handle, Act(EntryType.DELIVER, taken.owner, party))
    sealed = reserves.seal_for_buyer(context, buyers_token(context, connection, order), made.id, taken.key)
    reserve_store.put_delivered(connection, made.id, sealed, now)
    _paid(context, connection, made, sold)
    replaced = {"replacement": {"batch": batch_id.hex(), "index": index}, "claim": claim.claim_id.hex()}
    noted = Act(EntryType.REISSUE, acts.heir(connection, order.seller), order.party, 1, details=replaced)
    _tried(context, connection, _handle(connection, order), noted)
    return sold.event


def buyers_token(context: Context, connection: Connection, order: OrderRow) -> bytes:
    """The order token that the buyer has: that of the first order, whatever replaced it since."""
    return sale_token(context, connection, warranty_orders.first_of(connection, order))


def sale_token(context: Context, connection: Connection, order: OrderRow) -> bytes:
    """The order token under which the key of *order* itself was sold; derived again, never stored.

    That of a replacement leaves the service nowhere: its buyer has the first order's.
    """
    line = lines.line_of_token(connection, order.token, order.batch, order.idx)
    if line is None:
        raise NotFound("the order's line is missing from the database; run fsck", code="unknown_order")
    batch_id = facts.key_of(connection, order).batch.batch_id
    return context.vault.order_token(line.seller, line.order, batch_id, line.index)


def _order(
    context: Context,
    connection: Connection,
    order: OrderRow,
    taken: Taken,
    line: OrderLine,
    party: bytes,
    now: int,
) -> OrderRow:
    made = OrderRow(
        id=context.vault.fingerprint("warranty order", line.event),
        platform=order.platform,
        seller=taken.owner,
        supplier=taken.row.batch.supplier,
        batch=line.number,
        idx=line.index,
        party=party,
        sell=line.event,
        token=line.token,
        price=order.price,
        currency=order.currency,
        terms=order.terms,
        product=order.product,
        created_at=now,
        cover_from=facts.delivered_at(connection, order),
        replaces=order.id,
    )
    warranty_orders.add(connection, made)
    return made


def _paid(context: Context, connection: Connection, order: OrderRow, sold: Recorded) -> None:
    """The replacement was paid with the first order: its own books begin with that."""
    time = sold.entry.time
    shown = sha256(sold.entry.encode())
    warranty_orders.add_event(
        connection,
        OrderEvent(
            order.id, EventKind.PAID, time, time, order.seller, EvidenceType.LOG_ENTRY, Source.LOG, shown
        ),
    )
    price = keeping.price_of(order)
    money.post(context, connection, order.id, price, [Posting(PostingKind.PAID, price, time)])


def _handle(connection: Connection, order: OrderRow) -> Handle:
    return Handle(facts.key_of(connection, order).batch.batch_id, order.idx)


def _tried(context: Context, connection: Connection, handle: Handle, act: Act) -> Recorded | None:
    try:
        return _done(context, connection, handle, act)
    except (Refused, AccessDenied):
        return None


def _done(context: Context, connection: Connection, handle: Handle, act: Act) -> Recorded:
    def look() -> KeyRow | None:
        return lawbook.find(context, connection, [handle])[0]

    row = look()
    if row is None:
        raise Refused("no such key is registered", code="unknown")
    since = acts.acting_party(connection, act.actor).since
    return acts.perform(context, connection, row, act, look, since)
