"""The entries of a log by bundle, the next ones fetched while one is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from provenance.audit.source import LogSource
from provenance.core.tiles import TILE_WIDTH, Tile

_AHEAD: Final = 32
"""Bundles fetched ahead: some 1.3 MB with their tiles."""


def bundles(source: LogSource, start: int, size: int, workers: int) -> Iterator[tuple[bytes, ...]]:
    """The entries with *start* ≤ log index < *size*, in order; raises what :meth:`LogSource.bundle` does."""
    numbers = iter(range(start // TILE_WIDTH, -(-size // TILE_WIDTH)))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting: list[tuple[int, Future[tuple[bytes, ...]]]] = []

        def ask() -> None:
            number = next(numbers, None)
            if number is not None:
                width = Tile(0, number).width(size)
                waiting.append((number, pool.submit(source.bundle, number, width)))

        for _ in range(_AHEAD):
            ask()
        try:
            while waiting:
                number, future = waiting.pop(0)
                entries = future.result()
                ask()
                yield entries[max(0, start - number * TILE_WIDTH) :]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
