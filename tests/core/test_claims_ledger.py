"""The value ledger: what leaves one purse enters another, and the sums are the terms', to the cent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import money
from provenance.core.claims import Account, Given, OrderLedger, Posting, PostingKind, remedy_postings
from provenance.core.money import Money
from provenance.core.terms import Remedy, RemedyKind
from provenance.errors import InputRefused, Refused
from tests.core.claim_world import ESCROW, GRADED, SELF, START, digest

K = PostingKind
PRICE = money.parse("100.00", "CNY")
CLAIM = digest("claim")
prices = st.integers(1, 10**9).map(lambda minor: Money(minor, "CNY"))
rungs = st.sampled_from(
    [remedy for terms in (SELF, ESCROW, GRADED) for rule in terms.causes for remedy in rule.remedies]
    + [
        Remedy(RemedyKind.REFUND, 33),
        Remedy(RemedyKind.MULTIPLE, 1000),
        Remedy(RemedyKind.VOUCHER, amount=money.parse("5.55", "CNY")),
    ]
)


def paid(price: Money = PRICE) -> OrderLedger:
    return OrderLedger(price).post(Posting(K.PAID, price, START))


def given_of(rung: Remedy, price: Money) -> Given:
    goods = price if rung.kind is RemedyKind.REISSUE else money.zero("CNY")
    return Given(rung.kind, rung.payment(price), rung.voucher("CNY"), goods, START)


def posting(kind: PostingKind, amount: str, claim: bytes = CLAIM) -> Posting:
    return Posting(kind, money.parse(amount, "CNY"), START, claim)


def code_of(ledger: OrderLedger, *new: Posting) -> str:
    with pytest.raises(Refused) as refused:
        ledger.post(*new)
    return refused.value.code


@given(prices, rungs)
def test_the_postings_of_a_remedy_sum_to_what_the_terms_promise(price: Money, rung: Remedy) -> None:
    ledger = paid(price).post(*remedy_postings(given_of(rung, price), price, CLAIM))
    promised = rung.value(price).minor if rung.kind is not RemedyKind.RECOVERY else 0
    assert ledger.remedied.minor == promised
    assert ledger.total(K.REFUNDED, K.COMPENSATION) == rung.payment(price)


@given(prices, rungs, st.booleans())
def test_the_balances_of_an_order_always_sum_to_nothing(price: Money, rung: Remedy, recourse: bool) -> None:
    ledger = paid(price).post(*remedy_postings(given_of(rung, price), price, CLAIM))
    if recourse and ledger.remedied.minor:
        ledger = ledger.post(Posting(K.RECOURSE, ledger.remedied, START, CLAIM))
        assert ledger.balance(Account.PLATFORM) == price.minor, "the supplier bears it all"
    assert sum(ledger.balance(account) for account in Account) == 0
    assert ledger.balance(Account.BUYER) == ledger.remedied.minor - price.minor


def test_double_compensation_is_the_price_back_and_the_same_again() -> None:
    twice = given_of(Remedy(RemedyKind.MULTIPLE, 200), PRICE)
    split = {each.kind: str(each.amount) for each in remedy_postings(twice, PRICE, CLAIM)}
    assert split == {K.REFUNDED: "100.00", K.COMPENSATION: "100.00"}


def test_a_voucher_that_the_bond_paid_in_money_is_compensation() -> None:
    amount = money.parse("5.00", "CNY")
    drawn = Given(RemedyKind.VOUCHER, amount, money.zero("CNY"), money.zero("CNY"), START)
    assert [each.kind for each in remedy_postings(drawn, PRICE, CLAIM)] == [K.COMPENSATION]


def test_no_second_remedy_no_over_refund_no_second_payment() -> None:
    ledger = paid().post(posting(K.REFUNDED, "60.00"))
    assert code_of(ledger, posting(K.REFUNDED, "40.01")) == "ledger_over_refund"
    assert code_of(ledger, posting(K.REISSUED, "1.00", digest("other"))) == "already_remedied"
    assert code_of(ledger, Posting(K.PAID, PRICE, START)) == "ledger_paid_twice"
    assert code_of(ledger, posting(K.RECOURSE, "60.01")) == "ledger_over_recourse"
    assert ledger.post(posting(K.RECOURSE, "60.00")).balance(Account.SUPPLIER) == -6000


def test_an_order_is_paid_at_its_price_before_anything_else() -> None:
    assert code_of(OrderLedger(PRICE), posting(K.REFUNDED, "1.00")) == "ledger_not_paid"
    short = Posting(K.PAID, money.parse("99.99", "CNY"), START)
    assert code_of(OrderLedger(PRICE), short) == "ledger_not_paid"


def test_another_currency_does_not_enter_the_ledger() -> None:
    with pytest.raises(InputRefused) as refused:
        paid().post(Posting(K.REFUNDED, money.parse("1.00", "USD"), START, CLAIM))
    assert refused.value.code == "currency_mismatch"


def test_a_posting_moves_something_and_belongs_to_a_claim_unless_it_is_the_payment() -> None:
    for kind, amount, claim in ((K.REFUNDED, 0, CLAIM), (K.REFUNDED, 1, None), (K.PAID, 1, CLAIM)):
        with pytest.raises(InputRefused):
            Posting(kind, Money(amount, "CNY"), START, claim)
