"""One statement over and over on PostgreSQL, by libpq itself: no session of SQLAlchemy, no cursor, no plan.

Every verdict begins with the same look at some tags, and what stands around a statement (a pool's check-out,
a transaction that is none, a cursor, waiting in Python) took more than it did itself. It reads alone, at one
moment, so nothing of that is missed; where a connection is gone, the look is made again on a new one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from struct import Struct
from typing import Any, Final

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format

from provenance.errors import StoreUnavailable

_HEADER: Final = Struct(">iiiii")
_BYTEA: Final = 17
_LENGTH: Final = Struct(">i")
_TUPLES: Final = ExecStatus.TUPLES_OK
_PLANNED_ONCE: Final = "-c plan_cache_mode=force_generic_plan"
"""A look at one key by index takes PostgreSQL 40 µs, and planning it 300, which it would do every time."""


class QuickLook:
    """Rows by an array of byte strings, the one parameter (``$1``) of a statement. For many threads."""

    def __init__(self, url: str, options: str, statement: str) -> None:
        """*url* as libpq takes it, with *options* for every connection."""
        self._url, self._statement = url, statement.encode()
        self._options = f"{options} {_PLANNED_ONCE}"
        # As many as there are threads that look; a deque gives and takes without a lock.
        self._free: deque[_Line] = deque()

    def rows(self, values: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """What *values* find; raises :class:`StoreUnavailable`."""
        array = _array(values)
        try:
            line = self._free.pop()
        except IndexError:
            line = self._connected()
        else:
            # One that rested may have died meanwhile; a new one that fails is a database that is away.
            try:
                return self._asked(line, array)
            except psycopg.OperationalError:
                self.close()
                line = self._connected()
        try:
            return self._asked(line, array)
        except psycopg.OperationalError as error:
            raise _away() from error

    def close(self) -> None:
        """Give up what rests."""
        while self._free:
            self._free.pop().connection.close()

    def _asked(self, line: _Line, array: bytes) -> list[tuple[Any, ...]]:
        try:
            found = line.ask(self._statement, array)
        except BaseException:
            line.connection.close()
            raise
        self._free.append(line)
        return found

    def _connected(self) -> _Line:
        try:
            return _Line(
                psycopg.connect(self._url, autocommit=True, connect_timeout=5, options=self._options)
            )
        except psycopg.OperationalError as error:
            raise _away() from error


class _Line:
    """A connection, on which the statement is prepared at its first use."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._reader = Transformer.from_context(connection)
        self._is_prepared = False

    def ask(self, statement: bytes, array: bytes) -> list[tuple[Any, ...]]:
        """The rows that *statement*, the same at every call, finds; raises :class:`psycopg.Error`."""
        if not self._is_prepared:
            self._check(self.connection.pgconn.prepare(b"look", statement), ExecStatus.COMMAND_OK)
            self._is_prepared = True
        found = self.connection.pgconn.exec_prepared(b"look", [array], [Format.BINARY], Format.BINARY)
        self._check(found, _TUPLES)
        self._reader.set_pgresult(found)
        return self._reader.load_rows(0, found.ntuples, tuple)

    def _check(self, found: Any, wanted: ExecStatus) -> None:
        if found.status == wanted:
            return
        error = error_from_result(found, encoding="utf-8")
        # A server that went away sends no code, so the error's class says nothing of it.
        if self.connection.pgconn.status == ConnStatus.BAD:
            raise psycopg.OperationalError("the connection is gone") from error
        raise error


def _array(values: Sequence[bytes]) -> bytes:
    """``bytea[]`` in PostgreSQL's binary form: dimensions, nulls, type, count and lower bound, then each."""
    pieces = [_HEADER.pack(1, 0, _BYTEA, len(values), 1)]
    for value in values:
        pieces += (_LENGTH.pack(len(value)), value)
    return b"".join(pieces)


def _away() -> StoreUnavailable:
    return StoreUnavailable("the database does not answer; try again shortly")
