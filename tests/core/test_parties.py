"""Who is who at a step: admissions, suspensions and successions in the order of the log."""

from __future__ import annotations

import itertools

import pytest

from provenance.core.entries import Entry, EntryType, PartyReason
from provenance.core.parties import ListedParties, Step
from tests.core.law_world import HEIR, ISSUER, OTHER_SHOP, SHOP, party_entry

R = PartyReason


def at(index: int | None, time: int = 10**15) -> Step:
    return Step(index, Entry(EntryType.SELL, time, bytes(32), SHOP, 0, 1))


def test_an_admission_counts_from_the_next_place_in_the_log() -> None:
    parties = ListedParties([(5, party_entry(SHOP, R.PLATFORM))])
    assert not parties.is_admitted(SHOP, at(4))
    assert not parties.is_admitted(SHOP, at(5))
    assert parties.is_admitted(SHOP, at(6))
    assert parties.is_admitted(SHOP, at(None))
    assert parties.has_role(SHOP, R.PLATFORM, at(6))
    assert not parties.has_role(SHOP, R.ISSUER, at(6))


def test_roles_add_up_and_a_suspension_ends_them_all() -> None:
    rows = [
        (1, party_entry(SHOP, R.PLATFORM)),
        (2, party_entry(SHOP, R.SUPPLIER)),
        (3, party_entry(SHOP, R.SUSPENDED)),
        (4, party_entry(SHOP, R.AUDITOR)),
    ]
    for order in itertools.permutations(rows):
        parties = ListedParties(order)
        assert parties.roles(SHOP, at(2)) == {R.PLATFORM}
        assert parties.roles(SHOP, at(3)) == {R.PLATFORM, R.SUPPLIER}
        assert parties.roles(SHOP, at(4)) == frozenset()
        assert parties.roles(SHOP, at(5)) == {R.AUDITOR}
        assert parties.roles(OTHER_SHOP, at(5)) == frozenset()


def test_a_successor_stands_for_the_old_address_from_its_place_on() -> None:
    parties = ListedParties([(1, party_entry(SHOP, R.PLATFORM)), (5, party_entry(SHOP, R.SUCCEEDED, HEIR))])
    assert parties.resolve(SHOP, at(5)) == SHOP
    assert parties.resolve(SHOP, at(6)) == HEIR
    assert parties.resolve(HEIR, at(6)) == HEIR
    assert parties.resolve(OTHER_SHOP, at(6)) == OTHER_SHOP
    assert parties.roles(SHOP, at(5)) == {R.PLATFORM}
    assert parties.roles(SHOP, at(6)) == frozenset()
    assert parties.roles(HEIR, at(5)) == frozenset()
    assert parties.roles(HEIR, at(6)) == {R.PLATFORM}


def test_a_suspended_party_leaves_no_roles_to_its_successor() -> None:
    rows = [(1, party_entry(SHOP, R.PLATFORM)), (2, party_entry(SHOP, R.SUSPENDED))]
    parties = ListedParties([*rows, (3, party_entry(SHOP, R.SUCCEEDED, HEIR))])
    assert parties.roles(HEIR, at(4)) == frozenset()


def test_an_address_that_comes_back_round_stands_for_itself() -> None:
    rows = [(1, party_entry(SHOP, R.SUCCEEDED, HEIR)), (2, party_entry(HEIR, R.SUCCEEDED, SHOP))]
    parties = ListedParties(rows)
    assert parties.resolve(SHOP, at(2)) == HEIR
    assert parties.resolve(SHOP, at(3)) == SHOP


def test_by_time_an_entry_counts_for_later_milliseconds_only_whatever_its_index() -> None:
    parties = ListedParties([(1_000, party_entry(ISSUER, R.ISSUER))], by_time=True)
    assert not parties.has_role(ISSUER, R.ISSUER, at(99, time=1_000))
    assert parties.has_role(ISSUER, R.ISSUER, at(0, time=1_001))
    assert parties.has_role(ISSUER, R.ISSUER, at(None, time=1_001))


def test_only_party_entries_tell_who_is_who() -> None:
    with pytest.raises(ValueError, match="PARTY"):
        ListedParties([(1, at(1).entry)])
