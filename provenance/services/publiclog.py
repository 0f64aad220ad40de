"""What stands beside the log for whoever audits it: manifests, successions, single-entry proofs.

All of it can be checked by its reader: a manifest by its hash and signature, a succession by both keys,
a proof by the checkpoint. So it may be copied to any web server (:mod:`provenance.services.logexport`).
"""

from __future__ import annotations

import json
from typing import Final

from provenance.core import tiles
from provenance.core.batchfile import SignedManifest
from provenance.core.entries import EntryType, KeyReason
from provenance.core.notes import Note
from provenance.core.tlogproof import TlogProof
from provenance.errors import NotFound
from provenance.services.context import Context
from provenance.services.opening import recorded_from
from provenance.store import checkpoints, manifests
from provenance.store import entries as entry_store
from provenance.store import tiles as tile_store
from provenance.store.database import Connection

SUCCESSION: Final = "succession"
"""The member of a KEY entry's details that holds the note of :mod:`provenance.core.succession`."""


class PublicLog:
    """Files for auditors, from the operator's database."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database

    def batch(self, batch_id: bytes) -> bytes:
        """The signed manifest of a live batch; raises :class:`NotFound` (``batch_not_found``)."""
        with self._database.read() as connection:
            found = manifests.signed_batch(connection, batch_id)
        if found is None:
            raise NotFound("no live batch has this id", code="batch_not_found")
        return SignedManifest(found.manifest, found.domain, found.signature).encode()

    def successions(self) -> bytes:
        """Every succession of the log's key, a JSON list of notes, oldest first."""
        with self._database.read() as connection:
            return json.dumps(succession_notes(self._context, connection)).encode()

    def proof(self, event: bytes) -> TlogProof:
        """A proof that the entry of *event* is in the log, with the entry as extra data.

        Raises :class:`NotFound`: ``event_not_found``, or ``not_sequenced`` while it waits for its place.
        """
        with self._database.snapshot() as connection:
            stored = entry_store.by_event(connection, event)
            if stored is None:
                raise NotFound("no event has this id", code="event_not_found")
            head = checkpoints.newest_signed(connection)
            if stored.index is None or head is None or head.note is None or stored.index >= head.size:
                raise NotFound("the event has no place under a checkpoint yet", code="not_sequenced")
            read = tile_store.reader(connection, tile_store.LOG_TREE)
            proof = tiles.inclusion_at(read, stored.index, head.size)
        return TlogProof(stored.index, proof.path, Note.parse(head.note.encode()), stored.entry.encode())


def succession_notes(context: Context, connection: Connection) -> list[str]:
    """The notes by which the log changed its key, in the order of their entries."""
    notes = []
    for stored in entry_store.of_type(connection, EntryType.KEY):
        if stored.sealed is None or stored.entry.reason != KeyReason.LOG:
            continue
        details = recorded_from(context, stored).details or {}
        if SUCCESSION in details:
            notes.append(str(details[SUCCESSION]))
    return notes
