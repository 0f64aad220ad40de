"""Numbers as a page shows them: bars by their share of the largest, durations and amounts in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log
from typing import Any, Final

WIDTH: Final = 100
"""Of every bar, in units of its picture."""
_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))
_LONGEST_MS: Final = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a table with its bar: the words, the number, and how wide (0 to :data:`WIDTH`)."""

    name: str
    count: int
    width: float
    code: str = ""


def bars(counts: Mapping[str, int], names: Mapping[str, str], *, by_count: bool = True) -> list[Bar]:
    """Each of *counts* under its name, the largest first unless their order is kept."""
    items = sorted(counts.items(), key=lambda one: -one[1]) if by_count else list(counts.items())
    most = max(counts.values(), default=0) or 1
    return [Bar(names.get(code, code), count, _share(count, most), code) for code, count in items]


@dataclass(frozen=True, slots=True)
class Spread:
    """A line of durations: half were done by ``middle``, 95 of 100 by ``most``; where both lie (0 to 100)."""

    name: str
    count: int
    middle: str
    most: str
    longest: str
    from_x: float
    to_x: float


def spreads(
    times: Mapping[str, Mapping[str, Any]], names: Mapping[str, str], unit: Mapping[str, str]
) -> list[Spread]:
    """Each of *times* (as a report has them) on one scale, logarithmic from a second to thirty days."""
    return [
        Spread(
            names[code],
            one["count"],
            duration(one["p50_ms"], unit),
            duration(one["p95_ms"], unit),
            duration(one["longest_ms"], unit),
            _place(one["p50_ms"]),
            _place(one["p95_ms"]),
        )
        for code, one in times.items()
    ]


def duration(milliseconds: int | None, unit: Mapping[str, str]) -> str:
    """At most two units: ``2 h 5 min``; a dash for none."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1_000:
        return f"< 1 {unit['s']}"
    parts: list[str] = []
    rest = milliseconds
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count and len(parts) < 2:
            parts.append(f"{count} {unit[name]}")
    return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Column:
    """A month in a row of columns: where its two columns stand and how high (0 to 100)."""

    month: str
    sales: int
    claims: int
    x: float
    sales_height: float
    claims_height: float


def columns(months: Iterable[tuple[str, int, int]]) -> list[Column]:
    """Month, sales and claims, the oldest first; both on one scale, so that few claims look few."""
    given = list(months)
    most = max((max(sales, claims) for _, sales, claims in given), default=0) or 1
    return [
        Column(
            month, sales, claims, 24.0 * place, round(100 * sales / most, 1), round(100 * claims / most, 1)
        )
        for place, (month, sales, claims) in enumerate(given)
    ]


def day(milliseconds: int | None) -> str:
    """The date (UTC) of a moment; a dash for none."""
    return "–" if milliseconds is None else f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d}"


def month(milliseconds: int) -> str:
    """The month (UTC) of a moment."""
    return day(milliseconds)[:7]


def _share(count: int, most: int) -> float:
    return round(WIDTH * count / most, 1)


def _place(milliseconds: int | None) -> float:
    if milliseconds is None or milliseconds <= 1_000:
        return 0.0
    return round(min(1.0, log(milliseconds / 1_000) / log(_LONGEST_MS / 1_000)) * WIDTH, 1)
