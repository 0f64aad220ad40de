"""Every event that a verdict, a history or a feed tells bears its bracket, the one that the proof shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.core import canonical
from provenance.core.proofs import Evidence, ReaderContext, verify
from tests.api.world import World, ref
from tests.pages.site import Site


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    made = Site(database_url, tmp_path)
    yield made
    made.close()


def brackets(events: list[dict[str, Any]]) -> list[Any]:
    """What is told of each event's bounds, without the block of the anchor, which no bundle names."""

    def bound(one: dict[str, Any] | None) -> Any:
        return one and (one["kind"], one["number"], one["time"])

    return [(bound(one["after"]), bound(one["before"])) for one in events]


def proven(world: World, place: dict[str, Any]) -> Evidence:
    made = world.post(world.shop, "/proofs", {"key": place})
    assert made.status_code == 201
    return verify(canonical.encode(made.json["bundle"]), ReaderContext())


def test_verdict_history_feed_and_proof_tell_the_same_brackets(site: Site) -> None:
    world = site.world
    key, token = site.bought()
    verdict = world.post(None, "/public/check", {"key": ref(key), "order_token": token}).json
    last = verdict["facts"]["last_event"]
    place = {name: verdict["facts"][name] for name in ("batch", "index")}
    assert (last["type"], last["after"]["kind"], last["before"]["kind"]) == ("DELIVER", "block", "anchor")
    assert last["after"]["time"] * 1000 < last["time"] < last["before"]["time"] * 1000
    assert last["before"]["block"] == site.chain.number
    history = world.get(world.shop, f"/keys/{place['batch']}/{place['index']}").json["custody"]
    assert [one["type"] for one in history] == ["COMMISSION", "TRANSFER", "RECEIVE", "SELL", "DELIVER"]
    assert brackets(history[-1:]) == brackets([last])
    shown = [one.to_json() for one in proven(world, place).timeline]
    assert brackets(history) == brackets(shown)
    assert history[0]["after"] is None, "it stands before the first BEACON"
    feed = {one["event"]: one for one in world.get(world.shop, "/me/events").json["events"]}
    for one in history[1:]:
        alone = world.get(world.shop, f"/events/{one['event']}").json
        assert brackets([feed[one["event"]], alone]) == brackets([one, one])


def test_an_event_that_waits_for_the_log_or_its_anchor_says_so(site: Site) -> None:
    world = site.world
    key, _ = site.bought()
    redeemed = world.post(world.issuer, "/keys/redeem", {"key": ref(key), "reason": 1})
    assert redeemed.status_code == 200, redeemed.text
    ask = {"keys": [ref(key)]}
    (waiting,) = world.post(world.issuer, "/keys/verify", ask).json["verdicts"]
    assert [waiting["facts"]["last_event"][name] for name in ("index", "after", "before")] == [None] * 3
    site.sequence()
    (placed,) = world.post(world.issuer, "/keys/verify", ask).json["verdicts"]
    for told in (placed["facts"]["last_event"], placed["issuer_status"]):
        assert (told["type"], told["after"]["kind"], told["before"]) == ("REDEEM", "block", None)
    strange = world.post(world.rival, "/keys/verify", ask).json["verdicts"][0]
    assert "after" not in json.dumps(strange), "who is not entitled is told no event"


def test_a_refusal_tells_the_bracket_of_the_event_that_stands_in_the_way(site: Site) -> None:
    world = site.world
    key, token = site.bought()
    asked = {"key": ref(key), "order_token": token}
    last = world.post(None, "/public/check", asked).json["facts"]["last_event"]
    again = world.post(world.shop, "/keys/sell", {"key": ref(key), "order": "A-2"})
    several = {"keys": [ref(key), ref(world.held_keys(1)[0])], "order": "A-3"}
    none = world.post(world.shop, "/keys/sell", several)
    some = world.post(world.shop, "/keys/sell", several | {"on_error": "proceed"})
    assert [one.status_code for one in (again, none, some)] == [409, 409, 200]
    told = [again.json["evidence"], none.json["errors"][0]["evidence"]]
    told.append(some.json["results"][0]["error"]["evidence"])
    assert (last["after"]["kind"], last["before"]["kind"]) == ("block", "anchor")
    assert [one["event"] for one in told] == [last["event"]] * 3
    assert brackets(told) == brackets([last] * 3)


def verdicts(world: World, keys: dict[str, Any]) -> list[dict[str, Any]]:
    told = world.post(world.shop, "/keys/verify", keys).json["verdicts"]
    return [one["facts"] for one in told]


def test_many_verdicts_are_bracketed_together(site: Site) -> None:
    world = site.world
    keys = {"keys": [ref(key) for key in world.held_keys(300)]}
    batch = verdicts(world, keys)[0]["batch"]
    assert world.post(world.shop, "/keys/sell", keys | {"order": "A-1"}).status_code == 200
    site.sequence()
    site.anchor(batch)
    events = [one["last_event"] for one in verdicts(world, keys)]
    assert len({one["index"] for one in events}) == 300
    (anchor,) = {one["before"]["number"] for one in events}
    assert anchor > max(one["index"] for one in events)
