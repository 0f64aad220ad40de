"""Packs on each database, and what has to be there before one can be made."""

from __future__ import annotations

import json

from provenance.core.commitments import order_use, use_party
from provenance.core.proofs import ReaderContext, read_bundle, verify
from tests.api.desk import SECOND, Desk
from tests.api.world import World
from tests.pages.complaint import unpacked


def test_a_pack_waits_until_the_sale_is_in_the_log(world: World) -> None:
    desk = Desk(world)
    sold = desk.sell(0).json
    body = {"order_token": sold["order_token"], "order": sold["order"]}
    refused = world.post(None, "/orders/pack", body)
    assert (refused.status_code, refused.json["code"]) == (409, "not_sequenced_yet")
    world.sequence()
    made = world.post(None, "/orders/pack", body)
    assert made.status_code == 200
    assert json.loads(unpacked(made.data)["steps.json"]) == []


def test_the_packs_of_an_order_and_of_what_replaced_it_each_show_the_buyer(world: World) -> None:
    desk = Desk(world)
    desk.stock(5)
    sold = desk.bought(0)
    desk.tick(301 * SECOND)
    first, second = desk.status(sold["order_token"]).json["orders"]
    for order in (first, second):
        body = {"order_token": sold["order_token"], "order": order["order"]}
        made = world.post(None, "/orders/pack", body)
        assert made.status_code == 200, made.text
        proof = unpacked(made.data)["key.provenance.json"]
        verify(proof, ReaderContext())
        bundle = read_bundle(proof)
        assert bundle.key.index == order["key"]["index"]
        assert bundle.key.use is not None
        assert use_party(bundle.key.use) in {one.entry.party for one in bundle.custody}
    token = bytes.fromhex(sold["order_token"])
    place = (bytes.fromhex(second["key"]["batch"]), second["key"]["index"])
    assert bundle.key.use != order_use(token, *place), "a replacement was sold under a token of its own"


def test_twenty_packs_an_hour_are_enough_for_an_order(quick: World) -> None:
    desk = Desk(quick)
    sold, other = desk.sell(0).json, desk.sell(1).json
    codes = []
    for _ in range(21):
        body = {"order_token": sold["order_token"], "order": sold["order"]}
        codes.append(quick.post(None, "/orders/pack", body).json["code"])
    assert codes == ["not_sequenced_yet"] * 20 + ["budget_spent"]
    body = {"order_token": other["order_token"], "order": other["order"]}
    assert quick.post(None, "/orders/pack", body).json["code"] == "not_sequenced_yet"
