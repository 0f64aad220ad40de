"""Events by themselves: where they stand in the log, and between which block and which anchor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provenance.core.canonical import encode_base64
from provenance.errors import NotFound
from provenance.services import lawbook
from provenance.services.bracketing import put_brackets
from provenance.services.context import Context
from provenance.services.receipts import receipt_of
from provenance.store import entries as entry_store
from provenance.store import parties
from provenance.store.entries import StoredEntry


class EventService:
    """Reads only. An entry is public once sequenced; its sealed details are its actor's."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self, event: bytes, viewer: bytes | None = None) -> dict[str, Any]:
        """The event as JSON members; its actor (or heir) gets the receipt again. Raises :class:`NotFound`."""
        with self._context.database.read() as connection:
            stored = entry_store.by_event(connection, event)
            names = [] if viewer is None else parties.names_of(connection, viewer)
            if stored is None:
                raise NotFound("no such event", code="unknown_event")
            told = _told(stored)
            put_brackets(connection, [told])
        if stored.entry.actor in names:
            told["receipt"] = receipt_of(self._context, stored)
        return told

    def tell(self, found: Sequence[StoredEntry]) -> list[dict[str, Any]]:
        """The same of events that were found already, without receipts, in their order."""
        told = [_told(stored) for stored in found]
        with self._context.database.read() as connection:
            put_brackets(connection, told)
        return told

    def bracket(self, told: Sequence[dict[str, Any]]) -> None:
        """Put ``after`` and ``before`` to events that are told of elsewhere, by type and log index."""
        with self._context.database.read() as connection:
            put_brackets(connection, told)


def _told(stored: StoredEntry) -> dict[str, Any]:
    """What the log says of an event, or will say: nothing of it is secret."""
    entry = stored.entry
    return lawbook.event_facts(stored) | {
        "subject": entry.subject.hex(),
        "first": entry.first,
        "count": entry.count,
        "actor": "0x" + entry.actor.hex(),
        "party": "0x" + entry.party.hex(),
        "reason": entry.reason,
        "entry": encode_base64(entry.encode()),
    }
