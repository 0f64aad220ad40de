"""Which credential is whose: the people who decide, and for whom they work."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema import credential as credentials
from provenance.store.schema_warranty import reviewer as table


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    """A credential as that of a person. ``parties`` and ``signer`` are addresses of 20 bytes, times in ms."""

    credential: str
    person: str
    parties: tuple[bytes, ...]
    signer: bytes | None
    added_at: int
    removed_at: int | None = None


def credential_of(connection: Connection, credential: str) -> tuple[bytes, frozenset[str]] | None:
    """Party and scopes of a credential that was not revoked."""
    query = select(credentials.c.party, credentials.c.scopes).where(
        credentials.c.id == credential, credentials.c.revoked_at.is_(None)
    )
    row = connection.execute(query).first()
    return None if row is None else (bytes(row.party), frozenset(row.scopes.split()))


def parties_of(connection: Connection, names: Iterable[str]) -> set[bytes]:
    """The parties whose credentials these are."""
    query = select(credentials.c.party).where(credentials.c.id.in_(list(names)))
    return {bytes(party) for party in connection.execute(query).scalars()}


def add(connection: Connection, row: ReviewerRow) -> None:
    """Store a new registration."""
    connection.execute(
        insert(table),
        {
            "credential": row.credential,
            "person": row.person,
            "parties": json.dumps([party.hex() for party in row.parties]),
            "signer": row.signer,
            "added_at": row.added_at,
        },
    )


def remove(connection: Connection, credential: str, now: int) -> bool:
    """End a registration; ``False`` if there is none that stands. The row stays."""
    ended = update(table).where(table.c.credential == credential, table.c.removed_at.is_(None))
    return connection.execute(ended.values(removed_at=now)).rowcount == 1


def by_credential(connection: Connection, credential: str) -> ReviewerRow | None:
    """The registration of a credential, also an ended one."""
    row = connection.execute(select(table).where(table.c.credential == credential)).first()
    return None if row is None else _row(row)


def standing(connection: Connection, *, person: str, signer: bytes | None = None) -> list[ReviewerRow]:
    """The registrations that stand of a person, or with that signing key."""
    who = table.c.person == person
    query = select(table).where(
        or_(who, table.c.signer == signer) if signer is not None else who, table.c.removed_at.is_(None)
    )
    return [_row(row) for row in connection.execute(query)]


def everyone(connection: Connection) -> list[ReviewerRow]:
    """Every registration there ever was, the newest first."""
    query = select(table).order_by(table.c.added_at.desc(), table.c.credential)
    return [_row(row) for row in connection.execute(query)]


def _row(row: Any) -> ReviewerRow:
    parties = tuple(bytes.fromhex(one) for one in json.loads(row.parties))
    signer = None if row.signer is None else bytes(row.signer)
    return ReviewerRow(row.credential, row.person, parties, signer, row.added_at, row.removed_at)
