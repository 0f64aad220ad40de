"""The sale: verify and claim in one step, at most ``maxUses`` times, answered once for ever.

The natural key of a sale is (seller, order, key), and (seller, order, unit) where the service
chooses the key: however often a payment is notified, an order line gets one key and one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from provenance.core.commitments import order_use, use_party
from provenance.core.digests import sha256
from provenance.core.entries import EntryType
from provenance.errors import Conflict, CustodyRefused, ManyRefused, NotFound, ProvenanceError, Refused
from provenance.services import acts, lawbook
from provenance.services.acts import Act
from provenance.services.context import Context
from provenance.services.custody import found
from provenance.services.lawbook import Handle, KeyRef
from provenance.services.opening import recorded_from
from provenance.services.plainsales import sell_plain
from provenance.services.sale import Order, SaleOutcome, Sold, Wish
from provenance.services.sale_pool import SalePool
from provenance.store import entries, orders, parties
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.keys import KeyRow
from provenance.store.orders import LineTaken, OrderLine
from provenance.store.quick import Line

__all__ = ["Order", "SaleOutcome", "SellingService", "Sold"]

T = TypeVar("T")

_TRIES: Final = 4


class _NotAllPlain(Exception):
    """Rolls back a set of sales of which not all are plain."""


class SellingService:
    """Sales by the current holder. Refusals name the earlier event."""

    def __init__(self, context: Context, *, pooled: bool = False) -> None:
        """With *pooled*, single sales that come at the same time share a transaction."""
        self._context = context
        self._pool = SalePool(self._sell_plain) if pooled else None

    def sell(self, seller: bytes, ref: KeyRef, order: Order) -> Sold:
        """Sell one key; raises :class:`CustodyRefused` or :class:`NotFound` (``unknown``)."""
        if order.beside is not None:
            # What goes beside it is written with this sale alone.
            return self._sell_alone(seller, ref, order)
        wish = Wish(seller, ref, order)
        sold = self._pool.sell(wish) if self._pool else self._sell_plain([wish]).get(0)
        return sold or self._sell_alone(seller, ref, order)

    def sell_together(self, wishes: Sequence[Wish]) -> list[Sold | None]:
        """Of many callers' wishes what is plain, in one transaction; ``None``: ask :meth:`sell`.

        Of several wishes for one key the first goes in. Nothing is written for what is ``None``.
        """
        sold = self._sell_plain(wishes)
        return [sold.get(position) for position in range(len(wishes))]

    def sell_many(
        self, seller: bytes, refs: Sequence[KeyRef], order: Order, *, proceed: bool = False
    ) -> list[SaleOutcome]:
        """Sell many keys in one order: all or nothing, or with *proceed* those that can be.

        All or nothing raises :class:`ManyRefused`, and nothing is sold.
        """
        wishes = [Wish(seller, ref, order) for ref in refs]
        plain = self._sell_plain(wishes, or_nothing=not proceed)
        if proceed or len(plain) == len(refs):
            return [
                SaleOutcome(plain[position], None) if position in plain else self._outcome(seller, ref, order)
                for position, ref in enumerate(refs)
            ]

        def work(connection: Connection) -> list[SaleOutcome]:
            sold: dict[int, SaleOutcome] = {}
            refusals: list[tuple[int, ProvenanceError]] = []
            for position in lawbook.row_order(self._context, connection, refs):
                try:
                    one = self._sell(connection, seller, refs[position], order, None)
                    sold[position] = SaleOutcome(one, None)
                except (Refused, NotFound) as refusal:
                    refusals.append((position, refusal))
            if refusals:
                raise _nothing_sold(refusals, len(refs))
            return [sold[position] for position in range(len(refs))]

        return self._again(work)

    def sell_any(self, seller: bytes, refs: Sequence[KeyRef], order: Order) -> Sold:
        """Sell the first key of *refs* that can be sold, once for this unit of the order.

        Raises :class:`ManyRefused` with a reason for each when none can.
        """

        def work(connection: Connection) -> Sold:
            acts.acting_party(connection, seller)
            names = parties.names_of(connection, seller)
            line = orders.line_of_unit(connection, names, self._order_id(order), order.unit)
            if line is not None:
                return self._replay(connection, line, order.unit)
            refusals: list[tuple[int, ProvenanceError]] = []
            for position, ref in enumerate(refs):
                try:
                    return self._sell(connection, seller, ref, order, order.unit)
                except (Refused, NotFound) as refusal:
                    refusals.append((position, refusal))
            raise _nothing_sold(refusals, len(refs))

        return self._again(work)

    def token_of(self, seller: bytes, number: str, handle: Handle) -> bytes:
        """The order token of a sold unit again, for a replayed answer; derived, never stored."""
        order = self._fingerprint(number)
        with self._context.database.read() as connection:
            row = found(self._context, connection, handle)
            names = parties.names_of(connection, seller)
            line = orders.line_of_key(connection, names, order, row.number, row.index)
        sold_as = seller if line is None else line.seller
        return self._context.vault.order_token(sold_as, order, handle.batch_id, handle.index)

    def _sell_plain(self, wishes: Sequence[Wish], *, or_nothing: bool = False) -> dict[int, Sold]:
        """What is plain of *wishes*, sold in one transaction; with *or_nothing*, all of them or none."""

        tags = lawbook.tags_alone(self._context, [wish.ref for wish in wishes])

        def work(connection: Connection | Line) -> dict[int, Sold]:
            sold = sell_plain(self._context, connection, wishes, tags)
            if or_nothing and len(sold) < len(wishes):
                raise _NotAllPlain
            return sold

        try:
            return self._context.database.retrying_quickly(work)
        except (LineTaken, _NotAllPlain):
            return {}

    def _sell_alone(self, seller: bytes, ref: KeyRef, order: Order) -> Sold:
        return self._again(lambda connection: self._sell(connection, seller, ref, order, None))

    def _sell(
        self, connection: Connection, seller: bytes, ref: KeyRef, order: Order, unit: int | None
    ) -> Sold:
        since = acts.acting_party(connection, seller).since
        row = found(self._context, connection, ref)
        order_id = self._order_id(order)
        # A successor answers for the orders of the address it stands for: no notification is sold twice.
        names = parties.names_of(connection, seller)
        line = orders.line_of_key(connection, names, order_id, row.number, row.index)
        if line is not None:
            return self._replay(connection, line, unit)
        token = self._context.vault.order_token(seller, order_id, row.batch.batch_id, row.index)
        use = order_use(token, row.batch.batch_id, row.index)
        details = {**order.details, "order": order.number}
        act = Act(
            EntryType.SELL,
            seller,
            use_party(use),
            order.reason,
            details=details,
            reservation=order.reservation,
        )
        try:
            recorded = acts.perform(
                self._context, connection, row, act, lambda: self._look(connection, ref), since
            )
        except Refused:
            # The one who was faster may have been this very order's other notification.
            line = orders.line_of_key(connection, names, order_id, row.number, row.index)
            if line is None:
                raise
            return self._replay(connection, line, unit)
        orders.insert_line(
            connection,
            OrderLine(seller, order_id, row.number, row.index, recorded.event, sha256(token), unit),
        )
        sold = Sold(recorded, Handle(row.batch.batch_id, row.index), token, use, replayed=False)
        if order.beside is not None:
            order.beside(connection, row, sold)
        return sold

    def _look(self, connection: Connection, ref: KeyRef) -> KeyRow | None:
        return lawbook.find(self._context, connection, [ref])[0]

    def _replay(self, connection: Connection, line: OrderLine, unit: int | None) -> Sold:
        stored = entries.by_event(connection, line.event)
        if stored is None:
            raise NotFound("the sale's entry is missing from the database; run fsck", code="entry_missing")
        if unit is not None and line.unit != unit:
            facts = lawbook.event_facts(stored)
            raise CustodyRefused("the key went to another unit of this order", code="sold", **facts)
        handle = Handle(stored.entry.subject, stored.entry.first)
        self._must_stand(connection, stored, handle)
        token = self._context.vault.order_token(line.seller, line.order, handle.batch_id, handle.index)
        use = order_use(token, handle.batch_id, handle.index)
        return Sold(recorded_from(self._context, stored), handle, token, use, replayed=True)

    def _must_stand(self, connection: Connection, sale: StoredEntry, handle: Handle) -> None:
        """A shop that notifies again after taking the sale back must not show the key to two buyers."""
        row = found(self._context, connection, handle)
        book = lawbook.history(self._context, connection, row)
        if book.custody.life(sale.entry.party) is None:
            undone = next(
                one
                for one in reversed(book.stored)
                if one.entry.type is EntryType.REINSTATE and one.entry.party == sale.entry.party
            )
            raise CustodyRefused(
                "this sale was taken back; sell the key under a new order number",
                code="sale_undone",
                **lawbook.event_facts(undone),
            )

    def _order_id(self, order: Order) -> bytes:
        return self._fingerprint(order.number)

    def _fingerprint(self, number: str) -> bytes:
        # What has no UTF-8 form is refused with the details, which carry the number too.
        return self._context.vault.fingerprint("order", number.encode("utf-8", "surrogatepass"))

    def _outcome(self, seller: bytes, ref: KeyRef, order: Order) -> SaleOutcome:
        try:
            return SaleOutcome(self._sell_alone(seller, ref, order), None)
        except (Refused, NotFound) as refusal:
            return SaleOutcome(None, refusal)

    def _again(self, work: Callable[[Connection], T]) -> T:
        for _ in range(_TRIES):
            try:
                return self._context.database.retrying(work)
            except LineTaken:
                continue
        raise Conflict("this order is being sold by other requests; try again", code="contended")


def _nothing_sold(refusals: list[tuple[int, ProvenanceError]], asked: int) -> ProvenanceError:
    if asked == 1:
        return refusals[0][1]
    refusals.sort(key=lambda pair: pair[0])
    return ManyRefused("nothing was sold; errors says for each key why, and the event behind it", refusals)
