"""Orders under warranty: one sale, its price, its payment and the terms it pinned, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from provenance.core.claims import Posting, PostingKind
from provenance.core.digests import sha256
from provenance.core.entries import PartyReason, SaleReason
from provenance.core.money import Money
from provenance.core.terms import EvidenceType, Source, Terms, Tier
from provenance.errors import AccessDenied, Conflict, InputRefused, NotFound
from provenance.services import ordernews
from provenance.services.context import MAX_CLOCK_LEAD_MS, Context
from provenance.services.lawbook import KeyRef
from provenance.services.parties import Principal
from provenance.services.sale import Order, Sold
from provenance.services.selling import SellingService
from provenance.services.warranty import keeping, money, products
from provenance.services.warranty import terms as published
from provenance.services.warranty.presale import must_be_reviewed
from provenance.store import batches, parties, warranty_orders
from provenance.store import warranty_terms as terms_store
from provenance.store.database import Connection
from provenance.store.keys import KeyRow
from provenance.store.warranty_orders import EventKind, OrderEvent, OrderRow

__all__ = [
    "EventKind",
    "Opened",
    "OrderEvent",
    "OrderRow",
    "OrderService",
    "Reported",
    "Warranty",
    "may_see",
    "note_paid",
    "own",
]

MAX_EARLIER_MS: Final = 24 * 3_600_000
"""A payment is reported with its sale: one that is older than a day was for something else."""
_TYPES: Final = {
    EventKind.PAID: EvidenceType.PAYMENT_RECORD,
    EventKind.SUBMITTED: EvidenceType.CARRIER_RECEIPT,
    EventKind.ARRIVED: EvidenceType.CARRIER_RECEIPT,
    EventKind.CANCELLED: EvidenceType.PAYMENT_RECORD,
}


@dataclass(frozen=True, slots=True)
class Reported:
    """Something that happened outside the log: when (ms), and the SHA-256 of the record that shows it."""

    kind: EventKind
    at: int
    record: bytes


@dataclass(frozen=True, slots=True)
class Warranty:
    """What an order pins: the hash of published terms, the price, and the payment.

    ``paid`` is ``None`` where an escrow will say when the buyer has paid.
    """

    terms: bytes
    price: Money
    paid: Reported | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An order under warranty, with the sale it stands on (and its order token, secret)."""

    order: OrderRow
    sold: Sold


