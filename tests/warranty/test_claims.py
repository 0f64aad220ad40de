"""Claims by people: buyers file and appeal, reviewers decide in the words of the terms, platforms pay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provenance.core import terms as rules
from provenance.core.claims import IssuerAnswer, Liability, Outcome, RecourseState, Reviewer
from provenance.core.digests import sha256
from provenance.core.terms import Cause, EvidenceType, ExclusionCode, RejectionCode, Source, State, Tier
from provenance.errors import AccessDenied, Conflict, InputRefused, NotFound, ProvenanceError
from provenance.services.issuer_reports import IssuerReportService, Said
from provenance.services.warranty import money as money_service
from provenance.services.warranty.claims import Kept
from provenance.services.warranty.orders import Opened
from provenance.services.warranty.recourses import RecourseService
from provenance.store import evidence as evidence_store
from provenance.store.evidence import EvidenceRow
from tests.services.custody_world import ISSUER, OPERATOR, OTHER_SHOP, SHOP, SUPPLIER, key_of
from tests.warranty.world import ANNA, BEN, DAY, HOUR, MINUTE, SECOND, WarrantyTrade, digest, money


@pytest.fixture
def terms(trade: WarrantyTrade) -> bytes:
    trade.batch(16, holder=SHOP)
    return trade.publish()


def delivered(trade: WarrantyTrade, terms: bytes, number: int = 0, price: str = "49.50") -> Opened:
    opened = trade.buy(key_of(number), terms, price=price)
    trade.deliver(opened)
    trade.tick(MINUTE)
    return opened


def filed(trade: WarrantyTrade, opened: Opened, cause: Cause = Cause.INVALID_KEY, *digests: bytes) -> Kept:
    return trade.claims.file(opened.sold.token, opened.order.id, (cause,), digests)


def hand_in(trade: WarrantyTrade, opened: Opened, kind: EvidenceType, source: Source) -> bytes:
    """Evidence as the store keeps it, its file left out: the rules read the row alone."""
    shown = digest()
    row = EvidenceRow(
        opened.order.id, shown, kind.value, source.value, opened.order.party, trade.clock.now(), "image/png",
        9, None, None,
    )  # fmt: skip
    with trade.database.write() as connection:
        evidence_store.add(connection, row)
    return shown


def says(trade: WarrantyTrade, opened: Opened, answer: IssuerAnswer, by: bytes = ISSUER) -> None:
    said = Said(opened.sold.handle, answer, trade.clock.now(), digest())
    IssuerReportService(trade.context).take(by, [said])


def refused(doing: object) -> str:
    with pytest.raises(ProvenanceError) as refusal:
        doing()  # type: ignore[operator]
    return refusal.value.code


def test_what_the_buyer_was_asked_for_the_issuer_may_say_by_itself(
    trade: WarrantyTrade, terms: bytes
) -> None:
    opened = delivered(trade, terms)
    kept = filed(trade, opened)
    assert (kept.claim.state, kept.claim.asked) == (State.EVIDENCE, (EvidenceType.ISSUER_ANSWER,))
    says(trade, opened, IssuerAnswer.DOES_NOT_EXIST)
    trade.tick(SECOND)
    claim = trade.claim_of(opened).claim
    assert claim.state is State.PAYING
    assert claim.liability is Liability.SUPPLIER


def test_a_reviewer_grants_and_the_platform_pays_exactly_what_is_owed(
    trade: WarrantyTrade, terms: bytes
) -> None:
    opened = delivered(trade, terms)
    claim = filed(trade, opened).claim
    trade.tick(DAY + MINUTE)
    assert trade.claim_of(opened).claim.rejection is not None
    trade.claims.appeal(opened.sold.token, claim.claim_id)
    granted = trade.claims.approve(ANNA, OPERATOR, claim.claim_id, Liability.SUPPLIER)
    assert granted.claim.state is State.PAYING
    shop, owed = trade.principal(SHOP), granted.claim.owed
    wrong = refused(lambda: trade.claims.paid(shop, claim.claim_id, money("1.00"), digest("pay")))
    assert wrong == "payment_mismatch"
    paid = trade.claims.paid(shop, claim.claim_id, owed, digest("pay"))
    assert paid.claim.state is State.REMEDIED
    with trade.database.read() as connection:
        ledger = money_service.load_ledger(connection, opened.order.id, money("49.50"))
    assert ledger.remedied == money("49.50")
    recourses = RecourseService(trade.context)
    assert recourses.get(SUPPLIER, claim.claim_id).recourse.state is RecourseState.ASKED


def test_another_shop_cannot_pay_and_a_record_pays_one_claim(trade: WarrantyTrade, terms: bytes) -> None:
    claims = []
    for number in (0, 1):
        opened = trade.buy(key_of(number), terms)
        trade.tick(301 * SECOND)
        claims.append(trade.claim_of(opened).claim)
    one, other = claims
    stranger, shop = trade.principal(OTHER_SHOP), trade.principal(SHOP)
    with pytest.raises(AccessDenied) as refusal:
        trade.claims.paid(stranger, one.claim_id, one.owed, digest("record"))
    assert refusal.value.code == "not_platform"
    trade.claims.paid(shop, one.claim_id, one.owed, digest("record"))
    again = refused(lambda: trade.claims.paid(shop, other.claim_id, other.owed, digest("record")))
    assert again == "evidence_already_used"
    assert trade.claims.get(other.claim_id).claim.state is State.PAYING


def test_a_reviewer_of_the_platform_decides_nothing_about_it(trade: WarrantyTrade, terms: bytes) -> None:
    opened = delivered(trade, terms)
    claim_id = filed(trade, opened).claim.claim_id
    trade.tick(DAY + MINUTE)
    trade.claims.appeal(opened.sold.token, claim_id)
    partial = Reviewer("mallory", frozenset({SHOP}))
    code = refused(lambda: trade.claims.approve(partial, SHOP, claim_id, Liability.SUPPLIER))
    assert code == "reviewer_conflict"
    code = refused(lambda: trade.claims.pause(partial, SHOP, claim_id, ExclusionCode.DECLARED_DISASTER, []))
    assert code in ("reviewer_conflict", "claim_malformed")


def test_above_the_limit_two_people_agree(trade: WarrantyTrade, terms: bytes) -> None:
    opened = delivered(trade, terms, price="5000.00")
    filed(trade, opened)
    says(trade, opened, IssuerAnswer.INVALID)
    trade.tick(2 * MINUTE)
    claim = trade.claim_of(opened).claim
    assert claim.state is State.REVIEW
    first = trade.claims.approve(ANNA, OPERATOR, claim.claim_id, Liability.SUPPLIER)
    assert first.claim.state is State.SECOND_REVIEW
    code = refused(lambda: trade.claims.approve(ANNA, OPERATOR, claim.claim_id, Liability.SUPPLIER))
    assert code == "reviewer_decided_before"
    second = trade.claims.approve(BEN, OPERATOR, claim.claim_id, Liability.SUPPLIER)
    assert second.claim.state is State.PAYING


def test_a_rejection_that_cites_nothing_known_or_the_wrong_clause_moves_nothing(
    trade: WarrantyTrade, terms: bytes
) -> None:
    opened = delivered(trade, terms)
    claim_id = filed(trade, opened).claim.claim_id
    trade.tick(2 * MINUTE)
    code = RejectionCode.FAULT_NOT_FOUND
    unknown = refused(lambda: trade.claims.reject(ANNA, OPERATOR, claim_id, code, "4.5", [digest()]))
    assert unknown == "unknown_evidence"
    bare = refused(lambda: trade.claims.reject(ANNA, OPERATOR, claim_id, code, "4.5", []))
    assert bare == "rejection_without_evidence"
    before = trade.claims.get(claim_id)
    sale = sha256(opened.sold.recorded.entry.encode())
    assert refused(lambda: trade.claims.reject(ANNA, OPERATOR, claim_id, code, "9.9", [sale])) in (
        "wrong_clause",
        "not_in_this_state",
    )
    assert trade.claims.get(claim_id) == before


def test_the_window_ends_at_thirty_days_to_the_millisecond(trade: WarrantyTrade, terms: bytes) -> None:
    first = trade.buy(key_of(0), terms)
    trade.deliver(first)
    second = trade.buy(key_of(1), terms)
    trade.deliver(second)
    trade.tick(SECOND)
    with trade.database.read() as connection:
        from provenance.services.warranty import facts

        ends = [facts.delivered_at(connection, one.order) for one in (first, second)]
    assert ends[0] is not None and ends[1] is not None
    trade.clock.time = ends[0] + 30 * DAY - 1
    assert filed(trade, first).claim.claim_id
    trade.clock.time = ends[1] + 30 * DAY
    assert refused(lambda: filed(trade, second)) == "claim_after_window"
    assert trade.claims_on(second) == 0


def test_one_buyer_cannot_claim_for_anothers_order(trade: WarrantyTrade, terms: bytes) -> None:
    mine, others = delivered(trade, terms, 0), delivered(trade, terms, 1)
    with pytest.raises(NotFound) as refusal:
        trade.claims.file(mine.sold.token, others.order.id, (Cause.INVALID_KEY,), [])
    assert refusal.value.code == "unknown_order"


def test_one_fault_is_claimed_once(trade: WarrantyTrade, terms: bytes) -> None:
    opened = delivered(trade, terms)
    filed(trade, opened)
    assert refused(lambda: filed(trade, opened)) in ("fault_already_claimed", "claim_already_open")
    assert trade.claims_on(opened) == 1


def test_a_withdrawn_claim_can_be_filed_again(trade: WarrantyTrade, terms: bytes) -> None:
    opened = delivered(trade, terms)
    claim = filed(trade, opened).claim
    assert trade.claims.withdraw(opened.sold.token, claim.claim_id).claim.outcome is Outcome.WITHDRAWN
    assert filed(trade, opened).claim.claim_id != claim.claim_id


def test_a_receipt_serves_one_claim(trade: WarrantyTrade, terms: bytes) -> None:
    first, second = delivered(trade, terms, 0), delivered(trade, terms, 1)
    shown = hand_in(trade, first, EvidenceType.SCREENSHOT, Source.BUYER)
    with trade.database.write() as connection:
        row = evidence_store.by_digest(connection, first.order.id, shown)
        assert row is not None
        evidence_store.add(connection, replace(row, order=second.order.id))
    filed(trade, first, Cause.INVALID_KEY, shown)
    assert refused(lambda: filed(trade, second, Cause.INVALID_KEY, shown)) == "evidence_already_used"
    assert trade.claims_on(second) == 0


def test_evidence_that_was_never_handed_in_is_unknown(trade: WarrantyTrade, terms: bytes) -> None:
    opened = delivered(trade, terms)
    assert refused(lambda: filed(trade, opened, Cause.INVALID_KEY, digest())) == "unknown_evidence"


def test_a_claim_before_the_sale_has_its_place_in_the_log_is_put_off(
    trade: WarrantyTrade, terms: bytes
) -> None:
    opened = trade.buy(key_of(0), terms)
    with pytest.raises(Conflict) as refusal:
        filed(trade, opened)
    assert refusal.value.code == "not_sequenced_yet"


def test_an_issuer_with_a_stake_is_believed_against_itself_and_not_for_itself(
    trade: WarrantyTrade, terms: bytes
) -> None:
    from provenance.core.entries import PartyReason

    trade.parties.admit(OPERATOR, "supplier", PartyReason.ISSUER, address=SUPPLIER)
    for number, answer in ((0, IssuerAnswer.GOOD), (1, IssuerAnswer.VOIDED)):
        opened = delivered(trade, terms, number)
        says(trade, opened, answer, by=SUPPLIER)
        if answer is IssuerAnswer.GOOD:
            shown = hand_in(trade, opened, EvidenceType.SCREENSHOT, Source.BUYER)
            claim = filed(trade, opened, Cause.INVALID_KEY, shown).claim
            assert claim.state is State.REVIEW
            assert claim.rejection is None
        else:
            trade.tick(SECOND)
            assert trade.claim_of(opened).claim.state is State.PAYING


def test_a_platforms_cancelled_order_opens_no_claim_by_itself(trade: WarrantyTrade, terms: bytes) -> None:
    from provenance.services.warranty.orders import Reported
    from provenance.store.warranty_orders import EventKind

    opened = trade.buy(key_of(0), terms)
    cancelled = Reported(EventKind.CANCELLED, trade.clock.now(), digest())
    trade.orders.report(trade.principal(SHOP), opened.order.id, cancelled)
    trade.tick(HOUR)
    assert trade.claims_on(opened) == 0
    assert filed(trade, opened, Cause.LATE_DELIVERY).claim.state is not State.REJECTED


def test_terms_that_contradict_themselves_are_not_published(trade: WarrantyTrade) -> None:
    said = rules.to_json(rules.default_terms(Tier.SELF_OPERATED))
    import json

    for change, code in (
        (lambda each: each.update(window_s=said["cover"]["seconds"] + 1), "terms_"),
        (lambda each: each["remedies"][-1].update(percent=-5), "terms_"),
        (lambda each: each.update(code="bad_mood"), "terms_"),
    ):
        altered = json.loads(json.dumps(said))
        change(altered["causes"][0])
        with pytest.raises(InputRefused) as refusal:
            trade.terms.publish(SHOP, json.dumps(altered).encode())
        assert refusal.value.code.startswith(code)
