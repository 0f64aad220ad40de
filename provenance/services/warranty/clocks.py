"""The clocks of an order that run before anything is wrong: promises neither kept nor broken yet."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.core import claims as rules
from provenance.core.claims import OrderFacts
from provenance.core.terms import Cause, Terms


@dataclass(frozen=True, slots=True)
class Clock:
    """A promise whose time runs: when it began, when it is broken, and how much of it is left (all ms)."""

    cause: Cause
    since: int
    until: int
    left: int


def clocks(known: OrderFacts, terms: Terms, now: int) -> tuple[Clock, ...]:
    """The clocks of the order that run at *now* (ms): promises that are neither kept nor broken yet."""
    spans = (
        (Cause.LATE_DELIVERY, known.paid, known.delivered),
        (Cause.CARRIER_DELAY, known.submitted, known.arrived),
    )
    running = []
    for cause, start, end in spans:
        rule = terms.cause(cause)
        if rule is None or rule.threshold_s is None or start is None or end is not None:
            continue
        left = rule.threshold_s * 1_000 - rules.elapsed_ms(known, terms, cause, start.at, now)
        if left >= 0:
            running.append(Clock(cause, start.at, now + left, left))
    return tuple(running)
