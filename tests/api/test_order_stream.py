"""The live timeline: a ticket instead of a token in the address, and nothing missed by whoever comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from api.asgi import front_over
from api.tracing import make_logger
from provenance.services.warranty.watching import TICKET_MS
from tests.api.asgi import Caller, until
from tests.api.desk import SECOND, STRANGERS, Desk, digest
from tests.api.world import World


def ticket(desk: Desk, sold: dict[str, Any], token: str | None = None) -> Any:
    body = {"order_token": token or sold["order_token"], "order": sold["order"]}
    return desk.world.post(None, "/orders/stream-ticket", body)


def news(caller: Caller) -> list[tuple[str, dict[str, Any]]]:
    """Place and content of every event that came so far."""
    found = []
    for block in caller.answered.body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":")
        if "data" in lines:
            found.append((lines["id"], orjson.loads(lines["data"])))
    return found


def test_an_act_is_on_the_stream_and_a_watcher_who_comes_back_misses_nothing(world: World) -> None:
    desk = Desk(world)
    sold = desk.bought(0)
    path = f"/v1/orders/stream?ticket={ticket(desk, sold).json['ticket']}"

    async def work() -> None:
        front = front_over(world.services, logger=make_logger(world.log))
        first = Caller("GET", path, {}, [b""])
        task = asyncio.ensure_future(first.call(front))
        await until(lambda: news(first))
        before = len(news(first))
        await asyncio.to_thread(desk.deliver, sold)
        await until(lambda: len(news(first)) > before)
        place, told = news(first)[-1]
        assert told["timeline"][-1]["what"] == "deliver"
        first.gone.set()
        await task
        await asyncio.to_thread(desk.file, sold, "invalid_key")
        again = Caller("GET", path, {"Last-Event-ID": place}, [b""])
        task = asyncio.ensure_future(again.call(front))
        await until(lambda: news(again))
        assert news(again)[0][1]["claims"][0]["causes"] == ["invalid_key"]
        assert news(again)[0][1]["timeline"][-1]["what"].startswith("claim.")
        front.stop()
        await task

    asyncio.run(work())


def test_whoever_saw_the_newest_is_told_nothing_until_something_happens(quick: World) -> None:
    desk = Desk(quick)
    sold = desk.bought(0)
    watching = quick.services.warranty.watching
    order = bytes.fromhex(sold["order"])
    seen = watching.news(order, "")
    assert seen is not None
    assert watching.news(order, seen.mark) is None
    reported = {"kind": "submitted", "at": quick.clock.now(), "record": digest()}
    quick.post(quick.shop, f"/orders/{sold['order']}/events", reported)
    changed = watching.news(order, seen.mark)
    assert changed is not None
    assert {one.what for one in changed.timeline} >= {"paid", "submitted", "sell"}


def test_a_ticket_is_of_one_order_for_ten_minutes_and_for_those_entitled(quick: World) -> None:
    desk = Desk(quick)
    sold, other = desk.bought(0), desk.bought(1)
    assert ticket(desk, sold, STRANGERS).json["code"] == "unknown_order"
    assert ticket(desk, sold, other["order_token"]).json["code"] == "unknown_order"
    path = f"/orders/{sold['order']}/stream-ticket"
    assert quick.post(quick.shop, path).status_code == 200
    for who in (quick.other_shop, quick.supplier):
        assert quick.post(who, path).json["code"] == "unknown_order"
    mine = ticket(desk, sold).json["ticket"]
    watching = quick.services.warranty.watching
    assert watching.order_of(mine).hex() == sold["order"]
    forged = mine[:-4] + ("AAAA" if mine[-4:] != "AAAA" else "BBBB")
    for bad in (forged, "A" * 60):
        refused = quick.get(None, "/orders/stream", query_string={"ticket": bad})
        assert (refused.status_code, refused.json["code"]) == (404, "unknown_ticket")
    quick.clock.time += TICKET_MS + SECOND
    late = quick.get(None, "/orders/stream", query_string={"ticket": mine})
    assert late.json["code"] == "unknown_ticket"


def test_a_stream_holds_no_token_no_key_and_no_voucher(quick: World) -> None:
    desk = Desk(quick)
    desk.stock(5)
    sold = desk.bought(0)
    mine = ticket(desk, sold).json["ticket"]
    desk.tick(301 * SECOND)

    async def work() -> Caller:
        front = front_over(quick.services, logger=make_logger(quick.log))
        caller = Caller("GET", f"/v1/orders/stream?ticket={mine}", {}, [b""])
        task = asyncio.ensure_future(caller.call(front))
        await until(lambda: news(caller))
        front.stop()
        await task
        return caller

    told = asyncio.run(work()).answered.body.decode()
    assert "remedied" in told
    for secret in (sold["order_token"], sold["use"], desk.keys[0], desk.keys[5]):
        assert secret not in told
    assert mine not in quick.log.getvalue()
