"""The whole trade over HTTP: a file, a batch, a hand-over, a sale, a refused second sale, a proof."""

from __future__ import annotations

import gzip

import orjson

from tests.api.world import FORMAT, World, ref


def test_a_file_becomes_a_live_batch(world: World) -> None:
    keys = world.fresh_keys(5)
    staged = world.stage(keys, product="Gift 50", face_value="50.00", max_uses=1)
    assert staged.status_code == 202
    assert staged.json["counts"]["accepted"] == 5
    assert staged.json["manifest"]["size"] == 5
    assert len(staged.json["seed"]) == 64
    signed = world.sign(staged.json)
    assert signed.status_code == 200
    assert signed.json["receipt"]["event"] == signed.json["event"]
    shown = world.get(world.supplier, f"/batches/{staged.json['batch']}").json
    assert (shown["status"], shown["anchor"], shown["details"]["product"]) == ("live", "pending", "Gift 50")


def test_a_packed_csv_and_a_json_list_are_files_too(world: World) -> None:
    first, second = world.fresh_keys(2), world.fresh_keys(2)
    packed = gzip.compress(("code\n" + "\n".join(first)).encode())
    by_csv = world.call(
        world.supplier,
        "POST",
        "/batches",
        data=packed,
        content_type="text/csv",
        query_string={"format": FORMAT},
    )
    by_json = world.post(world.supplier, "/batches", {"format": FORMAT, "keys": second})
    assert (by_csv.status_code, by_json.status_code) == (202, 202), (by_csv.text, by_json.text)


def test_rejected_lines_come_back_with_place_and_code_but_without_the_key(world: World) -> None:
    good, bad = world.fresh_keys(2), "THIS-IS-NOT-A-KEY-AT-ALL!"
    refused = world.stage([good[0], bad, good[1]])
    assert refused.status_code == 422
    assert refused.json["code"] == "lines_rejected"
    assert refused.json["facts"]["rejects"][0]["line"] == 2
    assert bad not in refused.text
    proceeded = world.stage([good[0], bad, good[1]], on_error="proceed")
    assert proceeded.json["counts"]["accepted"] == 2
    listed = world.get(world.supplier, f"/batches/{proceeded.json['batch']}/rejects")
    assert [orjson.loads(line)["line"] for line in listed.data.splitlines()] == [2]
    assert world.get(world.rival, f"/batches/{proceeded.json['batch']}/rejects").status_code == 404


def test_a_staged_batch_can_be_given_up_and_staged_again(world: World) -> None:
    keys = world.fresh_keys(2)
    staged = world.stage(keys).json
    assert world.call(world.supplier, "DELETE", f"/batches/{staged['batch']}").status_code == 204
    assert world.stage(keys).status_code == 202


def test_the_second_sale_in_another_shop_names_the_first(world: World) -> None:
    key = world.held_keys(1)[0]
    sold = world.post(
        world.shop, "/keys/sell", {"key": ref(key), "order": "A-1", "details": {"price": "49.50"}}
    )
    assert sold.status_code == 200, sold.text
    again = world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-2"})
    assert (again.status_code, again.json["code"]) == (409, "sold")
    assert again.json["evidence"]["event"] == sold.json["event"]
    elsewhere = world.post(world.other_shop, "/keys/sell", {"key": ref(key), "order": "B-1"})
    assert elsewhere.status_code == 409
    assert elsewhere.json["code"] in ("sold", "not_holder")
    assert elsewhere.json["evidence"]["event"]


def test_sold_delivered_redeemed_by_the_buyer_and_seen_so(world: World) -> None:
    key = world.held_keys(1)[0]
    sold = world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-1"}).json
    assert world.post(world.shop, "/keys/deliver", {"key": sold["key"]}).status_code == 200
    token = sold["order_token"]
    mine = world.post(None, "/keys/verify", {"key": ref(key), "order_token": token}).json["verdicts"][0]
    assert mine["verdict"] == "SOLD_TO_YOU"
    redeemed = world.post(None, "/keys/redeem", {"key": ref(key), "order_token": token})
    assert redeemed.status_code == 200, redeemed.text
    seen = world.post(world.supplier, "/keys/verify", {"key": ref(key)}).json["verdicts"][0]
    assert seen["verdict"] == "REDEEMED"


def test_a_stranger_learns_nothing_by_trying_tokens(world: World) -> None:
    key = world.held_keys(1)[0]
    world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-1"})
    wrong = {"order_token": "00" * 32}
    known = world.post(None, "/keys/redeem", {"key": ref(key), **wrong})
    unknown = world.post(None, "/keys/redeem", {"key": ref(world.fresh_keys(1)[0]), **wrong})
    assert known.status_code == unknown.status_code == 404
    assert {k: v for k, v in known.json.items() if k != "trace_id"} == {
        k: v for k, v in unknown.json.items() if k != "trace_id"
    }


