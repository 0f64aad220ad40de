"""How a claim begins, whoever noticed: the order's row, its sale in the log, what was claimed before."""

from __future__ import annotations

from provenance.core.claims import Claim, ClaimedOrder, NewClaim
from provenance.core.claims import Evidence as EvidenceValue
from provenance.core.terms import Cause
from provenance.errors import Conflict, NotFound
from provenance.services.context import Context
from provenance.services.warranty import desk, facts, keeping
from provenance.services.warranty import terms as published
from provenance.services.warranty.carrying import ClaimWork
from provenance.store import entries, warranty_orders
from provenance.store.database import Connection
from provenance.store.warranty_orders import OrderRow


def locked_order(connection: Connection, order_id: bytes) -> OrderRow:
    """The order, locked against every other claim on it; raises :class:`NotFound` (``unknown_order``)."""
    order = warranty_orders.by_id(connection, order_id, lock=True)
    if order is None:
        raise NotFound("no such order, or not yours to see", code="unknown_order")
    return order


def sale_index(connection: Connection, order: OrderRow) -> int | None:
    """The log index of the order's SELL; ``None`` while it waits for its place."""
    stored = entries.by_event(connection, order.sell)
    return None if stored is None else stored.index


def open_claim(
    context: Context,
    connection: Connection,
    order: OrderRow,
    causes: tuple[Cause, ...],
    *,
    claimant: bytes | None = None,
    evidence: tuple[EvidenceValue, ...] = (),
    used_elsewhere: frozenset[bytes] = frozenset(),
) -> Claim:
    """A new claim on a locked order; raises what the rules refuse, and ``not_sequenced_yet``.

    *claimant* is the use that the buyer showed, ``None`` where the system noticed.
    """
    index = sale_index(connection, order)
    if index is None:
        raise Conflict(
            "the sale is being written into the log; try again in a second", code="not_sequenced_yet"
        )
    now = context.clock.now()
    new = NewClaim(
        claim_id=context.entropy(32),
        order=claimed(connection, order, index),
        terms=published.pinned(connection, order.terms),
        causes=causes,
        claimant=claimant,
        evidence=evidence,
        used_elsewhere=used_elsewhere,
    )
    actor = desk.address(context) if claimant is None else claimant
    return ClaimWork(context, connection, order, actor, now).open(new)


def claimed(connection: Connection, order: OrderRow, sell_index: int) -> ClaimedOrder:
    """The order as the rules want it."""
    return ClaimedOrder(
        order_id=order.id,
        platform=order.platform,
        supplier=order.supplier,
        buyer=order.party,
        sell_index=sell_index,
        price=keeping.price_of(order),
        terms_hash=order.terms,
        delivered_at=facts.delivered_at(connection, order),
    )
