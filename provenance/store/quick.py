"""The few hottest statements on PostgreSQL, by libpq itself: no session of SQLAlchemy, no cursor, no plan.

Every verdict begins with the same look at some tags, and every plain sale is the same few statements. What
stands around a statement (a pool's check-out, a cursor, waiting in Python) took more than it did itself. The
lines are our own, because the driver forgets what it did not prepare itself whenever it rolls back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from struct import Struct
from typing import Any, Final

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format

from provenance.errors import StoreUnavailable
from provenance.store.replication import is_unconfirmed, unconfirmed

_HEADER: Final = Struct(">iiiii")
_BYTEA, _INT8 = 17, 20
_LENGTH: Final = Struct(">i")
_NULL: Final = _LENGTH.pack(-1)
_PLANNED_ONCE: Final = "-c plan_cache_mode=force_generic_plan"
"""A look at one key by index takes PostgreSQL 40 µs, and planning it 300, which it would do every time."""


class Line:
    """A connection, on which each statement is prepared at its first use; values go in and out in binary."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._reader = Transformer.from_context(connection)
        self._prepared: dict[bytes, bytes] = {}
        self.is_unconfirmed = False
        connection.add_notice_handler(self._hear)

    def rows(self, statement: bytes, values: Sequence[bytes | None]) -> list[tuple[Any, ...]]:
        """What *statement* gives, its parameters ``$1`` … being *values*; raises :class:`psycopg.Error`."""
        name = self._prepared.get(statement)
        if name is None:
            name = b"quick_%d" % len(self._prepared)
            self._check(self.connection.pgconn.prepare(name, statement), ExecStatus.COMMAND_OK)
            self._prepared[statement] = name
        formats = [Format.BINARY] * len(values)
        # A null is a None there too, whatever the driver's types say.
        found = self.connection.pgconn.exec_prepared(name, values, formats, Format.BINARY)  # type: ignore[arg-type]
        self._check(found, ExecStatus.TUPLES_OK)
        self._reader.set_pgresult(found)
        return self._reader.load_rows(0, found.ntuples, tuple)

    def run(self, command: bytes) -> bytes | None:
        """What was done by *command*, which gives no rows; raises :class:`psycopg.Error`."""
        found = self.connection.pgconn.exec_(command)
        self._check(found, ExecStatus.COMMAND_OK)
        return found.command_status

    def _hear(self, notice: Any) -> None:
        self.is_unconfirmed |= is_unconfirmed(notice)

    def _check(self, found: Any, wanted: ExecStatus) -> None:
        if found.status == wanted:
            return
        error = error_from_result(found, encoding="utf-8")
        # A server that went away sends no code, so the error's class says nothing of it.
        if self.connection.pgconn.status == ConnStatus.BAD:
            raise psycopg.OperationalError("the connection is gone") from error
        raise error


class Lines:
    """Lines to one database, as many as there are threads that use them at once."""

    def __init__(self, url: str, options: str) -> None:
        """*url* as libpq takes it, with *options* for every connection."""
        self._url, self._options = url, f"{options} {_PLANNED_ONCE}"
        # A deque gives and takes without a lock.
        self._free: deque[Line] = deque()

    def look(self, statement: bytes, values: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """The rows for an array of *values*, the statement's ``$1``, as of a moment of their own.

        Made again on a new line where the old one is gone; raises :class:`StoreUnavailable`.
        """
        array = bytea_array(values)
        try:
            with self._line() as line:
                return line.rows(statement, (array,))
        except psycopg.OperationalError:
            # One that rested may have died meanwhile; a new one that fails is a database that is away.
            self.close()
        try:
            with self._line() as line:
                return line.rows(statement, (array,))
        except psycopg.OperationalError as error:
            raise _away() from error

    @contextmanager
    def transaction(self) -> Iterator[Line]:
        """One transaction, committed at the end of the block, or nothing; raises :class:`psycopg.Error`.

        Raises :class:`StoreUnavailable` where the database is away, or no standby has what was committed.
        """
        with self._begun() as line:
            try:
                yield line
            except BaseException:
                line.run(b"ROLLBACK")
                raise
            if line.run(b"COMMIT") != b"COMMIT":
                raise psycopg.errors.InFailedSqlTransaction("a statement failed, so nothing was kept")
            if line.is_unconfirmed:
                line.is_unconfirmed = False
                raise unconfirmed()

    def close(self) -> None:
        """Give up what rests."""
        while self._free:
            self._free.pop().connection.close()

    @contextmanager
    def _line(self) -> Iterator[Line]:
        line = self._taken()
        try:
            yield line
        except BaseException:
            line.connection.close()
            raise
        self._free.append(line)

    @contextmanager
    def _begun(self) -> Iterator[Line]:
        line = self._taken()
        try:
            try:
                line.run(b"BEGIN")
            except psycopg.OperationalError:
                line.connection.close()
                self.close()
                line = self._connected()
                line.run(b"BEGIN")
            yield line
        finally:
            self._given_back(line)

    def _given_back(self, line: Line) -> None:
        """Keep a line that is at rest; whatever is amiss with one, a new one is made."""
        if line.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            self._free.append(line)
        else:
            line.connection.close()

    def _taken(self) -> Line:
        with suppress(IndexError):
            return self._free.pop()
        return self._connected()

    def _connected(self) -> Line:
        try:
            return Line(psycopg.connect(self._url, autocommit=True, connect_timeout=5, options=self._options))
        except psycopg.OperationalError as error:
            raise _away() from error


def bytea_array(values: Sequence[bytes | None]) -> bytes:
    """``bytea[]`` in PostgreSQL's binary form: dimensions, nulls, type, count and lower bound, then each."""
    pieces = [_HEADER.pack(1, None in values, _BYTEA, len(values), 1)]
    for value in values:
        pieces += (_NULL,) if value is None else (_LENGTH.pack(len(value)), value)
    return b"".join(pieces)


def int8_array(values: Sequence[int]) -> bytes:
    """``bigint[]`` in the same form."""
    each = chain.from_iterable((8, value) for value in values)
    return _HEADER.pack(1, 0, _INT8, len(values), 1) + Struct(">" + "iq" * len(values)).pack(*each)


def int8(value: int) -> bytes:
    """One ``bigint``."""
    return value.to_bytes(8, signed=True)


def _away() -> StoreUnavailable:
    return StoreUnavailable("the database does not answer; try again shortly")
