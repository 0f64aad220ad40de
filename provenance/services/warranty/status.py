"""The warranty of an order as its buyer sees it: days left, what is covered, what runs, what is owed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provenance.chain.escrow import DepositState
from provenance.core.claims import Claim, OrderFacts
from provenance.core.digests import sha256
from provenance.core.keyformats import CardKey
from provenance.core.terms import Cause, Terms, in_cover
from provenance.errors import NotFound
from provenance.services.context import Context
from provenance.services.parties import Principal
from provenance.services.warranty import facts, keeping, money, reserves, timeline
from provenance.services.warranty import terms as published
from provenance.services.warranty.carrying import VOUCHER_RECORD
from provenance.services.warranty.clocks import Clock, clocks
from provenance.services.warranty.money import Payment
from provenance.services.warranty.orders import may_see
from provenance.services.warranty.timeline import Happening
from provenance.store import batches, escrow, warranty_orders
from provenance.store import claims as claim_store
from provenance.store import reports as report_store
from provenance.store import reserves as reserve_store
from provenance.store.database import Connection
from provenance.store.keys import KeyRow
from provenance.store.warranty_orders import OrderRow

__all__ = ["Clock", "OrderStatus", "Payment", "StatusService", "bought"]


@dataclass(frozen=True, slots=True)
class DepositStands:
    """Where the order's deposit stands on the chain, and until when (unix seconds).

    ``is_offered``: whether it is what the platform offered; else it is somebody's, and pays nothing here.
    """

    state: str
    deadline: int
    is_offered: bool


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """An order at one moment. ``cover_until`` is the end of the longest window, ``None`` before delivery.

    ``vouchers`` are codes by the id of their claim: worth money to whoever has one. ``has_key`` says that
    the key of this replacement waits for its buyer. ``stars`` are those of its review, if it has one.
    """

    order: OrderRow
    key: KeyRow
    product: dict[str, Any]
    terms: Terms
    known: OrderFacts
    cover_from: int | None
    cover_until: int | None
    covered: tuple[Cause, ...]
    clocks: tuple[Clock, ...]
    claims: tuple[Claim, ...]
    payments: tuple[Payment, ...]
    replacement: OrderRow | None
    timeline: tuple[Happening, ...]
    vouchers: Mapping[bytes, str] = field(repr=False)
    has_key: bool
    stars: int | None
    deposit: DepositStands | None
    now: int

    @property
    def may_review(self) -> bool:
        """Whether its buyer can give stars: it stands in the log as delivered, and has none yet."""
        is_delivered = any(one.what == "deliver" and one.index is not None for one in self.timeline)
        return self.stars is None and is_delivered


class StatusService:
    """Reads only. A buyer shows the order token; a party sees orders of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def of_token(self, token: bytes) -> list[OrderStatus]:
        """Every order of that token, the replacements of each behind it.

        Raises :class:`NotFound` (``unknown_order``) for a stranger's token.
        """
        with self._context.database.snapshot() as connection:
            orders = warranty_orders.by_token(connection, sha256(token))
            if not orders:
                raise unknown_order()
            return [
                self._status(connection, one)
                for order in orders
                for one in _with_replacements(connection, order)
            ]

    def of_order(self, principal: Principal, order_id: bytes) -> OrderStatus:
        """An order of the party's; raises :class:`NotFound` (``unknown_order``)."""
        with self._context.database.snapshot() as connection:
            return self._status(connection, _seen(connection, principal, order_id))

    def replacement_key(self, token: bytes, order_id: bytes) -> CardKey:
        """The key of a replacement, for whoever shows the token that bought what it replaces.

        Raises :class:`NotFound` (``unknown_order``, ``no_replacement``).
        """
        with self._context.database.read() as connection:
            order = bought(connection, token, order_id)
            sealed = reserve_store.delivered(connection, order.id)
        if sealed is None:
            raise NotFound("this order is no replacement, or its key was erased", code="no_replacement")
        return reserves.open_for_buyer(token, order.id, sealed)

    def _status(self, connection: Connection, order: OrderRow) -> OrderStatus:
        now = self._context.clock.now()
        terms = published.pinned(connection, order.terms)
        known = facts.of_order(connection, order)
        key = facts.key_of(connection, order)
        batch = batches.by_number(connection, order.batch)
        began = facts.delivered_at(connection, order)
        rows = claim_store.of_order(connection, order.id)
        windows = [each.window_s for each in terms.causes]
        return OrderStatus(
            order=order,
            key=key,
            product={} if batch is None else json.loads(batch.details),
            terms=terms,
            known=known,
            cover_from=began,
            cover_until=None if began is None else began + max(windows, default=0) * 1_000,
            covered=tuple(each.cause for each in terms.causes if in_cover(terms, each.cause, began, now)),
            clocks=clocks(known, terms, now),
            claims=tuple(keeping.load(connection, row, order) for row in rows),
            payments=tuple(one for row in rows for one in money.of_claim(connection, row.id)),
            replacement=warranty_orders.replacement_of(connection, order.id),
            timeline=tuple(timeline.of_order(self._context, connection, order)),
            vouchers={row.id: code for row in rows if (code := _voucher(connection, row.id)) is not None},
            has_key=reserve_store.delivered(connection, order.id) is not None,
            stars=_stars(connection, order.id),
            deposit=_deposit(connection, order),
            now=now,
        )


def _stars(connection: Connection, order_id: bytes) -> int | None:
    given = report_store.review_of(connection, order_id)
    return None if given is None else given.stars


def _voucher(connection: Connection, claim_id: bytes) -> str | None:
    for _, kind, _, document in claim_store.records_of(connection, claim_id):
        if kind == VOUCHER_RECORD:
            code: str = json.loads(document)["voucher"]
            return code
    return None


def _deposit(connection: Connection, order: OrderRow) -> DepositStands | None:
    row = escrow.deposit_of(connection, order.id)
    if row is None:
        return None
    return DepositStands(DepositState(row.state).name.lower(), row.deadline, row.is_offered)


def bought(connection: Connection, token: bytes, order_id: bytes) -> OrderRow:
    """The order that *token* bought, or a replacement of it; raises :class:`NotFound` (``unknown_order``)."""
    order = warranty_orders.by_id(connection, order_id)
    digest = sha256(token)
    known = () if order is None else (order.token, warranty_orders.first_of(connection, order).token)
    if order is None or digest not in known:
        raise unknown_order()
    return order


def unknown_order() -> NotFound:
    """One refusal for orders that do not exist and for tokens that bought none."""
    return NotFound("no such order, or this token did not buy it", code="unknown_order")


def _seen(connection: Connection, principal: Principal | None, order_id: bytes) -> OrderRow:
    order = warranty_orders.by_id(connection, order_id)
    if order is None or not may_see(connection, principal, order):
        raise NotFound("no such order, or not yours to see", code="unknown_order")
    return order


def _with_replacements(connection: Connection, order: OrderRow) -> list[OrderRow]:
    found = [order]
    while (later := warranty_orders.replacement_of(connection, found[-1].id)) is not None:
        found.append(later)
    return found
