"""Registration of a text file beside a raw bulk load of the very rows it makes."""

from __future__ import annotations

import io
import itertools
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import make_url

from bench.harness import RUNS, Result, paired, seconds
from provenance.core.entries import PartyReason
from provenance.core.manifest import Domain
from provenance.services.context import Context
from provenance.services.parties import PartyService
from provenance.services.registration import RegistrationService, StageOptions
from provenance.services.vault import Vault
from provenance.store.database import Database, create_schema
from provenance.store.postgres import EmbeddedPostgres

SUPPLIER = b"\x01" * 20
_TABLES = {
    "card_key": "tag, epoch, batch, idx",
    "alias": "digest, kind, batch, idx",
    "tile": "tree, level, idx, hashes",
}


class _Clock:
    def now(self) -> int:
        return 1_800_000_000_000


def supplier_file(n: int) -> bytes:
    """*n* lines of a national recharge card: 17 digits of serial, 18 of secret."""
    return _lines(0, n)


def register(url: str, file: BinaryIO) -> None:
    """Stage one file in a fresh database, as the service does it."""
    database = Database(url)
    context = Context(
        database, _Clock(), secrets.token_bytes,
        Vault({0: secrets.token_bytes(32)}, secrets.token_bytes(32), secrets.token_bytes),
        "bench.example/log", Domain(31337, bytes(20)), Ed25519PrivateKey.generate(),
    )  # fmt: skip
    PartyService(context).admit(SUPPLIER, "bench", PartyReason.SUPPLIER, address=SUPPLIER)
    RegistrationService(context).stage(SUPPLIER, file, StageOptions("cmcc-national", shuffle=False))
    database.dispose()


def into_sqlite(n: int = 1_000_000, runs: int = RUNS) -> Result:
    """Beside ``executemany`` of the same rows into the same indexed tables."""
    data = supplier_file(n)
    with tempfile.TemporaryDirectory() as folder:
        fresh = fresh_files(folder)
        made = fresh()
        register(made, io.BytesIO(data))
        rows = _sqlite_rows(make_url(made).database or "")

        def ours() -> float:
            url = fresh()
            return seconds(lambda: register(url, io.BytesIO(data)))

        def raw() -> float:
            file = make_url(fresh()).database or ""
            return seconds(lambda: _load_sqlite(file, rows))

        return paired(
            "SQLite: register", ours, raw, n=n, runs=runs, warm_up=False,
            note="reference: raw executemany of its rows",
        )  # fmt: skip


def into_postgres(n: int = 1_000_000, runs: int = RUNS) -> Result:
    """Beside raw COPY of the same rows into the same indexed tables, one commit, fsync on."""
    data = supplier_file(n)
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(_reachable(folder) / "pg") as server:
        fresh = fresh_databases(server)
        made = fresh()
        register(made, io.BytesIO(data))
        rows = _postgres_rows(_plain(made))

        def ours() -> float:
            url = fresh()
            return seconds(lambda: register(url, io.BytesIO(data)))

        def raw() -> float:
            url = _plain(fresh())
            return seconds(lambda: _load_postgres(url, rows))

        return paired(
            "PostgreSQL: register", ours, raw, n=n, runs=runs, warm_up=False,
            note="reference: raw COPY of its rows",
        )  # fmt: skip


def peak_memory(sizes: list[int]) -> list[Result]:
    """Peak resident memory in MiB of a process that registers so many keys, beside the smallest of *sizes*.

    The memory of PostgreSQL's own processes is not in it: that is what its settings say.
    """
    results = []
    for name in ("SQLite", "PostgreSQL"):
        said = [registered_alone(name, n) for n in sizes]
        results += memory_rows(name, dict(zip(sizes, said, strict=True)))
    return results


