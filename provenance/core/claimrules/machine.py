"""The one table of transitions, and ``advance``, which is the only way a claim changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from provenance.core.claimrules import events as e
from provenance.core.claimrules import handling as h
from provenance.core.claimrules.claim import Claim, due
from provenance.core.claimrules.details import REASONS, claim_details, remedy_details
from provenance.core.claimrules.effects import Effect, RemedyReason, WriteClaim, WriteRemedy
from provenance.core.claimrules.moving import Step
from provenance.core.termsrules.words import RemedyKind
from provenance.core.termsrules.words import State as S
from provenance.errors import Refused


class Move(NamedTuple):
    """What handles an event, and every state it may lead to."""

    handle: Callable[[Any, Any, int], Step]
    to: frozenset[S]


def _to(handle: Callable[[Any, Any, int], Step], *to: S) -> Move:
    return Move(handle, frozenset(to))


_REMEDY: Final = (S.REISSUING, S.RECOVERING, S.PAYING)
_DECIDED: Final = (*_REMEDY, S.REJECTED)

MOVES: Final[Mapping[tuple[S, type[e.Event]], Move]] = {
    (S.OPENED, e.Decided): _to(h.decided, *_DECIDED, S.EVIDENCE, S.REVIEW),
    (S.OPENED, e.EvidenceGiven): _to(h.evidence_given, S.OPENED),
    (S.OPENED, e.Withdrawn): _to(h.withdrawn, S.CLOSED),
    (S.OPENED, e.ClockPaused): _to(h.clock_paused, S.OPENED),
    (S.OPENED, e.DeadlinePassed): _to(h.defaulted, S.REVIEW),
    (S.EVIDENCE, e.EvidenceGiven): _to(h.evidence_given, S.EVIDENCE, S.REVIEW),
    (S.EVIDENCE, e.Withdrawn): _to(h.withdrawn, S.CLOSED),
    (S.EVIDENCE, e.DeadlinePassed): _to(h.defaulted, S.REVIEW, S.REJECTED),
    (S.REVIEW, e.Decided): _to(h.decided, *_DECIDED, S.EVIDENCE, S.REVIEW),
    (S.REVIEW, e.EvidenceAsked): _to(h.evidence_asked, S.EVIDENCE),
    (S.REVIEW, e.EvidenceGiven): _to(h.evidence_given, S.REVIEW),
    (S.REVIEW, e.Approved): _to(h.approved, *_REMEDY, S.SECOND_REVIEW),
    (S.REVIEW, e.Rejected): _to(h.rejected, S.REJECTED),
    (S.REVIEW, e.Withdrawn): _to(h.withdrawn, S.CLOSED),
    (S.REVIEW, e.ClockPaused): _to(h.clock_paused, S.REVIEW),
    (S.REVIEW, e.DeadlinePassed): _to(h.defaulted, S.ESCALATED),
    (S.SECOND_REVIEW, e.EvidenceGiven): _to(h.evidence_given, S.SECOND_REVIEW),
    (S.SECOND_REVIEW, e.Approved): _to(h.approved, *_REMEDY),
    (S.SECOND_REVIEW, e.Rejected): _to(h.rejected, S.REJECTED),
    (S.SECOND_REVIEW, e.Withdrawn): _to(h.withdrawn, S.CLOSED),
    (S.SECOND_REVIEW, e.ClockPaused): _to(h.clock_paused, S.SECOND_REVIEW),
    (S.SECOND_REVIEW, e.DeadlinePassed): _to(h.defaulted, S.ESCALATED),
    (S.ESCALATED, e.EvidenceGiven): _to(h.evidence_given, S.ESCALATED),
    (S.ESCALATED, e.Approved): _to(h.approved, *_REMEDY, S.ESCALATED),
    (S.ESCALATED, e.Rejected): _to(h.rejected, S.REJECTED),
    (S.ESCALATED, e.Withdrawn): _to(h.withdrawn, S.CLOSED),
    (S.ESCALATED, e.DeadlinePassed): _to(h.defaulted, *_REMEDY),
    (S.REISSUING, e.Reissued): _to(h.reissued, S.REMEDIED),
    (S.REISSUING, e.RemedyImpossible): _to(h.impossible, S.RECOVERING, S.PAYING),
    (S.REISSUING, e.DeadlinePassed): _to(h.defaulted, S.RECOVERING, S.PAYING),
    (S.RECOVERING, e.Recovered): _to(h.recovered, S.REMEDIED),
    (S.RECOVERING, e.RemedyImpossible): _to(h.impossible, S.REISSUING, S.PAYING),
    (S.RECOVERING, e.DeadlinePassed): _to(h.defaulted, S.REISSUING, S.PAYING),
    (S.PAYING, e.Paid): _to(h.paid, S.REMEDIED),
    (S.PAYING, e.DeadlinePassed): _to(h.defaulted, S.UNPAID),
    (S.UNPAID, e.Paid): _to(h.paid, S.REMEDIED),
    (S.UNPAID, e.DeadlinePassed): _to(h.defaulted, S.CLOSED),
    (S.REMEDIED, e.Confirmed): _to(h.confirmed, S.CLOSED),
    (S.REMEDIED, e.DeadlinePassed): _to(h.defaulted, S.CLOSED),
    (S.REJECTED, e.Appealed): _to(h.appealed, S.APPEALED),
    (S.REJECTED, e.Withdrawn): _to(h.withdrawn, S.CLOSED),
    (S.REJECTED, e.DeadlinePassed): _to(h.defaulted, S.CLOSED),
    (S.APPEALED, e.EvidenceGiven): _to(h.evidence_given, S.APPEALED),
    (S.APPEALED, e.Approved): _to(h.approved, *_REMEDY, S.APPEALED),
    (S.APPEALED, e.Rejected): _to(h.rejected, S.CLOSED),
    (S.APPEALED, e.Withdrawn): _to(h.withdrawn, S.CLOSED),
    (S.APPEALED, e.DeadlinePassed): _to(h.defaulted, *_REMEDY, S.CLOSED),
}
"""Every lawful transition. A paused claim takes only ``ClockResumed``, ``Withdrawn`` and its deadline."""

_GIVEN_REASONS: Final[Mapping[RemedyKind, RemedyReason]] = {
    RemedyKind.REISSUE: RemedyReason.REISSUED,
    RemedyKind.RECOVERY: RemedyReason.RECOVERED,
    RemedyKind.REFUND: RemedyReason.REFUNDED,
    RemedyKind.VOUCHER: RemedyReason.VOUCHER,
    RemedyKind.MULTIPLE: RemedyReason.MULTIPLE,
}


def advance(claim: Claim, event: e.Event, now: int) -> Step:
    """*claim* after *event* at *now* (ms), and what has to be done, the entry to write first.

    Raises :class:`Refused`: ``time_backwards``, ``deadline_passed`` (let the default happen first),
    ``not_due``, ``clock_paused``, ``not_in_this_state``, ``claim_closed``, ``already_remedied``,
    ``remedy_replaced``, and those of the handlers. Nothing has changed then.
    """
    _check_time(claim, event, now)
    if claim.paused_since is not None and not isinstance(event, e.Withdrawn):
        if not isinstance(event, e.ClockResumed | e.DeadlinePassed):
            raise Refused("the clock of this claim stands still; resume it first", code="clock_paused")
        after, effects = h.clock_resumed(claim, event, now)
    elif isinstance(event, e.ClockResumed):
        raise Refused("the clock is running", code="not_paused")
    else:
        move = MOVES.get((claim.state, type(event)))
        if move is None:
            raise h.no_such_move(claim, event)
        after, effects = move.handle(claim, event, now)
    return after, (_entry(claim, after, event), *effects)


def settle(claim: Claim, now: int) -> Step:
    """Let every default that is due at *now* happen, one after the other; terminates.

    After an outage the deadlines of the states thus entered run from *now*: nobody loses a window
    because a machine slept.
    """
    effects: tuple[Effect, ...] = ()
    while (at := due(claim)) is not None and at <= now:
        claim, more = advance(claim, e.DeadlinePassed(), now)
        effects += more
    return claim, effects


def _check_time(claim: Claim, event: e.Event, now: int) -> None:
    at = due(claim)
    if at is None:
        raise h.no_such_move(claim, event)
    if now < claim.changed_at:
        raise Refused("that is before the last step of this claim", code="time_backwards")
    is_default = isinstance(event, e.DeadlinePassed)
    if is_default and now < at:
        raise Refused("the deadline has not passed yet", code="not_due", due=at)
    if not is_default and now >= at:
        raise Refused(
            "the deadline has passed; its default outcome comes first", code="deadline_passed", due=at
        )


def _entry(before: Claim, after: Claim, event: e.Event) -> Effect:
    reason = REASONS.get(type(event))
    if reason is not None:
        return WriteClaim(reason, claim_details(before, after, event))
    if after.given is None:
        return WriteRemedy(RemedyReason.NOT_POSSIBLE, remedy_details(after, event))
    return WriteRemedy(_GIVEN_REASONS[after.given.kind], remedy_details(after, event))
