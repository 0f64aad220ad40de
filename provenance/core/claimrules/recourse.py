"""The supplier's recourse: what a remedy cost is asked back from whoever was liable, beside the claim.

It never delays the buyer: it begins when he already has his remedy. Like a claim, it has a deadline and
a default outcome in every state, and always ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from provenance.core.claimrules.events import Reviewer
from provenance.core.claimrules.facts import Evidence, malformed
from provenance.core.money import Money
from provenance.errors import Refused

_DAY_MS: Final = 86_400_000


class RecourseState(StrEnum):
    """Where a recourse stands."""

    ASKED = "asked"
    DISPUTED = "disputed"
    CHARGED = "charged"
    SETTLED = "settled"
    WAIVED = "waived"
    DEBT = "debt"


WITHIN_MS: Final[Mapping[RecourseState, int]] = {
    RecourseState.ASKED: 3 * _DAY_MS,
    RecourseState.DISPUTED: 7 * _DAY_MS,
    RecourseState.CHARGED: 30 * _DAY_MS,
}
DEFAULTS: Final[Mapping[RecourseState, RecourseState]] = {
    RecourseState.ASKED: RecourseState.CHARGED,
    RecourseState.DISPUTED: RecourseState.WAIVED,
    RecourseState.CHARGED: RecourseState.DEBT,
}
"""Silence of the supplier is consent; silence of those who should rule is theirs to pay."""


@dataclass(frozen=True, slots=True)
class Recourse:
    """What *supplier* (address, 20 bytes) owes *platform* for the remedy of *claim_id* (32 bytes)."""

    claim_id: bytes
    supplier: bytes
    platform: bytes
    amount: Money
    state: RecourseState
    since: int
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        if len(self.claim_id) != 32 or len(self.supplier) != 20 or len(self.platform) != 20:
            raise malformed("a recourse names a claim and two parties")


def open_recourse(claim_id: bytes, supplier: bytes, platform: bytes, amount: Money, now: int) -> Recourse:
    """A recourse that begins at *now* (ms)."""
    return Recourse(claim_id, supplier, platform, amount, RecourseState.ASKED, now)


def recourse_due(recourse: Recourse) -> int | None:
    """The first ms at which the default happens; ``None`` once it has ended."""
    within = WITHIN_MS.get(recourse.state)
    return None if within is None else recourse.since + within + 1


def accept(recourse: Recourse, now: int) -> Recourse:
    """The supplier agrees."""
    return _move(recourse, RecourseState.ASKED, RecourseState.CHARGED, now)


def dispute(recourse: Recourse, evidence: tuple[Evidence, ...], now: int) -> Recourse:
    """The supplier disagrees, with evidence (``recourse_without_evidence``)."""
    if not evidence:
        raise Refused("a dispute shows its evidence", code="recourse_without_evidence")
    moved = _move(recourse, RecourseState.ASKED, RecourseState.DISPUTED, now)
    return replace(moved, evidence=evidence)


def rule(recourse: Recourse, reviewer: Reviewer, for_supplier: bool, now: int) -> Recourse:
    """A reviewer who belongs to neither side rules (``reviewer_conflict``)."""
    if reviewer.parties & {recourse.supplier, recourse.platform}:
        raise Refused("this reviewer belongs to a party of the recourse", code="reviewer_conflict")
    to = RecourseState.WAIVED if for_supplier else RecourseState.CHARGED
    return _move(recourse, RecourseState.DISPUTED, to, now)


def settled(recourse: Recourse, amount: Money, now: int) -> Recourse:
    """The supplier paid, exactly what is asked (``payment_mismatch``)."""
    if amount != recourse.amount:
        raise Refused(f"asked are {recourse.amount} {recourse.amount.currency}", code="payment_mismatch")
    return _move(recourse, RecourseState.CHARGED, RecourseState.SETTLED, now)


def settle_recourse(recourse: Recourse, now: int) -> Recourse:
    """Let every default that is due at *now* happen."""
    while (at := recourse_due(recourse)) is not None and at <= now:
        recourse = replace(recourse, state=DEFAULTS[recourse.state], since=now)
    return recourse


def _move(recourse: Recourse, state: RecourseState, to: RecourseState, now: int) -> Recourse:
    at = recourse_due(recourse)
    if recourse.state is not state:
        raise Refused(f"a recourse that is {recourse.state} does not take that", code="not_in_this_state")
    if at is not None and now >= at:
        raise Refused("the deadline has passed; its default outcome comes first", code="deadline_passed")
    return replace(recourse, state=to, since=now)
