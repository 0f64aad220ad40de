"""Recourses: asked when the buyer has his remedy, with a deadline everywhere, each default once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert

from provenance.core.claimrules.recourse import WITHIN_MS
from provenance.core.claims import Account, Posting, PostingKind, RecourseState, Reviewer
from provenance.core.money import Money
from provenance.errors import ProvenanceError
from provenance.services.warranty import money, recourses
from provenance.services.warranty.recourses import RecourseService, Standing
from provenance.services.webhooks import TYPES as WEBHOOK_TYPES
from provenance.store import webhook_queue, webhooks
from provenance.store.schema_warranty import evidence
from provenance.store.webhooks import Endpoint
from tests.services.custody_world import OPERATOR, OTHER_SHOP, SHOP, SUPPLIER
from tests.services.reserve_world import Reserved, reserved

AMOUNT = Money(4950, "CNY")
RECEIPT = bytes([5]) * 32
JUDGE = Reviewer("judge-1", frozenset({bytes([0x77]) * 20}))


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Reserved]:
    made = reserved(database_url, tmp_path)
    yield made
    made.database.dispose()


@pytest.fixture
def service(world: Reserved) -> RecourseService:
    return RecourseService(world.context)


def asked(world: Reserved, number: int = 1) -> bytes:
    """A claim whose remedy was given, and its recourse; the claim's id."""
    order_id = world.order(number, AMOUNT.minor)
    claim_id, now = world.claim(order_id, number), world.clock.now()
    given = [
        Posting(PostingKind.PAID, AMOUNT, now),
        Posting(PostingKind.REFUNDED, AMOUNT, now, claim_id),
    ]
    with world.database.write() as connection:
        money.post(world.context, connection, order_id, AMOUNT, given)
        assert recourses.open_(connection, claim_id, order_id, SUPPLIER, SHOP, AMOUNT, now)
    return claim_id


def handed_in(world: Reserved, claim_id: bytes, digest: bytes = RECEIPT) -> list[bytes]:
    values = {
        "order": RecourseService(world.context).get(SHOP, claim_id).order_id, "digest": digest,
        "type": "issuer_answer", "source": "issuer", "by": SUPPLIER, "at": 5, "media": "text/plain",
        "size": 1, "file": "f", "key": b"k",
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(evidence), values)
    return [digest]


def code(act: object, *arguments: object) -> str:
    with pytest.raises(ProvenanceError) as refused:
        act(*arguments)  # type: ignore[operator]
    return refused.value.code


def state(standing: Standing) -> RecourseState:
    return standing.recourse.state


def test_a_recourse_that_is_agreed_to_and_paid_balances_the_ledger(
    world: Reserved, service: RecourseService
) -> None:
    claim_id = asked(world)
    first = service.get(SUPPLIER, claim_id)
    assert (state(first), first.recourse.amount) == (RecourseState.ASKED, AMOUNT)
    assert first.due == world.clock.now() + WITHIN_MS[RecourseState.ASKED] + 1
    world.clock.pass_ms(1)
    assert state(service.accept(SUPPLIER, claim_id)) is RecourseState.CHARGED
    assert code(service.settled, SHOP, claim_id, Money(4949, "CNY")) == "payment_mismatch"
    paid = service.settled(SHOP, claim_id, AMOUNT)
    assert (state(paid), paid.due) == (RecourseState.SETTLED, None)
    with world.database.read() as connection:
        ledger = money.load_ledger(connection, paid.order_id, AMOUNT)
    assert [ledger.balance(account) for account in Account] == [0, 4950, -4950]
    assert code(service.settled, SHOP, claim_id, AMOUNT) == "not_in_this_state"


def test_a_claim_opens_one_recourse_and_nobody_is_asked_by_himself(world: Reserved) -> None:
    claim_id = asked(world)
    order_id = RecourseService(world.context).get(SHOP, claim_id).order_id
    with world.database.write() as connection:
        now = world.clock.now()
        assert not recourses.open_(connection, claim_id, order_id, SUPPLIER, SHOP, Money(1, "CNY"), now)
        other = world.made.to_bytes(32)
        assert not recourses.open_(connection, other, order_id, SHOP, SHOP, AMOUNT, now)
    assert RecourseService(world.context).get(SHOP, claim_id).recourse.amount == AMOUNT


def test_a_dispute_shows_evidence_of_the_order_and_is_ruled_on_by_a_stranger(
    world: Reserved, service: RecourseService
) -> None:
    claim_id = asked(world)
    assert code(service.dispute, SUPPLIER, claim_id, []) == "recourse_without_evidence"
    assert code(service.dispute, SUPPLIER, claim_id, [RECEIPT]) == "unknown_evidence"
    assert code(service.dispute, SUPPLIER, claim_id, [bytes(32)] * 17) == "evidence_too_much"
    pieces = handed_in(world, claim_id)
    assert code(service.rule, JUDGE, claim_id, True) == "not_in_this_state"
    disputed = service.dispute(SUPPLIER, claim_id, pieces * 2)
    assert [one.digest for one in disputed.recourse.evidence] == pieces
    assert service.get(SHOP, claim_id) == disputed
    for side in (SUPPLIER, SHOP):
        assert code(service.rule, Reviewer("near", frozenset({side})), claim_id, True) == "reviewer_conflict"
    assert state(service.rule(JUDGE, claim_id, True)) is RecourseState.WAIVED


def test_a_ruling_against_the_supplier_charges_him(world: Reserved, service: RecourseService) -> None:
    claim_id = asked(world)
    service.dispute(SUPPLIER, claim_id, handed_in(world, claim_id))
    assert state(service.rule(JUDGE, claim_id, False)) is RecourseState.CHARGED


