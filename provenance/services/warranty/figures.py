"""The figures of a platform for everybody, and the openings by which everybody reckons them again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.core.entries import Entry, EntryType, PartyReason
from provenance.core.reportfile import Opening, Report
from provenance.core.reporting import ERASED, Reckoning, Span, Wanted, names_at
from provenance.errors import InputRefused, NotFound
from provenance.services.context import Context
from provenance.services.opening import recorded_from
from provenance.services.warranty import claimhistory
from provenance.services.warranty.claimhistory import ClaimLine
from provenance.services.warranty.fresh import Fresh
from provenance.store import checkpoints, parties
from provenance.store import figures as store
from provenance.store.checkpoints import StoredHead
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.parties import Party

__all__ = ["FiguresService", "Party", "admitted_at", "last_days", "platforms", "reckoned", "standing_for"]

PAGE: Final = 500
"""Openings in one answer: half a megabyte, eight at the very most."""
CLAIMS: Final = 30
"""So many claims a page shows; the openings have all."""
DAYS: Final = 90
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Gathered:
    """What figures are reckoned from: the platform's entries in the log, and which of them are opened."""

    names: frozenset[bytes]
    span: Span
    entries: list[tuple[int, Entry]]
    wanted: tuple[int, ...]


class FiguresService:
    """Reads only; safe for any number of threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._figures: Fresh[tuple[bytes, int, int], Report] = Fresh(context.clock)
        self._claims: Fresh[bytes, list[ClaimLine]] = Fresh(context.clock)
        self._wanted: Fresh[tuple[bytes, Span], tuple[int, ...]] = Fresh(context.clock)

    def platforms(self) -> list[Party]:
        """Everybody who is, or was until his suspension, a platform; by name."""
        with self._context.database.read() as connection:
            return platforms(connection)

    def platform(self, address: bytes) -> Party:
        """The platform that stands for *address* now; raises :class:`NotFound` (``unknown_platform``)."""
        with self._context.database.read() as connection:
            return standing_for(connection, address)

    def over(self, address: bytes, start: int, end: int) -> Report:
        """The figures of [*start*, *end*) (ms) under a signed checkpoint that is the newest, or seconds old.

        Raises :class:`NotFound` (``unknown_platform``, ``log_empty``), :class:`InputRefused`
        (``report_malformed``).
        """

        def make() -> Report:
            with self._context.database.snapshot() as connection:
                platform = standing_for(connection, address).address
                return reckoned(self._context, connection, platform, start, end, signed_head(connection))

        return self._figures.get((address, start, end), make)

    def claims(self, address: bytes) -> list[ClaimLine]:
        """The newest claims of a platform, at most :data:`CLAIMS`; raises as :meth:`over`."""

        def make() -> list[ClaimLine]:
            with self._context.database.snapshot() as connection:
                platform, size = standing_for(connection, address).address, signed_head(connection).size
                admitted = (entry for _, entry in store.parties(connection, size))
                about = store.about(connection, names_at(platform, admitted), size)
                return claimhistory.newest(self._context, connection, about, CLAIMS)

        return self._claims.get(address, make)

    def openings(self, address: bytes, span: Span, after: int = -1) -> list[Opening]:
        """The openings of a report over *span*, those behind log index *after*, at most :data:`PAGE`.

        Raises :class:`NotFound` (``unknown_platform``, ``log_empty``), :class:`InputRefused`
        (``openings_malformed``) for a size that the log has not reached.
        """

        def make() -> tuple[int, ...]:
            with self._context.database.snapshot() as connection:
                # Under the very address of the report, whoever stands for it since.
                if parties.by_address(connection, address) is None:
                    raise _unknown_platform()
                if span.size > signed_head(connection).size:
                    raise InputRefused("the log has not that many entries yet", code="openings_malformed")
                return gather(connection, address, span).wanted

        # Page after page is asked for: which entries they are is found once.
        wanted = self._wanted.get((address, span), make)
        first = bisect_right(wanted, after)
        with self._context.database.read() as connection:
            found = store.at(connection, wanted[first : first + PAGE])
        return [opening(self._context, one) for one in found]


def last_days(now: int) -> tuple[int, int]:
    """The last :data:`DAYS` days (UTC) as a span in ms, the day of *now* (ms) the last of them."""
    end = (now // _DAY_MS + 1) * _DAY_MS
    return end - DAYS * _DAY_MS, end


def platforms(connection: Connection) -> list[Party]:
    """Every party that was admitted as a platform and that no other has succeeded, by name."""
    found = parties.everyone(connection)
    return [one for one in found if PartyReason.PLATFORM in one.roles and one.successor is None]


def standing_for(connection: Connection, address: bytes) -> Party:
    """The platform that stands for *address* now; raises :class:`NotFound` (``unknown_platform``)."""
    party = parties.by_address(connection, address)
    while party is not None and party.successor is not None:
        party = parties.by_address(connection, party.successor)
    if party is None or PartyReason.PLATFORM not in party.roles:
        raise _unknown_platform()
    return party


def _unknown_platform() -> NotFound:
    return NotFound("no platform has this address", code="unknown_platform")


def signed_head(connection: Connection) -> StoredHead:
    """The newest head that was promised; raises :class:`NotFound` (``log_empty``)."""
    head = checkpoints.newest_signed(connection)
    if head is None:
        raise NotFound("the log has no checkpoint yet; come back in a moment", code="log_empty")
    return head


def reckoned(
    context: Context, connection: Connection, platform: bytes, start: int, end: int, head: StoredHead
) -> Report:
    """The figures of *platform* over [*start*, *end*) ms, from the log as far as *head*."""
    gathered = gather(connection, platform, Span(start, end, head.size))
    opened = [opening(context, one) for one in store.at(connection, gathered.wanted)]
    details = {one.index: one.details for one in opened}
    reckoning = Reckoning(gathered.names, gathered.span, details)
    read = [(one.index or 0, one.entry) for one in store.at(connection, sorted(reckoning.receipts))]
    reckoning.take_sales(store.sales(connection, gathered.names, gathered.span))
    for index, entry in sorted([*read, *gathered.entries], key=lambda one: one[0]):
        if entry.type is not EntryType.SELL and entry.type is not EntryType.REINSTATE:
            reckoning.take(index, entry)
    return Report(context.origin, platform, gathered.names, gathered.span, head.root, reckoning.figures())


def gather(connection: Connection, platform: bytes, span: Span) -> Gathered:
    """The entries that count for *platform*, without its sales, and which of them have to be opened."""
    admitted = store.parties(connection, span.size)
    names = names_at(platform, (entry for _, entry in admitted))
    about = store.about(connection, names, span.size)
    wanted = Wanted(names, span)
    indices = tuple(index for index, entry in about if wanted.has(entry))
    return Gathered(names, span, sorted([*admitted, *about], key=lambda one: one[0]), indices)


def opening(context: Context, stored: StoredEntry) -> Opening:
    """Salt and details of a stored entry, or that they were erased."""
    recorded = recorded_from(context, stored)
    if recorded.salt is None or recorded.details is None:
        return Opening(stored.index or 0, None, ERASED)
    return Opening(stored.index or 0, recorded.salt, recorded.details)


def admitted_at(admitted: Sequence[Entry], platform: bytes) -> int | None:
    """When (ms) *platform*, or one it stands for, was first admitted as one, by all PARTY entries."""
    names = names_at(platform, admitted)
    times = (
        entry.time
        for entry in admitted
        if entry.subject[12:] in names and entry.reason == PartyReason.PLATFORM
    )
    return next(times, None)
