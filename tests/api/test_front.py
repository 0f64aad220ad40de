"""The front in one process: bodies, their bounds, the bounded pool, and what it refuses by itself."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask, Response

from api.access import public
from api.asgi import front_over
from api.front import Front
from api.front.asgi import Size
from api.front.bodies import Reader
from api.front.lanes import Lane
from api.front.veiled import VeiledFile
from api.tracing import make_logger
from provenance.errors import LimitReached
from tests.api.asgi import Answered, Caller, posted, until
from tests.api.world import FORMAT, World, ref

BODY = orjson.dumps({"key": ref("KEY")})
JSON = {"Content-Type": "application/json"}


def running(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def front(world: World, **more: Any) -> Front:
    return Front(world.app, logger=make_logger(world.log), **more)


def stalled() -> Caller:
    return Caller("POST", "/v1/keys/verify", {**JSON, "Content-Length": "99"}, [b"{"], stalls=True)


def test_a_body_that_does_not_come_is_refused_after_its_grace(quick: World) -> None:
    async def work() -> None:
        answered = await stalled().call(front(quick, reader=Reader(grace=0.05)))
        assert (answered.status, answered.json["code"]) == (408, "body_too_slow")
        assert answered.headers["connection"] == "close"
        assert answered.headers["x-content-type-options"] == "nosniff"

    running(work)
    assert '"code":"body_too_slow"' in quick.log.getvalue().replace(" ", "")


def test_a_body_that_keeps_its_pace_has_longer_than_the_grace(quick: World) -> None:
    class Steady(Caller):
        async def receive(self) -> dict[str, Any]:
            await asyncio.sleep(0.02)
            return await super().receive()

    async def work() -> None:
        steady = Steady("POST", "/v1/nothing", JSON | {"Transfer-Encoding": "chunked"}, [b"x" * 100] * 10)
        answered = await steady.call(front(quick, reader=Reader(grace=0.1, least=1_000)))
        assert answered.status == 404

    running(work)


def test_over_the_crowd_the_body_longest_at_it_makes_room(quick: World) -> None:
    async def work() -> None:
        app = front(quick, reader=Reader(crowd=2))
        oldest, second = stalled(), stalled()
        first = asyncio.create_task(oldest.call(app))
        await until(lambda: oldest.asked == 2)
        waiting = asyncio.create_task(second.call(app))
        await until(lambda: second.asked == 2)
        assert (await posted("/v1/keys/verify", BODY, quick.shop.token).call(app)).status == 200
        assert (await first).json["code"] == "body_too_slow"
        assert not waiting.done()
        waiting.cancel()

    running(work)


def test_a_body_that_breaks_off_never_reaches_the_app(quick: World) -> None:
    async def work() -> None:
        broken = Caller("POST", "/v1/keys/verify", {**JSON, "Content-Length": "99"}, [BODY], breaks=True)
        answered = await broken.call(front(quick))
        assert (answered.status, answered.json["code"]) == (400, "bad_request")

    running(work)
    assert "/v1/keys/verify" not in quick.log.getvalue()


def test_a_body_too_large_is_refused_by_its_announcement_unread(quick: World) -> None:
    async def work() -> None:
        size = str(5 << 20)
        auth = {"Authorization": f"Bearer {quick.shop.token}"}
        large = Caller("POST", "/v1/keys/verify", {**JSON, **auth, "Content-Length": size}, [b"x"])
        answered = await large.call(front(quick))
        assert (answered.status, answered.json["code"], large.asked) == (413, "body_too_large", 0)
        chunks = [b"x" * (1 << 20)] * 6
        endless = Caller("POST", "/v1/keys/verify", {**JSON, **auth, "Transfer-Encoding": "chunked"}, chunks)
        answered = await endless.call(front(quick))
        assert (answered.status, answered.json["code"], endless.asked) == (413, "body_too_large", 4)

    running(work)


def file(world: World, body: bytes, token: str | None, **headers: str) -> Caller:
    said = {"Content-Type": "text/plain", "Content-Length": str(len(body)), **headers}
    if token is not None:
        said["Authorization"] = f"Bearer {token}"
    pieces = [body[start : start + 65_536] for start in range(0, len(body), 65_536)]
    return Caller("POST", f"/v1/batches?format={FORMAT}", said, pieces)


def test_a_file_is_taken_from_who_may_send_one_and_unread_from_others(quick: World) -> None:
    keys = "\n".join(quick.fresh_keys(20_000)).encode()

    async def work() -> None:
        app = front(quick)
        taken = await file(quick, keys, quick.supplier.token).call(app)
        assert (taken.status, taken.json["counts"]["accepted"]) == (202, 20_000)
        for token, code in ((None, "credential_missing"), ("ckp_x", "credential_invalid")):
            stranger = file(quick, keys, token)
            answered = await stranger.call(app)
            assert (answered.status, answered.json["code"], stranger.asked) == (401, code, 0)
        shop = file(quick, keys, quick.shop.token)
        assert ((await shop.call(app)).json["code"], shop.asked) == ("role_missing", 0)
        huge = file(quick, keys, quick.supplier.token, **{"Content-Length": str(3 << 30)})
        assert ((await huge.call(app)).json["code"], huge.asked) == ("body_too_large", 0)

    running(work)


def test_a_veiled_file_gives_its_bytes_back_and_shows_none_to_the_disk(tmp_path: Path) -> None:
    content = os.urandom(64) * 5_000
    with VeiledFile() as veiled:
        for start in range(0, len(content), 1_000):
            veiled.append(content[start : start + 1_000])
        on_disk = os.pread(veiled._file.fileno(), len(content), 0)
        assert len(on_disk) == len(content) and content[:64] not in on_disk
        assert veiled.read() == content
        with pytest.raises(ValueError, match="written before"):
            veiled.append(b"more")


def test_what_neither_thread_nor_queue_has_room_for_is_refused_and_then_served_again() -> None:
    held, at_work = threading.Event(), threading.Semaphore(0)
    app = Flask("slow")

    @app.get("/v1/slow")
    @public()
    def slow() -> Response:
        at_work.release()
        held.wait(30)
        return Response(b"done")

    async def work() -> None:
        served = Front(app, logger=make_logger(io.StringIO()), size=Size(threads=1, queue=1))
        tasks = [asyncio.create_task(Caller("GET", "/v1/slow", {}).call(served)) for _ in range(2)]
        await asyncio.to_thread(at_work.acquire)
        refused = await Caller("GET", "/v1/slow", {"Accept-Language": "zh-CN"}).call(served)
        assert (refused.status, refused.json["code"]) == (429, "server_busy")
        assert (refused.headers["retry-after"], refused.json["title"]) == ("1", "服务器繁忙")
        held.set()
        assert [(await task).body for task in tasks] == [b"done", b"done"]
        assert (await Caller("GET", "/v1/slow", {}).call(served)).body == b"done"

    running(work)


def test_who_waited_too_long_for_a_thread_is_refused_without_work() -> None:
    async def work() -> None:
        time, held, done = [0.0], threading.Event(), []
        lane = Lane("test", 1, 5, wait_seconds=5, clock=lambda: time[0])
        first = asyncio.create_task(lane.run(held.wait, 30))
        await until(lambda: lane.held == 1)
        second = asyncio.create_task(lane.run(done.append, 1))
        await until(lambda: lane.held == 2)
        time[0] = 5.1
        held.set()
        with pytest.raises(LimitReached):
            await second
        assert (await first, done) == (True, [])

    running(work)


def test_a_long_answer_is_sent_piece_by_piece_and_closed() -> None:
    app, closed = Flask("long"), []

    @app.get("/long")
    @public()
    def long() -> Response:
        response = Response((b"x" * 500_000 for _ in range(8)), mimetype="text/plain")
        response.call_on_close(lambda: closed.append(True))
        return response

    async def work() -> None:
        served = Front(app, logger=make_logger(io.StringIO()))
        answered = await Caller("GET", "/long", {}).call(served)
        assert (len(answered.body), answered.is_whole, closed) == (4_000_000, True, [True])

    running(work)


def test_a_header_with_an_underscore_is_not_taken_for_one_with_a_dash(quick: World) -> None:
    async def work() -> None:
        said = {"X_Request_Id": "a" * 32, "X-Request-Id": "b" * 32}
        answered = await Caller("GET", "/v1/health", said).call(front(quick))
        assert answered.headers["x-request-id"] == "b" * 32

    running(work)


TABLE: list[tuple[str, str, dict[str, str], bytes]] = [
    ("GET", "/v1/health", {}, b""),
    ("GET", "/v1/nothing", {"Accept-Language": "zh-CN,zh;q=0.9"}, b""),
    ("PUT", "/v1/keys/verify", {}, b""),
    ("POST", "/v1/keys/verify", JSON, BODY),
    ("POST", "/v1/keys/verify", JSON, b""),
    ("POST", "/v1/keys/verify", JSON, b'{"key": {"format": "x", "format": "y"}}'),
    ("POST", "/v1/keys/verify?a=1&a=2", JSON, BODY),
    ("POST", "/v1/keys/verify", {"Content-Type": "text/plain"}, BODY),
    ("POST", "/v1/keys/sell", {**JSON, "Idempotency-Key": "\x7f"}, BODY),
    ("POST", "/v1/keys/sell", {**JSON, "Authorization": "Bearer ckp_nobody"}, BODY),
    ("OPTIONS", "/v1/keys/sell", {}, b""),
    ("HEAD", "/docs", {}, b""),
    ("GET", "/v1/batches/%ff", {}, b""),
    ("GET", "/v1/batches/%E5%8D%A1", {}, b""),
]


@pytest.mark.parametrize("is_known", [True, False], ids=["by a party", "by a stranger"])
def test_the_front_changes_no_answer_of_the_app(quick: World, is_known: bool) -> None:
    trace = {"X-Request-Id": "c" * 32}
    auth = {"Authorization": f"Bearer {quick.shop.token}"} if is_known else {}
    size = [{"Content-Length": str(len(body))} if body else {} for *_, body in TABLE]

    async def ours() -> list[Answered]:
        app = front_over(quick.services, logger=make_logger(quick.log))
        return [
            await Caller(
                method, path.replace("%ff", "\udcff").replace("%E5%8D%A1", "卡"),
                trace | auth | said | length, [body],
            ).call(app)
            for (method, path, said, body), length in zip(TABLE, size, strict=True)
        ]  # fmt: skip

    told = asyncio.run(ours())
    for one, (method, path, said, body) in zip(told, TABLE, strict=True):
        other = quick.client.open(path, method=method, headers=trace | auth | said, data=body or None)
        varying = {"ratelimit-remaining", "ratelimit-reset"}
        headers = {name.lower(): text for name, text in other.headers.items()}
        same = [
            {name: text for name, text in one.items() if name not in varying}
            for one in (one.headers, headers)
        ]
        if "lag_ms" not in other.text:
            assert one.body == other.data, path
        else:
            same = [{**some, "content-length": ""} for some in same]
        assert (one.status, same[0]) == (other.status_code, same[1]), path
