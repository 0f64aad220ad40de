"""Warranty terms that a machine can read: what is covered, what follows, by when (DOMAIN §5).

A public door over :mod:`provenance.core.termsrules`. Consensus-critical: orders pin terms by
:func:`terms_hash`, and claims are decided by them for ever.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from provenance.core.termsrules.reading import MAX_TERMS_BYTES, TYPE, from_json, parse
from provenance.core.termsrules.values import (
    CauseTerms,
    Clause,
    Clocks,
    Cover,
    Deadline,
    Exclusion,
    Limits,
    Remedy,
    Terms,
    Text,
)
from provenance.core.termsrules.words import (
    Cause,
    Default,
    EvidenceType,
    ExclusionCode,
    Liability,
    RejectionCode,
    RemedyKind,
    Source,
    State,
    Tier,
)
from provenance.core.termsrules.writing import encode, terms_hash, to_json

__all__ = [
    "MAX_TERMS_BYTES",
    "TYPE",
    "Cause",
    "CauseTerms",
    "Clause",
    "Clocks",
    "Cover",
    "Deadline",
    "Default",
    "EvidenceType",
    "Exclusion",
    "ExclusionCode",
    "Liability",
    "Limits",
    "RejectionCode",
    "Remedy",
    "RemedyKind",
    "Source",
    "State",
    "Terms",
    "Text",
    "Tier",
    "default_terms",
    "encode",
    "from_json",
    "in_cover",
    "parse",
    "terms_hash",
    "to_json",
]


@cache
def default_terms(tier: Tier) -> Terms:
    """The terms this project proposes for *tier*; a platform publishes its own or these."""
    source = files("provenance.core") / "termsdata" / f"{tier.value.replace('_', '-')}.json"
    return parse(source.read_bytes())


def in_cover(terms: Terms, cause: Cause, delivered_at: int | None, at: int) -> bool:
    """Whether a claim for *cause* made at *at* (ms) is in time.

    The window is half open: with 30 days, 29 d 23:59:59.999 after delivery is in, 30 d 0:00:00 is out.
    What is not delivered yet is always in time: the cover has not begun to run out.
    """
    found = terms.cause(cause)
    if found is None:
        return False
    return delivered_at is None or at < delivered_at + found.window_s * 1_000
