"""Offers: what a platform signs so that a buyer can pay into the escrow for one order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from provenance.chain.escrow_calls import Call, deposit_call
from provenance.chain.escrow_order import ETHER, WarrantyOrder, order_json, read_order
from provenance.core.entries import PartyReason
from provenance.core.manifest import recover_signer
from provenance.core.money import Money
from provenance.core.terms import State, Terms, Tier
from provenance.errors import Conflict, InputRefused, LimitReached, NotFound, ProvenanceError, Refused
from provenance.services.context import Context
from provenance.services.escrow.seat import DAY_S, EscrowSeat, most_owed, required, units
from provenance.services.parties import Principal
from provenance.services.warranty import facts, keeping, status
from provenance.services.warranty import terms as published
from provenance.services.warranty.orders import own
from provenance.store import escrow, manifests, parties, warranty_orders
from provenance.store.database import Connection
from provenance.store.escrow import OfferRow
from provenance.store.warranty_orders import EventKind, OrderRow

MAX_OFFERS: Final = 16
"""Offers of one order: each is a signature that the buyer has to choose among."""
MAX_VALID_S: Final = 7 * DAY_S
MAX_DELIVERY_S: Final = 7 * DAY_S
MAX_RULING_S: Final = 60 * DAY_S


@dataclass(frozen=True, slots=True)
class Windows:
    """How long each clock of a deposit runs, in seconds; ``None`` for the usual.

    ``answer`` is how long a proven fault can be answered: no longer than half the time in which an unpaid
    claim becomes a debt. How long the buyer may claim is not the platform's to choose: the terms say it.
    """

    delivery: int = DAY_S
    ruling: int = 30 * DAY_S
    answer: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a platform offers for an order: accounts of 20 bytes, *amount* in the token's smallest unit.

    ``valid_until`` in unix seconds; ``token`` all zeros for ether.
    """

    order: bytes
    buyer: bytes
    platform: bytes
    issuer: bytes
    amount: int
    valid_until: int
    token: bytes = ETHER
    arbiter: bytes | None = None
    windows: Windows = Windows()


@dataclass(frozen=True, slots=True)
class Payable:
    """An offer with all that its buyer's wallet needs; ``call`` is ``None`` until the platform has signed."""

    row: OfferRow
    struct: WarrantyOrder
    call: Call | None


