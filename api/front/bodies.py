"""Request bodies, read as they come: bounded in size, time and number, and held by no thread.

A body may take :data:`GRACE_SECONDS`, and longer as long as it comes at a modem's pace. That is what
bounds a sender of single bytes; a number of them is bounded by :data:`CROWD`, past which the one that
has been at it longest makes room: a body that is sent as fast as the line carries it is never that one.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Final, cast

from api.front.veiled import VeiledFile
from provenance.errors import LimitReached, Unavailable

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

GRACE_SECONDS: Final = 30.0
LEAST_BYTES_A_SECOND: Final = 16 << 10
CROWD: Final = 512
"""Bodies under way in a process. Each keeps at most :data:`_KEPT` bytes in memory until it is whole."""
_SWEEP_SECONDS: Final = 0.5
"""How much longer than it may a body can take."""
_KEPT: Final = 64 << 10
_AT_ONCE: Final = 1 << 20
"""A file goes to disk in pieces of this size, by a thread that is held for that long only."""


class BrokenOff(Exception):
    """The sender is gone, or sends what is no HTTP."""


class Incoming:
    """A body so far: in memory while it is small, else in a veiled file."""

    def __init__(self, writers: ThreadPoolExecutor) -> None:
        self._writers = writers
        self._pieces: list[bytes] = []
        self._kept = 0
        self._file: VeiledFile | None = None
        self.size = 0

    async def add(self, piece: bytes) -> None:
        """Take the next *piece*; raises :class:`Unavailable` (``disk_full``)."""
        self._pieces.append(piece)
        self._kept += len(piece)
        self.size += len(piece)
        if self._kept >= (_KEPT if self._file is None else _AT_ONCE):
            await self._write()

    async def whole(self) -> BinaryIO:
        """Everything, to be read from the beginning; raises :class:`Unavailable` (``disk_full``)."""
        if self._file is None:
            return io.BytesIO(self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces))
        if self._pieces:
            await self._write()
        return cast(BinaryIO, io.BufferedReader(self._file, _AT_ONCE))

    def drop(self) -> None:
        """Forget it."""
        self._pieces.clear()
        if self._file is not None:
            self._file.close()

    async def _write(self) -> None:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._kept = 0
        try:
            await asyncio.get_running_loop().run_in_executor(self._writers, self._append, data)
        except OSError as error:
            raise Unavailable(
                "the server has no room for this body at the moment; try again later", code="disk_full"
            ) from error

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._file = VeiledFile()
        self._file.append(data)


class _UnderWay:
    """A body that is being read: whose task, and until when (by the loop's clock) it may go on."""

    __slots__ = ("is_over", "task", "until")

    def __init__(self, task: asyncio.Task[Any], until: float) -> None:
        self.task, self.until = task, until
        self.is_over = False

    def end(self) -> None:
        """Stop it; :meth:`Reader.read` tells its sender that it was too slow."""
        self.is_over = True
        self.task.cancel()


class Reader:
    """Reads the bodies of a process."""

    def __init__(
        self,
        *,
        grace: float = GRACE_SECONDS,
        least: float = LEAST_BYTES_A_SECOND,
        crowd: int = CROWD,
    ) -> None:
        """*grace* in seconds, *least* in bytes a second, *crowd* bodies at a time."""
        self._grace, self._least, self._crowd = grace, least, crowd
        # In the order in which they were begun.
        self._under_way: dict[_UnderWay, None] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._writers = ThreadPoolExecutor(2, "bodies")

    def close(self) -> None:
        """Let the writing threads go."""
        self._writers.shutdown(wait=False)

    def hurry(self, seconds: float) -> None:
        """Give every body under way, and every one to come, no longer than that."""
        self._grace = min(self._grace, seconds)
        self._least = float("inf")
        until = asyncio.get_running_loop().time() + seconds
        for one in self._under_way:
            one.until = until
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep_later()

    async def read(self, receive: Receive, limit: int) -> BinaryIO:
        """A body of at most *limit* bytes, its announced length if it has one; no more is read.

        Raises :class:`BrokenOff`, :class:`LimitReached` (``body_too_slow``), :class:`Unavailable`
        (``disk_full``).
        """
        incoming = Incoming(self._writers)
        began = asyncio.get_running_loop().time()
        one = self._begun(began)
        try:
            await self._fill(incoming, receive, limit, one, began)
            return await incoming.whole()
        except BaseException as error:
            incoming.drop()
            if one.is_over and isinstance(error, asyncio.CancelledError) and one.task.uncancel() == 0:
                raise LimitReached(
                    "the body came too slowly; send it again over a better connection", code="body_too_slow"
                ) from None
            raise
        finally:
            self._under_way.pop(one, None)

    async def _fill(
        self, incoming: Incoming, receive: Receive, limit: int, one: _UnderWay, began: float
    ) -> None:
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise BrokenOff
            piece = message.get("body", b"")[: limit - incoming.size]
            if piece:
                await incoming.add(piece)
                one.until = began + self._grace + incoming.size / self._least
            if not message.get("more_body") or incoming.size >= limit:
                return

    def _begun(self, now: float) -> _UnderWay:
        """A body more; what was begun first is slow by now, and makes room where there is none."""
        while len(self._under_way) >= self._crowd:
            oldest = next(iter(self._under_way))
            del self._under_way[oldest]
            oldest.end()
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("a body is read by a task")
        one = _UnderWay(task, now + self._grace)
        self._under_way[one] = None
        if self._sweep is None:
            self._sweep_later()
        return one

    def _sweep_later(self) -> None:
        # One look for all bodies: a deadline each would cost every small one more than its reading.
        seconds = min(_SWEEP_SECONDS, self._grace / 8)
        self._sweep = asyncio.get_running_loop().call_later(seconds, self._swept)

    def _swept(self) -> None:
        now = asyncio.get_running_loop().time()
        for one in [one for one in self._under_way if one.until <= now]:
            del self._under_way[one]
            one.end()
        self._sweep = None
        if self._under_way:
            self._sweep_later()
