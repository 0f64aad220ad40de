"""``python -m bench.soak --minutes 30``: verify and sell at 70 % of the peak, then ten times that.

Every window prints rate, latency, memory and open files of the server's processes; at the end the last
third is compared with the first. Then comes ten times the load, which has to be refused within bounds, and
a quiet window, which has to be as it was.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.http import CONNECTIONS, served
from bench.load import Load, drive
from bench.shop import Shop, open_shop
from provenance.store.postgres import EmbeddedPostgres

_SHARE = 0.7
_TIMES = 10
_SOLD = 10
"""One request in so many is a sale."""
_GROWTH = 1.2
"""The last third may take so much more than the first; past that it is a leak."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one stretch of time showed: answers a second, ms, bytes, files, and answers other than 200."""

    rate: float
    p99: float
    memory: int
    files: int
    refused: int

    def __str__(self) -> str:
        return (
            f"{self.rate:7.0f}/s  p99 {self.p99:7.1f} ms  {self.memory >> 20:5d} MB  "
            f"{self.files:4d} files  {self.refused:6d} refused"
        )


class Soak:
    """One server, its processes and its shop."""

    def __init__(self, process: int, port: int, shop: Shop) -> None:
        self._process, self._port, self._shop = process, port, shop

    def peak(self, seconds: float) -> float:
        """Answers a second without a pause."""
        return self._driven(int(8_000 * seconds), seconds, CONNECTIONS, None).rate

    def window(self, seconds: float, rate: float, connections: int = CONNECTIONS) -> Window:
        """A stretch at that rate."""
        load = self._driven(int(rate * seconds) + 1, seconds, connections, rate)
        if set(load.statuses) - {200, 429}:
            raise AssertionError(f"neither answered nor refused: {dict(load.statuses)}")
        memory, files = self._held()
        return Window(load.rate, load.percentile(0.99), memory, files, load.statuses[429])

    def _driven(self, count: int, seconds: float, connections: int, rate: float | None) -> Load:
        requests = self._shop.verifying(count - count // _SOLD, 1)
        sales = self._shop.selling(count // _SOLD, 1)
        for place, sale in enumerate(sales):
            requests.insert(place * _SOLD, sale)
        return drive(self._port, requests, connections=connections, seconds=seconds, rate=rate)

    def _held(self) -> tuple[int, int]:
        """Bytes and open files of all processes of the server."""
        memory = files = 0
        for child in _children(self._process):
            status = Path(f"/proc/{child}/status").read_text()
            memory += sum(int(line.split()[1]) << 10 for line in status.splitlines() if "VmRSS" in line)
            files += len(list(Path(f"/proc/{child}/fd").iterdir()))
        return memory, files


def _children(process: int) -> Iterator[int]:
    yield process
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        yield from _children(int(child))


def faults(windows: list[Window], quiet: Window) -> list[str]:
    """What was not flat: memory, files or latency of the last third beside the first; refusals; recovery."""
    third = max(1, len(windows) // 3)
    found = [
        f"{what} grew from {before:.0f} to {after:.0f}"
        for what, before, after in (
            (what, *(statistics.median(getattr(one, what) for one in some) for some in ends))
            for ends in [(windows[:third], windows[-third:])]
            for what in ("memory", "files", "p99")
        )
        # A latency of a few ms may double by chance.
        if after > before * _GROWTH and (what != "p99" or after > 60)
    ]
    if sum(one.refused for one in windows):
        found.append("requests were refused at 70 % of the peak")
    if quiet.refused:
        found.append("requests were still refused after the flood")
    return found


def main() -> int:
    """Run it; 1 if something was not flat."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--window", type=float, default=20.0, help="seconds")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o711)
        url = stack.enter_context(EmbeddedPostgres(folder / "postgres")).url()
        shop = open_shop(url, int(asked.minutes * 60 * 600) + 200_000)
        process, port = stack.enter_context(served("make", url))
        soak = Soak(process.pid, port, shop)
        soak.peak(2)
        peak = soak.peak(8)
        print(f"peak {peak:.0f}/s; {asked.minutes:g} minutes at {_SHARE:.0%} of it")
        windows = []
        for _ in range(max(3, round(asked.minutes * 60 / asked.window))):
            windows.append(soak.window(asked.window, peak * _SHARE))
            print(windows[-1], flush=True)
        print(f"{_TIMES} times the load, {_TIMES * 80} connections")
        print(soak.window(10, peak * _TIMES, _TIMES * 80), flush=True)
        quiet = soak.window(10, peak * _SHARE)
        print("and afterwards", quiet, sep="\n")
    found = faults(windows, quiet)
    print("\n".join(found) or "flat")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
