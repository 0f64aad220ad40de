"""Ledgers that balance to the cent, and payments that end once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.core.claims import Account, Given, OrderLedger, Posting, PostingKind, remedy_postings
from provenance.core.money import Money
from provenance.core.termsrules.words import RemedyKind
from provenance.errors import Conflict, InputRefused, NotFound, ProvenanceError, Refused
from provenance.services.warranty import money
from provenance.store.database import Connection
from tests.services.custody_world import OPERATOR, OTHER_SHOP, SHOP
from tests.services.reserve_world import Reserved, reserved

PRICE = Money(4950, "CNY")
RECORD = bytes([3]) * 32


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Reserved]:
    made = reserved(database_url, tmp_path)
    yield made
    made.database.dispose()


def paid(world: Reserved, price: Money = PRICE) -> Posting:
    return Posting(PostingKind.PAID, price, world.clock.now())


def posted(world: Reserved, order_id: bytes, *postings: Posting, price: Money = PRICE) -> OrderLedger:
    with world.database.write() as connection:
        return money.post(world.context, connection, order_id, price, postings)


def loaded(world: Reserved, order_id: bytes, price: Money = PRICE) -> OrderLedger:
    with world.database.read() as connection:
        return money.load_ledger(connection, order_id, price)


def refusal(world: Reserved, order_id: bytes, *postings: Posting) -> str:
    before = loaded(world, order_id)
    with pytest.raises(ProvenanceError) as refused:
        posted(world, order_id, *postings)
    assert loaded(world, order_id) == before
    return refused.value.code


def remedy(kind: PostingKind, minor: int, claim: int = 1, currency: str = "CNY") -> Posting:
    return Posting(kind, Money(minor, currency), 1_800_000_000_005, bytes([claim]) * 32)


def test_a_ledger_is_read_back_as_it_was_posted(world: Reserved) -> None:
    order_id = world.order()
    assert loaded(world, order_id) == OrderLedger(PRICE)
    posted(world, order_id, paid(world))
    after = posted(
        world, order_id, remedy(PostingKind.VOUCHER, 3), remedy(PostingKind.REFUNDED, 4950),
        remedy(PostingKind.COMPENSATION, 1), remedy(PostingKind.RECOURSE, 4954),
    )  # fmt: skip
    assert loaded(world, order_id) == after
    assert [each.kind.value for each in after.postings] == [
        "paid", "voucher", "refunded", "compensation", "recourse",
    ]  # fmt: skip
    assert loaded(world, world.order(2)) == OrderLedger(PRICE)


def test_the_law_of_the_ledger_is_asked_before_anything_is_stored(world: Reserved) -> None:
    order_id = world.order()
    refund = remedy(PostingKind.REFUNDED, 4950)
    assert refusal(world, order_id, refund) == "ledger_not_paid"
    assert refusal(world, order_id, paid(world, Money(1, "CNY"))) == "ledger_not_paid"
    posted(world, order_id, paid(world))
    assert refusal(world, order_id, paid(world)) == "ledger_paid_twice"
    assert refusal(world, order_id, remedy(PostingKind.REFUNDED, 4951)) == "ledger_over_refund"
    assert refusal(world, order_id, remedy(PostingKind.RECOURSE, 1)) == "ledger_over_recourse"
    assert refusal(world, order_id, remedy(PostingKind.REFUNDED, 1, currency="USD")) == "currency_mismatch"
    posted(world, order_id, remedy(PostingKind.REFUNDED, 4949))
    assert refusal(world, order_id, remedy(PostingKind.REFUNDED, 1, claim=2)) == "already_remedied"
    assert refusal(world, order_id, remedy(PostingKind.REFUNDED, 1)) == "ledger_posted_twice"
    assert refusal(world, bytes(32), paid(world)) == "unknown_order"


def test_one_of_many_payments_at_the_same_moment_is_posted(world: Reserved) -> None:
    order_id = world.order()
    gate = threading.Barrier(8)

    def pay(_: int) -> str:
        gate.wait(60)
        try:
            world.database.retrying(
                lambda connection: money.post(world.context, connection, order_id, PRICE, [paid(world)])
            )
        except Refused as refused:
            return refused.code
        return "posted"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(pay, range(8)))
    assert outcomes == ["ledger_paid_twice"] * 7 + ["posted"]
    assert loaded(world, order_id).total(PostingKind.PAID) == PRICE


AMOUNTS = st.integers(0, 10**6)


@given(
    price=st.integers(1, 10**6),
    given_money=AMOUNTS,
    voucher=AMOUNTS,
    is_goods=st.booleans(),
    kind=st.sampled_from(RemedyKind),
    share=st.integers(0, 100),
    number=st.integers(1, 60_000),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ledgers_balance_to_the_cent(
    world: Reserved,
    price: int,
    given_money: int,
    voucher: int,
    is_goods: bool,
    kind: RemedyKind,
    share: int,
    number: int,
) -> None:
    cost = Money(price, "CNY")
    order_id, claim_id = _fresh_order(world, price), number.to_bytes(32)
    goods = Money(price if is_goods else 0, "CNY")
    worth = Given(kind, Money(given_money, "CNY"), Money(voucher, "CNY"), goods, world.clock.now())
    posted(world, order_id, paid(world, cost), price=cost)
    posted(world, order_id, *remedy_postings(worth, cost, claim_id), price=cost)
    total = given_money + voucher + goods.minor
    back = total * share // 100
    if back:
        asked = Posting(PostingKind.RECOURSE, Money(back, "CNY"), world.clock.now(), claim_id)
        posted(world, order_id, asked, price=cost)
    ledger = loaded(world, order_id, cost)
    assert sum(ledger.balance(account) for account in Account) == 0
    assert ledger.balance(Account.BUYER) == total - price
    assert ledger.balance(Account.SUPPLIER) == -back
    assert ledger.remedied.minor == total
    over = Posting(PostingKind.RECOURSE, Money(total + 1, "CNY"), world.clock.now(), b"o" * 32)
    with pytest.raises(Refused):
        posted(world, order_id, over, price=cost)
    assert loaded(world, order_id, cost) == ledger


def _fresh_order(world: Reserved, price: int) -> bytes:
    world.made += 1
    return world.order(world.made, price)


class Owing:
    """One claim and what is owed for it."""

    def __init__(self, world: Reserved) -> None:
        self.world = world
        self.order_id = world.order()
        self.claim_id = world.claim(self.order_id)

    def do(self, act: Any, *rest: Any) -> None:
        with self.world.database.write() as connection:
            act(connection, self.claim_id, *rest, self.world.clock.now())

    def owe(self, kind: money.PaymentKind = "refund", minor: int = 4950) -> None:
        self.do(money.owe, self.order_id, SHOP, kind, Money(minor, "CNY"))

    def code(self, act: Any, *rest: Any) -> str:
        with pytest.raises(ProvenanceError) as refused:
            self.do(act, *rest)
        return refused.value.code

    def states(self) -> dict[str, money.PaymentState]:
        with self.world.database.read() as connection:
            return {one.kind: one.state for one in money.of_claim(connection, self.claim_id)}


def test_a_payment_is_ordered_once_and_paid_once(world: Reserved) -> None:
    owing = Owing(world)
    owing.owe()
    owing.owe("voucher", 500)
    with pytest.raises(Conflict) as refused:
        owing.owe()
    assert refused.value.code == "payment_ordered"
    owing.do(money.settle, "refund", RECORD)
    assert owing.code(money.settle, "refund", RECORD) == "payment_settled"
    assert owing.code(money.stop, "refund") == "payment_settled"
    assert owing.states() == {"refund": money.PaymentState.PAID, "voucher": money.PaymentState.OWED}


def test_a_stopped_payment_is_never_paid(world: Reserved) -> None:
    owing = Owing(world)
    owing.owe()
    owing.do(money.stop, "refund")
    assert owing.code(money.settle, "refund", RECORD) == "payment_stopped"
    assert owing.code(money.stop, "refund") == "payment_stopped"
    owing.owe("bond")
    owing.do(money.settle, "bond", RECORD)
    assert owing.states() == {"bond": money.PaymentState.PAID, "refund": money.PaymentState.STOPPED}


def test_what_was_never_ordered_or_is_nothing_is_refused(world: Reserved) -> None:
    owing = Owing(world)
    assert owing.code(money.settle, "refund", RECORD) == "unknown_payment"
    assert owing.code(money.stop, "bond") == "unknown_payment"
    assert owing.code(money.settle, "refund", b"short") == "hex_malformed"
    for kind, minor in (("refund", 0), ("gift", 1)):
        with pytest.raises(InputRefused) as refused:
            owing.owe(kind, minor)  # type: ignore[arg-type]
        assert refused.value.code == "payment_of_nothing"
    assert owing.states() == {}


def test_a_platform_and_its_heir_see_what_they_owe_oldest_first(world: Reserved) -> None:
    first = Owing(world)
    first.owe()
    world.clock.pass_ms(1)
    second_order = world.order(2)
    second = world.claim(second_order, 2)
    with world.database.write() as connection:
        money.owe(connection, second, second_order, SHOP, "voucher", Money(7, "CNY"), world.clock.now())

    def owed(connection: Connection, platform: bytes, **page: Any) -> list[bytes]:
        return [one.claim for one in money.owed_by(connection, platform, **page)]

    with world.database.read() as connection:
        assert owed(connection, SHOP) == [first.claim_id, second]
        assert owed(connection, SHOP, limit=1) == [first.claim_id]
        last = money.owed_by(connection, SHOP)[0]
        assert owed(connection, SHOP, after=(last.ordered_at, last.claim)) == [second]
        assert owed(connection, OTHER_SHOP) == []
    heir = bytes([0x55]) * 20
    world.parties.succeed(OPERATOR, SHOP, heir)
    first.do(money.settle, "refund", RECORD)
    with world.database.read() as connection:
        assert owed(connection, heir) == [second]


def test_one_of_many_settlements_at_the_same_moment_counts(world: Reserved) -> None:
    owing = Owing(world)
    owing.owe()
    gate = threading.Barrier(8)

    def finish(number: int) -> str:
        gate.wait(60)
        try:
            if number % 2:
                owing.do(money.stop, "refund")
            else:
                owing.do(money.settle, "refund", RECORD)
        except (Refused, NotFound) as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(finish, range(8)))
    assert outcomes.count("done") == 1
    ended = "payment_settled" if owing.states()["refund"] is money.PaymentState.PAID else "payment_stopped"
    assert set(outcomes) == {"done", ended}
