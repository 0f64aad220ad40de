"""The warranty over HTTP: terms by hash, orders that pin them, buyers with nothing but a token."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from provenance.services.warranty.riskscore import FEATURES
from tests.api.desk import DAY, SECOND, STRANGERS, Desk, default, digest
from tests.api.test_secrets import everything_stored
from tests.api.world import World, ref


def test_everybody_gets_the_very_bytes_that_have_the_hash(world: World) -> None:
    desk = Desk(world)
    served = world.get(None, f"/terms/{desk.terms}")
    assert hashlib.sha256(served.data).hexdigest() == desk.terms
    assert "immutable" in served.headers["Cache-Control"]
    (listed,) = world.get(None, f"/platforms/{world.shop.hex}/terms").json["terms"]
    assert (listed["hash"], listed["tier"]) == (desk.terms, "self_operated")
    assert set(listed["title"]) == {"zh-CN", "en"}
    assert world.get(None, f"/terms/{digest()}").json["code"] == "unknown_terms"


def test_vague_terms_are_refused_with_the_sentence_to_write_in_both_languages(quick: World) -> None:
    said = default()
    said["causes"][0]["text"]["zh-CN"] += "质量问题全包，最终解释权归本平台。"
    refused = quick.post(quick.shop, "/terms", said, headers={"Accept-Language": "zh-CN"})
    assert (refused.status_code, refused.json["code"]) == (422, "terms_vague")
    flaws = {one["code"]: one for one in refused.json["facts"]["flaws"]}
    assert {"quality_all_covered", "final_interpretation"} <= set(flaws)
    assert all(one["write"]["zh-CN"] and one["write"]["en"] for one in flaws.values())
    assert quick.get(None, f"/platforms/{quick.shop.hex}/terms").json["terms"] == []


def longer_than_the_cover(said: dict[str, Any]) -> None:
    said["causes"][0]["window_s"] = said["cover"]["seconds"] + 1


def negative(said: dict[str, Any]) -> None:
    said["limits"]["automatic_up_to"] = "-1.00"


def of_no_list(said: dict[str, Any]) -> None:
    said["causes"][0]["code"] = "bad_mood"


def unknown_member(said: dict[str, Any]) -> None:
    said["note"] = "see our website"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (longer_than_the_cover, "terms_windows"),
        (negative, "money_negative"),
        (of_no_list, "terms_unknown_cause"),
        (unknown_member, "terms_member"),
    ],
)
def test_terms_that_cannot_hold_are_refused_by_code_and_in_chinese(
    quick: World, change: Any, code: str
) -> None:
    said = default()
    change(said)
    refused = quick.post(quick.shop, "/terms", said, headers={"Accept-Language": "zh-CN"})
    assert (refused.status_code, refused.json["code"]) == (422, code)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in refused.json["detail"])
    assert quick.get(None, f"/platforms/{quick.shop.hex}/terms").json["terms"] == []


def test_an_order_repeated_gets_its_token_again_and_nobody_stored_it(quick: World) -> None:
    desk = Desk(quick)
    paid = {"at": quick.clock.now(), "record": digest()}
    first = desk.sell(0, once="pay-1", paid=paid)
    again = desk.sell(0, once="pay-1", paid=paid)
    assert first.status_code == again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == first.json
    assert first.json["price"] == "49.50"
    token = first.json["order_token"]
    assert token.encode() not in everything_stored(quick)
    assert bytes.fromhex(token) not in everything_stored(quick)
    assert token not in quick.log.getvalue()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"price": "49.5"}, 422, "money_malformed"),
        ({"price": "-1.00"}, 422, "invalid_request"),
        ({"price": "0.00"}, 422, "price_zero"),
        ({"currency": "USD"}, 422, "currency_mismatch"),
        ({"currency": "XXX"}, 422, "currency_unknown"),
        ({"terms": "00" * 32}, 404, "unknown_terms"),
        ({"paid": None}, 422, "payment_missing"),
        ({"paid": {"at": 2_000_000_000_000, "record": "00" * 32}}, 422, "event_in_future"),
        ({"paid": {"at": 1, "record": "00" * 32}}, 422, "event_too_old"),
        ({"any_of": [{"format": "google-play", "text": "A"}]}, 422, "invalid_request"),
        ({"buyer": "Mr Wang"}, 422, "invalid_request"),
    ],
)
def test_an_order_that_cannot_stand_is_refused_and_nothing_is_sold(
    quick: World, changes: dict[str, Any], status: int, code: str
) -> None:
    desk = Desk(quick)
    refused = desk.sell(0, **changes)
    assert (refused.status_code, refused.json["code"]) == (status, code), refused.text
    assert desk.sell(0).status_code == 201


def test_a_buyer_sees_days_cover_clocks_and_what_happened(world: World) -> None:
    desk = Desk(world)
    sold = desk.bought(0)
    (before,) = desk.status(sold["order_token"]).json["orders"]
    assert [clock["cause"] for clock in before["clocks"]] == ["late_delivery"]
    assert before["cover"] == {"from": None, "until": None, "left_ms": None}
    desk.deliver(sold)
    (after,) = desk.status(sold["order_token"]).json["orders"]
    assert after["clocks"] == []
    assert 29 * DAY < after["cover"]["left_ms"] <= 30 * DAY
    assert all(one["in_time"] and one["clause"]["text"]["zh-CN"] for one in after["covered"])
    assert [one["what"] for one in after["timeline"]][-1] == "deliver"
    assert after["order"] == sold["order"]


def test_a_late_order_is_replaced_and_its_key_is_shown_to_the_token_alone(world: World) -> None:
    desk = Desk(world)
    desk.stock(5)
    sold, other = desk.bought(0), desk.bought(1)
    desk.deliver(other)
    desk.tick(301 * SECOND)
    first, replacement = desk.status(sold["order_token"]).json["orders"]
    assert first["claims"][0]["state"] == "remedied"
    assert first["replacement"] == replacement["order"]
    assert (replacement["has_key"], first["has_key"]) == (True, False)
    asked = {"order_token": sold["order_token"], "order": replacement["order"]}
    shown = world.post(None, "/orders/replacement-key", asked, headers={"Idempotency-Key": "show"})
    assert shown.json["serial"] + shown.json["secret"] == desk.keys[5]
    for body in (asked | {"order_token": other["order_token"]}, asked | {"order_token": STRANGERS}):
        refused = world.post(None, "/orders/replacement-key", body)
        assert (refused.status_code, refused.json["code"]) == (404, "unknown_order")
    original = world.post(None, "/orders/replacement-key", asked | {"order": sold["order"]})
    assert original.json["code"] == "no_replacement"
    assert desk.keys[5] not in desk.status(sold["order_token"]).text


def test_an_answer_to_a_look_is_never_an_old_one(quick: World) -> None:
    desk = Desk(quick)
    sold = desk.bought(0)
    body, once = {"order_token": sold["order_token"]}, {"Idempotency-Key": "look"}
    before = quick.post(None, "/orders/status", body, headers=once).json
    desk.deliver(sold)
    after = quick.post(None, "/orders/status", body, headers=once)
    assert "Idempotent-Replayed" not in after.headers
    assert after.json["orders"][0]["cover"] != before["orders"][0]["cover"]


def test_a_strangers_token_learns_nothing_and_pays_like_a_check(sqlite_url: str, tmp_path: Any) -> None:
    world = World(sqlite_url, tmp_path, {"public_checks_per_hour": 4})
    desk = Desk(world)
    sold = desk.bought(0)
    claim = desk.file(sold, "invalid_key").json["claim"]
    answers = [
        desk.status(STRANGERS),
        world.post(None, "/claims", {"order_token": STRANGERS, "order": sold["order"], "causes": ["stolen"]}),
        world.post(None, f"/claims/{claim}/withdraw", {"order_token": STRANGERS}),
        world.post(None, f"/claims/{digest()}/withdraw", {"order_token": STRANGERS}),
    ]
    assert [one.json["code"] for one in answers] == ["unknown_order"] * 2 + ["unknown_claim"] * 2
    hidden = [{name: one.json[name] for name in ("title", "detail", "status")} for one in answers]
    assert hidden[0] == hidden[1]
    assert hidden[2] == hidden[3]
    spent = desk.status(STRANGERS)
    assert (spent.status_code, spent.json["code"]) == (429, "budget_spent")
    assert desk.status(sold["order_token"]).status_code == 200
    world.close()


def test_platform_and_supplier_each_see_their_side(world: World) -> None:
    desk = Desk(world)
    sold = desk.bought(0)
    desk.deliver(sold)
    mine = world.get(world.shop, f"/orders/{sold['order']}").json
    assert mine["price"] == "49.50"
    assert mine["timeline"]
    (listed,) = world.get(world.supplier, "/orders?side=supplier").json["orders"]
    suppliers = world.get(world.supplier, f"/orders/{sold['order']}")
    for told in (listed, suppliers.json):
        assert told["order"] == sold["order"]
        assert not {"price", "payments", "timeline", "order_token", "use", "party"} & set(told)
    assert sold["use"] not in suppliers.text
    for who in (world.other_shop, world.rival):
        assert world.get(who, f"/orders/{sold['order']}").json["code"] == "unknown_order"
        assert world.get(who, "/orders").json["orders"] == []


def test_the_risk_of_an_order_is_told_with_its_reasons_to_its_platform_alone(quick: World) -> None:
    sold = Desk(quick).bought(0)
    told = quick.get(quick.shop, f"/orders/{sold['order']}/risk").json
    assert 0 <= told["points"] <= 100
    assert told["level"] == "low"
    assert {reason["code"] for reason in told["reasons"]} <= set(FEATURES)
    for who in (quick.supplier, quick.other_shop):
        assert quick.get(who, f"/orders/{sold['order']}/risk").json["code"] in (
            "unknown_order",
            "scope_missing",
        )


def test_orders_are_listed_page_by_page_without_a_gap(quick: World) -> None:
    desk = Desk(quick)
    orders = [desk.bought(number)["order"] for number in range(5)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while page := quick.get(quick.shop, "/orders", query_string=query).json["orders"]:
        seen += [one["order"] for one in page]
        query |= {"before_time": page[-1]["created_at"], "before_id": page[-1]["order"]}
    assert seen == orders[::-1]


def test_reports_are_taken_once_and_only_from_the_platform_or_a_carrier(quick: World) -> None:
    desk = Desk(quick)
    sold = desk.bought(0)
    path = f"/orders/{sold['order']}/events"
    body = {"kind": "submitted", "at": quick.clock.now(), "record": digest()}
    first = quick.post(quick.shop, path, body)
    assert (first.status_code, first.json["source"]) == (200, "carrier")
    assert quick.post(quick.shop, path, body).json == first.json
    assert quick.post(quick.shop, path, body | {"record": digest()}).json["code"] == "event_reported"
    assert quick.post(quick.other_shop, path, body).json["code"] == "unknown_order"
    assert quick.post(quick.shop, path, body | {"kind": "paid"}).json["code"] == "invalid_request"
    arrived = quick.post(quick.issuer, path, body | {"kind": "arrived"})
    assert arrived.json["source"] == "carrier"


def test_what_is_overdue_is_in_health_and_metrics(quick: World) -> None:
    desk = Desk(quick)
    desk.bought(0)
    quick.clock.time += 90 * SECOND
    health = quick.get(None, "/health").json
    assert health["warranty"]["orders"]["overdue"] == 1
    assert health["status"] == "degraded"
    assert 'provenance_warranty_overdue{of="orders"} 1.0' in quick.get(None, "/metrics").text
    desk.tick()
    assert quick.get(None, "/health").json["warranty"]["orders"] == {"overdue": 0, "lag_ms": 0}


def test_a_key_sold_without_terms_gets_none_afterwards(quick: World) -> None:
    desk = Desk(quick)
    quick.post(quick.shop, "/keys/sell", {"key": ref(desk.keys[0]), "order": "A-0"})
    assert desk.sell(0).json["code"] == "sold_without_terms"
    desk.bought(1)
    assert desk.sell(1, price="1.00").json["code"] == "order_differs"
