"""What a verdict tells of a key's past: mostly from the few entries beside its row, else by the law.

The short way reads only lives that can have gone one way: one sale of a single-use key by entries of its
own, in the order of the law, with nothing on a range since. Whatever else there is to a key, the law decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from provenance.core.entries import EntryType
from provenance.core.lives import State
from provenance.services import issuer_reports, lawbook
from provenance.services.lawbook import Book
from provenance.store.few import OwnEntry
from provenance.store.holdings import Holding
from provenance.store.keys import KeyRow


@dataclass(frozen=True, slots=True)
class Story:
    """The standing lives by use, who sold them, the newest event, and an issuer's REDEEM that stands."""

    lives: tuple[tuple[bytes, State], ...] = ()
    sellers: tuple[bytes, ...] = ()
    last_event: dict[str, Any] | None = None
    redeemed: dict[str, Any] | None = None

    def state_of(self, use: bytes | None) -> State | None:
        """The state of the life of that use, if one stands."""
        return next((state for party, state in self.lives if party == use), None)


UNTOUCHED: Final = Story()
_ONE_WAY: Final[Mapping[tuple[int, ...], State]] = MappingProxyType(
    {
        (EntryType.SELL,): State.SOLD,
        (EntryType.SELL, EntryType.DELIVER): State.DELIVERED,
        (EntryType.SELL, EntryType.DELIVER, EntryType.REDEEM): State.REDEEMED,
    }
)


def of_book(book: Book) -> Story:
    """What the law tells."""
    lives = book.custody.lives
    return Story(
        tuple((life.party, life.state) for life in lives),
        tuple(life.sell.entry.actor for life in lives if life.sell),
        lawbook.event_facts(book.stored[-1]) if book.stored else None,
        issuer_reports.redeemed_by_issuer(book),
    )


def of_few(row: KeyRow, holding: Holding, own: Sequence[OwnEntry]) -> Story | None:
    """What the key's own entries tell without the law; ``None`` where only the law knows."""
    if row.entries == 0:
        return UNTOUCHED
    if len(own) != row.entries or row.batch.max_uses != 1 or row.sold_before:
        return None
    if _ONE_WAY.get(tuple(one.type for one in own)) is not row.state or holding.last_time >= own[0].time:
        return None
    use, last = own[0].party, own[-1]
    if any(one.party != use for one in own):
        return None
    if row.state is State.REDEEMED and last.actor != use:
        # Not by the buyer: whether an issuer did it, the parties tell.
        return None
    return Story(((use, row.state),), (own[0].actor,), _facts(last))


def _facts(one: OwnEntry) -> dict[str, Any]:
    index = None if one.log_index < 0 else one.log_index
    return {"event": one.event.hex(), "type": EntryType(one.type).name, "time": one.time, "index": index}
