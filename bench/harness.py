"""Measuring two things beside each other: interleaved runs, medians, and the ratio of each pair."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

RUNS = 5
"""Odd, so that the median is a run; few, so that everything stays under twenty minutes."""


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
) -> Result:
    """Run both in turn after a warm-up; each gives its own measure in *unit*."""
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
            print(json.dumps(asdict(result), ensure_ascii=False))
        return
    table = Table(title="medians; ratio = ours / reference")
    for heading in ("job", "n", "ours", "reference", "ratio", "unit", "note"):
        table.add_column(heading, justify="left" if heading in ("job", "note") else "right")
    for one in results:
        reference = "" if one.reference is None else f"{one.reference:.4g}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        table.add_row(one.name, f"{one.n:,}", f"{one.ours:.4g}", reference, ratio, one.unit, one.note)
    Console(width=140).print(table)
