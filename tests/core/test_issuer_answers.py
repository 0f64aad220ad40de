"""What came of asking an issuer, and when its answers do not fit together."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.core.claimrules.answering import IssuerAnswerReport, NoAnswer
from provenance.core.claimrules.answers import contradict
from provenance.core.claimrules.facts import Evidence, IssuerReport
from provenance.core.claimrules.issuer import IssuerAnswer as A
from provenance.core.termsrules.words import EvidenceType, Source
from provenance.errors import InputRefused

ISSUER = b"\x04" * 20


def fact(answer: A, at: int, used_at: int | None = None) -> IssuerReport:
    return IssuerReport(
        answer, at, Evidence(EvidenceType.ISSUER_ANSWER, b"\x01" * 32, Source.ISSUER, at), used_at
    )


@pytest.mark.parametrize("ended", [A.ALREADY_USED, A.VOIDED, A.COUNTERFEIT, A.EXPIRED])
@pytest.mark.parametrize("alive", [A.GOOD, A.NOT_ACTIVATED])
def test_a_key_that_ended_does_not_live_again(ended: A, alive: A) -> None:
    assert contradict([fact(alive, 2), fact(ended, 1)])
    assert not contradict([fact(alive, 1), fact(ended, 2)])


def test_answers_that_a_life_may_have_do_not_contradict() -> None:
    life = [
        A.DOES_NOT_EXIST,
        A.NOT_ACTIVATED,
        A.GOOD,
        A.OPERATOR_MAINTENANCE,
        A.FROZEN,
        A.GOOD,
        A.ALREADY_USED,
    ]
    assert not contradict(fact(answer, at) for at, answer in enumerate(life))
    assert not contradict([fact(A.ALREADY_USED, 5, 3), fact(A.ALREADY_USED, 6), fact(A.ALREADY_USED, 7, 3)])
    assert contradict([fact(A.ALREADY_USED, 5, 3), fact(A.ALREADY_USED, 7, 4)])


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"answer": A.GOOD, "evidence": b"\x01" * 32, "why": NoAnswer.GARBAGE},
        {"answer": A.GOOD},
        {"answer": A.GOOD, "evidence": b"\x01" * 32, "used_at": 5},
        {"why": NoAnswer.TIMED_OUT, "used_at": 5},
        {"answer": A.ALREADY_USED, "evidence": b"\x01" * 32, "used_at": 21},
        {"why": NoAnswer.TIMED_OUT, "answered_at": 9},
    ],
)
def test_a_report_that_says_two_things_or_none_does_not_come_into_being(members: dict[str, Any]) -> None:
    with pytest.raises(InputRefused) as refused:
        IssuerAnswerReport(**{"issuer": ISSUER, "asked_at": 10, "answered_at": 20, **members})
    assert refused.value.code == "claim_malformed"


@pytest.mark.parametrize("why", list(NoAnswer))
def test_what_is_no_answer_is_no_fact(why: NoAnswer) -> None:
    report = IssuerAnswerReport(ISSUER, 10, 20, why=why, evidence=b"\x01" * 32)
    assert report.is_uncertain
    assert report.fact() is None
    good = IssuerAnswerReport(ISSUER, 10, 20, A.ALREADY_USED, used_at=7, evidence=b"\x01" * 32)
    assert good.fact() == fact(A.ALREADY_USED, 20, 7)
