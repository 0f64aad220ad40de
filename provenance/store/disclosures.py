"""Disclosures by whose they are, with their entries; and documents by their hash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, or_, select

from provenance.core.entries import Entry
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.schema import entry as entries
from provenance.store.schema_disclosure import disclosure as table
from provenance.store.schema_disclosure import disclosure_paper as papers
from provenance.store.upsert import insert_or


@dataclass(frozen=True, slots=True)
class Filed:
    """A disclosure, or a withdrawal of one, with its entry; ``follows`` is the event that it ends."""

    party: bytes
    follows: bytes | None
    stored: StoredEntry


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as stored; *digest* is what it was stored under."""

    digest: bytes
    media: str
    content: bytes


def add(connection: Connection, event: bytes, party: bytes, time: int, follows: bytes | None) -> None:
    """Note that the entry of *event* is a disclosure of *party*."""
    row = {"event": event, "party": party, "time": time, "follows": follows}
    connection.execute(insert(table), row)


def newest_time(connection: Connection, party: bytes) -> int | None:
    """The time of the party's newest row, in ms."""
    newest: int | None = connection.execute(
        select(func.max(table.c.time)).where(table.c.party == party)
    ).scalar()
    return newest


def of_parties(connection: Connection, addresses: Iterable[bytes]) -> list[Filed]:
    """Everything that these addresses ever disclosed or withdrew, oldest first."""
    return _filed(connection, table.c.party.in_(list(addresses)))


def with_follower(connection: Connection, event: bytes) -> list[Filed]:
    """The disclosure of that event and what follows on it."""
    return _filed(connection, or_(table.c.event == event, table.c.follows == event))


def _filed(connection: Connection, where: Any) -> list[Filed]:
    columns = (entries.c.event, entries.c.log_index, entries.c.raw, entries.c.details)
    query = select(table.c.party, table.c.follows, *columns).join(entries, entries.c.event == table.c.event)
    rows = connection.execute(query.where(where).order_by(table.c.time, table.c.event))
    return [
        Filed(
            bytes(row.party),
            None if row.follows is None else bytes(row.follows),
            StoredEntry(
                bytes(row.event),
                row.log_index,
                Entry.decode(bytes(row.raw)),
                None if row.details is None else bytes(row.details),
            ),
        )
        for row in rows
    ]


def put_paper(connection: Connection, paper: Paper) -> None:
    """Store a document; the same again changes nothing."""
    row = {"digest": paper.digest, "media": paper.media, "size": len(paper.content), "content": paper.content}
    connection.execute(insert_or(connection, papers).values(row).on_conflict_do_nothing())


def paper(connection: Connection, digest: bytes) -> Paper | None:
    """The document of that hash."""
    row = connection.execute(select(papers).where(papers.c.digest == digest)).first()
    return None if row is None else Paper(bytes(row.digest), row.media, bytes(row.content))


def known_papers(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, tuple[str, int]]:
    """Media type and size of those documents that are stored, by hash."""
    query = select(papers.c.digest, papers.c.media, papers.c.size).where(papers.c.digest.in_(list(digests)))
    return {bytes(row.digest): (row.media, row.size) for row in connection.execute(query)}
