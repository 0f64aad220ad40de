"""Answers kept for a while, so that a repeated request does nothing twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Update, and_, delete, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema import idempotency as table
from provenance.store.upsert import insert_or

UNKNOWN_BODY: Final = bytes(32)
"""The fingerprint of a body that is still streaming in."""


@dataclass(frozen=True, slots=True)
class Record:
    """One request. ``status`` and ``answer`` are None while it is in flight; times in ms."""

    fingerprint: bytes
    status: int | None
    answer: str | None
    locked_until: int


def claim(
    connection: Connection, scope: bytes, fingerprint: bytes, now: int, locked_until: int, expires_at: int
) -> bool:
    """Take *scope* for a request in one statement; ``False`` if another has it.

    A record past its life is free, and so is one in flight whose process died with the lock: for
    the same body, or for any where that was not known yet.
    """
    fresh = insert_or(connection, table).values(
        scope=scope, fingerprint=fingerprint, status=None, answer=None,
        locked_until=locked_until, expires_at=expires_at,
    )  # fmt: skip
    orphaned = and_(
        table.c.status.is_(None),
        table.c.locked_until <= now,
        table.c.fingerprint.in_([fingerprint, UNKNOWN_BODY]),
    )
    taken = fresh.on_conflict_do_update(
        index_elements=["scope"],
        set_={
            "fingerprint": fresh.excluded.fingerprint,
            "status": None,
            "answer": None,
            "locked_until": fresh.excluded.locked_until,
            "expires_at": fresh.excluded.expires_at,
        },
        where=or_(table.c.expires_at <= now, orphaned),
    ).returning(table.c.scope)
    return connection.execute(taken).first() is not None


def get(connection: Connection, scope: bytes) -> Record | None:
    """The record of *scope*."""
    row = connection.execute(select(table).where(table.c.scope == scope)).first()
    if row is None:
        return None
    return Record(bytes(row.fingerprint), row.status, row.answer, row.locked_until)


def finish(
    connection: Connection, scope: bytes, lock: int, fingerprint: bytes, status: int, answer: str
) -> bool:
    """Store the answer, if the claim made with *lock* still stands."""
    values = {"fingerprint": fingerprint, "status": status, "answer": answer}
    return connection.execute(_held(scope, lock).values(values)).rowcount == 1


def renew(connection: Connection, scope: bytes, lock: int, locked_until: int) -> bool:
    """Keep a claim for longer; ``False`` if it was taken over."""
    return connection.execute(_held(scope, lock).values(locked_until=locked_until)).rowcount == 1


def release(connection: Connection, scope: bytes, lock: int) -> None:
    """Give a claim back: the request left nothing that a repetition must not do again."""
    mine = (table.c.scope == scope, table.c.locked_until == lock, table.c.status.is_(None))
    connection.execute(delete(table).where(*mine))


def purge(connection: Connection, now: int) -> int:
    """Forget every record past its life; how many."""
    return connection.execute(delete(table).where(table.c.expires_at <= now)).rowcount


def _held(scope: bytes, lock: int) -> Update:
    mine = (table.c.scope == scope, table.c.locked_until == lock, table.c.status.is_(None))
    return update(table).where(*mine)
