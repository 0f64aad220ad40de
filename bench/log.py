"""The log beside the least that must be done: sequencing, a path, a proof checked, an audit replayed."""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from proofbundle import tlogproof
from sqlalchemy import insert

from bench import auditing
from bench.harness import RUNS, Result, paired, seconds
from bench.served import context_over
from provenance.core import canonical, merkle, notes, tiles
from provenance.core.entries import Entry, EntryType
from provenance.core.notes import Checkpoint, sign_checkpoint, verifier_key
from provenance.core.proofs import ReaderContext, verify
from provenance.core.tlogproof import TlogProof
from provenance.services.headfile import HeadFile
from provenance.services.ledger import Sequencer
from provenance.store import entries as entry_store
from provenance.store import tiles as tile_store
from provenance.store.database import Connection, Database, create_schema
from provenance.store.postgres import EmbeddedPostgres
from provenance.store.schema import entry as entry_table

_TREE = 7
_SEED = b"L" * 32
_CHECKS = 200
"""In a run: long enough that a turn of the scheduler more or less is no matter."""
_ORIGIN = "bench.example/log"
_GOLDEN = Path(__file__).parents[1] / "tests" / "vectors" / "golden.json"


def sequencing(n: int, runs: int = RUNS) -> Result:
    """*n* committed entries to a signed checkpoint on a durable PostgreSQL, beside COPY of the same rows."""
    with postgres() as server:
        names = itertools.count()
        make_database(server, "waiting")
        enter(server.url("waiting"), n)
        make_database(server, "empty")

        def ours() -> float:
            url = make_database(server, f"ours_{next(names)}", "waiting")
            return _sequence(url, server.data_dir.parent, n)

        ours()
        rows = _copied(_plain(server.url("ours_0")))

        def raw() -> float:
            url = _plain(make_database(server, f"raw_{next(names)}", "empty"))
            return seconds(lambda: _load(url, rows))

        return paired("sequence entries", ours, raw, n=n, runs=runs, note="reference: COPY of the same rows")


def path(n: int, runs: int = RUNS) -> list[Result]:
    """One inclusion path from tiles in the database, beside one indexed row read by the bare driver."""
    builder = tiles.TreeBuilder()
    rows = builder.add_many(merkle.leaf_hash(i.to_bytes(32)) for i in range(n))
    rows += builder.finish().tiles
    results = []
    with postgres() as server, tempfile.TemporaryDirectory() as folder:
        url = make_database(server, "paths")
        file = f"sqlite:///{folder}/paths.sqlite"
        create_schema(file)
        for name, place in (("PostgreSQL", url), ("SQLite", file)):
            database = Database(place)
            with database.write() as connection:
                tile_store.write(connection, _TREE, rows)
            results.append(_path(f"{name}: one inclusion path", database, n, runs))
            results.append(_paths(f"{name}: inclusion paths in bulk", database, n, runs))
            database.dispose()
    return results


