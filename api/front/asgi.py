"""The ASGI application: a request's way from the socket to the app and back."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from flask import Flask

from api import access, repeats
from api.current import EXTENSION
from api.front import bridge, telling
from api.front.bodies import BrokenOff, Reader, Receive
from api.front.bridge import Answer, Environ, Scope, Send
from api.front.hot import Hot, HotRoutes
from api.front.lanes import Lane
from api.front.live import Feed
from api.tracing import Logger
from api.wire import MAX_BODY_BYTES
from provenance.errors import InputRefused, LimitReached, ProvenanceError

UPLOADS: Final = 8
"""Files that a process takes in at a time: their disk space is this many times the largest file."""
_AT_ONCE: Final = 1 << 20
"""Longer answers go out piece by piece, each when the one before it is gone."""
_PIECE_SECONDS: Final = 30.0
_LAST_SECONDS: Final = 5.0
_COLLECT: Final = (20_000, 20, 20)
"""An answer about a thousand keys is made of so many values; none of them outlives it."""
_UPKEEP: Final = frozenset({"/v1/health", "/v1/metrics"})
"""Asked by whoever watches the service; they must not wait behind what they watch."""
_EMPTY: Final = {"GET", "HEAD", "DELETE", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Size:
    """*threads* for requests, as many uploads at work as half of them, *queue* requests waiting."""

    threads: int = 4
    queue: int = 128
    upload_bytes: int = 2 << 30


class Front:
    """Serves *app*, whose requests it bounds; *feeds* by name are what streams of news come from."""

    def __init__(
        self,
        app: Flask,
        *,
        logger: Logger,
        feeds: dict[str, Feed] | None = None,
        size: Size | None = None,
        reader: Reader | None = None,
        heeds_signals: bool = False,
    ) -> None:
        """With *heeds_signals* SIGTERM and SIGINT end the streams: a server waits for what is under way."""
        self._app, self._logger, self._feeds = app, logger, feeds or {}
        self._size = size or Size()
        self._reader = reader or Reader()
        self._work = Lane("api", self._size.threads, self._size.queue)
        self._filing = Lane("uploads", max(1, self._size.threads // 2), UPLOADS)
        self._upkeep = Lane("upkeep", 1, 16)
        self._pulling = ThreadPoolExecutor(2, "answers")
        self._is_upload = repeats.upload_paths(app)
        self._uploads = 0
        self._hot = HotRoutes(app, logger, queue=self._size.queue) if EXTENSION in app.extensions else None
        self._heeds_signals = heeds_signals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the process."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                _settle()
                if self._heeds_signals:
                    self._heed_signals()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _heed_signals(self) -> None:
        # The server's own handler hears them all the same: the loop is woken by the signal's number.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self.stop))

    def stop(self) -> None:
        """End what would otherwise go on: streams now, bodies that still come in a moment."""
        for feed in self._feeds.values():
            feed.close()
        self._reader.hurry(_LAST_SECONDS)

    def close(self) -> None:
        """Let everything go."""
        self.stop()
        for lane in (self._work, self._filing, self._upkeep):
            lane.close()
        if self._hot is not None:
            self._hot.close()
        self._pulling.shutdown(wait=False)
        self._reader.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        try:
            hot = self._hot.wanted(scope) if self._hot is not None else None
            if hot is not None:
                answer = await self._hastened(hot, scope, receive)
            else:
                answer = await self._answered(bridge.environ_of(scope), receive)
            if answer.watch is not None:
                await self._feeds[answer.watch.feed].serve(answer.watch, answer, receive, send)
                return
        except BrokenOff:
            # The sender may still be there and have sent what is no HTTP; else nobody hears this.
            malformed = InputRefused("the request is malformed; see the documentation", code="bad_request")
            answer = telling.refusal(malformed, bridge.environ_of(scope), began, self._logger)
        except ProvenanceError as error:
            answer = telling.refusal(error, bridge.environ_of(scope), began, self._logger)
        await self._send(answer, send)

    async def _hastened(self, hot: Hot, scope: Scope, receive: Receive) -> Answer:
        """The answer without the framework, or, of what that leaves, the app's."""
        body = await self._reader.read(receive, hot.size)
        hot.body = body.read()
        answer = await self._hot.answer(hot) if self._hot is not None else None
        if answer is not None:
            return answer
        environ = bridge.environ_of(scope)
        if hot.principal is not None:
            environ[access.ADMITTED] = (hot.principal, hot.share)
        return await self._call(self._work, environ, io.BytesIO(hot.body))

    async def _answered(self, environ: Environ, receive: Receive) -> Answer:
        lane, limit = self._work, MAX_BODY_BYTES
        path = environ["PATH_INFO"].rstrip("/")
        if path in _UPKEEP:
            lane = self._upkeep
        elif self._is_upload(path) and _is_file(environ):
            return await self._upload(environ, receive)
        if not _has_body(environ, limit):
            return await self._call(lane, environ, io.BytesIO())
        return await self._call(lane, environ, await self._reader.read(receive, _expected(environ, limit)))

    async def _upload(self, environ: Environ, receive: Receive) -> Answer:
        """A file takes disk and time: it is let in for those who may send one, and a few of them."""
        limit = self._size.upload_bytes
        if "CONTENT_LENGTH" not in environ or not _has_body(environ, limit):
            return await self._call(self._work, environ, io.BytesIO())
        if not await self._work.run(access.is_admitted, self._app, environ):
            # The app says why, before it reads anything.
            return await self._call(self._work, environ, io.BytesIO())
        if self._uploads >= UPLOADS:
            raise LimitReached(
                "many files are being taken in already; try again in a minute",
                code="server_busy",
                retry_after=60,
            )
        self._uploads += 1
        try:
            expected = int(environ["CONTENT_LENGTH"])
            return await self._call(self._filing, environ, await self._reader.read(receive, expected))
        finally:
            self._uploads -= 1

    async def _call(self, lane: Lane, environ: Environ, body: BinaryIO) -> Answer:
        try:
            return await lane.run(bridge.called, self._app, environ, body, _AT_ONCE)
        finally:
            body.close()

    async def _send(self, answer: Answer, send: Send) -> None:
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        if answer.rest is None:
            await send({"type": "http.response.body", "body": answer.body})
            return
        loop = asyncio.get_running_loop()
        piece: bytes | None = answer.body
        try:
            while piece is not None:
                # Who does not read is not waited for: no answer and no thread is held for him.
                async with asyncio.timeout(_PIECE_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await loop.run_in_executor(self._pulling, next, answer.rest, None)
            await send({"type": "http.response.body", "body": b""})
        finally:
            with contextlib.suppress(RuntimeError):
                await loop.run_in_executor(self._pulling, answer.close)


def _settle() -> None:
    """What was loaded by now stays: the collector need not walk through it for every thousand new values."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)


def _has_body(environ: Environ, limit: int) -> bool:
    """Whether there is a body to read: one that announces too much is refused by the app, unread."""
    if "wsgi.input_terminated" in environ:
        return True
    said = environ.get("CONTENT_LENGTH", "")
    return said.isascii() and said.isdigit() and 0 < int(said) <= limit


def _expected(environ: Environ, limit: int) -> int:
    """Where a body ends: where it was announced to, and the server sees to it that it does."""
    return limit if "wsgi.input_terminated" in environ else int(environ["CONTENT_LENGTH"])


def _is_file(environ: Environ) -> bool:
    kind: Any = environ.get("CONTENT_TYPE", "")
    is_json = kind.partition(";")[0].strip().lower() == "application/json"
    return environ["REQUEST_METHOD"] in ("POST", "PUT") and not is_json
