"""What the table of states cannot say: windows, ranges, offers, expiry, succession, order (FORMATS §5)."""

from __future__ import annotations

import dataclasses

import pytest

from provenance.core.custody import MAX_KEY_ENTRIES, accept
from provenance.core.entries import PartyReason, number_party
from provenance.core.lives import BatchFacts, KeyCustody, State
from provenance.core.parties import ListedParties, Step
from provenance.errors import CustodyRefused
from tests.core.law_world import (
    BATCH,
    HEIR,
    ISSUER,
    OPERATOR,
    OTHER_SHOP,
    OTHER_USE,
    SHOP,
    SIZE,
    STRANGER,
    SUPPLIER,
    USE,
    T,
    Tale,
    party_entry,
)  # fmt: skip

WINDOW_MS = 864_000_000


# --- the beginning, and order


def test_the_life_of_a_key_begins_with_its_commission_and_has_no_second() -> None:
    assert Tale().code_of(T.SELL, SUPPLIER, USE) == "commission_first"
    assert Tale().begun().code_of(T.COMMISSION, SUPPLIER, first=0, count=SIZE) == "commission_first"
    tale = Tale().begun()
    assert (tale.key.holder, tale.key.state) == (SUPPLIER, State.REGISTERED)


@pytest.mark.parametrize(("first", "count"), [(0, SIZE - 1), (1, SIZE - 1), (3, 1)])
def test_a_commission_is_of_the_whole_batch(first: int, count: int) -> None:
    assert Tale().code_of(T.COMMISSION, SUPPLIER, first=first, count=count) == "out_of_range"


@pytest.mark.parametrize("actor", [SHOP, OPERATOR, STRANGER])
def test_only_the_manifests_supplier_commissions(actor: bytes) -> None:
    assert Tale().code_of(T.COMMISSION, actor, first=0, count=SIZE) == "not_supplier"


@pytest.mark.parametrize(("first", "count"), [(0, 3), (4, 2), (SIZE - 1, 2), (0, SIZE + 1), (2**32 - 1, 2)])
def test_an_entry_is_about_this_key_and_within_its_batch(first: int, count: int) -> None:
    assert Tale().begun().code_of(T.VOID, SUPPLIER, first=first, count=count) == "out_of_range"


def test_an_entry_on_another_batch_or_of_another_kind_is_not_about_this_key() -> None:
    tale = Tale().begun()
    other = dataclasses.replace(tale.entry(T.VOID, SUPPLIER), subject=b"\xcc" * 32, time=tale.time + 1)
    about_a_party = dataclasses.replace(party_entry(SHOP, 1), time=tale.time + 1)
    for entry in (other, about_a_party):
        with pytest.raises(CustodyRefused) as caught:
            accept(tale.key, Step(999, entry), ListedParties(tale.listed))
        assert caught.value.code == "wrong_subject"


@pytest.mark.parametrize("later_ms", [0, -1, -WINDOW_MS])
def test_times_increase_strictly(later_ms: int) -> None:
    assert Tale().sold().code_of(T.DELIVER, SHOP, USE, later_ms=later_ms) == "time_not_increasing"


@pytest.mark.parametrize("log_index", [0, 103, 104])
def test_log_indices_increase_strictly(log_index: int) -> None:
    tale = Tale().sold()
    assert tale.log_index == 104
    tale.log_index = log_index - 1
    assert tale.code_of(T.DELIVER, SHOP, USE) == "out_of_order"


def test_an_entry_that_waits_for_its_index_follows_one_that_has_it_and_not_the_reverse_in_time() -> None:
    tale = Tale().sold()
    waiting = Step(None, dataclasses.replace(tale.entry(T.DELIVER, SHOP, USE), time=tale.time + 1))
    assert accept(tale.key, waiting, ListedParties(tale.listed)).state is State.DELIVERED
    late = Step(None, dataclasses.replace(waiting.entry, time=tale.time))
    with pytest.raises(CustodyRefused):
        accept(tale.key, late, ListedParties(tale.listed))


def test_a_refused_entry_leaves_the_key_as_it_was() -> None:
    tale = Tale().sold()
    before = dataclasses.replace(tale.key)
    tale.code_of(T.SELL, SHOP, OTHER_USE)
    assert tale.key == before


# --- taking back


@pytest.mark.parametrize(("later_ms", "lawful"), [(1, True), (WINDOW_MS, True), (WINDOW_MS + 1, False)])
def test_a_sale_is_taken_back_within_ten_days_to_the_millisecond(later_ms: int, lawful: bool) -> None:
    tale = Tale().sold()
    if lawful:
        assert tale.happens(T.REINSTATE, SHOP, USE, later_ms=later_ms).key.state is State.REGISTERED
    else:
        assert tale.code_of(T.REINSTATE, SHOP, USE, later_ms=later_ms) == "too_late"


