"""Requests that come at the same time are worked on as one set, in one thread, with one answer each.

Nobody waits for company: the first goes at once, and those who come meanwhile are the next set. So a set
grows with the load, and what a set costs once (a statement, a commit, a change of thread) is shared.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from provenance.errors import LimitReached

Ask = TypeVar("Ask")
Got = TypeVar("Got")


class Together(Generic[Ask, Got]):
    """*work* answers a set in order; *threads* sets at a time of at most *most*, *queue* askers waiting."""

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Ask]], Sequence[Got]],
        *,
        threads: int = 1,
        most: int = 64,
        queue: int = 256,
    ) -> None:
        self._work, self._threads, self._most, self._queue = work, threads, most, queue
        self._pool = ThreadPoolExecutor(threads, name)
        self._waiting: deque[tuple[Ask, asyncio.Future[Got]]] = deque()
        self._at_work = 0

    def close(self) -> None:
        """Let idle threads go."""
        self._pool.shutdown(wait=False)

    async def ask(self, one: Ask) -> Got:
        """The answer to *one*; raises what *work* raised, and :class:`LimitReached` (``server_busy``)."""
        if len(self._waiting) >= self._queue:
            raise LimitReached(
                "the server has more to do than it can; come back in a moment",
                code="server_busy",
                retry_after=1,
            )
        answer: asyncio.Future[Got] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answer))
        if self._at_work < self._threads:
            self._begin()
        return await answer

    def _begin(self) -> None:
        some = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        self._at_work += 1
        running = asyncio.get_running_loop().run_in_executor(self._pool, self._work, [one for one, _ in some])
        running.add_done_callback(lambda done: self._ended(done, [answer for _, answer in some]))

    def _ended(self, done: asyncio.Future[Sequence[Got]], answers: Sequence[asyncio.Future[Got]]) -> None:
        self._at_work -= 1
        if self._waiting:
            self._begin()
        error = done.exception()
        for position, answer in enumerate(answers):
            # Who went away meanwhile gets none; what was done for him is done.
            if answer.done():
                continue
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(done.result()[position])
