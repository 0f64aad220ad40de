"""Measuring two things beside each other: interleaved runs, medians, and the ratio of each pair."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

RUNS = 5
"""Odd, so that the median is a run; few, so that everything stays under twenty minutes."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a job has to reach: its ratio, or its own measure with ``of="ours"``."""

    bound: float
    is_least: bool = False
    of: str = "ratio"

    def reached(self, result: Result) -> bool | None:
        """Whether *result* is on the right side of the bound; ``None`` if it has no such measure."""
        found = result.ratio if self.of == "ratio" else result.ours
        if found is None:
            return None
        return found >= self.bound if self.is_least else found <= self.bound

    def to_json(self) -> dict[str, Any]:
        """For example ``{"of": "ratio", "at_most": 1.25}``."""
        return {"of": self.of, ("at_least" if self.is_least else "at_most"): self.bound}


@dataclass(frozen=True, slots=True)
class Result:
    """One row: medians in *unit*; ``ratio`` is the median of the ratios pair by pair."""

    name: str
    ours: float
    reference: float | None
    ratio: float | None
    unit: str
    n: int
    runs: int
    note: str = ""
    target: Target | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """More of it for who draws charts; JSON values."""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; ``None`` without one."""
        return None if self.target is None else self.target.reached(self)

    def to_json(self) -> dict[str, Any]:
        """The object of its line."""
        said = asdict(self) | {
            "target": None if self.target is None else self.target.to_json(),
            "met": self.is_met,
        }
        facts = said.pop("facts")
        return said | ({"facts": facts} if facts else {})


def seconds(work: Callable[[], object]) -> float:
    """How long *work* takes, in seconds of wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(
    name: str,
    ours: Callable[[], float],
    reference: Callable[[], float],
    *,
    n: int,
    unit: str = "s",
    runs: int = RUNS,
    note: str = "",
    warm_up: bool = True,
) -> Result:
    """Run both in turn, after a warm-up; each gives its own measure in *unit*."""
    if warm_up:
        ours()
        reference()
    pairs = [(ours(), reference()) for _ in range(runs)]
    return Result(
        name,
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        statistics.median(one / other for one, other in pairs),
        unit,
        n,
        runs,
        note,
    )


def ratio(name: str, ours: list[float], reference: list[float], unit: str, n: int, note: str = "") -> Result:
    """The row of measures taken in turn, one of each a round."""
    return Result(
        name,
        statistics.median(ours),
        statistics.median(reference),
        statistics.median(one / other for one, other in zip(ours, reference, strict=True)),
        unit,
        n,
        len(ours),
        note,
    )


def show(results: list[Result], *, as_json: bool) -> None:
    """One JSON object a line, or a table for people."""
    if as_json:
        for result in results:
            print(json.dumps(result.to_json(), ensure_ascii=False), flush=True)
        return
    table = Table(title="medians; ratio = ours / reference")
    for heading in ("job", "n", "ours", "reference", "ratio", "target", "", "unit", "note"):
        table.add_column(heading, justify="left" if heading in ("job", "note", "") else "right")
    for one in results:
        reference = "" if one.reference is None else figure(one.reference)
        ratio = "" if one.ratio is None else f"{one.ratio:.3g}"
        table.add_row(
            one.name, f"{one.n:,}", figure(one.ours), reference, ratio, _bound(one.target),
            {None: "", True: "met", False: "missed"}[one.is_met], one.unit, one.note,
        )  # fmt: skip
    Console(width=160).print(table)


def _bound(target: Target | None) -> str:
    if target is None:
        return ""
    return f"{'≥' if target.is_least else '≤'} {figure(target.bound)}" + (
        "" if target.of == "ratio" else " (ours)"
    )


def figure(value: float) -> str:
    """A measure for people: whole from a thousand, else three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
