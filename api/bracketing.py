"""A refusal that names an earlier event tells that event's time bracket, like every answer that names one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from api.current import services
from provenance.errors import ManyRefused, ProvenanceError, Unavailable

_OF_AN_EVENT: Final = frozenset({"event", "type", "index"})


def bracket(refusals: Iterable[ProvenanceError | None]) -> None:
    """Add ``after`` and ``before`` to the facts of every one of *refusals* that names an event."""
    told = [facts for one in refusals if one is not None for facts in _events(one)]
    if not told:
        return
    # What is refused is refused, also where its bracket cannot be looked up now.
    with suppress(Unavailable):
        services().events.bracket(told)


def _events(error: ProvenanceError) -> Iterator[dict[str, Any]]:
    if error.facts.keys() >= _OF_AN_EVENT:
        yield error.facts
    if isinstance(error, ManyRefused):
        for _, one in error.errors:
            yield from _events(one)
