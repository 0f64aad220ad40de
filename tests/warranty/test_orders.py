"""Terms and orders: what is pinned at the sale, and what may be said of an order afterwards."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provenance.core import terms as rules
from provenance.core.entries import EntryType, SaleReason
from provenance.core.terms import Tier
from provenance.errors import Conflict, CustodyRefused, InputRefused, NotFound
from provenance.services.sale import Order
from provenance.services.warranty.orders import Reported, Warranty
from provenance.services.warranty.terms import TermsTooVague
from provenance.store.warranty_orders import EventKind
from tests.services.custody_world import ISSUER, OTHER_SHOP, SHOP, key_of, order
from tests.warranty.world import DAY, MINUTE, WarrantyTrade, digest, money


def test_published_terms_are_an_entry_and_the_same_again_are_none(trade: WarrantyTrade) -> None:
    first, again = trade.publish(), trade.publish()
    assert first == again
    trade.log.sequence()
    entries = [one for one in trade.history(first) if one.entry.type is EntryType.TERMS]
    assert [one.entry.actor for one in entries] == [SHOP]


def test_vague_terms_are_refused_with_the_sentence_to_write_instead(trade: WarrantyTrade) -> None:
    said = rules.to_json(rules.default_terms(Tier.SELF_OPERATED))
    said["causes"][0]["text"]["zh-CN"] += "质量问题全包，最终解释权归本平台。"
    with pytest.raises(TermsTooVague) as refusal:
        trade.terms.publish(SHOP, json.dumps(said).encode())
    codes = {flaw["code"] for flaw in refusal.value.facts["flaws"]}
    assert {"quality_all_covered", "final_interpretation"} <= codes
    assert all(flaw["write"]["zh-CN"] for flaw in refusal.value.facts["flaws"])


def test_an_order_pins_price_terms_and_buyer_and_its_retry_gets_the_same_order(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish()
    first = trade.buy(key_of(0), terms, number="A-1")
    again = trade.buy(key_of(0), terms, number="A-1")
    assert again.order == first.order
    assert again.sold.token == first.sold.token
    assert again.sold.replayed
    assert first.sold.recorded.entry.reason == SaleReason.UNDER_TERMS
    assert first.order.party == first.sold.recorded.entry.party
    assert first.sold.recorded.details is not None
    assert first.sold.recorded.details["terms"] == terms.hex()


@pytest.mark.parametrize("what", ["price", "terms"])
def test_a_retry_at_another_price_or_under_other_terms_is_refused(trade: WarrantyTrade, what: str) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish()
    changed = rules.default_terms(Tier.SELF_OPERATED)
    other = trade.publish_terms(replace(changed, version=2))
    trade.buy(key_of(0), terms, number="A-1")
    with pytest.raises(Conflict) as refusal:
        if what == "price":
            trade.buy(key_of(0), terms, number="A-1", price="1.00")
        else:
            trade.buy(key_of(0), other, number="A-1")
    assert refusal.value.code == "order_differs"


def test_a_key_that_was_sold_without_terms_gets_none_afterwards(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish()
    trade.selling.sell(SHOP, key_of(0), order("A-1"))
    with pytest.raises(Conflict) as refusal:
        trade.buy(key_of(0), terms, number="A-1")
    assert refusal.value.code == "sold_without_terms"


def test_a_sale_that_is_refused_leaves_no_order(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish()
    first = trade.buy(key_of(0), terms)
    with pytest.raises(CustodyRefused) as refusal:
        trade.buy(key_of(0), terms)
    assert refusal.value.facts["event"] == first.sold.recorded.event.hex()


def test_terms_of_another_platform_cannot_be_sold_under(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish(by=OTHER_SHOP)
    with pytest.raises(NotFound) as refusal:
        trade.buy(key_of(0), terms)
    assert refusal.value.code == "unknown_terms"


def test_a_price_in_another_currency_than_the_terms_is_refused(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish()
    paid = Reported(EventKind.PAID, trade.clock.now(), digest())
    asked = Warranty(terms, replace(money("49.50"), currency="USD"), paid)
    with pytest.raises(InputRefused) as refusal:
        trade.orders.open(SHOP, [key_of(0)], Order("A-1", {}), asked)
    assert refusal.value.code == "currency_mismatch"


@pytest.mark.parametrize(("ago", "code"), [(-MINUTE, "event_in_future"), (DAY + MINUTE, "event_too_old")])
def test_a_payment_from_another_time_is_refused_and_nothing_is_sold(
    trade: WarrantyTrade, ago: int, code: str
) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish()
    with pytest.raises(InputRefused) as refusal:
        trade.buy(key_of(0), terms, paid=ago)
    assert refusal.value.code == code
    trade.buy(key_of(0), terms)


def test_the_first_report_of_an_event_stands(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    opened = trade.buy(key_of(0), trade.publish())
    shop, at = trade.principal(SHOP), trade.clock.now()
    submitted = Reported(EventKind.SUBMITTED, at, digest("receipt"))
    first = trade.orders.report(shop, opened.order.id, submitted)
    assert trade.orders.report(shop, opened.order.id, submitted) == first
    with pytest.raises(Conflict) as refusal:
        trade.orders.report(shop, opened.order.id, replace(submitted, at=at + 1))
    assert refusal.value.code == "event_reported"


def test_only_an_issuer_is_believed_that_a_top_up_arrived(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish()
    sources = []
    for number, who in enumerate((SHOP, ISSUER)):
        opened = trade.buy(key_of(number), terms)
        arrived = Reported(EventKind.ARRIVED, trade.clock.now(), digest())
        sources.append(trade.orders.report(trade.principal(who), opened.order.id, arrived).source)
    assert sources == ["platform", "carrier"]


def test_another_shops_order_is_unknown_to_a_shop(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    opened = trade.buy(key_of(0), trade.publish())
    cancelled = Reported(EventKind.CANCELLED, trade.clock.now(), digest())
    with pytest.raises(NotFound) as refusal:
        trade.orders.report(trade.principal(OTHER_SHOP), opened.order.id, cancelled)
    assert refusal.value.code == "unknown_order"
