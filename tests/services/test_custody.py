"""What may follow what, asked of the services over a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.core.entries import EntryType, PartyReason
from provenance.core.lives import State
from provenance.errors import AccessDenied, Conflict, InputRefused, ManyRefused, NotFound, ProvenanceError
from provenance.services.acts import Act
from provenance.services.lawbook import Handle
from provenance.services.verification import VerdictCode, Viewer
from tests.services.custody_world import (
    ISSUER,
    OPERATOR,
    OTHER_SHOP,
    SHOP,
    SUPPLIER,
    Trade,
    key_of,
    order,
    trade,
)  # fmt: skip

DAY_MS = 86_400_000


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    made.database.dispose()


def code_of(doing: Callable[[], Any]) -> str:
    with pytest.raises(ProvenanceError) as caught:
        doing()
    return caught.value.code


def test_a_key_goes_from_sale_to_redemption_and_the_law_agrees(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    sold = world.selling.sell(SHOP, key_of(3), order())
    world.custody.act(key_of(3), Act(EntryType.DELIVER, SHOP))
    world.custody.act_as_buyer(key_of(3), EntryType.REDEEM, sold.token)
    assert world.replay(batch, 3).state is State.REDEEMED
    assert [s.entry.type.name for s in world.replay(batch, 3).steps] == [
        "COMMISSION", "TRANSFER", "RECEIVE", "SELL", "DELIVER", "REDEEM",
    ]  # fmt: skip


def test_a_second_sale_is_refused_with_the_first_as_evidence(world: Trade) -> None:
    world.batch(holder=SHOP)
    first = world.selling.sell(SHOP, key_of(0), order("A-1"))
    with pytest.raises(ProvenanceError) as caught:
        world.selling.sell(SHOP, key_of(0), order("A-2"))
    assert caught.value.code == "sold"
    assert caught.value.facts["event"] == first.recorded.event.hex()
    assert caught.value.facts["time"] == first.recorded.entry.time


def test_the_same_order_line_gets_the_same_answer_for_ever(world: Trade) -> None:
    world.batch(holder=SHOP)
    first = world.selling.sell(SHOP, key_of(0), order("A-1"))
    world.clock.pass_ms(100 * DAY_MS)
    again = world.selling.sell(SHOP, key_of(0), order("A-1"))
    assert (again.recorded, again.token, again.use) == (first.recorded, first.token, first.use)
    assert again.replayed and not first.replayed


def test_any_of_sells_one_key_for_a_unit_and_another_for_the_next(world: Trade) -> None:
    world.batch(holder=SHOP)
    pool = [key_of(n) for n in range(4)]
    one = world.selling.sell_any(SHOP, pool, order("A-1", unit=1))
    same = world.selling.sell_any(SHOP, list(reversed(pool)), order("A-1", unit=1))
    two = world.selling.sell_any(SHOP, pool, order("A-1", unit=2))
    assert one.handle == same.handle
    assert two.handle != one.handle


def test_all_or_nothing_sells_nothing_and_names_every_key_in_the_way(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(1), order("A-1"))
    with pytest.raises(ManyRefused) as caught:
        world.selling.sell_many(SHOP, [key_of(0), key_of(1), key_of(99), key_of(2)], order("A-2"))
    assert [(at, error.code) for at, error in caught.value.errors] == [(1, "sold"), (2, "unknown")]
    assert world.replay(batch, 0).state is State.REGISTERED
    outcomes = world.selling.sell_many(SHOP, [key_of(0), key_of(1)], order("A-2"), proceed=True)
    assert outcomes[0].sold is not None
    assert outcomes[1].refusal is not None


def test_only_the_holder_sells(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    assert code_of(lambda: world.selling.sell(OTHER_SHOP, key_of(0), order())) == "not_holder"
    assert code_of(lambda: world.selling.sell(SUPPLIER, Handle(batch, 0), order())) == "not_holder"
    assert code_of(lambda: world.selling.sell(SHOP, key_of(77), order())) == "unknown"


def test_a_suspended_party_does_nothing_more(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.parties.suspend(OPERATOR, SHOP, "chargebacks")
    assert code_of(lambda: world.selling.sell(SHOP, key_of(0), order())) == "party_suspended"
    world.clock.pass_ms(1)
    world.parties.admit(OPERATOR, "shop", PartyReason.PLATFORM, address=SHOP)
    world.selling.sell(SHOP, key_of(0), order())


def test_a_reservation_keeps_a_key_for_its_checkout_and_lapses_by_itself(world: Trade) -> None:
    world.batch(holder=SHOP)
    held = world.reserving.reserve(SHOP, [key_of(0)])
    assert code_of(lambda: world.selling.sell(SHOP, key_of(0), order())) == "reserved"
    assert code_of(lambda: world.reserving.reserve(SHOP, [key_of(0)])) == "reserved"
    world.reserving.extend(SHOP, held.id, 60_000)
    world.clock.pass_ms(60_000)
    assert code_of(lambda: world.reserving.extend(SHOP, held.id)) == "reservation_lapsed"
    # A late payment still gets the key if nobody else took it.
    world.selling.sell(SHOP, key_of(0), order(reservation=held.id))
    again = world.reserving.reserve_any(SHOP, [key_of(0), key_of(1)])
    assert again.handles[0].index == 1
    assert world.reserving.release(SHOP, again.id) == 1
    assert code_of(lambda: world.reserving.release(SHOP, again.id)) == "reservation_lapsed"


def test_reserving_many_keys_is_all_or_nothing(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(2), order())
    assert code_of(lambda: world.reserving.reserve(SHOP, [key_of(0), key_of(2)])) == "not_all_possible"
    world.selling.sell(SHOP, key_of(0), order("A-2"))


def test_an_offer_closes_keys_to_sales_until_it_is_settled(world: Trade) -> None:
    batch = world.batch()
    offer = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 3), (5, 1)]).transfer
    assert code_of(lambda: world.selling.sell(SUPPLIER, key_of(5), order())) == "in_transfer"
    world.selling.sell(SUPPLIER, key_of(4), order())
    world.transfers.withdraw(SUPPLIER, offer.id)
    assert code_of(lambda: world.transfers.accept(SHOP, offer.id)) == "transfer_settled"
    world.selling.sell(SUPPLIER, key_of(5), order("A-2"))


def test_accepted_keys_are_the_recipients_and_nobody_elses(world: Trade) -> None:
    batch = world.batch()
    offer = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 3), (5, 1)]).transfer
    world.transfers.accept(SHOP, offer.id)
    for number in (0, 2, 5):
        assert code_of(lambda n=number: world.selling.sell(SUPPLIER, key_of(n), order())) == "not_holder"
        world.selling.sell(SHOP, key_of(number), order(f"A-{number}"))
    assert code_of(lambda: world.selling.sell(SHOP, key_of(3), order())) == "not_holder"
    assert world.replay(batch, 5).holder == SHOP
    assert world.replay(batch, 3).holder == SUPPLIER


def test_an_offer_lapses_after_seven_days(world: Trade) -> None:
    batch = world.batch()
    offer = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 8)]).transfer
    world.clock.pass_ms(7 * DAY_MS)
    assert code_of(lambda: world.transfers.accept(SHOP, offer.id)) == "transfer_lapsed"
    world.selling.sell(SUPPLIER, key_of(1), order())


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([(0, 3), (2, 2)], "ranges_overlap"),
        ([(6, 3)], "range_out_of_bounds"),
        ([(0, 0)], "range_out_of_bounds"),
        ([], "too_many_ranges"),
    ],
)
def test_ranges_that_do_not_fit_are_refused(world: Trade, pieces: list[tuple[int, int]], code: str) -> None:
    batch = world.batch()
    assert code_of(lambda: world.transfers.offer(SUPPLIER, SHOP, batch, pieces)) == code


def test_what_is_sold_void_reserved_or_held_by_another_is_not_offered(world: Trade) -> None:
    batch = world.batch()
    world.selling.sell(SUPPLIER, key_of(0), order())
    world.reserving.reserve(SUPPLIER, [key_of(1)])
    world.custody.act(key_of(2), Act(EntryType.VOID, SUPPLIER))
    for first, code in ((0, "sold"), (1, "reserved"), (2, "void")):
        assert code_of(lambda f=first: world.transfers.offer(SUPPLIER, SHOP, batch, [(f, 2)])) in (
            code,
            "reserved",
            "void",
        )
    assert code_of(lambda: world.transfers.offer(SHOP, OTHER_SHOP, batch, [(4, 2)])) == "not_holder"
    assert code_of(lambda: world.transfers.offer(SUPPLIER, SUPPLIER, batch, [(4, 2)])) == "unknown_recipient"
    assert code_of(lambda: world.transfers.offer(SUPPLIER, SHOP, bytes(32), [(4, 2)])) == "unknown_batch"


def test_keys_are_offered_by_a_list_as_well(world: Trade) -> None:
    batch = world.batch()
    settled = world.transfers.offer_keys(SUPPLIER, SHOP, [key_of(6), key_of(1), key_of(2)])
    assert settled.transfer.ranges == ((1, 2), (6, 1))
    world.transfers.accept(SHOP, settled.transfer.id)
    assert world.replay(batch, 6).holder == SHOP
    assert code_of(lambda: world.transfers.offer_keys(SUPPLIER, SHOP, [key_of(3), key_of(3)])) == (
        "duplicate_index"
    )


def test_a_recall_voids_a_range_but_what_is_redeemed(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    sold = world.selling.sell(SHOP, key_of(1), order())
    world.custody.act(key_of(1), Act(EntryType.DELIVER, SHOP))
    world.custody.act_as_buyer(key_of(1), EntryType.REDEEM, sold.token)
    world.recalls.recall(SUPPLIER, batch, [(0, 4)])
    assert code_of(lambda: world.selling.sell(SHOP, key_of(0), order("A-2"))) == "void"
    assert world.replay(batch, 1).state is State.REDEEMED
    assert world.replay(batch, 3).state is State.VOID
    world.selling.sell(SHOP, key_of(4), order("A-3"))
    # A redemption taken back after a recall leaves a void key.
    world.custody.act_as_buyer(key_of(1), EntryType.REINSTATE, sold.token)
    assert world.replay(batch, 1).state is State.VOID
    assert code_of(lambda: world.recalls.recall(SUPPLIER, batch, [(0, 3)])) == "void"
    assert code_of(lambda: world.recalls.recall(SHOP, batch, [(4, 3)])) == "not_supplier"


def test_a_sale_is_taken_back_within_ten_days_and_leaves_its_mark(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order())
    world.custody.act(key_of(0), Act(EntryType.REINSTATE, SHOP))
    verdict = world.verification.verify(Viewer(world.principal(SHOP)), [key_of(0)])[0]
    assert verdict.code is VerdictCode.SOLD_BEFORE
    world.selling.sell(SHOP, key_of(0), order("A-2"))
    world.clock.pass_ms(10 * DAY_MS + 1_000)
    assert code_of(lambda: world.custody.act(key_of(0), Act(EntryType.REINSTATE, SHOP))) == "too_late"


def test_a_delivered_sale_is_not_taken_back(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order())
    world.custody.act(key_of(0), Act(EntryType.DELIVER, SHOP))
    assert code_of(lambda: world.custody.act(key_of(0), Act(EntryType.REINSTATE, SHOP))) == "delivered"
    assert code_of(lambda: world.custody.act(key_of(0), Act(EntryType.DELIVER, SHOP))) == "delivered"


def test_an_issuer_reports_a_key_used_before_it_was_sold(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    world.custody.act(key_of(0), Act(EntryType.REDEEM, ISSUER, reason=1))
    assert code_of(lambda: world.selling.sell(SHOP, key_of(0), order())) == "redeemed"
    verdict = world.verification.verify(Viewer(world.principal(SHOP)), [key_of(0)])[0]
    assert verdict.code is VerdictCode.REDEEMED
    assert verdict.issuer_status is not None
    assert verdict.issuer_status["used_before_sale"] is True
    assert code_of(lambda: world.custody.act(key_of(1), Act(EntryType.REDEEM, SHOP))) == "not_sold"
    world.custody.act(key_of(0), Act(EntryType.REINSTATE, ISSUER))
    assert world.replay(batch, 0).state is State.REGISTERED


def test_a_shared_key_is_sold_up_to_its_bound_and_no_further(world: Trade) -> None:
    world.batch(size=2, max_uses=3, holder=SHOP)
    sold = [world.selling.sell(SHOP, key_of(0), order(f"A-{n}")) for n in range(3)]
    assert code_of(lambda: world.selling.sell(SHOP, key_of(0), order("A-9"))) == "sold"
    assert code_of(lambda: world.custody.act(key_of(0), Act(EntryType.DELIVER, SHOP))) == "use_needed"
    assert code_of(lambda: world.reserving.reserve(SHOP, [key_of(1)])) == "shared_key"
    use = sold[1].recorded.entry.party
    world.custody.act(key_of(0), Act(EntryType.REINSTATE, SHOP, party=use))
    world.selling.sell(SHOP, key_of(0), order("A-10"))


def test_an_expired_key_is_not_sold_but_a_sold_one_lives_on(world: Trade) -> None:
    ends = world.clock.now() // 1000 + 3600
    world.batch(expires_at=ends, holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order())
    world.clock.pass_ms(3_600_000)
    assert code_of(lambda: world.selling.sell(SHOP, key_of(1), order("A-2"))) == "expired"
    world.custody.act(key_of(0), Act(EntryType.DELIVER, SHOP))


def test_a_successor_sells_what_the_lost_party_held(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order())
    heir = b"\x22" * 20
    world.clock.pass_ms(1)
    world.parties.succeed(OPERATOR, SHOP, heir)
    assert code_of(lambda: world.selling.sell(SHOP, key_of(1), order("A-2"))) == "party_suspended"
    world.selling.sell(heir, key_of(1), order("A-2"))
    world.custody.act(key_of(0), Act(EntryType.DELIVER, heir))
    assert world.replay(batch, 0).state is State.DELIVERED


def test_a_reissue_comes_once_and_ends_the_way_back(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order())
    assert code_of(lambda: world.custody.act(key_of(0), Act(EntryType.REISSUE, SHOP))) == "sold"
    world.custody.act(key_of(0), Act(EntryType.VOID, SHOP))
    world.custody.act(key_of(0), Act(EntryType.REISSUE, SHOP, details={"replacement": "A-1/2"}))
    assert code_of(lambda: world.custody.act(key_of(0), Act(EntryType.REISSUE, SHOP))) == "reissued"


def test_strangers_learn_only_whether_a_key_is_clean(world: Trade) -> None:
    world.batch(holder=SHOP)
    stranger = Viewer(world.principal(OTHER_SHOP))
    sold = world.selling.sell(SHOP, key_of(0), order())
    # The 18-digit secret of this format has just under 60 bits: strangers need an order token.
    answers = world.verification.verify(stranger, [key_of(0), key_of(1), key_of(50)])
    assert {answer.code for answer in answers} == {VerdictCode.TOKEN_NEEDED}
    assert all(answer.facts == {} and answer.registry_status is None for answer in answers)
    buyer = world.verification.verify(Viewer(token=sold.token), [key_of(0)])[0]
    assert buyer.code is VerdictCode.SOLD_TO_YOU
    timeline = world.verification.custody(Viewer(token=sold.token), sold.handle)
    assert timeline[-1]["details"]["order"] == "A-1"
    with pytest.raises(NotFound):
        world.verification.custody(stranger, sold.handle)


def test_credentials_are_issued_revoked_and_expire(world: Trade) -> None:
    credential, token = world.parties.issue(SHOP, "till 1", ["sell"], expires_at=world.clock.now() + 1000)
    principal = world.parties.authenticate(token)
    assert principal.address == SHOP
    assert code_of(lambda: principal.require("register")) == "scope_missing"
    assert code_of(lambda: world.parties.authenticate(token + "x")) == "credential_invalid"
    world.clock.pass_ms(1000)
    assert code_of(lambda: world.parties.authenticate(token)) == "credential_invalid"
    _, other = world.parties.issue(SHOP, "till 2", ["sell"])
    world.parties.revoke(SHOP, world.parties.authenticate(other).credential)
    assert code_of(lambda: world.parties.authenticate(other)) == "credential_invalid"
    assert credential.id not in token
    assert isinstance(AccessDenied("x"), ProvenanceError) and issubclass(Conflict, ProvenanceError)
    assert code_of(lambda: world.parties.issue(SHOP, "x", ["fly"])) == "unknown_scope"
    with pytest.raises(InputRefused):
        world.parties.admit(OPERATOR, "x", PartyReason.SUSPENDED, address=SHOP)


def test_a_key_handed_over_alone_is_still_clean_to_a_stranger(world: Trade, monkeypatch: Any) -> None:
    # The format of these keys is just too weak for strangers; the bound is not what is tested here.
    monkeypatch.setattr("provenance.services.verification.MIN_SECRET_BITS", 1)
    batch = world.batch()
    offered = world.transfers.offer(SUPPLIER, SHOP, batch, [(5, 1)])
    world.transfers.accept(SHOP, offered.transfer.id)
    stranger = Viewer(world.principal(OTHER_SHOP))
    assert world.verification.verify(stranger, [key_of(5)])[0].code is VerdictCode.CLEAN
    world.selling.sell(SHOP, key_of(5), order())
    assert world.verification.verify(stranger, [key_of(5)])[0].code is VerdictCode.NOT_CLEAN


def test_a_sale_that_was_taken_back_is_not_answered_again(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order("A-1"))
    undone = world.custody.act(key_of(0), Act(EntryType.REINSTATE, SHOP))
    world.selling.sell(SHOP, key_of(0), order("A-2"))
    with pytest.raises(ProvenanceError) as caught:
        world.selling.sell(SHOP, key_of(0), order("A-1"))
    assert (caught.value.code, caught.value.facts["event"]) == ("sale_undone", undone.event.hex())


def test_a_redemption_that_was_taken_back_leaves_the_sale_to_be_answered_again(world: Trade) -> None:
    world.batch(holder=SHOP)
    sold = world.selling.sell(SHOP, key_of(0), order("A-1"))
    world.custody.act(key_of(0), Act(EntryType.REDEEM, ISSUER))
    world.custody.act(key_of(0), Act(EntryType.REINSTATE, ISSUER))
    assert world.selling.sell(SHOP, key_of(0), order("A-1")).recorded == sold.recorded
