"""Proofs from trees of a million: made cold and warm, checked by Python and Node, and how large they are.

The batch has *n* keys, the log about *n* entries, each of the first third of the keys sold, delivered and
redeemed; the checkpoint ends in a STATE and is anchored. *Cold* is a server that was started anew (SQLite: a
process's first look), with what lies on disk let go by the system as far as it obeys; the row read beside it
is the first of such a server too. *Warm* is the same connection, another key each time.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from proofbundle import tlogproof

from bench.harness import Result, paired, seconds
from bench.millions import KEYS_PER_ENTRY, LOG_SEED, World, build
from bench.served import context_over
from provenance.chain.toolchain import node_executable
from provenance.core.notes import ED25519, verifier_key
from provenance.core.proofs import ReaderContext, verify
from provenance.services.context import Context
from provenance.services.proving import ProvingService
from provenance.services.publiclog import PublicLog
from provenance.store.postgres import EmbeddedPostgres

_SOME = 40
_ROUNDS = 20
_ROW = "SELECT hashes FROM tile WHERE tree = 0 AND level = 0 AND idx = "


@dataclass
class Place:
    """A database with a world in it; ``restart`` makes it cold, perhaps at another address."""

    name: str
    url: Callable[[], str]
    restart: Callable[[], None]


def measure(n: int, runs: int) -> list[Result]:
    """Everything about proofs from a batch of *n* keys and a log of *n* entries."""
    results: list[Result] = []
    with _places() as places:
        for place in places:
            world = build(place.url(), n)
            results += [_made(place, world, runs, cold=True), _made(place, world, runs, cold=False)]
            if place is places[0]:
                results += _checked(place, world, runs)
    return results


def _made(place: Place, world: World, runs: int, *, cold: bool) -> Result:
    chance = random.Random(1)

    def proof(context: Context) -> None:
        ProvingService(context).bundle(world.batch_id, chance.randrange(world.sold))

    def row(context: Context) -> None:
        with context.database.read() as connection:
            connection.exec_driver_sql(f"{_ROW}{chance.randrange(world.entries // 256)}").fetchone()

    def first(work: Callable[[Context], None]) -> float:
        place.restart()
        return _over(place, lambda context: seconds(lambda: work(context)))

    def later(work: Callable[[Context], None]) -> float:
        def many(context: Context) -> float:
            work(context)
            return seconds(lambda: [work(context) for _ in range(_SOME)]) / _SOME  # type: ignore[func-returns-value]

        return _over(place, many)

    way = first if cold else later
    return paired(
        f"{place.name}: make a proof, {'cold' if cold else 'warm'}",
        lambda: way(proof) * 1e3,
        lambda: way(row) * 1e3,
        n=world.entries,
        unit="ms",
        runs=runs,
        note="reference: one indexed row through the same door",
    )


def _over(place: Place, work: Callable[[Context], float]) -> float:
    context = context_over(place.url())
    try:
        return work(context)
    finally:
        context.database.dispose()


def _checked(place: Place, world: World, runs: int) -> list[Result]:
    """The same proof in Python and in Node beside ``proofbundle`` on one entry of that log, and the bytes."""
    context = context_over(place.url())
    key = verifier_key(context.origin, LOG_SEED, ED25519)
    index = world.sold // 2
    bundle = ProvingService(context).bundle(world.batch_id, index)
    single = PublicLog(context).proof(world.event_of(index)).encode()
    raw = world.entry_of(index)
    context.database.dispose()
    reader = ReaderContext(network=context.domain, log_key=key)
    verify(bundle, reader)
    vkey, text = key.encode(), single.decode()

    def peer() -> float:
        verdicts: list[bool] = []
        taken = seconds(
            lambda: verdicts.extend(
                tlogproof.verify_tlog_proof(text, raw, vkey)["ok"] for _ in range(_ROUNDS)
            )
        )
        if not all(verdicts):
            raise AssertionError("proofbundle refuses our proof")
        return taken / _ROUNDS * 1e3

    def ours() -> float:
        return seconds(lambda: [verify(bundle, reader) for _ in range(_ROUNDS)]) / _ROUNDS * 1e3

    note = "reference: proofbundle on one .tlog-proof"
    with tempfile.NamedTemporaryFile(suffix=".provenance.json") as file:
        file.write(bundle)
        file.flush()
        same = {"n": world.entries, "unit": "ms", "runs": runs}
        rows = [
            paired("Python: verify a bundle", ours, peer, note=note, **same),  # type: ignore[arg-type]
            paired("Node: verify a bundle", lambda: _in_node(file.name), peer, note=note, **same),  # type: ignore[arg-type]
        ]
    size, other = float(len(bundle)), float(len(single))
    what = f"{KEYS_PER_ENTRY} acts, whole life; reference: one .tlog-proof"
    return [*rows, Result("bytes of a proof", size, other, size / other, "bytes", world.entries, 1, what)]


def _in_node(file: str) -> float:
    script = Path(__file__).with_name("verify.mjs")
    command = [str(node_executable()), str(script), file, str(_ROUNDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return float(done.stdout)


@contextmanager
def _places() -> Iterator[list[Place]]:
    with tempfile.TemporaryDirectory(prefix="provenance-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = EmbeddedPostgres(folder / "postgres")
        server.start()

        def restart() -> None:
            server.stop()
            _let_go(folder / "postgres")
            server.start()

        try:
            yield [
                Place("SQLite", lambda: f"sqlite:///{folder}/proofs.sqlite", lambda: _let_go(folder)),
                Place("PostgreSQL", server.url, restart),
            ]
        finally:
            server.stop()


def _let_go(folder: Path) -> None:
    """Ask the system to keep nothing of the files in *folder* in memory."""
    for file in folder.rglob("*"):
        if file.is_file() and os.access(file, os.R_OK):
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