class OrderService:
    """Opens orders and takes reports about them."""

    def __init__(self, context: Context, selling: SellingService) -> None:
        self._context = context
        self._selling = selling

    def open(self, platform: bytes, refs: Sequence[KeyRef], order: Order, warranty: Warranty) -> Opened:
        """Sell a key under warranty: the one of *refs*, or of several the first that can be sold.

        The same order, key and warranty again get the first answer. Raises what a sale raises;
        :class:`NotFound` (``unknown_terms``), :class:`InputRefused` (``currency_mismatch``, ``price_zero``,
        ``payment_missing``, ``event_in_future``, ``event_too_old``), :class:`Conflict`
        (``sold_without_terms``, ``order_differs``); under graded terms what :func:`must_be_reviewed` does.
        """
        is_graded = self._check(platform, warranty).tier is Tier.GRADED
        details = {
            **order.details,
            "price": str(warranty.price),
            "currency": warranty.price.currency,
            "terms": warranty.terms.hex(),
        }

        def beside(connection: Connection, row: KeyRow, sold: Sold) -> None:
            if is_graded:
                now = self._context.clock.now()
                must_be_reviewed(
                    connection, row.number, row.index, warranty.terms, warranty.price, now, platform=platform
                )
            self._add(connection, platform, warranty, row, sold)

        complete = replace(order, details=details, reason=SaleReason.UNDER_TERMS, beside=beside)
        if len(refs) == 1:
            sold = self._selling.sell(platform, refs[0], complete)
        else:
            sold = self._selling.sell_any(platform, refs, complete)
        return Opened(self._found(sold, warranty), sold)

    def report(self, principal: Principal, order_id: bytes, reported: Reported) -> OrderEvent:
        """Take a report by the platform, or by an issuer as the carrier; the same again changes nothing.

        Raises :class:`NotFound` (``unknown_order``), :class:`AccessDenied` (``not_platform``),
        :class:`InputRefused` (``event_in_future``, ``event_too_old``), :class:`Conflict`
        (``event_reported``).
        """

        def work(connection: Connection) -> OrderEvent:
            order = warranty_orders.by_id(connection, order_id, lock=True)
            if order is None or not self._may_report(connection, principal, order, reported.kind):
                raise NotFound("no such order, or not yours to see", code="unknown_order")
            now = self._context.clock.now()
            self._check_time(reported, order.created_at, now)
            made = self._event(order, reported, principal, now)
            if not warranty_orders.add_event(connection, made):
                return _same(warranty_orders.events_of(connection, order_id)[reported.kind], made)
            ordernews.reported(self._context, connection, order, made)
            warranty_orders.wake_one(connection, order_id, now)
            return made

        return self._context.database.retrying(work)

    def _may_report(
        self, connection: Connection, principal: Principal, order: OrderRow, kind: EventKind
    ) -> bool:
        if order.platform in parties.names_of(connection, principal.address):
            return kind is not EventKind.PAID
        is_carriers = kind in (EventKind.SUBMITTED, EventKind.ARRIVED)
        return is_carriers and principal.party.has(PartyReason.ISSUER)

    def _event(self, order: OrderRow, reported: Reported, by: Principal, now: int) -> OrderEvent:
        source = Source.CARRIER
        if reported.kind is EventKind.CANCELLED:
            source = Source.PLATFORM
        elif reported.kind is EventKind.ARRIVED and not by.party.has(PartyReason.ISSUER):
            # What would stop the clock against it, a platform does not testify for itself.
            source = Source.PLATFORM
        return OrderEvent(
            order.id, reported.kind, reported.at, now, by.address, _TYPES[reported.kind].value,
            source.value, reported.record,
        )  # fmt: skip

    def _check(self, platform: bytes, warranty: Warranty) -> Terms:
        if warranty.price.minor == 0:
            raise InputRefused("an order under warranty has a price", code="price_zero")
        with self._context.database.read() as connection:
            names = parties.names_of(connection, platform)
            row = terms_store.published(connection, names, warranty.terms)
        if row is None:
            raise NotFound("publish these terms before you sell under them", code="unknown_terms")
        terms = published.read(row.document)
        if terms.currency != warranty.price.currency:
            raise InputRefused(
                f"these terms are in {terms.currency}; price the order in it", code="currency_mismatch"
            )
        if warranty.paid is None and terms.tier is not Tier.ESCROW:
            raise InputRefused("say when the order was paid, and by which record", code="payment_missing")
        return terms

    def _check_time(self, reported: Reported, created_at: int, now: int) -> None:
        if reported.at > now + MAX_CLOCK_LEAD_MS:
            raise InputRefused("that time lies in the future; set your clock", code="event_in_future")
        if reported.at < created_at - MAX_EARLIER_MS:
            raise InputRefused("that is more than a day before the sale", code="event_too_old")

    def _add(
        self, connection: Connection, platform: bytes, warranty: Warranty, row: KeyRow, sold: Sold
    ) -> None:
        now = self._context.clock.now()
        batch = batches.by_number(connection, row.number)
        details: dict[str, Any] = {} if batch is None else json.loads(batch.details)
        order = OrderRow(
            id=self._context.vault.fingerprint("warranty order", sold.recorded.event),
            platform=platform,
            seller=platform,
            supplier=row.batch.supplier,
            batch=row.number,
            idx=row.index,
            party=sold.recorded.entry.party,
            sell=sold.recorded.event,
            token=sha256(sold.token),
            price=warranty.price.minor,
            currency=warranty.price.currency,
            terms=warranty.terms,
            product=products.product_of(row.format, details),
            created_at=now,
            due=now,
        )
        warranty_orders.add(connection, order)
        ordernews.opened(self._context, connection, order)
        if warranty.paid is not None:
            self._check_time(warranty.paid, now, now)
            # A platform that reports its own payment starts the clock against itself: an admission.
            note_paid(self._context, connection, order, warranty.paid.at, warranty.paid.record, platform)

    def _found(self, sold: Sold, warranty: Warranty) -> OrderRow:
        with self._context.database.read() as connection:
            number = batches.numbers_of(connection, [sold.handle.batch_id])[sold.handle.batch_id]
            party = sold.recorded.entry.party
            order = warranty_orders.by_sale(connection, number, sold.handle.index, party)
        if order is None:
            raise Conflict(
                "this order was sold before, without a warranty; terms are pinned at the sale or never",
                code="sold_without_terms",
            )
        asked = (warranty.price.minor, warranty.price.currency, warranty.terms)
        if asked != (order.price, order.currency, order.terms):
            raise Conflict("this order was sold before at another price or terms", code="order_differs")
        return order


def note_paid(
    context: Context, connection: Connection, order: OrderRow, at: int, record: bytes, by: bytes
) -> bool:
    """The order was paid at *at* (ms), as *record* (32 bytes) shows; ``False`` if that was noted before."""
    paid = OrderEvent(
        order.id, EventKind.PAID, at, context.clock.now(), by, _TYPES[EventKind.PAID].value,
        Source.PAYMENT.value, record,
    )  # fmt: skip
    if not warranty_orders.add_event(connection, paid):
        return False
    ordernews.reported(context, connection, order, paid)
    price = keeping.price_of(order)
    money.post(context, connection, order.id, price, [Posting(PostingKind.PAID, price, at)])
    warranty_orders.wake_one(connection, order.id, paid.recorded_at)
    return True


def _same(known: OrderEvent, again: OrderEvent) -> OrderEvent:
    if (known.at, known.digest) != (again.at, again.digest):
        raise Conflict(
            "that was reported before, with another time or record; the first report stands",
            code="event_reported",
            at=known.at,
        )
    return known


def may_see(connection: Connection, principal: Principal | None, order: OrderRow) -> bool:
    """Whether a party is its platform, its supplier, or whoever stands for them."""
    if principal is None:
        return False
    names = parties.names_of(connection, principal.address)
    return bool({order.platform, order.supplier, order.seller} & set(names))


def own(connection: Connection, principal: Principal, order: OrderRow) -> None:
    """Raise :class:`AccessDenied` (``not_platform``) unless the party answers for the order to the buyer."""
    if order.platform not in parties.names_of(connection, principal.address):
        raise AccessDenied("only the platform of the order does that", code="not_platform")
