"""What an auditor found: which entry, against which rule, on which key, in words that say what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from provenance.core.proofcheck.evidence import Bound

MAX_FINDINGS: Final = 1_000
"""A log with more is rotten through; the first thousand say where it began."""
UNPROVEN: Final = frozenset(
    {
        "manifest_missing", "manifest_malformed", "manifest_other", "batch_not_signed", "bundle_missing",
        "bundle_malformed", "tile_missing", "tile_malformed", "tile_wrong", "root_wrong",
        "successions_malformed",
    }
)  # fmt: skip
"""What may lie with the server or the way from it: a reader says so, and may ask again. A breach of the law
in entries whose root is signed is proven; beside one of these nothing is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach. ``rule`` is a stable code, ``index`` the log index where there is one.

    ``batch`` (id) and ``key`` say whose life is concerned, where it is one. ``bracket`` is the block before
    and the anchor after, put to it when a report is made; :mod:`provenance.audit.brackets` says how.
    """

    rule: str
    message: str
    index: int | None = None
    batch: bytes | None = None
    key: int | None = None
    bracket: tuple[Bound | None, Bound | None] | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as data; what does not apply is left out."""
        told: dict[str, Any] = {"rule": self.rule, "message": self.message}
        if self.index is not None:
            told["index"] = self.index
        if self.batch is not None:
            told["batch"] = self.batch.hex()
        if self.key is not None:
            told["key"] = self.key
        if self.bracket is not None:
            after, before = (bound and bound.to_json() for bound in self.bracket)
            told |= {"after": after, "before": before}
        return told

    @property
    def place(self) -> str:
        """Where it is, for people: ``entry 17, batch 0a1b2c3d…, key 5``."""
        parts = [] if self.index is None else [f"entry {self.index}"]
        if self.batch is not None:
            parts.append(f"batch {self.batch.hex()[:16]}…")
        if self.key is not None:
            parts.append(f"key {self.key}")
        return ", ".join(parts)

    @property
    def moment(self) -> str:
        """When it was, for people: ``after block 12 (…), before anchor 96 (…)``; empty without a bracket."""
        if self.bracket is None:
            return ""
        after, before = self.bracket
        lower = f"after {after.text}" if after else "after no beacon"
        return f"{lower}, {f'before {before.text}' if before else 'before no anchor known here'}"


@dataclass(slots=True)
class Findings:
    """Collects breaches in the order they were met, at most :data:`MAX_FINDINGS`."""

    found: list[Finding] = field(default_factory=list)
    left_off: int = 0
    in_doubt: Finding | None = None
    """The first that may be the server's fault alone, also where it was left off."""

    def add(
        self,
        rule: str,
        message: str,
        index: int | None = None,
        *,
        batch: bytes | None = None,
        key: int | None = None,
    ) -> None:
        """Note one breach."""
        finding = Finding(rule, message, index, batch, key)
        if self.in_doubt is None and rule in UNPROVEN:
            self.in_doubt = finding
        if len(self.found) < MAX_FINDINGS:
            self.found.append(finding)
        else:
            self.left_off += 1

    def restore(self, told: Sequence[dict[str, Any]], left_off: int) -> None:
        """Take up what an earlier run found."""
        for one in told:
            batch = bytes.fromhex(one["batch"]) if "batch" in one else None
            self.found.append(Finding(one["rule"], one["message"], one.get("index"), batch, one.get("key")))
        self.in_doubt = next((one for one in self.found if one.rule in UNPROVEN), None)
        self.left_off = left_off

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.found
