"""The proof bundle as a value: what a service puts together and a verifier takes apart (FORMATS §10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from provenance.core import canonical
from provenance.core.manifest import Domain
from provenance.core.notes import Checkpoint, Note
from provenance.core.proofcheck.parts import (
    AnchorPart,
    BatchPart,
    BeaconEntry,
    Hints,
    KeyPart,
    LoggedEntry,
    LogIdentity,
    StatePart,
    StateProof,
    domain_json,
    require,
)

BUNDLE_TYPE: Final = "card-key-provenance/proof/v1"
MAX_BUNDLE_SIZE: Final = 16 * 1024 * 1024
MAX_ENTRIES: Final = 10_000
"""Entries on one key: the law stops sales at 5,000, and what is sold may still be closed."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A whole proof. ``checkpoint`` is an unverified note whose text is a checkpoint."""

    network: Domain
    log: LogIdentity
    batch: BatchPart
    key: KeyPart
    custody: tuple[LoggedEntry, ...]
    parties: tuple[LoggedEntry, ...]
    beacons: tuple[BeaconEntry, ...]
    state: StatePart | None
    checkpoint: Note
    anchors: tuple[AnchorPart, ...] = ()
    state_proof: StateProof | None = None
    hints: Hints = field(default_factory=Hints)

    def __post_init__(self) -> None:
        for name in ("custody", "parties", "beacons", "anchors"):
            require(len(getattr(self, name)) <= MAX_ENTRIES, f"{name} has at most {MAX_ENTRIES} entries")
        Checkpoint.parse(self.checkpoint.text)

    @property
    def head(self) -> Checkpoint:
        """The checkpoint that the note claims."""
        return Checkpoint.parse(self.checkpoint.text)

    def to_json(self) -> dict[str, Any]:
        """The bundle as JSON members."""
        return {
            "type": BUNDLE_TYPE,
            "network": domain_json(self.network),
            "log": self.log.to_json(),
            "batch": self.batch.to_json(),
            "key": self.key.to_json(),
            "custody": [entry.to_json() for entry in self.custody],
            "parties": [entry.to_json() for entry in self.parties],
            "beacons": [entry.to_json() for entry in self.beacons],
            "state": self.state.to_json() if self.state else None,
            "checkpoint": self.checkpoint.encode().decode(),
            "anchors": [anchor.to_json() for anchor in self.anchors],
            "state_proof": self.state_proof.to_json() if self.state_proof else None,
            "hints": self.hints.to_json(),
        }

    def to_bytes(self) -> bytes:
        """The ``*.provenance.json`` file: RFC 8785, at most 16 MiB.

        Raises :class:`InputRefused` (``bundle_malformed``) when it grew too large to be a proof.
        """
        raw = canonical.encode(self.to_json())
        require(len(raw) <= MAX_BUNDLE_SIZE, f"a bundle has at most {MAX_BUNDLE_SIZE} bytes")
        return raw
