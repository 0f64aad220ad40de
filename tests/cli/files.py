"""Supplier files of well-formed keys."""

from __future__ import annotations

from pathlib import Path

FORMAT = "cmcc-national"
FIRST_SERIAL = 10_000_000_000_000_000
FIRST_SECRET = 123_456_789_012_345_678


def key_line(number: int) -> str:
    """The key of that number, as its line stands in a file."""
    return f"{FIRST_SERIAL + number}----{FIRST_SECRET + 7 * number}"


def secret(number: int) -> str:
    return str(FIRST_SECRET + 7 * number)


def write(path: Path, count: int, *more: str) -> Path:
    """A file of *count* keys and then the lines of *more*."""
    lines = [key_line(number) for number in range(count)]
    path.write_text("\n".join([*lines, *more]) + "\n")
    return path
