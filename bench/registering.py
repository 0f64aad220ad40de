"""Registration of a text file beside a raw bulk load of the very rows it makes."""

from __future__ import annotations

import io
import json
import os
import resource
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
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


def into_sqlite(n: int = 100_000, runs: int = RUNS) -> Result:
    """Beside ``executemany`` of the same rows into the same indexed tables."""
    data = supplier_file(n)
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10_000))

        def fresh() -> str:
            url = f"sqlite:///{folder}/{next(numbers)}.sqlite"
            create_schema(url)
            return url

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
            "register into SQLite", ours, raw, n=n, runs=runs, note="reference: raw executemany of its rows"
        )


def into_postgres(n: int = 100_000, runs: int = RUNS) -> Result:
    """Beside raw COPY of the same rows into the same indexed tables, one commit, fsync on."""
    data = supplier_file(n)
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(_reachable(folder) / "pg") as server:
        fresh = _fresh_databases(server)
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
            "register into PostgreSQL", ours, raw, n=n, runs=runs, note="reference: raw COPY of its rows"
        )


def peak_memory(n: int) -> Result:
    """Peak resident memory of a process that registers *n* keys into SQLite, in MiB."""
    command = [sys.executable, "-m", "bench.registering", str(n)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = float(json.loads(made.stdout)["peak_mib"])
    return Result("peak memory of a registration", peak, None, None, "MiB", n, 1, "whole process, SQLite")


def _fresh_databases(server: EmbeddedPostgres) -> Callable[[], str]:
    numbers = iter(range(10_000))

    def fresh() -> str:
        name = f"bench_{next(numbers)}"
        with psycopg.connect(_plain(server.url()), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
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
    n = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/peak.sqlite"
        create_schema(url)
        path = os.path.join(folder, "keys.txt")
        with open(path, "wb") as file:
            for start in range(0, n, 10_000):
                file.write(_lines(start, min(10_000, n - start)))
        with open(path, "rb") as file:
            register(url, file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mib": round(peak, 1)}))


def _lines(start: int, count: int) -> bytes:
    rows = (f"{10**16 + start + i},{secrets.randbelow(10**18):018d}\n" for i in range(count))
    return "".join(rows).encode()


if __name__ == "__main__":
    _main()
