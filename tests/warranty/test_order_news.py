"""What happens to an order is told once, with its event or not at all, to those whom it concerns."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from provenance.core.entries import EntryType
from provenance.errors import Conflict, CustodyRefused
from provenance.services.acts import Act
from provenance.services.warranty.orders import Reported
from provenance.store import webhook_queue, webhooks
from provenance.store.warranty_orders import EventKind
from provenance.store.webhooks import Endpoint
from tests.services.custody_world import SHOP, SUPPLIER, key_of, order
from tests.warranty.world import SECOND, WarrantyTrade, digest


@pytest.fixture
def terms(trade: WarrantyTrade) -> bytes:
    trade.batch(6, holder=SHOP)
    with trade.database.write() as connection:
        for number, party in enumerate((SHOP, SUPPLIER)):
            endpoint = Endpoint(bytes([number]) * 16, party, "https://a.example/", ("order.*",), b"s", 1)
            webhooks.insert(connection, endpoint)
    return trade.publish()


def told(trade: WarrantyTrade, party: bytes) -> list[tuple[str, dict[str, object]]]:
    """Type and data of everything that a party is told, the oldest first."""
    with trade.database.read() as connection:
        found = webhook_queue.between(connection, [party], 0, 1 << 50, 100)
        messages = [webhook_queue.message(connection, [party], one) for one, _ in found]
    return [(one.type, json.loads(one.body)["data"]) for one in messages if one is not None]


def test_each_event_of_an_order_is_told_once_and_the_supplier_hears_no_payment(
    trade: WarrantyTrade, terms: bytes
) -> None:
    opened = trade.buy(key_of(0), terms, number="A-1", price="49.50")
    assert trade.buy(key_of(0), terms, number="A-1", price="49.50").order == opened.order
    trade.deliver(opened)
    with pytest.raises(CustodyRefused):
        trade.deliver(opened)
    at, shop = trade.clock.now(), trade.principal(SHOP)
    for kind in (EventKind.SUBMITTED, EventKind.ARRIVED):
        reported = Reported(kind, at, digest(kind))
        trade.orders.report(shop, opened.order.id, reported)
        trade.orders.report(shop, opened.order.id, reported)
    with pytest.raises(Conflict):
        trade.orders.report(shop, opened.order.id, Reported(EventKind.ARRIVED, at + 1, digest(1)))
    redeem, undo = (Act(kind, SHOP, opened.order.party) for kind in (EntryType.REDEEM, EntryType.REINSTATE))
    trade.custody.act(opened.sold.handle, redeem)
    trade.custody.act(opened.sold.handle, undo)
    heard = told(trade, SHOP)
    entries = ["opened", "delivered", "redeemed", "reinstated"]
    assert Counter(type for type, _ in heard) == Counter(
        f"order.{one}" for one in (*entries, "paid", "submitted", "arrived")
    )
    assert {data["order"] for _, data in heard} == {opened.order.id.hex()}
    suppliers = told(trade, SUPPLIER)
    assert sorted(type for type, _ in suppliers) == sorted(f"order.{one}" for one in entries)
    assert "49.50" not in json.dumps([heard, suppliers])


def test_a_replacement_is_told_as_an_order_that_replaces_another(trade: WarrantyTrade, terms: bytes) -> None:
    trade.stock(5, 1)
    opened = trade.buy(key_of(0), terms)
    assert trade.tick(301 * SECOND) == []
    replacement = trade.replacement(opened).id.hex()
    heard = [(type, data) for type, data in told(trade, SHOP) if data["order"] == replacement]
    assert sorted(type for type, _ in heard) == ["order.delivered", "order.opened"]
    assert [data["replaces"] for type, data in heard if type == "order.opened"] == [opened.order.id.hex()]


def test_acts_on_keys_without_an_order_are_told_to_nobody(trade: WarrantyTrade, terms: bytes) -> None:
    sold = trade.selling.sell(SHOP, key_of(1), order("B-1"))
    trade.custody.act(key_of(1), Act(EntryType.DELIVER, SHOP, sold.recorded.entry.party))
    assert told(trade, SHOP) == told(trade, SUPPLIER) == []
