"""Money is exact: one spelling an amount, no float, nothing below zero."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import money
from provenance.core.money import Money
from provenance.errors import InputRefused

minors = st.integers(0, money.MAX_MINOR)
currencies = st.sampled_from(sorted(money.EXPONENTS))


def code_of(text: str, currency: str = "CNY") -> str:
    with pytest.raises(InputRefused) as refused:
        money.parse(text, currency)
    return refused.value.code


@given(minors, currencies)
def test_every_amount_has_one_spelling_that_reads_back(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert money.parse(str(amount), currency) == amount
    assert Decimal(str(amount)) == Decimal(minor).scaleb(-money.EXPONENTS[currency])


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "1.5",
        "1.500",
        "01.50",
        ".50",
        "1.",
        "1,00",
        "+1.00",
        " 1.00",
        "1.00\n",
        "1e2",
        "",
        "１.００",
        "NaN",
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    assert code_of(text) == "money_malformed"


def test_a_negative_amount_says_so() -> None:
    assert code_of("-0.01") == "money_negative"
    with pytest.raises(InputRefused) as refused:
        Money(-1, "CNY")
    assert refused.value.code == "money_negative"


def test_an_amount_beyond_every_order_is_refused() -> None:
    assert code_of("10000000000000.01") == "money_too_large"


def test_currencies_have_their_own_places_and_do_not_mix() -> None:
    assert str(money.parse("120", "JPY")) == "120"
    assert code_of("120.00", "JPY") == "money_malformed"
    assert code_of("1.00", "XXX") == "currency_unknown"
    with pytest.raises(InputRefused) as refused:
        money.parse("1.00", "CNY") + money.parse("1.00", "USD")
    assert refused.value.code == "currency_mismatch"


def test_taking_away_more_than_there_is_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        Money(1, "CNY") - Money(2, "CNY")
    assert refused.value.code == "money_negative"


@given(st.integers(0, 10**12), st.integers(0, 1_000))
def test_a_percentage_is_exact_and_a_broken_cent_is_the_buyers(minor: int, percent: int) -> None:
    exact = Decimal(minor) * percent / 100
    assert Money(minor, "CNY").percent(percent).minor == exact.to_integral_value(ROUND_CEILING)


@given(st.lists(st.integers(0, 10**9), max_size=20))
def test_a_total_is_the_sum(minors: list[int]) -> None:
    assert money.total((Money(each, "CNY") for each in minors), "CNY") == Money(sum(minors), "CNY")
