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
        self._under_way: dict[int, asyncio.Timeout] = {}
        self._writers = ThreadPoolExecutor(2, "bodies")

    def close(self) -> None:
        """Let the writing threads go."""
        self._writers.shutdown(wait=False)

    def hurry(self, seconds: float) -> None:
        """Give every body under way, and every one to come, no longer than that."""
        self._grace = min(self._grace, seconds)
        self._least = float("inf")
        until = asyncio.get_running_loop().time() + seconds
        for deadline in self._under_way.values():
            deadline.reschedule(until)

    async def read(self, receive: Receive, limit: int) -> BinaryIO:
        """A body of at most *limit* bytes, its announced length if it has one; no more is read.

        Raises :class:`BrokenOff`, :class:`LimitReached` (``body_too_slow``), :class:`Unavailable`
        (``disk_full``).
        """
        incoming = Incoming(self._writers)
        try:
            async with asyncio.timeout(self._grace) as deadline:
                await self._fill(incoming, receive, limit, deadline)
            return await incoming.whole()
        except TimeoutError:
            incoming.drop()
            raise LimitReached(
                "the body came too slowly; send it again over a better connection", code="body_too_slow"
            ) from None
        except BaseException:
            incoming.drop()
            raise

    async def _fill(
        self, incoming: Incoming, receive: Receive, limit: int, deadline: asyncio.Timeout
    ) -> None:
        began = asyncio.get_running_loop().time()
        self._make_room()
        self._under_way[id(deadline)] = deadline
        try:
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise BrokenOff
                piece = message.get("body", b"")[: limit - incoming.size]
                if piece:
                    await incoming.add(piece)
                    if id(deadline) in self._under_way:
                        deadline.reschedule(began + self._grace + incoming.size / self._least)
                if not message.get("more_body") or incoming.size >= limit:
                    return
        finally:
            self._under_way.pop(id(deadline), None)

    def _make_room(self) -> None:
        while len(self._under_way) >= self._crowd:
            # What was begun first is first here, and slow: its time is up now.
            oldest = next(iter(self._under_way))
            self._under_way.pop(oldest).reschedule(asyncio.get_running_loop().time())
