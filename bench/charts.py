"""Charts of measurements as SVG, drawn with nothing but the numbers: bars beside a reference, and curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 760
OURS, REFERENCE, MET, MISSED = "#2563eb", "#cbd5e1", "#15803d", "#dc2626"
LINES: Final = ("#2563eb", "#b45309", "#15803d", "#9333ea", "#dc2626", "#0e7490")
_INK, _PALE = "#1f2937", "#e5e7eb"
_FONT: Final = "font-family='system-ui, sans-serif' font-size='13'"


@dataclass(frozen=True, slots=True)
class Bar:
    """Ours beside a reference in the same unit, and where the target lies; texts as they are shown."""

    label: str
    ours: float
    text: str
    reference: float | None = None
    reference_text: str = ""
    target: float | None = None
    is_met: bool | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A curve with its name; both axes are logarithmic."""

    label: str
    points: Sequence[tuple[float, float]]
    is_dashed: bool = False


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Each row at its own scale: units differ from row to row."""
    parts, top = [], 44
    for row in rows:
        drawn, height = _bar(row, top)
        parts.append(drawn)
        top += height
    return _page(title, "".join(parts), top + 6)


def _bar(row: Bar, top: int) -> tuple[str, int]:
    left, room = 20, WIDTH - 320
    most = max(row.ours, row.reference or 0.0, row.target or 0.0) or 1.0
    shapes, texts = [], [_text(left, top + 13, row.label, weight=600)]
    height = 20
    for value, text, colour in ((row.ours, row.text, OURS), (row.reference, row.reference_text, REFERENCE)):
        if value is None:
            continue
        wide = max(1.0, value / most * room)
        shapes.append(f"<rect x='{left}' y='{top + height}' width='{wide:.1f}' height='14' fill='{colour}'/>")
        texts.append(_text(left + wide + 6, top + height + 12, text))
        height += 18
    if row.target is not None:
        at = left + row.target / most * room
        colour = MET if row.is_met else MISSED
        shapes.append(
            f"<line x1='{at:.1f}' x2='{at:.1f}' y1='{top + 18}' y2='{top + height}' stroke='{colour}'"
            " stroke-width='3'/>"
        )
    return "".join([*shapes, *texts]), height + 14


def curves(title: str, lines: Sequence[Line], x_name: str, y_name: str) -> str:
    """Lines over logarithmic axes, their names at the right."""
    points = [point for line in lines for point in line.points]
    left, top, wide, high = 70, 44, WIDTH - 330, 380
    x = _axis([n for n, _ in points], left, left + wide)
    y = _axis([value for _, value in points], top + high, top)
    parts = [_grid(points, x, y, (left, top, wide, high))]
    for number, line in enumerate(lines):
        colour = "#6b7280" if line.is_dashed else LINES[number % len(LINES)]
        path = " ".join(f"{x(n):.1f},{y(value):.1f}" for n, value in line.points)
        dash = " stroke-dasharray='5 5'" if line.is_dashed else ""
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'{dash}/>")
        if not line.is_dashed:
            parts += [
                f"<circle cx='{x(n):.1f}' cy='{y(value):.1f}' r='3.5' fill='{colour}'/>"
                for n, value in line.points
            ]
        key = top + 16 + 22 * number
        parts.append(
            f"<line x1='{left + wide + 16}' x2='{left + wide + 36}' y1='{key - 4}' y2='{key - 4}'"
            f" stroke='{colour}' stroke-width='2'{dash}/>"
        )
        parts.append(_text(left + wide + 42, key, line.label))
    parts.append(_text(left + wide / 2, top + high + 40, x_name, anchor="middle"))
    parts.append(_text(left - 56, top - 8, y_name))
    return _page(title, "".join(parts), top + high + 56)


def _axis(values: Sequence[float], begin: float, end: float) -> Callable[[float], float]:
    """Where a value lies between two places, on a logarithmic scale of whole decades."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    decades = max(1, high - low)
    return lambda value: begin + (math.log10(value) - low) / decades * (end - begin)


def _grid(
    points: Sequence[tuple[float, float]],
    x: Callable[[float], float],
    y: Callable[[float], float],
    box: tuple[int, int, int, int],
) -> str:
    left, top, wide, high = box
    parts = []
    for decade in _decades([n for n, _ in points]):
        at = x(10.0**decade)
        parts.append(f"<line x1='{at:.1f}' x2='{at:.1f}' y1='{top}' y2='{top + high}' stroke='{_PALE}'/>")
        parts.append(_text(at, top + high + 18, _power(decade), anchor="middle"))
    for decade in _decades([value for _, value in points]):
        at = y(10.0**decade)
        parts.append(f"<line x1='{left}' x2='{left + wide}' y1='{at:.1f}' y2='{at:.1f}' stroke='{_PALE}'/>")
        parts.append(_text(left - 8, at + 4, _power(decade), anchor="end"))
    return "".join(parts)


def _decades(values: Sequence[float]) -> range:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return range(low, max(high, low + 1) + 1)


def _power(decade: int) -> str:
    return f"{10**decade:,}" if decade >= 0 else f"{10.0**decade:g}"


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: int = 400) -> str:
    # A rim of white, so that a mark below it does not strike it through.
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-weight='{weight}' fill='{_INK}'"
        f" stroke='#ffffff' stroke-width='3' paint-order='stroke'>{escape(text)}</text>"
    )


def _page(title: str, inside: str, height: int) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' role='img' {_FONT}>"
        f"<title>{escape(title)}</title><rect width='100%' height='100%' fill='#ffffff'/>"
        f"<g font-size='15'>{_text(20, 26, title, weight=700)}</g>{inside}</svg>\n"
    )
