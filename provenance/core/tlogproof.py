"""One entry of the log as a file that other people's tools verify (C2SP tlog-proof, v1).

The extra data of such a file is nobody's word; ours carries the entry itself, so that the file alone
shows what was logged: its leaf hash is recomputed, never read. Consensus-critical and pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provenance.core import merkle, notes
from provenance.core.canonical import decode_base64, encode_base64
from provenance.core.merkle import InclusionProof
from provenance.core.notes import Checkpoint, Note
from provenance.core.policy import Policy
from provenance.errors import InputRefused, ProofInvalid

MAGIC: Final = "c2sp.org/tlog-proof@v1"
MAX_PROOF_SIZE: Final = notes.MAX_NOTE_SIZE + 96 * 1024
"""A note, an entry of 64 KiB in base64, 64 hashes."""
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An *index*, its siblings (32 bytes each, from the bottom up), a checkpoint, unauthenticated *extra*.

    Raises :class:`ProofInvalid` at birth where index, path and the checkpoint's size do not fit together,
    :class:`InputRefused` (``note_malformed``) where the note is no checkpoint.
    """

    index: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    def __post_init__(self) -> None:
        InclusionProof(self.index, self.checkpoint.size, self.path)
        if self.extra == b"":
            raise _malformed("a proof without extra data has no line for it")

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says, verified or not."""
        return Checkpoint.parse(self.note.text)

    def encode(self) -> bytes:
        """The file."""
        extra = [] if self.extra is None else [f"extra {encode_base64(self.extra)}"]
        lines = [MAGIC, *extra, f"index {self.index}", *(encode_base64(node) for node in self.path), "", ""]
        return "\n".join(lines).encode() + self.note.encode()

    @classmethod
    def parse(cls, raw: bytes) -> TlogProof:
        """Read a file; raises :class:`InputRefused` (``tlog_proof_malformed``)."""
        if len(raw) > MAX_PROOF_SIZE:
            raise _malformed(f"a proof has at most {MAX_PROOF_SIZE} bytes")
        head, separator, note = raw.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
            if not separator or lines.pop(0) != MAGIC:
                raise _malformed(f"a proof begins with the line {MAGIC} and holds a checkpoint")
            is_extra = bool(lines) and lines[0].startswith("extra ")
            extra = decode_base64(lines.pop(0)[6:]) if is_extra else None
            index = _INDEX.fullmatch(lines.pop(0)) if lines else None
            if index is None:
                raise _malformed("after the first line, and one of extra data, comes the index")
            path = tuple(decode_base64(line) for line in lines)
            return cls(int(index[1]), path, Note.parse(note), extra)
        except UnicodeDecodeError as error:
            raise _malformed("the lines above the checkpoint are ASCII") from error
        except InputRefused as error:
            raise _malformed(error.message) from error


def verify(proof: TlogProof, entry: bytes, policy: Policy) -> Checkpoint:
    """The checkpoint under which *entry* stands at the proof's index, believed by *policy*.

    Raises :class:`ProofInvalid`, :class:`provenance.errors.SignatureInvalid`.
    """
    policy.verify(proof.note)
    checkpoint = proof.checkpoint
    if not policy.knows_log(checkpoint.origin):
        raise ProofInvalid("the checkpoint is of a log that the policy does not name")
    merkle.verify_inclusion(
        merkle.leaf_hash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root
    )
    return checkpoint


def _malformed(message: str) -> InputRefused:
    return InputRefused(message, code="tlog_proof_malformed")
