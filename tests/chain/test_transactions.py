"""The decisions about a transaction, without a node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.chain.rpc import FeeMarket
from provenance.chain.transactions import (
    Action,
    Confirmation,
    Decision,
    Fees,
    Observation,
    SignedTransaction,
    TransactionState,
    bumped_fees,
    choose_nonce,
    decide,
    gas_limit,
    suggested_fees,
)
from provenance.errors import InputRefused, LimitReached

GWEI = 10**9
TRANSACTION = SignedTransaction(
    hash=b"\x01" * 32,
    raw=b"\x02",
    nonce=5,
    sender=b"\x03" * 20,
    max_fee=10 * GWEI,
    max_priority_fee=GWEI,
    to=b"\x04" * 20,
    data=b"",
    gas=21_000,
    chain_id=31337,
)
fees = st.builds(lambda low, more: Fees(low + more, low), st.integers(0, 10**12), st.integers(0, 10**12))
markets = st.builds(FeeMarket, st.integers(0, 10**12), st.integers(0, 10**12))


def seen(
    confirmation: Confirmation | None = None, *, waiting: bool = False, nonce: int = 5, base_fee: int = GWEI
) -> Observation:
    mined = None if confirmation is None else TRANSACTION.hash
    return Observation(mined, confirmation, waiting, nonce, base_fee)


def mined(confirmations: int, *, succeeded: bool = True) -> Confirmation:
    return Confirmation(7, b"\x05" * 32, succeeded, confirmations)


@pytest.mark.parametrize(
    ("observation", "overdue", "expected"),
    [
        (seen(), False, Decision(TransactionState.PENDING, Action.BROADCAST)),
        (seen(waiting=True), False, Decision(TransactionState.BROADCAST, Action.NOTHING)),
        (seen(waiting=True), True, Decision(TransactionState.BROADCAST, Action.BUMP)),
        (seen(waiting=True, base_fee=11 * GWEI), False, Decision(TransactionState.BROADCAST, Action.BUMP)),
        (seen(mined(1), nonce=6), False, Decision(TransactionState.CONFIRMED, Action.NOTHING)),
        (seen(mined(12), nonce=6), True, Decision(TransactionState.FINAL, Action.NOTHING)),
        (
            seen(mined(1, succeeded=False), nonce=6),
            False,
            Decision(TransactionState.CONFIRMED, Action.NOTHING),
        ),
        (seen(mined(12, succeeded=False), nonce=6), False, Decision(TransactionState.FAILED, Action.NOTHING)),
        (seen(nonce=6), False, Decision(TransactionState.REPLACED, Action.SIGN_ANEW)),
        (seen(nonce=3), False, Decision(TransactionState.PENDING, Action.BROADCAST)),
    ],
)
def test_what_the_node_says_decides_what_follows(
    observation: Observation, overdue: bool, expected: Decision
) -> None:
    assert decide(TRANSACTION, observation, depth=12, overdue=overdue) == expected


def test_only_final_failed_and_replaced_are_settled() -> None:
    settled = {state for state in TransactionState if state.is_settled}
    assert settled == {TransactionState.FINAL, TransactionState.FAILED, TransactionState.REPLACED}


@given(fees, markets)
def test_a_bump_raises_both_fees_by_an_eighth_at_least(before: Fees, market: FeeMarket) -> None:
    after = bumped_fees(before, market)
    assert 8 * after.max_fee >= 9 * before.max_fee and after.max_fee > before.max_fee
    assert 8 * after.max_priority_fee >= 9 * before.max_priority_fee
    assert after.max_priority_fee > before.max_priority_fee
    assert after.max_fee >= market.base_fee + market.priority_fee


@given(markets)
def test_suggested_fees_outlast_five_full_blocks(market: FeeMarket) -> None:
    base_fee = market.base_fee
    for _ in range(5):
        base_fee += base_fee // 8
    assert suggested_fees(market).max_fee >= base_fee + market.priority_fee


def test_a_bump_past_the_ceiling_waits_instead() -> None:
    with pytest.raises(LimitReached) as limit:
        bumped_fees(TRANSACTION.fees, FeeMarket(GWEI, GWEI), ceiling=10 * GWEI)
    assert limit.value.code == "fee_ceiling"


@given(st.integers(0, 50), st.sets(st.integers(0, 50)))
def test_the_nonce_is_the_lowest_one_free(mined_nonce: int, outstanding: set[int]) -> None:
    nonce = choose_nonce(mined_nonce, outstanding)
    assert nonce >= mined_nonce and nonce not in outstanding
    assert all(taken in outstanding for taken in range(mined_nonce, nonce))


def test_the_gas_limit_leaves_a_fifth() -> None:
    assert [gas_limit(0), gas_limit(1), gas_limit(100_000)] == [0, 2, 120_000]


@pytest.mark.parametrize(("max_fee", "priority"), [(1, 2), (1, -1), (2**128, 1)])
def test_fees_that_no_transaction_can_carry_do_not_exist(max_fee: int, priority: int) -> None:
    with pytest.raises(InputRefused):
        Fees(max_fee, priority)
