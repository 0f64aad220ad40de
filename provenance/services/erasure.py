"""Erasure: the sealed details of one entry are forgotten; the entry stays, its commitment means nothing.

What the log, its proofs and its roots say does not change by it (FORMATS §4): only the opening is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provenance.core.entries import EntryType, PartyReason
from provenance.errors import AccessDenied, Conflict, NotFound
from provenance.services import acts
from provenance.services.context import Context
from provenance.store import entries as entry_store
from provenance.store import parties
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry

_NO_DETAILS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Erased:
    """An entry without its details; ``again``: they were erased before."""

    stored: StoredEntry
    again: bool


class ErasureService:
    """For the operator, and for the actor of the entry (or who stands for it)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def erase(self, by: bytes, event: bytes) -> Erased:
        """Forget salt and details of *event*, for ever; *by* is the address that asks. Again changes nothing.

        Copies elsewhere stay: proofs and receipts handed out, backups until they are replaced, an answer
        kept for its Idempotency-Key until its seven days are over. Raises what :meth:`look` does.
        """

        def work(connection: Connection) -> Erased:
            stored = self._entitled(connection, by, event)
            return Erased(stored, again=not entry_store.erase_details(connection, event))

        return self._context.database.retrying(work)

    def look(self, by: bytes, event: bytes) -> Erased:
        """What :meth:`erase` would be about, with nothing erased yet.

        Raises :class:`NotFound` (``unknown_event``), :class:`AccessDenied` (``party_suspended``,
        ``not_actor``), :class:`Conflict` (``no_details``, ``details_public``, ``disclosure_public``).
        """
        with self._context.database.read() as connection:
            stored = self._entitled(connection, by, event)
        return Erased(stored, again=stored.sealed is None)

    def _entitled(self, connection: Connection, by: bytes, event: bytes) -> StoredEntry:
        asker = acts.acting_party(connection, by)
        stored = entry_store.by_event(connection, event)
        if stored is None:
            raise NotFound("no such event", code="unknown_event")
        if not asker.has(PartyReason.OPERATOR) and stored.entry.actor not in parties.names_of(connection, by):
            raise AccessDenied(
                "only the operator and whoever made the entry erase its details", code="not_actor"
            )
        if stored.entry.type is EntryType.KEY:
            raise Conflict(
                "the details of a KEY entry are public: readers follow the log's keys by them",
                code="details_public",
            )
        if stored.entry.type is EntryType.QUALIFICATION:
            raise Conflict(
                "what a party disclosed stays public; withdraw it instead", code="disclosure_public"
            )
        if stored.entry.detail == _NO_DETAILS:
            raise Conflict("this entry never had details; there is nothing to erase", code="no_details")
        return stored
