"""A fresh database for every test, cheaply: the schema is made once and then copied."""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import sql

from provenance.store.postgres import EmbeddedPostgres

_TEMPLATE = "template_of_tests"
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 3 << 30


def memory_folder() -> Path | None:
    """A folder in memory with room for a run; ``None`` where there is none.

    SQLite waits for its disk at every commit. Here that shows nothing: tests kill processes, never the
    machine, and what a process has written the next one reads, flushed or not.
    """
    try:
        there = os.statvfs(_MEMORY)
    except OSError:
        return None
    may_run = not there.f_flag & getattr(os, "ST_NOEXEC", 0)
    has_room = there.f_bavail * there.f_frsize >= _ROOM_BYTES and os.access(_MEMORY, os.W_OK)
    return _MEMORY if may_run and has_room else None


def schema_maker() -> Callable[[str], None] | None:
    """The store's own ``create_schema(url)``, or ``None`` while there is none."""
    try:
        database = importlib.import_module("provenance.store.database")
    except ModuleNotFoundError as error:
        if error.name != "provenance.store.database":
            raise
        return None
    maker: Callable[[str], None] | None = getattr(database, "create_schema", None)
    return maker


class SqliteDatabases:
    """Database files in *folder*, each a copy of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._template: Path | None = None

    def empty(self) -> str:
        """URL of a database without tables."""
        return f"sqlite:///{self._new_file()}"

    def migrated(self) -> str:
        """URL of a database with the schema and no rows."""
        file = self._new_file()
        with (
            closing(sqlite3.connect(self._migrated_file())) as source,
            closing(sqlite3.connect(file)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=WAL")
        return f"sqlite:///{file}"

    def drop(self, url: str) -> None:
        """Remove the database behind *url*."""
        for suffix in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + suffix).unlink(missing_ok=True)

    def _new_file(self) -> Path:
        return self._folder / f"test-{next(self._numbers)}.sqlite"

    def _migrated_file(self) -> Path:
        if self._template is None:
            template = self._folder / "template.sqlite"
            if maker := schema_maker():
                maker(f"sqlite:///{template}")
            self._template = template
        return self._template


class PostgresDatabases:
    """Databases of one private server, each a copy of one migrated template.

    The server is not durable, and its folder is removed with it.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="provenance-tests-", dir=memory_folder()))
        self._folder.chmod(0o711)
        self.server = EmbeddedPostgres(self._folder / "postgres", durable=False)
        self._numbers = itertools.count()
        self._has_template = False

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def empty(self) -> str:
        """URL of a database without tables."""
        return self._create(f"test_{next(self._numbers)}", "template0")

    def migrated(self) -> str:
        """URL of a database with the schema and no rows."""
        if not self._has_template:
            url = self._create(_TEMPLATE, "template0")
            if maker := schema_maker():
                maker(url)
            self._has_template = True
        return self._create(f"test_{next(self._numbers)}", _TEMPLATE)

    def drop(self, url: str) -> None:
        """Remove the database behind *url*, cutting whoever is still connected."""
        name = url.partition("://")[2].partition("/")[2].partition("?")[0]
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, name: str, template: str) -> str:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._administer(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.server.url(name)

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server.url().replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement)
