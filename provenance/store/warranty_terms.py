"""Published warranty terms, by platform and hash; what is published stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from provenance.store.database import Connection
from provenance.store.schema_warranty import published_terms as table


@dataclass(frozen=True, slots=True)
class PublishedTerms:
    """Terms as a platform published them. ``document`` is their RFC 8785 JSON, times in ms."""

    platform: bytes
    hash: bytes
    document: str
    tier: str
    published_at: int
    event: bytes


def add(connection: Connection, row: PublishedTerms) -> None:
    """Store newly published terms."""
    columns = ("platform", "hash", "document", "tier", "published_at", "event")
    connection.execute(insert(table), {name: getattr(row, name) for name in columns})


def of_platform(connection: Connection, platforms: Sequence[bytes]) -> list[PublishedTerms]:
    """All that a platform ever published under any of its names, the newest first."""
    query = select(table).where(table.c.platform.in_(platforms))
    return [_row(row) for row in connection.execute(query.order_by(table.c.published_at.desc()))]


def published(connection: Connection, platforms: Sequence[bytes], digest: bytes) -> PublishedTerms | None:
    """The terms of that hash, if one of *platforms* published them."""
    query = select(table).where(table.c.platform.in_(platforms), table.c.hash == digest)
    row = connection.execute(query.limit(1)).first()
    return None if row is None else _row(row)


def by_hash(connection: Connection, digest: bytes) -> PublishedTerms | None:
    """The terms of that hash, whoever published them first; the document is the same."""
    query = select(table).where(table.c.hash == digest).order_by(table.c.published_at).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _row(row)


def _row(row: Any) -> PublishedTerms:
    return PublishedTerms(
        bytes(row.platform), bytes(row.hash), row.document, row.tier, row.published_at, bytes(row.event)
    )
