"""The risk score on a generated, labelled month: how many of the bad orders it finds, and at what price.

The month has suppliers of very different honesty, a shop whose stock was leaked, bots that try
neighbours of real keys, bursts, and people who claim without reason. Labels are what then happened,
drawn from probabilities that the score does not see. Half of the month fits the weights
(``--fit``), the other half tells precision and recall.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from bench.harness import Result
from provenance.services.warranty import riskscore
from provenance.services.warranty.riskscore import FEATURES, Level, RiskFacts, Weights

ORDERS = 20_000
_SEED = 20_261_101


@dataclass(frozen=True, slots=True)
class Labelled:
    """An order as it was known at its sale, and whether a fault followed."""

    facts: RiskFacts
    is_bad: bool


@dataclass
class _Party:
    honesty: float
    orders: int = 0
    faults: int = 0


def month(count: int, seed: int = _SEED) -> list[Labelled]:
    """A labelled month of *count* orders, in the order of time; the same for the same *seed*."""
    chance = random.Random(seed)
    suppliers = [_Party(0.005) for _ in range(12)] + [_Party(0.03) for _ in range(5)] + [_Party(0.25)]
    shops = [_Party(0.005) for _ in range(6)] + [_Party(0.08)]
    told: list[Labelled] = []
    for _ in range(count):
        supplier, shop = chance.choice(suppliers), chance.choice(shops)
        scanned, burst = chance.random() < 0.01, chance.random() < 0.01
        facts = RiskFacts(
            supplier_orders=supplier.orders,
            supplier_faults=supplier.faults,
            platform_orders=shop.orders,
            platform_faults=shop.faults,
            burst=chance.randint(30, 120) if burst else chance.randint(0, 3),
            per_minute=0.5,
            scans=chance.randint(1, 4) if scanned else 0,
            is_suspect=chance.random() < 0.005,
            sold_before=chance.random() < 0.02,
            hours_left=chance.choice([None, None, 12.0, 500.0]) if chance.random() < 0.05 else None,
            contradicted=chance.random() < 0.003,
            rejected=chance.randint(1, 3) if chance.random() < 0.005 else 0,
        )
        odds = math.log((supplier.honesty + shop.honesty) / (1 - supplier.honesty - shop.honesty))
        odds += 3.0 * scanned + 1.5 * burst + 3.0 * facts.is_suspect + 1.2 * facts.sold_before
        odds += 2.5 * facts.contradicted + 1.0 * bool(facts.rejected)
        odds += 1.5 * (facts.hours_left is not None and facts.hours_left < 72)
        is_bad = chance.random() < 1 / (1 + math.exp(-odds))
        told.append(Labelled(facts, is_bad))
        supplier.orders, shop.orders = supplier.orders + 1, shop.orders + 1
        if is_bad:
            blamed = supplier if chance.random() < 0.7 else shop
            blamed.faults += 1
    return told


def fit(orders: Sequence[Labelled]) -> Weights:
    """Weights by logistic regression; a weight that would make a warning reassure is held at zero."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    rows = [list(riskscore.features(one.facts).values()) for one in orders]
    model = LogisticRegression(C=1.0, max_iter=1_000).fit(rows, [one.is_bad for one in orders])
    found = dict(zip(FEATURES, (max(0.0, round(float(w), 3)) for w in model.coef_[0]), strict=True))
    base = sum(one.is_bad for one in orders) / len(orders)
    # Raised: three times as likely as usual. High: more likely than one in four.
    return Weights(round(float(model.intercept_[0]), 3), found, max(1, round(300 * base)), 25)


def told(orders: Iterable[Labelled], levels: frozenset[Level]) -> tuple[float, float, int]:
    """Precision and recall of calling orders at *levels* bad, and how many were called so."""
    called = caught = bad = 0
    for one in orders:
        is_called = riskscore.score(one.facts).level in levels
        called += is_called
        bad += one.is_bad
        caught += is_called and one.is_bad
    return caught / max(1, called), caught / max(1, bad), called


def measure(count: int) -> list[Result]:
    """Precision and recall on the half of the month that fitted nothing, beside calling at random."""
    orders = month(count)[count // 2 :]
    base = sum(one.is_bad for one in orders) / len(orders)
    results = []
    levels = {"raised or high": frozenset({Level.RAISED, Level.HIGH}), "high": frozenset({Level.HIGH})}
    for name, some in levels.items():
        precision, recall, called = told(orders, some)
        note = f"{called:,} of {len(orders):,} orders warned of; reference: as many picked at random"
        results += [
            Result(f"risk, {name}: precision", precision, base, precision / base, "", count, 1, note),
            Result(
                f"risk, {name}: recall", recall, called / len(orders), recall * len(orders) / max(1, called),
                "", count, 1, note,
            ),
        ]  # fmt: skip
    return results


def main() -> None:
    """Print precision and recall, or fit the weights anew."""
    parser = argparse.ArgumentParser(prog="bench.risk", description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit on the first half and write the weights")
    arguments = parser.parse_args()
    if arguments.fit:
        found = fit(month(ORDERS)[: ORDERS // 2])
        said = {
            "fitted_by": "python -m bench.risk --fit",
            "rest": found.rest,
            "weights": dict(found.of),
            "raised_from": found.raised_from,
            "high_from": found.high_from,
        }
        path = Path(str(files("provenance.services.warranty") / "risk_weights.json"))
        path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        riskscore.weights.cache_clear()
    for result in measure(ORDERS):
        print(f"{result.name}: {result.ours:.3f} (reference {result.reference:.3f}) – {result.note}")


if __name__ == "__main__":
    main()
