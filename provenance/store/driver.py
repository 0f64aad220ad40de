"""The driver beneath SQLAlchemy, for the few hottest statements: within the caller's transaction.

What the driver raises is raised as SQLAlchemy raises it, so that retries and translations still hold.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from provenance.store.database import Connection, as_sqlalchemy


def is_sqlite(connection: Connection) -> bool:
    """Which of the two dialects to speak."""
    return connection.dialect.name == "sqlite"


@contextmanager
def driver_of(connection: Connection) -> Iterator[Any]:
    """The driver's own connection (``psycopg.Connection`` or ``sqlite3.Connection``), errors translated."""
    kind = sqlite3.Error if is_sqlite(connection) else psycopg.Error
    try:
        yield connection.connection.driver_connection
    except kind as error:
        raise as_sqlalchemy(error, kind, connection.dialect) from error
