"""The system notices faults before the buyer complains, and every deadline happens once."""

from __future__ import annotations

import threading

import pytest

from provenance.core.claims import Breach, Origin, Outcome
from provenance.core.entries import EntryType, RedeemReason
from provenance.core.terms import Cause, State
from provenance.services.acts import Act
from provenance.services.lawbook import Handle
from provenance.services.warranty.watch import Watch
from provenance.store import claims as claim_store
from tests.services.custody_world import ISSUER, SHOP, SUPPLIER, key_of
from tests.warranty.world import DAY, HOUR, MINUTE, SECOND, WarrantyTrade, money


@pytest.fixture
def terms(trade: WarrantyTrade) -> bytes:
    trade.batch(16, holder=SHOP)
    return trade.publish()


def test_a_delivery_after_five_minutes_and_a_second_is_noticed_and_one_a_second_earlier_is_not(
    trade: WarrantyTrade, terms: bytes
) -> None:
    early, late = trade.buy(key_of(0), terms), trade.buy(key_of(1), terms)
    trade.tick(299 * SECOND)
    trade.deliver(early)
    trade.tick(2 * SECOND)
    assert trade.claims_on(early) == 0
    kept = trade.claim_of(late)
    assert kept.claim.causes[0] is Cause.LATE_DELIVERY
    assert kept.claim.origin is Origin.DETECTED


def test_a_late_order_is_reissued_from_the_reserve_while_the_buyer_does_nothing(
    trade: WarrantyTrade, terms: bytes
) -> None:
    trade.stock(8, 2)
    opened = trade.buy(key_of(0), terms)
    assert trade.tick(301 * SECOND) == []
    claim = trade.claim_of(opened).claim
    assert claim.state is State.REMEDIED
    assert claim.given is not None
    assert claim.given.goods == money("49.50")
    replacement = trade.replacement(opened)
    assert (replacement.price, replacement.terms) == (opened.order.price, opened.order.terms)
    assert trade.state_of(opened.sold.handle).name == "VOID"
    assert trade.state_of(Handle(opened.sold.handle.batch_id, replacement.idx)).name == "DELIVERED"


def test_without_a_reserve_the_late_order_is_owed_its_price_within_the_half_hour(
    trade: WarrantyTrade, terms: bytes
) -> None:
    opened = trade.buy(key_of(0), terms)
    trade.tick(301 * SECOND)
    kept = trade.claim_of(opened)
    assert kept.claim.state is State.PAYING
    assert kept.claim.owed == money("49.50")
    assert kept.row.due is not None
    assert kept.row.due <= kept.claim.opened_at + 30 * MINUTE + 1


def test_a_payment_that_does_not_come_is_drawn_from_the_bond_and_then_published_as_a_debt(
    trade: WarrantyTrade, terms: bytes
) -> None:
    opened = trade.buy(key_of(0), terms)
    trade.tick(301 * SECOND)
    trade.tick(30 * MINUTE + SECOND)
    kept = trade.claim_of(opened)
    assert kept.claim.state is State.UNPAID
    assert Breach.REMEDY in kept.claim.breaches
    with trade.database.write() as connection:
        assert [task.kind for task in claim_store.open_tasks(connection, ["draw"], 10)] == ["draw"]
    trade.tick(3 * DAY + SECOND)
    assert trade.claim_of(opened).claim.outcome is Outcome.DEBT


def test_a_key_that_the_issuer_saw_used_before_its_sale_is_replaced(
    trade: WarrantyTrade, terms: bytes
) -> None:
    trade.stock(8, 1)
    opened = trade.buy(key_of(0), terms)
    trade.deliver(opened)
    trade.tick()
    used = Act(EntryType.REDEEM, ISSUER, opened.order.party, RedeemReason.USED_BEFORE_SALE)
    trade.custody.act(opened.sold.handle, used)
    trade.tick()
    kept = trade.claim_of(opened)
    assert Cause.DUPLICATE_REDEMPTION in kept.claim.causes or Cause.USED_BEFORE_DELIVERY in kept.claim.causes
    assert kept.claim.state is State.REMEDIED


