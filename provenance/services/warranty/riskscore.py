"""A risk score that explains itself: a sum of weighted facts, each of which can be read and disputed.

It warns; it decides nothing and refuses nobody. The weights are data (``risk_weights.json``), fitted by
``python -m bench.risk --fit`` on labelled orders; the service only adds them up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final


class Level(StrEnum):
    """What the score comes to, for people."""

    LOW = "low"
    RAISED = "raised"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What was known of an order when it was scored; counts are of the 30 days before unless said.

    ``faults`` are claims in which that party was liable. ``burst`` is the sales of the platform in the
    last minute. ``scans`` are alarms of the last 24 hours that named the key's batch. ``hours_left`` is
    the time to the key's expiry, ``None`` for never. ``rejected`` are rejected claims under the same
    order token.
    """

    supplier_orders: int = 0
    supplier_faults: int = 0
    platform_orders: int = 0
    platform_faults: int = 0
    burst: int = 0
    per_minute: float = 0.0
    scans: int = 0
    is_suspect: bool = False
    sold_before: bool = False
    hours_left: float | None = None
    contradicted: bool = False
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact's part of a score, in log odds; ``value`` is the feature that it was reckoned from."""

    code: str
    value: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100 of the probability that a fault follows, and why, the weightiest reason first."""

    points: int
    level: Level
    reasons: tuple[Reason, ...]


def _rate(faults: int, orders: int) -> float:
    # As if two faults in a hundred orders had been seen before: a newcomer is neither good nor bad.
    return math.log((faults + 2) / (orders + 100) / 0.02)


FEATURES: Final[Mapping[str, Callable[[RiskFacts], float]]] = MappingProxyType(
    {
        "supplier_history": lambda facts: _rate(facts.supplier_faults, facts.supplier_orders),
        "platform_history": lambda facts: _rate(facts.platform_faults, facts.platform_orders),
        "velocity": lambda facts: math.log1p(max(0.0, facts.burst - 5 * facts.per_minute)),
        "neighbour_scan": lambda facts: math.log1p(facts.scans),
        "suspect_key": lambda facts: float(facts.is_suspect),
        "sold_before": lambda facts: float(facts.sold_before),
        "near_expiry": lambda facts: 0.0 if facts.hours_left is None else max(0.0, 1 - facts.hours_left / 72),
        "issuer_contradicts": lambda facts: float(facts.contradicted),
        "claims_rejected": lambda facts: math.log1p(facts.rejected),
    }
)
"""Each feature is zero where there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What the fit found: log odds at rest, one weight a feature, and where the levels begin (points)."""

    rest: float
    of: Mapping[str, float]
    raised_from: int
    high_from: int


@cache
def weights() -> Weights:
    """The weights in force."""
    source = files("provenance.services.warranty") / "risk_weights.json"
    said = json.loads(source.read_text(encoding="utf-8"))
    return Weights(said["rest"], said["weights"], said["raised_from"], said["high_from"])


def features(facts: RiskFacts) -> dict[str, float]:
    """The value of every feature."""
    return {code: of(facts) for code, of in FEATURES.items()}


def score(facts: RiskFacts, by: Weights | None = None) -> Score:
    """The score of an order and the parts that it is the sum of."""
    used = by or weights()
    values = features(facts)
    parts = [Reason(code, value, value * used.of[code]) for code, value in values.items() if value]
    odds = used.rest + sum(part.contribution for part in parts)
    points = round(100 / (1 + math.exp(-odds)))
    level = (
        Level.HIGH if points >= used.high_from else Level.RAISED if points >= used.raised_from else Level.LOW
    )
    return Score(points, level, tuple(sorted(parts, key=lambda part: -abs(part.contribution))))
