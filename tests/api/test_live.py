"""Streams of news: one reader for all watchers, each with its own place, bounded, and no thread held."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from api.asgi import front_over
from api.front.bridge import Answer, Watch
from api.front.live import Feed, News, Place
from api.tracing import make_logger
from provenance.errors import LimitReached
from tests.api.asgi import Caller, until
from tests.api.world import World


class Source:
    """News by topic, and how often it was read."""

    def __init__(self) -> None:
        self.news: dict[str, list[str]] = {}
        self.reads: list[list[Place]] = []
        self.fails = 0

    def read(self, places: Sequence[Place]) -> Mapping[Place, Sequence[News]]:
        self.reads.append(list(places))
        if self.fails:
            self.fails -= 1
            raise ConnectionError
        return {
            (topic, place): [
                News(str(number), "note", f'"{text}"')
                for number, text in enumerate(self.news.get(topic, []), 1)
                if number > int(place or 0)
            ]
            for topic, place in places
        }


def watching(feed: Feed, topic: str, place: str = "", who: str = "me") -> tuple[Caller, asyncio.Task[None]]:
    caller = Caller("GET", "/", {}, [b""])
    answer = Answer(200, [(b"content-type", b"text/event-stream"), (b"content-length", b"0")], b"")
    watch = Watch("feed", topic, place, who)
    return caller, asyncio.ensure_future(feed.serve(watch, answer, caller.receive, caller.send))


def test_all_watchers_share_one_read_a_beat_and_each_gets_its_own_news() -> None:
    async def work() -> None:
        source = Source()
        source.news = {"a": ["one", "two"], "b": ["other"]}
        feed = Feed(source.read, beat=0.02)
        callers = [watching(feed, "a") for _ in range(3)] + [watching(feed, "a", "1"), watching(feed, "b")]
        events = [2, 2, 2, 1, 1]
        # Each event is sent by itself: an answer that has begun is not one that is whole.
        await until(lambda: [one.answered.body.count(b"\ndata:") for one, _ in callers] == events)
        told = [one.answered.body.decode() for one, _ in callers]
        assert (
            told[0] == 'retry: 3000\n\nid: 1\nevent: note\ndata: "one"\n\nid: 2\nevent: note\ndata: "two"\n\n'
        )
        assert told[1] == told[2] == told[0]
        assert '"one"' not in told[3] and '"two"' in told[3] and '"other"' in told[4]
        assert "content-length" not in callers[0][0].answered.headers
        source.news["a"].append("three")
        await until(lambda: all(b'"three"' in one.answered.body for one, _ in callers[:4]))
        await until(lambda: source.reads[-1] == [("a", "3"), ("b", "1")])
        for one, _ in callers:
            one.gone.set()
        await asyncio.gather(*(task for _, task in callers))
        await until(lambda: feed.watchers == 0)

    asyncio.run(work())


def test_nothing_is_lost_when_a_read_fails_or_a_watcher_comes_back() -> None:
    async def work() -> None:
        source = Source()
        source.news, source.fails = {"a": ["one"]}, 2
        feed = Feed(source.read, beat=0.01)
        first, task = watching(feed, "a")
        await until(lambda: b'"one"' in first.answered.body)
        first.gone.set()
        await task
        source.news["a"] += ["two", "three"]
        again, task = watching(feed, "a", "1")
        await until(lambda: b'"three"' in again.answered.body)
        assert b'"one"' not in again.answered.body and b'"two"' in again.answered.body
        feed.close()
        await task
        assert again.answered.is_whole

    asyncio.run(work())


def test_a_quiet_stream_says_that_it_lives_and_ends_after_its_life() -> None:
    async def work() -> None:
        feed = Feed(Source().read, beat=0.01, heartbeat=0.01, life=0.2)
        caller, task = watching(feed, "a")
        await task
        assert caller.answered.body.count(b": alive\n\n") > 1 and caller.answered.is_whole
        assert feed.watchers == 0

    asyncio.run(work())


def test_watchers_are_bounded_together_and_for_each_caller() -> None:
    async def work() -> None:
        feed = Feed(Source().read, beat=0.01, most=3, each=2)
        tasks = [watching(feed, "a", who=who) for who in ("me", "me", "you")]
        await until(lambda: feed.watchers == 3)
        tasks[2][0].gone.set()
        await tasks[2][1]
        with pytest.raises(LimitReached) as refused:
            await watching(feed, "a", who="me")[1]
        assert refused.value.code == "watchers_full"
        tasks.append(watching(feed, "a", who="she"))
        await until(lambda: feed.watchers == 3)
        with pytest.raises(LimitReached):
            await watching(feed, "a", who="he")[1]
        feed.close()
        await asyncio.gather(*(task for _, task in tasks))

    asyncio.run(work())


def test_a_watcher_that_does_not_read_is_given_no_more_than_its_queue_holds() -> None:
    async def work() -> None:
        source = Source()
        source.news = {"a": [str(number) for number in range(1_000)]}
        feed = Feed(source.read, beat=0.005)
        caller, free = Caller("GET", "/", {}, [b""]), asyncio.Event()

        async def held(message: dict[str, Any]) -> None:
            await free.wait()
            await caller.send(message)

        watch = Watch("feed", "a", "", "me")
        task = asyncio.ensure_future(feed.serve(watch, Answer(200, [], b""), caller.receive, held))
        await until(lambda: len(source.reads) >= 3)
        assert max(int(place or 0) for places in source.reads for _, place in places) <= 64
        free.set()
        await until(lambda: b'data: "999"' in caller.answered.body)
        assert caller.answered.body.count(b"\ndata:") == 1_000
        feed.close()
        await task

    asyncio.run(work())


def test_new_checkpoints_are_streamed_to_whoever_has_an_older_one(quick: World) -> None:
    quick.held_keys(1)
    quick.sequence()
    size = quick.services.log.size()

    async def work() -> None:
        front = front_over(quick.services, logger=make_logger(quick.log))
        fresh = Caller("GET", "/v1/log/watch", {}, [b""])
        current = Caller("GET", "/v1/log/watch", {"Last-Event-ID": str(size)}, [b""])
        tasks = [asyncio.ensure_future(one.call(front)) for one in (fresh, current)]
        await until(lambda: b"checkpoint" in fresh.answered.body)
        assert f"id: {size}\n".encode() in fresh.answered.body
        assert fresh.answered.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert current.answered.body == b"retry: 3000\n\n"
        await asyncio.to_thread(quick.held_keys, 1)
        await asyncio.to_thread(quick.sequence)
        await until(lambda: all(one.answered.body.endswith(b"\n\n") and
                                f"id: {quick.services.log.size()}\n".encode() in one.answered.body
                                for one in (fresh, current)))  # fmt: skip
        front.stop()
        await asyncio.gather(*tasks)

    asyncio.run(work())


def test_a_server_without_the_front_says_that_it_gives_no_streams(quick: World) -> None:
    refused = quick.get(None, "/log/watch")
    assert (refused.status_code, refused.json["code"]) == (404, "live_unavailable")