class OfferService:
    """Makes offers and takes the platform's signature. Asks no chain: what is wrong there, it says itself."""

    def __init__(self, context: Context, seat: EscrowSeat | None) -> None:
        self._context = context
        self._seat = seat

    @property
    def seat(self) -> EscrowSeat:
        """The escrow; raises :class:`NotFound` (``no_escrow``)."""
        return required(self._seat)

    def make(self, principal: Principal, asked: Asked) -> OfferRow:
        """An offer to be signed; the same one again is the one that is there.

        Raises :class:`NotFound` (``unknown_order``, ``no_escrow``), :class:`AccessDenied`
        (``not_platform``), :class:`Conflict` (``order_paid``), :class:`InputRefused`
        (``tier_not_escrow``, ``not_an_issuer``, ``offer_validity``, ``window_out_of_bounds``,
        ``arbiter_is_party``, ``order_malformed``), :class:`LimitReached` (``offers_full``).
        """
        seat = self.seat

        def work(connection: Connection) -> OfferRow:
            order = _own_order(connection, principal, asked.order)
            terms = published.pinned(connection, order.terms)
            if terms.tier is not Tier.ESCROW:
                raise InputRefused("only terms of the escrow tier have deposits", code="tier_not_escrow")
            if EventKind.PAID in warranty_orders.events_of(connection, order.id):
                raise Conflict("this order is paid for", code="order_paid")
            _check_issuer(connection, asked.issuer)
            self._check_validity(asked.valid_until)
            struct = self._struct(connection, order, terms, asked)
            row = OfferRow(
                struct.digest(seat.domain), order.id, struct.id, json.dumps(order_json(struct)),
                struct.valid_until, self._context.clock.now(),
            )  # fmt: skip
            if escrow.offer(connection, row.digest) is None:
                if len(escrow.offers_of(connection, order.id)) >= MAX_OFFERS:
                    raise LimitReached("this order has all the offers it may have", code="offers_full")
                escrow.add_offer(connection, row)
            return escrow.offer(connection, row.digest) or row

        return self._context.database.retrying(work)

    def sign(self, principal: Principal, digest: bytes, signature: bytes) -> OfferRow:
        """The platform's signature (65 bytes) on an offer; the same again changes nothing.

        Raises :class:`NotFound` (``unknown_offer``), :class:`Refused` (``signer_is_not_platform``),
        :class:`SignatureInvalid`, :class:`Conflict` (``offer_signed``).
        """

        def work(connection: Connection) -> OfferRow:
            row = escrow.offer(connection, digest)
            if row is None:
                raise unknown_offer()
            try:
                _own_order(connection, principal, row.order)
            except ProvenanceError:
                raise unknown_offer() from None
            if recover_signer(digest, signature) != struct_of(row).platform:
                raise Refused(
                    "another account signed than the one the offer names", code="signer_is_not_platform"
                )
            if not escrow.sign_offer(connection, digest, signature) and row.signature != signature:
                raise Conflict("this offer is signed, with another signature", code="offer_signed")
            return escrow.offer(connection, digest) or row

        return self._context.database.retrying(work)

    def payable(self, token: bytes, order_id: bytes) -> list[Payable]:
        """The offers of an order for whoever shows its token, the newest first; ``unknown_order``."""
        with self._context.database.snapshot() as connection:
            order = status.bought(connection, token, order_id)
            return [payable(connection, row) for row in escrow.offers_of(connection, order.id)]

    def _check_validity(self, valid_until: int) -> None:
        now = self._context.clock.now() // 1000
        if not now < valid_until <= now + MAX_VALID_S:
            raise InputRefused("an offer holds for seven days at most", code="offer_validity")

    def _struct(self, connection: Connection, order: OrderRow, terms: Terms, asked: Asked) -> WarrantyOrder:
        price = keeping.price_of(order)
        beyond = Money(most_owed(terms, price).minor - price.minor, price.currency)
        arbiter = asked.arbiter or self.seat.arbiter
        if arbiter in (asked.buyer, asked.platform, order.seller):
            raise InputRefused("who rules is neither buyer nor platform nor seller", code="arbiter_is_party")
        delivery, ruling, answer = _windows(terms, asked.windows)
        return WarrantyOrder(
            buyer=asked.buyer,
            platform=asked.platform,
            seller=order.seller,
            arbiter=arbiter,
            issuer=asked.issuer,
            token=asked.token,
            amount=asked.amount,
            compensation=units(beyond, price=price, amount=asked.amount),
            batch_id=facts.key_of(connection, order).batch.batch_id,
            index=order.idx,
            party=order.party,
            terms=order.terms,
            valid_until=asked.valid_until,
            delivery_window=delivery,
            acceptance_window=max(cause.window_s for cause in terms.causes),
            ruling_window=ruling,
            answer_window=answer,
        )


def struct_of(row: OfferRow) -> WarrantyOrder:
    """What an offer offers."""
    return read_order(json.loads(row.struct))


def payable(connection: Connection, row: OfferRow) -> Payable:
    """An offer with the call that pays it."""
    struct = struct_of(row)
    batch = manifests.signed_batch(connection, struct.batch_id)
    if row.signature is None or batch is None:
        return Payable(row, struct, None)
    return Payable(row, struct, deposit_call(struct, batch.manifest, row.signature))


def unknown_offer() -> NotFound:
    """One refusal for offers that do not exist and those of others."""
    return NotFound("no such offer, or not yours", code="unknown_offer")


def _own_order(connection: Connection, principal: Principal, order_id: bytes) -> OrderRow:
    order = warranty_orders.by_id(connection, order_id, lock=True)
    if order is None:
        raise NotFound("no such order, or not yours to see", code="unknown_order")
    own(connection, principal, order)
    return order


def _check_issuer(connection: Connection, issuer: bytes) -> None:
    # Whoever the offer names can prove a fault against the platform: it must be one that the log admitted.
    found = parties.by_address(connection, issuer)
    if found is None or not found.has(PartyReason.ISSUER):
        raise InputRefused("name an issuer that the log has admitted", code="not_an_issuer")


def _windows(terms: Terms, asked: Windows) -> tuple[int, int, int]:
    longest = terms.deadline(State.UNPAID).within_s // 2
    answer = min(DAY_S, longest) if asked.answer is None else asked.answer
    bounds = ((asked.delivery, MAX_DELIVERY_S), (asked.ruling, MAX_RULING_S), (answer, longest))
    if any(not 0 < window <= most for window, most in bounds):
        raise InputRefused(
            "a window is longer than the terms and this service allow", code="window_out_of_bounds",
            delivery=MAX_DELIVERY_S, ruling=MAX_RULING_S, answer=longest,
        )  # fmt: skip
    return asked.delivery, asked.ruling, answer
