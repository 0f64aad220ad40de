"""One act on one key: a look, the law, one guarded statement, one entry, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType
from provenance.core.lives import KeyCustody, State
from provenance.errors import AccessDenied, Conflict, CustodyRefused
from provenance.services import lawbook, ordernews
from provenance.services.context import Context, Recorded, record
from provenance.services.lawbook import Book
from provenance.services.reviewed import must_be_approved
from provenance.store import holdings, keys, parties
from provenance.store.database import Connection
from provenance.store.holdings import Holding
from provenance.store.keys import KeyChange, KeyRow
from provenance.store.parties import Party

_LOOKS: Final = 32
"""Each look past the first means that somebody else committed an act on this very key meanwhile."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants done to one key.

    ``party`` is the buyer's use; ``None`` takes that of the only standing life. ``reservation``
    and ``sale`` matter to a SELL alone: a reservation of somebody else stops it.
    """

    type: EntryType
    actor: bytes
    party: bytes | None = None
    reason: int = 0
    details: dict[str, Any] | None = None
    reservation: bytes | None = None


def acting_party(connection: Connection, address: bytes) -> Party:
    """The party that acts, share-locked, so that its suspension comes wholly before or after.

    Raises :class:`AccessDenied` (``party_suspended``) when it may not act any more.
    """
    party = parties.by_address(connection, address, lock="share")
    if party is None or party.suspended or party.successor is not None:
        raise AccessDenied("this party may not act; ask the operator", code="party_suspended")
    return party


def stands_for(connection: Connection, actor: bytes, required: bytes) -> bool:
    """Whether *actor* is *required* or came after it by succession."""
    return actor in _successions(connection, required)


def heir(connection: Connection, address: bytes) -> bytes:
    """Who stands for *address* now, following successions to their end."""
    *_, last = _successions(connection, address)
    return last


def _successions(connection: Connection, address: bytes) -> Iterator[bytes]:
    """*address* and whoever came after it, one after the other; ends where a circle would begin."""
    seen: set[bytes] = set()
    following: bytes | None = address
    while following is not None and following not in seen:
        yield following
        seen.add(following)
        party = parties.by_address(connection, following)
        following = None if party is None else party.successor


def perform(
    context: Context,
    connection: Connection,
    row: KeyRow,
    act: Act,
    look_again: Callable[[], KeyRow | None],
    since: int | None,
) -> Recorded:
    """Do *act* to the key of *row*, or raise why not; *since* is when its actor became a party.

    When somebody was faster the key is looked at again, until the act is done or refused.
    Raises :class:`CustodyRefused`, with the event that stood in the way.
    """
    seen: KeyRow | None = row
    for _ in range(_LOOKS):
        if seen is None:
            break
        done = _attempt(context, connection, seen, act, since)
        if done is not None:
            return done
        seen = look_again()
    raise Conflict("too many others act on this key at once; try again", code="contended")


def _attempt(
    context: Context, connection: Connection, row: KeyRow, act: Act, since: int | None
) -> Recorded | None:
    holding = holdings.lock_shared(connection, row.number, [row.index])[row.index]
    now = context.clock.now()
    entry, after = _lawful(context, connection, row, holding, act, since)
    selling = act.type is EntryType.SELL
    if selling:
        must_be_open(row, holding, now, act.reservation)
        must_be_approved(connection, row, act.actor, now)
    change = KeyChange(after.state, entry.time, after.sold_before)
    guard_time = now if selling else None
    if not keys.change(connection, row, change, now=guard_time, reservation=act.reservation):
        return None
    recorded = record(context, connection, entry, act.details)
    ordernews.acted(context, connection, row, recorded)
    return recorded


def _lawful(
    context: Context, connection: Connection, row: KeyRow, holding: Holding, act: Act, since: int | None
) -> tuple[Entry, KeyCustody]:
    """The entry of the act and the custody after it, by the law."""
    time = context.time_after(row.last_time, holding.last_time, since)
    if act.type is EntryType.SELL and row.entries == 0 and row.state is State.REGISTERED:
        try:
            return _brought(lawbook.summary(row, holding), row, act, time)
        except CustodyRefused:
            # A refusal wants its evidence, and only the whole history has that.
            pass
    book = lawbook.history(context, connection, row, [act.actor])
    # The history may hold what was committed after the look at the row; the guard sees to that later.
    return _brought(book, row, act, context.time_after(time - 1, book.custody.last_time))


def _brought(book: Book, row: KeyRow, act: Act, time: int) -> tuple[Entry, KeyCustody]:
    entry = Entry(act.type, time, row.batch.batch_id, act.actor, row.index, 1, _party(book, act), act.reason)
    return entry, book.accept(entry)


def _party(book: Book, act: Act) -> bytes:
    if act.party is not None:
        return act.party
    lives = book.custody.lives
    if len(lives) > 1 and act.type is not EntryType.VOID:
        raise Conflict(
            "this shared key was sold more than once; say which sale by the order's use",
            code="use_needed",
        )
    if act.type is EntryType.VOID and (not lives or book.custody.batch.max_uses > 1):
        return ZERO_ADDRESS
    return lives[0].party if lives else ZERO_ADDRESS


def must_be_open(row: KeyRow, holding: Holding, now: int, reservation: bytes | None) -> None:
    """The service's own refusals, after the law's: an open offer, then somebody else's reservation."""
    if holding.is_offered(now):
        raise CustodyRefused(
            "the key is offered to another party; withdraw the offer or wait for its answer",
            code="in_transfer",
            until=holding.offer_until,
        )
    if row.is_reserved(now) and row.reservation != reservation:
        raise CustodyRefused(
            "the key is reserved; sell it with its reservation id, or wait until it lapses",
            code="reserved",
            until=row.reserved_until,
        )
