"""How often a credential may call: a cell rate (GCRA) kept in memory, a microsecond a request.

Each process keeps its own share of the budget of ``requests_per_minute``; a budget that all
processes must agree on to the last unit is in the database (``services.budgets``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provenance.errors import LimitReached

LIMITER: Final = "provenance-limiter"
"""Where an app keeps its limiter."""
_PERIOD: Final = 60.0
_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Share:
    """What is left: of *limit* requests a minute, *remaining* now, whole again in *reset* seconds."""

    limit: int
    remaining: int
    reset: int


class RateLimiter:
    """*limit* requests a minute for each caller, all at once if need be."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._each = _PERIOD / limit
        self._clock = clock
        self._full_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, who: str) -> Share:
        """Count one request; raises :class:`LimitReached`."""
        now = self._clock()
        with self._lock:
            if len(self._full_at) > _MOST:
                self._full_at = {name: at for name, at in self._full_at.items() if at > now}
            start = max(self._full_at.get(who, now), now)
            after = start + self._each - now
            if after > _PERIOD + 1e-9:
                raise LimitReached(
                    "too many requests of this credential; slow down",
                    code="rate_limited",
                    retry_after=max(1, int(after - _PERIOD) + 1),
                )
            self._full_at[who] = now + after
        return Share(self._limit, int((_PERIOD - after) / self._each + 1e-6), int(after) + 1)

    def bar(self, who: str, seconds: int) -> None:
        """Refuse every request of a caller for so long."""
        with self._lock:
            self._full_at[who] = self._clock() + _PERIOD + seconds


def shown(share: Share) -> dict[str, str]:
    """The headers that say what is left."""
    return {
        "RateLimit-Limit": str(share.limit),
        "RateLimit-Remaining": str(share.remaining),
        "RateLimit-Reset": str(share.reset),
    }
