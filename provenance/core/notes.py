"""Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

A note's text means nothing until a key brought from outside has verified it. Consensus-critical and pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from provenance.core.canonical import MAX_INTEGER, decode_base64, encode_base64
from provenance.core.digests import sha256
from provenance.errors import InputRefused, SignatureInvalid

MAX_NOTE_SIZE: Final = 64 * 1024
MAX_SIGNATURES: Final = 16
"""C2SP asks verifiers to accept at least 16; each one past that is work for whoever reads the note."""
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04

_FIELD: Final = 2**255 - 19
_GROUP_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_SMALL_ORDER_Y: Final = frozenset(
    {
        0,
        1,
        _FIELD - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)
"""y of the eight points of small order: under such a key one signature fits many messages."""
_VERIFIER_KEY: Final = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_SIGNATURE_LINE: Final = re.compile(r"— ([^ ]+) ([A-Za-z0-9+/=]+)")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named Ed25519 public key; ``kind`` is :data:`ED25519` or :data:`COSIGNATURE`.

    Raises :class:`InputRefused` (``note_key_malformed``): bad name, unknown kind, a point of small
    order or an encoding that is not canonical.
    """

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise _key_refused("a key name is not empty and has neither white space nor plus")
        if self.kind not in (ED25519, COSIGNATURE):
            raise _key_refused(f"signature type {self.kind} is not known")
        if len(self.public) != 32:
            raise _key_refused("an Ed25519 public key has 32 bytes")
        y = int.from_bytes(self.public, "little") & (2**255 - 1)
        if y >= _FIELD or y in _SMALL_ORDER_Y:
            raise _key_refused("the Ed25519 key is of small order or not canonically encoded")

    @property
    def key_id(self) -> bytes:
        """The 4-byte hint ``H(name ‖ 0x0A ‖ kind ‖ public)[:4]``; a label, not a commitment."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]

    def encode(self) -> str:
        """``name+hash+base64``, the form handed from person to person."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``name+hash+base64``; raises :class:`InputRefused` (``note_key_malformed``)."""
        match = _VERIFIER_KEY.fullmatch(text)
        if match is None:
            raise _key_refused("a verifier key is name+hash+base64")
        try:
            material = decode_base64(match[3])
        except InputRefused as error:
            raise _key_refused("the key material is not strict base64") from error
        key = cls(match[1], material[1:], material[0])
        if key.key_id.hex() != match[2]:
            raise _key_refused("the hash in the verifier key is not that of its name and key")
        return key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who claims to have signed, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def is_by(self, key: VerifierKey) -> bool:
        """Whether the line names *key*; says nothing about its being valid."""
        return self.name == key.name and self.key_id == key.key_id


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signature lines, none of them verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n") or _CONTROL.search(self.text):
            raise _note_refused("a note's text ends in a newline and has no other control characters")
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise _note_refused(f"a note has 1 to {MAX_SIGNATURES} signatures")

    def encode(self) -> bytes:
        """The note as a file."""
        lines = "".join(
            f"— {line.name} {encode_base64(line.key_id + line.signature)}\n" for line in self.signatures
        )
        return f"{self.text}\n{lines}".encode()

    @classmethod
    def parse(cls, raw: bytes) -> Note:
        """Read a note of at most 64 KiB and 16 signatures.

        Raises :class:`InputRefused` (``note_malformed``).
        """
        if len(raw) > MAX_NOTE_SIZE:
            raise _note_refused(f"a note has at most {MAX_NOTE_SIZE} bytes")
        try:
            whole = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _note_refused("a note is UTF-8") from error
        split = whole.rfind("\n\n")
        if split < 0 or not whole.endswith("\n"):
            raise _note_refused("a note is a text, an empty line, and signature lines")
        lines = whole[split + 2 :].removesuffix("\n").split("\n")
        return cls(whole[: split + 1], tuple(_parse_signature(line) for line in lines))

    def with_signature(self, signature: NoteSignature) -> Note:
        """The same note with one more signature line."""
        return Note(self.text, (*self.signatures, signature))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and root of a log under its origin, without extension lines (C2SP tlog-checkpoint)."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.origin):
            raise _note_refused("the origin of a checkpoint is a name without white space or plus")
        if not 0 <= self.size <= MAX_INTEGER or len(self.root) != 32:
            raise _note_refused("a checkpoint has a size of at most 2^53-1 and a root of 32 bytes")

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the three lines; raises :class:`InputRefused` (``note_malformed``)."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not _SIZE.fullmatch(lines[1]):
            raise _note_refused("a checkpoint is three lines: origin, size, base64 root")
        try:
            return cls(lines[0], int(lines[1]), decode_base64(lines[2]))
        except InputRefused as error:
            raise _note_refused(error.message) from error


