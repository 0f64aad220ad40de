"""A key is named once in a request, however it is spelled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.world import FORMAT, World, ref

ROADS: list[tuple[str, str, dict[str, Any]]] = [
    ("/keys/sell", "keys", {"order": "A"}),
    ("/keys/sell", "any_of", {"order": "A"}),
    ("/keys/sell", "keys", {"order": "A", "on_error": "proceed"}),
    ("/keys/reserve", "keys", {}),
    ("/keys/reserve", "any_of", {}),
    ("/keys/deliver", "keys", {}),
    ("/keys/redeem", "keys", {"on_error": "proceed"}),
    ("/keys/reinstate", "keys", {}),
    ("/keys/void", "keys", {"on_error": "proceed"}),
]


@pytest.mark.parametrize(("path", "member", "more"), ROADS)
@pytest.mark.parametrize("spelling", ["text", "grouped", "parts", "place"])
def test_a_key_named_twice_is_refused_with_its_pointers(
    quick: World, path: str, member: str, more: dict[str, Any], spelling: str
) -> None:
    keys = quick.fresh_keys(3)
    batch = quick.batch(keys, quick.shop, shuffle="false")
    again = {
        "text": ref(keys[0]),
        "grouped": ref("-".join(keys[0][i : i + 4] for i in range(0, len(keys[0]), 4)).lower()),
        "parts": {"format": FORMAT, "secret": keys[0]},
        "place": {"batch": batch, "index": 0},
    }[spelling]
    refused = quick.post(quick.shop, path, {member: [ref(keys[0]), ref(keys[1]), again], **more})
    assert (refused.status_code, refused.json["code"]) == (422, "duplicate_key"), refused.text
    (error,) = refused.json["errors"]
    assert (error["pointer"], error["code"]) == (f"/{member}/2", "duplicate_key")
    assert error["facts"]["first"] == f"/{member}/0"
    verdicts = quick.post(quick.shop, "/keys/verify", {"keys": [ref(key) for key in keys]}).json["verdicts"]
    assert {one["verdict"] for one in verdicts} == {"REGISTERED"}


def test_places_twice_and_keys_of_a_transfer_twice_are_refused(quick: World) -> None:
    keys = quick.fresh_keys(2)
    batch = quick.batch(keys)
    place = {"batch": batch, "index": 1}
    for references in ([place, place], [ref(keys[0]), ref(keys[0])]):
        body = {"recipient": quick.shop.hex, "keys": references}
        refused = quick.post(quick.supplier, "/transfers", body)
        assert (refused.status_code, refused.json["code"]) == (422, "duplicate_key")


def test_a_replacement_is_another_key(quick: World) -> None:
    key = quick.held_keys(1)[0]
    refused = quick.post(quick.shop, "/keys/reissue", {"key": ref(key), "replacement": ref(key)})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/key")


def test_a_check_may_name_a_key_twice(quick: World) -> None:
    key = quick.held_keys(1)[0]
    answered = quick.post(quick.shop, "/keys/verify", {"keys": [ref(key), ref(key)]})
    assert len(answered.json["verdicts"]) == 2
