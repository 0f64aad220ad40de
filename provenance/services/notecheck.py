"""The notes that were signed over heads: each of its row, by the log key that reigned then."""

from __future__ import annotations

from collections.abc import Iterable

from provenance.audit.findings import Findings
from provenance.core import notes, succession
from provenance.core.entries import KeyReason
from provenance.core.notes import Checkpoint, Note, VerifierKey
from provenance.core.succession import KeyChain
from provenance.errors import InputRefused, ProvenanceError, SignatureInvalid
from provenance.services.context import Context
from provenance.services.publiclog import succession_notes
from provenance.store import marks
from provenance.store.database import Connection


def check_notes(
    context: Context,
    connection: Connection,
    heads: Iterable[tuple[int, bytes, str | None]],
    findings: Findings,
) -> None:
    """Notes of *heads* (size, root, note) against their rows and the keys that the log announced."""
    announced = marks.announced_keys(connection)
    try:
        links = [Note.parse(text.encode()) for text in succession_notes(context, connection)]
        keys = [VerifierKey(context.origin, key) for key, reason in announced if reason == KeyReason.LOG]
        chains = [succession.follow(key, links) for key in keys]
    except (ProvenanceError, ValueError) as error:
        findings.add("succession_wrong", f"the successions of the log's key cannot be followed: {error}")
        return
    for size, root, text in heads:
        fault = None if text is None else _fault(Checkpoint(context.origin, size, root), text, chains)
        if fault is not None:
            findings.add("note_wrong", f"the note over {size} entries {fault}", size - 1)


def _fault(head: Checkpoint, text: str, chains: list[KeyChain]) -> str | None:
    try:
        note = Note.parse(text.encode())
        if Checkpoint.parse(note.text) != head:
            return "says another size, root or log than its row"
    except InputRefused:
        return "is none"
    is_signed = any(_is_by(note, chain.key_for(head.size)) for chain in chains)
    return None if is_signed else "is not signed by the log key of then"


def _is_by(note: Note, key: VerifierKey) -> bool:
    try:
        notes.verify(note, key)
    except SignatureInvalid:
        return False
    return True
