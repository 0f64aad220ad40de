"""Verify and sell in front of the framework: the same requests through both ways give the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.asgi import front_over
from api.front.hot import HotRoutes
from api.front.together import Together
from api.tracing import make_logger
from provenance.errors import LimitReached
from tests.api.asgi import Answered, posted, until
from tests.api.world import Someone, World, ref

TRACE = "d" * 32
VARYING = {"ratelimit-remaining", "ratelimit-reset"}
"""Both ways count: the second request leaves less."""


def through_front(world: World, *asked: tuple[str, bytes, str | None, dict[str, str]]) -> list[Answered]:
    """The answers of the front to requests that come at the same time."""

    async def work() -> list[Answered]:
        front = front_over(world.services, logger=make_logger(world.log))
        callers = [
            posted("/v1" + path, body, token, **{"X-Request-Id": TRACE} | more)
            for path, body, token, more in asked
        ]
        answers = await asyncio.gather(*(one.call(front) for one in callers))
        front.close()
        return list(answers)

    return asyncio.run(work())


def asked(world: World, who: Someone | None, path: str, body: Any, **more: str) -> Answered:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return through_front(world, (path, raw, who and who.token, more))[0]


def stable(body: bytes) -> Any:
    """An answer without what is drawn afresh for each sale."""
    told = orjson.loads(body)
    if "receipt" in told:
        return sorted(told), sorted(told["receipt"]), told["key"]
    return told


Make = Callable[[World], tuple[Someone | None, Any, dict[str, str]]]


def key(world: World, state: str) -> dict[str, Any]:
    """A key that the shop holds, in some state."""
    # Of two: a batch of one key is handed over as that key, which is then touched, and its sale not plain.
    text = world.held_keys(2)[0]
    if state in ("sold", "delivered"):
        assert world.post(world.shop, "/keys/sell", {"key": ref(text), "order": "X-1"}).status_code == 200
    if state == "delivered":
        assert world.post(world.shop, "/keys/deliver", {"key": ref(text)}).status_code == 200
    if state == "reserved":
        assert world.post(world.shop, "/keys/reserve", {"key": ref(text)}).status_code == 200
    return ref(text)


def bodies(world: World, path: str) -> list[tuple[str, Someone | None, Any, dict[str, str]]]:
    """Requests with a name: who asks what, with which headers."""
    shop, other = world.shop, world.other_shop
    order = {"order": "A-1", "details": {"price": "49.50"}} if path == "/keys/sell" else {}
    fresh = key(world, "fresh")
    text = fresh["text"]
    table: list[tuple[str, Someone | None, Any, dict[str, str]]] = [
        (state, shop, {"key": key(world, state)} | order, {})
        for state in ("sold", "delivered", "reserved", "fresh")
    ]
    table += [
        ("another's", other, {"key": fresh} | order, {}),
        ("supplier's", world.supplier, {"key": fresh} | order, {}),
        ("an issuer's", world.issuer, {"key": fresh} | order, {}),
        ("unknown", shop, {"key": ref("ABCDEFGHJKLMNPQR")} | order, {}),
        ("unreadable", shop, {"key": ref("A")} | order, {"Accept-Language": "zh-CN"}),
        ("spelt loosely", shop, {"key": ref(f" {text[:4]}-{text[4:].lower()} ")} | order, {}),
        ("no key", shop, order, {}),
        ("two ways", shop, {"key": fresh, "keys": [fresh]} | order, {}),
        ("several", shop, {"keys": [key(world, "fresh"), key(world, "fresh")]} | order, {}),
        ("by place", shop, {"key": {"batch": "00" * 32, "index": 0}} | order, {}),
        ("no object", shop, b"[]", {}),
        ("no JSON", shop, b"{", {}),
        ("repeated member", shop, b'{"key": {"format": "a", "format": "b", "text": "c"}}', {}),
        ("an unknown member", shop, {"key": fresh, "wish": 1} | order, {}),
        ("a wrong type", shop, {"key": {"format": 1, "text": "x"}} | order, {}),
        ("an order token", shop, {"key": fresh, "order_token": "00" * 32} | order, {}),
        ("nobody", None, {"key": fresh} | order, {}),
        ("a bad token", Someone(b"", "ckp_nobody"), {"key": fresh} | order, {"Accept-Language": "zh-CN"}),
        ("a repeated request", shop, {"key": fresh} | order, {"Idempotency-Key": f"k{path}"}),
        ("another type", shop, {"key": fresh} | order, {"Content-Type": "application/json; charset=utf-8"}),
    ]
    return table


@pytest.mark.parametrize("path", ["/keys/verify", "/keys/sell"])
def test_the_same_request_gives_the_same_answer_both_ways(world: World, path: str) -> None:
    for name, who, body, headers in bodies(world, path):
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        ours = through_front(world, (path, raw, who and who.token, headers))[0]
        if name == "fresh" and path == "/keys/sell":
            # It is sold now, to this order: the app gives the first answer again, receipt and all.
            assert ours.status == 200
        said = {"Content-Type": "application/json", "X-Request-Id": TRACE} | headers
        theirs = world.call(who, "POST", path, data=raw, headers=said)
        lowered = {header.lower(): text for header, text in theirs.headers.items()}
        lowered.pop("idempotent-replayed", None)
        same = [{h: t for h, t in some.items() if h not in VARYING} for some in (ours.headers, lowered)]
        assert ours.status == theirs.status_code, name
        assert stable(ours.body) == stable(theirs.data), name
        assert same[0] == same[1], name


def test_good_requests_are_answered_without_the_app_and_leave_the_same_traces(quick: World) -> None:
    fresh = key(quick, "fresh")
    quick.app.wsgi_app = None  # type: ignore[method-assign, assignment]
    quick.log.truncate(0)

    async def work() -> None:
        routes = HotRoutes(quick.app, make_logger(quick.log), queue=8)
        for path, body in (("verify", {"key": fresh}), ("sell", {"key": fresh, "order": "B-1"})):
            caller = posted(f"/v1/keys/{path}", orjson.dumps(body), quick.shop.token)
            hot = routes.wanted(caller.scope)
            assert hot is not None
            hot.body = orjson.dumps(body)
            answer = await routes.answer(hot)
            assert answer is not None and answer.status == 200
        routes.close()

    asyncio.run(work())
    lines = [orjson.loads(line) for line in quick.log.getvalue().replace("\0", "").splitlines()]
    assert [line["route"] for line in lines] == ["/v1/keys/verify", "/v1/keys/sell"]
    assert all(line["credential"] and "ckp_" not in str(line) for line in lines)
    assert fresh["text"] not in quick.log.getvalue()


def test_of_many_sales_of_one_key_at_once_one_is_made_and_all_others_name_it(world: World) -> None:
    one = key(world, "fresh")
    sales = [
        ("/keys/sell", orjson.dumps({"key": one, "order": f"R-{number}"}), world.shop.token, {})
        for number in range(24)
    ]
    answers = through_front(world, *sales)
    made = [orjson.loads(answer.body) for answer in answers if answer.status == 200]
    refused = [orjson.loads(answer.body) for answer in answers if answer.status == 409]
    assert (len(made), len(refused)) == (1, 23)
    assert {told["code"] for told in refused} == {"sold"}
    assert {told["evidence"]["event"] for told in refused} == {made[0]["event"]}


def test_notifications_of_one_order_that_come_at_once_get_one_answer(world: World) -> None:
    body = orjson.dumps({"key": key(world, "fresh"), "order": "N-1"})
    answers = through_front(world, *[("/keys/sell", body, world.shop.token, {})] * 12)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1


def test_a_request_is_counted_once_whichever_way_it_is_answered(sqlite_url: str, tmp_path: Path) -> None:
    world = World(sqlite_url, tmp_path, {"requests_per_minute": 20, "api_workers": 1})
    good = orjson.dumps({"key": key(world, "fresh")})
    foreign = orjson.dumps({"key": ref("ABCDEFGHJKLMNPQR")})
    answers = [asked(world, world.issuer, "/keys/verify", body) for body in (good, foreign, good, foreign)]
    assert [int(one.headers["ratelimit-remaining"]) for one in answers] == [19, 19, 19, 19]
    both = through_front(
        world, *[("/keys/verify", body, world.issuer.token, {}) for body in (good, foreign) * 12]
    )
    assert sorted(one.status for one in both) == [200] * 20 + [429] * 4
    world.close()


def test_a_revoked_credential_is_refused_at_once_here_and_within_a_second_elsewhere(world: World) -> None:
    _, token = world.services.parties.issue(world.shop.address, "short", ["verify"])
    good = {"key": key(world, "fresh")}
    someone = Someone(b"", token)
    assert asked(world, someone, "/keys/verify", good).status == 200
    known = world.services.parties.authenticate(token)
    elsewhere = World(world.url, world.folder / "elsewhere", clock=world.clock)
    assert elsewhere.services.parties.authenticate(token).credential == known.credential
    world.services.parties.revoke(world.shop.address, known.credential)
    assert asked(world, someone, "/keys/verify", good).json["code"] == "credential_invalid"
    assert elsewhere.services.parties.authenticate(token).credential == known.credential
    world.clock.time += 1_000
    assert elsewhere.post(someone, "/keys/verify", good).json["code"] == "credential_invalid"
    elsewhere.close()


def test_an_expired_credential_is_refused_though_it_was_seen_a_moment_ago(quick: World) -> None:
    expires = quick.clock.time + 500
    _, token = quick.services.parties.issue(quick.shop.address, "short", ["verify"], expires_at=expires)
    someone, good = Someone(b"", token), {"key": key(quick, "fresh")}
    assert asked(quick, someone, "/keys/verify", good).status == 200
    quick.clock.time = expires
    assert asked(quick, someone, "/keys/verify", good).json["code"] == "credential_invalid"


def test_those_who_come_while_a_set_is_at_work_are_the_next_set() -> None:
    sets: list[list[int]] = []

    async def work() -> None:
        free = asyncio.Event()
        loop = asyncio.get_running_loop()

        def squared(some: Any) -> list[int]:
            sets.append(list(some))
            asyncio.run_coroutine_threadsafe(free.wait(), loop).result(10)
            return [one * one for one in some]

        together: Together[int, int] = Together("test", squared, most=3, queue=4)
        asks = [asyncio.ensure_future(together.ask(number)) for number in range(5)]
        await until(lambda: len(sets) == 1)
        with pytest.raises(LimitReached):
            await together.ask(9)
        asks[2].cancel()
        free.set()
        assert [await asks[number] for number in (0, 1, 3, 4)] == [0, 1, 9, 16]
        assert await together.ask(7) == 49
        together.close()

    asyncio.run(work())
    assert sets == [[0], [1, 2, 3], [4], [7]]
