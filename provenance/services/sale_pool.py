"""Sales that come at the same time go into the database as one set.

Nobody waits for company: the first caller sells at once, and those who come meanwhile are the next
set, led by the first of them. So a set grows with the load, and a lonely sale is as fast as ever.
Each caller gets its own answer; of several for one key the first goes in, and the others are then
refused, or answered, by what became of it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from provenance.errors import LimitReached
from provenance.services.sale import Sold, Wish

SET: Final = 100
"""Sales a transaction: more would keep its callers waiting longer than it saves."""
QUEUE: Final = 256
WAIT_SECONDS: Final = 10.0

SellSet = Callable[[Sequence[Wish]], dict[int, Sold]]


class _Ticket:
    """One caller's wish; *called* when it is done, or when its caller leads the next set."""

    __slots__ = ("called", "error", "leads", "sold", "wish")

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.called = threading.Event()
        self.leads = False
        self.sold: Sold | None = None
        self.error: BaseException | None = None


class SalePool:
    """*sell_set* sells what is plain of many wishes in one transaction, by position."""

    def __init__(self, sell_set: SellSet, *, queue: int = QUEUE, wait_seconds: float = WAIT_SECONDS) -> None:
        self._sell_set = sell_set
        self._queue = queue
        self._wait = wait_seconds
        self._lock = threading.Lock()
        self._waiting: deque[_Ticket] = deque()
        self._is_led = False

    def sell(self, wish: Wish) -> Sold | None:
        """The sale, or ``None`` where it is not plain; raises :class:`LimitReached` (``queue_full``)."""
        ticket = _Ticket(wish)
        with self._lock:
            if len(self._waiting) >= self._queue:
                raise _busy()
            self._waiting.append(ticket)
            if not self._is_led:
                self._is_led = ticket.leads = True
        if not ticket.leads:
            self._await(ticket)
        if ticket.leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.sold

    def _await(self, ticket: _Ticket) -> None:
        while not ticket.called.wait(self._wait):
            with self._lock:
                # Once it is taken into a set its answer comes; the database's own limits see to that.
                if not ticket.leads and ticket in self._waiting:
                    self._waiting.remove(ticket)
                    raise _busy()

    def _lead(self) -> None:
        with self._lock:
            tickets = [self._waiting.popleft() for _ in range(min(SET, len(self._waiting)))]
        try:
            sold = self._sell_set([ticket.wish for ticket in tickets])
            for position, one in sold.items():
                tickets[position].sold = one
        except BaseException as error:
            for ticket in tickets:
                ticket.error = error
        finally:
            self._hand_on(tickets)

    def _hand_on(self, done: Sequence[_Ticket]) -> None:
        with self._lock:
            self._is_led = bool(self._waiting)
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].called.set()
        for ticket in done:
            ticket.called.set()


def _busy() -> LimitReached:
    return LimitReached(
        "too many sales wait for their turn; come back in a moment", code="queue_full", retry_after=1
    )
