"""Which of the keys that a request names are one and the same, and which are the asker's business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provenance.core.keyformats import CardKey
from provenance.services import lawbook
from provenance.services.context import Context
from provenance.services.lawbook import KeyRef


@dataclass(frozen=True, slots=True)
class Repeat:
    """The key at ``position`` was named at ``first`` already.

    ``by_look``: only the registry could tell, since one was named by its place and one by itself.
    """

    position: int
    first: int
    by_look: bool


def repeats(context: Context, refs: Sequence[KeyRef]) -> list[Repeat]:
    """Every key of *refs* that stands there before, however it is spelled there."""
    found = _repeated([ref.identity if isinstance(ref, CardKey) else ref for ref in refs], by_look=False)
    kinds = {isinstance(ref, CardKey) for ref in refs}
    if found or len(kinds) < 2:
        return found
    with context.database.read() as connection:
        rows = lawbook.find(context, connection, refs)
    places = [position if row is None else row.tag for position, row in enumerate(rows)]
    return _repeated(places, by_look=True)


def _repeated(names: Sequence[object], *, by_look: bool) -> list[Repeat]:
    first: dict[object, int] = {}
    found: list[Repeat] = []
    for position, name in enumerate(names):
        if first.setdefault(name, position) != position:
            found.append(Repeat(position, first[name], by_look))
    return found
