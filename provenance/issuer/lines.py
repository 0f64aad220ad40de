"""On which line of a TOML file a value stands; the parser knows and does not say."""

from __future__ import annotations

import re
from typing import Final

_TABLE: Final = re.compile(r"\s*\[+\s*(?P<name>[^\[\]]+?)\s*\]+\s*(#.*)?$")
_PAIR: Final = re.compile(
    r"""\s*(?P<name>(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="""
)
_NAME: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(?:\.|$)""")


def line_of(text: str, place: tuple[str, ...]) -> int:
    """The line (from 1) of the value that the names of *place* lead to, or of the nearest above it."""
    known = _lines(text)
    while place and place not in known:
        place = place[:-1]
    return known.get(place, 1)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    table: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            table = _names(header["name"])
            found.setdefault(table, number)
        elif pair := _PAIR.match(line):
            found.setdefault(table + _names(pair["name"]), number)
    return found


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(
        next(part for part in one.groups("") if part) for one in _NAME.finditer(dotted) if any(one.groups())
    )
