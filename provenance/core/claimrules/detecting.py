"""One detector a cause: whether the fault is there, since when, who answers for it, and what shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from provenance.core.claimrules.facts import (
    Act,
    Evidence,
    IssuerReport,
    KeyEvent,
    Moment,
    OrderFacts,
    Pause,
    Whose,
    running_ms,
)
from provenance.core.claimrules.issuer import MEANINGS, IssuerAnswer
from provenance.core.termsrules.values import Terms
from provenance.core.termsrules.words import Cause, EvidenceType, ExclusionCode, Liability, Source


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was found: its cause, who answers for it, and the evidence."""

    cause: Cause
    liability: Liability
    evidence: tuple[Evidence, ...]


Detector = Callable[[OrderFacts, Terms, int], Fault | None]


def detect(facts: OrderFacts, terms: Terms, now: int) -> tuple[Fault, ...]:
    """Every covered fault that *facts* show at *now* (ms), in the order of the terms.

    Whether an exclusion stands against it is for :func:`provenance.core.claimrules.deciding.decide`.
    """
    found = (DETECTORS[each.cause](facts, terms, now) for each in terms.causes)
    return tuple(fault for fault in found if fault is not None)


def pauses_of(facts: OrderFacts, terms: Terms, cause: Cause) -> tuple[Pause, ...]:
    """The pauses that *terms* grant for *cause*, each with all the evidence its clause needs.

    A clock can stand still for ``pause_s`` in all; what is beyond that is left out by :func:`elapsed_ms`.
    """

    def granted(pause: Pause) -> bool:
        clause = terms.exclusion(pause.code)
        return (
            clause is not None
            and cause in clause.causes
            and set(clause.evidence) <= {each.type for each in pause.evidence if _may_pause(each, pause.code)}
        )

    return tuple(pause for pause in facts.pauses if granted(pause))


def elapsed_ms(facts: OrderFacts, terms: Terms, cause: Cause, start: int, end: int) -> int:
    """How long the clock of *cause* ran from *start* to *end* (ms), with at most ``pause_s`` left out."""
    ran = running_ms(start, end, pauses_of(facts, terms, cause))
    return max(ran, end - start - terms.clocks.pause_s * 1_000)


def _may_pause(evidence: Evidence, code: ExclusionCode) -> bool:
    # A public notice can be checked by anyone; a maintenance only the issuer itself can attest.
    is_public = evidence.source is Source.PUBLIC and code is not ExclusionCode.ISSUER_MAINTENANCE
    return evidence.is_trusted or is_public


def _overdue(
    cause: Cause, start: Moment | None, end: Moment | None, facts: OrderFacts, terms: Terms, now: int
) -> Fault | None:
    rule = terms.cause(cause)
    if rule is None or rule.threshold_s is None or start is None:
        return None
    ran = elapsed_ms(facts, terms, cause, start.at, end.at if end else now)
    if ran <= rule.threshold_s * 1_000:
        return None
    shown = (start.evidence, end.evidence) if end else (start.evidence,)
    return Fault(cause, Liability.PLATFORM, shown)


