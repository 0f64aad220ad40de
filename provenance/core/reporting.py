"""A platform's warranty record, reckoned from the public log and the opened details of its claims.

Pure: the service that publishes a report and the auditor who checks it both use a :class:`Reckoning` on
entries and openings, and nothing else enters. Consensus-critical: a published report is checked by
this code for ever; new figures come in a new version.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provenance.core import claimfigures, reviews
from provenance.core.claimfigures import ERASED, Step
from provenance.core.entries import Entry, EntryType, PartyReason, QualificationReason, SaleReason
from provenance.errors import InputRefused

__all__ = [
    "ERASED",
    "TYPE",
    "Reckoning",
    "Span",
    "Wanted",
    "is_relevant",
    "names_at",
    "needs_opening",
    "reckon",
]

TYPE: Final = "card-key-provenance/report/v1"


@dataclass(frozen=True, slots=True)
class Span:
    """What a report is about: entries with index < *size*; sales and claims begun in [*start*, *end*) ms."""

    start: int
    end: int
    size: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end or self.size < 0:
            raise InputRefused("a report is about a span of time in a log", code="report_malformed")

    def has(self, time: int) -> bool:
        """Whether *time* (ms) lies in it."""
        return self.start <= time < self.end


def names_at(platform: bytes, entries: Iterable[Entry]) -> frozenset[bytes]:
    """*platform* and every address that it stands for after the PARTY *entries*, in the order of the log."""
    heirs: dict[bytes, bytes] = {}
    for entry in entries:
        if entry.type is EntryType.PARTY and entry.reason == PartyReason.SUCCEEDED:
            old, new = entry.subject[12:], entry.party
            heirs |= {start: new for start, heir in heirs.items() if heir == old}
            heirs.setdefault(old, new)
    return frozenset({platform, *(start for start, heir in heirs.items() if heir == platform)})


def is_relevant(entry: Entry, names: frozenset[bytes]) -> bool:
    """Whether an entry counts for the platform with these addresses (it and whom it succeeded).

    The delivery receipts that its reviews name count besides.
    """
    if entry.type is EntryType.SELL or entry.type is EntryType.REINSTATE:
        return entry.actor in names
    if entry.type is EntryType.PARTY:
        return entry.subject[12:] in names
    return needs_opening(entry, names)


def needs_opening(entry: Entry, names: frozenset[bytes]) -> bool:
    """Whether the figures of some span rest on the details of this entry; see :class:`Wanted`."""
    is_review = entry.type is EntryType.QUALIFICATION and entry.reason == QualificationReason.BUYER_REVIEW
    return (is_review or entry.type in (EntryType.CLAIM, EntryType.REMEDY)) and entry.party in names


class Wanted:
    """Which details a report has to open: of every step of a claim begun in its span, and of its reviews.

    That none is left out, the log shows.
    """

    def __init__(self, names: frozenset[bytes], span: Span) -> None:
        self._names = names
        self._span = span
        self._begun: dict[bytes, bool] = {}

    def has(self, entry: Entry) -> bool:
        """Whether *entry* is to be opened; to be asked for all of them, in the order of the log."""
        if not needs_opening(entry, self._names):
            return False
        if entry.type is EntryType.QUALIFICATION:
            return self._span.has(entry.time)
        return self._begun.setdefault(entry.subject, self._span.has(entry.time))


class Reckoning:
    """The figures of a platform over *span*, from the entries of the log in its order.

    *openings* are details by log index, their commitments checked by the caller, :data:`ERASED` where
    they are no more.
    """

    def __init__(
        self, names: frozenset[bytes], span: Span, openings: Mapping[int, Mapping[str, Any]]
    ) -> None:
        self._names = names
        self._span = span
        self._openings = openings
        self._wanted = Wanted(names, span)
        self._sales = _Sales()
        self._claims: defaultdict[bytes, list[Step]] = defaultdict(list)
        self._reviews = reviews.Counted(openings, span.has)
        self._tenure: dict[str, Any] = {"since_ms": None, "index": None}

    def take(self, index: int, entry: Entry) -> None:
        """Take the entry at *index*; raises :class:`InputRefused` (``report_opening_missing``)."""
        if index >= self._span.size:
            return
        self._reviews.take_receipt(index, entry)
        if not is_relevant(entry, self._names):
            return
        if entry.type in (EntryType.SELL, EntryType.REINSTATE):
            if self._span.has(entry.time):
                self._sales.take(entry.type, entry.reason)
        elif entry.type is EntryType.PARTY:
            self._admitted(index, entry)
        else:
            self._take_opened(index, entry)

    @property
    def receipts(self) -> frozenset[int]:
        """The log indices of the deliveries that the reviews name: these entries too are to be taken."""
        return self._reviews.wanted

    def take_sales(self, counted: Mapping[tuple[EntryType, int], int]) -> None:
        """Sales and their undoing within the span, by type and reason, for who counted them elsewhere."""
        for (kind, reason), count in counted.items():
            self._sales.take(kind, reason, count)

    def figures(self) -> dict[str, Any]:
        """The figures, as canonical JSON has them; raises :class:`InputRefused` (``report_malformed``)."""
        return {
            "sales": self._sales.to_json(),
            **claimfigures.of_claims(list(self._claims.values())),
            "reviews": self._reviews.to_json(),
            "tenure": self._tenure,
        }

    def _admitted(self, index: int, entry: Entry) -> None:
        """Since when the platform is in the log: its first admission as one."""
        if entry.reason == PartyReason.PLATFORM and self._tenure["index"] is None:
            self._tenure = {"since_ms": entry.time, "index": index}

    def _take_opened(self, index: int, entry: Entry) -> None:
        is_wanted = self._wanted.has(entry)
        if is_wanted and index not in self._openings:
            raise InputRefused(
                f"the details of entry {index} are not opened; a report opens all of them",
                code="report_opening_missing",
                index=index,
            )
        if entry.type is EntryType.QUALIFICATION:
            self._reviews.take(index, entry)
        elif is_wanted:
            self._claims[entry.subject].append(Step(index, entry, self._openings[index]))


def reckon(
    names: frozenset[bytes],
    span: Span,
    entries: Iterable[tuple[int, Entry]],
    openings: Mapping[int, Mapping[str, Any]],
) -> dict[str, Any]:
    """The figures from all *entries*; see :class:`Reckoning`, and raises what it raises."""
    reckoning = Reckoning(names, span, openings)
    for index, entry in entries:
        reckoning.take(index, entry)
    return reckoning.figures()


class _Sales:
    """Counts sales one by one: a platform may have millions."""

    def __init__(self) -> None:
        self._reasons: Counter[int] = Counter()
        self._undone = 0

    def take(self, kind: EntryType, reason: int, count: int = 1) -> None:
        if kind is EntryType.SELL:
            self._reasons[reason] += count
        else:
            self._undone += count

    def to_json(self) -> dict[str, Any]:
        # A replacement is no sale of its own: it stands for one that was counted.
        own = self._reasons.total() - self._reasons[SaleReason.REPLACEMENT]
        covered = self._reasons[SaleReason.UNDER_TERMS]
        return {
            "all": own,
            "under_terms": covered,
            "covered_permille": covered * 1000 // own if own else None,
            "replacements": self._reasons[SaleReason.REPLACEMENT],
            "undone": self._undone,
        }
