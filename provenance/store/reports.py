"""Monthly reports by platform and month, and the reviews of buyers by order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from provenance.store.database import Connection
from provenance.store.schema import entry as entries
from provenance.store.schema_reports import buyer_review as reviews
from provenance.store.schema_reports import platform_report as table
from provenance.store.upsert import added


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A month's report: its first ms, hash (32 bytes), RFC 8785 JSON, and the entry that anchors it.

    ``index`` is the log index of that entry, ``None`` while it waits for its place.
    """

    platform: bytes
    start: int
    hash: bytes
    document: str
    made_at: int
    event: bytes
    index: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """The one review of an order, and its entry."""

    order: bytes
    stars: int
    at: int
    event: bytes


def add(connection: Connection, row: ReportRow) -> bool:
    """Store the report of a month; ``False`` if the month has one."""
    names = ("platform", "start", "hash", "document", "made_at", "event")
    return added(connection, table, {name: getattr(row, name) for name in names})


def months_of(connection: Connection, platforms: Iterable[bytes]) -> set[int]:
    """The first ms of every month of which one of *platforms* has a report."""
    query = select(table.c.start).where(table.c.platform.in_(list(platforms)))
    return set(connection.execute(query).scalars())


def of_platforms(connection: Connection, platforms: Iterable[bytes]) -> list[ReportRow]:
    """Every report of *platforms*, the newest month first."""
    query = _joined().where(table.c.platform.in_(list(platforms)))
    rows = connection.execute(query.order_by(table.c.start.desc(), table.c.made_at.desc()))
    return [_row(row) for row in rows]


def by_hash(connection: Connection, digest: bytes) -> ReportRow | None:
    """The report of that hash."""
    row = connection.execute(_joined().where(table.c.hash == digest)).first()
    return None if row is None else _row(row)


def add_review(connection: Connection, row: ReviewRow) -> bool:
    """Store the review of an order; ``False`` if it has one."""
    values = {name: getattr(row, name) for name in ("order", "stars", "at", "event")}
    return added(connection, reviews, values)


def review_of(connection: Connection, order: bytes) -> ReviewRow | None:
    """The review of an order."""
    row = connection.execute(select(reviews).where(reviews.c.order == order)).first()
    return None if row is None else ReviewRow(bytes(row.order), row.stars, row.at, bytes(row.event))


def _joined() -> Any:
    return select(table, entries.c.log_index).join(entries, entries.c.event == table.c.event)


def _row(row: Any) -> ReportRow:
    return ReportRow(
        bytes(row.platform), row.start, bytes(row.hash), row.document, row.made_at, bytes(row.event),
        row.log_index,
    )  # fmt: skip
