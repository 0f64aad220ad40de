"""Every event that is told is told with its time bracket: after which block, and before which anchor.

An event's own time is its author's word. The order of the log is what is proven: the event is younger than
the block of the last BEACON before it, and older than the block that anchored the first size that holds it.
Here both are the service's word; a proof of the key shows them to whoever trusts neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from provenance.audit.findings import Finding
from provenance.core.entries import EntryType
from provenance.core.proofcheck.evidence import Bound
from provenance.core.stateproof import BlockHeader
from provenance.errors import InputRefused
from provenance.store import brackets
from provenance.store.brackets import Anchored, Beacon, Bracket
from provenance.store.database import Connection


def put_brackets(connection: Connection, told: Iterable[dict[str, Any]]) -> None:
    """Add ``after`` and ``before`` to events that bear a log ``index`` (``None`` while they wait for one).

    ``after`` is ``{"kind": "block", "number", "time"}``, ``before`` is ``{"kind": "anchor", "number",
    "block", "time"}`` with the anchored size as number; times are unix seconds, what is not known is
    ``None``. Either is ``None`` where there is no BEACON before the event or no anchor after it yet.
    """
    events = list(told)
    placed = [one for one in events if one["index"] is not None]
    found = brackets.around(connection, {_place(one) for one in placed}) if placed else {}
    for one in events:
        after, before = found.get(_place(one), (None, None)) if one["index"] is not None else (None, None)
        one["after"] = None if after is None else _block(after)
        one["before"] = None if before is None else _anchor(before)


def unplaced(told: Iterable[dict[str, Any]]) -> None:
    """The same where every event waits for its index still: nothing is known, and nothing looked up."""
    for one in told:
        one["after"] = one["before"] = None


def put_to_findings(connection: Connection, findings: Iterable[Finding]) -> list[Finding]:
    """The *findings* of a check of this database, those with a log index in the bracket that it tells of."""
    told = list(findings)
    found = brackets.around(connection, {one.index for one in told if one.index is not None})
    return [one if one.index is None else replace(one, bracket=_bounds(found[one.index])) for one in told]


def bounds(connection: Connection, places: Iterable[int]) -> dict[int, tuple[Bound | None, Bound | None]]:
    """The brackets of the entries at *places* in the log, as this database knows them: unchecked."""
    wanted = set(places)
    found = brackets.around(connection, wanted) if wanted else {}
    return {place: _bounds(bracket) for place, bracket in found.items()}


def _bounds(bracket: Bracket) -> tuple[Bound | None, Bound | None]:
    after, before = bracket
    return (
        None if after is None else Bound("block", after.number, _time(after), False),
        None if before is None else Bound("anchor", before.size, before.time, False),
    )


def _place(one: dict[str, Any]) -> int:
    """A BEACON comes after its own block."""
    index: int = one["index"]
    return index + 1 if one["type"] == EntryType.BEACON.name else index


def _block(beacon: Beacon) -> dict[str, Any]:
    return {"kind": "block", "number": beacon.number, "time": _time(beacon)}


def _time(beacon: Beacon) -> int | None:
    """Of the block's header; a header that is damaged tells no time, and ``fsck`` says that it is."""
    try:
        return None if beacon.header is None else BlockHeader.parse(beacon.header).time
    except InputRefused:
        return None


def _anchor(anchored: Anchored) -> dict[str, Any]:
    return {"kind": "anchor", "number": anchored.size, "block": anchored.block, "time": anchored.time}
