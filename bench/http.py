"""Verify and sell over HTTP: the front under granian with two workers, on SQLite and a durable PostgreSQL.

The constant answer is a Flask route under the same server, of whose rate verify is a share; beside it
stands a bare callable, which is what the server can do without a framework.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from bench.harness import RUNS, Result, ratio
from bench.load import Load, drive, post
from bench.pgbench import PgBench
from bench.served import context_over
from bench.shop import Shop, key_of, open_shop
from provenance.core.commitments import Tagger
from provenance.store.postgres import EmbeddedPostgres

CONNECTIONS = 16
_START_SECONDS = 60.0
_MANY = 1_000
_SET = 100


class Site:
    """One database behind one server, and the same constant servers for all."""

    def __init__(self, name: str, shop: Shop, port: int, constant: int, bare: int, seconds: float) -> None:
        self.name, self.shop, self.port, self.seconds = name, shop, port, seconds
        self.constant, self.bare = constant, bare
        self.rates: dict[str, list[float]] = {}

    def constant_rate(self) -> float:
        """Answers a second of the constant JSON by Flask."""
        return self._constant(self.constant)

    def bare_rate(self) -> float:
        """Answers a second of the constant JSON by a bare callable."""
        return self._constant(self.bare)

    def _constant(self, port: int) -> float:
        asked = [post("/constant", {})] * int(60_000 * self.seconds)
        return _sound(drive(port, asked, connections=CONNECTIONS, seconds=self.seconds)).rate

    def verify(self) -> float:
        """Verdicts a second, one key a request."""
        return self._driven(self.shop.verifying(int(9_000 * self.seconds), 1)).rate

    def verify_many(self) -> float:
        """Keys a second, a thousand a request, one request at a time."""
        requests = self.shop.verifying(int(40 * self.seconds), _MANY)
        return _MANY * self._driven(requests, connections=1).rate

    def sell(self) -> float:
        """Sales a second, one key a request."""
        return self._driven(self.shop.selling(int(1_200 * self.seconds), 1)).rate

    def sell_many(self) -> float:
        """Sales a second, a hundred a request."""
        return _SET * self._driven(self.shop.selling(int(40 * self.seconds), _SET)).rate

    def p99(self, requests: list[bytes], rate: float) -> float:
        """The 99th percentile in ms at that many requests a second."""
        return self._driven(requests, rate=rate).percentile(0.99)

    def selected(self) -> float:
        """Keys a second by one indexed SELECT … IN of a thousand tags, by the bare driver."""
        tagger = Tagger(context_over(self.shop.url).vault.tag_key)
        tags = [tagger.tag(key_of(i * 7 % self.shop.size).identity) for i in range(_MANY)]
        with _bare(self.shop.url) as look:
            look(tags)
            start = time.perf_counter()
            looked = 0
            while time.perf_counter() - start < self.seconds / 2:
                if look(tags) != _MANY:
                    raise AssertionError("the keys are not all there")
                looked += _MANY
            return looked / (time.perf_counter() - start)

    def _driven(
        self, requests: list[bytes], connections: int = CONNECTIONS, rate: float | None = None
    ) -> Load:
        return _sound(drive(self.port, requests, connections=connections, seconds=self.seconds, rate=rate))


def measure(*, quick: bool = False, runs: int = RUNS) -> list[Result]:
    """Every job beside its reference, in turn; the pair of a ratio is from one round."""
    seconds = 1.0 if quick else 3.0
    size = int((runs + 2) * seconds * 5_500) + 20_000
    results: list[Result] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o711)
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        constant = stack.enter_context(_serving("make_constant", ""))
        bare = stack.enter_context(_serving("make_bare", ""))
        for name, url in (("PostgreSQL", postgres.url()), ("SQLite", f"sqlite:///{folder}/bench.sqlite")):
            shop = open_shop(url, size)
            port = stack.enter_context(_serving("make", url))
            site = Site(name, shop, port, constant, bare, seconds)
            pgbench = PgBench(_plain(url), (runs + 2) * CONNECTIONS * 5_000) if name == "PostgreSQL" else None
            results += _measured(site, pgbench, runs)
    return results


def _measured(site: Site, pgbench: PgBench | None, runs: int) -> list[Result]:
    jobs: dict[str, Callable[[], float]] = {
        "constant": site.constant_rate,
        "bare": site.bare_rate,
        "verify": site.verify,
        "select": site.selected,
        "verify many": site.verify_many,
        "sell": site.sell,
        "sell many": site.sell_many,
    }
    if pgbench is not None:
        jobs["pgbench"] = lambda: pgbench.rate(CONNECTIONS, site.seconds)
    for job in jobs.values():
        job()
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            rates[name].append(job())
    sale = "pgbench" if pgbench else "constant"
    beside = "pgbench, the same update and insert" if pgbench else "constant JSON"
    return [
        ratio(f"{site.name}: {what}", rates[ours], rates[other], unit, n, f"reference: {note}")
        for what, ours, other, unit, n, note in (
            ("verify one key", "verify", "constant", "keys/s", 1, "constant JSON by Flask"),
            ("constant JSON by Flask", "constant", "bare", "answers/s", 1, "a bare callable"),
            (f"verify {_MANY:,} keys a request", "verify many", "select", "keys/s", _MANY, "SELECT … IN"),
            ("sell one key", "sell", sale, "sales/s", 1, beside),
            (f"{_SET} sales a request", "sell many", sale, "sales/s", _SET, beside),
        )
    ] + _at_half_load(site, rates)


def _at_half_load(site: Site, rates: dict[str, list[float]]) -> list[Result]:
    found = []
    for name, requests in (("verify", site.shop.verifying), ("sell", site.shop.selling)):
        half = statistics.median(rates[name]) / 2
        slowest = site.p99(requests(int(half * site.seconds), 1), half)
        what = f"{site.name}: {name}, p99 at half load"
        found.append(Result(what, slowest, None, None, "ms", int(half), 1, f"{half:.0f} requests/s"))
    return found


def _sound(load: Load) -> Load:
    if set(load.statuses) != {200}:
        raise AssertionError(f"not every answer was 200: {dict(load.statuses)}")
    return load


@contextmanager
def _serving(app: str, url: str) -> Iterator[int]:
    with served(app, url) as (_, port):
        yield port


@contextmanager
def served(app: str, url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """granian over *app* of ``bench.served`` in processes of its own, and the port it listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.served", app, str(port)],
        env={**os.environ, "BENCH_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(process, port)
        yield process, port
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            drive(port, [b"GET /v1/health HTTP/1.1\r\nHost: bench\r\n\r\n"], connections=1, seconds=5)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server does not come up")


@contextmanager
def _bare(url: str) -> Iterator[Callable[[list[bytes]], int]]:
    """A function that selects the rows of those tags by the driver alone and says how many there are."""
    columns = "tag, batch, idx, state, entries, last_time, reserved_until"
    if url.startswith("sqlite"):
        with sqlite3.connect(make_url(url).database or "") as file:
            marks = ", ".join("?" * _MANY)
            query = f"SELECT {columns} FROM card_key WHERE tag IN ({marks})"
            yield lambda tags: len(file.execute(query, tags).fetchall())
        return
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        select = f"SELECT {columns} FROM card_key WHERE tag = ANY(%b)".encode()
        yield lambda tags: len(connection.execute(select, (tags,), binary=True).fetchall())


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
