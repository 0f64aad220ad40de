"""One function an event: what it does to a claim in a state where the table allows it."""

from __future__ import annotations

from dataclasses import replace

from provenance.core.claimrules import events as e
from provenance.core.claimrules import moving
from provenance.core.claimrules.claim import Breach, Claim, Outcome
from provenance.core.claimrules.deciding import Finding, Rejection
from provenance.core.claimrules.effects import AskEvidence, Decide, Notice, Notify, Who
from provenance.core.claimrules.judging import check_evidence, check_rejection, check_reviewer
from provenance.core.claimrules.moving import Step, enter
from provenance.core.termsrules.values import Remedy
from provenance.core.termsrules.words import (
    Default,
    EvidenceType,
    Liability,
    RejectionCode,
    RemedyKind,
    State,
)
from provenance.errors import Refused

REVIEW_WANTED = Notify(Who.REVIEWERS, Notice.REVIEW_WANTED)


def decided(claim: Claim, event: e.Decided, now: int) -> Step:
    """The automatic decision: what is clear and small happens at once, the rest a person sees."""
    decision = event.decision
    if decision.cause is not claim.causes[0]:
        raise Refused("the decision is about another cause than the claim", code="wrong_cause")
    known = replace(claim, liability=decision.liability)
    if decision.finding is Finding.COVERED and not claim.value > claim.terms.limits.automatic_up_to:
        return moving.grant(known, now, claim.rule.remedies, claim.decide_from)
    if decision.rejection is not None:
        check_rejection(claim, decision.rejection)
        return reject(known, decision.rejection, now)
    if decision.finding is Finding.EVIDENCE_NEEDED and not claim.asked:
        return _ask(known, decision.needed, event, now)
    reviewed = known if claim.state is State.REVIEW else enter(known, State.REVIEW, now)
    if decision.finding is Finding.PAUSED and _may_pause(claim):
        reviewed = replace(reviewed, paused_since=now)
    return reviewed, (REVIEW_WANTED,)


def _ask(claim: Claim, types: tuple[EvidenceType, ...], event: e.Decided | e.EvidenceAsked, now: int) -> Step:
    record = event.record if isinstance(event, e.Decided) else event.request
    asked = enter(claim, State.EVIDENCE, now, asked=types, request=record)
    return asked, (AskEvidence(types), Notify(Who.BUYER, Notice.EVIDENCE_ASKED))


def evidence_asked(claim: Claim, event: e.EvidenceAsked, now: int) -> Step:
    """A reviewer asks the buyer for evidence, once: asking again would be a way never to decide."""
    check_reviewer(claim, event.reviewer)
    if claim.asked:
        raise Refused("evidence was asked for before; decide on what is there", code="evidence_asked_before")
    return _ask(claim, event.types, event, now)


def evidence_given(claim: Claim, event: e.EvidenceGiven, now: int) -> Step:
    """Evidence is kept; when all that was asked for is there, the clock of the decision begins again."""
    evidence = check_evidence(claim.evidence, event.evidence, event.used_elsewhere)
    more = replace(claim, evidence=evidence, changed_at=now)
    if claim.state is not State.EVIDENCE:
        return more, (Decide(),) if claim.state in (State.OPENED, State.REVIEW) else ()
    if not set(claim.asked) <= {each.type for each in evidence}:
        return more, ()
    return enter(more, State.REVIEW, now, decide_from=now), (Decide(),)


def approved(claim: Claim, event: e.Approved, now: int) -> Step:
    """A reviewer grants; above the limit of the terms a second one has to agree."""
    check_reviewer(claim, event.reviewer)
    approvals = (*claim.approvals, event.reviewer.id)
    agreed = replace(
        claim,
        approvals=approvals,
        deciders=(*claim.deciders, event.reviewer.id),
        liability=event.liability,
        changed_at=now,
    )
    if not claim.needs_two or len(approvals) > 1:
        return moving.grant(agreed, now, claim.rule.remedies, now)
    wanted = (Notify(Who.REVIEWERS, Notice.SECOND_REVIEW_WANTED),)
    # In an appeal and after an escalation the clock runs on; only the ordinary review has a state of its own.
    return (enter(agreed, State.SECOND_REVIEW, now) if claim.state is State.REVIEW else agreed), wanted


def rejected(claim: Claim, event: e.Rejected, now: int) -> Step:
    """A reviewer refuses, in the words of the terms."""
    check_reviewer(claim, event.reviewer)
    check_rejection(claim, event.rejection)
    return reject(replace(claim, deciders=(*claim.deciders, event.reviewer.id)), event.rejection, now)


def reject(claim: Claim, rejection: Rejection, now: int) -> Step:
    """The refusal stands: open to one appeal, and final after it."""
    refused = replace(claim, rejection=rejection)
    if claim.was_appealed:
        return moving.close(refused, now, Outcome.REJECTED)
    told = (Notify(Who.BUYER, Notice.REJECTED),)
    return enter(refused, State.REJECTED, now), told


def appealed(claim: Claim, event: e.Appealed, now: int) -> Step:
    """The buyer appeals: another reviewer decides."""
    evidence = check_evidence(claim.evidence, event.evidence, event.used_elsewhere)
    raised = enter(claim, State.APPEALED, now, evidence=evidence, was_appealed=True, approvals=())
    return raised, (Notify(Who.REVIEWERS, Notice.APPEALED), Notify(Who.PLATFORM, Notice.APPEALED))


def withdrawn(claim: Claim, event: e.Withdrawn, now: int) -> Step:
    """The buyer takes the claim back; the fault may be claimed again."""
    return moving.close(claim, now, Outcome.WITHDRAWN)


