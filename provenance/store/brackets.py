"""Between which block and which anchor entries lie: the nearest BEACON below them, the first anchor above."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, TextClause, select, text

from provenance.core.entries import Entry, EntryType
from provenance.errors import InputRefused
from provenance.store.anchors import AnchorKind, AnchorStatus, size_ref
from provenance.store.schema import entry
from provenance.store.schema_log import anchor, block_header

_AT_ONCE: Final = 250
"""Places named in one statement: SQLite of old takes 999 parameters."""


@dataclass(frozen=True, slots=True)
class Beacon:
    """A block that a BEACON names: its number, and its RLP header where it was kept."""

    number: int
    header: bytes | None


@dataclass(frozen=True, slots=True)
class Anchored:
    """A size of the log that was seen on chain: in block *block* if we sent it, at *time* in unix seconds."""

    size: int
    block: int | None
    time: int | None


Bracket = tuple[Beacon | None, Anchored | None]


def around(connection: Connection, places: Collection[int]) -> dict[int, Bracket]:
    """The last BEACON below each log index of *places*, and the first size on chain that covers it."""
    rows = list(_nearest(connection, sorted(set(places))))
    beacons = _beacons(connection, {row.beacon for row in rows} - {None})
    anchors = _anchors(connection, {bytes(row.ref) for row in rows if row.ref is not None})
    return {
        row.place: (
            beacons.get(row.beacon),
            None if row.ref is None else anchors[bytes(row.ref)],
        )
        for row in rows
    }


def _beacons(connection: Connection, indices: Collection[int]) -> dict[int, Beacon]:
    query = (
        select(entry.c.log_index, entry.c.raw, block_header.c.header)
        .join(block_header, block_header.c.hash == entry.c.subject, isouter=True)
        .where(entry.c.log_index.in_(indices))
    )
    found = {}
    for index, raw, header in connection.execute(query):
        with suppress(InputRefused):  # a damaged row brackets nothing, and is the fsck's to tell
            found[index] = Beacon(Entry.decode(bytes(raw)).number, None if header is None else bytes(header))
    return found


def _anchors(connection: Connection, refs: Collection[bytes]) -> dict[bytes, Anchored]:
    query = select(anchor.c.ref, anchor.c.block_number, anchor.c.block_time).where(
        anchor.c.kind == int(AnchorKind.CHECKPOINT), anchor.c.ref.in_(refs)
    )
    return {
        bytes(row[0]): Anchored(int.from_bytes(bytes(row[0])), row[1], row[2])
        for row in connection.execute(query)
    }


def _nearest(connection: Connection, places: list[int]) -> Iterator[Row[Any]]:
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        named: dict[str, int | bytes] = {f"place{number}": place for number, place in enumerate(some)}
        named |= {f"ref{number}": size_ref(place) for number, place in enumerate(some)}
        yield from connection.execute(_nearest_of(len(some)), named)


@cache
def _nearest_of(count: int) -> TextClause:
    # Written out for the same reasons as in ``state``: each value is one look into an index.
    values = ", ".join(f"(:place{number}, :ref{number})" for number in range(count))
    values = values.replace(":place0,", "CAST(:place0 AS BIGINT),", 1)
    return text(
        f"""WITH wanted(place, ref) AS (VALUES {values})
        SELECT wanted.place AS place,
          (SELECT max(log_index) FROM entry WHERE type >= 32 AND type = {int(EntryType.BEACON)}
            AND log_index < wanted.place) AS beacon,
          (SELECT anchor.ref FROM anchor WHERE anchor.kind = {int(AnchorKind.CHECKPOINT)}
            AND anchor.ref > wanted.ref AND anchor.status >= {int(AnchorStatus.CONFIRMED)}
            ORDER BY anchor.ref LIMIT 1) AS ref
        FROM wanted"""  # noqa: S608 - names of parameters and our own numbers, and nothing else
    )
