"""What buyers say of their orders: stars, once, and only for what the log shows was delivered to them."""

from __future__ import annotations

from provenance.core.entries import Entry, EntryType, QualificationReason
from provenance.core.reviews import NONCE_SIZE, Review
from provenance.errors import Conflict
from provenance.services.context import Context, record
from provenance.services.warranty import claiming, facts
from provenance.services.warranty.status import bought
from provenance.store import entries
from provenance.store import reports as store
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.reports import ReviewRow
from provenance.store.warranty_orders import OrderRow


class BuyerReviewService:
    """Takes reviews."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def give(self, token: bytes, order_id: bytes, stars: int) -> ReviewRow:
        """One to five *stars* for the order that *token* bought; the same again changes nothing.

        Raises :class:`NotFound` (``unknown_order``), :class:`InputRefused` (``buyer_review_malformed``),
        :class:`Conflict` (``order_not_delivered``, ``not_sequenced_yet``, ``order_reviewed``).
        """

        def work(connection: Connection) -> ReviewRow:
            bought(connection, token, order_id)
            order = claiming.locked_order(connection, order_id)
            given = store.review_of(connection, order_id)
            if given is not None:
                return _same(given, stars)
            receipt = _receipt(connection, order)
            review = Review(order.platform, receipt.index or 0, stars, self._context.entropy(NONCE_SIZE))
            return self._enter(connection, order, receipt, review)

        return self._context.database.retrying(work)

    def _enter(
        self, connection: Connection, order: OrderRow, receipt: StoredEntry, review: Review
    ) -> ReviewRow:
        draft = Entry(
            EntryType.QUALIFICATION,
            self._context.time_after(receipt.entry.time),
            review.hash,
            order.party,
            party=order.platform,
            reason=int(QualificationReason.BUYER_REVIEW),
        )
        recorded = record(self._context, connection, draft, review.to_json())
        row = ReviewRow(order.id, review.stars, draft.time, recorded.event)
        store.add_review(connection, row)
        return row


def _receipt(connection: Connection, order: OrderRow) -> StoredEntry:
    """The entry that delivered the order's key to its buyer."""
    key = facts.key_of(connection, order)
    found = [
        one
        for one in entries.of_key(connection, key.batch.batch_id, key.index)
        if one.entry.type is EntryType.DELIVER and one.entry.party == order.party
    ]
    if not found:
        raise Conflict("only what was delivered is reviewed", code="order_not_delivered")
    if found[0].index is None:
        raise Conflict(
            "the delivery is being written into the log; try again in a second", code="not_sequenced_yet"
        )
    return found[0]


def _same(given: ReviewRow, stars: int) -> ReviewRow:
    if given.stars != stars:
        raise Conflict(
            "this order was reviewed before; a review is given once and stands", code="order_reviewed"
        )
    return given
