"""What the keeper does next: every state of a deposit against every state of a claim that matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provenance.chain.escrow import Deposit, DepositState
from provenance.core.claims import Claim, Outcome
from provenance.core.logfaults import LogFault
from provenance.core.money import parse
from provenance.core.terms import State, Tier, default_terms
from provenance.services.escrow.seat import most_owed, units
from provenance.services.escrow.steps import Act, Situation, Step, next_step
from tests.core.claim_world import ESCROW, opened

KEEPER, OTHER = b"\x04" * 20, b"\x05" * 20
ID, CLAIM_FAULT = b"\x0d" * 32, LogFault(7)
DEADLINE = 1_000_000
PRICE = parse("100.00", "CNY")


def claim(state: State, **changes: Any) -> Claim:
    """An escrow claim as it would stand in *state*, owing the price."""
    begun = opened(of=ESCROW)
    refund = next(one for one in begun.rule.remedies if one.percent == 100)
    return replace(begun, state=state, rungs=(refund,), **changes)


UNPAID = claim(State.UNPAID)
REVIEWED = claim(State.REVIEW)
REJECTED = claim(State.CLOSED, outcome=Outcome.REJECTED)
DEBT = claim(State.CLOSED, outcome=Outcome.DEBT)


def now(state: DepositState, about: Claim | None, **changes: Any) -> Situation:
    held = Deposit(
        state, DEADLINE, b"\x01" * 20, b"\x02" * 20, b"\x03" * 20, KEEPER, b"\x06" * 20, bytes(20),
        1_000, 500, b"\x0b" * 32, 3, b"\x07" * 20, 1,
    )  # fmt: skip
    usual: dict[str, Any] = {
        "held": held, "time": 100_000, "keeper": KEEPER, "claim": about,
        "filed": None if about is None else about.claim_id, "ruling_window": 1_000,
        "is_delivered": False, "fault": lambda: None,
    }  # fmt: skip
    return Situation(**{**usual, **changes})


OVER: dict[str, Any] = {"time": DEADLINE}
SHOWN: dict[str, Any] = {"fault": lambda: CLAIM_FAULT}
FUNDED, DELIVERED, FROZEN, PROVEN = list(DepositState)[1:5]
TABLE: tuple[tuple[DepositState, Claim | None, dict[str, Any], Act | None], ...] = (
    (FUNDED, None, {}, None),
    (FUNDED, None, {"is_delivered": True}, Act.DELIVER),
    (FUNDED, None, OVER, Act.TIME_OUT),
    (FUNDED, UNPAID, SHOWN, Act.ACCUSE),
    (FUNDED, REVIEWED, SHOWN, None),
    (DELIVERED, None, {}, None),
    (DELIVERED, None, SHOWN, None),
    (DELIVERED, None, OVER, Act.TIME_OUT),
    (DELIVERED, REVIEWED, OVER, None),
    (DELIVERED, UNPAID, OVER, None),
    (DELIVERED, UNPAID, {}, None),
    (DELIVERED, UNPAID, SHOWN, Act.ACCUSE),
    (DELIVERED, DEBT, SHOWN, Act.ACCUSE),
    (DELIVERED, REJECTED, SHOWN, None),
    (FROZEN, REVIEWED, {}, None),
    (FROZEN, REVIEWED, OVER, Act.TIME_OUT),
    (FROZEN, UNPAID, {}, Act.RULE),
    (FROZEN, UNPAID, {"keeper": OTHER}, None),
    (FROZEN, UNPAID, {"keeper": OTHER, **SHOWN}, Act.ACCUSE),
    (FROZEN, REJECTED, {}, Act.RULE),
    (FROZEN, REJECTED, {"keeper": OTHER}, None),
    (FROZEN, REJECTED, {"filed": b"\x99" * 32}, None),
    (FROZEN, None, {}, None),
    (FROZEN, None, {"time": DEADLINE - 250}, Act.RULE),
    (PROVEN, UNPAID, {}, None),
    (PROVEN, UNPAID, OVER, Act.TIME_OUT),
    (DepositState.CLOSED, UNPAID, OVER, None),
)


@pytest.mark.parametrize(("state", "about", "changes", "act"), TABLE)
def test_what_is_next_follows_from_state_claim_clock_and_log(
    state: DepositState, about: Claim | None, changes: dict[str, Any], act: Act | None
) -> None:
    step = next_step(ID, now(state, about, **changes))
    assert (None if step is None else step.act) is act


def test_a_ruling_gives_what_is_owed_first_from_the_price_and_no_more_than_is_held() -> None:
    owed = next_step(ID, now(FROZEN, UNPAID))
    assert owed == Step(ID, Act.RULE, None, 1_000, 0)
    released = next_step(ID, now(FROZEN, REJECTED))
    assert released == Step(ID, Act.RULE, None, 0, 0)


def test_a_claim_that_had_its_remedy_is_proven_against_nobody() -> None:
    given = claim(State.REMEDIED, given=object())
    assert next_step(ID, now(DELIVERED, given, **SHOWN)) is None


def test_a_step_has_one_reference_whoever_takes_it_and_another_fault_has_another() -> None:
    first = Step(ID, Act.ACCUSE, LogFault(7))
    assert first.ref == Step(ID, Act.ACCUSE, LogFault(7, 9)).ref
    assert len({first.ref, Step(ID, Act.ACCUSE, LogFault(8)).ref, Step(ID, Act.RULE).ref}) == 3
    assert Step(ID, Act.RULE, None, 5, 1).ref == Step(ID, Act.RULE).ref


def test_units_are_rounded_up_for_the_buyer_and_the_price_is_exactly_the_deposit() -> None:
    assert units(PRICE, price=PRICE, amount=7) == 7
    assert units(parse("0.01", "CNY"), price=PRICE, amount=7) == 1
    assert units(parse("33.33", "CNY"), price=PRICE, amount=1_000) == 334
    assert units(parse("200.00", "CNY"), price=PRICE, amount=10**30) == 2 * 10**30


def test_the_most_that_can_be_owed_is_the_dearest_remedy_of_the_terms() -> None:
    assert most_owed(default_terms(Tier.ESCROW), PRICE) == parse("200.00", "CNY")