def test_a_recall_by_the_supplier_reissues_and_the_supplier_answers_for_it(
    trade: WarrantyTrade, terms: bytes
) -> None:
    trade.stock(8, 1)
    opened = trade.buy(key_of(0), terms)
    trade.deliver(opened)
    trade.tick(HOUR)
    trade.recalls.recall(SUPPLIER, opened.sold.handle.batch_id, [(0, 4)], 1)
    trade.tick()
    claim = trade.claim_of(opened).claim
    assert claim.causes == (Cause.RECALLED,)
    assert claim.state is State.REMEDIED
    assert claim.liability is not None
    assert claim.liability.value == "supplier"


def test_the_buyers_own_use_is_no_fault(trade: WarrantyTrade, terms: bytes) -> None:
    opened = trade.buy(key_of(0), terms)
    trade.deliver(opened)
    trade.custody.act_as_buyer(opened.sold.handle, EntryType.REDEEM, opened.sold.token)
    trade.tick(HOUR)
    assert trade.claims_on(opened) == 0


def test_the_sellers_word_that_the_key_was_used_decides_nothing(trade: WarrantyTrade, terms: bytes) -> None:
    opened = trade.buy(key_of(0), terms)
    trade.deliver(opened)
    trade.custody.act(opened.sold.handle, Act(EntryType.REDEEM, SHOP, opened.order.party))
    trade.tick(HOUR)
    assert trade.claims_on(opened) == 0


def test_a_restart_in_the_middle_loses_no_deadline_and_fires_none_twice(
    trade: WarrantyTrade, terms: bytes
) -> None:
    orders = [trade.buy(key_of(number), terms) for number in range(6)]
    trade.tick(299 * SECOND)
    trade.watch = Watch(trade.context)
    trade.tick(2 * SECOND)
    trade.watch = Watch(trade.context)
    trade.tick(HOUR)
    assert [trade.claims_on(one) for one in orders] == [1] * 6
    for one in orders:
        reasons = [stored.entry.reason for stored in trade.history(trade.claim_of(one).claim.claim_id)]
        assert reasons.count(1) == 1


def test_workers_that_beat_together_open_each_claim_once(trade: WarrantyTrade, terms: bytes) -> None:
    trade.stock(8, 4)
    orders = [trade.buy(key_of(number), terms) for number in range(6)]
    trade.log.sequence()
    trade.clock.pass_ms(301 * SECOND)
    troubles: list[str] = []
    workers = [
        threading.Thread(target=lambda: troubles.extend(Watch(trade.context).beat())) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert troubles == []
    trade.tick()
    assert [trade.claims_on(one) for one in orders] == [1] * 6
    states = sorted(trade.claim_of(one).claim.state.value for one in orders)
    assert states == ["paying"] * 2 + ["remedied"] * 4


def test_after_an_outage_over_every_deadline_the_defaults_happen_in_their_order(
    trade: WarrantyTrade, terms: bytes
) -> None:
    opened = trade.buy(key_of(0), terms)
    trade.deliver(opened)
    trade.tick()
    kept = trade.claims.file(opened.sold.token, opened.order.id, (Cause.INVALID_KEY,), [])
    assert kept.claim.state in (State.EVIDENCE, State.REVIEW)
    trade.tick(9 * DAY)
    assert trade.tick(40 * MINUTE) == []
    ended = trade.claim_of(opened).claim
    assert ended.state in (State.UNPAID, State.REJECTED, State.CLOSED)


def test_the_entries_of_a_claim_stand_in_the_log_in_the_order_in_which_they_happened(
    trade: WarrantyTrade, terms: bytes
) -> None:
    trade.stock(8, 1)
    opened = trade.buy(key_of(0), terms)
    trade.tick(301 * SECOND)
    claim = trade.claim_of(opened).claim
    entries = [stored.entry for stored in trade.history(claim.claim_id)]
    assert [entry.type for entry in entries] == [EntryType.CLAIM, EntryType.CLAIM, EntryType.REMEDY]
    times = [entry.time for entry in entries]
    assert times == sorted(set(times))
    assert all(entry.party == SHOP for entry in entries)