@pytest.mark.parametrize(("later_ms", "lawful"), [(WINDOW_MS, True), (WINDOW_MS + 1, False)])
@pytest.mark.parametrize("actor", [SHOP, USE])
def test_the_window_of_a_redemption_begins_with_the_redemption(
    actor: bytes, later_ms: int, lawful: bool
) -> None:
    tale = Tale().delivered().happens(T.REDEEM, actor, USE, later_ms=5 * WINDOW_MS)
    if lawful:
        assert tale.happens(T.REINSTATE, actor, USE, later_ms=later_ms).key.state is State.DELIVERED
    else:
        assert tale.code_of(T.REINSTATE, actor, USE, later_ms=later_ms) == "too_late"


def test_undoing_a_redemption_does_not_reopen_the_window_of_the_sale() -> None:
    tale = Tale().sold().happens(T.REDEEM, ISSUER, USE, later_ms=WINDOW_MS - 5)
    tale.happens(T.REINSTATE, ISSUER, USE)
    assert tale.key.state is State.SOLD
    assert tale.code_of(T.REINSTATE, SHOP, USE, later_ms=WINDOW_MS) == "too_late"
    tale.happens(T.REINSTATE, SHOP, USE)
    assert tale.key.state is State.REGISTERED


def test_an_act_is_undone_once_but_a_new_one_has_its_own_window() -> None:
    tale = Tale().sold().happens(T.REINSTATE, SHOP, USE)
    assert tale.code_of(T.REINSTATE, SHOP, USE) == "no_such_use"
    tale.happens(T.SELL, SHOP, USE, later_ms=2 * WINDOW_MS)
    tale.happens(T.REINSTATE, SHOP, USE, later_ms=WINDOW_MS)
    tale = Tale().delivered()
    for _ in range(3):
        tale.happens(T.REDEEM, USE, USE, later_ms=2 * WINDOW_MS).happens(T.REINSTATE, USE, USE)
        assert tale.code_of(T.REINSTATE, USE, USE) == "delivered"


def test_a_key_ever_taken_back_says_so_for_ever() -> None:
    tale = Tale().sold()
    assert not tale.key.sold_before
    tale.happens(T.REINSTATE, SHOP, USE)
    assert tale.key.sold_before
    assert tale.happens(T.SELL, SHOP, OTHER_USE).key.sold_before


def test_an_undone_redemption_leaves_no_mark_of_a_sale_before() -> None:
    assert not Tale().at_shop().happens(T.REDEEM, ISSUER).happens(T.REINSTATE, ISSUER).key.sold_before


def test_a_reissued_life_is_never_taken_back() -> None:
    tale = Tale().delivered().happens(T.REDEEM, USE, USE).happens(T.REISSUE, SHOP, USE)
    assert tale.code_of(T.REINSTATE, USE, USE) == "reissued"
    unsold = Tale().at_shop().happens(T.REDEEM, ISSUER).happens(T.REISSUE, SUPPLIER)
    assert unsold.code_of(T.REINSTATE, ISSUER) == "reissued"


def test_a_life_is_reissued_once() -> None:
    tale = Tale().sold().happens(T.VOID, SHOP, USE).happens(T.REISSUE, SUPPLIER, USE)
    assert tale.code_of(T.REISSUE, SHOP, USE) == "reissued"
    unsold = Tale().begun().happens(T.VOID, SUPPLIER).happens(T.REISSUE, SUPPLIER)
    assert unsold.code_of(T.REISSUE, SUPPLIER) == "reissued"


@pytest.mark.parametrize("redeemer", [SHOP, USE, ISSUER])
def test_a_redemption_undone_after_a_recall_leaves_a_void_key(redeemer: bytes) -> None:
    tale = Tale().delivered().happens(T.REDEEM, redeemer, USE)
    tale.happens(T.VOID, SUPPLIER, first=2, count=3)
    assert tale.key.state is State.REDEEMED
    tale.happens(T.REINSTATE, redeemer, USE)
    assert tale.key.state is State.VOID
    assert tale.code_of(T.REDEEM, redeemer, USE) == "void"
    tale.happens(T.REISSUE, SHOP, USE)


