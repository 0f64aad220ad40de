"""How fast one process asks one issuer: evenly, a tenth of a minute's questions at once."""

from __future__ import annotations

import threading


class Pace:
    """A generic cell rate (GCRA); times in seconds of one clock. Safe to share between threads."""

    def __init__(self, per_minute: int) -> None:
        self._each = 60.0 / per_minute
        self._burst = max(1, per_minute // 10)
        self._full_at = 0.0
        self._lock = threading.Lock()

    def take(self, now: float, patience: float) -> float | None:
        """Seconds to wait before asking, at most *patience*; ``None``, and nothing taken, if it is more."""
        with self._lock:
            full_at = max(self._full_at, now)
            wait = max(0.0, full_at - now - self._each * (self._burst - 1))
            if wait > patience:
                return None
            self._full_at = full_at + self._each
            return wait