def _path(name: str, database: Database, n: int, runs: int) -> Result:
    some = [i * 7_919 % n for i in range(300)]
    with database.read() as connection:
        raw = connection.connection.driver_connection
        mark = "?" if database.is_sqlite else "%s"
        query = f"SELECT hashes FROM tile WHERE tree = {mark} AND level = {mark} AND idx = {mark}"

        def one_path(index: int) -> object:
            read = tile_store.path_reader(connection, _TREE, index, n)
            return tiles.inclusion_at(read, index, n)

        def ours() -> float:
            return seconds(lambda: [one_path(i) for i in some]) / len(some) * 1e6

        def row() -> float:
            def one(i: int) -> object:
                return raw.execute(query, (_TREE, 0, i // 256)).fetchone()  # type: ignore[union-attr]

            return seconds(lambda: [one(i) for i in some]) / len(some) * 1e6

        return paired(name, ours, row, n=n, unit="µs", runs=runs, note="reference: one indexed row read")


def _paths(name: str, database: Database, n: int, runs: int) -> Result:
    """Paths of neighbours, as an export asks for them, beside reading their tiles of the lowest level."""
    count = min(n, 20_480)
    starts = itertools.cycle(range(0, n - count + 1, count))

    def over(connection: Connection, start: int) -> None:
        read = tile_store.reader(connection, _TREE)
        for proof in tiles.inclusions_at(read, range(start, start + count), n):
            if not proof.path:
                raise AssertionError("a path of a large tree is empty")

    def rows(connection: Connection, start: int) -> None:
        for index in range(start // 256, (start + count) // 256):
            tile_store.hashes(connection, _TREE, 0, index)

    def rate(work: Callable[[Connection, int], None]) -> float:
        with database.read() as connection:
            return count / seconds(lambda: work(connection, next(starts)))

    note = "reference: their tiles of the lowest level read, nothing hashed"
    return paired(name, lambda: rate(over), lambda: rate(rows), n=n, unit="paths/s", runs=runs, note=note)


def checking(runs: int = RUNS) -> Result:
    """A whole bundle checked, beside ``proofbundle`` on one ``.tlog-proof`` of the same tree size."""
    bundle = canonical.encode(json.loads(_GOLDEN.read_text())["bundle"])
    entries = [i.to_bytes(124) for i in range(64)]
    leaves = [merkle.leaf_hash(raw) for raw in entries]
    note = sign_checkpoint(Checkpoint(_ORIGIN, len(leaves), merkle.root(leaves)), _SEED)
    text = TlogProof(9, merkle.inclusion_path(leaves, 9), note, entries[9]).encode().decode()
    key = verifier_key(_ORIGIN, _SEED, notes.ED25519).encode()

    def peer() -> None:
        for _ in range(_CHECKS):
            if not tlogproof.verify_tlog_proof(text, entries[9], key)["ok"]:
                raise AssertionError("proofbundle refuses our proof")

    reader = ReaderContext()
    return paired(
        "verify a bundle",
        lambda: seconds(lambda: [verify(bundle, reader) for _ in range(_CHECKS)]) / _CHECKS * 1e3,
        lambda: seconds(peer) / _CHECKS * 1e3,
        n=1,
        unit="ms",
        runs=runs,
        note="reference: proofbundle on one .tlog-proof",
    )


def replaying(n: int, runs: int = RUNS) -> Result:
    """An audit of *n* entries in one process, beside one hashlib call for each leaf and node."""
    raws = auditing.log_of(list(range(n // 3)))

    def hashing() -> float:
        start = time.perf_counter()
        level = [sha256(b"\x00" + raw).digest() for raw in raws]
        while len(level) > 1:
            above = [sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
            level = above + level[len(above) * 2 :]
        return time.perf_counter() - start

    def ours() -> float:
        return len(raws) / auditing.measure("bench", list(range(n // 3))).ours

    return paired(
        "audit replay", ours, hashing, n=len(raws), runs=runs, note="reference: hashlib, each leaf and node"
    )


def _sequence(url: str, folder: Path, n: int) -> float:
    context = context_over(url)
    head = HeadFile(folder / f"{os.urandom(6).hex()}.json")
    sequencer = Sequencer(context, Ed25519PrivateKey.from_private_bytes(_SEED), head, "bench")
    taken = seconds(lambda: sequence_all(sequencer, n))
    sequencer.stop()
    context.database.dispose()
    return taken


def sequence_all(sequencer: Sequencer, n: int) -> None:
    """Round after round, until *n* entries more have their places."""
    done = 0
    while done < n:
        made = sequencer.sequence()
        done += 0 if made is None else made.added


def enter(url: str, n: int, first: int = 0) -> None:
    """Commit *n* entries without places, numbered from *first*."""
    database = Database(url)
    with database.write() as connection:
        for start in range(first, first + n, 10_000):
            some = range(start, min(first + n, start + 10_000))
            rows = [entry_store.row(i.to_bytes(16), _entry(i), None) for i in some]
            connection.execute(insert(entry_table), rows)
    database.dispose()


def _entry(number: int) -> Entry:
    subject = sha256(number.to_bytes(8)).digest()
    return Entry(EntryType.QUALIFICATION, 1_700_000_000_000 + number, subject, bytes(20))


def make_database(server: EmbeddedPostgres, name: str, template: str | None = None) -> str:
    """A database with our tables, or a copy of *template*; its URL."""
    with psycopg.connect(_plain(server.url()), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}".encode())
    url = server.url(name)
    if template is None:
        create_schema(url)
    return url


def _copied(url: str) -> dict[str, bytes]:
    rows: dict[str, bytes] = {}
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table in ("entry", "tile"):
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)".encode()) as copy:
                rows[table] = b"".join(bytes(piece) for piece in copy)
    return rows


def _load(url: str, rows: dict[str, bytes]) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table, content in rows.items():
            with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
                copy.write(content)


@contextmanager
def postgres() -> Iterator[EmbeddedPostgres]:
    """A durable server of its own, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder) / "postgres") as server:
            yield server


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
