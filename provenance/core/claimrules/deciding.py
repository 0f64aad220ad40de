"""The automatic decision: facts and terms in, a typed answer out. It never guesses: what it cannot see,
a person reviews."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from provenance.core.claimrules.answers import contradict
from provenance.core.claimrules.detecting import DETECTORS, Fault, final_answer, pauses_of
from provenance.core.claimrules.facts import Act, Evidence, OrderFacts, Whose, malformed
from provenance.core.claimrules.issuer import MEANINGS, IssuerAnswer
from provenance.core.termsrules.values import CauseTerms, Exclusion, Terms
from provenance.core.termsrules.words import (
    Cause,
    EvidenceType,
    ExclusionCode,
    Liability,
    RejectionCode,
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a claim is refused: a code, the clause it rests on, and evidence. A free text has no place here.

    Raises :class:`InputRefused` (``claim_malformed``, ``rejection_without_evidence``).
    """

    code: RejectionCode
    clause: str
    evidence: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.code, RejectionCode):
            raise malformed("a rejection has a code of the list, not words")
        if not self.evidence:
            error = malformed("a rejection shows its evidence; without any, the claim is granted")
            error.code = "rejection_without_evidence"
            raise error


class Finding(StrEnum):
    """What the automatic decision found."""

    COVERED = "covered"
    EXCLUDED = "excluded"
    EVIDENCE_NEEDED = "evidence_needed"
    PAUSED = "paused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one cause. ``clause`` is the one it rests on, ``needed`` what is still to be shown,
    ``rejection`` is there exactly when the finding is *excluded*."""

    cause: Cause
    finding: Finding
    clause: str
    liability: Liability
    evidence: tuple[Evidence, ...] = ()
    needed: tuple[EvidenceType, ...] = ()
    rejection: Rejection | None = None

    def __post_init__(self) -> None:
        if (self.rejection is not None) != (self.finding is Finding.EXCLUDED):
            raise malformed("an excluded claim has a typed rejection, any other none")
        if bool(self.needed) != (self.finding is Finding.EVIDENCE_NEEDED):
            raise malformed("what is needed is said exactly where evidence is needed")


def decide(facts: OrderFacts, terms: Terms, cause: Cause, now: int) -> Decision:
    """Whether *terms* cover *cause* on these *facts* at *now* (ms), and who answers for it.

    The window is not judged here but when the claim is opened. Deterministic: the same facts give the
    same decision to every auditor. Raises :class:`InputRefused` (``cause_not_covered``).
    """
    rule = terms.cause(cause)
    if rule is None:
        error = malformed("these terms do not cover that cause")
        error.code = "cause_not_covered"
        raise error
    fault = DETECTORS[cause](facts, terms, now)
    if excluded := _excluded(facts, terms, rule, fault):
        return _unless_taken_back(excluded, facts)
    found = _without_fault(facts, terms, rule, now) if fault is None else _of_fault(facts, rule, fault)
    return _unless_taken_back(found, facts)


def _unless_taken_back(decision: Decision, facts: OrderFacts) -> Decision:
    """What rests on an issuer who took back what he said is decided by a person, for or against the buyer.

    A word of somebody with a stake counts for nothing here, or he could talk a clear case into doubt.
    """
    reports = [one for one in facts.issuer if one.evidence.is_trusted]
    rests_on_them = any(one.evidence in decision.evidence for one in reports)
    is_clear = decision.finding in (Finding.COVERED, Finding.EXCLUDED)
    if not (is_clear and rests_on_them and contradict(reports)):
        return decision
    return Decision(decision.cause, Finding.UNCLEAR, decision.clause, decision.liability, decision.evidence)


def _of_fault(facts: OrderFacts, rule: CauseTerms, fault: Fault) -> Decision:
    cause = rule.cause
    shown = facts.have(rule.evidence)
    evidence = _once((*fault.evidence, *(shown or ())))
    needed = _missing(facts, rule, fault)
    if needed:
        return Decision(cause, Finding.EVIDENCE_NEEDED, rule.clause.number, fault.liability, evidence, needed)
    finding = Finding.COVERED if all(each.is_trusted for each in evidence) else Finding.UNCLEAR
    return Decision(cause, finding, rule.clause.number, fault.liability, evidence)


def _missing(facts: OrderFacts, rule: CauseTerms, fault: Fault) -> tuple[EvidenceType, ...]:
    have = {each.type for each in (*facts.evidence, *fault.evidence)}
    # What the log itself shows needs no paper of the buyer's: the signed timeline reverses the burden.
    in_log = any(each.type is EvidenceType.LOG_ENTRY for each in fault.evidence)
    is_shown_by_key = in_log and not rule.threshold_s
    return () if is_shown_by_key else tuple(each for each in rule.evidence if each not in have)


def _without_fault(facts: OrderFacts, terms: Terms, rule: CauseTerms, now: int) -> Decision:
    if any(pause.end is None and pause.start <= now for pause in pauses_of(facts, terms, rule.cause)):
        return Decision(rule.cause, Finding.PAUSED, rule.clause.number, Liability.NOBODY)
    shown = _shown_absent(facts, rule)
    if shown and all(each.is_trusted for each in shown):
        rejection = Rejection(RejectionCode.FAULT_NOT_FOUND, rule.clause.number, shown)
        return _refuse(rule.cause, Liability.NOBODY, rejection)
    needed = tuple(each for each in rule.evidence if facts.have((each,)) is None)
    finding = Finding.EVIDENCE_NEEDED if needed else Finding.UNCLEAR
    return Decision(rule.cause, finding, rule.clause.number, Liability.NOBODY, needed=needed)


def _shown_absent(facts: OrderFacts, rule: CauseTerms) -> tuple[Evidence, ...]:
    """What shows that the fault is *not* there: both ends of a clock, or the issuer's "good"."""
    ends = {
        Cause.LATE_DELIVERY: (facts.paid, facts.delivered),
        Cause.CARRIER_DELAY: (facts.submitted, facts.arrived),
    }.get(rule.cause, ())
    moments = tuple(moment.evidence for moment in ends if moment is not None)
    if ends and len(moments) == len(ends):
        return moments
    report = final_answer(facts)
    is_good = report is not None and report.answer is IssuerAnswer.GOOD and rule.cause in ANSWERED
    return (report.evidence,) if report is not None and is_good else ()


