"""The recall: one VOID of a supplier over a range, however many keys it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from provenance.core.entries import Entry, EntryType
from provenance.errors import AccessDenied, CustodyRefused, InputRefused
from provenance.services import acts, ranges
from provenance.services.context import Context, Recorded
from provenance.services.ranges import Range
from provenance.store import holdings, keys
from provenance.store.database import Connection
from provenance.store.holdings import Holding, LockedBatch


class RecallService:
    """Range VOID by the supplier; a single key is voided through the custody service."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def recall(
        self,
        supplier: bytes,
        batch_id: bytes,
        pieces: Sequence[Range],
        reason: int = 0,
        details: dict[str, Any] | None = None,
    ) -> list[Recorded]:
        """Void every key of the ranges that is not redeemed and not void; nothing of them is sold again.

        Raises :class:`AccessDenied` (``not_supplier``), :class:`InputRefused` for ranges of one
        key or that do not fit, :class:`CustodyRefused` (``void``) when nothing is left to void.
        """
        return self._context.database.retrying(
            lambda connection: self._recall(connection, supplier, batch_id, pieces, reason, details)
        )

    def _recall(
        self,
        connection: Connection,
        supplier: bytes,
        batch_id: bytes,
        pieces: Sequence[Range],
        reason: int,
        details: dict[str, Any] | None,
    ) -> list[Recorded]:
        since = acts.acting_party(connection, supplier).since
        batch = ranges.lock_live_batch(connection, batch_id)
        if not acts.stands_for(connection, supplier, batch.supplier):
            raise AccessDenied("only the batch's supplier recalls a range of it", code="not_supplier")
        wanted = ranges.checked(pieces, batch.size)
        if any(count < 2 for _, count in wanted):
            raise InputRefused("void a single key by its handle", code="range_of_one")
        if ranges.affordable(batch, wanted, each=1, kept=0) != wanted:
            raise InputRefused("this batch has no more entries on ranges left", code="ranges_spent")
        held = [one for piece in wanted for one in holdings.lock_range(connection, batch.number, *piece)]
        for piece in wanted:
            self._must_change_something(connection, batch, piece, held)
        time = self._context.time_after(since, ranges.newest_time(connection, batch, wanted, held))
        draft = Entry(EntryType.VOID, time, batch_id, supplier, 0, 1, reason=reason)
        ranges.pay(connection, batch, wanted, each=1)
        recorded = ranges.write(self._context, connection, batch, draft, wanted, details)
        for first, count in wanted:
            _mark(connection, batch, first, first + count, time)
        return recorded

    def _must_change_something(
        self, connection: Connection, batch: LockedBatch, piece: Range, held: Sequence[Holding]
    ) -> None:
        first, stop = piece[0], sum(piece)
        standing = any(one.voided_at is None and one.first < stop and first < one.stop for one in held)
        if not standing or keys.count_gone_in(connection, batch.number, *piece) == piece[1]:
            raise CustodyRefused("every key of the range is redeemed or void", code="void", first=first)


def _mark(connection: Connection, batch: LockedBatch, start: int, stop: int, time: int) -> None:
    for one in holdings.lock_range(connection, batch.number, start, stop - start):
        first, end = max(start, one.first), min(stop, one.stop)
        piece = holdings.carve(connection, one, first, end - first)
        holdings.put(connection, replace(piece, last_time=time, voided_at=piece.voided_at or time))
