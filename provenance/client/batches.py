"""What the service claims about a staged batch, as values that a supplier can check before it signs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from provenance.core.manifest import BatchDetails, BatchManifest, Domain
from provenance.errors import ProvenanceError, Unavailable


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """A staged batch as the service tells it; nothing of it is believed yet. ``seed`` is secret."""

    manifest: BatchManifest
    details: BatchDetails
    domain: Domain
    shuffled: bool
    counts: dict[str, Any]
    rejects: tuple[dict[str, Any], ...]
    seed: bytes = field(repr=False)

    @property
    def refused(self) -> int:
        """How many lines of the file are not in the batch, as the service counts them."""
        duplicates = self.counts.get("duplicates") or {}
        return int(self.counts.get("rejected", 0)) + sum(int(count) for count in duplicates.values())

    @classmethod
    def from_json(cls, told: Any) -> StagedBatch:
        """Read the answer to ``POST /batches``; raises ``Unavailable`` (``answer_malformed``)."""
        try:
            return cls(
                manifest=_manifest(told["manifest"]),
                details=BatchDetails.from_json(told["details"]),
                domain=Domain(told["domain"]["chain_id"], _address(told["domain"]["registry"])),
                shuffled=bool(told["shuffled"]),
                counts=dict(told["counts"]),
                rejects=tuple(told.get("rejects", ())),
                seed=bytes.fromhex(told["seed"]),
            )
        except (KeyError, TypeError, ValueError, ProvenanceError) as error:
            raise Unavailable(
                "the answer is not that of a staged batch; do the versions of client and service fit?",
                code="answer_malformed",
            ) from error


def _manifest(members: dict[str, Any]) -> BatchManifest:
    return BatchManifest(
        supplier=_address(members["supplier"]),
        root=bytes.fromhex(members["root"]),
        size=members["size"],
        max_uses=members["max_uses"],
        expires_at=members["expires_at"],
        details=bytes.fromhex(members["details"]),
    )


def _address(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
