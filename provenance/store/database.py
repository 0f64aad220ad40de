"""Engines and transactions for both databases: SQLite embedded, PostgreSQL in production.

A transaction is opened by a service and handed to the store's functions; nothing else commits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
from alembic import command
from alembic.config import Config
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from provenance.errors import Conflict, StoreUnavailable
from provenance.store.patience import Patience
from provenance.store.quick import Line, Lines
from provenance.store.replication import is_unconfirmed, unconfirmed

__all__ = ["Connection", "Database", "Patience", "create_schema"]

T = TypeVar("T")
C = TypeVar("C")

RETRIES: Final = 8
"""Deadlocks and serialization failures are the price of locks; each retry starts from a fresh look."""
_RETRYABLE: Final = frozenset({"40001", "40P01"})
_LOCK_NOT_HAD: Final = "55P03"
_IDLE_TOO_LONG: Final = "25P03"
_READ_ONLY: Final = "25006"
_UNCONFIRMED: Final = "unconfirmed"
_BUSY_MS: Final = 30_000
_REST_SECONDS: Final = 0.5
"""A server that went away and came back needs longer than that."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class Database:
    """One database by URL (``sqlite:///path`` or ``postgresql+psycopg://…``).

    ``read()`` gives a connection in autocommit for look-ups, ``look()`` makes the hottest without one;
    ``write()`` one transaction that commits at the end of the block, or leaves nothing.
    """

    def __init__(self, url: str, *, pool_size: int = 8, patience: Patience | None = None) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._keepalives = (patience or Patience()).keepalives()
        said = self.url.query.get("options", "")
        self._options = (patience or Patience()).options(said if isinstance(said, str) else " ".join(said))
        if self.is_sqlite:
            self._engine = _sqlite_engine(self.url)
        else:
            self._engine = _postgres_engine(self.url, pool_size, self._options, self._keepalives)
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lines: Lines | None = None

    @classmethod
    def beside(cls, url: str | None, pool_size: int) -> Database | None:
        """Another database that a deployment may have; ``None`` without a *url*."""
        return None if url is None else cls(url, pool_size=pool_size)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection whose every statement sees the newest committed state."""
        with _translated(), self._reader.connect() as connection:
            yield connection

    def look(self, statement: bytes, values: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """Rows by an array of *values*, on PostgreSQL alone: the quick way for the hottest look-ups."""
        return self._quick().look(statement, values)

    def _quick(self) -> Lines:
        if self._lines is None:
            # As the driver is told it: several hosts are written otherwise in a URL of libpq's.
            _, told = self._engine.dialect.create_connect_args(self.url.difference_update_query(["options"]))
            arguments: dict[str, Any] = {**told, **self._keepalives}
            arguments.pop("context", None)
            self._lines = Lines(make_conninfo(**arguments), self._options)
        return self._lines

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection whose statements all see one state (a proof is made from one)."""
        with _translated(), self._engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction. SQLite takes its write lock at once, so that no later statement fails for it."""
        with _translated(), self._engine.connect() as connection:
            connection.info["immediate"] = True
            try:
                with connection.begin():
                    yield connection
                if connection.info.pop(_UNCONFIRMED, False):
                    raise unconfirmed()
            finally:
                connection.info.pop("immediate", None)

    @contextmanager
    def _write_quickly(self) -> Iterator[Connection | Line]:
        if self.is_sqlite:
            with self.write() as connection:
                yield connection
            return
        with _translated():
            try:
                with self._quick().transaction() as line:
                    yield line
            except psycopg.Error as error:
                raise as_sqlalchemy(error, psycopg.Error, self._engine.dialect) from error

    def retrying(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in a transaction, again from the start when the database asks for that.

        Raises :class:`Conflict` (``contended``) when it asks time and again.
        """
        return _retried(self.write, work)

    def retrying_quickly(self, work: Callable[[Connection | Line], T]) -> T:
        """The same for *work* that is given a line on PostgreSQL, for a few statements made for it."""
        return _retried(self._write_quickly, work)

    def dispose(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()
        if self._lines is not None:
            self._lines.close()


def _retried(write: Callable[[], AbstractContextManager[C]], work: Callable[[C], T]) -> T:
    for attempt in range(RETRIES):
        try:
            with write() as connection:
                return work(connection)
        except DBAPIError as error:
            if not is_retryable(error):
                raise
            if attempt == RETRIES - 1:
                raise Conflict("too many others write at once; try again", code="contended") from error
            time.sleep(0.002 * 2**attempt)
    raise AssertionError("unreachable")


def as_sqlalchemy(error: Exception, kind: type[Exception], dialect: Any) -> Exception:
    """What the driver raised as SQLAlchemy raises it, so that retries and translations hold."""
    made: Exception = DBAPIError.instance(None, None, error, kind, hide_parameters=True, dialect=dialect)
    return made


def create_schema(url: str) -> None:
    """Bring the database at *url* to the newest schema (Alembic)."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")


def _postgres_engine(url: URL, pool_size: int, options: str, keepalives: dict[str, int]) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "options": options, **keepalives},
    )
    _ping_after_rest(engine)
    _hear_warnings(engine)
    return engine


def _hear_warnings(engine: Engine) -> None:
    """Note commits that no standby has: to the client they look like any other."""

    @event.listens_for(engine, "connect")
    def _listen(raw: Any, record: Any) -> None:
        def hear(notice: Any) -> None:
            if is_unconfirmed(notice):
                record.info[_UNCONFIRMED] = True

        raw.add_notice_handler(hear)


def _ping_after_rest(engine: Engine) -> None:
    """Ask a connection that rested whether it still lives; at every use it would be a third of a read."""

    @event.listens_for(engine, "checkin")
    def _rests(_raw: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _wakes(raw: Any, record: Any, _proxy: Any) -> None:
        rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
        if rested < _REST_SECONDS:
            return
        try:
            engine.dialect.do_ping(raw)
        except Exception as error:
            # The pool takes another one, and makes all of this age anew.
            raise InvalidatePoolError from error


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        # The driver's own BEGIN comes too late for a write lock; we say BEGIN ourselves.
        raw.isolation_level = None
        cursor = raw.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={_BUSY_MS}",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return
        immediate = connection.info.get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def is_retryable(error: DBAPIError) -> bool:
    """Whether the database asks for the whole transaction again."""
    return _state(error) in _RETRYABLE


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if _state(error) == _LOCK_NOT_HAD:
            raise Conflict(
                "somebody else has been at this for long; try again shortly", code="contended"
            ) from error
        # Who was the primary may have become a standby: the one to write to is elsewhere.
        is_away = isinstance(error, OperationalError) or _state(error) in (_IDLE_TOO_LONG, _READ_ONLY)
        if is_retryable(error) or not is_away:
            raise
        raise StoreUnavailable("the database does not answer; try again shortly") from error
    except PoolTimeout as error:
        raise StoreUnavailable("every connection to the database is at work; try again shortly") from error
