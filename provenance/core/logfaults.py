"""What the log alone shows of one sale of one key: its delivery, and the faults that an escrow accepts.

The rules are those of ``WarrantyEscrow.sol``. Pure: a service reads the entries from its database, a buyer
from a bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.core.entries import Entry, EntryType, RedeemReason


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with its log index."""

    index: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class LogFault:
    """A fault by log indices: the entry to undo, and, of a key sold twice, the later SELL."""

    index: int
    later: int | None = None


def delivery(known: Sequence[Placed], party: bytes) -> Placed | None:
    """The delivery of the sale to *party* (20 bytes), of a key's single entries in the order of the log."""
    for one in known:
        if one.entry.type is EntryType.DELIVER and one.entry.party == party:
            return one
    return None


def faults(known: Sequence[Placed], party: bytes, *, max_uses: int) -> Iterator[LogFault]:
    """The faults that harm the sale to *party* and that no REINSTATE among *known* answers, oldest first."""
    end = known[-1].index + 1 if known else 0
    for one in known:
        if one.entry.type is EntryType.REDEEM and one.entry.reason == RedeemReason.USED_BEFORE_SALE:
            # A single-use key that anybody used is used up; of a shared one only this sale's use counts.
            is_ours = max_uses == 1 or one.entry.party == party
            if is_ours and not _is_undone(known, one, end):
                yield LogFault(one.index)
    if max_uses == 1:
        yield from _sold_twice(known, party)


def _sold_twice(known: Sequence[Placed], party: bytes) -> Iterator[LogFault]:
    sales = [one for one in known if one.entry.type is EntryType.SELL]
    for place, first in enumerate(sales):
        for second in sales[place + 1 :]:
            is_about_us = party in (first.entry.party, second.entry.party)
            if is_about_us and not _is_undone(known, first, second.index):
                yield LogFault(first.index, second.index)


def _is_undone(known: Sequence[Placed], act: Placed, before: int) -> bool:
    return any(
        one.entry.type is EntryType.REINSTATE
        and one.entry.party == act.entry.party
        and act.index < one.index < before
        for one in known
    )
