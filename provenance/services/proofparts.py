"""What of the store belongs into the proof of one key, all read from one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, PartyReason
from provenance.core.notes import Checkpoint, Note
from provenance.errors import Conflict
from provenance.store import anchors, checkpoints, marks
from provenance.store import entries as entry_store
from provenance.store.anchors import AnchorKind, AnchorStatus, StoredAnchor
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.manifests import SignedBatch

RETRY_SECONDS: Final = 2
_MAX_SUCCESSIONS: Final = 64


@dataclass(frozen=True, slots=True)
class Head:
    """The signed checkpoint a proof leads to; ``is_anchored`` if the chain holds it and the batch."""

    note: Note
    is_anchored: bool

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(self.note.text)


def custody_of(connection: Connection, batch_id: bytes, index: int) -> list[tuple[int, StoredEntry]]:
    """Every entry on the key with its log index, in log order.

    Raises :class:`Conflict` (``not_sequenced_yet``) while one of them waits for its index: a proof
    without it would show a past that is over.
    """
    placed = []
    for stored in entry_store.of_key(connection, batch_id, index):
        if stored.index is None:
            raise not_sequenced_yet()
        placed.append((stored.index, stored))
    return sorted(placed, key=lambda one: one[0])


def head_for(connection: Connection, batch: SignedBatch, newest_index: int) -> Head:
    """The newest anchored checkpoint if it covers log index *newest_index*, else the newest signed one.

    Raises :class:`Conflict` (``not_sequenced_yet``) if even that one does not cover it.
    """
    anchored = anchors.newest_on_chain(connection)
    if anchored is not None and anchored.size > newest_index and _is_on_chain(connection, batch):
        head = checkpoints.at(connection, anchored.size)
        if head is not None and head.note is not None:
            return Head(Note.parse(head.note.encode()), True)
    head = checkpoints.newest_signed(connection)
    if head is None or head.note is None or head.size <= newest_index:
        raise not_sequenced_yet()
    return Head(Note.parse(head.note.encode()), False)


def parties_in(
    connection: Connection, custody: Sequence[Entry], supplier: bytes, size: int
) -> list[tuple[int, StoredEntry]]:
    """The PARTY entries in the first *size* about everyone named, and whom they succeeded, in log order."""
    addresses = {supplier} | {entry.actor for entry in custody}
    addresses |= {entry.party for entry in custody if entry.type is not EntryType.CORRECTION}
    addresses.discard(ZERO_ADDRESS)
    found: dict[int, StoredEntry] = {}
    fresh = addresses
    for _ in range(_MAX_SUCCESSIONS):
        about = entry_store.about_parties(connection, fresh) + marks.successions_to(connection, fresh)
        named: set[bytes] = set()
        for stored in about:
            if stored.index is not None and stored.index < size:
                found[stored.index] = stored
                if stored.entry.reason == PartyReason.SUCCEEDED:
                    named |= {stored.entry.subject[12:], stored.entry.party}
        fresh = named - addresses
        addresses |= fresh
        if not fresh:
            break
    return sorted(found.items())


def beacons_for(connection: Connection, indices: Sequence[int]) -> list[tuple[int, Entry]]:
    """The last BEACON before each of the log *indices*, each once, in log order."""
    found: dict[int, Entry] = {}
    for index in indices:
        beacon = marks.newest_beacon(connection, before=index)
        if beacon is not None:
            found[beacon[0]] = beacon[1]
    return sorted(found.items())


def anchors_for(connection: Connection, indices: Sequence[int], size: int) -> list[StoredAnchor]:
    """The first anchored size over each of the log *indices*, and *size* itself, ascending."""
    found: dict[int, StoredAnchor] = {}
    for index in (*indices, size - 1):
        anchor = anchors.first_covering(connection, index)
        if anchor is not None and anchor.size <= size:
            found[anchor.size] = anchor
    return [found[each] for each in sorted(found)]


def not_sequenced_yet() -> Conflict:
    """The refusal while an entry of the key waits for its place in the log."""
    return Conflict(
        "an event of this key is not in the log yet; ask again in a moment",
        code="not_sequenced_yet",
        retry_after=RETRY_SECONDS,
    )


def _is_on_chain(connection: Connection, batch: SignedBatch) -> bool:
    # A bundle that names anchors claims that the batch is on chain too, and a reader's node is asked.
    anchor = anchors.get(connection, AnchorKind.BATCH, batch.manifest.batch_id)
    return anchor is not None and anchor.status >= AnchorStatus.CONFIRMED