def memory_rows(name: str, said: dict[int, dict[str, float]]) -> list[Result]:
    """Peak memory by size, beside that of the smallest."""
    least_size, least = min(said), said[min(said)]["peak_mib"]
    note = f"reference: the same with {least_size:,} keys"
    what = f"{name}: peak memory of a registration"
    rows = []
    for n, one in said.items():
        peak, facts = one["peak_mib"], {"seconds": one["seconds"]}
        rows.append(Result(what, peak, least, peak / least, "MiB", n, 1, note, facts=facts))
    return rows


def registered_alone(name: str, n: int) -> dict[str, float]:
    """Seconds and peak memory of a process that registers *n* keys and does nothing else."""
    command = [sys.executable, "-m", "bench.registering", name, str(n)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    said: dict[str, float] = json.loads(made.stdout)
    return said


def fresh_files(folder: str) -> Callable[[], str]:
    """A function that makes another empty SQLite file, gives its URL, and removes the one before."""
    numbers = itertools.count()

    def fresh() -> str:
        number = next(numbers)
        for ending in ("", "-wal", "-shm"):
            Path(folder, f"{number - 1}.sqlite{ending}").unlink(missing_ok=True)
        url = f"sqlite:///{folder}/{number}.sqlite"
        create_schema(url)
        return url

    return fresh


def fresh_databases(server: EmbeddedPostgres) -> Callable[[], str]:
    """A function that makes another empty database, gives its URL, and drops the one before."""
    numbers = itertools.count()

    def fresh() -> str:
        number = next(numbers)
        name = f"bench_{number}"
        with psycopg.connect(_plain(server.url()), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "bench_{number - 1}"'.encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = server.url(name)
        create_schema(url)
        return url

    return fresh


def _reachable(folder: str) -> Path:
    # As root the server runs as an unprivileged user, who must be able to enter.
    os.chmod(folder, 0o755)
    return Path(folder)


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _sqlite_rows(file: str) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(file) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table}").fetchall()
            for table, columns in _TABLES.items()
        }


def _load_sqlite(file: str, rows: dict[str, list[tuple[object, ...]]]) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for table, columns in _TABLES.items():
            marks = ", ".join("?" * len(columns.split(",")))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            connection.executemany(statement, rows[table])


def _postgres_rows(url: str) -> dict[str, bytes]:
    rows: dict[str, bytes] = {}
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table, columns in _TABLES.items():
            statement = f"COPY {table} ({columns}) TO STDOUT (FORMAT BINARY)"
            with cursor.copy(statement.encode()) as copy:
                rows[table] = b"".join(bytes(piece) for piece in copy)
    return rows


def _load_postgres(url: str, rows: dict[str, bytes]) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table, columns in _TABLES.items():
            statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)"
            with cursor.copy(statement.encode()) as copy:
                copy.write(rows[table])


def _main() -> None:
    name, n = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = os.path.join(folder, "keys.txt")
        with open(path, "wb") as file:
            file.writelines(pieces(n))
        if name == "PostgreSQL":
            url = stack.enter_context(EmbeddedPostgres(_reachable(folder) / "pg")).url()
        else:
            url = f"sqlite:///{folder}/peak.sqlite"
        create_schema(url)
        with open(path, "rb") as file:
            taken = seconds(lambda: register(url, file))
    print(json.dumps({"peak_mib": round(_peak_mib(), 1), "seconds": round(taken, 2)}))


def _peak_mib() -> float:
    # Not getrusage: on Linux that includes the process that started this one, which may have been larger.
    with open("/proc/self/status") as status:
        peak = next(line for line in status if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def pieces(n: int, first: int = 0) -> Iterator[bytes]:
    """A supplier's file of *n* lines from serial number *first*, a little at a time."""
    for start in range(first, first + n, 10_000):
        yield _lines(start, min(10_000, first + n - start))


def _lines(start: int, count: int) -> bytes:
    rows = (f"{10**16 + start + i},{secrets.randbelow(10**18):018d}\n" for i in range(count))
    return "".join(rows).encode()


if __name__ == "__main__":
    _main()
