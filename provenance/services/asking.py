"""One question to one witness: its cosignature for a checkpoint, whatever it answers (C2SP tlog-witness).

A witness is a stranger's machine: what it sends is bounded in bytes and time, and of its lines only a good
signature by the key we know is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provenance.audit.fetch import parsed_url
from provenance.core import notes
from provenance.core.addcheckpoint import AddCheckpoint
from provenance.core.notes import MAX_SIGNATURES, Note, NoteSignature, VerifierKey
from provenance.errors import InputRefused, NetworkUnavailable, SignatureInvalid, Unavailable
from provenance.net.http import Bounds, Peer

MAX_ANSWER: Final = 16 * 1024
SILENCE_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
"""A witness of ours replays before it answers; catching up with a busy log takes it a moment."""

_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,15})\n")
Consistency = Callable[[int], tuple[bytes, ...]]
"""The proof from an old size, 1 or more, to the checkpoint's."""


@dataclass(frozen=True, slots=True)
class KnownWitness:
    """A witness by its key and the address below which it answers ``add-checkpoint``."""

    key: VerifierKey
    url: str


def ask(
    witness: KnownWitness,
    note: Note,
    size: int,
    old: int,
    consistency: Consistency,
    *,
    silence_seconds: float = SILENCE_SECONDS,
    answer_seconds: float = ANSWER_SECONDS,
) -> NoteSignature:
    """The witness's cosignature of *note*; *old* is the size we think it last signed.

    Asked again once where it remembers another size. Raises :class:`Unavailable`: ``witness_unreachable``,
    ``witness_refuses``, ``witness_ahead``, ``witness_answer_malformed``.
    """
    for _ in range(2):
        proof = consistency(old) if 0 < old < size else ()
        body = AddCheckpoint(old, proof, Note(note.text, note.signatures[:1])).encode()
        status, content = _post(witness, body, silence_seconds, answer_seconds)
        if status == 200:
            return _cosignature(witness.key, note, content)
        told = _SIZE.fullmatch(content)
        if status != 409 or told is None:
            raise Unavailable(
                f"the witness {witness.key.name} does not cosign: it answers {status}", code="witness_refuses"
            )
        old = int(told[1])
        if old > size:
            raise Unavailable(f"the witness {witness.key.name} is past this size", code="witness_ahead")
    raise Unavailable(f"the witness {witness.key.name} keeps changing its mind", code="witness_refuses")


def _post(
    witness: KnownWitness, body: bytes, silence_seconds: float, answer_seconds: float
) -> tuple[int, bytes]:
    url = parsed_url(witness.url)
    target = f"{url.target.rstrip('/')}/add-checkpoint"
    bounds = Bounds(silence_seconds, answer_seconds, answer_seconds, MAX_ANSWER)
    try:
        answer = Peer(url, bounds).ask("POST", target, body=body)
    except NetworkUnavailable as error:
        is_large = error.code == "host_answer_too_large"
        raise Unavailable(
            f"the witness {witness.key.name} did not answer: {error.message}",
            code="source_too_large" if is_large else "witness_unreachable",
        ) from error
    return answer.status, answer.body


def _cosignature(key: VerifierKey, note: Note, content: bytes) -> NoteSignature:
    """The one good line by *key*; lines by others are passed over."""
    if not content.endswith(b"\n") or content.count(b"\n") > MAX_SIGNATURES:
        raise _malformed(key)
    try:
        lines = Note.parse(note.text.encode() + b"\n" + content).signatures
        ours = [line for line in lines if line.is_by(key)]
        if not ours:
            raise _malformed(key)
        notes.verify_cosignature(Note(note.text, tuple(ours)), key)
    except (InputRefused, SignatureInvalid) as error:
        raise _malformed(key) from error
    return max(ours, key=lambda line: line.signature[:8])


def _malformed(key: VerifierKey) -> Unavailable:
    return Unavailable(
        f"the witness {key.name} answers with something else than its cosignature",
        code="witness_answer_malformed",
    )
