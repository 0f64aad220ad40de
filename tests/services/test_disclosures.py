"""What a party shows of itself: published, superseded, withdrawn, expired by the clock, never gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from provenance.core import creditcode
from provenance.core.digests import sha256
from provenance.core.disclosure import Disclosure, DisclosureStatus, DisclosureType, Withdrawal, day_in_china
from provenance.core.entries import EntryType, PartyReason, QualificationReason, commit_details
from provenance.errors import ProvenanceError
from provenance.services import disclosures as disclosing
from provenance.services.disclosure_view import Shown, badge
from provenance.services.disclosures import DisclosureService
from provenance.services.erasure import ErasureService
from provenance.store.schema import entry as entries
from provenance.store.schema_disclosure import disclosure_paper
from tests.services.custody_world import ISSUER, OPERATOR, OTHER_SHOP, SHOP, SUPPLIER, Trade, trade
from tests.support.papers import EXECUTABLE, jpeg, pdf, png

CODE = creditcode.parse("91350100M000100Y43")
DAY_MS = 86_400_000
S = DisclosureStatus


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    made.database.dispose()


def paper(kind: str = "icp", content: bytes | None = None, **changes: Any) -> Disclosure:
    number = {"icp": "闽ICP备12345678号", "business_licence": str(CODE)}.get(kind, "HT-7")
    made = Disclosure(
        DisclosureType(kind), number, CODE, sha256(pdf() if content is None else content),
        date(2024, 1, 1), date(2026, 12, 1), date(2027, 12, 31),
    )  # fmt: skip
    return replace(made, **changes)


def service(world: Trade) -> DisclosureService:
    return DisclosureService(world.context)


def of(world: Trade, address: bytes = SHOP) -> list[Shown]:
    return service(world).of(address, world.clock.now())


def code_of(doing: Callable[[], Any]) -> str:
    with pytest.raises(ProvenanceError) as caught:
        doing()
    return caught.value.code


def test_a_disclosure_is_an_entry_whose_commitment_everybody_can_open(world: Trade) -> None:
    recorded = service(world).publish(SHOP, paper())
    assert recorded.entry.type is EntryType.QUALIFICATION
    assert (recorded.entry.subject, recorded.entry.actor) == (sha256(pdf()), SHOP)
    assert recorded.entry.reason == QualificationReason.PUBLISHED
    (shown,) = of(world)
    assert (shown.disclosure, shown.status, shown.is_current) == (paper(), S.VALID, True)
    assert shown.salt is not None
    assert shown.details is not None
    assert commit_details(shown.salt, shown.details) == shown.stored.entry.detail
    assert of(world, OTHER_SHOP) == []


def test_a_licence_expires_by_the_clock_and_flips_the_badge(world: Trade) -> None:
    last = day_in_china(world.clock.now())
    for kind in ("icp", "upstream_contract"):
        service(world).publish(SHOP, paper(kind))
    service(world).publish(SHOP, paper("business_licence", expires_on=last.replace(day=last.day + 2)))
    roles = {PartyReason.PLATFORM}
    assert badge(roles, of(world))[DisclosureType.BUSINESS_LICENCE] is S.EXPIRES_SOON
    world.clock.pass_ms(2 * DAY_MS - (world.clock.now() + 8 * 3_600_000) % DAY_MS + DAY_MS - 1)
    assert set(badge(roles, of(world)).values()) == {S.VALID, S.EXPIRES_SOON}
    world.clock.pass_ms(1)
    assert badge(roles, of(world))[DisclosureType.BUSINESS_LICENCE] is S.EXPIRED
    assert [one.counts for one in of(world)] == [False, True, True]


def test_the_badge_names_what_is_missing_and_a_renewal_earns_it_back(world: Trade) -> None:
    assert badge({PartyReason.PLATFORM}, of(world)) == {
        DisclosureType.ICP: None,
        DisclosureType.BUSINESS_LICENCE: None,
        DisclosureType.UPSTREAM_CONTRACT: None,
    }  # fmt: skip
    service(world).publish(SUPPLIER, paper("business_licence", expires_on=date(2027, 2, 1)))
    (old,) = of(world, SUPPLIER)
    world.clock.pass_ms(60 * DAY_MS)
    assert badge({PartyReason.SUPPLIER}, of(world, SUPPLIER)) == {DisclosureType.BUSINESS_LICENCE: S.EXPIRED}
    service(world).publish(SUPPLIER, paper("business_licence", pdf("new")), old.stored.event)
    new, old = of(world, SUPPLIER)
    assert badge({PartyReason.SUPPLIER}, [new, old]) == {DisclosureType.BUSINESS_LICENCE: S.VALID}
    assert (old.superseded_by, old.is_current, new.is_current) == (new.stored.event, False, True)
    assert (new.details or {})["supersedes"] == old.stored.event.hex()


def test_what_is_withdrawn_stays_to_be_seen_and_counts_for_nothing(world: Trade) -> None:
    event = service(world).publish(SHOP, paper()).event
    ended = service(world).withdraw(SHOP, event, Withdrawal.REVOKED)
    assert ended.entry.reason == QualificationReason.WITHDRAWN
    (shown,) = of(world)
    assert (shown.status, shown.withdrawn_why, shown.counts) == (S.WITHDRAWN, Withdrawal.REVOKED, False)
    assert shown.withdrawn_by == ended.event
    assert badge({PartyReason.PLATFORM}, [shown])[DisclosureType.ICP] is S.WITHDRAWN
    assert code_of(lambda: service(world).withdraw(SHOP, event, Withdrawal.ENDED)) == "disclosure_ended"
    assert code_of(lambda: service(world).publish(SHOP, paper(), event)) == "disclosure_ended"
    service(world).publish(SHOP, paper())
    assert [one.status for one in of(world)] == [S.VALID, S.WITHDRAWN]


def test_a_disclosure_is_never_erased(world: Trade) -> None:
    event = service(world).publish(SHOP, paper()).event
    for who in (SHOP, OPERATOR):
        assert code_of(lambda who=who: ErasureService(world.context).erase(who, event)) == "disclosure_public"
    assert of(world)[0].details is not None


def test_one_of_a_type_and_number_stands_at_a_time(world: Trade) -> None:
    first = service(world).publish(SHOP, paper()).event
    assert code_of(lambda: service(world).publish(SHOP, paper())) == "disclosure_stands"
    service(world).publish(OTHER_SHOP, paper())
    service(world).publish(SHOP, paper("upstream_contract", number="HT-8"))
    other = paper("upstream_contract", number="HT-9")
    assert code_of(lambda: service(world).publish(SHOP, other, first)) == "disclosure_other_type"
    assert len(of(world)) == 2


def test_papers_that_cannot_hold_today_are_refused_and_nothing_is_entered(world: Trade) -> None:
    today = day_in_china(world.clock.now())
    past = today.replace(day=today.day - 1)
    late = today.replace(year=today.year + 1)
    old = paper(attested_on=past, expires_on=past)
    assert code_of(lambda: service(world).publish(SHOP, old)) == "disclosure_expired"
    ahead = paper(attested_on=late, expires_on=None)
    assert code_of(lambda: service(world).publish(SHOP, ahead)) == "attested_in_future"
    assert of(world) == []
    with world.database.read() as connection:
        assert not connection.exec_driver_sql("SELECT 1 FROM entry WHERE type = 33").all()
    service(world).publish(SHOP, paper(attested_on=today, expires_on=today))


def test_somebody_elses_disclosure_is_left_alone(world: Trade) -> None:
    event = service(world).publish(SHOP, paper()).event
    attempts: list[Callable[[], Any]] = [
        lambda: service(world).withdraw(OTHER_SHOP, event, Withdrawal.ENDED),
        lambda: service(world).attach(OTHER_SHOP, event, pdf()),
        lambda: service(world).publish(OTHER_SHOP, paper(), event),
    ]
    assert [code_of(one) for one in attempts] == ["not_your_disclosure"] * 3
    assert code_of(lambda: service(world).publish(ISSUER, paper())) == "role_missing"
    assert code_of(lambda: service(world).one(bytes(16), 0)) == "unknown_disclosure"
    withdrawal = service(world).withdraw(SHOP, event, Withdrawal.ENDED).event
    assert code_of(lambda: service(world).one(withdrawal, 0)) == "unknown_disclosure"
    world.parties.suspend(OPERATOR, SHOP, "unpaid")
    assert code_of(lambda: service(world).publish(SHOP, paper())) == "party_suspended"


def test_an_heir_shows_and_renews_what_it_stands_for(world: Trade) -> None:
    event = service(world).publish(SHOP, paper()).event
    heir = bytes([77]) * 20
    world.parties.succeed(OPERATOR, SHOP, heir)
    assert [one.stored.event for one in of(world, heir)] == [event]
    service(world).publish(heir, paper(content=pdf("new")), event)
    assert [one.party for one in of(world, heir)] == [heir, SHOP]


@pytest.mark.parametrize("content", [pdf(), png(), jpeg()])
def test_the_document_is_kept_and_served_as_it_was_published(world: Trade, content: bytes) -> None:
    event = service(world).publish(SHOP, paper(content=content)).event
    assert code_of(lambda: service(world).paper(event)) == "no_paper"
    assert service(world).attach(SHOP, event, content) == service(world).attach(SHOP, event, content)
    assert service(world).paper(event).content == content
    assert of(world)[0].paper == (service(world).paper(event).media, len(content))


def test_another_document_and_a_program_are_refused(world: Trade) -> None:
    event = service(world).publish(SHOP, paper()).event
    changed = bytearray(pdf())
    changed[20] ^= 1
    assert code_of(lambda: service(world).attach(SHOP, event, bytes(changed))) == "paper_differs"
    program = service(world).publish(SHOP, paper("upstream_contract", EXECUTABLE)).event
    assert code_of(lambda: service(world).attach(SHOP, program, EXECUTABLE)) == "paper_type"
    assert [one.paper for one in of(world)] == [None, None]


def test_one_byte_changed_in_a_stored_document_or_in_sealed_details_is_seen(world: Trade) -> None:
    event = service(world).publish(SHOP, paper()).event
    service(world).attach(SHOP, event, pdf())
    with world.database.write() as connection:
        connection.execute(update(disclosure_paper).values(content=pdf("licencf")))
    assert code_of(lambda: service(world).paper(event)) == "paper_damaged"
    sealed = of(world)[0].stored.sealed
    assert sealed is not None
    with world.database.write() as connection:
        broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(update(entries).where(entries.c.event == event).values(details=broken))
    (shown,) = of(world)
    assert (shown.disclosure, shown.details, shown.counts) == (None, None, False)
    assert badge({PartyReason.PLATFORM}, [shown])[DisclosureType.ICP] is None


def test_a_party_has_a_bounded_number_of_disclosures(world: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosing, "MAX_DISCLOSURES", 2)
    for number in ("1", "2"):
        service(world).publish(SHOP, paper("upstream_contract", number=number))
    refused = paper("upstream_contract", number="3")
    assert code_of(lambda: service(world).publish(SHOP, refused)) == "disclosures_full"
    assert len(of(world)) == 2
