"""Who made an entry erases its details over HTTP; its proof is as good as before and shows them no more."""

from __future__ import annotations

from typing import Any

from provenance.core import canonical
from tests.api.world import World, ref


def proof(world: World, key: str) -> dict[str, Any]:
    made = world.post(world.shop, "/proofs", {"key": ref(key), "details": True})
    assert made.status_code == 201, made.text
    bundle: dict[str, Any] = made.json["bundle"]
    return bundle


def test_a_proof_after_erasure_is_good_and_shows_no_details(world: World) -> None:
    key = world.held_keys(1)[0]
    said = {"key": ref(key), "order": "A-1", "details": {"price": "49.50"}}
    sold = world.post(world.shop, "/keys/sell", said).json
    world.sequence()
    before = proof(world, key)
    path = f"/events/{sold['event']}/details"
    assert world.call(world.rival, "DELETE", path).json["code"] == "not_actor"
    assert world.call(world.shop, "DELETE", path).status_code == 204
    assert world.call(world.shop, "DELETE", path).status_code == 204
    after = proof(world, key)
    assert before["custody"][-1]["details"] is not None
    assert after["custody"][-1]["details"] is None
    assert after["custody"][-1]["entry"] == before["custody"][-1]["entry"]
    assert after["checkpoint"] == before["checkpoint"]
    for bundle in (before, after):
        assert world.services.proofs.check(canonical.encode(bundle)).steps
    assert world.get(world.shop, f"/events/{sold['event']}").json["receipt"]["detail"] is None


def test_only_a_credential_that_may_administer_erases(quick: World) -> None:
    key = quick.held_keys(1)[0]
    said = {"key": ref(key), "order": "A-1", "details": {"price": "49.50"}}
    sold = quick.post(quick.shop, "/keys/sell", said).json
    _, token = quick.services.parties.issue(quick.shop.address, "till", ["sell"])
    assert quick.call(token, "DELETE", f"/events/{sold['event']}/details").json["code"] == "scope_missing"
    assert quick.call(None, "DELETE", f"/events/{sold['event']}/details").status_code == 401
