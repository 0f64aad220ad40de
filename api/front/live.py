"""Streams of news (server-sent events), for routes whose answer goes on: no thread is held by a watcher.

A view says :func:`stream` after everything that stands around a view has been done: credential, scopes,
limits, form. The front then takes the answer over. A :class:`Feed` asks for news once a beat for all its
watchers together, from one thread; each watcher has its own place (``Last-Event-ID``), so that whoever
comes back misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Response, request

from api.front.bodies import Receive
from api.front.bridge import FRONT, LIVE, Answer, Send, Watch
from provenance.errors import LimitReached, NotFound

MEDIA_TYPE: Final = "text/event-stream"
MAX_PLACE: Final = 200
_RETRY_MS: Final = 3_000
_BACKLOG: Final = 64


@dataclass(frozen=True, slots=True)
class News:
    """One event: ``place`` is what ``Last-Event-ID`` gives back; ``data`` is JSON, on one line."""

    place: str
    kind: str
    data: str


Place = tuple[str, str]
"""A topic, and a place in it."""
Read = Callable[[Sequence[Place]], Mapping[Place, Sequence[News]]]
"""The news after each of several places, oldest first; called in a thread, once a beat."""


def stream(feed: str, topic: str, who: str) -> Response:
    """The answer of a view that goes on with the news of *topic*; raises :class:`NotFound`.

    *who* is whose watchers are counted together: a credential, a network address.
    """
    if FRONT not in request.environ:
        raise NotFound("this server gives no streams; ask again for news", code="live_unavailable")
    place = request.headers.get("Last-Event-ID", "")
    if len(place) > MAX_PLACE or not place.isascii() or not place.isprintable():
        place = ""
    request.environ[LIVE] = Watch(feed, topic, place, who)
    return Response(b"", content_type=f"{MEDIA_TYPE}; charset=utf-8")


@dataclass(eq=False, slots=True)
class _Watcher:
    watch: Watch
    place: str
    waiting: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(_BACKLOG))

    def give(self, news: Sequence[News]) -> None:
        """Put *news* behind what waits; whoever does not read fast enough gets the rest at a later beat."""
        for one in news:
            if self.waiting.full():
                return
            self.waiting.put_nowait(one)
            self.place = one.place


class Feed:
    """News by *read*, asked for every *beat* seconds while somebody watches.

    At most *most* watchers, and *each* of one caller. A stream says it is alive every *heartbeat*
    seconds and ends after *life* seconds: then the watcher comes again, with a credential that still holds.
    """

    def __init__(
        self,
        read: Read,
        *,
        beat: float = 1.0,
        heartbeat: float = 15.0,
        life: float = 600.0,
        most: int = 256,
        each: int = 8,
    ) -> None:
        self._read, self._beat, self._heartbeat, self._life = read, beat, heartbeat, life
        self._most, self._each = most, each
        self._watchers: set[_Watcher] = set()
        self._of: Counter[str] = Counter()
        self._wake = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "feed")
        self._is_closed = False

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    def close(self) -> None:
        """End every stream."""
        self._is_closed = True
        for one in self._watchers:
            with contextlib.suppress(asyncio.QueueFull):
                one.waiting.put_nowait(None)
        self._wake.set()
        self._thread.shutdown(wait=False)

    async def serve(self, watch: Watch, answer: Answer, receive: Receive, send: Send) -> None:
        """Stream to one watcher until he goes; raises :class:`LimitReached` (``watchers_full``) before."""
        watcher = self._enter(watch)
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            async with asyncio.timeout(self._life):
                await _begin(answer, send)
                await self._go_on(watcher, gone, send)
        except TimeoutError:
            pass
        finally:
            gone.cancel()
            self._leave(watcher)
        if not gone.done() or gone.cancelled():
            await send({"type": "http.response.body", "body": b""})

    def _enter(self, watch: Watch) -> _Watcher:
        if self._is_closed or len(self._watchers) >= self._most or self._of[watch.who] >= self._each:
            raise LimitReached(
                "too many watch already; close a stream, or come back later",
                code="watchers_full",
                retry_after=30,
            )
        watcher = _Watcher(watch, watch.place)
        self._watchers.add(watcher)
        self._of[watch.who] += 1
        self._wake.set()
        if self._poller is None or self._poller.done():
            self._poller = asyncio.ensure_future(self._poll())
        return watcher

    def _leave(self, watcher: _Watcher) -> None:
        self._watchers.discard(watcher)
        self._of[watcher.watch.who] -= 1
        self._of += Counter()

    async def _go_on(self, watcher: _Watcher, gone: asyncio.Future[None], send: Send) -> None:
        while not gone.done():
            following = asyncio.ensure_future(watcher.waiting.get())
            either: set[asyncio.Future[Any]] = {following, gone}
            await asyncio.wait(either, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                text = ": alive\n\n"
            else:
                news = following.result()
                if news is None:
                    return
                text = _written(news)
            if not gone.done():
                await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        while self._watchers and not self._is_closed:
            self._wake.clear()
            places = {(one.watch.topic, one.place) for one in self._watchers if not one.waiting.full()}
            # A read that fails is tried again a beat later: heartbeats go on, and no news is lost.
            with contextlib.suppress(Exception):
                news = await loop.run_in_executor(self._thread, self._read, sorted(places))
                for one in list(self._watchers):
                    one.give(news.get((one.watch.topic, one.place), ()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._beat)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _begin(answer: Answer, send: Send) -> None:
    kept = [pair for pair in answer.headers if pair[0] != b"content-length"]
    # For nginx, which would gather a stream before it passes it on.
    headers = [*kept, (b"x-accel-buffering", b"no")]
    start: dict[str, Any] = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
    retry = f"retry: {_RETRY_MS}\n\n".encode()
    await send({"type": "http.response.body", "body": retry, "more_body": True})


def _written(news: News) -> str:
    return f"id: {news.place}\nevent: {news.kind}\ndata: {news.data}\n\n"