def test_one_receipt_serves_the_recourse_of_one_claim(world: Reserved, service: RecourseService) -> None:
    first, second = asked(world, 1), asked(world, 2)
    service.dispute(SUPPLIER, first, handed_in(world, first))
    assert code(service.dispute, SUPPLIER, second, handed_in(world, second)) == "evidence_already_used"
    assert state(service.get(SHOP, second)) is RecourseState.ASKED


def test_each_side_does_what_is_its_own_and_strangers_see_nothing(
    world: Reserved, service: RecourseService
) -> None:
    claim_id = asked(world)
    assert code(service.accept, SHOP, claim_id) == "not_entitled"
    assert code(service.dispute, SHOP, claim_id, [RECEIPT]) == "not_entitled"
    for act in (service.accept, service.get):
        assert code(act, OTHER_SHOP, claim_id) == "unknown_recourse"
        assert code(act, SUPPLIER, bytes(32)) == "unknown_recourse"
    service.accept(SUPPLIER, claim_id)
    assert code(service.settled, SUPPLIER, claim_id, AMOUNT) == "not_entitled"
    assert service.listed(OTHER_SHOP) == []


def test_heirs_stand_in_their_places(world: Reserved, service: RecourseService) -> None:
    claim_id = asked(world)
    supplier, shop = bytes([0x61]) * 20, bytes([0x62]) * 20
    world.parties.succeed(OPERATOR, SUPPLIER, supplier)
    world.parties.succeed(OPERATOR, SHOP, shop)
    service.dispute(supplier, claim_id, handed_in(world, claim_id))
    assert code(service.rule, Reviewer("near", frozenset({shop})), claim_id, False) == "reviewer_conflict"
    service.rule(JUDGE, claim_id, False)
    assert state(service.settled(shop, claim_id, AMOUNT)) is RecourseState.SETTLED
    assert len(service.listed(supplier)) == len(service.listed(shop)) == 1


@pytest.mark.parametrize(
    ("is_disputed", "ends"), [(False, ["charged", "debt"]), (True, ["waived"])], ids=["silent", "not ruled"]
)
def test_silence_has_its_outcome_one_millisecond_after_the_deadline(
    world: Reserved, service: RecourseService, is_disputed: bool, ends: list[str]
) -> None:
    claim_id = asked(world)
    if is_disputed:
        service.dispute(SUPPLIER, claim_id, handed_in(world, claim_id))
    for end in ends:
        due = service.get(SHOP, claim_id).due
        assert due is not None
        world.clock.time = due - 1
        assert service.settle_due(world.clock.now(), 100) == 0
        world.clock.time = due
        if not is_disputed and end == "charged":
            assert code(service.accept, SUPPLIER, claim_id) == "deadline_passed"
        assert service.settle_due(world.clock.now(), 100) == 1
        assert service.settle_due(world.clock.now(), 100) == 0
        assert service.get(SHOP, claim_id).recourse.state.value == end
    assert service.get(SHOP, claim_id).due is None


def test_at_its_deadline_the_supplier_is_still_in_time(world: Reserved, service: RecourseService) -> None:
    claim_id = asked(world)
    world.clock.pass_ms(WITHIN_MS[RecourseState.ASKED])
    assert state(service.accept(SUPPLIER, claim_id)) is RecourseState.CHARGED


def test_several_workers_let_each_default_happen_once(world: Reserved, service: RecourseService) -> None:
    claims = [asked(world, number) for number in range(1, 13)]
    with world.database.write() as connection:
        webhooks.insert(
            connection,
            Endpoint(bytes(16), SHOP, "https://a.example/", ("claim.*",), b"s", world.clock.now()),
        )
    world.clock.pass_ms(WITHIN_MS[RecourseState.ASKED] + 1)
    now, gate = world.clock.now(), threading.Barrier(4)

    def beat(_: int) -> int:
        gate.wait(60)
        done = 0
        while some := service.settle_due(now, 2):
            done += some
        return done

    with ThreadPoolExecutor(4) as pool:
        fired = sum(pool.map(beat, range(4)))
    fired += service.settle_due(now, 100)
    assert fired == len(claims)
    assert {state(one) for one in service.listed(SHOP)} == {RecourseState.CHARGED}
    with world.database.read() as connection:
        assert webhook_queue.waiting(connection, bytes(16)) == len(claims)


def test_of_an_acceptance_and_a_dispute_at_the_same_moment_one_counts(
    world: Reserved, service: RecourseService
) -> None:
    claim_id = asked(world)
    pieces, gate = handed_in(world, claim_id), threading.Barrier(6)

    def act(number: int) -> str:
        gate.wait(60)
        try:
            if number % 2:
                return state(service.accept(SUPPLIER, claim_id)).value
            return state(service.dispute(SUPPLIER, claim_id, pieces)).value
        except ProvenanceError as refused:
            return refused.code

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(act, range(6)))
    assert outcomes.count("not_in_this_state") == 5
    assert service.get(SHOP, claim_id).recourse.state.value in outcomes


def test_the_list_goes_on_from_what_moved_last(world: Reserved, service: RecourseService) -> None:
    claims = []
    for number in range(1, 4):
        claims.append(asked(world, number))
        world.clock.pass_ms(1)
    first = service.listed(SUPPLIER, limit=1)[0]
    after = (first.recourse.since, first.recourse.claim_id)
    assert [one.recourse.claim_id for one in service.listed(SUPPLIER, after)] == claims[1:]
    service.accept(SUPPLIER, claims[0])
    assert [one.recourse.claim_id for one in service.listed(SHOP, after)] == [claims[1], claims[2], claims[0]]


def test_every_step_can_be_asked_for_by_name() -> None:
    steps = {f"claim.recourse_{one.value}" for one in RecourseState if one is not RecourseState.ASKED}
    assert steps <= set(WEBHOOK_TYPES)
