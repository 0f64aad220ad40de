"""No card key, order token, seed or credential in a log line, a problem or the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from api.tracing import redact
from tests.api.world import FORMAT, World, ref


def a_busy_day(world: World) -> tuple[list[str], list[str]]:
    """Every kind of call, most of them wrong in some way; the secrets, and what was answered to errors."""
    keys = world.held_keys(4, product="Gift")
    stray = world.fresh_keys(3)
    once = {"Idempotency-Key": "once"}
    staged = world.stage(world.fresh_keys(2), on_error="proceed")
    sold = world.post(world.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A-1"}, headers=once).json
    world.post(world.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A-1"}, headers=once)
    token = sold["order_token"]
    problems = [
        world.post(world.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A-2"}),
        world.post(world.shop, "/keys/sell", {"keys": [ref(key) for key in keys], "order": "A-3"}),
        world.post(world.shop, "/keys/sell", {"key": ref(stray[0]), "order": "A-4"}),
        world.post(world.shop, "/keys/sell", {"key": keys[1], "order": "A-5"}),
        world.post(world.shop, "/keys/sell", {keys[1]: 1}),
        world.post(
            world.shop, "/keys/sell", {"key": {"format": FORMAT, "text": keys[1] + "!"}, "order": "A"}
        ),
        world.post(world.shop, "/keys/sell", {"key": {"format": keys[1], "text": "x"}, "order": "A"}),
        world.post(None, "/keys/redeem", {"key": ref(keys[1]), "order_token": token}),
        world.post(None, "/keys/redeem", {"key": ref(keys[1]), "order_token": token + "0"}),
        world.post(token, "/keys/redeem", {"key": ref(keys[1])}),
        world.post(None, "/public/check", {"key": ref(keys[1] + "0000")}),
        world.stage([keys[0], stray[1], "broken " + stray[2]]),
        world.get(world.shop, f"/keys/{keys[1]}/0"),
        world.get(world.shop, f"/{keys[1]}", query_string={"key": keys[2]}),
        world.get(world.shop, "/me/events", query_string={keys[1]: keys[2], "after_id": token}),
        world.get(world.shop, "/me", headers={"X-Request-Id": keys[1], "traceparent": keys[2]}),
        world.call(
            world.shop, "POST", "/keys/verify", data=keys[1].encode(), content_type="application/json"
        ),
        world.post(world.shop, "/keys/verify", {"key": ref(keys[1])}, headers={"Idempotency-Key": "k" * 300}),
    ]
    secrets = [*keys, *stray, token, sold["use"], staged.json["seed"]]
    secrets += [someone.token for someone in world.parties.values()]
    assert sum(one.status_code >= 400 for one in problems) >= 16
    assert not any(one.status_code >= 500 for one in problems)
    return secrets, [one.text for one in problems]


def everything_stored(world: World) -> bytes:
    path = Path(world.url.removeprefix("sqlite:///"))
    return b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))


def test_secrets_are_neither_logged_nor_stored_nor_repeated_in_problems(quick: World) -> None:
    secrets, problems = a_busy_day(quick)
    quick.sequence()
    stored = everything_stored(quick)
    assert b"cmcc" in stored or FORMAT.encode() in stored  # the search does find what is there
    for secret in secrets:
        assert secret not in quick.log.getvalue()
        assert not any(secret in text for text in problems)
        assert secret.encode() not in stored
        if len(secret) == 64:
            assert bytes.fromhex(secret) not in stored


def test_a_log_line_says_route_status_and_time_and_nothing_of_the_request(quick: World) -> None:
    quick.get(quick.shop, "/events/" + "ab" * 16, query_string={"q": "secret"})
    line = orjson.loads(quick.log.getvalue().splitlines()[-1])
    assert line["route"] == "/v1/events/<event_id>"
    assert (line["status"], line["code"], line["method"]) == (404, "unknown_event", "GET")
    assert set(line) == {
        "code", "credential", "event", "level", "method", "ms", "route", "status", "timestamp", "trace_id",
    }  # fmt: skip


def test_a_well_formed_trace_id_is_taken_over_and_any_other_is_not(quick: World) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    assert quick.get(None, "/nothing", headers=parent).json["trace_id"] == trace
    uuid = "123e4567-e89b-12d3-a456-426614174000"
    assert quick.get(None, "/health", headers={"X-Request-Id": uuid}).headers["X-Request-Id"] == uuid
    for foreign in ("ABCD-EFGH-JKLM-NPQR", "1" * 18, f"00-{'0' * 32}-00f067aa0ba902b7-01"):
        answered = quick.get(None, "/nothing", headers={"X-Request-Id": foreign, "traceparent": foreign})
        assert answered.json["trace_id"] != foreign
        assert len(answered.json["trace_id"]) == 32


def test_free_text_in_a_log_line_is_redacted() -> None:
    line: dict[str, Any] = {
        "note": "got ckp_abcdef-123 and 12345678901234567 and ABCDEFGH12345678",
        "status": 200,
    }
    assert redact(None, "info", line) == {"note": "got [hidden] and [hidden] and [hidden]", "status": 200}
