"""What is known of an order when a claim is decided: times with their evidence, never opinions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.core.termsrules.words import PAUSES, TRUSTED, EvidenceType, ExclusionCode, Source
from provenance.errors import InputRefused


def malformed(message: str) -> InputRefused:
    """A value of a claim that cannot be."""
    return InputRefused(message, code="claim_malformed")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence by its SHA-256 *digest*, kept elsewhere, encrypted; *at* in ms."""

    type: EvidenceType
    digest: bytes
    source: Source
    at: int

    def __post_init__(self) -> None:
        if len(self.digest) != 32 or self.at < 0:
            raise malformed("evidence has a digest of 32 bytes and a time")

    @property
    def is_trusted(self) -> bool:
        """Whether it came from one with no stake in the claim."""
        return self.source in TRUSTED


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened to the order, in ms, and what shows it."""

    at: int
    evidence: Evidence


class Act(StrEnum):
    """What custody entries say of the key, as far as a warranty asks."""

    SELL = "sell"
    REINSTATE = "reinstate"
    REDEEM = "redeem"
    VOID_BY_SUPPLIER = "void_by_supplier"
    VOID_BY_SELLER = "void_by_seller"
    RECALL = "recall"
    THEFT = "theft"


class Whose(StrEnum):
    """For whom an act on the key was, seen from this order: REDEEM by issuers names nobody if unsold."""

    OURS = "ours"
    ANOTHER = "another"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One custody entry on the order's key. For REDEEM, ``ours`` means that this buyer's use did it."""

    act: Act
    at: int
    whose: Whose
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class IssuerReport:
    """What the issuer answered, when it was asked, and when it says that the key was used."""

    answer: IssuerAnswer
    at: int
    evidence: Evidence
    used_at: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A span [start, end) in ms that is nobody's fault; *end* is ``None`` while it lasts."""

    code: ExclusionCode
    start: int
    end: int | None
    evidence: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        if self.code not in PAUSES:
            raise malformed(f"{self.code} stops no clock")
        if self.end is not None and self.end < self.start:
            raise malformed("a pause ends after it begins")
        if not self.evidence:
            raise malformed("a pause needs evidence")


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The timeline of one order, the life of its key, what the issuer said, what was handed in.

    ``max_uses`` is the batch's; ``expires_at`` the key's in ms, ``None`` for never.
    """

    paid: Moment | None = None
    submitted: Moment | None = None
    delivered: Moment | None = None
    arrived: Moment | None = None
    key_events: tuple[KeyEvent, ...] = ()
    issuer: tuple[IssuerReport, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    pauses: tuple[Pause, ...] = ()
    max_uses: int = 1
    expires_at: int | None = None

    def events(self, *acts: Act) -> tuple[KeyEvent, ...]:
        """The events of those kinds, oldest first."""
        return tuple(sorted((e for e in self.key_events if e.act in acts), key=lambda e: e.at))

    @property
    def our_sale(self) -> KeyEvent | None:
        """The SELL of this order: the newest one to our use."""
        ours = [event for event in self.events(Act.SELL) if event.whose is Whose.OURS]
        return ours[-1] if ours else None

    @property
    def sold_before(self) -> bool:
        """Whether the key had been sold to another and taken back before our sale."""
        sale = self.our_sale
        return sale is not None and any(e.at < sale.at for e in self.events(Act.REINSTATE))

    @property
    def last_answer(self) -> IssuerReport | None:
        """The newest answer of the issuer."""
        return max(self.issuer, key=lambda report: report.at, default=None)

    def have(self, types: Iterable[EvidenceType]) -> tuple[Evidence, ...] | None:
        """The evidence of all these types, or ``None`` if one is missing."""
        wanted = frozenset(types)
        found = tuple(each for each in self.evidence if each.type in wanted)
        return found if {each.type for each in found} == wanted else None


def running_ms(start: int, end: int, pauses: Iterable[Pause]) -> int:
    """How long a clock ran from *start* to *end*, in ms, with overlapping pauses counted once."""
    stopped, reached = 0, start
    for pause in sorted(pauses, key=lambda each: each.start):
        first = max(pause.start, reached)
        last = min(end if pause.end is None else pause.end, end)
        if last > first:
            stopped, reached = stopped + last - first, last
    return max(end - start - stopped, 0)