def verifier_key(name: str, private_key: bytes, kind: int = ED25519) -> VerifierKey:
    """The public side of a 32-byte Ed25519 seed under *name*."""
    public = Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
    return VerifierKey(name, public, kind)


def sign(text: str, name: str, private_key: bytes) -> NoteSignature:
    """Sign a note's text with a 32-byte Ed25519 seed."""
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(text.encode())
    return NoteSignature(name, verifier_key(name, private_key).key_id, signature)


def sign_checkpoint(checkpoint: Checkpoint, private_key: bytes) -> Note:
    """The checkpoint as a note signed by the log, whose key bears the origin's name."""
    return Note(checkpoint.text, (sign(checkpoint.text, checkpoint.origin, private_key),))


def verify(note: Note, key: VerifierKey) -> None:
    """Succeeds if *key* signed the note; raises :class:`SignatureInvalid`.

    Every line that names the key must verify: one good line does not excuse a bad one.
    """
    for signature in _lines_by(note, key, ED25519):
        verify_ed25519(key.public, note.text.encode(), signature)


def cosign(text: str, name: str, private_key: bytes, timestamp: int) -> NoteSignature:
    """A witness's cosignature/v1 over a checkpoint's text at *timestamp* (unix seconds)."""
    message = _cosigned_message(text, timestamp)
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(message)
    key = verifier_key(name, private_key, COSIGNATURE)
    return NoteSignature(name, key.key_id, timestamp.to_bytes(8) + signature)


def verify_cosignature(note: Note, key: VerifierKey) -> int:
    """The time (unix seconds) at which witness *key* cosigned; raises :class:`SignatureInvalid`.

    Source: C2SP tlog-cosignature, v1. Of several lines by one witness the newest time counts.
    """
    times = []
    for signature in _lines_by(note, key, COSIGNATURE):
        if len(signature) != 72:
            raise SignatureInvalid("a cosignature has 72 bytes")
        timestamp = int.from_bytes(signature[:8])
        verify_ed25519(key.public, _cosigned_message(note.text, timestamp), signature[8:])
        times.append(timestamp)
    return max(times)


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> None:
    """Strict RFC 8032 verification with s below the group order; raises :class:`SignatureInvalid`.

    The key must have passed :class:`VerifierKey`, which keeps points of small order out.
    """
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= _GROUP_ORDER:
        raise SignatureInvalid("an Ed25519 signature has 64 bytes and a reduced s")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid("the Ed25519 signature is not by that key over that text") from error


def _lines_by(note: Note, key: VerifierKey, kind: int) -> list[bytes]:
    if key.kind != kind:
        raise SignatureInvalid(f"a key of type {key.kind} does not make signatures of type {kind}")
    lines = [line.signature for line in note.signatures if line.is_by(key)]
    if not lines:
        raise SignatureInvalid(f"the note bears no signature by {key.name}+{key.key_id.hex()}")
    return lines


def _cosigned_message(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def _parse_signature(line: str) -> NoteSignature:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None or not _is_name(match[1]):
        raise _note_refused("a signature line is an em dash, a key name and base64")
    try:
        data = decode_base64(match[2])
    except InputRefused as error:
        raise _note_refused("a signature is not strict base64") from error
    if len(data) < 5:
        raise _note_refused("a signature starts with a 4-byte key id")
    return NoteSignature(match[1], data[:4], data[4:])


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.isprintable() and not any(c.isspace() for c in name)


def _key_refused(message: str) -> InputRefused:
    return InputRefused(message, code="note_key_malformed")


def _note_refused(message: str) -> InputRefused:
    return InputRefused(message, code="note_malformed")
