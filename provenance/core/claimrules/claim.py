"""A claim as a value: whose, for what, where it stands, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provenance.core.claimrules.deciding import Rejection
from provenance.core.claimrules.facts import Evidence, malformed
from provenance.core.money import Money
from provenance.core.termsrules.values import CauseTerms, Remedy, Terms
from provenance.core.termsrules.words import Cause, EvidenceType, Liability, RemedyKind, State


class Origin(StrEnum):
    """Who noticed: the system, or the buyer."""

    DETECTED = "detected"
    FILED = "filed"


class Outcome(StrEnum):
    """How a closed claim ended."""

    REISSUED = "reissued"
    RECOVERED = "recovered"
    REFUNDED = "refunded"
    VOUCHER = "voucher"
    COMPENSATED = "compensated"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    DEBT = "debt"


OUTCOMES: Final = {
    RemedyKind.REISSUE: Outcome.REISSUED,
    RemedyKind.RECOVERY: Outcome.RECOVERED,
    RemedyKind.REFUND: Outcome.REFUNDED,
    RemedyKind.VOUCHER: Outcome.VOUCHER,
    RemedyKind.MULTIPLE: Outcome.COMPENSATED,
}


class Breach(StrEnum):
    """A promise of the clocks that was not kept; the public report counts them."""

    RESPONSE = "response"
    DECISION = "decision"
    REMEDY = "remedy"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True)
class ClaimedOrder:
    """What a claim needs of its order: ids of 32 bytes, addresses of 20, times in ms.

    ``buyer`` is the pseudonym of the sale, ``terms_hash`` what the sale pinned, ``sell_index`` the log
    index of the SELL.
    """

    order_id: bytes
    platform: bytes
    supplier: bytes
    buyer: bytes
    sell_index: int
    price: Money
    terms_hash: bytes
    delivered_at: int | None = None

    def __post_init__(self) -> None:
        addresses = (self.platform, self.supplier, self.buyer)
        if len(self.order_id) != 32 or len(self.terms_hash) != 32 or any(len(a) != 20 for a in addresses):
            raise malformed("an order has an id and a terms hash of 32 bytes, parties of 20")
        if not 0 <= self.sell_index < 1 << 64:
            raise malformed("the log index of the SELL is a uint64")


@dataclass(frozen=True, slots=True)
class Given:
    """The one remedy of a claim: *paid* in money, *voucher* face, *goods* at the order's price."""

    kind: RemedyKind
    paid: Money
    voucher: Money
    goods: Money
    at: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim at one moment. Made by ``open_claim``, changed only by ``advance``.

    ``clock_from`` is when the clock of this state began, ``decide_from`` that of the decision,
    ``remedy_from`` that of the remedy; pauses shift the first two, as no remedy is paused. ``rungs`` is
    what is left of the ladder.
    """

    claim_id: bytes
    order: ClaimedOrder
    terms: Terms
    causes: tuple[Cause, ...]
    origin: Origin
    opened_at: int
    state: State
    changed_at: int
    clock_from: int
    decide_from: int
    remedy_from: int
    evidence: tuple[Evidence, ...] = ()
    asked: tuple[EvidenceType, ...] = ()
    request: Evidence | None = None
    approvals: tuple[str, ...] = ()
    deciders: tuple[str, ...] = ()
    liability: Liability | None = None
    rejection: Rejection | None = None
    rungs: tuple[Remedy, ...] = ()
    given: Given | None = None
    was_appealed: bool = False
    paused_since: int | None = None
    paused_ms: int = 0
    breaches: tuple[Breach, ...] = ()
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        if len(self.claim_id) != 32:
            raise malformed("a claim id has 32 bytes")
        if not self.causes or any(self.terms.cause(cause) is None for cause in self.causes):
            raise malformed("a claim names causes that its terms cover")
        if (self.outcome is not None) != (self.state is State.CLOSED):
            raise malformed("a closed claim has an outcome, no other has one")

    @property
    def rule(self) -> CauseTerms:
        """What the terms say of the first cause, by which the claim is decided."""
        rule = self.terms.cause(self.causes[0])
        if rule is None:
            raise malformed("the terms do not cover the cause")
        return rule

    @property
    def value(self) -> Money:
        """The most that the claim can give, by which the limits of the terms are applied."""
        values = [remedy.value(self.order.price) for remedy in self.rule.remedies]
        return max(values, key=lambda value: value.minor)

    @property
    def needs_two(self) -> bool:
        """Whether two reviewers have to agree."""
        return self.value > self.terms.limits.two_person_over

    @property
    def owed(self) -> Money:
        """What the current rung pays; a voucher at its face."""
        rung = self.rungs[0]
        currency = self.order.price.currency
        is_voucher = rung.kind is RemedyKind.VOUCHER
        return rung.voucher(currency) if is_voucher else rung.payment(self.order.price)


def due(claim: Claim) -> int | None:
    """The first ms at which ``DeadlinePassed`` happens to *claim*; ``None`` only once it is closed.

    An act at the deadline itself is still in time: 2:00:00.000 decides, at 2:00:00.001 the default does.
    """
    if claim.state is State.CLOSED:
        return None
    if claim.paused_since is not None:
        return claim.paused_since + claim.terms.clocks.pause_s * 1_000 - claim.paused_ms + 1
    return _deadline(claim) + 1


def _deadline(claim: Claim) -> int:
    state, terms = claim.state, claim.terms
    within = terms.deadline(state).within_s * 1_000
    if state in (State.REVIEW, State.SECOND_REVIEW):
        return claim.decide_from + within
    if state is State.ESCALATED:
        decision = terms.deadline(State.SECOND_REVIEW).within_s * 1_000
        return claim.decide_from + decision + within
    if state is State.REISSUING:
        own = claim.rule.reissue_s
        return claim.remedy_from + (within if own is None else own * 1_000)
    if state is State.PAYING:
        # A payment ordered late keeps its own time: the bond must not be drawn beside it.
        return max(claim.remedy_from + terms.clocks.remedy_s * 1_000, claim.clock_from + within)
    return claim.clock_from + within
