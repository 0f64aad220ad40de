"""How a claim begins, and why it may not: each refusal has its own code, and nothing has happened then."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.core.claimrules.claim import Claim, ClaimedOrder, Origin, Outcome
from provenance.core.claimrules.details import opening_details
from provenance.core.claimrules.effects import (
    ClaimReason,
    Decide,
    Effect,
    FreezeEscrow,
    Notice,
    Notify,
    Who,
    WriteClaim,
)
from provenance.core.claimrules.facts import Evidence
from provenance.core.claimrules.judging import check_evidence
from provenance.core.claimrules.moving import Step
from provenance.core.termsrules.values import Terms
from provenance.core.termsrules.words import Cause, State, Tier
from provenance.core.termsrules.writing import terms_hash
from provenance.errors import Refused


@dataclass(frozen=True, slots=True)
class PriorClaim:
    """An earlier claim on the same order; ``outcome`` is ``None`` while it is open."""

    claim_id: bytes
    causes: tuple[Cause, ...]
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class NewClaim:
    """What is asked for. ``claimant`` is the pseudonym that was shown, ``None`` if the system noticed."""

    claim_id: bytes
    order: ClaimedOrder
    terms: Terms
    causes: tuple[Cause, ...]
    claimant: bytes | None = None
    evidence: tuple[Evidence, ...] = ()
    used_elsewhere: frozenset[bytes] = frozenset()

    @property
    def origin(self) -> Origin:
        """Who noticed."""
        return Origin.DETECTED if self.claimant is None else Origin.FILED


def open_claim(new: NewClaim, earlier: tuple[PriorClaim, ...], now: int) -> Step:
    """A new claim at *now* (ms), and what has to be done.

    *earlier* are all claims on the order. Raises :class:`Refused`: ``not_your_order``,
    ``terms_not_pinned``, ``cause_not_covered``, ``already_remedied``, ``fault_already_claimed``,
    ``claim_already_open``, ``claim_after_window``, ``evidence_already_used``, ``evidence_repeated``.
    """
    _check_order(new)
    _check_causes(new, now)
    _check_earlier(new, earlier)
    evidence = check_evidence((), new.evidence, new.used_elsewhere)
    claim = Claim(
        claim_id=new.claim_id,
        order=new.order,
        terms=new.terms,
        causes=new.causes,
        origin=new.origin,
        opened_at=now,
        state=State.OPENED,
        changed_at=now,
        clock_from=now,
        decide_from=now,
        remedy_from=now,
        evidence=evidence,
    )
    first = WriteClaim(
        ClaimReason.DETECTED if new.claimant is None else ClaimReason.FILED, opening_details(claim)
    )
    frozen: tuple[Effect, ...] = (FreezeEscrow(),) if new.terms.tier is Tier.ESCROW else ()
    told = tuple(Notify(who, Notice.CLAIM_OPENED) for who in (Who.BUYER, Who.PLATFORM, Who.SUPPLIER))
    return claim, (first, *frozen, *told, Decide())


def _check_order(new: NewClaim) -> None:
    if new.claimant is not None and new.claimant != new.order.buyer:
        raise Refused("only the buyer of an order claims for it; show its use", code="not_your_order")
    if terms_hash(new.terms) != new.order.terms_hash:
        raise Refused("an order is judged by the terms that it pinned at the sale", code="terms_not_pinned")


def _check_causes(new: NewClaim, now: int) -> None:
    if not new.causes or len(set(new.causes)) != len(new.causes):
        raise Refused("a claim names its causes, each once", code="cause_not_covered")
    for cause in new.causes:
        rule = new.terms.cause(cause)
        if rule is None:
            clause = new.terms.cover.clause.number
            raise Refused(f"the terms do not cover {cause}", code="cause_not_covered", clause=clause)
        delivered, window = new.order.delivered_at, rule.window_s * 1_000
        # Half open: with 30 days, 29 d 23:59:59.999 is in time and 30 d 0:00:00 is not.
        if delivered is not None and now >= delivered + window:
            raise Refused(
                "the window for this cause has ended",
                code="claim_after_window",
                clause=rule.clause.number,
                ended=delivered + window,
            )


def _check_earlier(new: NewClaim, earlier: tuple[PriorClaim, ...]) -> None:
    for claim in earlier:
        if claim.outcome is Outcome.WITHDRAWN:
            continue
        facts = {"claim": claim.claim_id.hex()}
        if claim.outcome not in (None, Outcome.REJECTED):
            raise Refused("this order has had its remedy", code="already_remedied", **facts)
        if set(claim.causes) & set(new.causes):
            raise Refused("this fault has been claimed before", code="fault_already_claimed", **facts)
        if claim.outcome is None:
            # One claim at a time: so no order can be remedied twice, whatever the two would have found.
            raise Refused("another claim on this order is open", code="claim_already_open", **facts)
