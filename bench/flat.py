"""Whether verify and sell stay as they are while the table of keys grows, and beside a registration.

One server and one database for each size, all up at once, measured in turn. The keys that are asked for lie
spread over the whole table: a batch of real ones, put down among filler in the order of tags, as a
registration does.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import text

from bench import registering
from bench.harness import Result, Target
from bench.http import CONNECTIONS, served
from bench.load import Load, drive
from bench.log import make_database, postgres
from bench.served import context_over
from bench.shop import SUPPLIER, Shop, open_shop
from provenance.services.registration import RegistrationService, StageOptions
from provenance.store.database import Database

SIZES: Final = (30_000, 100_000, 1_000_000)
FULL: Final = 10_000_000
FLAT: Final = 0.8
"""The share of the smallest table's rate that the largest has to reach."""
_SHARE: Final = 0.3
"""Of the rate at full load: how many requests a second come while latencies are taken."""
_REAL: Final = 30_000
"""Keys of the shop in every table: the lower half is sold, verdicts are asked of the untouched upper half."""
_SALES: Final = _REAL // 30
"""In one window, so that the lower half lasts."""
_BESIDE_FIRST: Final = 10**9
"""Serial numbers of the file that is registered beside; the shop's begin at 0."""
_COLUMNS: Final = "tag, epoch, batch, idx"
_FILLER: Final = {
    True: "SELECT randomblob(32), 0, 2000, value FROM generate_series(1, :count)",
    False: "SELECT sha256(int8send(n)), 0, 2000, n FROM generate_series(1, :count) n",
}