def test_the_same_holds_for_a_key_that_was_never_sold() -> None:
    tale = Tale().at_shop().happens(T.REDEEM, ISSUER).happens(T.VOID, SUPPLIER, first=0, count=SIZE)
    assert tale.key.state is State.REDEEMED
    assert tale.happens(T.REINSTATE, ISSUER).key.state is State.VOID
    assert tale.code_of(T.SELL, SHOP, USE) == "void"
    assert tale.code_of(T.REDEEM, ISSUER) == "void"


# --- hand-over


def test_a_receive_answers_the_very_same_range() -> None:
    tale = Tale().begun().happens(T.TRANSFER, SUPPLIER, SHOP, first=1, count=5)
    for first, count in ((1, 4), (2, 4), (1, 6), (3, 1), (0, SIZE)):
        assert tale.code_of(T.RECEIVE, SHOP, SUPPLIER, first=first, count=count) == "no_offer"
    assert tale.code_of(T.RECEIVE, OTHER_SHOP, SUPPLIER, first=1, count=5) == "no_offer"
    assert tale.code_of(T.RECEIVE, SHOP, OTHER_SHOP, first=1, count=5) == "no_offer"
    assert tale.code_of(T.RECEIVE, SUPPLIER, SHOP, first=1, count=5) == "no_offer"
    tale.happens(T.RECEIVE, SHOP, SUPPLIER, first=1, count=5)
    assert tale.key.holder == SHOP


def test_an_offer_is_received_once() -> None:
    tale = Tale().begun().handed_over()
    assert tale.code_of(T.RECEIVE, SHOP, SUPPLIER, first=0, count=SIZE) == "no_offer"


def test_an_offer_lapses_when_the_holder_changes_even_if_the_key_comes_back() -> None:
    tale = Tale().begun().happens(T.TRANSFER, SUPPLIER, OTHER_SHOP, first=2, count=4)
    tale.handed_over().handed_over(to=SUPPLIER, by=SHOP)
    assert tale.key.holder == SUPPLIER
    assert tale.code_of(T.RECEIVE, OTHER_SHOP, SUPPLIER, first=2, count=4) == "no_offer"


def test_an_offer_lapses_when_the_key_is_sold_even_if_the_sale_is_taken_back() -> None:
    tale = Tale().begun().happens(T.TRANSFER, SUPPLIER, SHOP)
    tale.happens(T.SELL, SUPPLIER, USE)
    assert tale.code_of(T.RECEIVE, SHOP, SUPPLIER) == "no_offer"
    tale.happens(T.REINSTATE, SUPPLIER, USE)
    assert tale.code_of(T.RECEIVE, SHOP, SUPPLIER) == "no_offer"


def test_of_several_offers_the_one_that_matches_is_received() -> None:
    tale = Tale().begun()
    tale.happens(T.TRANSFER, SUPPLIER, SHOP, first=0, count=5)
    tale.happens(T.TRANSFER, SUPPLIER, OTHER_SHOP, first=3, count=2)
    tale.happens(T.RECEIVE, OTHER_SHOP, SUPPLIER, first=3, count=2)
    assert tale.key.holder == OTHER_SHOP
    assert tale.code_of(T.TRANSFER, SUPPLIER, SHOP) == "not_holder"


def test_an_offer_names_somebody_else() -> None:
    tale = Tale().begun()
    assert tale.code_of(T.TRANSFER, SUPPLIER, SUPPLIER) == "no_recipient"
    assert tale.code_of(T.TRANSFER, SUPPLIER, bytes(20)) == "no_recipient"


def test_an_offered_key_that_is_recalled_may_still_change_hands() -> None:
    tale = Tale().begun().happens(T.TRANSFER, SUPPLIER, SHOP, first=0, count=SIZE)
    tale.happens(T.VOID, SUPPLIER, first=2, count=2)
    tale.happens(T.RECEIVE, SHOP, SUPPLIER, first=0, count=SIZE)
    assert (tale.key.holder, tale.key.state) == (SHOP, State.VOID)


# --- recall of ranges


def test_a_void_on_a_range_is_for_whoever_may_void_this_key_of_it() -> None:
    tale = Tale().at_shop()
    assert tale.code_of(T.VOID, OTHER_SHOP, first=2, count=3) == "not_entitled"
    assert tale.happens(T.VOID, SHOP, first=2, count=3).key.state is State.VOID
    sold = Tale().sold()
    assert sold.code_of(T.VOID, OTHER_SHOP, first=2, count=3) == "not_entitled"
    assert sold.happens(T.VOID, SHOP, first=2, count=3).key.state is State.VOID


def test_a_void_on_a_range_passes_over_what_is_void_already() -> None:
    tale = Tale().at_shop().happens(T.VOID, SUPPLIER)
    tale.happens(T.VOID, SUPPLIER, first=2, count=3).happens(T.VOID, SUPPLIER, first=3, count=2)
    assert tale.key.state is State.VOID


