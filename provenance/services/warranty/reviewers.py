"""Reviewers: which person a credential is, and whose side that person may be on.

The operator registers them and answers for it. A person's id stands in the entries of what was decided: it is
a pseudonym that the operator can resolve, not a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from provenance.core.claims import Reviewer
from provenance.core.entries import ZERO_ADDRESS
from provenance.errors import AccessDenied, Conflict, InputRefused, NotFound
from provenance.services.context import Context
from provenance.services.parties import Principal
from provenance.store import parties as party_store
from provenance.store import reviewers as store
from provenance.store.database import Connection
from provenance.store.reviewers import ReviewerRow

SCOPE: Final = "review"
MAX_PARTIES: Final = 100
_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class ReviewerService:
    """For the operator, who registers, and for the desks that let people decide."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(
        self, credential: str, person: str, parties: Sequence[bytes] = (), signer: bytes | None = None
    ) -> ReviewerRow:
        """Register *credential* as that of *person*, who also works for or owns *parties*.

        *signer* is the address of the key with which the person signs reviews before a sale. Raises
        :class:`InputRefused` (``reviewer_malformed``, ``reviewer_scope_missing``), :class:`NotFound`
        (``unknown_credential``, ``unknown_party``), :class:`Conflict` (``reviewer_exists``,
        ``signer_taken``).
        """
        _must_be_well_formed(person, parties, signer)
        row = ReviewerRow(credential, person, tuple(sorted(set(parties))), signer, self._context.clock.now())

        def work(connection: Connection) -> ReviewerRow:
            self._must_be_free(connection, row)
            store.add(connection, row)
            return row

        return self._context.database.retrying(work)

    def remove(self, credential: str) -> None:
        """From now on the credential decides nothing; what it decided stands. Raises :class:`NotFound`."""
        with self._context.database.write() as connection:
            if not store.remove(connection, credential, self._context.clock.now()):
                raise NotFound("no reviewer has this credential", code="unknown_reviewer")

    def listed(self) -> list[ReviewerRow]:
        """Every registration there ever was, the newest first."""
        with self._context.database.read() as connection:
            return store.everyone(connection)

    def of(self, principal: Principal) -> Reviewer:
        """The person behind *principal*, with everybody that person belongs to, by all their names.

        Raises :class:`AccessDenied` (``scope_missing``, ``not_reviewer``).
        """
        with self._context.database.read() as connection:
            return self.standing(connection, principal)[0]

    def knows(self, principal: Principal) -> bool:
        """Whether *principal* is somebody who reviews."""
        if SCOPE not in principal.scopes:
            return False
        with self._context.database.read() as connection:
            row = store.by_credential(connection, principal.credential)
        return row is not None and row.removed_at is None

    def standing(self, connection: Connection, principal: Principal) -> tuple[Reviewer, ReviewerRow]:
        """The same within a transaction, with the registration itself."""
        principal.require(SCOPE)
        row = store.by_credential(connection, principal.credential)
        if row is None or row.removed_at is not None:
            raise AccessDenied(
                "this credential is nobody's who reviews; ask the operator to register it",
                code="not_reviewer",
            )
        # All registrations of the person count: a second credential must not hide the first one's party.
        known = store.standing(connection, person=row.person)
        addresses = {address for one in known for address in one.parties} | {principal.address}
        addresses |= store.parties_of(connection, [one.credential for one in known])
        return Reviewer(row.person, _all_names(connection, addresses)), row

    def _must_be_free(self, connection: Connection, row: ReviewerRow) -> None:
        found = store.credential_of(connection, row.credential)
        if found is None:
            raise NotFound("no such credential, or it was revoked", code="unknown_credential")
        if SCOPE not in found[1]:
            raise InputRefused(
                f"this credential lacks the scope {SCOPE!r}; issue one that has it",
                code="reviewer_scope_missing",
            )
        if any(party_store.by_address(connection, party) is None for party in row.parties):
            raise NotFound("no such party", code="unknown_party")
        if store.by_credential(connection, row.credential) is not None:
            raise Conflict(
                "this credential is registered, or was; issue the person a new one", code="reviewer_exists"
            )
        same = store.standing(connection, person=row.person, signer=row.signer)
        if any((one.person == row.person) != (one.signer == row.signer) for one in same):
            raise Conflict("one person signs with one key, and one key is one person's", code="signer_taken")


def _must_be_well_formed(person: str, parties: Sequence[bytes], signer: bytes | None) -> None:
    addresses = [*parties, *([] if signer is None else [signer])]
    if not _PERSON.fullmatch(person) or len(parties) > MAX_PARTIES:
        raise InputRefused(
            "a person's id is 1 to 64 letters, digits, dots and dashes; it is published, so take no name",
            code="reviewer_malformed",
        )
    if any(len(one) != 20 or one == ZERO_ADDRESS for one in addresses):
        raise InputRefused("an address has 20 bytes and is not zero", code="invalid_address")


def _all_names(connection: Connection, addresses: Iterable[bytes]) -> frozenset[bytes]:
    """Of each address all that it was, and all that came after it: both stand in orders."""
    names: set[bytes] = set()
    for address in addresses:
        names.update(party_store.names_of(connection, _heir(connection, address)), {address})
    return frozenset(names)


def _heir(connection: Connection, address: bytes) -> bytes:
    seen: set[bytes] = set()
    while address not in seen:
        seen.add(address)
        party = party_store.by_address(connection, address)
        if party is None or party.successor is None:
            return address
        address = party.successor
    return address
