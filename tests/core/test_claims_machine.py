"""A claim's life, to the millisecond: deadlines, defaults, two people, one remedy, typed refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from provenance.core import money, terms
from provenance.core.claims import (
    MOVES,
    Appealed,
    Approved,
    Breach,
    Claim,
    ClockPaused,
    ClockResumed,
    Confirmed,
    DeadlinePassed,
    Decide,
    Decided,
    Decision,
    DrawBond,
    Effect,
    Event,
    EvidenceAsked,
    EvidenceGiven,
    Finding,
    FreezeEscrow,
    Impossible,
    IssueVoucher,
    OpenRecourse,
    Outcome,
    Paid,
    Pause,
    PayRefund,
    PriorClaim,
    Recovered,
    Reissue,
    Reissued,
    Rejected,
    Rejection,
    RejectionCode,
    ReleaseEscrow,
    RemedyImpossible,
    Reviewer,
    StopReissue,
    Withdrawn,
    WriteClaim,
    WriteRemedy,
    advance,
    decide,
    due,
    open_claim,
    settle,
)
from provenance.core.entries import commit_details
from provenance.core.terms import (
    Cause,
    ExclusionCode,
    Liability,
    Remedy,
    RemedyKind,
    Source,
    State,
    Terms,
)
from provenance.errors import Refused
from tests.core.claim_world import (
    ANNA,
    BEN,
    BUYER,
    CARL,
    DAY,
    ESCROW,
    GRADED,
    HOUR,
    MINUTE,
    PLATFORM,
    SELF,
    START,
    STRANGER,
    SUPPLIER,
    after,
    decided,
    digest,
    evidence,
    facts,
    in_review,
    late,
    moment,
    new,
    opened,
    used_before,
    with_deadline,
)

S = State
T0 = START + HOUR
YES = Liability.SUPPLIER
MAINTENANCE = Pause(ExclusionCode.ISSUER_MAINTENANCE, T0, None, (evidence("issuer_answer", Source.ISSUER),))


def cny(amount: str) -> money.Money:
    return money.parse(amount, "CNY")


def code_of(claim: Claim, event: Event, now: int) -> str:
    with pytest.raises(Refused) as refused:
        advance(claim, event, now)
    return refused.value.code


def effect(effects: tuple[Effect, ...], kind: type[Effect]) -> Effect | None:
    return next((each for each in effects if isinstance(each, kind)), None)


def no_fault(claim: Claim, source: Source = Source.ISSUER) -> Rejection:
    shown = (evidence("issuer_answer", source),)
    return Rejection(RejectionCode.FAULT_NOT_FOUND, claim.rule.clause.number, shown)


def rejected(**more: object) -> Claim:
    claim = in_review(**more)  # type: ignore[arg-type]
    return after(claim, (Rejected(ANNA, no_fault(claim)), claim.changed_at + 1))


def reissuing() -> Claim:
    claim, effects = decided(opened(), used_before(), T0)
    assert effect(effects, Reissue)
    return claim


# ---- opening ----


def opening_code(earlier: tuple[PriorClaim, ...] = (), now: int = T0, **asked: object) -> str:
    with pytest.raises(Refused) as refused:
        open_claim(new(**asked), earlier, now)  # type: ignore[arg-type]
    return refused.value.code


def test_a_claim_is_accepted_at_29_d_23_59_59_999_and_refused_at_30_d() -> None:
    delivered = START + MINUTE
    assert open_claim(new(), (), delivered + 30 * DAY - 1)[0].state is S.OPENED
    assert opening_code(now=delivered + 30 * DAY) == "claim_after_window"


def test_a_claim_for_anothers_order_is_refused_and_the_systems_own_needs_no_claimant() -> None:
    assert opening_code(claimant=STRANGER) == "not_your_order"
    assert open_claim(new(claimant=BUYER), (), T0)[0].origin == "filed"
    assert open_claim(new(), (), T0)[0].origin == "detected"


def test_an_order_is_judged_by_the_terms_it_pinned() -> None:
    other = replace(SELF, version=2)
    with pytest.raises(Refused) as refused:
        open_claim(replace(new(), terms=other), (), T0)
    assert refused.value.code == "terms_not_pinned"


def test_a_cause_that_the_terms_do_not_cover_is_refused_with_the_clause_of_the_cover() -> None:
    with pytest.raises(Refused) as refused:
        open_claim(new(Cause.LATE_DELIVERY, GRADED), (), T0)
    assert (refused.value.code, refused.value.facts["clause"]) == ("cause_not_covered", "1")


@pytest.mark.parametrize(
    ("cause", "outcome", "code"),
    [
        (Cause.USED_BEFORE_DELIVERY, None, "fault_already_claimed"),
        (Cause.USED_BEFORE_DELIVERY, Outcome.REJECTED, "fault_already_claimed"),
        (Cause.LATE_DELIVERY, None, "claim_already_open"),
        (Cause.LATE_DELIVERY, Outcome.REISSUED, "already_remedied"),
        (Cause.LATE_DELIVERY, Outcome.DEBT, "already_remedied"),
    ],
)
def test_one_fault_is_claimed_once_and_one_order_is_remedied_once(
    cause: Cause, outcome: Outcome | None, code: str
) -> None:
    assert opening_code((PriorClaim(digest(), (cause,), outcome),)) == code


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(Cause.USED_BEFORE_DELIVERY, Outcome.WITHDRAWN), (Cause.LATE_DELIVERY, Outcome.REJECTED)],
)
def test_what_was_withdrawn_or_is_another_fault_may_be_claimed(cause: Cause, outcome: Outcome) -> None:
    assert open_claim(new(), (PriorClaim(digest(), (cause,), outcome),), T0)[0].state is S.OPENED


def test_one_receipt_serves_one_claim() -> None:
    receipt = evidence("carrier_receipt", Source.CARRIER)
    used = frozenset({receipt.digest})
    assert opening_code(evidence=(receipt,), used_elsewhere=used) == "evidence_already_used"
    assert opening_code(evidence=(receipt, receipt)) == "evidence_repeated"
    entry = evidence("log_entry")
    shared = new(evidence=(entry,), used_elsewhere=frozenset({entry.digest}))
    assert open_claim(shared, (), T0)[0].evidence == (entry,)
    claim = in_review()
    assert code_of(claim, EvidenceGiven((receipt,), used), claim.changed_at) == "evidence_already_used"
    many = tuple(evidence() for _ in range(65))
    assert code_of(claim, EvidenceGiven(many), claim.changed_at) == "evidence_too_much"


# ---- decided by itself ----


def test_a_covered_fault_is_approved_at_once_and_the_old_key_blocked() -> None:
    claim = reissuing()
    assert (claim.state, claim.liability) == (S.REISSUING, Liability.SUPPLIER)
    assert due(claim) == T0 + 25 * MINUTE + 1


def test_the_buyer_made_no_call_and_the_first_response_is_due_within_a_minute() -> None:
    claim, effects = open_claim(new(), (), T0)
    assert Decide() in effects
    assert due(claim) == T0 + MINUTE + 1
    slow = late(claim, T0 + MINUTE + 1)
    assert (slow.state, slow.breaches) == (S.REVIEW, (Breach.RESPONSE,))


def test_a_reissue_ends_in_time_or_gives_way_to_a_refund_inside_thirty_minutes() -> None:
    claim = reissuing()
    edge = T0 + 25 * MINUTE
    given = after(claim, (Reissued(digest()), edge))
    assert given.given is not None
    assert (given.given.kind, given.given.goods) == (RemedyKind.REISSUE, cny("100.00"))
    assert code_of(claim, Reissued(digest()), edge + 1) == "deadline_passed"
    paying, effects = advance(claim, DeadlinePassed(), edge + 1)
    assert {StopReissue(), PayRefund(cny("100.00"))} <= set(effects)
    assert due(paying) == T0 + 30 * MINUTE + 1 + 1
    assert code_of(paying, Reissued(digest()), edge + 2) == "remedy_replaced"


def test_terms_may_give_a_reissue_the_whole_thirty_minutes() -> None:
    whole = replace(SELF, clocks=replace(SELF.clocks, remedy_s=2100))
    whole = with_deadline(whole, "reissuing", within_s=1800)
    claim, _ = decided(opened(of=whole), used_before(), T0)
    assert after(claim, (Reissued(digest()), T0 + 30 * MINUTE)).state is S.REMEDIED
    assert code_of(claim, Reissued(digest()), T0 + 30 * MINUTE + 1) == "deadline_passed"


def test_an_empty_reserve_becomes_a_refund_to_the_cent() -> None:
    paying, effects = advance(reissuing(), RemedyImpossible(Impossible.RESERVE_EMPTY), T0 + 1)
    assert PayRefund(cny("100.00")) in effects
    assert code_of(paying, Paid(cny("99.99"), evidence()), T0 + 2) == "payment_mismatch"
    assert code_of(paying, Paid(money.parse("100.00", "USD"), evidence()), T0 + 2) == "payment_mismatch"
    done, effects = advance(paying, Paid(cny("100.00"), evidence()), T0 + 2)
    assert done.state is S.REMEDIED
    assert OpenRecourse(cny("100.00"), Liability.SUPPLIER) in effects


def test_a_late_delivery_is_reissued_with_its_voucher_on_top() -> None:
    claim = opened(Cause.LATE_DELIVERY, after=300_001, delivered=None)
    claim, _ = decided(claim, facts(delivered=None), START + 300_001)
    done, effects = advance(claim, Reissued(digest()), START + 310_000)
    assert IssueVoucher(cny("1.00")) in effects
    assert effect(effects, OpenRecourse) is None, "the platform was late, not the supplier"
    assert done.given is not None and done.given.voucher == cny("1.00")


def test_a_carrier_delay_pays_twice_the_price() -> None:
    receipt = evidence("carrier_receipt", Source.CARRIER)
    known = facts(submitted=moment(0), arrived=moment(30 * MINUTE + 1, Source.CARRIER), evidence=(receipt,))
    claim, effects = decided(opened(Cause.CARRIER_DELAY, evidence=(receipt,)), known, T0)
    assert PayRefund(cny("200.00")) in effects
    assert after(claim, (Paid(cny("200.00"), evidence()), T0)).state is S.REMEDIED


def test_a_stolen_key_is_reissued_within_24_hours() -> None:
    claim = opened(Cause.STOLEN)
    reviewed = late(claim, T0 + MINUTE + 1)
    granted = after(reviewed, (Approved(ANNA, Liability.NOBODY), T0 + HOUR))
    assert granted.state is S.REISSUING
    assert after(granted, (Reissued(digest()), T0 + 25 * HOUR)).state is S.REMEDIED
    assert code_of(granted, Reissued(digest()), T0 + 25 * HOUR + 1) == "deadline_passed"


def test_an_excluded_fault_is_refused_at_once_by_code_clause_and_evidence() -> None:
    notice = evidence("carrier_arrears_notice", Source.CARRIER)
    known = facts(submitted=moment(0), evidence=(notice,))
    claim, effects = decided(opened(Cause.CARRIER_DELAY), known, T0)
    assert claim.state is S.REJECTED and claim.rejection is not None
    assert claim.rejection.code is RejectionCode.BUYER_ACCOUNT_IN_ARREARS
    first = effects[0]
    assert isinstance(first, WriteClaim)
    said = first.details["rejection"]
    assert said["clause"] == "5.1"
    assert said["evidence"][0]["digest"] == notice.digest.hex()


def test_what_is_above_the_automatic_limit_waits_for_a_person() -> None:
    claim, _ = decided(opened(price="1000.00"), used_before(), T0)
    assert claim.state is S.REISSUING
    claim, _ = decided(opened(price="1000.01"), used_before(), T0)
    assert claim.state is S.REVIEW


def test_a_decision_about_another_cause_is_refused() -> None:
    other = decide(facts(), SELF, Cause.LATE_DELIVERY, T0)
    assert code_of(opened(), Decided(other, evidence()), T0) == "wrong_cause"


def test_an_automatic_refusal_keeps_to_the_terms_too() -> None:
    receipt = evidence("carrier_receipt", Source.CARRIER)
    forged = Rejection(RejectionCode.BUYER_ACCOUNT_IN_ARREARS, "5.1", (receipt,))
    cause = Cause.CARRIER_DELAY
    decision = Decision(cause, Finding.EXCLUDED, "5.1", Liability.BUYER, (receipt,), rejection=forged)
    assert code_of(opened(cause), Decided(decision, evidence()), T0) == "exclusion_evidence_missing"


def test_a_fault_that_a_maintenance_hides_waits_with_its_clock_stopped() -> None:
    known = facts(delivered=None, pauses=(replace(MAINTENANCE, start=START),))
    claim, _ = decided(opened(Cause.LATE_DELIVERY, delivered=None), known, T0)
    assert (claim.state, claim.paused_since) == (S.REVIEW, T0)
    assert due(after(claim, (ClockResumed(), T0 + HOUR))) == T0 + 3 * HOUR + 1


# ---- decided by people ----


def test_two_hours_are_enough_at_2_00_00_and_the_default_of_the_terms_happens_at_2_00_01() -> None:
    claim = in_review()
    edge = T0 + 2 * HOUR
    assert after(claim, (Approved(ANNA, YES), edge)).state is S.REISSUING
    assert code_of(claim, Approved(ANNA, YES), edge + 1) == "deadline_passed"
    assert settle(claim, edge) == (claim, ())
    for now in (edge + 1, T0 + 2 * HOUR + 1000):
        granted, effects = settle(claim, now)
        assert granted.state is S.REISSUING
        assert Breach.DECISION in granted.breaches
        assert granted.liability is Liability.PLATFORM, "whoever keeps silent answers for it"
        assert [e.details["to"] for e in effects if isinstance(e, WriteClaim)] == ["escalated", "reissuing"]


def test_terms_may_refund_by_default_instead() -> None:
    claim = in_review(of=with_deadline(SELF, "escalated", default=terms.Default.REFUND))
    granted, effects = settle(claim, T0 + 2 * HOUR + 1)
    assert granted.state is S.PAYING
    assert PayRefund(cny("100.00")) in effects


def test_an_escalation_with_time_of_its_own_can_still_be_decided() -> None:
    claim = in_review(of=with_deadline(SELF, "escalated", within_s=600))
    escalated, _ = settle(claim, T0 + 2 * HOUR + 1)
    assert escalated.state is S.ESCALATED
    assert due(escalated) == T0 + 2 * HOUR + 10 * MINUTE + 1
    assert after(escalated, (Approved(ANNA, YES), T0 + 2 * HOUR + 2)).state is S.REISSUING


@pytest.mark.parametrize(("price", "people"), [("1000.00", 1), ("1000.01", 2)])
def test_above_the_limit_it_takes_two_different_people(price: str, people: int) -> None:
    claim = in_review(price=price)
    first = after(claim, (Approved(ANNA, YES), T0 + 2 * MINUTE))
    assert first.state is (S.REISSUING if people == 1 else S.SECOND_REVIEW)
    if people == 2:
        assert code_of(first, Approved(ANNA, YES), T0 + 3 * MINUTE) == "reviewer_decided_before"
        assert after(first, (Approved(BEN, YES), T0 + 3 * MINUTE)).state is S.REISSUING
        assert settle(first, T0 + 2 * HOUR + 1)[0].state is S.REISSUING


def test_double_compensation_counts_at_its_own_value_for_the_limit() -> None:
    claim = in_review(Cause.CARRIER_DELAY, price="500.01")
    assert after(claim, (Approved(ANNA, YES), T0 + 2 * MINUTE)).state is S.SECOND_REVIEW


@pytest.mark.parametrize("party", [PLATFORM, SUPPLIER, BUYER])
def test_a_reviewer_of_a_party_decides_nothing(party: bytes) -> None:
    claim, insider = in_review(), Reviewer("insider", frozenset({party, STRANGER}))
    request = EvidenceAsked(insider, (terms.EvidenceType.SCREENSHOT,), evidence("evidence_request"))
    for event in (Approved(insider, YES), Rejected(insider, no_fault(claim)), request):
        assert code_of(claim, event, claim.changed_at) == "reviewer_conflict"
    appealed = after(rejected(), (Appealed(), T0 + HOUR))
    assert code_of(appealed, Approved(insider, YES), T0 + HOUR) == "reviewer_conflict"


def test_a_refusal_keeps_to_the_terms() -> None:
    claim = in_review(Cause.CARRIER_DELAY)
    number = claim.rule.clause.number
    receipt, arrears = (
        evidence(kind, Source.CARRIER) for kind in ("carrier_receipt", "carrier_arrears_notice")
    )

    def refusal(code: RejectionCode, clause: str, *shown: object) -> str:
        event = Rejected(ANNA, Rejection(code, clause, shown))  # type: ignore[arg-type]
        return code_of(claim, event, claim.changed_at)

    code = RejectionCode
    assert refusal(code.BUYER_ACCOUNT_IN_ARREARS, "5.1", receipt) == "exclusion_evidence_missing"
    assert refusal(code.BUYER_ACCOUNT_IN_ARREARS, "5.2", arrears) == "wrong_clause"
    assert refusal(code.BUYER_WRONG_ACCOUNT, "5.2", receipt) == "exclusion_evidence_missing"
    assert refusal(code.BUYER_REDEEMED, "5.3", evidence()) == "exclusion_not_in_terms"
    assert refusal(code.EVIDENCE_MISSING, number, receipt) == "evidence_never_asked"
    untrusted = evidence("screenshot", Source.PLATFORM)
    assert refusal(code.FAULT_NOT_FOUND, number, untrusted) == "rejection_evidence_untrusted"
    assert refusal(code.FAULT_NOT_FOUND, "5.1", receipt) == "wrong_clause"
    allowed = Rejection(code.BUYER_ACCOUNT_IN_ARREARS, "5.1", (arrears,))
    assert after(claim, (Rejected(ANNA, allowed), claim.changed_at)).state is S.REJECTED


# ---- evidence ----


def asking(cause: Cause = Cause.STOLEN) -> Claim:
    claim, _ = decided(opened(cause), facts(), T0)
    assert (claim.state, claim.asked) == (S.EVIDENCE, claim.rule.evidence)
    return claim


def test_evidence_that_does_not_come_within_its_day_is_a_typed_refusal_that_can_be_appealed() -> None:
    claim = asking()
    assert due(claim) == T0 + DAY + 1
    lapsed = late(claim, T0 + DAY + 1)
    assert lapsed.state is S.REJECTED and lapsed.rejection is not None
    assert lapsed.rejection.code is RejectionCode.EVIDENCE_MISSING
    assert lapsed.rejection.evidence == (claim.request,)
    report = evidence("police_report", Source.BUYER)
    assert after(lapsed, (Appealed((report,)), T0 + 2 * DAY)).evidence == (report,)


def test_evidence_that_comes_starts_the_clock_of_the_decision_anew() -> None:
    now = T0 + 5 * HOUR
    claim = after(asking(), (EvidenceGiven((evidence("screenshot", Source.BUYER),)), now - 1))
    assert claim.state is S.EVIDENCE
    claim = after(claim, (EvidenceGiven((evidence("police_report", Source.BUYER),)), now))
    assert (claim.state, due(claim)) == (S.REVIEW, now + 2 * HOUR + 1)


def test_evidence_is_asked_for_once_because_asking_is_a_way_not_to_decide() -> None:
    claim = in_review()
    request = EvidenceAsked(ANNA, (terms.EvidenceType.SCREENSHOT,), evidence("evidence_request"))
    claim = after(
        claim,
        (request, T0 + 2 * MINUTE),
        (EvidenceGiven((evidence("screenshot", Source.BUYER),)), T0 + 3 * MINUTE),
    )
    again = replace(request, request=evidence("evidence_request"))
    assert code_of(claim, again, T0 + 4 * MINUTE) == "evidence_asked_before"


def test_a_reviewers_request_that_the_cause_does_not_need_costs_no_right_when_it_lapses() -> None:
    request = EvidenceAsked(ANNA, (terms.EvidenceType.SCREENSHOT,), evidence("evidence_request"))
    claim = after(in_review(), (request, T0 + 2 * MINUTE))
    lapsed = late(claim, T0 + 2 * MINUTE + DAY + 1)
    assert lapsed.state is S.REVIEW


def test_what_was_asked_for_and_given_is_not_missing() -> None:
    claim = after(asking(), (EvidenceGiven((evidence("police_report", Source.BUYER),)), T0 + 1))
    missing = Rejection(RejectionCode.EVIDENCE_MISSING, claim.rule.clause.number, (evidence(),))
    assert code_of(claim, Rejected(ANNA, missing), T0 + 2) == "evidence_never_asked"


# ---- appeal, withdrawal ----


def test_a_refusal_is_appealed_within_seven_days_once_and_another_person_decides() -> None:
    claim = rejected()
    edge = claim.changed_at + 7 * DAY
    assert code_of(claim, Appealed(), edge + 1) == "deadline_passed"
    assert late(claim, edge + 1).outcome is Outcome.REJECTED
    appealed = after(claim, (Appealed(), edge))
    assert code_of(appealed, Approved(ANNA, YES), edge + 1) == "reviewer_decided_before"
    assert after(appealed, (Approved(BEN, YES), edge + 1)).state is S.REISSUING
    final = after(appealed, (Rejected(BEN, no_fault(claim)), edge + 1))
    assert (final.state, final.outcome) == (S.CLOSED, Outcome.REJECTED)


def test_an_appeal_above_the_limit_takes_two_new_people() -> None:
    appealed = after(rejected(price="5000.00"), (Appealed(), T0 + HOUR))
    one = after(appealed, (Approved(BEN, YES), T0 + 2 * HOUR))
    assert one.state is S.APPEALED
    assert after(one, (Approved(CARL, YES), T0 + 3 * HOUR)).state is S.REISSUING


def test_an_approval_before_the_refusal_does_not_count_in_the_appeal() -> None:
    claim = after(in_review(price="5000.00"), (Approved(ANNA, YES), T0 + HOUR))
    claim = after(claim, (Rejected(BEN, no_fault(claim)), T0 + HOUR), (Appealed(), T0 + HOUR))
    assert after(claim, (Approved(CARL, YES), T0 + HOUR)).state is S.APPEALED


@pytest.mark.parametrize(
    ("default", "state"), [(terms.Default.APPROVE, S.REISSUING), (terms.Default.UPHOLD, S.CLOSED)]
)
def test_an_appeal_that_nobody_decides_ends_as_the_terms_say(default: terms.Default, state: State) -> None:
    appealed = after(rejected(of=with_deadline(SELF, "appealed", default=default)), (Appealed(), T0 + HOUR))
    assert due(appealed) == T0 + HOUR + DAY + 1
    ended = late(appealed, T0 + HOUR + DAY + 1)
    assert (ended.state, ended.breaches[-1]) == (state, Breach.APPEAL)


def test_a_claim_can_be_withdrawn_until_its_remedy_begins() -> None:
    for claim in (opened(), asking(), in_review(), rejected()):
        ended = after(claim, (Withdrawn(), claim.changed_at))
        assert (ended.state, ended.outcome) == (S.CLOSED, Outcome.WITHDRAWN)
    assert code_of(reissuing(), Withdrawn(), T0 + 1) == "not_in_this_state"


# ---- remedies ----


def test_an_unpaid_refund_is_drawn_from_the_bond_and_then_published_as_a_debt() -> None:
    paying = after(reissuing(), (RemedyImpossible(Impossible.NO_RESERVE), T0 + 1))
    assert due(paying) == T0 + 30 * MINUTE + 1
    unpaid, effects = advance(paying, DeadlinePassed(), T0 + 30 * MINUTE + 1)
    assert DrawBond(cny("100.00")) in effects
    assert unpaid.breaches == (Breach.REMEDY,)
    paid = after(unpaid, (Paid(cny("100.00"), evidence()), T0 + HOUR))
    assert paid.state is S.REMEDIED
    debt = late(unpaid, T0 + 30 * MINUTE + 1 + 3 * DAY + 1)
    assert (debt.state, debt.outcome, debt.given) == (S.CLOSED, Outcome.DEBT, None)


def test_a_valuable_good_is_recovered_first_and_else_refunded_in_full_exactly_once() -> None:
    claim = late(opened(Cause.OWNERSHIP_RECLAIMED, of=GRADED, price="3000.00"), T0 + MINUTE + 1)
    claim = after(claim, (Approved(ANNA, YES), T0 + HOUR), (Approved(BEN, YES), T0 + HOUR))
    assert (claim.state, due(claim)) == (S.RECOVERING, T0 + HOUR + 3 * DAY + 1)
    back = after(claim, (Recovered(evidence()), T0 + 2 * DAY))
    assert back.given is not None and back.given.paid.minor == 0
    assert settle(back, T0 + 99 * DAY)[0].outcome is Outcome.RECOVERED
    refund = late(claim, T0 + HOUR + 3 * DAY + 1)
    assert (refund.state, refund.owed) == (S.PAYING, cny("3000.00"))
    done = after(refund, (Paid(cny("3000.00"), evidence()), refund.changed_at + 1))
    assert code_of(done, Recovered(evidence()), done.changed_at) == "already_remedied"


def with_ladder(cause: Cause, of: Terms, *remedies: Remedy) -> Terms:
    changed = tuple(replace(each, remedies=remedies) if each.cause is cause else each for each in of.causes)
    return replace(of, causes=changed)


def test_a_reissue_that_follows_a_recovery_has_its_own_time() -> None:
    rungs = (Remedy(RemedyKind.RECOVERY), Remedy(RemedyKind.REISSUE), Remedy(RemedyKind.REFUND, 100))
    claim = in_review(Cause.STOLEN, of=with_ladder(Cause.STOLEN, GRADED, *rungs))
    claim = after(claim, (Approved(ANNA, YES), T0 + HOUR))
    now = T0 + 2 * DAY
    claim = after(claim, (RemedyImpossible(Impossible.NOT_RECOVERED), now))
    assert (claim.state, due(claim)) == (S.REISSUING, now + 25 * MINUTE + 1)


def test_a_voucher_is_a_voucher_unless_the_bond_had_to_pay_it_in_money() -> None:
    rung = Remedy(RemedyKind.VOUCHER, amount=cny("5.00"))
    claim = in_review(of=with_ladder(Cause.USED_BEFORE_DELIVERY, SELF, rung))
    paying, effects = advance(claim, Approved(ANNA, YES), T0 + HOUR)
    assert IssueVoucher(cny("5.00")) in effects
    done = after(paying, (Paid(cny("5.00"), evidence()), T0 + HOUR)).given
    assert done is not None and (str(done.paid), str(done.voucher)) == ("0.00", "5.00")
    drawn = after(late(paying, due(paying) or 0), (Paid(cny("5.00"), evidence()), T0 + 2 * HOUR)).given
    assert drawn is not None and (str(drawn.paid), str(drawn.voucher)) == ("5.00", "0.00")


def test_a_remedy_is_given_once() -> None:
    done = after(reissuing(), (Reissued(digest()), T0 + 1))
    for event in (Reissued(digest()), Paid(cny("100.00"), evidence()), Recovered(evidence())):
        assert code_of(done, event, T0 + 2) == "already_remedied"
    closed = after(done, (Confirmed(), T0 + 3))
    assert closed.outcome is Outcome.REISSUED
    assert late(done, T0 + 1 + 7 * DAY + 1).outcome is Outcome.REISSUED
    assert code_of(closed, Reissued(digest()), T0 + 4) == "already_remedied"
    assert code_of(closed, Withdrawn(), T0 + 4) == "claim_closed"


def test_an_escrow_is_frozen_from_the_first_step_to_the_last() -> None:
    claim, effects = open_claim(new(of=ESCROW), (), T0)
    assert FreezeEscrow() in effects
    _, effects = advance(claim, Withdrawn(), T0)
    assert ReleaseEscrow() in effects
    assert FreezeEscrow() not in open_claim(new(), (), T0)[1]


# ---- pauses ----


def test_a_pause_of_the_terms_shifts_the_deadline_by_its_length() -> None:
    claim = in_review(Cause.INVALID_KEY)
    now = claim.changed_at
    paused = after(claim, (ClockPaused(MAINTENANCE), now))
    assert code_of(paused, Approved(ANNA, YES), now) == "clock_paused"
    assert code_of(claim, ClockResumed(), now) == "not_paused"
    resumed = after(paused, (ClockResumed(), now + HOUR))
    assert due(resumed) == (due(claim) or 0) + HOUR


def test_a_clock_stands_still_for_three_days_in_all_then_it_runs() -> None:
    claim = in_review(Cause.INVALID_KEY)
    now = claim.changed_at
    paused = after(claim, (ClockPaused(MAINTENANCE), now))
    assert due(paused) == now + 3 * DAY + 1
    resumed = late(paused, now + 5 * DAY)
    assert due(resumed) == (due(claim) or 0) + 3 * DAY
    assert resumed.state is S.REVIEW and resumed.paused_ms == 3 * DAY


def test_a_pause_that_the_terms_do_not_know_for_the_cause_is_refused() -> None:
    claim = in_review(Cause.STOLEN)
    assert code_of(claim, ClockPaused(MAINTENANCE), claim.changed_at) == "exclusion_not_in_terms"
    claim = in_review(Cause.INVALID_KEY)
    bare = replace(MAINTENANCE, evidence=(evidence("screenshot", Source.PLATFORM),))
    assert code_of(claim, ClockPaused(bare), claim.changed_at) == "exclusion_evidence_missing"


# ---- the table ----


def test_time_does_not_run_backwards_and_no_default_comes_early() -> None:
    claim = in_review()
    assert code_of(claim, Approved(ANNA, YES), claim.changed_at - 1) == "time_backwards"
    assert code_of(claim, DeadlinePassed(), (due(claim) or 0) - 1) == "not_due"


def test_every_state_but_closed_has_a_default_in_the_table_and_defaults_run_in_no_circle() -> None:
    defaults = {state: move.to for (state, kind), move in MOVES.items() if kind is DeadlinePassed}
    assert set(defaults) == set(State) - {S.CLOSED}

    def longest(state: State, seen: tuple[State, ...] = ()) -> int:
        assert state not in seen, (*seen, state)
        return 1 + max((longest(to, (*seen, state)) for to in defaults.get(state, ())), default=0)

    rounds = {S.REISSUING: {S.RECOVERING}, S.RECOVERING: {S.REISSUING}}
    # A ladder holds each kind once, so that these two can follow each other one way only.
    for state, others in rounds.items():
        defaults[state] -= others
    assert max(longest(state) for state in State) <= 8


EXAMPLES: list[Event] = [
    Decided(decide(used_before(), SELF, Cause.USED_BEFORE_DELIVERY, T0), evidence()),
    EvidenceAsked(ANNA, (terms.EvidenceType.VIDEO,), evidence("evidence_request")),
    EvidenceGiven((evidence("video", Source.BUYER),)),
    Approved(CARL, YES),
    Rejected(CARL, no_fault(opened())),
    Appealed(),
    Withdrawn(),
    Reissued(digest()),
    Recovered(evidence()),
    RemedyImpossible(Impossible.NO_RESERVE),
    Paid(cny("100.00"), evidence()),
    Confirmed(),
]
STANDING = {
    S.OPENED: opened,
    S.REVIEW: in_review,
    S.SECOND_REVIEW: lambda: after(in_review(price="2000.00"), (Approved(ANNA, YES), T0 + 2 * MINUTE)),
    S.REISSUING: reissuing,
    S.PAYING: lambda: after(reissuing(), (RemedyImpossible(Impossible.NO_RESERVE), T0)),
    S.REMEDIED: lambda: after(reissuing(), (Reissued(digest()), T0)),
    S.REJECTED: rejected,
    S.APPEALED: lambda: after(rejected(), (Appealed(), T0 + HOUR)),
    S.CLOSED: lambda: after(opened(), (Withdrawn(), T0)),
}


@pytest.mark.parametrize(
    ("state", "event"), list(product(STANDING, EXAMPLES)), ids=lambda x: getattr(x, "name", type(x).__name__)
)
def test_a_state_takes_the_events_of_the_table_and_no_others(state: State, event: Event) -> None:
    claim = STANDING[state]()
    assert claim.state is state
    move = MOVES.get((state, type(event)))
    if move is None:
        code = code_of(claim, event, claim.changed_at)
        assert code in ("not_in_this_state", "claim_closed", "already_remedied", "remedy_replaced")
        return
    changed, effects = advance(claim, event, claim.changed_at)
    assert changed.state in move.to
    assert isinstance(effects[0], WriteClaim | WriteRemedy), "every transition is an entry"
    assert len(commit_details(bytes(16), dict(effects[0].details))) == 32


def test_the_first_entry_pins_terms_causes_and_evidence_and_fits_an_entry() -> None:
    shown = tuple(evidence() for _ in range(64))
    claim, effects = open_claim(new(evidence=shown), (), T0)
    first = effects[0]
    assert isinstance(first, WriteClaim)
    assert first.details["terms"] == terms.terms_hash(SELF).hex()
    assert first.details["causes"] == ["used_before_delivery"]
    assert len(first.details["evidence"]) == 64
    commit_details(bytes(16), dict(first.details))
    assert claim.state is S.OPENED


def test_evidence_of_types_that_nobody_asked_for_does_not_complete_a_request() -> None:
    claim = after(asking(), (EvidenceGiven((evidence("video", Source.BUYER),)), T0 + 1))
    assert claim.state is S.EVIDENCE