def _late_delivery(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    return _overdue(Cause.LATE_DELIVERY, facts.paid, facts.delivered, facts, terms, now)


def _carrier_delay(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    return _overdue(Cause.CARRIER_DELAY, facts.submitted, facts.arrived, facts, terms, now)


def _duplicate_sale(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    sale = facts.our_sale
    if sale is None or facts.max_uses > 1:
        return None
    # The later buyer is the harmed one; a sale that was taken back before ours harms nobody.
    standing: KeyEvent | None = None
    for event in facts.events(Act.SELL, Act.REINSTATE):
        if event.at < sale.at and event.whose is not Whose.OURS:
            standing = event if event.act is Act.SELL else None
    if standing is None:
        return None
    return Fault(Cause.DUPLICATE_SALE, Liability.PLATFORM, (standing.evidence, sale.evidence))


def _redeemed_by_others(facts: OrderFacts) -> tuple[KeyEvent, ...]:
    # The other buyers of a shared key may use it; only what nobody bought is used behind our back.
    strangers = {Whose.NOBODY} if facts.max_uses > 1 else {Whose.NOBODY, Whose.ANOTHER}
    return tuple(event for event in facts.events(Act.REDEEM) if event.whose in strangers)


def _used_before_delivery(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    until = facts.delivered.at if facts.delivered else now + 1
    # Taken back and sold again: whoever saw the key in between used it, and the seller let him.
    liability = Liability.PLATFORM if facts.sold_before else Liability.SUPPLIER
    for event in _redeemed_by_others(facts):
        if event.at < until:
            return Fault(Cause.USED_BEFORE_DELIVERY, liability, (event.evidence,))
    report = final_answer(facts)
    if report is not None and report.answer is IssuerAnswer.ALREADY_USED:
        used_at = report.at if report.used_at is None else report.used_at
        if used_at < until:
            return Fault(Cause.USED_BEFORE_DELIVERY, liability, (report.evidence,))
    return None


def _duplicate_redemption(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    if facts.delivered is None:
        return None
    after = [event for event in _redeemed_by_others(facts) if event.at >= facts.delivered.at]
    if not after:
        return None
    return Fault(Cause.DUPLICATE_REDEMPTION, Liability.SUPPLIER, (after[0].evidence,))


def _expired_before_delivery(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    if facts.delivered is None:
        return None
    if facts.expires_at is not None and facts.expires_at <= facts.delivered.at:
        shown = (facts.delivered.evidence,)
        return Fault(Cause.EXPIRED_BEFORE_DELIVERY, Liability.SUPPLIER, shown)
    report = final_answer(facts)
    if report and report.answer is IssuerAnswer.EXPIRED and report.at < facts.delivered.at:
        return Fault(Cause.EXPIRED_BEFORE_DELIVERY, Liability.SUPPLIER, (report.evidence,))
    return None


def _voided(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    event = _after_sale(facts, Act.VOID_BY_SUPPLIER, Act.VOID_BY_SELLER)
    if event is not None:
        by_seller = event.act is Act.VOID_BY_SELLER
        liability = Liability.PLATFORM if by_seller else Liability.SUPPLIER
        return Fault(Cause.VOID_AFTER_SALE, liability, (event.evidence,))
    return _by_answer(Cause.VOID_AFTER_SALE)(facts, terms, now)


def _recalled(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    event = _after_sale(facts, Act.RECALL)
    return None if event is None else Fault(Cause.RECALLED, Liability.SUPPLIER, (event.evidence,))


def _stolen(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
    event = _after_sale(facts, Act.THEFT)
    if event is not None:
        return Fault(Cause.STOLEN, Liability.SUPPLIER, (event.evidence,))
    return _by_evidence(Cause.STOLEN, EvidenceType.POLICE_REPORT, Liability.NOBODY)(facts, terms, now)


def _after_sale(facts: OrderFacts, *acts: Act) -> KeyEvent | None:
    sale = facts.our_sale
    after = [event for event in facts.events(*acts) if sale is not None and event.at > sale.at]
    return after[0] if after else None


def final_answer(facts: OrderFacts) -> IssuerReport | None:
    """The newest answer of the issuer that says something about the key; ``None`` where there is none."""
    final = (report for report in facts.issuer if MEANINGS[report.answer].is_final)
    return max(final, key=lambda report: report.at, default=None)


def _by_answer(cause: Cause) -> Detector:
    def detector(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
        report = final_answer(facts)
        if report is None or MEANINGS[report.answer].cause is not cause:
            return None
        return Fault(cause, MEANINGS[report.answer].liability, (report.evidence,))

    return detector


def _by_evidence(cause: Cause, type_: EvidenceType, liability: Liability) -> Detector:
    def detector(facts: OrderFacts, terms: Terms, now: int) -> Fault | None:
        shown = facts.have((type_,))
        return None if shown is None else Fault(cause, liability, shown)

    return detector


_C, _E = Cause, EvidenceType
DETECTORS: Final[Mapping[Cause, Detector]] = MappingProxyType(
    {
        _C.LATE_DELIVERY: _late_delivery,
        _C.DUPLICATE_SALE: _duplicate_sale,
        _C.DUPLICATE_REDEMPTION: _duplicate_redemption,
        _C.USED_BEFORE_DELIVERY: _used_before_delivery,
        _C.INVALID_KEY: _by_answer(_C.INVALID_KEY),
        _C.VOID_AFTER_SALE: _voided,
        _C.RECALLED: _recalled,
        _C.CARRIER_DELAY: _carrier_delay,
        _C.ARRIVAL_FAILED: _by_evidence(_C.ARRIVAL_FAILED, _E.CARRIER_FAILURE_NOTICE, Liability.PLATFORM),
        _C.STOLEN: _stolen,
        _C.INSUFFICIENT_BALANCE: _by_answer(_C.INSUFFICIENT_BALANCE),
        _C.NOT_ACTIVATED: _by_answer(_C.NOT_ACTIVATED),
        _C.FROZEN: _by_answer(_C.FROZEN),
        _C.EXPIRED_BEFORE_DELIVERY: _expired_before_delivery,
        _C.OWNERSHIP_RECLAIMED: _by_evidence(_C.OWNERSHIP_RECLAIMED, _E.RECLAIM_RECORD, Liability.SUPPLIER),
        _C.OWNERSHIP_UNPROVEN: _by_evidence(_C.OWNERSHIP_UNPROVEN, _E.OWNERSHIP_REPORT, Liability.SUPPLIER),
    }
)
