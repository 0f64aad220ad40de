"""A new key for the log: announced in the log, signed over by the old key and the new (FORMATS §5, type 50).

The order is the safety: under the sequencer's lease, so that nobody signs meanwhile; first the new key is
on disk beside the old one, then the entries are committed, then the new one takes the old one's place. A
crash between the last two leaves a retired key in place, with which no sequencer signs, and the new one
beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core import succession
from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, KeyReason
from provenance.core.notes import Checkpoint, Note, verifier_key
from provenance.core.succession import Succession
from provenance.errors import Conflict, NotFound
from provenance.services.context import Context, record
from provenance.services.leadership import Leadership
from provenance.services.ledger import LEASE_NAME
from provenance.services.publiclog import SUCCESSION
from provenance.store import checkpoints, marks

_LEASE_MS = 60_000


Keep = Callable[[bytes], Callable[[], None]]
"""Writes a seed durably beside the old one; what it returns puts it in the old one's place."""


def rotate(context: Context, old_key: bytes, keep: Keep) -> Succession:
    """Let a fresh key follow the 32-byte seed *old_key*.

    Raises :class:`Conflict` (``sequencer_running``, ``log_key_retired``), :class:`NotFound`
    (``log_empty``).
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
        new_key = context.entropy(32)
        put_in_place = keep(new_key)
        note = _announce(context, leadership, old_key, new_key)
        put_in_place()
    finally:
        leadership.release()
    return Succession.parse(note)


def _announce(context: Context, leadership: Leadership, old_key: bytes, new_key: bytes) -> Note:
    old = Ed25519PrivateKey.from_private_bytes(old_key).public_key().public_bytes_raw()
    with context.database.write() as connection:
        leadership.fence(connection)
        if (old, int(KeyReason.RETIRED)) in marks.announced_keys(connection):
            raise Conflict(
                "this key was retired before; put the newest one in its place", code="log_key_retired"
            )
        head = checkpoints.newest_signed(connection)
        if head is None:
            raise NotFound("the log has no checkpoint yet, and no key to follow", code="log_empty")
        note = succession.make(Checkpoint(context.origin, head.size, head.root), old_key, new_key)
        new = verifier_key(context.origin, new_key).public
        time = context.time_after(None)
        draft = Entry(EntryType.KEY, time, new, ZERO_ADDRESS, reason=KeyReason.LOG)
        record(context, connection, draft, {SUCCESSION: note.encode().decode()})
        time = context.time_after(time)
        record(context, connection, Entry(EntryType.KEY, time, old, ZERO_ADDRESS, reason=KeyReason.RETIRED))
    return note
