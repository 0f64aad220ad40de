"""Budgets: of a credential, of a stranger's address, of guesses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.limits import LIMITER, RateLimiter
from provenance.errors import LimitReached
from provenance.services.budgets import CREDENTIAL_MISSES, Allowance
from tests.api.world import EVERY_SCOPE, World, ref


@pytest.fixture
def tight(database_url: str, tmp_path: Path) -> Iterator[World]:
    options = {
        "requests_per_minute": 60,
        "api_workers": 2,
        "public_checks_per_hour": 12,
        "trusted_proxies": 1,
    }
    made = World(database_url, tmp_path, options)
    yield made
    made.close()


def test_a_limiter_gives_its_minute_at_once_and_then_one_by_one() -> None:
    now = [0.0]
    limiter = RateLimiter(6, clock=lambda: now[0])
    assert [limiter.take("a").remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    with pytest.raises(LimitReached) as refused:
        limiter.take("a")
    assert refused.value.facts["retry_after"] == 11
    assert limiter.take("b").remaining == 5
    now[0] = 10.0
    assert limiter.take("a").remaining == 0
    with pytest.raises(LimitReached):
        limiter.take("a")


def test_a_credential_past_its_rate_is_429_and_told_before(tight: World) -> None:
    _, token = tight.services.parties.issue(tight.shop.address, "x", ["read"])
    first = tight.get(token, "/me")
    assert (first.headers["RateLimit-Limit"], first.headers["RateLimit-Remaining"]) == ("30", "29")
    statuses = [tight.get(token, "/me").status_code for _ in range(40)]
    assert statuses.count(200) in (29, 30)
    refused = tight.get(token, "/me")
    assert (refused.status_code, refused.json["code"]) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) >= 1
    assert tight.get(tight.other_shop, "/me").status_code == 200


def check(world: World, key: str, address: str = "203.0.113.7") -> tuple[int, str]:
    answered = world.post(None, "/public/check", {"key": ref(key)}, headers={"X-Forwarded-For": address})
    return answered.status_code, answered.json.get("verdict") or answered.json["code"]


def test_strangers_get_three_answers_of_one_size(tight: World) -> None:
    keys = tight.fresh_keys(2)
    tight.batch(keys, tight.shop)
    tight.post(tight.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A"})
    asked = [keys[0], keys[1], tight.fresh_keys(1)[0]]
    answers = [tight.post(None, "/public/check", {"key": ref(key)}) for key in asked]
    assert [one.json["verdict"] for one in answers] == ["NOT_CLEAN", "CLEAN", "UNKNOWN"]
    assert len({len(one.data) for one in answers}) == 1
    assert {tuple(sorted(one.json)) for one in answers} == {("pad", "verdict")}


def test_formats_with_short_secrets_need_the_order_token(tight: World) -> None:
    strong = {"format": "jd-ecard", "text": "0123456789ABCDEF"}
    weak = {"format": "cmcc-national", "serial": "1" * 17, "secret": "2" * 18}
    answered = [tight.post(None, "/public/check", {"key": key}) for key in (strong, weak)]
    assert [one.json.get("verdict") for one in answered] == ["UNKNOWN", "TOKEN_NEEDED"]
    assert len({len(one.data) for one in answered}) == 1


def test_an_address_has_a_budget_and_another_its_own(tight: World) -> None:
    key = tight.held_keys(1)[0]
    found = [check(tight, key)[0] for _ in range(14)]
    assert (found.count(200), found[-1]) == (12, 429)
    assert check(tight, key, "203.0.113.8")[0] == 200
    tight.clock.time += 3_600_000 // 12
    assert check(tight, key)[0] == 200


def test_misses_spend_another_budget_far_sooner(tight: World) -> None:
    found = [check(tight, key) for key in tight.fresh_keys(5)]
    assert found[:3] == [(200, "UNKNOWN")] * 3
    assert found[3] == (429, "budget_spent")
    # Hit or miss, the answer is then withheld alike.
    assert check(tight, tight.held_keys(1)[0]) == (429, "budget_spent")


def test_what_stands_left_of_the_trusted_proxy_is_not_believed(tight: World) -> None:
    key = tight.held_keys(1)[0]
    for number in range(12):
        check(tight, key, f"198.51.100.{number}, 203.0.113.9")
    assert check(tight, key, "198.51.100.99, 203.0.113.9")[0] == 429


def test_one_subscriber_of_ipv6_is_one_budget(tight: World) -> None:
    key = tight.held_keys(1)[0]
    for number in range(12):
        check(tight, key, f"2001:db8:1:2::{number:x}")
    assert check(tight, key, "2001:db8:1:2:ffff::1")[0] == 429
    assert check(tight, key, "2001:db8:1:3::1")[0] == 200


def test_a_party_that_guesses_runs_out_of_misses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.views.verify.CREDENTIAL_MISSES", Allowance("credential-miss", 10))
    body = {"keys": [ref(key) for key in world.fresh_keys(10)]}
    assert world.post(world.other_shop, "/keys/verify", body).status_code == 200
    held = world.held_keys(1)[0]
    assert world.post(world.other_shop, "/keys/verify", {"key": ref(held)}).json["code"] == "budget_spent"
    # What one is entitled to know costs nothing.
    assert world.post(world.shop, "/keys/verify", {"key": ref(held)}).status_code == 200


def test_guessing_by_acts_is_charged_and_barred(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.guessing.CREDENTIAL_MISSES", Allowance("credential-miss", 10))
    guesses = {"keys": [ref(key) for key in world.fresh_keys(9)], "order": "A", "on_error": "proceed"}
    refused = world.post(world.other_shop, "/keys/sell", guesses).json["results"]
    assert {one["error"]["code"] for one in refused} == {"unknown"}
    last = world.post(world.other_shop, "/keys/deliver", {"key": ref(world.fresh_keys(1)[0])})
    assert (last.status_code, last.json["code"]) == (404, "unknown")
    barred = world.post(world.other_shop, "/keys/verify", {"key": ref(world.held_keys(1)[0])})
    assert (barred.status_code, barred.json["code"]) == (429, "rate_limited")
    assert int(barred.headers["Retry-After"]) > 60
    assert world.get(world.shop, "/me").status_code == 200


def test_budgets_are_shared_exact_and_forgotten_when_whole(world: World) -> None:
    budgets, five = world.services.budgets, Allowance("five", 5)
    budgets.spend(five, "someone", 3)
    with pytest.raises(LimitReached):
        budgets.spend(five, "someone", 3)
    budgets.spend(five, "someone", 2)
    with pytest.raises(LimitReached) as refused:
        budgets.require(five, "someone")
    assert 0 < refused.value.facts["retry_after"] <= 720
    budgets.debit(five, "someone", 5)
    world.clock.time += 3_600_000
    with pytest.raises(LimitReached):
        budgets.require(five, "someone")
    world.clock.time += 7_200_000
    budgets.require(five, "someone")
    assert budgets.purge() == 1


def informative(response: Any) -> int:
    """How many keys an answer says something about."""
    if response.status_code == 429:
        return 0
    results = response.json.get("results")
    if results is None:
        return 1
    return sum(one["error"]["code"] != "budget_spent" for one in results)


def test_five_thousand_guesses_by_sales_learn_no_more_than_the_budget(world: World) -> None:
    registered = world.held_keys(200)
    told, barred = 0, 0
    for start in range(5):
        guesses = [*registered[start * 40 : start * 40 + 40], *world.fresh_keys(960)]
        body = {"keys": [ref(key) for key in guesses], "order": "A", "on_error": "proceed"}
        answered = world.post(world.other_shop, "/keys/sell", body)
        told += informative(answered)
        barred += answered.status_code == 429
    assert CREDENTIAL_MISSES.count <= told <= CREDENTIAL_MISSES.count + 5
    assert barred == 4
    # The holder of those keys is not hindered.
    assert world.post(world.shop, "/keys/sell", {"key": ref(registered[0]), "order": "A"}).status_code == 200


def fresh_token(world: World) -> str:
    """A credential of the other shop that no process has barred yet."""
    _, token = world.services.parties.issue(world.other_shop.address, "x", EVERY_SCOPE)
    return token


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/keys/sell", {"order": "A"}),
        ("/keys/reserve", {}),
        ("/keys/deliver", {}),
        ("/keys/redeem", {}),
        ("/keys/void", {}),
        ("/transfers", {"recipient": None}),
    ],
)
def test_a_refusal_about_another_shops_key_costs_by_every_road(
    quick: World, monkeypatch: pytest.MonkeyPatch, path: str, more: dict[str, Any]
) -> None:
    monkeypatch.setattr("api.guessing.CREDENTIAL_MISSES", Allowance("credential-miss", 3))
    keys = quick.held_keys(4)
    if "recipient" in more:
        more = {"recipient": quick.issuer.hex}
    for spent in range(3):
        refused = quick.post(fresh_token(quick), path, {"keys": [ref(keys[spent])], **more})
        assert refused.status_code in (403, 404, 409, 422), refused.text
        assert refused.json["code"] != "invalid_request", refused.text
    withheld = quick.post(fresh_token(quick), path, {"keys": [ref(keys[3])], **more})
    unknown = quick.post(fresh_token(quick), path, {"keys": [ref(quick.fresh_keys(1)[0])], **more})
    assert (withheld.status_code, withheld.json["code"]) == (429, "budget_spent")
    assert unknown.status_code == 429


def test_places_are_charged_like_keys_and_another_credential_has_no_budget_of_its_own(
    quick: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.guessing.CREDENTIAL_MISSES", Allowance("credential-miss", 2))
    batch = quick.batch(quick.fresh_keys(2), quick.shop)
    for index, code in ((1, "not_holder"), (2, "unknown")):
        body = {"key": {"batch": batch, "index": index}, "order": "A"}
        assert quick.post(quick.other_shop, "/keys/sell", body).json["code"] == code
    _, second = quick.services.parties.issue(quick.other_shop.address, "x", ["sell"])
    again = quick.post(second, "/keys/sell", {"key": {"batch": batch, "index": 0}, "order": "A"})
    assert (again.status_code, again.json["code"]) == (429, "budget_spent")


def test_refusals_about_ones_own_keys_cost_nothing(quick: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.guessing.CREDENTIAL_MISSES", Allowance("credential-miss", 1))
    key = quick.held_keys(1)[0]
    quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": "A"})
    for number in range(5):
        again = quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": f"B-{number}"})
        assert (again.status_code, again.json["code"]) == (409, "sold")


def test_what_was_withheld_is_not_told_by_the_same_request_again(
    quick: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.guessing.CREDENTIAL_MISSES", Allowance("credential-miss", 1))
    quick.batch(own := quick.fresh_keys(1), quick.other_shop)
    keys = [*own, *quick.held_keys(2)]
    body = {"keys": [ref(key) for key in keys], "order": "A", "on_error": "proceed"}
    header = {"Idempotency-Key": "once"}
    first = quick.post(quick.other_shop, "/keys/sell", body, headers=header)
    assert [one.get("error", {}).get("code") for one in first.json["results"]] == [
        None, "not_holder", "budget_spent",
    ]  # fmt: skip
    monkeypatch.setattr(quick.app.extensions[LIMITER], "_clock", lambda: 1e9)
    assert quick.post(quick.other_shop, "/keys/sell", body, headers=header).data == first.data
