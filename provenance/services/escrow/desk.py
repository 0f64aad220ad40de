"""The escrow as parties and buyers see it: its offers for an order, and where the order's deposit stands."""

from __future__ import annotations

import json
from dataclasses import dataclass

from provenance.chain.escrow import DepositState
from provenance.chain.escrow_calls import file_claim_call
from provenance.chain.escrow_order import WarrantyOrder, read_order
from provenance.core.digests import sha256
from provenance.services.context import Context
from provenance.services.escrow.offers import OfferService, Payable, payable
from provenance.services.escrow.seat import EscrowSeat, required
from provenance.services.parties import Principal
from provenance.services.warranty import status
from provenance.services.warranty.orders import own
from provenance.store import claims, escrow, warranty_orders
from provenance.store.database import Connection
from provenance.store.escrow import DepositRow, EventRow, OfferRow
from provenance.store.warranty_orders import OrderRow


@dataclass(frozen=True, slots=True)
class Held:
    """A deposit, the order of the contract that it was paid for, and what happened to it so far."""

    row: DepositRow
    struct: WarrantyOrder
    events: tuple[EventRow, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands with the escrow. ``freeze`` is calldata by which the buyer holds his money for
    the open claim; the contract takes it from him alone."""

    order: OrderRow
    offers: tuple[Payable, ...]
    held: Held | None
    freeze: bytes | None


class EscrowDesk:
    """Offers, and reads of what the chain told. Asks no chain itself."""

    def __init__(self, context: Context, seat: EscrowSeat | None) -> None:
        self._context = context
        self._seat = seat
        self.offers = OfferService(context, seat)

    @property
    def seat(self) -> EscrowSeat:
        """The escrow; raises :class:`NotFound` (``no_escrow``)."""
        return required(self._seat)

    def made(self, row: OfferRow) -> Payable:
        """An offer with what it takes to pay it."""
        with self._context.database.read() as connection:
            return payable(connection, row)

    def of_token(self, token: bytes) -> list[Standing]:
        """Every order that *token* bought; raises :class:`NotFound` (``unknown_order``)."""
        with self._context.database.snapshot() as connection:
            orders = warranty_orders.by_token(connection, sha256(token))
            if not orders:
                raise status.unknown_order()
            return [self._standing(connection, order) for order in orders]

    def of_order(self, principal: Principal, order_id: bytes) -> Standing:
        """A platform's own order.

        Raises :class:`NotFound` (``unknown_order``), :class:`AccessDenied` (``not_platform``).
        """
        with self._context.database.snapshot() as connection:
            order = warranty_orders.by_id(connection, order_id)
            if order is None:
                raise status.unknown_order()
            own(connection, principal, order)
            return self._standing(connection, order)

    def _standing(self, connection: Connection, order: OrderRow) -> Standing:
        offers = tuple(payable(connection, row) for row in escrow.offers_of(connection, order.id))
        row = escrow.deposit_of(connection, order.id)
        if row is None:
            return Standing(order, offers, None, None)
        told = tuple(escrow.events_of(connection, order.id))
        held = Held(row, read_order(json.loads(row.struct)), told)
        claim = claims.open_of(connection, order.id)
        can_freeze = claim is not None and row.is_offered and row.state == DepositState.DELIVERED
        freeze = file_claim_call(row.deposit, claim.id).data if claim is not None and can_freeze else None
        return Standing(order, offers, held, freeze)
