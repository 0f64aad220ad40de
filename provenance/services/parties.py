"""Admission, suspension, succession; and the credentials by which parties speak to us."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from provenance.core.commitments import keyless_party
from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, PartyReason, address_subject
from provenance.core.parties import ADMISSIONS
from provenance.errors import AccessDenied, Conflict, InputRefused, NotFound
from provenance.services.context import Context, Recorded, record
from provenance.services.recognised import Recognised
from provenance.store import entries as entry_store
from provenance.store import holdings, parties, reserves, transfers
from provenance.store.database import Connection, Database
from provenance.store.entries import StoredEntry
from provenance.store.parties import Alert, Credential, Party

T = TypeVar("T")

TOKEN_PREFIX: Final = "ckp_"  # noqa: S105 - a public prefix that secret scanners can find
SCOPES: Final = frozenset(
    {"register", "transfer", "verify", "sell", "redeem", "prove", "admin", "read", "review", "warranty"}
)
_TOKEN_SIZE: Final = 32
_MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is speaking: a party, by one of its credentials."""

    party: Party
    credential: str
    scopes: frozenset[str]

    @property
    def address(self) -> bytes:
        return self.party.address

    def require(self, scope: str) -> None:
        """Raises :class:`AccessDenied` (``scope_missing``)."""
        if scope not in self.scopes:
            raise AccessDenied(
                f"this credential lacks the scope {scope!r}; ask for one that has it",
                code="scope_missing",
                scope=scope,
            )

    def require_role(self, role: PartyReason) -> None:
        """Raises :class:`AccessDenied` (``role_missing``)."""
        if not self.party.has(role):
            raise AccessDenied(
                f"only a party admitted as {role.name.lower()} may do this",
                code="role_missing",
                role=role.name.lower(),
            )


