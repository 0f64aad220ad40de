"""Reserves and recourses over HTTP."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from sqlalchemy import insert

from provenance.core.claims import Posting, PostingKind
from provenance.core.money import Money
from provenance.services.warranty import money, recourses
from provenance.services.warranty.reserves import take
from provenance.store.schema_warranty import claim, warranty_order
from provenance.store.schema_warranty import evidence as evidence_table
from tests.api.world import Someone, World, ref

AMOUNT = Money(4950, "CNY")
PRODUCT = {"product": "Gift 50", "face_value": "50.00", "currency": "CNY"}


def deposit(world: World, keys: list[str], who: Someone | None = None, **more: Any) -> Any:
    return world.post(who or world.shop, "/reserve", {"keys": [ref(key) for key in keys], **more})


def test_keys_are_deposited_listed_and_withdrawn(world: World) -> None:
    keys = world.held_keys(3, **PRODUCT)
    kept = deposit(world, keys)
    assert kept.status_code == 200, kept.text
    assert [one["status"] for one in kept.json["results"]] == ["kept"] * 3
    assert [one["again"] for one in deposit(world, keys).json["results"]] == [True] * 3
    (stock,) = world.get(world.shop, "/reserve").json["products"]
    product = kept.json["results"][0]["product"]
    assert stock == {"id": product, "format": "google-play", **PRODUCT, "free": 3, "taken": 0}
    place = kept.json["results"][1]["key"]
    gone = world.post(world.shop, "/reserve/withdraw", {"keys": [place]})
    assert gone.json == {"withdrawn": [place]}
    assert len(world.post(world.shop, "/reserve/withdraw", {"product": product}).json["withdrawn"]) == 2
    assert world.get(world.shop, "/reserve").json == {"products": []}
    assert world.get(world.other_shop, "/reserve").json == {"products": []}


def test_a_deposit_is_all_or_nothing_or_says_for_each_why(world: World) -> None:
    mine = world.held_keys(2)
    sold = world.held_keys(1)[0]
    world.post(world.shop, "/keys/sell", {"key": ref(sold), "order": "A"})
    refused = deposit(world, [mine[0], sold])
    assert (refused.status_code, refused.json["code"]) == (409, "not_all_possible")
    assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [("/keys/1", "sold")]
    assert world.get(world.shop, "/reserve").json == {"products": []}
    results = deposit(world, [mine[0], sold], on_error="proceed").json["results"]
    assert [one["status"] for one in results] == ["kept", "refused"]
    assert results[1]["error"]["code"] == "sold"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"keys": []}, {"keys": [{"batch": "00" * 32, "index": 0}]}, {"keys": [ref("K1")] * 1_001},
        {"keys": "x"}, {"keys": [ref("K1")], "owner": "me"},
    ],
)  # fmt: skip
def test_a_deposit_out_of_form_is_refused(quick: World, body: Any) -> None:
    answered = quick.post(quick.shop, "/reserve", body)
    assert (answered.status_code, answered.json["code"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    "body", [{}, {"product": "00" * 32, "keys": [{"batch": "00" * 32, "index": 0}]}, {"product": "x"},
             {"keys": [{"batch": "00" * 32, "index": 0}], "count": 1}, {"product": "00" * 32, "count": 0}]
)  # fmt: skip
def test_a_withdrawal_out_of_form_is_refused(quick: World, body: Any) -> None:
    answered = quick.post(quick.shop, "/reserve/withdraw", body)
    assert (answered.status_code, answered.json["code"]) == (422, "invalid_request")


def test_one_key_named_twice_and_keys_that_cannot_be_read_are_pointed_at(quick: World) -> None:
    key = quick.held_keys(1)[0]
    twice = deposit(quick, [key, key.lower()])
    assert (twice.status_code, twice.json["code"]) == (422, "duplicate_key")
    unreadable = deposit(quick, [key, "no key!"])
    assert unreadable.json["errors"][0]["pointer"] == "/keys/1"
    assert quick.get(quick.shop, "/reserve").json == {"products": []}


def test_no_key_of_a_reserve_reaches_an_answer_or_the_log(quick: World) -> None:
    keys = quick.held_keys(2)
    said = deposit(quick, [keys[0]]).text + deposit(quick, [keys[1], quick.fresh_keys(1)[0]]).text
    said += quick.get(quick.shop, "/reserve").text + quick.log.getvalue()
    assert not any(key in said for key in keys)


def test_guesses_by_deposits_cost_what_other_guesses_cost(quick: World) -> None:
    for _ in range(2):
        assert deposit(quick, quick.fresh_keys(100), on_error="proceed").status_code == 200
    last = deposit(quick, quick.fresh_keys(150), on_error="proceed").json["results"]
    told = [one["error"]["code"] for one in last]
    assert (told.count("unknown"), told.count("budget_spent")) == (100, 50)


def test_what_was_taken_is_counted(world: World) -> None:
    product = bytes.fromhex(deposit(world, world.held_keys(2)).json["results"][0]["product"])
    with world.database.write() as connection:
        now = world.clock.now()
        assert take(world.context, connection, [world.shop.address], product, bytes(32), now)
    (stock,) = world.get(world.shop, "/reserve").json["products"]
    assert (stock["free"], stock["taken"]) == (1, 1)


def asked(world: World) -> str:
    """A recourse of the shop against the supplier; its claim's id."""
    order_id, claim_id = secrets.token_bytes(32), secrets.token_bytes(32)
    shop, supplier, now = world.shop.address, world.supplier.address, world.clock.now()
    with world.database.write() as connection:
        connection.execute(
            insert(warranty_order),
            {
                "id": order_id, "platform": shop, "seller": shop, "supplier": supplier, "batch": 1,
                "idx": now, "party": bytes(20), "sell": bytes(16), "token": bytes(32), "price": AMOUNT.minor,
                "currency": "CNY", "terms": bytes(32), "product": bytes(32), "created_at": now,
            },
        )  # fmt: skip
        connection.execute(
            insert(claim),
            {
                "id": claim_id, "order": order_id, "platform": shop, "state": "closed", "causes": "x",
                "origin": "filed", "outcome": "refunded", "opened_at": now, "last_time": now, "version": 1,
                "value": "{}",
            },
        )  # fmt: skip
        given = [
            Posting(PostingKind.PAID, AMOUNT, now),
            Posting(PostingKind.REFUNDED, AMOUNT, now, claim_id),
        ]
        money.post(world.context, connection, order_id, AMOUNT, given)
        recourses.open_(connection, claim_id, order_id, supplier, shop, AMOUNT, now)
    return claim_id.hex()


