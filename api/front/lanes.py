"""Threads for what computes, each lane with a bounded queue: past it a request is refused, not remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from provenance.errors import LimitReached

T = TypeVar("T")

WAIT_SECONDS: Final = 10.0
"""Who waited longer for a thread is likely gone; answering him would keep others waiting."""


class Lane:
    """*threads* at work and at most *queue* requests waiting for one."""

    def __init__(
        self,
        name: str,
        threads: int,
        queue: int,
        *,
        wait_seconds: float = WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, name)
        self._room = threads + queue
        self._wait, self._clock = wait_seconds, clock
        self._held = 0

    @property
    def held(self) -> int:
        """How many are at work or waiting."""
        return self._held

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """Run *work* in a thread; raises :class:`LimitReached` (``server_busy``) where too many wait."""
        if self._held >= self._room:
            raise _busy()
        self._held += 1
        running = asyncio.get_running_loop().run_in_executor(
            self._threads, self._in_time, self._clock(), work, given
        )
        running.add_done_callback(self._left)
        # Whoever stops waiting does not stop the work: its place is taken until it ends.
        return await asyncio.shield(running)

    def close(self) -> None:
        """Let idle threads go."""
        self._threads.shutdown(wait=False)

    def _in_time(self, since: float, work: Callable[..., T], given: tuple[Any, ...]) -> T:
        if self._clock() - since > self._wait:
            raise _busy()
        return work(*given)

    def _left(self, done: asyncio.Future[Any]) -> None:
        self._held -= 1
        if not done.cancelled():
            done.exception()


def _busy() -> LimitReached:
    return LimitReached(
        "the server has more to do than it can; come back in a moment", code="server_busy", retry_after=1
    )
