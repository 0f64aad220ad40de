"""INSERT … ON CONFLICT, which both databases speak and SQLAlchemy spells once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, literal
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert


def insert_or(connection: Connection, table: Table) -> Insert:
    """An insert into *table* that has ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
    if connection.dialect.name == "sqlite":
        # The two classes have the methods used here in common, and no base that says so.
        other: Any = sqlite.insert(table)
        return other  # type: ignore[no-any-return]
    return postgresql.insert(table)


def added(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless one of its keys is there; whether it was inserted."""
    # By RETURNING: of such an insert psycopg's row count does not reach SQLAlchemy's result.
    statement = insert_or(connection, table).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(literal(1))).first() is not None
