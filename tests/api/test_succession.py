"""A party that lost its key goes on under another address: everything it did stays its own."""

from __future__ import annotations

from typing import Any

from provenance.core.manifest import sign
from tests.api.world import EVERY_SCOPE, Someone, World, ref


def heir_of(world: World, old: Someone, number: int) -> Someone:
    """The address that stands for *old* from here on, with a credential of its own."""
    heir = Someone(bytes(31) + bytes([number]))
    world.services.parties.succeed(world.operator.address, old.address, heir.address)
    _, heir.token = world.services.parties.issue(heir.address, "test", EVERY_SCOPE)
    return heir


def signature_of(who: Someone, staged: dict[str, Any]) -> dict[str, str]:
    return {"signature": "0x" + sign(who.private_key, bytes.fromhex(staged["digest"])).hex()}


def test_an_heir_finishes_what_was_staged_under_the_old_address(world: World) -> None:
    staged, given_up = world.stage(world.fresh_keys(2)).json, world.stage(world.fresh_keys(2)).json
    signature = signature_of(world.supplier, staged)
    heir = heir_of(world, heir_of(world, world.supplier, 71), 72)
    assert world.get(heir, "/batches").json["batches"] == [given_up["batch"], staged["batch"]]
    second = world.get(heir, "/batches", query_string={"after_batch": given_up["batch"]})
    assert second.json["batches"] == [staged["batch"]]
    assert world.get(heir, f"/batches/{staged['batch']}").json["counts"]["accepted"] == 2
    assert world.get(heir, f"/batches/{staged['batch']}/rejects").status_code == 200
    signed = world.call(heir, "PUT", f"/batches/{staged['batch']}/signature", json=signature)
    assert signed.status_code == 200, signed.text
    shown = world.get(heir, f"/events/{signed.json['event']}").json
    assert (shown["actor"], shown["receipt"]) == (heir.hex, signed.json["receipt"])
    assert world.call(heir, "DELETE", f"/batches/{given_up['batch']}").status_code == 204


def test_a_stranger_finishes_nothing_after_a_succession_either(world: World) -> None:
    staged = world.stage(world.fresh_keys(2)).json
    signature = signature_of(world.supplier, staged)
    heir_of(world, world.supplier, 71)
    path = f"/batches/{staged['batch']}"
    assert world.get(world.rival, "/batches").json["batches"] == []
    assert world.get(world.rival, path).status_code == 404
    assert world.call(world.rival, "PUT", f"{path}/signature", json=signature).status_code == 404
    assert world.call(world.rival, "DELETE", path).status_code == 404


def test_the_heir_of_a_live_batch_sees_all_of_it_and_its_seed_again(quick: World) -> None:
    keys = quick.fresh_keys(2)
    batch = quick.batch(keys)
    heir = heir_of(quick, quick.supplier, 71)
    assert quick.get(heir, f"/batches/{batch}").json["shuffled"] is not None
    assert "shuffled" not in quick.get(quick.rival, f"/batches/{batch}").json
    seed = quick.services.registration.restore_secrets(bytes.fromhex(batch), heir.address)
    assert len(seed) == 32


def test_an_heirs_feeds_go_on_where_the_old_address_stopped(world: World) -> None:
    keys = world.held_keys(2)
    sold = world.post(world.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A-1"}).json
    world.batch(world.fresh_keys(1))
    assert world.stage(world.fresh_keys(1) + keys, world.rival, on_error="proceed").status_code == 202
    shop, supplier = heir_of(world, world.shop, 71), heir_of(world, world.supplier, 72)
    more = world.post(shop, "/keys/sell", {"key": ref(keys[1]), "order": "A-2"})
    assert more.status_code == 200, more.text
    feed = world.get(shop, "/me/events").json["events"]
    assert {sold["event"], more.json["event"]} <= {one["event"] for one in feed}
    assert [one["event"] for one in feed] == _paged(world, shop, 2)
    assert world.get(shop, f"/events/{sold['event']}").json["receipt"] == sold["receipt"]
    assert "receipt" not in world.get(supplier, f"/events/{sold['event']}").json
    told = world.get(supplier, "/me/alerts").json["alerts"]
    assert {one["kind"] for one in told} == {"duplicate_other_party"}


def _paged(world: World, who: Someone, size: int) -> list[str]:
    found: list[str] = []
    place: dict[str, Any] = {}
    while page := world.get(who, "/me/events", query_string={"limit": size, **place}).json["events"]:
        found += [one["event"] for one in page]
        place = {"after_time": page[-1]["time"], "after_id": page[-1]["event"]}
    return found


def test_a_proof_for_an_heir_opens_the_details_of_the_old_addresss_sale(quick: World) -> None:
    key = quick.held_keys(1)[0]
    quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": "A-1", "details": {"price": "49.50"}})
    heir = heir_of(quick, quick.shop, 71)
    quick.sequence()
    made = quick.post(heir, "/proofs", {"key": ref(key), "details": True})
    assert made.status_code in (200, 201), made.text
    assert "49.50" in made.text
    other = quick.post(quick.supplier, "/proofs", {"key": ref(key), "details": True})
    assert other.status_code == made.status_code and "49.50" not in other.text
