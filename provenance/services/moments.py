"""As of when an answer holds that came from a replica."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from provenance.errors import StoreUnavailable
from provenance.services.context import Clock
from provenance.store import replication
from provenance.store.database import Database

_KEPT_MS: Final = 250
"""A moment that was asked so long ago is still true: what is read later is at least as new."""
_REST_MS: Final = 2_000
"""How long a database that did not answer is not asked again while another can answer."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """Everything that happened up to ``time`` is in the answer; what came later may be missing.

    ``time`` and ``log_time`` in ms; ``log_size`` and ``log_time`` are those of the newest signed
    checkpoint that the replica had.
    """

    time: int
    log_size: int
    log_time: int


class Resting:
    """Remembers that a database did not answer, so that not everybody waits for it in turn."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = 0

    @property
    def is_over(self) -> bool:
        return self._clock.now() >= self._until

    def begin(self) -> None:
        self._until = self._clock.now() + _REST_MS


class Moments:
    """How far the replica behind *database* has come, asked a few times a second whoever needs it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._resting = Resting(clock)
        self._lock = threading.Lock()
        self._kept: tuple[int, AsOf] | None = None

    def now(self) -> AsOf | None:
        """As of when the replica would answer; ``None`` while it does not."""
        with self._lock:
            asked = self._clock.now()
            if self._kept is not None and 0 <= asked - self._kept[0] < _KEPT_MS:
                return self._kept[1]
            if not self._resting.is_over:
                return None
            try:
                with self._database.read() as connection:
                    told = replication.moment(connection)
            except StoreUnavailable:
                self.lost()
                return None
            # A replica that was promoted is the newest there is. One that has repeated nothing since its
            # start has at least what was signed.
            time = (told.time if told.replayed is None else told.replayed) if told.follows else asked
            self._kept = asked, AsOf(time, told.size, told.time)
            return self._kept[1]

    def lost(self) -> None:
        """The replica did not answer: leave it alone for a moment."""
        self._kept = None
        self._resting.begin()
