"""Keys with what stands over them, in one look: row, batch and holding, as of one moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from provenance.core.lives import BatchFacts, State
from provenance.store import few
from provenance.store.database import Connection, Database
from provenance.store.driver import driver_of, is_sqlite
from provenance.store.few import OwnEntry
from provenance.store.holdings import Holding
from provenance.store.keys import KeyRow

Standing = tuple[KeyRow, Holding]
Seen = tuple[KeyRow, Holding, tuple[OwnEntry, ...]]
"""With the entries of the key alone, if they are few (:mod:`provenance.store.few`)."""

_COLUMNS: Final = """
    k.tag, k.batch, k.idx, k.state, k.entries, k.last_time, k.sold_before, k.suspect, k.reserved_until,
    k.reserved_by, k.reservation, b.batch_id, b.supplier, b.size, b.max_uses, b.expires_at, b.format,
    h.first, h.count, h.holder, h.last_time, h.voided_at, h.offer, h.offer_until,
    EXISTS (SELECT 1 FROM issuer_report r WHERE r.batch = k.batch AND r.idx = k.idx)"""
_BATCHED: Final = " FROM card_key k JOIN batch b ON b.number = k.batch AND b.status = 1 "
_PLACED: Final = "SELECT k.tag FROM batch b JOIN card_key k ON k.batch = b.number WHERE "

_HELD: Final = f"""{_BATCHED}
    CROSS JOIN LATERAL (SELECT n.first FROM holding n WHERE n.batch = k.batch AND n.first <= k.idx
                        ORDER BY n.first DESC LIMIT 1) over
    JOIN holding h ON h.batch = k.batch AND h.first = over.first
    WHERE k.tag = ANY(%b)"""  # noqa: S608 - our own statements
_HELD_SQLITE: Final = f"""{_BATCHED}
    JOIN holding h ON h.batch = k.batch AND h.first = (
        SELECT max(n.first) FROM holding n WHERE n.batch = k.batch AND n.first <= k.idx)
    WHERE k.tag IN """  # noqa: S608 - our own statements
LOOK: Final = f"SELECT {_COLUMNS}{_HELD}"
"""On PostgreSQL; the parameter is an array of tags."""
_LOOK_SQLITE: Final = f"SELECT {_COLUMNS}{_HELD_SQLITE}"
_SEE: Final = f"SELECT {_COLUMNS}, {few.COLUMN}{_HELD}".replace("%b", "$1").encode()
_SEE_SQLITE: Final = f"SELECT {_COLUMNS}, {few.COLUMN_SQLITE}{_HELD_SQLITE}"
_AT: Final = f"{_PLACED} b.batch_id = %b AND k.idx = %b"
_AT_SQLITE: Final = f"{_PLACED} b.batch_id = ? AND k.idx = ?"
_CHUNK: Final = 500
# Of many keys few values: the same frozen one for all of a batch, of a holding.
_facts: Final = lru_cache(1_024)(BatchFacts)
_holding: Final = lru_cache(1_024)(Holding)


def of_tags(connection: Connection, tags: Sequence[bytes]) -> dict[bytes, Standing]:
    """The keys of live batches among *tags*, each with the holding over it. One statement, one moment.

    On SQLite a statement takes five hundred tags; there a transaction holds several to one moment.
    """
    if not tags:
        return {}
    with driver_of(connection) as raw:
        if is_sqlite(connection):
            return dict(map(standing, look_sqlite(raw, tags)))
        return dict(map(standing, raw.execute(LOOK, (list(tags),), binary=True)))


def seen_of_tags(database: Database, tags: Sequence[bytes]) -> dict[bytes, Seen]:
    """The same with the few entries of each key alone, as of a moment of its own."""
    if not tags:
        return {}
    if not database.is_sqlite:
        return dict(map(_seen, database.look(_SEE, tags)))
    with database.read() as connection, driver_of(connection) as raw:
        return dict(map(_seen, _in_chunks(raw, _SEE_SQLITE, tags)))


def look_sqlite(raw: Any, tags: Sequence[bytes]) -> list[Any]:
    """The rows of *tags* on SQLite's own connection, for :func:`standing`."""
    return _in_chunks(raw, _LOOK_SQLITE, tags)


def _in_chunks(raw: Any, statement: str, tags: Sequence[bytes]) -> list[Any]:
    rows = []
    for start in range(0, len(tags), _CHUNK):
        some = tags[start : start + _CHUNK]
        rows += raw.execute(statement + "(" + ", ".join("?" * len(some)) + ")", some).fetchall()
    return rows


def tags_at(connection: Connection, places: Iterable[tuple[bytes, int]]) -> dict[tuple[bytes, int], bytes]:
    """The tags at those (batch id, index) places; a key never changes its place."""
    statement, how = (_AT_SQLITE, {}) if is_sqlite(connection) else (_AT, {"binary": True})
    with driver_of(connection) as raw:
        found = {place: raw.execute(statement, place, **how).fetchone() for place in set(places)}
    return {place: bytes(row[0]) for place, row in found.items() if row}


def standing(row: Sequence[Any]) -> tuple[bytes, Standing]:
    """One row of a look, by its tag."""
    tag = bytes(row[0])
    facts = _facts(bytes(row[11]), bytes(row[12]), row[13], row[14], row[15])
    key = KeyRow(
        tag, row[1], row[2], State(row[3]), row[4], row[5], bool(row[6]), bool(row[7]), row[8],
        _bytes(row[9]), _bytes(row[10]), facts, row[16], bool(row[24]),
    )  # fmt: skip
    held = _holding(
        row[1], row[17], row[18], bytes(row[19]), row[20], row[21], _bytes(row[22]), row[23]
    )  # fmt: skip
    return tag, (key, held)


def _seen(row: Sequence[Any]) -> tuple[bytes, Seen]:
    tag, (key, held) = standing(row)
    return tag, (key, held, few.read(row[25]))


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
