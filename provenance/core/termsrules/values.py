"""Warranty terms as values that are checked at birth: what exists contradicts itself nowhere.

All spans are whole seconds (``_s``), all amounts decimal strings of the terms' one currency.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provenance.core import money
from provenance.core.money import Money
from provenance.core.termsrules.checking import check_span, check_unique, refused
from provenance.core.termsrules.checks import check_whole
from provenance.core.termsrules.words import (
    DEFAULTS,
    GRADED_ONLY,
    LEAST_EVIDENCE,
    PAUSES,
    PAYMENTS,
    TIMED,
    Cause,
    Default,
    EvidenceType,
    ExclusionCode,
    RemedyKind,
    State,
    Tier,
)

MAX_TEXT: Final = 2_000
MAX_PERCENT: Final = 1_000
"""A multiple pays at most ten times the price: more is a bet, not a warranty."""

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_CLAUSE: Final = re.compile(r"[1-9][0-9]{0,2}(?:\.[1-9][0-9]{0,2}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Text:
    """One clause for people, in Chinese and in English; neither empty (``terms_text``)."""

    zh: str
    en: str

    def __post_init__(self) -> None:
        for text in (self.zh, self.en):
            if not 0 < len(text.strip()) <= MAX_TEXT:
                raise refused("terms_text", f"every text is in zh-CN and en, 1 to {MAX_TEXT} characters")


@dataclass(frozen=True, slots=True)
class Clause:
    """A numbered place in the terms that a decision can cite (``terms_clause``)."""

    number: str
    text: Text

    def __post_init__(self) -> None:
        if not _CLAUSE.fullmatch(self.number):
            raise refused("terms_clause", "a clause is numbered like 3 or 3.1, without leading zeros")


@dataclass(frozen=True, slots=True)
class Remedy:
    """One rung of a ladder: what is given if the rungs before it failed.

    ``percent`` of the price is paid by ``refund`` (1–100) and ``multiple`` (101–1000); ``amount`` is the face
    of a ``voucher``, or a voucher on top of any other kind. Raises ``terms_remedy``.
    """

    kind: RemedyKind
    percent: int | None = None
    amount: Money | None = None

    def __post_init__(self) -> None:
        span = {RemedyKind.REFUND: (1, 100), RemedyKind.MULTIPLE: (101, MAX_PERCENT)}.get(self.kind)
        if span is None and self.percent is not None:
            raise refused("terms_remedy", f"{self.kind} has no percentage")
        if span is not None and (self.percent is None or not span[0] <= self.percent <= span[1]):
            raise refused("terms_remedy", f"{self.kind} pays {span[0]} to {span[1]} percent of the price")
        if self.kind is RemedyKind.VOUCHER and (self.amount is None or self.amount.minor == 0):
            raise refused("terms_remedy", "a voucher names an amount above zero")

    def payment(self, price: Money) -> Money:
        """The money this rung pays for an order of *price*; zero for what is not paid in money."""
        return price.percent(self.percent or 0)

    def voucher(self, currency: str) -> Money:
        """The voucher this rung gives, zero where none."""
        return self.amount or money.zero(currency)

    def value(self, price: Money) -> Money:
        """What the buyer gets in all, for the limits: goods at the price, money, vouchers."""
        goods = (
            price if self.kind in (RemedyKind.REISSUE, RemedyKind.RECOVERY) else money.zero(price.currency)
        )
        return goods + self.payment(price) + self.voucher(price.currency)


@dataclass(frozen=True, slots=True)
class Cover:
    """How long the warranty lasts: ``seconds`` from delivery, the last millisecond excluded."""

    clause: Clause
    seconds: int

    def __post_init__(self) -> None:
        check_span("cover.seconds", self.seconds, least=1)


@dataclass(frozen=True, slots=True)
class CauseTerms:
    """One covered cause: its clock, its window, what must be shown, and the ladder of remedies.

    ``threshold_s`` only for timed causes; ``window_s`` from delivery; ``reissue_s`` only where the
    general time to reissue does not hold.
    """

    cause: Cause
    clause: Clause
    window_s: int
    remedies: tuple[Remedy, ...]
    evidence: tuple[EvidenceType, ...] = ()
    threshold_s: int | None = None
    reissue_s: int | None = None

    def __post_init__(self) -> None:
        if (self.threshold_s is not None) != (self.cause in TIMED):
            raise refused("terms_threshold", f"{self.cause}: only {sorted(TIMED)} have a threshold")
        check_span(f"{self.cause}.window_s", self.window_s, least=1)
        for name, span in (("threshold_s", self.threshold_s), ("reissue_s", self.reissue_s)):
            if span is not None:
                check_span(f"{self.cause}.{name}", span, least=1)
        check_unique(f"the evidence of {self.cause}", self.evidence)
        if not self.remedies or self.remedies[-1].kind not in PAYMENTS:
            raise refused("terms_remedy", f"{self.cause}: the last remedy is a payment, which cannot run out")
        kinds = [remedy.kind for remedy in self.remedies]
        check_unique(f"the remedies of {self.cause}", kinds)
        if sum(kind in PAYMENTS for kind in kinds) > 1:
            raise refused("terms_remedy", f"{self.cause}: a payment ends the ladder; only the last is one")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A reason to refuse, or to stop a clock, for the causes named, if *all* the evidence is there."""

    code: ExclusionCode
    clause: Clause
    causes: tuple[Cause, ...]
    evidence: tuple[EvidenceType, ...]

    def __post_init__(self) -> None:
        check_unique(f"the evidence of {self.code}", self.evidence)
        check_unique(f"the causes of {self.code}", self.causes)
        if not self.causes:
            raise refused("terms_exclusion", f"{self.code} names the causes that it excludes")
        if not LEAST_EVIDENCE[self.code] <= set(self.evidence):
            least = ", ".join(sorted(LEAST_EVIDENCE[self.code]))
            raise refused("terms_exclusion_evidence", f"{self.code} needs at least this evidence: {least}")

    @property
    def pauses(self) -> bool:
        """Whether it stops a clock instead of refusing."""
        return self.code in PAUSES


