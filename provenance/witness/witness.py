"""The witness itself: checks, replays, remembers, and only then signs (C2SP tlog-witness, FORMATS §6).

A witness of the common kind sees that a log only grows. This one fetches every entry below a checkpoint,
holds each against the law and every STATE against what the log adds up to; so its cosignature makes the
completeness of a history independent of the operator. A log with a breach in it is never signed again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from provenance.audit import snapshot
from provenance.audit.findings import Finding
from provenance.audit.replay import Replay
from provenance.audit.run import Audit, Auditor
from provenance.audit.signing import AnnouncedKey, read_successions
from provenance.audit.source import LogSource
from provenance.core import merkle, notes, succession
from provenance.core.addcheckpoint import AddCheckpoint
from provenance.core.entries import KeyReason
from provenance.core.notes import COSIGNATURE, Checkpoint, Note, VerifierKey, verifier_key
from provenance.errors import InputRefused, NotFound, ProofInvalid, SignatureInvalid, Unavailable
from provenance.witness.state import Remembered, WitnessState

SNAPSHOT_EVERY: Final = 50_000
"""Entries between two snapshots of the replay: what a restart has to replay again, in a second or two."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, media type and body of an HTTP answer."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The witness's name and 32-byte Ed25519 seed."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> VerifierKey:
        """The key to put in a policy."""
        return verifier_key(self.name, self.seed, COSIGNATURE)


@dataclass(frozen=True, slots=True)
class Keys:
    """The key that signs a checkpoint, and the notes of the successions by which it is known."""

    signer: VerifierKey
    successions: tuple[Note, ...]

    def refusal(self, announced: list[AnnouncedKey]) -> Answer | None:
        """The answer while the replayed log does not itself announce the signer, or has retired it.

        A rotation is followed by its entries in the log, which everybody sees, and not by a note alone.
        """
        reasons = {reason for _, reason, public in announced if public == self.signer.public}
        if KeyReason.RETIRED in reasons:
            return _refusal(403, "the log has retired the key that signs this checkpoint")
        if KeyReason.LOG not in reasons:  # the entry may wait for its place behind others
            return _refusal(503, "not now: the log does not announce the key that signs this checkpoint yet")
        return None


