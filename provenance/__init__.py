"""Card-key provenance: one key, one sale, and proofs that need nobody's word.

The public door. What stands here is pure: it opens no file, no socket and no database.

    >>> from provenance import ReaderContext, VerifierKey, parse, format_by_id, verify
    >>> key = parse(format_by_id("steam"), "aaaaa-bbbbb-ccccc").key
    >>> key                                         # a key never shows itself
    CardKey(hidden)

To check a proof, bring what you know from elsewhere; what you do not bring is reported as not
checked, never as passed:

    reader = ReaderContext(network=Domain(1, registry), log_key=VerifierKey.parse(text), card_key=key)
    evidence = verify(Path("key.provenance.json").read_bytes(), reader)   # or raises ProofRejected
    print(evidence.state, evidence.completeness, evidence.not_checked)

Running a service is the business of ``python -m provenance --help``; speaking to one, of its HTTP
API or of :mod:`provenance.client`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provenance.core.keyformats import CardKey, KeyFormat, format_by_id, formats, parse
    from provenance.core.manifest import BatchManifest, Domain
    from provenance.core.notes import VerifierKey
    from provenance.core.proofs import Evidence, ReaderContext, verify
    from provenance.errors import ProofRejected, ProvenanceError

__all__ = [
    "BatchManifest",
    "CardKey",
    "Domain",
    "Evidence",
    "KeyFormat",
    "ProofRejected",
    "ProvenanceError",
    "ReaderContext",
    "VerifierKey",
    "format_by_id",
    "formats",
    "parse",
    "verify",
]

_ROOMS = {
    "errors": ("ProofRejected", "ProvenanceError"),
    "core.keyformats": ("CardKey", "KeyFormat", "format_by_id", "formats", "parse"),
    "core.manifest": ("BatchManifest", "Domain"),
    "core.notes": ("VerifierKey",),
    "core.proofs": ("Evidence", "ReaderContext", "verify"),
}


def __getattr__(name: str) -> Any:
    # On first use, so that a small command does not pay for the whole verifier.
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"provenance.{room}"), name)
    raise AttributeError(f"module 'provenance' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