@dataclass
class Table:
    """A table of *n* keys behind a server, and what was measured of it, one of each a round."""

    n: int
    shop: Shop
    port: int
    rates: dict[str, list[float]] = field(default_factory=lambda: {"verify": [], "sell": []})
    p99: dict[str, list[float]] = field(default_factory=lambda: {"verify": [], "sell": []})

    def look(self, seconds: float) -> None:
        """One round: each job at full load."""
        for job in self.rates:
            self.rates[job].append(self.drive(self._requests(job, int(9_000 * seconds)), seconds).rate)

    def look_at(self, rates: dict[str, float], seconds: float) -> None:
        """One round: each job at so many requests a second."""
        for job, rate in rates.items():
            requests = self._requests(job, int(rate * seconds))
            self.p99[job].append(self.drive(requests, seconds, rate).percentile(0.99))

    def _requests(self, job: str, count: int) -> list[bytes]:
        if job == "sell":
            return self.shop.selling(min(count, _SALES * self.shop.size // _REAL), 1)
        return self.shop.verifying(count, 1, self.shop.size // 2)

    def drive(self, requests: list[bytes], seconds: float, rate: float | None = None) -> Load:
        """The load of *requests*, of which every answer has to be 200."""
        load = drive(self.port, requests, connections=CONNECTIONS, seconds=seconds, rate=rate)
        if set(load.statuses) != {200}:
            raise AssertionError(f"not every answer was 200: {dict(load.statuses)}")
        return load


def measure(*, scale: int, runs: int, is_full: bool) -> Iterator[Result]:
    """Rates by size of the table on PostgreSQL, and beside a registration of a million keys."""
    sizes = [n // scale for n in (*SIZES, *((FULL,) if is_full else ()))]
    window = 2.0 if scale == 1 else 0.5
    with postgres() as server, ExitStack() as stack:
        tables = [stack.enter_context(_table(make_database(server, f"keys_{n}"), n, sizes[0])) for n in sizes]
        for table in tables:
            table.look(window)
            table.rates = {"verify": [], "sell": []}
        for _ in range(runs):
            for table in tables:
                table.look(window)
        for job in ("verify", "sell"):
            yield _by_size(job, tables)
        yield from _beside(tables[-1], window, runs, 1_000_000 // scale)


@contextmanager
def _table(url: str, n: int, real: int) -> Iterator[Table]:
    shop = open_shop(url, real)
    _fill(url, n - shop.size)
    with served("make", url) as (_, port):
        yield Table(n, shop, port)


def _fill(url: str, count: int) -> None:
    """Lay the shop's keys among *count* others, in the order of tags."""
    database = Database(url)
    try:
        with database.write() as connection:
            connection.execute(text(f"CREATE TEMPORARY TABLE real AS SELECT {_COLUMNS} FROM card_key"))
            connection.execute(text("DELETE FROM card_key"))
            some = f"SELECT {_COLUMNS} FROM real UNION ALL {_FILLER[database.is_sqlite]}"
            insert = f"INSERT INTO card_key ({_COLUMNS}) SELECT {_COLUMNS} FROM ({some}) k ORDER BY tag"
            connection.execute(text(insert), {"count": count})
        with database.read() as connection:
            connection.execute(text("ANALYZE"))
    finally:
        database.dispose()


def _by_size(job: str, tables: list[Table]) -> Result:
    least, most = tables[0], tables[-1]
    ratios = [after / before for before, after in zip(least.rates[job], most.rates[job], strict=True)]
    points = [(table.n, statistics.median(table.rates[job])) for table in tables]
    return Result(
        f"flat: {job} one key", points[-1][1], points[0][1], statistics.median(ratios), "keys/s", most.n,
        len(ratios), f"reference: a table of {least.n:,} keys", Target(FLAT, is_least=True),
        {"points": points, "unit": "keys/s"},
    )  # fmt: skip


def _beside(table: Table, window: float, runs: int, keys: int) -> Iterator[Result]:
    """Alternately with and without a registration of *keys*, at full load and at a part of it."""
    rates = {job: statistics.median(found) * _SHARE for job, found in table.rates.items()}
    found: dict[bool, list[list[dict[str, float]]]] = {False: [], True: []}
    first = _BESIDE_FIRST
    for _ in range(max(1, runs // 2)):
        for is_beside in (False, True):
            with _registration(table.shop.url, keys, first) if is_beside else ExitStack():
                table.look(window)
                table.look_at(rates, window)
            first += keys
            newest = [{job: held[job][-1] for job in held} for held in (table.rates, table.p99)]
            found[is_beside].append(newest)
    for job in ("verify", "sell"):
        alone, beside = ([one[0][job] for one in found[key]] for key in (False, True))
        yield _row(f"beside a registration: {job} at full load", beside, alone, "keys/s", table.n)
        alone, beside = ([one[1][job] for one in found[key]] for key in (False, True))
        note = f", at {rates[job]:.0f} requests/s"
        yield _row(
            f"beside a registration: {job}, p99 at {_SHARE:.0%} load", beside, alone, "ms", table.n, note
        )


def _row(name: str, beside: list[float], alone: list[float], unit: str, n: int, note: str = "") -> Result:
    ratio = statistics.median(one / other for one, other in zip(beside, alone, strict=True))
    return Result(
        name, statistics.median(beside), statistics.median(alone), ratio, unit, n, len(beside),
        f"reference: the same without it{note}",
        Target(FLAT, is_least=True) if unit.endswith("/s") else Target(1 / FLAT),
    )  # fmt: skip


@contextmanager
def _registration(url: str, keys: int, first: int) -> Iterator[None]:
    """A process that registers *keys* into the database at *url*, and still does when this is left."""
    command = [sys.executable, "-m", "bench.flat", str(keys), str(first)]
    environment = {**os.environ, "BENCH_URL": url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it begins
        try:
            yield
            if process.poll() is not None:
                raise AssertionError("the registration ended before the measurement beside it")
        finally:
            process.terminate()


def _register_beside(url: str, keys: int, first: int) -> None:
    with tempfile.TemporaryFile() as file:
        file.writelines(registering.pieces(keys, first))
        file.seek(0)
        context = context_over(url)
        print("begun", flush=True)
        RegistrationService(context).stage(SUPPLIER, file, StageOptions("cmcc-national", shuffle=False))


if __name__ == "__main__":
    _register_beside(os.environ["BENCH_URL"], int(sys.argv[1]), int(sys.argv[2]))