def test_all_or_nothing_names_every_key_in_the_way(world: World) -> None:
    keys = world.held_keys(3)
    world.post(world.shop, "/keys/sell", {"key": ref(keys[1]), "order": "A-1"})
    together = {"keys": [ref(key) for key in keys], "order": "A-2"}
    refused = world.post(world.shop, "/keys/sell", together)
    assert (refused.status_code, refused.json["code"]) == (409, "not_all_possible")
    assert [one["pointer"] for one in refused.json["errors"]] == ["/keys/1"]
    assert refused.json["errors"][0]["code"] == "sold"
    assert refused.json["errors"][0]["evidence"]["event"]
    proceeded = world.post(world.shop, "/keys/sell", {**together, "on_error": "proceed"}).json["results"]
    assert [one["status"] for one in proceeded] == ["sold", "refused", "sold"]


def test_any_of_takes_the_first_that_can_be_sold(world: World) -> None:
    keys = world.held_keys(2)
    world.post(world.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A-1"})
    body = {"any_of": [ref(key) for key in keys], "order": "A-2"}
    first = world.post(world.shop, "/keys/sell", body)
    assert first.status_code == 200
    assert first.json["key"]["index"] == 1
    assert world.post(world.shop, "/keys/sell", body).json == first.json
    none_left = world.post(world.shop, "/keys/sell", {**body, "order": "A-3"})
    assert [one["pointer"] for one in none_left.json["errors"]] == ["/any_of/0", "/any_of/1"]


def test_a_reservation_keeps_others_out_until_it_is_released(world: World) -> None:
    key = world.held_keys(1)[0]
    held = world.post(world.shop, "/keys/reserve", {"key": ref(key), "ttl_seconds": 120}).json
    refused = world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-1"})
    assert (refused.json["code"], refused.json["evidence"]["until"]) == ("reserved", held["until"])
    longer = world.post(world.shop, "/keys/extend", {"reservation": held["reservation"], "ttl_seconds": 600})
    assert longer.json["until"] > held["until"]
    paid = {"key": ref(key), "order": "A-1", "reservation": held["reservation"]}
    assert world.post(world.shop, "/keys/sell", paid).status_code == 200
    gone = world.post(world.shop, "/keys/release", {"reservation": "00" * 16})
    assert gone.status_code == 404


def test_a_sale_is_undone_once_and_the_next_buyer_is_told(world: World) -> None:
    key = world.held_keys(1)[0]
    world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-1"})
    assert world.post(world.shop, "/keys/reinstate", {"key": ref(key)}).status_code == 200
    seen = world.post(world.shop, "/keys/verify", {"key": ref(key)}).json["verdicts"][0]
    assert seen["verdict"] == "SOLD_BEFORE"


def test_a_recall_of_a_range_voids_what_it_can(world: World) -> None:
    keys = world.fresh_keys(4)
    batch = world.batch(keys, world.shop)
    recalled = world.post(
        world.supplier, "/keys/void", {"range": {"batch": batch, "first": 0, "count": 3}, "reason": 2}
    )
    assert recalled.status_code == 200, recalled.text
    refused = world.post(world.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A-1"})
    assert (refused.status_code, refused.json["code"]) == (409, "void")
    assert world.post(world.shop, "/keys/sell", {"key": ref(keys[3]), "order": "A-1"}).status_code == 200
    foreign = world.post(world.rival, "/keys/void", {"range": {"batch": batch, "first": 0, "count": 2}})
    assert (foreign.status_code, foreign.json["code"]) == (403, "not_supplier")


def test_an_issuer_notes_a_use_before_the_sale_and_a_reissue_names_the_replacement(world: World) -> None:
    keys = world.held_keys(2)
    world.post(world.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A-1"})
    used = world.post(world.issuer, "/keys/redeem", {"key": ref(keys[0]), "reason": 1})
    assert used.status_code == 200, used.text
    reissued = world.post(world.shop, "/keys/reissue", {"key": ref(keys[0]), "replacement": ref(keys[1])})
    assert reissued.status_code == 200, reissued.text
    assert reissued.json["receipt"]["detail"]["value"]["replacement"]["index"] == 1


def test_a_transfer_is_refused_or_withdrawn(world: World) -> None:
    keys = world.fresh_keys(3)
    batch = world.batch(keys)
    body = {"recipient": world.shop.hex, "batch": batch, "ranges": [{"first": 1, "count": 2}]}
    offer = world.post(world.supplier, "/transfers", body).json
    assert world.post(world.other_shop, f"/transfers/{offer['id']}/accept").status_code == 404
    assert world.post(world.supplier, f"/transfers/{offer['id']}/accept").status_code == 403
    assert world.post(world.shop, f"/transfers/{offer['id']}/refuse").json["status"] == "refused"
    by_list = {"recipient": world.shop.hex, "keys": [ref(keys[0]), {"batch": batch, "index": 2}]}
    second = world.post(world.supplier, "/transfers", by_list).json
    assert world.post(world.supplier, f"/transfers/{second['id']}/withdraw").json["status"] == "withdrawn"
    assert len(world.get(world.shop, "/transfers").json["transfers"]) == 2
    foreign = world.post(world.shop, "/transfers", {**body, "recipient": world.other_shop.hex})
    assert (foreign.status_code, foreign.json["code"]) == (409, "not_holder")


def test_custody_is_for_those_entitled(world: World) -> None:
    key = world.held_keys(1)[0]
    sold = world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-1"}).json
    path = f"/keys/{sold['key']['batch']}/{sold['key']['index']}"
    told = world.get(world.supplier, path).json["custody"]
    assert [one["type"] for one in told] == ["COMMISSION", "TRANSFER", "RECEIVE", "SELL"]
    assert world.get(world.other_shop, path).status_code == 404


def test_a_proof_is_made_fetched_again_unopened_and_verified(world: World) -> None:
    key = world.held_keys(1)[0]
    sold = world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-1"}).json
    early = world.post(world.shop, "/proofs", {"key": ref(key)})
    assert (early.status_code, early.json["code"]) == (409, "not_sequenced_yet")
    assert early.headers["Retry-After"]
    world.sequence()
    wish = {"key": ref(key), "order_token": sold["order_token"], "opening": True}
    made = world.post(None, "/proofs", wish)
    assert made.status_code == 201, made.text
    assert made.json["bundle"]["key"]["opening"]["secret"] == key
    checked = world.call(None, "POST", "/proofs/verify", json=made.json["bundle"], headers={})
    assert checked.status_code in (200, 422)
    fetched = world.get(None, f"/proofs/{made.json['id']}.json")
    assert fetched.json["key"]["opening"] is None
    assert key not in fetched.text
    assert fetched.headers["Access-Control-Allow-Origin"] == "*", "a verifier on disk may follow a QR code"
    verified = world.call(None, "POST", "/proofs/verify", data=fetched.data, content_type="application/json")
    assert verified.status_code == 200, verified.text
    assert (verified.json["state"], verified.json["anchoring"]) == ("SOLD", "pending")
    assert world.post(world.other_shop, "/proofs", {"key": ref(key)}).status_code == 404


def test_the_log_is_served_as_tiles(world: World) -> None:
    world.held_keys(1)
    world.sequence()
    checkpoint = world.get(None, "/log/checkpoint")
    size = int(checkpoint.text.splitlines()[1])
    partial = f"{size}" if size < 256 else "255"
    tile = world.get(None, f"/log/tile/0/000.p/{partial}")
    assert len(tile.data) == 32 * int(partial)
    moment, for_ever = "public, max-age=1, must-revalidate", "public, max-age=31536000, immutable"
    assert (checkpoint.headers["Cache-Control"], checkpoint.mimetype) == (moment, "text/plain")
    assert (tile.headers["Cache-Control"], tile.mimetype) == (for_ever, "application/octet-stream")
    bundle = world.get(None, f"/log/tile/entries/000.p/{partial}")
    assert len(bundle.data) == 126 * int(partial)
    assert world.get(None, "/log/entries/0").data == bundle.data[2:126]
    assert world.get(None, f"/log/entries/{size}").status_code == 404
    assert world.get(None, "/log/tile/0/000.p/300").status_code == 404


def test_a_party_sees_everything_done_under_its_name_and_its_receipts_again(world: World) -> None:
    key = world.held_keys(1)[0]
    sold = world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-1"}).json
    feed = world.get(world.shop, "/me/events").json["events"]
    assert feed[-1]["event"] == sold["event"]
    rest = world.get(
        world.shop, "/me/events", query_string={"after_time": feed[0]["time"], "after_id": feed[0]["event"]}
    ).json["events"]
    assert rest == feed[1:]
    mine = world.get(world.shop, f"/events/{sold['event']}").json
    assert mine["receipt"] == sold["receipt"]
    assert mine["index"] is None
    world.sequence()
    theirs = world.get(world.supplier, f"/events/{sold['event']}").json
    assert theirs["index"] is not None
    assert "receipt" not in theirs


def test_both_parties_are_alerted_to_a_key_registered_twice(world: World) -> None:
    keys = world.fresh_keys(2)
    world.batch(keys)
    again = world.stage(keys, world.rival)
    assert again.status_code == 422
    assert again.json["facts"]["counts"]["duplicates"]["other_party"] == 2
    assert world.get(world.supplier, "/me/alerts").json["alerts"]
    assert world.get(world.rival, "/me/alerts").json["alerts"]