def _excluded(facts: OrderFacts, terms: Terms, rule: CauseTerms, fault: Fault | None) -> Decision | None:
    for exclusion in terms.exclusions:
        if exclusion.pauses or rule.cause not in exclusion.causes:
            continue
        shown = _shown(facts, exclusion, fault)
        if shown is None:
            continue
        if not all(each.is_trusted for each in shown) or _contradict(fault, exclusion):
            # Someone with a stake says so, or two trusted ones disagree: a person looks.
            return Decision(rule.cause, Finding.UNCLEAR, exclusion.clause.number, Liability.BUYER, shown)
        rejection = Rejection(RejectionCode(exclusion.code.value), exclusion.clause.number, shown)
        return _refuse(rule.cause, Liability.BUYER, rejection)
    return None


def _contradict(fault: Fault | None, exclusion: Exclusion) -> bool:
    # Used before the delivery, says one; redeemed by the buyer after it, says the other.
    is_use = fault is not None and fault.cause is Cause.USED_BEFORE_DELIVERY
    return is_use and exclusion.code is ExclusionCode.BUYER_REDEEMED


def _refuse(cause: Cause, liability: Liability, rejection: Rejection) -> Decision:
    return Decision(
        cause, Finding.EXCLUDED, rejection.clause, liability, rejection.evidence, rejection=rejection
    )


def _shown(facts: OrderFacts, exclusion: Exclusion, fault: Fault | None) -> tuple[Evidence, ...] | None:
    """The evidence of every type that the exclusion needs, or ``None`` if it does not hold."""
    prove = _PROOFS.get(exclusion.code)
    own = prove(facts, fault) if prove else ()
    if own is None:
        return None
    rest = facts.have(set(exclusion.evidence) - {each.type for each in own})
    return None if rest is None else _once((*own, *rest))


Proof = Callable[[OrderFacts, Fault | None], tuple[Evidence, ...] | None]


def _answered(answer: IssuerAnswer) -> Proof:
    def proof(facts: OrderFacts, fault: Fault | None) -> tuple[Evidence, ...] | None:
        last = facts.last_answer
        # A wrong secret says nothing against a fault that something else shows.
        if fault is not None or last is None or last.answer is not answer:
            return None
        return (last.evidence,)

    return proof


def _redeemed_by_buyer(facts: OrderFacts, fault: Fault | None) -> tuple[Evidence, ...] | None:
    earlier = [event.at for event in facts.events(Act.REDEEM) if event.whose is not Whose.OURS]
    if fault is not None and fault.cause is Cause.INSUFFICIENT_BALANCE:
        earlier += [each.at for each in fault.evidence]
    for event in facts.events(Act.REDEEM):
        if event.whose is Whose.OURS and not any(at < event.at for at in earlier):
            return (event.evidence,)
    return None


def _expired_with_buyer(facts: OrderFacts, fault: Fault | None) -> tuple[Evidence, ...] | None:
    last = facts.last_answer
    is_expired = last is not None and last.answer is IssuerAnswer.EXPIRED
    if fault is not None or not is_expired or last is None or facts.delivered is None:
        return None
    was_valid = facts.expires_at is not None and facts.expires_at > facts.delivered.at
    return (last.evidence,) if was_valid else None


_PROOFS: Final[Mapping[ExclusionCode, Proof]] = MappingProxyType(
    {
        ExclusionCode.BUYER_WRONG_SECRET: _answered(IssuerAnswer.WRONG_SECRET),
        ExclusionCode.BUYER_TOO_MANY_TRIES: _answered(IssuerAnswer.TOO_MANY_TRIES),
        ExclusionCode.BUYER_REDEEMED: _redeemed_by_buyer,
        ExclusionCode.EXPIRED_WITH_BUYER: _expired_with_buyer,
    }
)
"""Exclusions that rest on what happened; for all others the type of the evidence says it."""


ANSWERED: Final = frozenset({meaning.cause for meaning in MEANINGS.values()}) - {
    Cause.USED_BEFORE_DELIVERY,
    Cause.EXPIRED_BEFORE_DELIVERY,
    None,
}
"""Faults that lie in the key as it is now: an issuer who calls it good has looked at just that."""


def maintenance_running(facts: OrderFacts) -> bool:
    """Whether the issuer's newest answer stops clocks instead of deciding anything."""
    last = facts.last_answer
    return last is not None and MEANINGS[last.answer].exclusion is ExclusionCode.ISSUER_MAINTENANCE


def _once(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence))
