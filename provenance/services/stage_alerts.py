"""Who is told when a key turns out to be known: both parties, and nobody more than he needs.

The party that knew the key first learns which of its keys, how many, when and by whom. The one that
tried learns which of its lines, and not whose key it is: else a guess would buy a name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from provenance.services import alerts
from provenance.services.context import Context
from provenance.store import batches, bulk_search, parties
from provenance.store.bulk import REFUSING
from provenance.store.bulk_search import Hit, KnownKey
from provenance.store.database import Connection

EXAMPLES: Final = 100
"""Keys or lines named in one alert; the count says how many there are."""

_KINDS: Final = {
    Hit.OTHER_PARTY: "duplicate_other_party",
    Hit.OTHER_FORMAT: "duplicate_other_format",
    Hit.SIMILAR: "similar_other_format",
    Hit.SAME_SERIAL: "same_serial",
    Hit.SERIAL_IN_FILE: "same_serial_in_file",
}


@dataclass(slots=True)
class _Group:
    """Hits of one kind on one batch."""

    hit: Hit
    number: int
    foreign: bool
    count: int = 0
    indices: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, known: KnownKey) -> None:
        self.count += 1
        if len(self.lines) < EXAMPLES:
            self.lines.append(known.line)
            self.indices.append(known.index)


def tell(
    context: Context, connection: Connection, supplier: bytes, staged: tuple[int, bytes] | None, now: int
) -> int:
    """Write the alerts on the hits of the last search; how many lines told *supplier* of another's key.

    *staged* is number and id of the batch that was stored, None after a rollback: then only the lines
    that were refused count, for the others were not judged.
    """
    groups: dict[tuple[Hit, int], _Group] = {}
    guessed = 0
    for known in bulk_search.known_keys(connection):
        if staged is None and known.hit > REFUSING:
            continue
        group = groups.setdefault((known.hit, known.number), _Group(known.hit, known.number, known.foreign))
        group.add(known)
        guessed += known.foreign
    if any(group.foreign for group in groups.values()):
        bulk_search.mark_suspects(connection, None if staged is None else staged[0])
    named = batches.suppliers(connection, (group.number for group in groups.values()))
    for group in groups.values():
        kind = _KINDS.get(group.hit)
        if kind is None:
            continue
        if group.foreign:
            batch_id, other = named[group.number]
            alerts.tell(
                context,
                connection,
                _current(connection, other),
                kind,
                now,
                _to_other(group, batch_id, supplier),
            )
        if group.foreign or group.hit > REFUSING:
            alerts.tell(context, connection, supplier, kind, now, _to_self(group, staged))
    return guessed


def _to_other(group: _Group, batch_id: bytes, by: bytes) -> dict[str, Any]:
    return {
        "batch": batch_id.hex(),
        "indices": group.indices,
        "count": group.count,
        "by": "0x" + by.hex(),
        "refused": group.hit <= REFUSING,
    }


def _to_self(group: _Group, staged: tuple[int, bytes] | None) -> dict[str, Any]:
    return {
        "batch": None if staged is None else staged[1].hex(),
        "lines": group.lines,
        "count": group.count,
        "refused": group.hit <= REFUSING,
    }


def _current(connection: Connection, address: bytes) -> bytes:
    seen = set()
    while address not in seen:
        seen.add(address)
        party = parties.by_address(connection, address)
        if party is None or party.successor is None:
            break
        address = party.successor
    return address
