"""The automatic decision: every cause, at every time, with and without its evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.claims import (
    MEANINGS,
    Decision,
    Finding,
    IssuerAnswer,
    IssuerReport,
    OrderFacts,
    Pause,
    Rejection,
    RejectionCode,
    decide,
    detect,
)
from provenance.core.claims import Act as A
from provenance.core.claims import Whose as W
from provenance.core.terms import Cause, ExclusionCode, Liability, Source, Terms
from provenance.errors import InputRefused
from tests.core.claim_world import (
    DAY,
    GRADED,
    HOUR,
    MINUTE,
    SECOND,
    SELF,
    START,
    answer,
    evidence,
    facts,
    key_event,
    moment,
)

NOW = START + HOUR
C, I, F, L = Cause, IssuerAnswer, Finding, Liability  # noqa: E741 - short names for the matrix


def found(known: OrderFacts, cause: Cause, now: int = NOW, terms: Terms = SELF) -> Decision:
    return decide(known, terms, cause, now)


def causes(known: OrderFacts, now: int = NOW) -> set[Cause]:
    return {fault.cause for fault in detect(known, SELF, now)}


# ---- clocks ----


@pytest.mark.parametrize(
    ("after", "is_late"), [(299_000, False), (300_000, False), (300_001, True), (301_000, True)]
)
def test_a_delivery_is_late_over_300_seconds_whether_it_came_or_not(after: int, is_late: bool) -> None:
    waiting = facts(delivered=None)
    assert (C.LATE_DELIVERY in causes(waiting, START + after)) == is_late
    came = facts(delivered=moment(after))
    assert (C.LATE_DELIVERY in causes(came)) == is_late


@pytest.mark.parametrize(("after", "is_late"), [(1_800_000, False), (1_800_001, True), (1_801_000, True)])
def test_a_top_up_is_delayed_over_30_minutes_and_needs_the_carriers_receipt(
    after: int, is_late: bool
) -> None:
    known = facts(submitted=moment(0), arrived=moment(after, Source.CARRIER))
    decision = found(known, C.CARRIER_DELAY, START + DAY)
    assert decision.finding is (F.EVIDENCE_NEEDED if is_late else F.EXCLUDED)
    receipt = evidence("carrier_receipt", Source.CARRIER)
    decision = found(replace(known, evidence=(receipt,)), C.CARRIER_DELAY, START + DAY)
    assert decision.finding is (F.COVERED if is_late else F.EXCLUDED)
    assert decision.liability is (L.PLATFORM if is_late else L.NOBODY)


def test_an_unpaid_order_is_never_late() -> None:
    assert causes(facts(paid=None, delivered=None)) == set()


def maintenance(start: int, end: int | None, source: Source = Source.ISSUER) -> Pause:
    shown = (evidence("issuer_answer", source),)
    return Pause(ExclusionCode.ISSUER_MAINTENANCE, START + start, end and START + end, shown)


@pytest.mark.parametrize(("after", "is_late"), [(900_000, False), (900_001, True)])
def test_maintenance_stops_the_clock_and_overlapping_pauses_count_once(after: int, is_late: bool) -> None:
    stops = (maintenance(60_000, 360_000), maintenance(120_000, 660_000))
    known = facts(delivered=moment(after), pauses=stops)
    assert (C.LATE_DELIVERY in causes(known)) == is_late


def test_a_maintenance_that_only_the_platform_claims_stops_nothing() -> None:
    known = facts(delivered=None, pauses=(maintenance(0, None, Source.PLATFORM),))
    assert C.LATE_DELIVERY in causes(known)


def test_a_pause_that_the_terms_do_not_grant_for_the_cause_stops_nothing() -> None:
    outage = Pause(
        ExclusionCode.ANNOUNCED_CARRIER_OUTAGE, START, None, (evidence("public_notice", Source.PUBLIC),)
    )
    known = facts(delivered=None, submitted=moment(0), pauses=(outage,))
    assert causes(known) == {C.LATE_DELIVERY}


def test_an_endless_maintenance_stops_the_clock_for_three_days_only() -> None:
    known = facts(delivered=None, pauses=(maintenance(0, None),))
    edge = START + 3 * DAY + 300_000
    assert C.LATE_DELIVERY not in causes(known, edge)
    assert C.LATE_DELIVERY in causes(known, edge + 1)


def test_while_the_pause_lasts_the_decision_says_so() -> None:
    known = facts(delivered=None, pauses=(maintenance(0, None),))
    decision = found(known, C.LATE_DELIVERY)
    assert (decision.finding, decision.liability) == (F.PAUSED, L.NOBODY)


def test_a_late_delivery_that_was_not_late_is_refused_with_both_moments_as_evidence() -> None:
    known = facts()
    rejection = found(known, C.LATE_DELIVERY).rejection
    assert known.paid is not None and known.delivered is not None
    rule = SELF.cause(C.LATE_DELIVERY)
    assert rule is not None
    shown = (known.paid.evidence, known.delivered.evidence)
    assert rejection == Rejection(RejectionCode.FAULT_NOT_FOUND, rule.clause.number, shown)


# ---- what the log shows ----

SOLD = key_event(A.SELL, 30 * SECOND)
LOG_CASES = {
    "nothing": ((SOLD,), set()),
    "sold to another before": ((key_event(A.SELL, 10, W.ANOTHER), SOLD), {C.DUPLICATE_SALE}),
    "sold before and taken back": (
        (key_event(A.SELL, 10, W.ANOTHER), key_event(A.REINSTATE, 20, W.ANOTHER), SOLD),
        set(),
    ),
    "sold to another after": ((SOLD, key_event(A.SELL, MINUTE, W.ANOTHER)), set()),
    "redeemed before the delivery": (
        (SOLD, key_event(A.REDEEM, MINUTE - 1, W.NOBODY)),
        {C.USED_BEFORE_DELIVERY},
    ),
    "redeemed at the delivery": ((SOLD, key_event(A.REDEEM, MINUTE, W.ANOTHER)), {C.DUPLICATE_REDEMPTION}),
    "redeemed by us": ((SOLD, key_event(A.REDEEM, 2 * MINUTE)), set()),
    "void after the sale": ((SOLD, key_event(A.VOID_BY_SUPPLIER, MINUTE, W.NOBODY)), {C.VOID_AFTER_SALE}),
    "recalled after the sale": ((SOLD, key_event(A.RECALL, MINUTE, W.NOBODY)), {C.RECALLED}),
    "recalled before the sale": ((key_event(A.RECALL, 1, W.NOBODY), SOLD), set()),
    "stolen after the sale": ((SOLD, key_event(A.THEFT, MINUTE, W.NOBODY)), {C.STOLEN}),
}


@pytest.mark.parametrize("name", LOG_CASES)
def test_the_log_shows_exactly_these_faults(name: str) -> None:
    events, expected = LOG_CASES[name]
    known = facts(key_events=events)
    assert causes(known) == expected
    for cause in expected:
        assert found(known, cause).finding is F.COVERED


def test_what_the_log_shows_needs_no_paper_of_the_buyer() -> None:
    known = facts(key_events=LOG_CASES["stolen after the sale"][0])
    assert found(known, C.STOLEN).finding is F.COVERED
    assert found(facts(), C.STOLEN).needed == ("police_report",)


def test_a_key_used_in_an_earlier_life_is_the_sellers_liability() -> None:
    used = key_event(A.REDEEM, 25, W.NOBODY)
    first = (key_event(A.SELL, 10, W.ANOTHER), key_event(A.REINSTATE, 20, W.ANOTHER))
    assert found(facts(key_events=(used, SOLD)), C.USED_BEFORE_DELIVERY).liability is L.SUPPLIER
    assert found(facts(key_events=(*first, used, SOLD)), C.USED_BEFORE_DELIVERY).liability is L.PLATFORM


def test_a_void_is_the_liability_of_whoever_voided() -> None:
    for act, liable in ((A.VOID_BY_SELLER, L.PLATFORM), (A.VOID_BY_SUPPLIER, L.SUPPLIER)):
        known = facts(key_events=(SOLD, key_event(act, MINUTE, W.OURS)))
        assert found(known, C.VOID_AFTER_SALE).liability is liable


def test_the_other_uses_of_a_shared_key_are_no_fault() -> None:
    events = (key_event(A.SELL, 10, W.ANOTHER), SOLD, key_event(A.REDEEM, 20, W.ANOTHER))
    assert causes(facts(key_events=events, max_uses=3)) == set()
    assert causes(facts(key_events=events)) == {C.DUPLICATE_SALE, C.USED_BEFORE_DELIVERY}


# ---- what the issuer says ----

# answer → cause it is asked under, finding and liability when it comes before, and after the delivery
ISSUER: dict[IssuerAnswer, tuple[Cause, tuple[Finding, Liability], tuple[Finding, Liability]]] = {
    I.GOOD: (C.INVALID_KEY, (F.EXCLUDED, L.NOBODY), (F.EXCLUDED, L.NOBODY)),
    I.MALFORMED: (C.INVALID_KEY, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.TOO_MANY_TRIES: (C.INVALID_KEY, (F.EXCLUDED, L.BUYER), (F.EXCLUDED, L.BUYER)),
    I.UNSUPPORTED_TYPE: (C.INVALID_KEY, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.WRONG_SECRET: (C.INVALID_KEY, (F.EXCLUDED, L.BUYER), (F.EXCLUDED, L.BUYER)),
    I.INVALID: (C.INVALID_KEY, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.INSUFFICIENT_BALANCE: (C.INSUFFICIENT_BALANCE, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.PROCESSING: (C.INVALID_KEY, (F.UNCLEAR, L.NOBODY), (F.UNCLEAR, L.NOBODY)),
    I.ALREADY_USED: (C.USED_BEFORE_DELIVERY, (F.COVERED, L.SUPPLIER), (F.UNCLEAR, L.NOBODY)),
    I.COUNTERFEIT: (C.INVALID_KEY, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.OPERATOR_MAINTENANCE: (C.INVALID_KEY, (F.UNCLEAR, L.NOBODY), (F.UNCLEAR, L.NOBODY)),
    I.DOES_NOT_EXIST: (C.INVALID_KEY, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.VOIDED: (C.VOID_AFTER_SALE, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.FROZEN: (C.FROZEN, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.NOT_ACTIVATED: (C.NOT_ACTIVATED, (F.COVERED, L.SUPPLIER), (F.COVERED, L.SUPPLIER)),
    I.EXPIRED: (C.EXPIRED_BEFORE_DELIVERY, (F.COVERED, L.SUPPLIER), (F.UNCLEAR, L.NOBODY)),
}


@pytest.mark.parametrize("said", I)
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_every_answer_of_an_issuer_decides_liability(said: IssuerAnswer, is_after: bool) -> None:
    cause, before, after = ISSUER[said]
    known = facts(issuer=(answer(said, 2 * MINUTE if is_after else 40 * SECOND),))
    decision = found(known, cause)
    assert (decision.finding, decision.liability) == (after if is_after else before)


def test_the_issuers_enumeration_is_complete() -> None:
    assert set(ISSUER) == set(MEANINGS) == set(I)


def test_used_after_the_delivery_by_the_buyer_himself_is_excluded_with_the_log_entry() -> None:
    own = key_event(A.REDEEM, 3 * MINUTE)
    known = facts(key_events=(SOLD, own), issuer=(answer(I.ALREADY_USED, HOUR, used=3 * MINUTE),))
    decision = found(known, C.USED_BEFORE_DELIVERY)
    assert decision.rejection is not None
    assert decision.rejection.code is RejectionCode.BUYER_REDEEMED
    assert own.evidence in decision.rejection.evidence


@pytest.mark.parametrize(("asked", "expected"), [(2 * MINUTE, F.COVERED), (4 * MINUTE, F.EXCLUDED)])
def test_a_balance_that_was_short_before_the_buyer_redeemed_is_not_his_doing(
    asked: int, expected: Finding
) -> None:
    own = key_event(A.REDEEM, 3 * MINUTE)
    known = facts(key_events=(SOLD, own), issuer=(answer(I.INSUFFICIENT_BALANCE, asked),))
    assert found(known, C.INSUFFICIENT_BALANCE).finding is expected


def test_one_piece_of_evidence_from_someone_with_a_stake_is_enough_to_want_a_person() -> None:
    receipt = evidence("carrier_receipt", Source.BUYER)
    assert found(facts(submitted=moment(0), evidence=(receipt,)), C.CARRIER_DELAY).finding is F.UNCLEAR


def test_two_trusted_sources_that_disagree_go_to_a_person() -> None:
    own = key_event(A.REDEEM, 3 * MINUTE)
    known = facts(key_events=(SOLD, own), issuer=(answer(I.ALREADY_USED, HOUR, used=10),))
    assert found(known, C.USED_BEFORE_DELIVERY).finding is F.UNCLEAR


def test_an_issuer_asked_later_may_still_say_that_it_was_used_before_the_delivery() -> None:
    known = facts(issuer=(answer(I.ALREADY_USED, HOUR, used=MINUTE - 1),))
    assert found(known, C.USED_BEFORE_DELIVERY).finding is F.COVERED
    known = facts(issuer=(answer(I.ALREADY_USED, HOUR, used=MINUTE),))
    assert found(known, C.USED_BEFORE_DELIVERY).finding is F.UNCLEAR


def test_the_newest_final_answer_counts_and_a_maintenance_after_it_does_not_wipe_it_out() -> None:
    known = facts(issuer=(answer(I.INVALID, 70_000), answer(I.OPERATOR_MAINTENANCE, 80_000)))
    assert found(known, C.INVALID_KEY).finding is F.COVERED
    known = facts(issuer=(answer(I.INVALID, 70_000), answer(I.GOOD, 80_000)))
    assert C.INVALID_KEY not in causes(known)


TAKEN_BACK = {
    "ended, and alive again": (answer(I.VOIDED, 70_000), answer(I.GOOD, 80_000)),
    "alive again, and now invalid": (
        answer(I.COUNTERFEIT, 65_000),
        answer(I.GOOD, 70_000),
        answer(I.INVALID, 80_000),
    ),
    "used at two moments": (
        answer(I.ALREADY_USED, 70_000, used=10_000),
        answer(I.ALREADY_USED, 80_000, used=20_000),
    ),
}


@pytest.mark.parametrize("said", TAKEN_BACK.values(), ids=list(TAKEN_BACK))
def test_what_rests_on_an_issuer_who_took_back_his_word_a_person_decides_for_or_against(
    said: tuple[IssuerReport, ...],
) -> None:
    cause = C.USED_BEFORE_DELIVERY if said[-1].answer is I.ALREADY_USED else C.INVALID_KEY
    alone, both = found(facts(issuer=said[-1:]), cause), found(facts(issuer=said), cause)
    assert alone.finding in (F.COVERED, F.EXCLUDED)
    assert (both.finding, both.rejection, both.clause) == (F.UNCLEAR, None, alone.clause)
    assert set(alone.evidence) <= set(both.evidence)


def test_an_issuer_with_a_stake_cannot_talk_what_speaks_against_him_into_doubt() -> None:
    void, good, again = answer(I.VOIDED, 70_000), answer(I.GOOD, 75_000), answer(I.VOIDED, 80_000)
    own = replace(good, evidence=replace(good.evidence, source=Source.SUPPLIER))
    assert found(facts(issuer=(void, good, again)), C.VOID_AFTER_SALE).finding is F.UNCLEAR
    assert found(facts(issuer=(void, own, again)), C.VOID_AFTER_SALE).finding is F.COVERED


def test_what_the_log_shows_needs_no_issuer_who_keeps_his_word() -> None:
    known = facts(delivered=None, issuer=TAKEN_BACK["ended, and alive again"])
    assert found(known, C.LATE_DELIVERY).finding is F.COVERED


def test_a_wrong_secret_does_not_excuse_a_key_that_the_issuer_calls_invalid() -> None:
    known = facts(issuer=(answer(I.INVALID, 70_000), answer(I.WRONG_SECRET, 80_000)))
    assert found(known, C.INVALID_KEY).finding is F.COVERED


def test_an_invalid_key_that_only_the_buyer_shows_needs_the_issuers_answer() -> None:
    known = facts(evidence=(evidence("screenshot", Source.BUYER),))
    decision = found(known, C.INVALID_KEY)
    assert (decision.finding, decision.needed) == (F.EVIDENCE_NEEDED, ("issuer_answer",))


@pytest.mark.parametrize(("expires", "expected"), [(MINUTE, F.COVERED), (MINUTE + 1, F.EXCLUDED)])
def test_a_key_that_expired_with_the_buyer_is_his(expires: int, expected: Finding) -> None:
    known = facts(expires_at=START + expires, issuer=(answer(I.EXPIRED, HOUR),))
    decision = found(known, C.EXPIRED_BEFORE_DELIVERY)
    assert decision.finding is expected
    if decision.rejection is not None:
        assert decision.rejection.code is RejectionCode.EXPIRED_WITH_BUYER


# ---- exclusions and their evidence ----

EXCLUSIONS = {
    C.CARRIER_DELAY: {
        RejectionCode.BUYER_ACCOUNT_IN_ARREARS: {"carrier_arrears_notice"},
        RejectionCode.BUYER_WRONG_ACCOUNT: {"account_confirmation", "carrier_receipt"},
    },
    C.ARRIVAL_FAILED: {
        RejectionCode.BUYER_ACCOUNT_IN_ARREARS: {"carrier_arrears_notice"},
        RejectionCode.BUYER_WRONG_ACCOUNT: {"account_confirmation", "carrier_receipt"},
    },
    C.STOLEN: {RejectionCode.BUYER_DISCLOSED_KEY: {"leak_record"}},
}
PAPERS = {
    C.CARRIER_DELAY: "carrier_receipt",
    C.ARRIVAL_FAILED: "carrier_failure_notice",
    C.STOLEN: "police_report",
}


@pytest.mark.parametrize("cause", EXCLUSIONS, ids=str)
@pytest.mark.parametrize("source", [Source.CARRIER, Source.PLATFORM], ids=str)
def test_an_exclusion_holds_with_all_its_evidence_and_only_from_one_without_a_stake(
    cause: Cause, source: Source
) -> None:
    base = evidence(PAPERS[cause], Source.CARRIER)
    for code, needed in EXCLUSIONS[cause].items():
        types = sorted(needed - {base.type.value})
        whole = tuple(evidence(each, source) for each in types)
        known = facts(submitted=moment(0), evidence=(base, *whole))
        decision = found(known, cause)
        assert decision.finding is (F.EXCLUDED if source is Source.CARRIER else F.UNCLEAR)
        if decision.rejection is not None:
            assert decision.rejection.code is code
            exclusion = SELF.exclusion(code)
            assert exclusion is not None
            assert decision.clause == exclusion.clause.number
            assert needed <= {each.type for each in decision.rejection.evidence}
        without = facts(submitted=moment(0), evidence=(base,))
        assert found(without, cause).finding is F.COVERED


def test_an_exclusion_says_nothing_about_a_cause_it_does_not_name() -> None:
    known = facts(delivered=None, evidence=(evidence("carrier_arrears_notice", Source.CARRIER),))
    assert found(known, C.LATE_DELIVERY).finding is F.COVERED


def test_evidence_of_someone_with_a_stake_is_looked_at_by_a_person() -> None:
    known = facts(evidence=(evidence("police_report", Source.BUYER),))
    decision = found(known, C.STOLEN)
    assert (decision.finding, decision.liability) == (F.UNCLEAR, L.NOBODY)


@pytest.mark.parametrize(
    ("cause", "paper"),
    [(C.OWNERSHIP_RECLAIMED, "reclaim_record"), (C.OWNERSHIP_UNPROVEN, "ownership_report")],
)
def test_valuable_goods_are_judged_by_their_reports(cause: Cause, paper: str) -> None:
    assert found(facts(), cause, terms=GRADED).needed == (paper,)
    known = facts(evidence=(evidence(paper, Source.LOG),))
    assert found(known, cause, terms=GRADED).finding is F.COVERED


def test_what_the_terms_do_not_cover_is_not_decided() -> None:
    with pytest.raises(InputRefused) as refused:
        decide(facts(), GRADED, C.LATE_DELIVERY, NOW)
    assert refused.value.code == "cause_not_covered"


def test_a_rejection_without_evidence_or_code_cannot_be_expressed() -> None:
    with pytest.raises(InputRefused) as refused:
        Rejection(RejectionCode.FAULT_NOT_FOUND, "4.1", ())
    assert refused.value.code == "rejection_without_evidence"
    with pytest.raises(InputRefused):
        Rejection("because we say so", "4.1", (evidence(),))  # type: ignore[arg-type]


answers = st.builds(answer, st.sampled_from(I), st.integers(0, DAY), st.none() | st.integers(0, DAY))
happenings = st.builds(key_event, st.sampled_from(A), st.integers(0, DAY), st.sampled_from(W))


@given(
    st.lists(answers, max_size=3),
    st.lists(happenings, max_size=5),
    st.none() | st.integers(0, DAY).map(moment),
    st.sampled_from([rule.cause for rule in SELF.causes]),
)
def test_whatever_the_facts_the_answer_is_typed_and_cites_a_clause(
    reports: list[object], events: list[object], delivered: object, cause: Cause
) -> None:
    known = facts(issuer=tuple(reports), key_events=tuple(events), delivered=delivered)
    decision = found(known, cause, START + DAY)
    assert decision.clause in {clause.number for clause in SELF.clauses}
    assert decision == found(known, cause, START + DAY)
    if decision.finding is F.COVERED:
        assert decision.evidence and decision.liability is not L.BUYER
    if decision.rejection is not None:
        assert all(each.is_trusted for each in decision.rejection.evidence)
