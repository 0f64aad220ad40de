"""Orders, evidence and claims to try the warranty with; times are ms after an arbitrary beginning."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import count
from typing import Any

from provenance.core import money, terms
from provenance.core.claims import Act as A
from provenance.core.claims import (
    Claim,
    ClaimedOrder,
    DeadlinePassed,
    Decided,
    Effect,
    Event,
    Evidence,
    IssuerAnswer,
    IssuerReport,
    KeyEvent,
    Moment,
    NewClaim,
    OrderFacts,
    Reviewer,
    advance,
    decide,
    open_claim,
    settle,
)
from provenance.core.claims import Whose as W
from provenance.core.terms import Cause, EvidenceType, Source, Terms, Tier

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
START = 1_800_000_000_000
PLATFORM, SUPPLIER, BUYER, STRANGER = (bytes([n]) * 20 for n in (1, 2, 3, 4))
ANNA, BEN, CARL = (Reviewer(name) for name in ("anna", "ben", "carl"))
SELF, ESCROW, GRADED = (terms.default_terms(tier) for tier in Tier)

_numbers = count()


def digest(name: object = None) -> bytes:
    return hashlib.sha256(f"{name or next(_numbers)}".encode()).digest()


def evidence(
    kind: EvidenceType | str = EvidenceType.LOG_ENTRY, source: Source = Source.LOG, at: int = START
) -> Evidence:
    return Evidence(EvidenceType(kind), digest(), source, at)


def moment(after: int, source: Source = Source.LOG) -> Moment:
    return Moment(START + after, evidence(source=source, at=START + after))


def key_event(act: A, after: int, whose: W = W.OURS) -> KeyEvent:
    return KeyEvent(act, START + after, whose, evidence(at=START + after))


def answer(what: IssuerAnswer, after: int, used: int | None = None) -> IssuerReport:
    shown = evidence("issuer_answer", Source.ISSUER, START + after)
    return IssuerReport(what, START + after, shown, None if used is None else START + used)


def facts(**known: Any) -> OrderFacts:
    """An order paid at the start, sold and delivered within a minute, unless told otherwise."""
    usual: dict[str, Any] = {
        "paid": moment(0),
        "delivered": moment(MINUTE),
        "key_events": (key_event(A.SELL, 30 * SECOND),),
    }
    merged = {**usual, **known}
    shown = (*merged.get("evidence", ()), *(report.evidence for report in merged.get("issuer", ())))
    return OrderFacts(**{**merged, "evidence": shown})


def order(of: Terms = SELF, price: str = "100.00", delivered: int | None = MINUTE) -> ClaimedOrder:
    return ClaimedOrder(
        order_id=digest("order"),
        platform=PLATFORM,
        supplier=SUPPLIER,
        buyer=BUYER,
        sell_index=7,
        price=money.parse(price, "CNY"),
        terms_hash=terms.terms_hash(of),
        delivered_at=None if delivered is None else START + delivered,
    )


def new(
    cause: Cause = Cause.USED_BEFORE_DELIVERY,
    of: Terms = SELF,
    price: str = "100.00",
    delivered: int | None = MINUTE,
    **more: Any,
) -> NewClaim:
    return NewClaim(digest(), order(of, price, delivered), of, (cause,), **more)


def opened(cause: Cause = Cause.USED_BEFORE_DELIVERY, after: int = HOUR, **more: Any) -> Claim:
    return open_claim(new(cause, **more), (), START + after)[0]


def decided(claim: Claim, known: OrderFacts, now: int) -> tuple[Claim, tuple[Effect, ...]]:
    """The claim after its automatic decision on these facts."""
    decision = decide(known, claim.terms, claim.causes[0], now)
    return advance(claim, Decided(decision, evidence(at=now)), now)


def in_review(cause: Cause = Cause.USED_BEFORE_DELIVERY, **more: Any) -> Claim:
    """A claim whose first response did not come: a person has it, since one minute and 1 ms."""
    claim = opened(cause, **more)
    return settle(claim, claim.opened_at + MINUTE + 1)[0]


def used_before() -> OrderFacts:
    return facts(key_events=(key_event(A.SELL, 30 * SECOND), key_event(A.REDEEM, 10, W.NOBODY)))


def after(claim: Claim, *happened: tuple[Event, int]) -> Claim:
    for event, now in happened:
        claim = advance(claim, event, now)[0]
    return claim


def late(claim: Claim, now: int) -> Claim:
    return advance(claim, DeadlinePassed(), now)[0]


def with_deadline(of: Terms, state: str, **changed: Any) -> Terms:
    """The same terms with another deadline or default in one state."""
    table = tuple(replace(each, **changed) if each.state == state else each for each in of.clocks.deadlines)
    return replace(of, clocks=replace(of.clocks, deadlines=table))
