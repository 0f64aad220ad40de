"""The parties as they stand now, their credentials, and the alerts that wait for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from provenance.core.entries import PartyReason
from provenance.errors import Conflict
from provenance.store.database import Connection
from provenance.store.schema import alert as alerts
from provenance.store.schema import credential as credentials
from provenance.store.schema import party as table


@dataclass(frozen=True, slots=True)
class Party:
    """A party now. ``since`` is the time of the newest PARTY entry about it, in ms."""

    address: bytes
    name: str
    roles: frozenset[PartyReason]
    suspended: bool
    since: int
    successor: bytes | None = None

    def has(self, role: PartyReason) -> bool:
        """Whether it may act in that role now."""
        return role in self.roles and not self.suspended and self.successor is None


@dataclass(frozen=True, slots=True)
class Credential:
    """A bearer token as stored: only its digest. Times in ms."""

    id: str
    party: bytes
    label: str
    digest: bytes
    scopes: frozenset[str]
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a party should know; ``facts`` is JSON text without secrets."""

    id: bytes
    party: bytes
    kind: str
    time: int
    facts: str


# Made once: every request asks it, and composing it takes longer than running it.
_BY_DIGEST: Final = (
    select(credentials, table.c.name, table.c.roles, table.c.suspended, table.c.since, table.c.successor)
    .join(table, table.c.address == credentials.c.party)
    .where(credentials.c.digest == bindparam("of_digest"))
)


def put(connection: Connection, party: Party) -> None:
    """Store a party, new or changed; raises :class:`Conflict` (``contended``) if another is just new."""
    columns = {
        "name": party.name,
        "roles": _mask(party.roles),
        "suspended": party.suspended,
        "since": party.since,
        "successor": party.successor,
    }
    changed = connection.execute(update(table).where(table.c.address == party.address).values(columns))
    if changed.rowcount == 0:
        try:
            connection.execute(insert(table), {"address": party.address, **columns})
        except IntegrityError as error:
            raise Conflict(
                "this party is being admitted by another request; try again", code="contended"
            ) from error


def by_address(connection: Connection, address: bytes, *, lock: str | None = None) -> Party | None:
    """A party; *lock* is ``"share"`` for who acts, ``"update"`` for who is changed.

    The share lock is what orders an act before or after the suspension of its actor.
    """
    query = select(table).where(table.c.address == address)
    if lock:
        query = query.with_for_update(read=lock == "share")
    row = connection.execute(query).first()
    return None if row is None else _party(row)


def names_of(connection: Connection, address: bytes) -> list[bytes]:
    """*address* and every address that it came after by succession, newest first."""
    names: list[bytes] = []
    earlier: bytes | None = address
    while earlier is not None:
        names.append(earlier)
        found = connection.execute(select(table.c.address).where(table.c.successor == earlier)).scalar()
        earlier = _optional(found)
    return names


def everyone(connection: Connection) -> list[Party]:
    """Every party, by name."""
    return [_party(row) for row in connection.execute(select(table).order_by(table.c.name))]


def insert_credential(connection: Connection, credential: Credential) -> None:
    """Store a new credential."""
    connection.execute(
        insert(credentials),
        {
            "id": credential.id,
            "party": credential.party,
            "label": credential.label,
            "digest": credential.digest,
            "scopes": " ".join(sorted(credential.scopes)),
            "created_at": credential.created_at,
            "expires_at": credential.expires_at,
        },
    )


def credential_by_digest(connection: Connection, digest: bytes) -> tuple[Credential, Party] | None:
    """The credential of that digest, with its party."""
    row = connection.execute(_BY_DIGEST, {"of_digest": digest}).first()
    if row is None:
        return None
    party = Party(
        bytes(row.party), row.name, _roles(row.roles), row.suspended, row.since, _optional(row.successor)
    )
    return _credential(row), party


def credentials_of(connection: Connection, party: bytes) -> list[Credential]:
    """Every credential of a party, newest first."""
    query = select(credentials).where(credentials.c.party == party)
    return [_credential(row) for row in connection.execute(query.order_by(credentials.c.created_at.desc()))]


def revoke(connection: Connection, party: bytes, credential: str | None, now: int) -> int:
    """Revoke one credential of a party, or all; how many."""
    where = [credentials.c.party == party, credentials.c.revoked_at.is_(None)]
    if credential is not None:
        where.append(credentials.c.id == credential)
    return connection.execute(update(credentials).where(*where).values(revoked_at=now)).rowcount


def insert_alert(connection: Connection, alert: Alert) -> None:
    """Store an alert for one party."""
    connection.execute(
        insert(alerts),
        {"id": alert.id, "party": alert.party, "kind": alert.kind, "time": alert.time, "facts": alert.facts},
    )


def alerts_of(connection: Connection, party: bytes, after: tuple[int, bytes], limit: int) -> list[Alert]:
    """The alerts of a party after the (time, id) given, oldest first."""
    later = or_(alerts.c.time > after[0], alerts.c.id > after[1])
    # The first bound again, alone: an OR is no place to begin in an index.
    query = select(alerts).where(alerts.c.party == party, alerts.c.time >= after[0], later)
    query = query.order_by(alerts.c.time, alerts.c.id)
    rows = connection.execute(query.limit(limit))
    return [Alert(bytes(row.id), bytes(row.party), row.kind, row.time, row.facts) for row in rows]


def _mask(roles: Iterable[PartyReason]) -> int:
    return sum(1 << int(role) for role in roles)


def _roles(mask: int) -> frozenset[PartyReason]:
    return frozenset(role for role in PartyReason if mask >> int(role) & 1)


def _optional(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _party(row: Any) -> Party:
    return Party(
        bytes(row.address), row.name, _roles(row.roles), row.suspended, row.since, _optional(row.successor)
    )


def _credential(row: Any) -> Credential:
    return Credential(
        row.id,
        bytes(row.party),
        row.label,
        bytes(row.digest),
        frozenset(row.scopes.split()),
        row.created_at,
        row.expires_at,
        row.revoked_at,
    )