class Witness:
    """Watches the log that *log_key* signs and *source* serves; keeps its memory in *folder*.

    *now* is unix seconds. Raises :class:`Unavailable` (``witness_state_damaged``).
    """

    def __init__(
        self, key: WitnessKey, log_key: VerifierKey, source: LogSource, folder: Path, now: Callable[[], int]
    ) -> None:
        self._key = key
        self._log_key = log_key
        self._source = source
        self._now = now
        self._lock = threading.Lock()
        self._state = WitnessState(folder / "cosigned.json")
        self._snapshot = folder / "replay.snapshot"
        self.remembered = self._state.read()
        self._audit = self._fresh()
        self._snapped = self._audit.replay.size

    @property
    def origin(self) -> str:
        """The origin of the log it watches."""
        return self._log_key.name

    @property
    def replay(self) -> Replay:
        """What it has replayed so far."""
        return self._audit.replay

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to ``POST add-checkpoint``; one at a time."""
        try:
            request = AddCheckpoint.parse(body)
            checkpoint = Checkpoint.parse(request.note.text)
        except InputRefused as error:
            return _refusal(400, error.message)
        if checkpoint.origin != self.origin:
            return _refusal(404, "this witness does not watch that log")
        with self._lock:
            return self._checked(request, checkpoint)

    def _checked(self, request: AddCheckpoint, checkpoint: Checkpoint) -> Answer:
        try:
            self.remembered = self._state.read()  # the file is what counts, whoever wrote it
            keys = self._verified_keys(request, checkpoint)
        except SignatureInvalid as error:
            return _refusal(403, error.message)
        except (Unavailable, InputRefused) as error:
            return _refusal(503, f"not now: {error.message}")
        if request.old > checkpoint.size:
            return _refusal(400, "the old size is larger than the checkpoint's")
        last = self.remembered.checkpoint
        if request.old != (0 if last is None else last.size):
            size = 0 if last is None else last.size
            return Answer(409, f"{size}\n".encode(), "text/x.tlog.size")
        refused = _grows(last, checkpoint, request.proof)
        if refused is not None:
            return refused
        if self.remembered.findings:
            return _refusal(403, "this log broke the law; see this witness's own report")
        return self._replayed(checkpoint, keys)

    def _replayed(self, checkpoint: Checkpoint, keys: Keys) -> Answer:
        if self.replay.size > checkpoint.size:  # fed further than it could be remembered
            self._audit = Audit(self._source, Auditor(log_key=self._log_key))
        try:
            self._audit.replay_to(checkpoint)
        except (Unavailable, NotFound, InputRefused) as error:
            # What was fed in part is fed again from the last snapshot: nothing half replayed is signed.
            self._source.forget()
            self._audit = self._fresh()
            return _refusal(503, f"the entries could not be replayed: {error.message}")
        findings = self._audit.findings
        if findings.in_doubt is not None or any(one.is_assumed for one in self.replay.keys.batches.values()):
            return self._not_now(findings.in_doubt)
        if not findings.is_clean:
            told = tuple(finding.to_json() for finding in findings.found)
            self._remember(replace(self.remembered, findings=told))
            first = findings.found[0]
            return _refusal(403, f"not cosigned: {first.place}: [{first.rule}] {first.message}")
        if (refused := keys.refusal(self.replay.others.keys)) is not None:
            return refused
        self._remember(Remembered(checkpoint, (), keys.successions))
        if self.replay.size - self._snapped >= SNAPSHOT_EVERY:
            self.save()
        line = notes.cosign(checkpoint.text, self._key.name, self._key.seed, self._now())
        return Answer(200, _line(line).encode())

    def _not_now(self, doubt: Finding | None) -> Answer:
        """Nothing is signed over an assumption, and nothing remembered that the log did not sign."""
        self._source.forget()
        self._audit = self._fresh()
        said = "a manifest is missing" if doubt is None else f"{doubt.place}: [{doubt.rule}] {doubt.message}"
        return _refusal(503, f"not now: {said}")

    def save(self) -> None:
        """Keep the replay, so that a restart goes on from here; only of a log without a breach."""
        if self._audit.findings.is_clean:
            head = Checkpoint(self.origin, self.replay.size, self.replay.root())
            snapshot.save(self.replay, self._snapshot, self._audit.told(head))
            self._snapped = self.replay.size

    def _verified_keys(self, request: AddCheckpoint, checkpoint: Checkpoint) -> Keys:
        """The keys of the log, once that in whose reign the checkpoint falls is seen to have signed it.

        Successions are those served and those remembered: a log that hides one does not undo it, and one
        that serves another in its place is followed by nobody. Raises :class:`SignatureInvalid`; where the
        successions cannot be read, nobody knows whose reign it is: :class:`Unavailable`,
        :class:`InputRefused` (``succession_malformed``).
        """
        known = any(line.is_by(self._log_key) for line in request.note.signatures)
        if known:
            notes.verify(request.note, self._log_key)
        kept = self.remembered.successions
        found = {note.text: note for note in (*read_successions(self._source), *kept)}
        try:
            before = succession.follow(self._log_key, kept)
            chain = succession.follow(self._log_key, list(found.values()))
        except SignatureInvalid as error:
            raise InputRefused(f"the successions: {error.message}", code="succession_malformed") from error
        last = self.remembered.checkpoint
        if last is not None and chain.key_for(last.size) != before.key_for(last.size):
            raise SignatureInvalid("a succession ends the reign of a key before what was cosigned under it")
        key = chain.key_for(checkpoint.size)
        if not any(line.is_by(key) for line in request.note.signatures):
            said = "its key signs no checkpoint of this size any more: it was succeeded"
            raise SignatureInvalid(said if known else "the checkpoint is not signed by a key known here")
        chain.verify(request.note)
        return Keys(key, tuple(found.values()))

    def _remember(self, remembered: Remembered) -> None:
        self._state.write(remembered)
        self.remembered = remembered

    def _fresh(self) -> Audit:
        audit = Audit(self._source, Auditor(log_key=self._log_key))
        told = snapshot.load(audit.replay, self._snapshot)
        if told is not None:
            audit.take_up(told)
        return audit


def _grows(last: Checkpoint | None, checkpoint: Checkpoint, proof: tuple[bytes, ...]) -> Answer | None:
    """The refusal of a checkpoint that does not extend the *last* one; ``None`` if it does."""
    if last is None or last.size == 0:
        return _refusal(422, "from the empty log the proof is empty") if proof else None
    if last.size == checkpoint.size and last.root != checkpoint.root:
        return _refusal(409, "another root for the same size: two histories")
    try:
        merkle.verify_consistency(last.size, last.root, checkpoint.size, checkpoint.root, proof)
    except ProofInvalid as error:
        return _refusal(422, error.message)
    return None


def _line(signature: notes.NoteSignature) -> str:
    return Note("\n", (signature,)).encode().decode().split("\n\n", 1)[1]


def _refusal(status: int, message: str) -> Answer:
    return Answer(status, message.encode() + b"\n")
