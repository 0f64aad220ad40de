"""A new key for the log: announced in the log, signed over by the old key and the new (FORMATS §5, type 50).

A key is followed only once it has signed a checkpoint: else two successions would end at one size, and the
entries that say so could never be taken back.

The order is the safety: under the sequencer's lease, so that nobody signs meanwhile; first the new key is
on disk beside the old one, then the entries are committed, then the new one takes the old one's place. A
crash between the last two leaves a retired key in place, with which no sequencer signs, and the new one
beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from provenance.core import notes, succession
from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, KeyReason
from provenance.core.notes import Checkpoint, Note, verifier_key
from provenance.core.succession import Succession
from provenance.errors import Conflict, NotFound, SignatureInvalid
from provenance.services.context import Context, record
from provenance.services.leadership import Leadership
from provenance.services.ledger import LEASE_NAME
from provenance.services.publiclog import SUCCESSION
from provenance.store import checkpoints, marks
from provenance.store.database import Connection

_LEASE_MS = 60_000


Keep = Callable[[bytes], Callable[[], None]]
"""Writes a seed durably beside the old one; what it returns puts it in the old one's place."""


def rotate(context: Context, old_key: bytes, keep: Keep) -> Succession:
    """Let a fresh key follow the 32-byte seed *old_key*.

    Raises :class:`Conflict` (``sequencer_running``, ``log_key_retired``, ``rotation_too_soon``),
    :class:`NotFound` (``log_empty``); *keep* was not called then.
    """
    leadership = Leadership(
        context.database, LEASE_NAME, f"rotation/{os.getpid()}/{context.entropy(4).hex()}", lease_ms=_LEASE_MS
    )
    if not leadership.hold():
        raise Conflict(
            "a worker leads the sequencing; stop every worker, wait ten seconds, and rotate again",
            code="sequencer_running",
        )
    try:
        # Before `keep`: what a crash left beside the old key may be the only copy of the log's key.
        with context.database.write() as connection:
            _last(context, connection, leadership, old_key)
        new_key = context.entropy(32)
        put_in_place = keep(new_key)
        note = _announce(context, leadership, old_key, new_key)
        put_in_place()
    finally:
        leadership.release()
    return Succession.parse(note)


def _announce(context: Context, leadership: Leadership, old_key: bytes, new_key: bytes) -> Note:
    old = verifier_key(context.origin, old_key).public
    new = verifier_key(context.origin, new_key).public
    with context.database.write() as connection:
        last = _last(context, connection, leadership, old_key)
        note = succession.make(last, old_key, new_key)
        time = context.time_after(None)
        draft = Entry(EntryType.KEY, time, new, ZERO_ADDRESS, reason=KeyReason.LOG)
        record(context, connection, draft, {SUCCESSION: note.encode().decode()})
        time = context.time_after(time)
        record(context, connection, Entry(EntryType.KEY, time, old, ZERO_ADDRESS, reason=KeyReason.RETIRED))
    return note


def _last(context: Context, connection: Connection, leadership: Leadership, old_key: bytes) -> Checkpoint:
    """The checkpoint up to which *old_key* signs, decided under the sequencer's fence."""
    leadership.fence(connection)
    old = verifier_key(context.origin, old_key)
    if (old.public, int(KeyReason.RETIRED)) in marks.announced_keys(connection):
        raise Conflict(
            "this key was retired before; put the newest one, perhaps log.key.next, in its place",
            code="log_key_retired",
        )
    head = checkpoints.newest_signed(connection)
    if head is None:
        raise NotFound("the log has no checkpoint yet, and no key to follow", code="log_empty")
    try:
        notes.verify(Note.parse((head.note or "").encode()), old)
    except SignatureInvalid as error:
        raise Conflict(
            "this key has not signed the newest checkpoint; start a worker, wait until it has signed one "
            "with this key, stop it and rotate again",
            code="rotation_too_soon",
        ) from error
    return Checkpoint(context.origin, head.size, head.root)
