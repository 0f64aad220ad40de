"""Two sets of figures held against each other, one by one: what differs, and whether that proves anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_FROM_ENTRIES: Final = (
    "sales.", "tenure.", "claims.opened", "claims.appealed", "claims.by_default", "times.response.",
    "times.reissue.",
)  # fmt: skip
"""Figures that the entries of the log give alone: no erased detail explains a difference in one."""
_COUNTS: Final = ("claims.", "reviews.")


@dataclass(frozen=True, slots=True)
class Erased:
    """How many details of claims and of reviews are no more."""

    claims: int = 0
    reviews: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure: what the report *said*, what was *found*; not *is_wrong* where erased details explain it."""

    figure: str
    said: Any
    found: Any
    is_wrong: bool

    def to_json(self) -> dict[str, Any]:
        """As data."""
        return {"figure": self.figure, "said": self.said, "found": self.found, "wrong": self.is_wrong}


def count(figures: Mapping[str, Any]) -> int:
    """How many single figures there are."""
    return sum(1 for _ in _flat(figures, ""))


def differences(said: Mapping[str, Any], found: Mapping[str, Any], erased: Erased) -> list[Difference]:
    """Every figure in which *said* is not *found*, by name."""
    ours, theirs = dict(_flat(found, "")), dict(_flat(said, ""))
    told = []
    for name in sorted(ours.keys() | theirs.keys()):
        # A cause that nobody claimed is left out: that is a zero, and no other figure.
        one, other = theirs.get(name, _nothing(name)), ours.get(name, _nothing(name))
        # Not equal alone: to Python, true is one.
        if one != other or type(one) is not type(other):
            told.append(Difference(name, one, other, not _is_explained(name, one, other, erased)))
    return told


def _is_explained(name: str, said: Any, found: Any, erased: Erased) -> bool:
    """Whether erased details may be all of the difference: one of them moves a count by one at most."""
    gone = erased.reviews if name.startswith("reviews.") else erased.claims
    if not gone or name.startswith(_FROM_ENTRIES):
        return False
    if name.startswith(_COUNTS):
        return type(said) is type(found) is int and abs(said - found) <= gone
    return True


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for member, inner in value.items():
            yield from _flat(inner, f"{name}.{member}" if name else str(member))
    else:
        yield name, value


def _nothing(name: str) -> Any:
    if name.startswith("given."):
        return "0"
    return None if name.startswith(("times.", "tenure.")) else 0
