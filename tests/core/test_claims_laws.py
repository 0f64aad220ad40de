"""Whatever happens in whatever order: one remedy at most, a deadline in every state, and always an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core import money
from provenance.core.claims import (
    MOVES,
    Appealed,
    Approved,
    BlockKey,
    Claim,
    ClockPaused,
    ClockResumed,
    Confirmed,
    DeadlinePassed,
    Decided,
    DrawBond,
    Effect,
    Event,
    EvidenceAsked,
    EvidenceGiven,
    Impossible,
    IssueVoucher,
    OpenRecourse,
    OrderLedger,
    Outcome,
    Paid,
    Pause,
    PayRefund,
    Posting,
    PostingKind,
    PriorClaim,
    Recovered,
    Reissue,
    Reissued,
    Rejected,
    Rejection,
    RejectionCode,
    RemedyImpossible,
    StopReissue,
    Withdrawn,
    WriteClaim,
    WriteRemedy,
    advance,
    decide,
    due,
    open_claim,
    remedy_postings,
    settle,
)
from provenance.core.entries import commit_details
from provenance.core.terms import Cause, EvidenceType, ExclusionCode, Liability, Source, State, Terms
from provenance.errors import Refused
from tests.core.claim_world import (
    ANNA,
    BEN,
    CARL,
    DAY,
    ESCROW,
    GRADED,
    HOUR,
    MINUTE,
    SELF,
    START,
    digest,
    evidence,
    facts,
    new,
    used_before,
)

HORIZON = 30 * DAY
"""What all clocks of the default terms that can still follow each other take together, generously."""


@dataclass
class Run:
    """A claim, everything it asked for, and every state it has been in."""

    claim: Claim
    now: int
    effects: list[Effect] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def take(self, event: Event) -> None:
        before = self.claim
        try:
            self.claim, effects = advance(before, event, self.now)
        except Refused as refused:
            assert refused.code not in ("refused", "claim_malformed")
            assert self.claim == before
            return
        if before.paused_since is None and not isinstance(event, ClockResumed):
            assert self.claim.state in MOVES[before.state, type(event)].to
        self.note(effects)

    def settle(self) -> None:
        before = self.claim
        self.claim, effects = settle(before, self.now)
        if self.claim != before:
            self.note(effects)

    def note(self, effects: tuple[Effect, ...]) -> None:
        self.effects += effects
        self.states.append(self.claim.state)
        at = due(self.claim)
        assert (at is None) == (self.claim.state is State.CLOSED)
        assert at is None or at <= self.claim.changed_at + 31 * DAY


Maker = Callable[[Claim, int], Event]
PEOPLE = st.sampled_from([ANNA, BEN, CARL])


def _no_fault(claim: Claim) -> Rejection:
    shown = (evidence("issuer_answer", Source.ISSUER),)
    return Rejection(RejectionCode.FAULT_NOT_FOUND, claim.rule.clause.number, shown)


def _decided(claim: Claim, now: int, is_faulty: bool) -> Event:
    known = used_before() if is_faulty else facts()
    return Decided(decide(known, claim.terms, claim.causes[0], now), evidence(at=now))


def _owed(claim: Claim) -> money.Money:
    return claim.owed if claim.rungs else claim.order.price


def _pause(now: int) -> Pause:
    return Pause(ExclusionCode.ISSUER_MAINTENANCE, now, None, (evidence("issuer_answer", Source.ISSUER),))


MAKERS: st.SearchStrategy[Maker] = st.one_of(
    st.booleans().map(lambda faulty: lambda c, now: _decided(c, now, faulty)),
    PEOPLE.map(lambda who: lambda c, now: Approved(who, Liability.SUPPLIER)),
    PEOPLE.map(lambda who: lambda c, now: Rejected(who, _no_fault(c))),
    PEOPLE.map(
        lambda who: lambda c, now: EvidenceAsked(who, (EvidenceType.VIDEO,), evidence("evidence_request"))
    ),
    st.sampled_from(["video", "police_report", "screenshot"]).map(
        lambda kind: lambda c, now: EvidenceGiven((evidence(kind, Source.BUYER),))
    ),
    st.sampled_from(Impossible).map(lambda why: lambda c, now: RemedyImpossible(why)),
    st.just(lambda c, now: Appealed()),
    st.just(lambda c, now: Withdrawn()),
    st.just(lambda c, now: Reissued(digest())),
    st.just(lambda c, now: Recovered(evidence())),
    st.just(lambda c, now: Paid(_owed(c), evidence())),
    st.just(lambda c, now: Confirmed()),
    st.just(lambda c, now: DeadlinePassed()),
    st.just(lambda c, now: ClockPaused(_pause(now))),
    st.just(lambda c, now: ClockResumed()),
)
WAITS = st.sampled_from([0, 1, MINUTE, MINUTE + 1, 25 * MINUTE + 1, 2 * HOUR, DAY, 3 * DAY + 1, 8 * DAY])
STEPS = st.lists(st.tuples(MAKERS, WAITS, st.booleans()), max_size=25)
CASES = st.sampled_from([(terms, rule.cause) for terms in (SELF, ESCROW, GRADED) for rule in terms.causes])
PRICES = st.sampled_from(["0.00", "0.01", "99.99", "1000.01", "9999.99"])


def lived(case: tuple[Terms, Cause], price: str, steps: list[tuple[Maker, int, bool]]) -> Run:
    terms, cause = case
    claim, effects = open_claim(new(cause, terms, price), (), START + HOUR)
    run = Run(claim, START + HOUR)
    run.note(effects)
    for maker, wait, settles in steps:
        run.now += wait
        if settles:
            run.settle()
        run.take(maker(run.claim, run.now))
    last = run.now
    while (at := due(run.claim)) is not None:
        run.now = max(run.now, at)
        run.settle()
    assert run.now <= last + HORIZON
    return run


def gave(effects: list[Effect]) -> int:
    return sum(isinstance(e, WriteRemedy) and "remedy" in e.details for e in effects)


@settings(max_examples=150, deadline=None)
@given(CASES, PRICES, STEPS)
def test_a_claim_always_ends_with_one_outcome_and_at_most_one_remedy(
    case: tuple[Terms, Cause], price: str, steps: list[tuple[Maker, int, bool]]
) -> None:
    run = lived(case, price, steps)
    claim = run.claim
    assert claim.state is State.CLOSED and claim.outcome is not None
    assert gave(run.effects) == (0 if claim.given is None else 1)
    if claim.given is None:
        assert claim.outcome in (Outcome.REJECTED, Outcome.WITHDRAWN, Outcome.DEBT)
    if claim.outcome is Outcome.REJECTED:
        assert claim.rejection is not None and claim.rejection.evidence


@settings(max_examples=150, deadline=None)
@given(CASES, PRICES, STEPS)
def test_whatever_is_paid_reissued_or_drawn_adds_up_to_one_remedy_of_the_terms(
    case: tuple[Terms, Cause], price: str, steps: list[tuple[Maker, int, bool]]
) -> None:
    run = lived(case, price, steps)
    kinds = [type(effect) for effect in run.effects]
    assert kinds.count(Reissue) <= 1
    assert kinds.count(PayRefund) <= 1
    assert kinds.count(DrawBond) <= kinds.count(PayRefund)
    assert kinds.count(OpenRecourse) <= 1
    assert kinds.count(BlockKey) <= 1
    assert kinds.count(IssueVoucher) <= 1
    claim, amount = run.claim, money.parse(price, "CNY")
    if kinds.count(Reissue) and kinds.count(PayRefund):
        assert kinds.index(Reissue) < kinds.index(StopReissue) < kinds.index(PayRefund)
    if claim.given is None or amount.minor == 0:
        return
    paid = Posting(PostingKind.PAID, amount, START)
    ledger = OrderLedger(amount).post(paid, *remedy_postings(claim.given, amount, claim.claim_id))
    rung = next(each for each in claim.rule.remedies if each.kind is claim.given.kind)
    promised = rung.payment(amount) + rung.voucher("CNY")
    goods = amount.minor if claim.given.goods.minor else 0
    assert ledger.remedied.minor == promised.minor + goods


@settings(max_examples=75, deadline=None)
@given(CASES, PRICES, STEPS)
def test_every_transition_is_one_entry_whose_details_can_be_committed_to(
    case: tuple[Terms, Cause], price: str, steps: list[tuple[Maker, int, bool]]
) -> None:
    run = lived(case, price, steps)
    entries = [effect for effect in run.effects if isinstance(effect, WriteClaim | WriteRemedy)]
    assert entries[0] is run.effects[0]
    for entry in entries:
        commit_details(bytes(16), dict(entry.details))
    moves = [entry.details for entry in entries[1:]]
    assert moves == [] or moves[-1]["to"] == "closed"


@settings(max_examples=100, deadline=None)
@given(CASES, STEPS)
def test_no_order_is_remedied_by_two_claims(
    case: tuple[Terms, Cause], steps: list[tuple[Maker, int, bool]]
) -> None:
    terms, cause = case
    earlier: tuple[PriorClaim, ...] = ()
    remedies = 0
    for rule in (cause, *(each.cause for each in terms.causes), cause):
        asked = new(rule, terms)
        try:
            claim, _ = open_claim(asked, earlier, START + HOUR)
        except Refused:
            continue
        run = Run(claim, START + HOUR)
        for maker, wait, _ in steps:
            run.now += wait
            run.take(maker(run.claim, run.now))
        # Whether it is left open or ended, a claim counts against the next one.
        earlier += (PriorClaim(claim.claim_id, claim.causes, run.claim.outcome),)
        remedies += run.claim.given is not None
    assert remedies <= 1


@settings(max_examples=100, deadline=None)
@given(CASES, STEPS)
def test_a_replay_of_the_same_events_gives_the_same_claim(
    case: tuple[Terms, Cause], steps: list[tuple[Maker, int, bool]]
) -> None:
    terms, cause = case
    asked = new(cause, terms)
    claim = open_claim(asked, (), START + HOUR)[0]
    again, now, log = claim, START + HOUR, []
    for maker, wait, _ in steps:
        now += wait
        event = maker(claim, now)
        try:
            claim, _ = advance(claim, event, now)
        except Refused:
            continue
        log.append((event, now))
    for event, at in log:
        again, _ = advance(again, event, at)
    assert again == claim
