"""A platform's warranty record, reckoned from the public log and the opened details of its claims.

Pure: the service that publishes a report and the auditor who checks it both call :func:`reckon` on
entries and openings, and nothing else enters. Consensus-critical: a published report is checked by
this code for ever; new figures come in a new version.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.core import money, reviews
from provenance.core.claimrules.effects import ClaimReason, RemedyReason
from provenance.core.entries import Entry, EntryType, PartyReason, QualificationReason, SaleReason
from provenance.core.termsrules.words import Cause, State
from provenance.errors import InputRefused

TYPE: Final = "card-key-provenance/report/v1"
DUPLICATES: Final = frozenset({Cause.DUPLICATE_SALE.value, Cause.DUPLICATE_REDEMPTION.value})
_DECIDED: Final = frozenset(
    state.value for state in (State.REISSUING, State.RECOVERING, State.PAYING, State.REJECTED)
)
_NOT_WON: Final = frozenset({"rejected", "withdrawn", "open", "erased"})
_AMOUNTS: Final = ("paid", "voucher", "goods")
ERASED: Final[Mapping[str, Any]] = {"erased": True}
"""In the place of details that were erased: what rests on them counts as *erased* or not at all."""


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


@dataclass(frozen=True, slots=True)
class Step:
    """One CLAIM or REMEDY entry with its opened details."""

    index: int
    entry: Entry
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Times:
    """Durations in ms: how many, the median, the 95th of a hundred, the longest (nearest rank)."""

    count: int
    p50: int | None
    p95: int | None
    longest: int | None

    @classmethod
    def of(cls, durations: Iterable[int]) -> Times:
        """The summary of *durations*."""
        ranked = sorted(durations)
        if not ranked:
            return cls(0, None, None, None)
        return cls(len(ranked), _rank(ranked, 50), _rank(ranked, 95), ranked[-1])

    def to_json(self) -> dict[str, Any]:
        """As a report shows it."""
        return {"count": self.count, "p50_ms": self.p50, "p95_ms": self.p95, "longest_ms": self.longest}


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
    """Whether the report must open the details of this entry; that none is left out, the log shows."""
    is_review = entry.type is EntryType.QUALIFICATION and entry.reason == QualificationReason.BUYER_REVIEW
    return (is_review or entry.type in (EntryType.CLAIM, EntryType.REMEDY)) and entry.party in names


def reckon(
    names: frozenset[bytes],
    span: Span,
    entries: Iterable[tuple[int, Entry]],
    openings: Mapping[int, Mapping[str, Any]],
) -> dict[str, Any]:
    """The figures of a platform, as canonical JSON has them.

    *entries* come in the order of the log; sales may come before all others. *openings* are details by
    log index, their commitments checked by the caller, :data:`ERASED` where they are no more. Raises
    :class:`InputRefused` (``report_opening_missing``, ``report_malformed``).
    """
    sales, told = _Sales(), reviews.Counted(openings, span.has)
    counted: list[tuple[int, Entry]] = []
    for index, entry in entries:
        if index >= span.size:
            continue
        told.take_receipt(index, entry)
        if not is_relevant(entry, names):
            continue
        if entry.type in (EntryType.SELL, EntryType.REINSTATE):
            sales.take(entry, span)
        else:
            counted.append((index, entry))
    claims = _claims(counted, names, span, openings)
    return {
        "sales": sales.to_json(),
        "claims": _counts(claims),
        "times": {
            "response": Times.of(_until(claims, lambda step, place: place == 1)).to_json(),
            "decision": Times.of(
                _until(claims, lambda step, _: step.details.get("to") in _DECIDED)
            ).to_json(),
            "remedy": Times.of(_until(claims, lambda step, _: "remedy" in step.details)).to_json(),
            "reissue": Times.of(_until(claims, lambda step, _: _is_reissue(step))).to_json(),
        },
        "breaches": _sorted(Counter(breach for claim in claims for breach in _breaches(claim))),
        "given": _given(claims),
        "reviews": told.to_json(
            (index, entry) for index, entry in counted if entry.type is EntryType.QUALIFICATION
        ),
        "tenure": _tenure(counted),
    }


class _Sales:
    """Counts sales one by one: a platform may have millions."""

    def __init__(self) -> None:
        self._reasons: Counter[int] = Counter()
        self._undone = 0

    def take(self, entry: Entry, span: Span) -> None:
        if not span.has(entry.time):
            return
        if entry.type is EntryType.SELL:
            self._reasons[entry.reason] += 1
        else:
            self._undone += 1

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


def _claims(
    counted: Sequence[tuple[int, Entry]],
    names: frozenset[bytes],
    span: Span,
    openings: Mapping[int, Mapping[str, Any]],
) -> list[list[Step]]:
    by_claim: dict[bytes, list[Step]] = defaultdict(list)
    for index, entry in counted:
        if not needs_opening(entry, names):
            continue
        details = openings.get(index)
        if details is None:
            raise InputRefused(
                f"the details of entry {index} are not opened; a report opens all of them",
                code="report_opening_missing",
                index=index,
            )
        if entry.type is not EntryType.QUALIFICATION:
            by_claim[entry.subject].append(Step(index, entry, details))
    return [steps for steps in by_claim.values() if span.has(steps[0].entry.time)]


def _counts(claims: Sequence[list[Step]]) -> dict[str, Any]:
    causes = [_first_cause(claim) for claim in claims]
    outcomes = Counter(_outcome(claim) for claim in claims)
    codes = Counter(
        step.details["rejection"]["code"] for claim in claims for step in claim if "rejection" in step.details
    )
    appealed = [claim for claim in claims if _has(claim, ClaimReason.APPEALED)]
    return {
        "opened": len(claims),
        "detected": sum(claim[0].details.get("origin") == "detected" for claim in claims),
        "by_cause": _sorted(Counter(causes)),
        "by_outcome": _sorted(outcomes),
        "rejections": _sorted(codes),
        "appealed": len(appealed),
        "appeals_won": sum(_outcome(claim) not in _NOT_WON for claim in appealed),
        "by_default": sum(_has(claim, ClaimReason.DEFAULTED) for claim in claims),
        "duplicates": sum(cause in DUPLICATES for cause in causes),
    }


def _given(claims: Sequence[list[Step]]) -> dict[str, Any]:
    """What buyers got, by currency: money, vouchers, goods at the price of the order."""
    sums: dict[str, dict[str, money.Money]] = {}
    for claim in claims:
        for step in claim:
            remedy = step.details.get("remedy")
            if remedy is None or step.entry.reason == RemedyReason.NOT_POSSIBLE:
                continue
            currency = remedy["currency"]
            purse = sums.setdefault(currency, {name: money.zero(currency) for name in _AMOUNTS})
            for name in _AMOUNTS:
                purse[name] += money.parse(remedy[name], currency)
    return {
        currency: {name: str(amount) for name, amount in purse.items()}
        for currency, purse in sorted(sums.items())
    }


def _tenure(counted: Sequence[tuple[int, Entry]]) -> dict[str, Any]:
    """Since when the platform is in the log: its first admission as one."""
    for index, entry in counted:
        if entry.type is EntryType.PARTY and entry.reason == PartyReason.PLATFORM:
            return {"since_ms": entry.time, "index": index}
    return {"since_ms": None, "index": None}


def _until(claims: Sequence[list[Step]], is_end: Any) -> Iterable[int]:
    for claim in claims:
        ends = (step for place, step in enumerate(claim) if is_end(step, place))
        end = next(ends, None)
        if end is not None:
            yield end.entry.time - claim[0].entry.time


def _is_reissue(step: Step) -> bool:
    return step.entry.type is EntryType.REMEDY and step.entry.reason == RemedyReason.REISSUED


def _has(claim: Sequence[Step], reason: ClaimReason) -> bool:
    return any(step.entry.type is EntryType.CLAIM and step.entry.reason == reason for step in claim)


def _first_cause(claim: Sequence[Step]) -> str:
    causes = claim[0].details.get("causes")
    if claim[0].details == ERASED:
        return "erased"
    if not isinstance(causes, list) or not causes:
        raise InputRefused("a claim's first entry names its causes", code="report_malformed")
    return str(causes[0])


def _outcome(claim: Sequence[Step]) -> str:
    said = [step.details["outcome"] for step in claim if "outcome" in step.details]
    if said:
        return str(said[-1])
    return "erased" if any(step.details == ERASED for step in claim) else "open"


def _breaches(claim: Sequence[Step]) -> Sequence[str]:
    # Every step repeats those before it: the last has them all.
    said = [step.details["breaches"] for step in claim if "breaches" in step.details]
    return said[-1] if said else ()


def _rank(ranked: Sequence[int], percent: int) -> int:
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts)}