class PartyService:
    """Who may act. Every change is a PARTY entry; *by* is the operator's address."""

    def __init__(self, context: Context, replica: Database | None = None) -> None:
        self._context = context
        self._recognised = Recognised(context.database, replica)

    def admit(
        self, by: bytes, name: str, role: PartyReason, *, address: bytes | None = None, party_id: str = ""
    ) -> tuple[Party, Recorded | None]:
        """Admit a party in a role; one without a key of its own gets an address from *party_id*.

        Admitting again in a role it has changes nothing. After a suspension it lifts it.
        Raises :class:`InputRefused`, :class:`Conflict` (``succeeded``).
        """
        if role not in ADMISSIONS:
            raise InputRefused("a party is admitted in one of the six roles", code="unknown_role")
        if not 1 <= len(name) <= _MAX_NAME or bool(party_id) == bool(address):
            raise InputRefused("give a name, and either an address or a party id", code="invalid_party")
        place = address or keyless_party(party_id)
        if len(place) != 20 or place == ZERO_ADDRESS:
            raise InputRefused("an address has 20 bytes and is not zero", code="invalid_address")
        return self._changing(lambda connection: self._admit(connection, by, name, role, place))

    def suspend(self, by: bytes, address: bytes, why: str) -> Recorded:
        """From here on the party may not act; acts committed before stand.

        Raises :class:`NotFound`, :class:`Conflict` (``already_suspended``, ``last_operator``).
        """

        def work(connection: Connection) -> Recorded:
            others = _other_operators(connection, address)
            party = _known(connection, address)
            if party.suspended:
                raise Conflict("the party is suspended already", code="already_suspended")
            if party.has(PartyReason.OPERATOR) and not others:
                raise Conflict(
                    "the last operator is not suspended; admit another operator first", code="last_operator"
                )
            recorded = self._enter(connection, by, party, PartyReason.SUSPENDED, {"reason": why[:_MAX_NAME]})
            parties.put(connection, replace(party, suspended=True, since=recorded.entry.time))
            return recorded

        return self._changing(work)

    def succeed(self, by: bytes, old: bytes, new: bytes) -> list[Recorded]:
        """*new* stands for *old* in everything from here on; for a party that lost its key.

        The old credentials are revoked; what *old* holds and was offered goes to *new*.
        """
        if len(new) != 20 or new in (ZERO_ADDRESS, old):
            raise InputRefused("the successor is another address", code="invalid_address")
        return self._changing(lambda connection: self._succeed(connection, by, old, new))

    def get(self, address: bytes) -> Party:
        """A party; raises :class:`NotFound`."""
        with self._context.database.read() as connection:
            found = parties.by_address(connection, address)
        if found is None:
            raise NotFound("no such party", code="unknown_party")
        return found

    def names(self, address: bytes) -> frozenset[bytes]:
        """*address* and every address it stands for by succession."""
        with self._context.database.read() as connection:
            return frozenset(parties.names_of(connection, address))

    def everyone(self) -> list[Party]:
        """Every party, by name."""
        with self._context.database.read() as connection:
            return parties.everyone(connection)

    def issue(
        self, address: bytes, label: str, scopes: Iterable[str], expires_at: int | None = None
    ) -> tuple[Credential, str]:
        """A new credential and its bearer token, which is shown this once; *expires_at* in ms.

        Raises :class:`InputRefused` (``unknown_scope``, ``already_expired``), :class:`NotFound`.
        """
        wanted, now = frozenset(scopes), self._context.clock.now()
        if not wanted or not wanted <= SCOPES:
            raise InputRefused(f"scopes are of {', '.join(sorted(SCOPES))}", code="unknown_scope")
        if _is_past(expires_at, now):
            raise InputRefused(
                "expires_at lies in the past; give a later time in milliseconds since 1970 (not in seconds)",
                code="already_expired",
            )
        secret = base64.urlsafe_b64encode(self._context.entropy(_TOKEN_SIZE)).decode().rstrip("=")
        token = TOKEN_PREFIX + secret
        credential = Credential(
            id=self._context.entropy(8).hex(),
            party=address,
            label=label[:_MAX_NAME],
            digest=self._context.vault.credential_digest(token.encode()),
            scopes=wanted,
            created_at=now,
            expires_at=expires_at,
        )
        with self._context.database.write() as connection:
            _known(connection, address)
            parties.insert_credential(connection, credential)
        return credential, token

    def revoke(self, address: bytes, credential: str) -> None:
        """End a credential of a party; raises :class:`NotFound`."""

        def work(connection: Connection) -> None:
            if not parties.revoke(connection, address, credential, self._context.clock.now()):
                raise NotFound("no such credential", code="unknown_credential")

        self._changing(work)

    def credentials(self, address: bytes) -> list[Credential]:
        """The credentials of a party, newest first; digests only."""
        with self._context.database.read() as connection:
            return parties.credentials_of(connection, address)

    def authenticate(self, token: str) -> Principal:
        """Who holds *token*; raises :class:`AccessDenied` with one code for every kind of bad token.

        A suspended party is told so (``party_suspended``), since it has proven who it is. What another
        process changed is seen within a second (``recognised.MAX_AGE_MS``), what this one changed at once.
        """
        digest = self._context.vault.credential_digest(token.encode("utf-8", "surrogatepass"))
        now = self._context.clock.now()
        found = self._recognised.by_digest(digest, now)
        if found is None or found[0].revoked_at is not None or _is_past(found[0].expires_at, now):
            raise AccessDenied("the credential is unknown, expired or revoked", code="credential_invalid")
        credential, party = found
        if party.suspended or party.successor is not None:
            raise AccessDenied("this party may not act; ask the operator", code="party_suspended")
        return Principal(party, credential.id, credential.scopes)

    def _changing(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in a transaction; from its end on nobody is recognised by what stood before."""
        try:
            return self._context.database.retrying(work)
        finally:
            self._recognised.forget()

    def events(self, address: bytes, after: tuple[int, bytes], limit: int) -> list[StoredEntry]:
        """Every entry under the party's addresses after that place, oldest first: what was done in its name.

        An heir's are also those it stands for.
        """
        with self._context.database.read() as connection:
            found = {
                one.event: one
                for name in parties.names_of(connection, address)
                for one in entry_store.under_address(connection, name, after, limit)
            }
        return sorted(found.values(), key=lambda one: (one.entry.time, one.event))[:limit]

    def alerts(self, address: bytes, after: tuple[int, bytes], limit: int) -> list[Alert]:
        """The alerts of a party after that place, oldest first; also those of whom it stands for."""
        with self._context.database.read() as connection:
            found = [
                one
                for name in parties.names_of(connection, address)
                for one in parties.alerts_of(connection, name, after, limit)
            ]
        return sorted(found, key=lambda one: (one.time, one.id))[:limit]

    def _admit(
        self, connection: Connection, by: bytes, name: str, role: PartyReason, address: bytes
    ) -> tuple[Party, Recorded | None]:
        known = parties.by_address(connection, address, lock="update")
        if known is not None and known.successor is not None:
            raise Conflict("another address stands for this party now", code="succeeded")
        if known is not None and known.has(role):
            return known, None
        standing = known.roles if known and not known.suspended else frozenset[PartyReason]()
        party = Party(address, name, standing | {role}, False, known.since if known else 0)
        recorded = self._enter(connection, by, party, role, {"name": name})
        admitted = replace(party, since=recorded.entry.time)
        parties.put(connection, admitted)
        return admitted, recorded

    def _succeed(self, connection: Connection, by: bytes, old: bytes, new: bytes) -> list[Recorded]:
        party = _known(connection, old)
        if parties.by_address(connection, new, lock="update") is not None:
            raise Conflict("the successor is a party already; name a fresh address", code="party_exists")
        heir = replace(party, address=new, suspended=False)
        recorded = []
        for role in sorted(party.roles):
            recorded.append(self._enter(connection, by, heir, role, {"name": party.name}))
            heir = replace(heir, since=recorded[-1].entry.time)
        last = self._enter(connection, by, heir, PartyReason.SUCCEEDED, None, subject=old, party_field=new)
        parties.put(connection, replace(heir, since=last.entry.time))
        parties.put(connection, replace(party, since=last.entry.time, successor=new))
        parties.revoke(connection, old, None, self._context.clock.now())
        holdings.hand_on(connection, old, new)
        reserves.hand_on(connection, old, new)
        transfers.hand_on(connection, old, new)
        return [*recorded, last]

    def _enter(
        self,
        connection: Connection,
        by: bytes,
        party: Party,
        reason: PartyReason,
        details: dict[str, Any] | None,
        *,
        subject: bytes | None = None,
        party_field: bytes = ZERO_ADDRESS,
    ) -> Recorded:
        # Under the party's lock every act of its own is committed: a change comes after all of them.
        acted = entry_store.newest_time_by(connection, subject or party.address)
        time = self._context.time_after(party.since, acted)
        about = address_subject(subject or party.address)
        draft = Entry(EntryType.PARTY, time, about, by, party=party_field, reason=int(reason))
        return record(self._context, connection, draft, details)


def _known(connection: Connection, address: bytes) -> Party:
    party = parties.by_address(connection, address, lock="update")
    if party is None or party.successor is not None:
        raise NotFound("no such party", code="unknown_party")
    return party


def _other_operators(connection: Connection, address: bytes) -> list[bytes]:
    """The operators that may act beside *address*, all of them locked.

    Taken in one order and before the party itself: two operators that suspend each other wait.
    """
    known = sorted({one.address for one in parties.everyone(connection) if one.has(PartyReason.OPERATOR)})
    locked = [parties.by_address(connection, one, lock="update") for one in known]
    return [
        one.address
        for one in locked
        if one is not None and one.has(PartyReason.OPERATOR) and one.address != address
    ]


def _is_past(moment: int | None, now: int) -> bool:
    return moment is not None and moment <= now