@dataclass(frozen=True, slots=True)
class Deadline:
    """The most a claim stays in one state, and what then happens by itself."""

    state: State
    within_s: int
    default: Default

    def __post_init__(self) -> None:
        check_span(f"deadlines.{self.state}", self.within_s, least=0)
        if self.default not in DEFAULTS.get(self.state, frozenset()):
            raise refused("terms_default", f"{self.default} is no default outcome of {self.state}")


@dataclass(frozen=True, slots=True)
class Clocks:
    """``remedy_s`` from detection to the remedy; ``pause_s`` the most that a clock may stand still."""

    clause: Clause
    remedy_s: int
    pause_s: int
    deadlines: tuple[Deadline, ...]

    def __post_init__(self) -> None:
        check_span("clocks.remedy_s", self.remedy_s, least=1)
        check_span("clocks.pause_s", self.pause_s, least=0)
        if tuple(each.state for each in self.deadlines) != tuple(DEFAULTS):
            raise refused(
                "terms_deadlines", f"every state has one deadline and default: {', '.join(DEFAULTS)}"
            )


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to what value a claim is decided without a person, and above which it takes two."""

    clause: Clause
    automatic_up_to: Money
    two_person_over: Money

    def __post_init__(self) -> None:
        if self.automatic_up_to > self.two_person_over:
            raise refused(
                "terms_limits", "what takes two people is not decided automatically; lower automatic_up_to"
            )


@dataclass(frozen=True, slots=True)
class Terms:
    """Published warranty terms. An order pins them by hash; nobody can change them after the sale.

    Raises :class:`InputRefused` with a code that begins with ``terms_``; the checks that span several
    parts stand in :mod:`provenance.core.termsrules.checks`.
    """

    id: str
    version: int
    tier: Tier
    currency: str
    title: Text
    cover: Cover
    clocks: Clocks
    limits: Limits
    causes: tuple[CauseTerms, ...]
    exclusions: tuple[Exclusion, ...]

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise refused("terms_id", "an id is [a-z0-9][a-z0-9-]{0,63}")
        if not 1 <= self.version < 1 << 32:
            raise refused("terms_id", "versions count from 1")
        if self.tier is not Tier.GRADED and any(each.cause in GRADED_ONLY for each in self.causes):
            raise refused("terms_tier", f"{sorted(GRADED_ONLY)} are covered in the graded tier only")
        check_whole(self)

    def cause(self, cause: Cause) -> CauseTerms | None:
        """What these terms say of *cause*, if anything."""
        return next((each for each in self.causes if each.cause is cause), None)

    def exclusion(self, code: str) -> Exclusion | None:
        """The exclusion of that code, if these terms have it."""
        return next((each for each in self.exclusions if each.code == code), None)

    def deadline(self, state: State) -> Deadline:
        """Deadline and default of *state*; ``closed`` has none (``KeyError``)."""
        found = {each.state: each for each in self.clocks.deadlines}
        return found[state]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Every clause that a decision can cite."""
        general = (self.cover.clause, self.clocks.clause, self.limits.clause)
        causes = (each.clause for each in self.causes)
        return (*general, *causes, *(each.clause for each in self.exclusions))
