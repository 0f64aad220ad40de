"""The newest claims of a platform as the log has them: nobody can take one out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from provenance.core import claimfigures
from provenance.core.claimfigures import Step
from provenance.core.entries import Entry, EntryType
from provenance.services.context import Context
from provenance.services.opening import recorded_from
from provenance.store import figures as store
from provenance.store.database import Connection


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A claim: when it began (ms) and where in the log, why, how it ended, how many entries it has."""

    claim: bytes
    time: int
    index: int
    cause: str
    outcome: str
    steps: int


def newest(
    context: Context, connection: Connection, entries: Iterable[tuple[int, Entry]], limit: int
) -> list[ClaimLine]:
    """Of the claims in *entries*, in the order of the log, the *limit* that began last, the newest first."""
    claims: defaultdict[bytes, list[tuple[int, Entry]]] = defaultdict(list)
    for index, entry in entries:
        if entry.type is EntryType.CLAIM or entry.type is EntryType.REMEDY:
            claims[entry.subject].append((index, entry))
    chosen = sorted(claims.items(), key=lambda one: one[1][0][0], reverse=True)[:limit]
    wanted = [index for _, steps in chosen for index, _ in steps]
    opened = {
        one.index: recorded_from(context, one).details or claimfigures.ERASED
        for one in store.at(connection, wanted)
    }
    return [
        _line(claim, [Step(index, entry, opened[index]) for index, entry in steps]) for claim, steps in chosen
    ]


def _line(claim: bytes, steps: list[Step]) -> ClaimLine:
    first = steps[0]
    return ClaimLine(
        claim,
        first.entry.time,
        first.index,
        claimfigures.first_cause(steps),
        claimfigures.outcome(steps),
        len(steps),
    )
