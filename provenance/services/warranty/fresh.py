"""What is costly to reckon and asked for by many at once: told again while it is seconds old."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from provenance.services.context import Clock

FRESH_MS: Final = 10_000
_KEPT: Final = 64

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Fresh(Generic[K, V]):
    """The newest answers by key, each at most :data:`FRESH_MS` old; one reckons while others wait for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[K, tuple[int, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The answer for *key*, made now if there is no fresh one; raises what *make* raises."""
        with self._lock:
            now = self._clock.now()
            known = self._kept.get(key)
            if known is not None and 0 <= now - known[0] < FRESH_MS:
                return known[1]
            made = make()
            self._kept[key] = (now, made)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return made
