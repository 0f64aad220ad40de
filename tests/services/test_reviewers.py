"""Reviewers: whose a credential is, and on whose side its person is, by every name and every credential."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.entries import PartyReason
from provenance.errors import ProvenanceError
from provenance.services.parties import Principal
from provenance.services.warranty.reviewers import ReviewerService
from tests.services.custody_world import ISSUER, OPERATOR, OTHER_SHOP, SHOP, SUPPLIER, Trade, trade

SIGNER, OTHER_SIGNER = b"\x0a" * 20, b"\x0b" * 20


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    made.database.dispose()


def credential(world: Trade, party: bytes, *scopes: str) -> Principal:
    _, token = world.parties.issue(party, "a person", scopes or ("review",))
    return world.parties.authenticate(token)


def refusal(work: object, *arguments: object, **more: object) -> str:
    with pytest.raises(ProvenanceError) as caught:
        work(*arguments, **more)  # type: ignore[operator]
    return caught.value.code


def test_a_person_belongs_to_the_party_of_the_credential_and_to_those_declared(world: Trade) -> None:
    service = ReviewerService(world.context)
    someone = credential(world, OPERATOR)
    service.add(someone.credential, "p-1", [SUPPLIER], SIGNER)
    found = service.of(someone)
    assert (found.id, found.parties) == ("p-1", {OPERATOR, SUPPLIER})


def test_all_credentials_of_one_person_count_together(world: Trade) -> None:
    service = ReviewerService(world.context)
    one, other = credential(world, OPERATOR), credential(world, SHOP)
    service.add(one.credential, "p-1", [ISSUER], SIGNER)
    service.add(other.credential, "p-1", [SUPPLIER], SIGNER)
    assert service.of(one).parties == service.of(other).parties == {OPERATOR, SHOP, SUPPLIER, ISSUER}
    service.remove(other.credential)
    assert service.of(one).parties == {OPERATOR, ISSUER}
    assert refusal(service.of, other) == "not_reviewer"
    assert [(row.credential, row.removed_at is None) for row in service.listed()] == [
        (row.credential, row.credential == one.credential) for row in service.listed()
    ]
    assert len(service.listed()) == 2


def test_a_party_is_one_under_every_name_it_had_and_gets(world: Trade) -> None:
    service = ReviewerService(world.context)
    heirs = [b"\x21" * 20, b"\x22" * 20]
    world.parties.succeed(OPERATOR, SHOP, heirs[0])
    someone = credential(world, OPERATOR)
    service.add(someone.credential, "p-1", [heirs[0]])
    world.parties.succeed(OPERATOR, heirs[0], heirs[1])
    assert service.of(someone).parties == {OPERATOR, SHOP, *heirs}


def test_nobody_reviews_without_scope_or_registration(world: Trade) -> None:
    service = ReviewerService(world.context)
    reader = credential(world, OPERATOR, "read")
    assert refusal(service.of, reader) == "scope_missing"
    assert refusal(service.add, reader.credential, "p-1") == "reviewer_scope_missing"
    assert refusal(service.of, credential(world, OPERATOR)) == "not_reviewer"
    assert refusal(service.add, "00" * 8, "p-1") == "unknown_credential"
    assert refusal(service.remove, "00" * 8) == "unknown_reviewer"


@pytest.mark.parametrize("person", ["", "x" * 65, "王经理", "a b", "-a", "a\n"])
def test_an_id_that_might_be_a_name_is_refused(world: Trade, person: str) -> None:
    someone = credential(world, OPERATOR)
    service = ReviewerService(world.context)
    assert refusal(service.add, someone.credential, person) == "reviewer_malformed"
    assert service.listed() == []


def test_one_key_signs_for_one_person(world: Trade) -> None:
    service = ReviewerService(world.context)
    one, other = credential(world, OPERATOR), credential(world, OTHER_SHOP)
    service.add(one.credential, "p-1", (), SIGNER)
    assert refusal(service.add, other.credential, "p-2", (), SIGNER) == "signer_taken"
    assert refusal(service.add, other.credential, "p-1", (), OTHER_SIGNER) == "signer_taken"
    assert refusal(service.add, one.credential, "p-1", (), SIGNER) == "reviewer_exists"
    service.remove(one.credential)
    assert refusal(service.add, one.credential, "p-1", (), SIGNER) == "reviewer_exists"
    service.add(other.credential, "p-2", (), SIGNER)
    assert service.of(other).id == "p-2"


def test_parties_that_nobody_knows_and_addresses_that_are_none_are_refused(world: Trade) -> None:
    service = ReviewerService(world.context)
    someone = credential(world, OPERATOR)
    assert refusal(service.add, someone.credential, "p-1", [b"\x77" * 20]) == "unknown_party"
    assert refusal(service.add, someone.credential, "p-1", [b"\x77"]) == "invalid_address"
    assert refusal(service.add, someone.credential, "p-1", (), bytes(20)) == "invalid_address"
    assert refusal(service.add, someone.credential, "p-1", [SHOP] * 101) == "reviewer_malformed"
    world.parties.admit(OPERATOR, "late", PartyReason.SUPPLIER, address=b"\x77" * 20)
    service.add(someone.credential, "p-1", [b"\x77" * 20])
