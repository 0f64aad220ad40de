"""What the claims of a platform come to: causes, outcomes, times, breaches, and what buyers were given.

Consensus-critical, like :mod:`provenance.core.reporting`, which gathers the steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from provenance.core import money
from provenance.core.claimrules.effects import ClaimReason, RemedyReason
from provenance.core.entries import Entry, EntryType
from provenance.core.termsrules.words import Cause, State
from provenance.errors import InputRefused

DUPLICATES: Final = frozenset({Cause.DUPLICATE_SALE.value, Cause.DUPLICATE_REDEMPTION.value})
ERASED: Final[Mapping[str, Any]] = {"erased": True}
"""In the place of details that were erased: what rests on them counts as *erased* or not at all."""
_DECIDED: Final = frozenset(
    state.value for state in (State.REISSUING, State.RECOVERING, State.PAYING, State.REJECTED)
)
_NOT_WON: Final = frozenset({"rejected", "withdrawn", "open", "erased"})
_AMOUNTS: Final = ("paid", "voucher", "goods")


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


Claims: TypeAlias = "Sequence[list[Step]]"
"""Each claim as its steps in the order of the log."""


def of_claims(claims: Claims) -> dict[str, Any]:
    """The figures of *claims*; raises :class:`InputRefused` (``report_malformed``)."""
    try:
        return {
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
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise InputRefused("the details of a claim have another form", code="report_malformed") from error


def _counts(claims: Claims) -> dict[str, Any]:
    causes = [first_cause(claim) for claim in claims]
    outcomes = Counter(outcome(claim) for claim in claims)
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
        "appeals_won": sum(outcome(claim) not in _NOT_WON for claim in appealed),
        "by_default": sum(_has(claim, ClaimReason.DEFAULTED) for claim in claims),
        "duplicates": sum(cause in DUPLICATES for cause in causes),
    }


def _given(claims: Claims) -> dict[str, Any]:
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


def _until(claims: Claims, is_end: Callable[[Step, int], bool]) -> Iterable[int]:
    for claim in claims:
        ends = (step for place, step in enumerate(claim) if is_end(step, place))
        end = next(ends, None)
        if end is not None:
            yield end.entry.time - claim[0].entry.time


def _is_reissue(step: Step) -> bool:
    return step.entry.type is EntryType.REMEDY and step.entry.reason == RemedyReason.REISSUED


def _has(claim: Sequence[Step], reason: ClaimReason) -> bool:
    return any(step.entry.type is EntryType.CLAIM and step.entry.reason == reason for step in claim)


def first_cause(claim: Sequence[Step]) -> str:
    """What a claim is decided by; raises :class:`InputRefused` (``report_malformed``)."""
    causes = claim[0].details.get("causes")
    if claim[0].details == ERASED:
        return "erased"
    if not isinstance(causes, list) or not causes:
        raise InputRefused("a claim's first entry names its causes", code="report_malformed")
    return str(causes[0])


def outcome(claim: Sequence[Step]) -> str:
    """How a claim ended; ``open`` or ``erased`` where no step says so."""
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