def test_a_recourse_is_accepted_and_settled(world: World) -> None:
    claim_id = asked(world)
    (shown,) = world.get(world.supplier, "/recourses").json["recourses"]
    assert (shown["claim"], shown["state"], shown["amount"]) == (claim_id, "asked", "49.50")
    assert world.get(world.other_shop, "/recourses").json == {"recourses": []}
    assert world.get(world.other_shop, f"/recourses/{claim_id}").json["code"] == "unknown_recourse"
    path = f"/recourses/{claim_id}"
    assert world.post(world.rival, f"{path}/accept").status_code == 404
    assert world.post(world.supplier, f"{path}/accept").json["state"] == "charged"
    wrong = world.post(world.shop, f"{path}/settle", {"amount": "49.49", "currency": "CNY"})
    assert (wrong.status_code, wrong.json["code"]) == (409, "payment_mismatch")
    settled = world.post(world.shop, f"{path}/settle", {"amount": "49.50", "currency": "CNY"})
    assert (settled.json["state"], settled.json["due"]) == ("settled", None)
    page = {"after_time": shown["since"], "after_claim": claim_id}
    (moved,) = world.get(world.shop, "/recourses", query_string=page).json["recourses"]
    assert moved["state"] == "settled"
    again = world.post(world.shop, f"{path}/settle", {"amount": "49.50", "currency": "CNY"})
    assert (again.status_code, again.json["code"]) == (409, "not_in_this_state")


def disputed(world: World) -> str:
    """The path of a recourse that the supplier disputes."""
    claim_id = asked(world)
    order_id = bytes.fromhex(world.get(world.shop, f"/recourses/{claim_id}").json["order"])
    values = {
        "order": order_id, "digest": b"d" * 32, "type": "issuer_answer", "source": "issuer",
        "by": world.supplier.address, "at": 5, "media": "text/plain", "size": 1, "file": "f", "key": b"k",
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(evidence_table), values)
    path = f"/recourses/{claim_id}"
    moved = world.post(world.supplier, f"{path}/dispute", {"evidence": [(b"d" * 32).hex()]})
    assert moved.json["state"] == "disputed"
    assert moved.json["evidence"][0]["digest"] == (b"d" * 32).hex()
    return path


def test_a_reviewer_of_neither_side_rules(world: World) -> None:
    path = disputed(world)
    for who, code in ((world.shop, "reviewer_conflict"), (world.issuer, None)):
        credential, token = world.services.parties.issue(who.address, "judge", ["review"])
        stranger = world.post(token, f"{path}/rule", {"for_supplier": True})
        assert (stranger.status_code, stranger.json["code"]) == (403, "not_reviewer")
        world.services.reviewers.add(credential.id, f"judge-{code}")
        ruled = world.post(token, f"{path}/rule", {"for_supplier": True})
        assert ruled.json.get("code") == code, ruled.text
    assert world.get(world.supplier, path).json["state"] == "waived"


@pytest.mark.parametrize(
    ("evidence", "status", "code"),
    [
        ([], 409, "recourse_without_evidence"),
        (["00" * 32], 404, "unknown_evidence"),
        (["00" * 32] * 17, 422, "invalid_request"),
        (["0"], 422, "invalid_request"),
    ],
)
def test_a_dispute_needs_evidence_of_the_order(
    quick: World, evidence: list[str], status: int, code: str
) -> None:
    path = f"/recourses/{asked(quick)}"
    answered = quick.post(quick.supplier, f"{path}/dispute", {"evidence": evidence})
    assert (answered.status_code, answered.json["code"]) == (status, code)
    assert quick.get(quick.shop, path).json["state"] == "asked"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"amount": "49.5", "currency": "CNY"}, "money_malformed"),
        ({"amount": "49.50", "currency": "XXX"}, "currency_unknown"),
        ({"amount": "-1.00", "currency": "CNY"}, "invalid_request"),
        ({"amount": 49.5, "currency": "CNY"}, "invalid_request"),
    ],
)
def test_an_amount_has_one_spelling(quick: World, body: Any, code: str) -> None:
    claim_id = asked(quick)
    quick.post(quick.supplier, f"/recourses/{claim_id}/accept")
    answered = quick.post(quick.shop, f"/recourses/{claim_id}/settle", body)
    assert (answered.status_code, answered.json["code"]) == (422, code)
