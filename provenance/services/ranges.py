"""What is common to entries on ranges: pieces, locks, times, and the budget of range entries a batch has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from provenance.core.entries import Entry
from provenance.errors import InputRefused, NotFound
from provenance.services.context import Context, Recorded, record
from provenance.store import holdings, keys
from provenance.store.database import Connection
from provenance.store.holdings import Holding, LockedBatch

MAX_RANGE_ENTRIES: Final = 1_024
KEPT_FOR_RECALL: Final = 64
"""FORMATS §6: the last range entries of a batch are kept for a VOID by the supplier."""
MAX_PIECES: Final = 1_000

Range = tuple[int, int]
"""(first, count) of neighbouring keys of one batch."""


def lock_live_batch(connection: Connection, batch_id: bytes) -> LockedBatch:
    """Lock the row of a live batch; raises :class:`NotFound` (``unknown_batch``)."""
    batch = holdings.lock_batch(connection, batch_id)
    if batch is None:
        raise NotFound("no such batch is registered", code="unknown_batch")
    return batch


def joined(indices: Iterable[int]) -> list[Range]:
    """Indices as the fewest ranges; raises :class:`InputRefused` (``duplicate_index``)."""
    pieces: list[Range] = []
    for index in sorted(indices):
        if pieces and index < sum(pieces[-1]):
            raise InputRefused("the same key is named twice", code="duplicate_index")
        if pieces and index == sum(pieces[-1]):
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + 1)
        else:
            pieces.append((index, 1))
    return pieces


def checked(pieces: Sequence[Range], size: int) -> list[Range]:
    """Ranges in order, within the batch and apart; raises :class:`InputRefused`."""
    ordered = sorted(pieces)
    if not 1 <= len(ordered) <= MAX_PIECES:
        raise InputRefused(f"name 1 to {MAX_PIECES} ranges", code="too_many_ranges", limit=MAX_PIECES)
    stop = 0
    for first, count in ordered:
        if first < 0 or count < 1 or first + count > size:
            raise InputRefused(
                f"a range lies within the batch, whose size is {size}", code="range_out_of_bounds", size=size
            )
        if first < stop:
            raise InputRefused("the ranges overlap", code="ranges_overlap")
        stop = first + count
    return ordered


def newest_time(
    connection: Connection, batch: LockedBatch, pieces: Sequence[Range], held: Iterable[Holding]
) -> int:
    """The newest time of any entry over the ranges or on a key of theirs, in ms."""
    single = [keys.newest_time_in(connection, batch.number, first, count) for first, count in pieces]
    return max([*(one.last_time for one in held), *(time for time in single if time is not None)])


def affordable(batch: LockedBatch, pieces: Sequence[Range], each: int, kept: int) -> list[Range]:
    """*pieces* as the batch can still pay for them: whole ranges, or their single keys.

    A range costs *each* of the batch's range entries, of which *kept* are not to be touched.
    Raises :class:`InputRefused` (``ranges_spent``) when that would be too many single keys.
    """
    left = MAX_RANGE_ENTRIES - kept - batch.range_entries
    paid: list[Range] = []
    for first, count in pieces:
        if count > 1 and left >= each:
            left -= each
            paid.append((first, count))
            continue
        if len(paid) + count > MAX_PIECES:
            raise InputRefused(
                f"this batch has no more entries on ranges left; name at most {MAX_PIECES} keys at once",
                code="ranges_spent",
                limit=MAX_PIECES,
            )
        paid += [(index, 1) for index in range(first, first + count)]
    return paid


def write(
    context: Context,
    connection: Connection,
    batch: LockedBatch,
    draft: Entry,
    pieces: Sequence[Range],
    details: dict[str, Any] | None = None,
) -> list[Recorded]:
    """One entry a piece, made from *draft*.

    An entry on a single key counts among that key's own; one on a range was paid for by the batch.
    """
    recorded: list[Recorded] = []
    for first, count in pieces:
        entry = replace(draft, first=first, count=count)
        recorded.append(record(context, connection, entry, details))
        if count == 1:
            keys.touch_one(connection, batch.number, first, draft.time)
    return recorded


def pay(connection: Connection, batch: LockedBatch, pieces: Sequence[Range], each: int) -> None:
    """Charge the batch for the ranges among *pieces*."""
    spent = each * sum(1 for _, count in pieces if count > 1)
    if spent:
        holdings.count_range_entries(connection, batch.number, spent)
