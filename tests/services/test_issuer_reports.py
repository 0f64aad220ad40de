"""What issuers say by themselves: kept beside the registry's knowledge, moving nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.core.claimrules.answering import CLOCK_LEAD_MS, IssuerAnswerReport, NoAnswer
from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.core.entries import EntryType, PartyReason, RedeemReason
from provenance.core.termsrules.words import EvidenceType, Source
from provenance.errors import ManyRefused, ProvenanceError
from provenance.services import lawbook
from provenance.services.acts import Act
from provenance.services.issuer_reports import MAX_REPORTS, IssuerReportService, Said, Taken
from provenance.services.lawbook import Handle
from provenance.services.verification import Verdict, VerdictCode, Viewer
from provenance.store import issuer_reports
from tests.services.custody_world import ISSUER, OPERATOR, SHOP, Trade, key_of, order, trade

PROOF = b"\x07" * 32


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    made.database.dispose()


def said(world: Trade, number: int, answer: str = "good", **more: Any) -> Said:
    return Said(key_of(number), IssuerAnswer(answer), more.pop("at", world.clock.now()), PROOF, **more)


def take(world: Trade, *reports: Said, proceed: bool = False, issuer: bytes = ISSUER) -> list[Taken]:
    return IssuerReportService(world.context).take(issuer, reports, proceed=proceed)


def kept(world: Trade, batch: bytes, index: int) -> tuple[Any, ...]:
    with world.database.read() as connection:
        row = lawbook.find(world.context, connection, [Handle(batch, index)])[0]
        assert row is not None
        return issuer_reports.of_key(connection, row.number, row.index)


def verdict(world: Trade, number: int, who: bytes = SHOP) -> Verdict:
    return world.verification.verify(Viewer(world.principal(who)), [key_of(number)])[0]


def code_of(doing: Callable[[], Any]) -> str:
    with pytest.raises(ProvenanceError) as caught:
        doing()
    return caught.value.code


@pytest.mark.parametrize("answer", list(IssuerAnswer))
def test_every_answer_is_kept_with_its_time_and_evidence(world: Trade, answer: IssuerAnswer) -> None:
    batch, at = world.batch(holder=SHOP), world.clock.now()
    take(world, said(world, 2, answer, at=at))
    (fact,) = kept(world, batch, 2)
    assert (fact.answer, fact.at, fact.used_at) == (answer, at, None)
    assert (fact.evidence.digest, fact.evidence.source) == (PROOF, Source.ISSUER)
    assert fact.evidence.type is EvidenceType.ISSUER_ANSWER
    assert kept(world, batch, 3) == ()


def test_the_registry_and_the_issuer_are_two_fields_and_a_report_moves_nothing(world: Trade) -> None:
    batch, at = world.batch(holder=SHOP), world.clock.now()
    before = world.replay(batch, 1)
    take(world, said(world, 1, "already_used", at=at, used_at=at - 5))
    assert world.replay(batch, 1) == before
    told = verdict(world, 1)
    assert (told.code, told.registry_status) == (VerdictCode.REGISTERED, "REGISTERED")
    assert told.issuer_status == {
        "status": "already_used", "source": "0x" + ISSUER.hex(), "time": at, "used_at": at - 5,
        "evidence": PROOF.hex(), "asked": False, "contradicted": False,
    }  # fmt: skip
    assert verdict(world, 2).issuer_status is None
    stranger = world.verification.verify(Viewer(None, b"x" * 32), [key_of(1)])[0]
    assert stranger.issuer_status is None


def test_the_newest_answer_is_shown_and_a_key_that_comes_back_to_life_is_marked(world: Trade) -> None:
    world.batch(holder=SHOP)
    at = world.clock.now()
    take(world, said(world, 0, "good", at=at - 30))
    take(world, said(world, 0, "already_used", at=at - 20))
    status = verdict(world, 0).issuer_status
    assert status is not None
    assert (status["status"], status["contradicted"]) == ("already_used", False)
    take(world, said(world, 0, "good", at=at - 10))
    status = verdict(world, 0).issuer_status
    assert status is not None
    assert (status["status"], status["contradicted"]) == ("good", True)


def test_a_use_that_moves_in_time_is_marked(world: Trade) -> None:
    world.batch(holder=SHOP)
    at = world.clock.now()
    take(world, said(world, 0, "already_used", at=at - 20, used_at=at - 500))
    take(world, said(world, 0, "already_used", at=at - 10, used_at=at - 900))
    status = verdict(world, 0).issuer_status
    assert status is not None
    assert status["contradicted"] is True


def test_a_redemption_in_the_log_is_shown_until_a_newer_report_comes(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order())
    take(world, said(world, 0, "good", at=world.clock.now() - 10))
    redeem = Act(EntryType.REDEEM, ISSUER, reason=int(RedeemReason.USED_BEFORE_SALE))
    world.custody.act(key_of(0), redeem)
    status = verdict(world, 0).issuer_status
    assert status is not None
    assert (status["status"], status["used_before_sale"]) == ("already_used", True)
    world.clock.pass_ms(1_000)
    take(world, said(world, 0, "good"))
    status = verdict(world, 0).issuer_status
    assert status is not None
    assert (status["status"], status["contradicted"]) == ("good", True)


def test_the_same_report_again_is_known_and_another_at_that_moment_is_refused(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    first = said(world, 0)
    assert [one.is_new for one in take(world, first)] == [True]
    assert [one.is_new for one in take(world, first)] == [False]
    for other in (
        replace(first, answer=IssuerAnswer.VOIDED),
        replace(first, evidence=b"\x08" * 32),
        replace(first, answer=IssuerAnswer.ALREADY_USED, used_at=first.at - 1),
    ):
        assert code_of(lambda other=other: take(world, other)) == "report_contradicts"
    assert len(kept(world, batch, 0)) == 1


def test_a_report_that_cannot_be_is_refused_by_its_code(world: Trade) -> None:
    batch, now = world.batch(holder=SHOP), world.clock.now()
    wrong = {
        "report_from_future": said(world, 0, at=now + CLOCK_LEAD_MS + 1_000),
        "used_at_unexpected": said(world, 0, used_at=now - 1),
        "used_after_report": said(world, 0, "already_used", at=now, used_at=now + 1),
        "unknown": said(world, 99),
    }
    for code, report in wrong.items():
        assert code_of(lambda report=report: take(world, report)) == code
    assert kept(world, batch, 0) == ()


def test_of_many_all_are_kept_or_none(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    reports = [said(world, 0), said(world, 99), said(world, 1)]
    with pytest.raises(ManyRefused) as caught:
        take(world, *reports)
    assert [(place, error.code) for place, error in caught.value.errors] == [(1, "unknown")]
    assert kept(world, batch, 0) == kept(world, batch, 1) == ()
    taken = take(world, *reports, proceed=True)
    assert [one.is_new for one in taken] == [True, False, True]
    assert taken[1].refusal is not None
    assert len(kept(world, batch, 0)) == len(kept(world, batch, 1)) == 1


def test_an_issuer_that_loops_fills_no_disk(world: Trade) -> None:
    batch, now = world.batch(holder=SHOP), world.clock.now()
    for number in range(MAX_REPORTS):
        take(world, said(world, 0, at=now - 1_000 + number))
    assert code_of(lambda: take(world, said(world, 0, at=now))) == "reports_full"
    assert [one.is_new for one in take(world, said(world, 0, at=now - 1_000))] == [False]
    other = bytes([44]) * 20
    world.parties.admit(OPERATOR, "another issuer", PartyReason.ISSUER, address=other)
    take(world, said(world, 0, at=now), issuer=other)
    assert len(kept(world, batch, 0)) == MAX_REPORTS + 1


def test_only_an_issuer_that_may_act_reports(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    assert code_of(lambda: take(world, said(world, 0), issuer=SHOP)) == "role_missing"
    world.parties.suspend(OPERATOR, ISSUER, "lied")
    assert code_of(lambda: take(world, said(world, 0))) == "party_suspended"
    assert kept(world, batch, 0) == ()


def test_the_answer_to_a_question_of_ours_is_kept_and_no_answer_is_not(world: Trade) -> None:
    batch, now = world.batch(holder=SHOP), world.clock.now()
    service = IssuerReportService(world.context)
    answers = [
        IssuerAnswerReport(ISSUER, now, now + 40, IssuerAnswer.FROZEN, evidence=PROOF, tries=1),
        IssuerAnswerReport(ISSUER, now + 50, now + 90, why=NoAnswer.GARBAGE, evidence=PROOF, tries=1),
    ]
    with world.database.write() as connection:
        row = lawbook.find(world.context, connection, [Handle(batch, 0)])[0]
        assert row is not None
        found = [service.keep(connection, row, one) for one in (*answers, answers[0])]
    assert [one is None for one in found] == [False, True, True]
    assert [one.answer for one in kept(world, batch, 0)] == [IssuerAnswer.FROZEN]
    status = verdict(world, 0).issuer_status
    assert status is not None
    assert (status["status"], status["asked"]) == ("frozen", True)
