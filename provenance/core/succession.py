"""How a log changes its key, and how a reader who knows one of its keys comes to know the others.

A succession is a signed note. Its text names the log, the last size that the old key signs and the root
there, and both keys; *both* keys sign it. So a reader who knows the old key learns the new one, and a
reader who knows the new one may still believe the old for what it signed: checkpoints up to that size.
A stolen key that was retired signs nothing new. The note is committed to by the KEY entry that announces
the new key, so a succession made in secret is seen. Consensus-critical and pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from provenance.core import notes
from provenance.core.notes import ED25519, Checkpoint, Note, VerifierKey, verifier_key
from provenance.errors import InputRefused, SignatureInvalid

HEADER: Final = "provenance/log-succession/v1"
MAX_SUCCESSIONS: Final = 256


@dataclass(frozen=True, slots=True)
class Succession:
    """*old* signed the log up to *last*, *new* signs everything larger; both bear the origin's name.

    Raises :class:`InputRefused` (``succession_malformed``).
    """

    last: Checkpoint
    old: VerifierKey
    new: VerifierKey

    def __post_init__(self) -> None:
        names = {self.last.origin, self.old.name, self.new.name}
        if len(names) != 1 or self.old.public == self.new.public:
            raise _malformed("a succession is between two keys of one log")
        if self.old.kind != ED25519 or self.new.kind != ED25519:
            raise _malformed("a log's key is of type 1, Ed25519")

    @property
    def text(self) -> str:
        """The lines that both keys sign."""
        return f"{HEADER}\n{self.last.text}{self.old.encode()}\n{self.new.encode()}\n"

    @classmethod
    def parse(cls, note: Note) -> Succession:
        """What *note* says, once both keys are seen to have signed it.

        Raises :class:`InputRefused` (``succession_malformed``), :class:`SignatureInvalid`.
        """
        lines = note.text.split("\n")
        if len(lines) != 7 or lines[0] != HEADER or lines[6]:
            raise _malformed("a succession is six lines: header, checkpoint, old key, new key")
        last = Checkpoint.parse("\n".join([*lines[1:4], ""]))
        succession = cls(last, VerifierKey.parse(lines[4]), VerifierKey.parse(lines[5]))
        notes.verify(note, succession.old)
        notes.verify(note, succession.new)
        return succession


def make(last: Checkpoint, old_key: bytes, new_key: bytes) -> Note:
    """The note by which the 32-byte seed *new_key* follows *old_key* after the checkpoint *last*."""
    origin = last.origin
    succession = Succession(last, verifier_key(origin, old_key), verifier_key(origin, new_key))
    signatures = tuple(notes.sign(succession.text, origin, seed) for seed in (old_key, new_key))
    return Note(succession.text, signatures)


@dataclass(frozen=True, slots=True)
class KeyChain:
    """The keys of one log in the order of their reigns, and the last size that each but the newest signs."""

    keys: tuple[VerifierKey, ...]
    ends: tuple[int, ...]

    def key_for(self, size: int) -> VerifierKey:
        """The key whose reign covers a checkpoint of *size* entries."""
        for key, end in zip(self.keys, self.ends, strict=False):
            if size <= end:
                return key
        return self.keys[-1]

    def verify(self, note: Note) -> Checkpoint:
        """The checkpoint, signed by the key of its reign.

        Raises :class:`SignatureInvalid`, :class:`InputRefused` (``note_malformed``).
        """
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != self.keys[0].name:
            raise SignatureInvalid("the checkpoint is of another log")
        notes.verify(note, self.key_for(checkpoint.size))
        return checkpoint


def follow(trusted: VerifierKey, successions: Sequence[Note]) -> KeyChain:
    """Every key of the log that *trusted* leads to, backwards and forwards, through *successions*.

    They are given in any order; those of other logs are passed over. Raises :class:`SignatureInvalid`,
    and :class:`InputRefused` (``succession_malformed``) for two successors of one key, two ancestors of
    one, a key that reigns twice, or sizes that shrink.

    Two successions may end at one size: the key between them never signed, and its reign is empty.
    That gives nobody anything: :meth:`KeyChain.key_for` takes the earliest key whose reign reaches a
    size, so the key between vouches for no checkpoint at all; what it did sign, its succession, counts
    only as the link that any holder of a reigning key can make, and a second link from or to it is
    refused as everywhere.
    """
    if len(successions) > MAX_SUCCESSIONS:
        raise _malformed(f"a log has at most {MAX_SUCCESSIONS} successions")
    read = {note.text: Succession.parse(note) for note in successions}.values()
    ours = [one for one in read if one.last.origin == trusted.name]
    forward = {one.old.public: one for one in ours}
    backward = {one.new.public: one for one in ours}
    if len(forward) < len(ours) or len(backward) < len(ours):
        raise _malformed("two successions of one key: one of them is forged, or the key was stolen")
    before = _walk(trusted, backward, is_back=True)[::-1]
    after = _walk(trusted, forward, is_back=False)
    ends = tuple(one.last.size for one in (*before, *after))
    if any(earlier > later for earlier, later in pairwise(ends)):
        raise _malformed("the reigns of a log's keys follow one another")
    keys = (*(one.old for one in before), trusted, *(one.new for one in after))
    if len({key.public for key in keys}) < len(keys):
        raise _malformed("a key of the log that was retired reigns again")
    return KeyChain(keys, ends)


def _walk(start: VerifierKey, steps: dict[bytes, Succession], *, is_back: bool) -> list[Succession]:
    walked: list[Succession] = []
    public = start.public
    while (step := steps.get(public)) is not None and len(walked) < len(steps):
        walked.append(step)
        public = (step.old if is_back else step.new).public
    return walked


def _malformed(message: str) -> InputRefused:
    return InputRefused(message, code="succession_malformed")