def clock_paused(claim: Claim, event: e.ClockPaused, now: int) -> Step:
    """A reason of the terms stops the clock; all pauses of a claim together have a bound."""
    clause = claim.terms.exclusion(event.pause.code)
    types = {each.type for each in event.pause.evidence}
    if clause is None or claim.causes[0] not in clause.causes:
        raise Refused("the terms stop no clock for that", code="exclusion_not_in_terms")
    if not set(clause.evidence) <= types:
        raise Refused("a pause needs the evidence of its clause", code="exclusion_evidence_missing")
    if not _may_pause(claim):
        raise Refused("this claim has used up its pauses", code="pause_used_up")
    return replace(claim, paused_since=now, changed_at=now), (Notify(Who.BUYER, Notice.CLOCK_PAUSED),)


def clock_resumed(claim: Claim, event: e.ClockResumed | e.DeadlinePassed, now: int) -> Step:
    """The clock runs on: whatever ran is shifted by the length of the pause, at most by what is allowed."""
    if claim.paused_since is None:
        raise Refused("the clock is running", code="not_paused")
    most = claim.terms.clocks.pause_s * 1_000 - claim.paused_ms
    length = min(now - claim.paused_since, most)
    resumed = replace(
        claim,
        paused_since=None,
        paused_ms=claim.paused_ms + length,
        clock_from=claim.clock_from + length,
        decide_from=claim.decide_from + length,
        changed_at=now,
    )
    return resumed, (Notify(Who.BUYER, Notice.CLOCK_RESUMED),)


def reissued(claim: Claim, event: e.Reissued, now: int) -> Step:
    """The replacement is with the buyer."""
    return moving.give(claim, now)


def recovered(claim: Claim, event: e.Recovered, now: int) -> Step:
    """The account is back with the buyer."""
    return moving.give(
        replace(claim, evidence=check_evidence(claim.evidence, (event.evidence,), frozenset())), now
    )


def impossible(claim: Claim, event: e.RemedyImpossible, now: int) -> Step:
    """This rung cannot be given: the next one is."""
    return moving.next_rung(claim, now)


def paid(claim: Claim, event: e.Paid, now: int) -> Step:
    """The buyer has the money: exactly what is owed, to the cent."""
    if event.amount != claim.owed:
        raise Refused(f"owed are {claim.owed} {claim.owed.currency}, to the cent", code="payment_mismatch")
    return moving.give(claim, now)


def confirmed(claim: Claim, event: e.Confirmed, now: int) -> Step:
    """The buyer is content; nothing is left to wait for."""
    return moving.close(claim, now)


def defaulted(claim: Claim, event: e.DeadlinePassed, now: int) -> Step:
    """The default outcome that the terms name for this state."""
    if claim.state is State.EVIDENCE:
        return _decide_without(claim, now)
    if claim.state is State.OPENED:
        late = moving.breached(claim, Breach.RESPONSE)
        return enter(late, State.REVIEW, now), (REVIEW_WANTED, Decide())
    if claim.state in (State.REVIEW, State.SECOND_REVIEW):
        late = moving.breached(claim, Breach.DECISION)
        return enter(late, State.ESCALATED, now), (Notify(Who.OPERATOR, Notice.ESCALATED),)
    if claim.state in (State.ESCALATED, State.APPEALED):
        return _silence(claim, now)
    if claim.state in (State.REISSUING, State.RECOVERING):
        return moving.next_rung(claim, now)
    if claim.state is State.PAYING:
        return moving.draw(claim, now)
    if claim.state is State.UNPAID:
        closed, effects = moving.close(claim, now, Outcome.DEBT)
        return closed, (*effects, Notify(Who.OPERATOR, Notice.DEBT_PUBLISHED))
    return moving.close(claim, now)


def _decide_without(claim: Claim, now: int) -> Step:
    """The evidence did not come: what the cause cannot do without is missing, else a person decides."""
    have = {each.type for each in claim.evidence}
    if claim.request is not None and set(claim.rule.evidence) - have:
        clause = claim.rule.clause.number
        missing = Rejection(RejectionCode.EVIDENCE_MISSING, clause, (claim.request,))
        return reject(claim, missing, now)
    return enter(claim, State.REVIEW, now, decide_from=now), (REVIEW_WANTED, Decide())


def _silence(claim: Claim, now: int) -> Step:
    default = claim.terms.deadline(claim.state).default
    late = moving.breached(claim, Breach.APPEAL) if claim.state is State.APPEALED else claim
    if default is Default.UPHOLD:
        return moving.close(late, now, Outcome.REJECTED)
    rungs = claim.rule.remedies
    if default is Default.REFUND:
        rungs = (Remedy(RemedyKind.REFUND, 100),)
    # Whoever kept silent past his deadline answers for it, unless someone else was already named.
    named = late.liability in (Liability.SUPPLIER, Liability.PLATFORM)
    liable = late if named else replace(late, liability=Liability.PLATFORM)
    return moving.grant(liable, now, rungs, now)


def _may_pause(claim: Claim) -> bool:
    return claim.paused_ms < claim.terms.clocks.pause_s * 1_000


def no_such_move(claim: Claim, event: e.Event) -> Refused:
    """Why an event has no place in this state: a second remedy by its own codes, anything else by one."""
    if claim.given is not None and isinstance(event, e.Reissued | e.Recovered | e.Paid):
        return Refused("this claim has had its remedy", code="already_remedied")
    if isinstance(event, e.Reissued | e.Recovered) and claim.rungs:
        return Refused("too late: another remedy has taken its place", code="remedy_replaced")
    if claim.state is State.CLOSED:
        return Refused("the claim is closed", code="claim_closed")
    return Refused(f"a claim in state {claim.state} does not take that event", code="not_in_this_state")
