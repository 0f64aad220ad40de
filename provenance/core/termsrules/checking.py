"""Small checks that every part of the terms shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provenance.errors import InputRefused

MAX_SPAN_S: Final = 10 * 366 * 86_400
"""No clock of a warranty runs longer than ten years."""


def refused(code: str, message: str) -> InputRefused:
    """A refusal of terms, by its code."""
    return InputRefused(message, code=code)


def check_span(name: str, seconds: int, *, least: int) -> None:
    """Raises ``terms_span`` unless *least* ≤ *seconds* ≤ :data:`MAX_SPAN_S`."""
    if not least <= seconds <= MAX_SPAN_S:
        raise refused("terms_span", f"{name} is {least} to {MAX_SPAN_S} seconds")


def check_unique(what: str, values: Iterable[object]) -> None:
    """Raises ``terms_repeated`` where one value stands twice."""
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise refused("terms_repeated", f"{what} are named once each")
