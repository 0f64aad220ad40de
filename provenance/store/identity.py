"""What a database belongs to: rows written once at ``provenance init`` and compared ever after."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, update

from provenance.store.schema import setting
from provenance.store.upsert import insert_or

_PREFIX: Final = "identity."


def remember(connection: Connection, name: str, value: str) -> str:
    """Write *value* under *name* unless something stands there; what stands there now."""
    fresh = insert_or(connection, setting).values(name=_PREFIX + name, value=value)
    connection.execute(fresh.on_conflict_do_nothing(index_elements=["name"]))
    return recall(connection, name) or value


def recall(connection: Connection, name: str) -> str | None:
    """What stands under *name*."""
    found: str | None = connection.execute(
        select(setting.c.value).where(setting.c.name == _PREFIX + name)
    ).scalar()
    return found


def replace(connection: Connection, name: str, value: str) -> None:
    """Write another *value* under a *name* that stands."""
    connection.execute(update(setting).where(setting.c.name == _PREFIX + name).values(value=value))
