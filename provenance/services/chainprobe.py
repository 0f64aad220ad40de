"""Whether the chain answers: asked beside the requests, remembered for some seconds, hardly waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from provenance.errors import ProvenanceError

FRESH_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 0.5
"""The first question of all may take this long, every other one is answered with what is known."""


class ChainProbe:
    """Calls *ask*, which raises when the chain does not answer as it should, at most once at a time."""

    def __init__(self, ask: Callable[[], object], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._known = "unknown"
        self._asked_at: float | None = None
        self._answered = threading.Event()

    def status(self) -> str:
        """``ok``, the code of what is amiss (``chain_unavailable``, ``registry_missing``), or ``unknown``."""
        with self._lock:
            is_due = self._asked_at is None or self._clock() - self._asked_at >= FRESH_SECONDS
            if is_due:
                self._asked_at = self._clock()
                threading.Thread(target=self._look, name="chain-probe", daemon=True).start()
        self._answered.wait(_PATIENCE_SECONDS)
        return self._known

    def _look(self) -> None:
        try:
            self._ask()
            self._known = "ok"
        except ProvenanceError as error:
            self._known = error.code
        self._answered.set()