def test_the_party_of_a_void_on_a_range_does_not_narrow_it() -> None:
    assert Tale().sold().happens(T.VOID, SUPPLIER, OTHER_USE, first=2, count=3).key.state is State.VOID


# --- expiry


@pytest.mark.parametrize(("before_ms", "lawful"), [(1, True), (0, False), (-1, False)])
def test_a_key_is_sold_before_it_expires_to_the_millisecond(before_ms: int, lawful: bool) -> None:
    tale = Tale(expires_at=1_800_000_100).at_shop()
    later = 1_800_000_100_000 - before_ms - tale.time
    if lawful:
        tale.happens(T.SELL, SHOP, USE, later_ms=later)
    else:
        assert tale.code_of(T.SELL, SHOP, USE, later_ms=later) == "expired"


def test_expiry_bars_sales_and_nothing_else() -> None:
    tale = Tale(expires_at=1_800_000_100).sold()
    tale.happens(T.DELIVER, SHOP, USE, later_ms=WINDOW_MS).happens(T.REDEEM, USE, USE)
    tale.happens(T.REINSTATE, USE, USE).happens(T.VOID, SUPPLIER).happens(T.REISSUE, SUPPLIER, USE)
    unsold = Tale(expires_at=1_800_000_100).at_shop().happens(T.REDEEM, ISSUER, later_ms=WINDOW_MS)
    assert unsold.key.state is State.REDEEMED


# --- corrections


def test_a_correction_means_an_earlier_entry_on_this_key_by_its_log_index() -> None:
    tale = Tale().sold()
    assert [step.index for step in tale.key.steps] == [101, 102, 103, 104]
    for number in (0, 100, 105, 106, 2**64 - 1):
        assert tale.code_of(T.CORRECTION, OPERATOR, number_party(number)) == "no_such_entry"
    assert tale.code_of(T.CORRECTION, OPERATOR, b"\x01" + bytes(11) + (104).to_bytes(8)) == "no_such_entry"
    tale.happens(T.CORRECTION, OPERATOR, number_party(104)).happens(T.CORRECTION, SHOP, number_party(104))
    tale.happens(T.CORRECTION, SUPPLIER, number_party(102))
    assert tale.code_of(T.CORRECTION, SHOP, number_party(102)) == "not_entitled"
    assert tale.code_of(T.CORRECTION, USE, number_party(104)) == "not_entitled"
    assert tale.key.state is State.SOLD


def test_a_buyer_corrects_its_own_redemption() -> None:
    tale = Tale().delivered().happens(T.REDEEM, USE, USE)
    tale.happens(T.CORRECTION, USE, number_party(tale.log_index))
    assert tale.key.state is State.REDEEMED


def test_no_correction_means_an_entry_that_has_no_index_yet() -> None:
    facts = BatchFacts(BATCH, SUPPLIER, SIZE, 1, 0)
    tale = Tale()
    commission = Step(None, tale.entry(T.COMMISSION, SUPPLIER, first=0, count=SIZE))
    begun = accept(KeyCustody(facts, 3), commission, ListedParties([]))
    tale.time += 1
    with pytest.raises(CustodyRefused) as caught:
        accept(begun, Step(None, tale.entry(T.CORRECTION, SUPPLIER)), ListedParties([]))
    assert caught.value.code == "no_such_entry"


# --- issuers, suspension, succession


def test_an_issuer_redeems_only_after_its_admission_and_not_while_suspended() -> None:
    tale = Tale().at_shop()
    assert tale.code_of(T.REDEEM, HEIR) == "not_sold"
    tale.party(HEIR, PartyReason.ISSUER).happens(T.REDEEM, HEIR).happens(T.REINSTATE, HEIR)
    tale.party(HEIR, PartyReason.SUSPENDED)
    assert tale.code_of(T.REDEEM, HEIR) == "not_sold"
    tale.party(HEIR, PartyReason.PLATFORM)
    assert tale.code_of(T.REDEEM, HEIR) == "not_sold"
    tale.party(HEIR, PartyReason.ISSUER).happens(T.REDEEM, HEIR)


def test_an_admission_at_a_higher_index_does_not_count() -> None:
    tale = Tale().at_shop()
    tale.listed.append((tale.log_index + 5, party_entry(HEIR, PartyReason.ISSUER)))
    assert tale.code_of(T.REDEEM, HEIR) == "not_sold"


