"""The supplier's recourse runs beside the claim: a deadline and a default in every state, and an end."""

from __future__ import annotations

import pytest

from provenance.core import money
from provenance.core.claimrules import recourse as r
from provenance.core.claims import Recourse, RecourseState, Reviewer
from provenance.errors import Refused
from tests.core.claim_world import ANNA, DAY, PLATFORM, START, SUPPLIER, digest, evidence

S = RecourseState
AMOUNT = money.parse("100.00", "CNY")


def asked() -> Recourse:
    return r.open_recourse(digest("claim"), SUPPLIER, PLATFORM, AMOUNT, START)


def test_the_silence_of_the_supplier_is_consent_after_three_days() -> None:
    assert r.recourse_due(asked()) == START + 3 * DAY + 1
    assert r.settle_recourse(asked(), START + 3 * DAY) == asked()
    assert r.settle_recourse(asked(), START + 3 * DAY + 1).state is S.CHARGED


def test_what_is_disputed_and_never_ruled_on_is_waived() -> None:
    disputed = r.dispute(asked(), (evidence(),), START)
    assert r.settle_recourse(disputed, START + 7 * DAY + 1).state is S.WAIVED


def test_what_is_never_settled_becomes_a_debt() -> None:
    charged = r.accept(asked(), START)
    assert r.settle_recourse(charged, START + 30 * DAY + 1).state is S.DEBT
    assert r.settled(charged, AMOUNT, START).state is S.SETTLED


@pytest.mark.parametrize(("for_supplier", "state"), [(True, S.WAIVED), (False, S.CHARGED)])
def test_a_ruling_is_by_someone_of_neither_side(for_supplier: bool, state: RecourseState) -> None:
    disputed = r.dispute(asked(), (evidence(),), START)
    assert r.rule(disputed, ANNA, for_supplier, START).state is state
    for party in (SUPPLIER, PLATFORM):
        with pytest.raises(Refused) as refused:
            r.rule(disputed, Reviewer("insider", frozenset({party})), for_supplier, START)
        assert refused.value.code == "reviewer_conflict"


def test_each_wrong_step_has_its_code() -> None:
    charged = r.accept(asked(), START)
    for step, code in (
        (lambda: r.dispute(asked(), (), START), "recourse_without_evidence"),
        (lambda: r.accept(charged, START), "not_in_this_state"),
        (lambda: r.accept(asked(), START + 3 * DAY + 1), "deadline_passed"),
        (lambda: r.settled(charged, money.parse("99.99", "CNY"), START), "payment_mismatch"),
    ):
        with pytest.raises(Refused) as refused:
            step()
        assert refused.value.code == code


def test_every_state_has_a_deadline_and_a_default_or_is_an_end() -> None:
    assert set(r.WITHIN_MS) == set(r.DEFAULTS)
    for state in S:
        reached, seen = state, 0
        while reached in r.DEFAULTS:
            reached, seen = r.DEFAULTS[reached], seen + 1
            assert seen <= len(S)
