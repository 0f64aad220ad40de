"""The body of a witness's `add-checkpoint`, read and written (C2SP tlog-witness). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provenance.core.canonical import decode_base64, encode_base64
from provenance.core.notes import MAX_NOTE_SIZE, Note
from provenance.errors import InputRefused

MAX_REQUEST: Final = MAX_NOTE_SIZE + 64 * 64
MAX_PROOF: Final = 63
_OLD: Final = re.compile(rb"old (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A checkpoint's note, and the proof that it extends the one of *old* entries (32-byte hashes)."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def encode(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}", *(encode_base64(node) for node in self.proof), "", ""]
        return "\n".join(lines).encode() + self.note.encode()

    @classmethod
    def parse(cls, raw: bytes) -> AddCheckpoint:
        """Read a body; raises :class:`InputRefused` (``request_malformed``)."""
        head, separator, note = raw.partition(b"\n\n")
        lines = head.split(b"\n")
        old = _OLD.fullmatch(lines[0])
        if len(raw) > MAX_REQUEST or not separator or old is None or len(lines) > 1 + MAX_PROOF:
            raise _malformed("a request is an old size, at most 63 hashes, an empty line and a checkpoint")
        try:
            proof = tuple(decode_base64(line.decode("ascii")) for line in lines[1:])
            if any(len(node) != 32 for node in proof):
                raise _malformed("a hash of the proof has 32 bytes")
            return cls(int(old[1]), proof, Note.parse(note))
        except UnicodeDecodeError as error:
            raise _malformed("the proof is base64") from error
        except InputRefused as error:
            raise _malformed(error.message) from error


def _malformed(message: str) -> InputRefused:
    return InputRefused(message, code="request_malformed")