def test_a_successor_stands_for_the_old_address_in_every_row() -> None:
    def succeeded(tale: Tale, old: bytes) -> Tale:
        return tale.party(old, PartyReason.SUCCEEDED, HEIR)

    assert succeeded(Tale().at_shop(), SHOP).code_of(T.SELL, SHOP, USE) == "not_holder"
    succeeded(Tale().at_shop(), SHOP).happens(T.SELL, HEIR, USE)
    assert succeeded(Tale().sold(), SHOP).code_of(T.DELIVER, SHOP, USE) == "not_seller"
    succeeded(Tale().sold(), SHOP).happens(T.DELIVER, HEIR, USE).happens(T.REDEEM, HEIR, USE)
    assert succeeded(Tale().sold(), SHOP).code_of(T.REINSTATE, SHOP, USE) == "not_actor"
    succeeded(Tale().sold(), SHOP).happens(T.REINSTATE, HEIR, USE)
    succeeded(Tale().sold(), SHOP).happens(T.VOID, HEIR, USE).happens(T.REISSUE, HEIR, USE)
    succeeded(Tale().begun(), SUPPLIER).happens(T.VOID, HEIR, first=0, count=SIZE)
    succeeded(Tale(), SUPPLIER).happens(T.COMMISSION, HEIR, first=0, count=SIZE)
    succeeded(Tale().begun(), SUPPLIER).happens(T.CORRECTION, HEIR, number_party(101))
    assert succeeded(Tale().begun(), SUPPLIER).code_of(T.VOID, SUPPLIER) == "not_entitled"


def test_an_offer_outlives_the_succession_of_either_side() -> None:
    offered = Tale().begun().happens(T.TRANSFER, SUPPLIER, SHOP)
    offered.party(SHOP, PartyReason.SUCCEEDED, HEIR)
    assert offered.code_of(T.RECEIVE, SHOP, SUPPLIER) == "no_offer"
    assert offered.happens(T.RECEIVE, HEIR, SUPPLIER).key.holder == HEIR
    for named in (SUPPLIER, HEIR):
        offered = Tale().begun().happens(T.TRANSFER, SUPPLIER, SHOP)
        offered.party(SUPPLIER, PartyReason.SUCCEEDED, HEIR)
        assert offered.happens(T.RECEIVE, SHOP, named).key.holder == SHOP


def test_a_successor_takes_the_roles_and_leaves_the_old_address_none() -> None:
    tale = Tale().sold().party(ISSUER, PartyReason.SUCCEEDED, HEIR)
    assert tale.code_of(T.REDEEM, ISSUER, USE) == "sold"
    tale.happens(T.REDEEM, HEIR, USE)


def test_successions_follow_one_another() -> None:
    tale = Tale().at_shop().party(SHOP, PartyReason.SUCCEEDED, OTHER_SHOP)
    tale.party(OTHER_SHOP, PartyReason.SUCCEEDED, HEIR)
    assert tale.code_of(T.SELL, OTHER_SHOP, USE) == "not_holder"
    tale.happens(T.SELL, HEIR, USE)


# --- the bound on entries


def filled(entries: int, **options: int) -> Tale:
    """A key with *entries* entries on it, most of them corrections."""
    tale = Tale(**options).begun()
    parties = ListedParties(tale.listed)
    while len(tale.key.steps) < entries:
        tale.time += 1
        tale.log_index += 1
        step = tale.step(tale.entry(T.CORRECTION, SUPPLIER, number_party(101)))
        # Straight into the steps: the law has nothing to say about a correction that it was not asked above.
        tale.key = dataclasses.replace(tale.key, steps=(*tale.key.steps, step))
    accept(tale.key, Step(None, dataclasses.replace(step.entry, time=tale.time + 1)), parties)
    return tale


def test_past_five_thousand_entries_a_key_is_neither_sold_nor_offered() -> None:
    assert MAX_KEY_ENTRIES == 5_000
    last = filled(4_999)
    last.happens(T.TRANSFER, SUPPLIER, SHOP)
    assert len(last.key.steps) == 5_000
    assert last.code_of(T.SELL, SUPPLIER, USE) == "too_many_entries"
    assert last.code_of(T.TRANSFER, SUPPLIER, SHOP) == "too_many_entries"
    last.happens(T.RECEIVE, SHOP, SUPPLIER)
    sold = filled(4_999).happens(T.SELL, SUPPLIER, USE)
    sold.happens(T.DELIVER, SUPPLIER, USE).happens(T.REDEEM, USE, USE).happens(T.REINSTATE, USE, USE)
    sold.happens(T.VOID, SUPPLIER).happens(T.REISSUE, SUPPLIER, USE)
    assert sold.key.state is State.VOID
