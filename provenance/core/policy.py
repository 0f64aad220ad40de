"""Whose signatures make a checkpoint believed: a log, and a quorum of witnesses (C2SP tlog-policy).

The quorum is a tree of groups, each satisfied by k of its members. Every name counts in one place only,
so no witness votes twice. Consensus-critical and pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from provenance.core import notes
from provenance.core.notes import COSIGNATURE, ED25519, Checkpoint, Note, VerifierKey
from provenance.core.proofcheck.context import Witness
from provenance.errors import InputRefused, SignatureInvalid

MAX_POLICY_SIZE: Final = 64 * 1024
MAX_LINES: Final = 64
"""Logs, witnesses or groups, each: C2SP asks for 32."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SPACE: Final = re.compile(r"[ \t]+")
_THRESHOLD: Final = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """A log or witness: the *name* it has in the file, its key, and where it answers, if the file says."""

    name: str
    key: VerifierKey
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Satisfied when at least *threshold* of *members*, witnesses or groups by name, are."""

    name: str
    threshold: int
    members: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= len(self.members):
            raise _malformed(f"group {self.name}: the threshold is 1 to the number of its members")


@dataclass(frozen=True, slots=True)
class Policy:
    """Known logs, known witnesses and the name of the quorum, ``None`` for no cosignature at all."""

    logs: tuple[PolicyKey, ...]
    witnesses: tuple[PolicyKey, ...]
    groups: tuple[Group, ...]
    quorum: str | None

    @classmethod
    def parse(cls, raw: bytes) -> Policy:
        """Read a policy file of at most 64 KiB; raises :class:`InputRefused` (``policy_malformed``)."""
        if len(raw) > MAX_POLICY_SIZE:
            raise _malformed(f"a policy has at most {MAX_POLICY_SIZE} bytes")
        # Names are opaque octets: surrogates carry what is not UTF-8 through unchanged.
        text = raw.decode("utf-8", "surrogateescape")
        if _CONTROL.search(text) or (text and not text.endswith("\n")):
            raise _malformed("a policy is lines that end in a newline, without other control characters")
        reading = _Reading()
        for number, line in enumerate(text.split("\n"), 1):
            words = _SPACE.split(line.strip(" \t"))
            if words[0] and not words[0].startswith("#"):
                reading.take(number, words)
        return reading.policy()

    @classmethod
    def flat(
        cls, log: VerifierKey, witnesses: Collection[VerifierKey] = (), threshold: int | None = None
    ) -> Policy:
        """One log and *threshold* of *witnesses*, by default none of them."""
        keys = tuple(PolicyKey(key.name, key, None) for key in witnesses)
        logs = (PolicyKey(log.name, log, None),)
        if not threshold:
            return cls(logs, keys, (), None)
        return cls(logs, keys, (Group("quorum", threshold, tuple(key.name for key in keys)),), "quorum")

    def knows_log(self, origin: str) -> bool:
        """Whether a log of that origin is named."""
        return any(log.key.name == origin for log in self.logs)

    def cosigners(self, note: Note) -> tuple[str, ...]:
        """The names of the witnesses that cosigned *note*; raises :class:`SignatureInvalid`."""
        signed = []
        for witness in self.witnesses:
            if any(line.is_by(witness.key) for line in note.signatures):
                notes.verify_cosignature(note, witness.key)
                signed.append(witness.name)
        return tuple(signed)

    def verify(self, note: Note) -> tuple[str, ...]:
        """The witnesses that cosigned a checkpoint which one of the logs signed and the quorum saw.

        Raises :class:`SignatureInvalid`, :class:`InputRefused` (``note_malformed``).
        """
        origin = Checkpoint.parse(note.text).origin
        keys = [log.key for log in self.logs if log.key.name == origin]
        signers = [key for key in keys if any(line.is_by(key) for line in note.signatures)]
        if not signers:
            raise SignatureInvalid("the checkpoint is signed by none of the logs that the policy names")
        for key in signers:
            notes.verify(note, key)
        signed = self.cosigners(note)
        if self.quorum is not None and not self._satisfied(self.quorum, set(signed)):
            said = ", ".join(signed) or "nobody"
            raise SignatureInvalid(f"the quorum {self.quorum} is not reached; cosigned by {said}")
        return signed

    def reader(self, replaying: Collection[str] = ()) -> tuple[tuple[Witness, ...], int]:
        """Witnesses and threshold as :class:`provenance.core.proofs.ReaderContext` takes them.

        *replaying* are the names of witnesses known to replay before they cosign. Only a quorum that is
        one witness or one group of witnesses fits there; raises :class:`InputRefused` (``policy_nested``)
        for another: verify the bundle's checkpoint with :meth:`verify` beside the bundle.
        """
        by_name = {witness.name: witness for witness in self.witnesses}
        group = next((group for group in self.groups if group.name == self.quorum), None)
        if group is None:
            names, threshold = (list(by_name), 0) if self.quorum is None else ([self.quorum], 1)
        else:
            names, threshold = list(group.members), group.threshold
        if any(name not in by_name for name in names):
            raise InputRefused("the quorum is a group of groups", code="policy_nested")
        return tuple(Witness(by_name[name].key, name in replaying) for name in names), threshold

    def _satisfied(self, name: str, signed: set[str]) -> bool:
        reached = set(signed)
        for group in self.groups:  # a group names earlier lines only
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(group.name)
        return name in reached


class _Reading:
    """A policy file, line by line."""

    def __init__(self) -> None:
        self._logs: list[PolicyKey] = []
        self._witnesses: list[PolicyKey] = []
        self._groups: list[Group] = []
        self._quorums: list[str] = []
        self._free: dict[str, bool] = {}  # defined names: whether still no member of a group
        self._publics: set[bytes] = set()  # of both kinds: a log has no vote in its own quorum

    def take(self, number: int, words: list[str]) -> None:
        try:
            {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}[
                words[0]
            ](words[1:])
        except KeyError:
            raise _malformed(f"line {number}: not log, witness, group or quorum") from None
        except InputRefused as error:
            raise _malformed(f"line {number}: {error.message}") from error

    def policy(self) -> Policy:
        if len(self._quorums) != 1:
            raise _malformed("a policy has exactly one quorum line")
        quorum = self._quorums[0]
        return Policy(
            tuple(self._logs),
            tuple(self._witnesses),
            tuple(self._groups),
            None if quorum == "none" else quorum,
        )

    def _log(self, words: list[str]) -> None:
        self._bounded(words, 1, 2, self._logs)
        key = self._key(words[0], ED25519)
        self._logs.append(PolicyKey(key.name, key, words[1] if len(words) > 1 else None))

    def _witness(self, words: list[str]) -> None:
        self._bounded(words, 2, 3, self._witnesses)
        self._define(words[0])
        key = self._key(words[1], COSIGNATURE)
        self._witnesses.append(PolicyKey(words[0], key, words[2] if len(words) > 2 else None))

    def _group(self, words: list[str]) -> None:
        self._bounded(words, 3, 2 + MAX_LINES, self._groups)
        name, rule, members = words[0], words[1], words[2:]
        for member in members:
            if not self._free.get(member, False):
                raise _malformed(f"{member} is not defined above, or is a member of a group already")
            self._free[member] = False
        if rule not in ("all", "any") and not _THRESHOLD.fullmatch(rule):
            raise _malformed("a group is satisfied by all, any or a number of its members")
        threshold = {"all": len(members), "any": 1}.get(rule) or int(rule)
        self._define(name)
        self._groups.append(Group(name, threshold, tuple(members)))

    def _quorum(self, words: list[str]) -> None:
        self._bounded(words, 1, 1, self._quorums)
        if words[0] != "none" and words[0] not in self._free:
            raise _malformed(f"{words[0]} is not defined above")
        self._quorums.append(words[0])

    def _define(self, name: str) -> None:
        if name == "none" or name in self._free:
            raise _malformed(f"the name {name} is taken")
        self._free[name] = True

    def _key(self, text: str, kind: int) -> VerifierKey:
        key = VerifierKey.parse(text)
        if key.kind != kind or key.public in self._publics:
            raise _malformed("the key is of the wrong type for its line, or stands in two lines")
        self._publics.add(key.public)
        return key

    @staticmethod
    def _bounded(words: list[str], least: int, most: int, lines: Collection[object]) -> None:
        if not least <= len(words) <= most or len(lines) >= MAX_LINES:
            raise _malformed("too few or too many words, or too many lines of that kind")


def _malformed(message: str) -> InputRefused:
    return InputRefused(message, code="policy_malformed")
