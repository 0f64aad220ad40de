"""What an audit says at the end: what was replayed, what it established, what it could not, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from provenance.audit.brackets import AnchoredSize
from provenance.audit.findings import Finding


@dataclass(slots=True)
class AuditReport:
    """Of the log of *origin*, its first *size* entries with *root*; ``entries`` replayed in this run.

    ``anchored`` are the sizes that the chain holds with the log's own roots, and the times of their blocks.
    """

    origin: str
    size: int
    root: bytes
    entries: int = 0
    batches: int = 0
    states: int = 0
    anchored: list[AnchoredSize] = field(default_factory=list)
    signed_by: str | None = None
    cosigned_by: tuple[str, ...] = ()
    established: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    left_off: int = 0

    @property
    def anchors(self) -> int:
        """How many anchored checkpoints have the log's own roots."""
        return len(self.anchored)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong in what was checked."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """The report as data."""
        return {
            "origin": self.origin,
            "size": self.size,
            "root": self.root.hex(),
            "entries_replayed": self.entries,
            "batches": self.batches,
            "states": self.states,
            "anchors": self.anchors,
            "signed_by": self.signed_by,
            "cosigned_by": list(self.cosigned_by),
            "clean": self.is_clean,
            "established": self.established,
            "not_checked": self.not_checked,
            "findings": [finding.to_json() for finding in self.findings],
            "findings_left_off": self.left_off,
        }
