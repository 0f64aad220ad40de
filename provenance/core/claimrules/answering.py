"""What came of asking an issuer: an answer of the enumeration with its evidence, or none, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provenance.core.claimrules.facts import Evidence, IssuerReport, malformed
from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.core.termsrules.words import EvidenceType, Source

CLOCK_LEAD_MS: Final = 120_000
"""How far an issuer's clock may run ahead of ours, as an entry may lie outside its bracket (FORMATS §5)."""


class NoAnswer(StrEnum):
    """Why an issuer's words, or its silence, are no answer: nothing may follow from them."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    THROTTLED = "throttled"
    NOT_ASKED = "not_asked"
    REFUSED_US = "refused_us"
    FAILED = "failed"
    BROKEN_OFF = "broken_off"
    TOO_LARGE = "too_large"
    GARBAGE = "garbage"
    UNMAPPED = "unmapped"
    OTHER_KEY = "other_key"
    IMPOSSIBLE_TIME = "impossible_time"


@dataclass(frozen=True, slots=True)
class IssuerAnswerReport:
    """One question to one issuer (20-byte address) and what came of it; times in ms.

    Exactly one of ``answer`` and ``why`` is set: without an answer the key's standing is uncertain.
    ``evidence`` is the SHA-256 of the raw answer, kept even of words that are none; ``tries`` counts
    the requests that were sent.
    """

    issuer: bytes
    asked_at: int
    answered_at: int
    answer: IssuerAnswer | None = None
    why: NoAnswer | None = None
    used_at: int | None = None
    evidence: bytes | None = None
    tries: int = 0

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.why is None):
            raise malformed("a question has an answer, or a reason why it has none")
        if self.answer is not None and self.evidence is None:
            raise malformed("an answer comes with the digest of the issuer's own words")
        if self.used_at is not None and self.answer is not IssuerAnswer.ALREADY_USED:
            raise malformed("a time of use belongs to a key that is used")
        if self.answered_at < self.asked_at or (self.used_at or 0) > self.answered_at:
            raise malformed("a question comes before its answer, a use before the report of it")

    @property
    def is_uncertain(self) -> bool:
        """Whether nothing is known by it."""
        return self.answer is None

    def fact(self) -> IssuerReport | None:
        """As the rules of a claim read it; ``None`` while it is uncertain."""
        if self.answer is None or self.evidence is None:
            return None
        shown = Evidence(EvidenceType.ISSUER_ANSWER, self.evidence, Source.ISSUER, self.answered_at)
        return IssuerReport(self.answer, self.answered_at, shown, self.used_at)
