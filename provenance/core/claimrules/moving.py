"""Entering a state, giving a remedy, closing: the few steps that all transitions are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

from provenance.core import money
from provenance.core.claimrules.claim import OUTCOMES, Breach, Claim, Given, Outcome
from provenance.core.claimrules.effects import (
    BlockKey,
    DrawBond,
    Effect,
    IssueVoucher,
    Notice,
    Notify,
    OpenRecourse,
    PayRefund,
    Reissue,
    ReleaseEscrow,
    StartRecovery,
    StopReissue,
    Who,
)
from provenance.core.termsrules.values import Remedy
from provenance.core.termsrules.words import PAYMENTS, Liability, RemedyKind, State, Tier
from provenance.errors import Refused

Step: TypeAlias = tuple[Claim, tuple[Effect, ...]]


def enter(claim: Claim, state: State, now: int, **changes: Any) -> Claim:
    """*claim* in *state* since *now*, its clock begun anew."""
    changed: Claim = replace(claim, state=state, changed_at=now, clock_from=now, **changes)
    return changed


def breached(claim: Claim, breach: Breach) -> Claim:
    """The same with a broken promise on record."""
    return replace(claim, breaches=(*claim.breaches, breach))


def grant(claim: Claim, now: int, rungs: tuple[Remedy, ...], remedy_from: int) -> Step:
    """The claim is approved: begin the first rung, whose promised time runs from *remedy_from*."""
    if claim.given is not None:
        raise Refused("this claim has had its remedy", code="already_remedied")
    approved = replace(claim, rungs=rungs, remedy_from=remedy_from, rejection=None)
    begun, effects = _begin(approved, now)
    return begun, (Notify(Who.BUYER, Notice.APPROVED), Notify(Who.PLATFORM, Notice.APPROVED), *effects)


def next_rung(claim: Claim, now: int) -> Step:
    """The current rung cannot be given: begin the next. The last rung is a payment, so there is one."""
    stopped: tuple[Effect, ...] = (StopReissue(),) if claim.state is State.REISSUING else ()
    # A recovery may take days; what follows it is promised from its end.
    since = now if claim.state is State.RECOVERING else claim.remedy_from
    begun, effects = _begin(replace(claim, rungs=claim.rungs[1:], remedy_from=since), now)
    return begun, (*stopped, *effects)


def give(claim: Claim, now: int) -> Step:
    """The current rung was given: the one remedy of this claim."""
    if claim.given is not None:
        raise Refused("this claim has had its remedy", code="already_remedied")
    rung, price = claim.rungs[0], claim.order.price
    nothing = money.zero(price.currency)
    # A voucher drawn from the bond was paid in money.
    in_money = rung.kind in PAYMENTS and (rung.kind is not RemedyKind.VOUCHER or claim.state is State.UNPAID)
    given = Given(
        kind=rung.kind,
        paid=claim.owed if in_money else nothing,
        voucher=nothing if rung.kind is RemedyKind.VOUCHER and in_money else rung.voucher(price.currency),
        goods=price if rung.kind is RemedyKind.REISSUE else nothing,
        at=now,
    )
    remedied = enter(claim, State.REMEDIED, now, given=given)
    return remedied, (*_beside(remedied, given), Notify(Who.BUYER, Notice.REMEDIED))


def close(claim: Claim, now: int, outcome: Outcome | None = None) -> Step:
    """The claim ends; with the outcome of its remedy if none is named."""
    ended = outcome
    if ended is None:
        ended = OUTCOMES[claim.given.kind] if claim.given else Outcome.REJECTED
    closed = enter(claim, State.CLOSED, now, outcome=ended, paused_since=None)
    freed = (ReleaseEscrow(),) if claim.terms.tier is Tier.ESCROW else ()
    return closed, (*freed, Notify(Who.BUYER, Notice.CLOSED))


def _begin(claim: Claim, now: int) -> Step:
    kind = claim.rungs[0].kind
    # Once a claim: a refund that takes the place of a reissue finds the key blocked already.
    blocked = () if claim.state is State.REISSUING else (BlockKey(),)
    if kind is RemedyKind.REISSUE:
        return enter(claim, State.REISSUING, now), (*blocked, Reissue())
    if kind is RemedyKind.RECOVERY:
        return enter(claim, State.RECOVERING, now), (StartRecovery(),)
    pay = IssueVoucher(claim.owed) if kind is RemedyKind.VOUCHER else PayRefund(claim.owed)
    return enter(claim, State.PAYING, now), (*blocked, pay)


def draw(claim: Claim, now: int) -> Step:
    """The platform did not pay in time: its bond does."""
    overdue = Notify(Who.OPERATOR, Notice.PAYMENT_OVERDUE)
    unpaid = enter(breached(claim, Breach.REMEDY), State.UNPAID, now)
    return unpaid, (DrawBond(claim.owed), overdue)


def _beside(claim: Claim, given: Given) -> tuple[Effect, ...]:
    """What goes with a remedy: the voucher on top, and the supplier's recourse in parallel."""
    on_top = given.voucher.minor > 0 and given.kind is not RemedyKind.VOUCHER
    effects: tuple[Effect, ...] = (IssueVoucher(given.voucher),) if on_top else ()
    amount = given.paid + given.goods + given.voucher
    if claim.liability is Liability.SUPPLIER and amount.minor:
        effects += (OpenRecourse(amount, claim.liability), Notify(Who.SUPPLIER, Notice.REMEDIED))
    return effects
