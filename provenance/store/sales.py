"""Sales of untouched keys, many as one: a look that locks, and one guarded statement that writes.

A key without entries of its own was never sold, so it stands in no order line either: a look at its
row, its holding and its seller is all that its sale depends on. Whatever else there is to a key,
these statements leave it to those of ``store.keys``. The locks are taken as there: parties, then
each holding before its key, keys in the order of their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from sqlalchemy.exc import IntegrityError

from provenance.core.entries import Entry, EntryType
from provenance.store import entries, quick
from provenance.store.database import Connection
from provenance.store.driver import driver_of
from provenance.store.orders import LineTaken, OrderLine
from provenance.store.quick import Line
from provenance.store.standing import LOOK, Standing, look_sqlite, standing

_PARTIES: Final = b"""
    SELECT address, since FROM party
    WHERE address = ANY($1) AND NOT suspended AND successor IS NULL ORDER BY address FOR SHARE"""
_LOOK: Final = LOOK.replace("%b", "$1")
_LOOK_LOCKING_ONE: Final = f"{_LOOK} FOR SHARE OF h".encode()
_LOOK_LOCKING: Final = f"{_LOOK} ORDER BY k.batch, k.idx FOR SHARE OF h FOR NO KEY UPDATE OF k".encode()
_SELL: Final = f"""
    WITH sale AS (
        SELECT * FROM unnest(
            $1::bytea[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bytea[], $7::bytea[],
            $8::bytea[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bigint[], $13::bytea[]
        ) AS s (tag, event, "time", subject, first, actor, party, raw, details, reservation,
                "order", batch, token)
    ), changed AS (
        UPDATE card_key k SET state = 1, entries = 1, last_time = s."time",
            reserved_until = NULL, reserved_by = NULL, reservation = NULL
        FROM sale s
        WHERE k.tag = s.tag AND k.state = 0 AND k.entries = 0
            AND (k.reserved_until IS NULL OR k.reserved_until <= $14::bigint OR k.reservation = s.reservation)
            AND NOT EXISTS (SELECT 1 FROM presale_review r
                            WHERE r.batch = k.batch AND r.idx = k.idx AND r.state <> 3)
        RETURNING k.tag
    ), entered AS (
        INSERT INTO entry (event, "time", type, subject, first, is_range, actor, party, raw, details)
        SELECT s.event, s."time", {int(EntryType.SELL)}, s.subject, s.first, false, s.actor, s.party, s.raw,
            s.details
        FROM sale s JOIN changed USING (tag)
    )
    INSERT INTO order_line (seller, "order", batch, idx, event, token)
    SELECT s.actor, s."order", s.batch, s.first, s.event, s.token FROM sale s JOIN changed USING (tag)
    RETURNING event""".encode()  # noqa: S608 - our own number

_NUMBERS: Final = frozenset({2, 4, 11})
"""Places of the columns that are numbers; all others are byte strings."""
_PARTY_SQLITE: Final = (
    "SELECT address, since FROM party WHERE address = ? AND NOT suspended AND successor IS NULL"
)
_CHANGE_SQLITE: Final = """
    UPDATE card_key SET state = 1, entries = 1, last_time = ?,
        reserved_until = NULL, reserved_by = NULL, reservation = NULL
    WHERE tag = ? AND state = 0 AND entries = 0
        AND (reserved_until IS NULL OR reserved_until <= ? OR reservation = ?)
        AND NOT EXISTS (SELECT 1 FROM presale_review r
                        WHERE r.batch = card_key.batch AND r.idx = card_key.idx AND r.state <> 3)"""
_ENTER_SQLITE: Final = """
    INSERT INTO entry (event, "time", type, subject, first, is_range, actor, party, raw, details)
    VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?)"""
_LINE_SQLITE: Final = (
    'INSERT INTO order_line (seller, "order", batch, idx, event, token) VALUES (?, ?, ?, ?, ?, ?)'
)


@dataclass(frozen=True, slots=True)
class Look:
    """What stands now, locked until the end of the transaction.

    ``since`` has the parties that may act; ``keys`` the keys of live batches by tag, each with the
    holding over it.
    """

    since: dict[bytes, int]
    keys: dict[bytes, Standing]


@dataclass(frozen=True, slots=True)
class NewSale:
    """The rows of one sale: the key's tag, its entry, its order line; a reservation that may stand."""

    tag: bytes
    entry: Entry
    sealed: bytes | None
    line: OrderLine
    reservation: bytes | None


def look(connection: Connection | Line, sellers: Iterable[bytes], tags: Sequence[bytes]) -> Look:
    """Lock *sellers* against suspension, holdings against handing over and recall, then *tags*."""
    actors = sorted(set(sellers))
    if isinstance(connection, Line):
        parties = connection.rows(_PARTIES, (quick.bytea_array(actors),))
        # One key is locked by the statement that changes it; several need an order among them.
        statement = _LOOK_LOCKING if len(tags) > 1 else _LOOK_LOCKING_ONE
        rows = connection.rows(statement, (quick.bytea_array(tags),))
    else:
        with driver_of(connection) as raw:
            parties = [row for actor in actors for row in raw.execute(_PARTY_SQLITE, (actor,))]
            rows = look_sqlite(raw, tags)
    return Look({bytes(row[0]): row[1] for row in parties}, dict(map(standing, rows)))


def sell(connection: Connection | Line, sales: Sequence[NewSale], now: int) -> set[bytes]:
    """Sell those of *sales* whose keys nobody has touched or reserved meanwhile; their events.

    This statement is the rule against double sale, for many keys at once: the guard of
    ``keys.change`` at no entries. An entry and an order line are written for a key that changed, and
    for no other. *now* is in ms. Raises :class:`LineTaken` when an order line is there already.
    """
    try:
        if isinstance(connection, Line):
            return _sell_as_one(connection, sales, now)
        with driver_of(connection) as raw:
            return _sell_one_by_one(raw.execute, sales, now)
    except (IntegrityError, psycopg.IntegrityError) as error:
        raise LineTaken("an order line is sold already; look again") from error


def _sell_as_one(line: Line, sales: Sequence[NewSale], now: int) -> set[bytes]:
    columns = zip(*(_columns(one) for one in sales), strict=True)
    arrays: list[bytes] = [
        quick.int8_array(column) if place in _NUMBERS else quick.bytea_array(column)
        for place, column in enumerate(columns)
    ]
    return {row[0] for row in line.rows(_SELL, [*arrays, quick.int8(now)])}


def _columns(one: NewSale) -> tuple[Any, ...]:
    entry, line = one.entry, one.line
    return (
        one.tag, line.event, entry.time, entry.subject, entry.first, entry.actor, entry.party,
        entry.encode(), one.sealed, one.reservation, line.order, line.number, line.token,
    )  # fmt: skip


def _sell_one_by_one(execute: Callable[..., Any], sales: Sequence[NewSale], now: int) -> set[bytes]:
    """SQLite has its write lock for itself, and no network between us: a few statements for each."""
    sold: set[bytes] = set()
    for one in sales:
        entry, line = one.entry, one.line
        if execute(_CHANGE_SQLITE, (entry.time, one.tag, now, one.reservation)).rowcount != 1:
            continue
        row = entries.row(line.event, entry, one.sealed)
        names = ("event", "time", "type", "subject", "first", "actor", "party", "raw", "details")
        execute(_ENTER_SQLITE, tuple(row[name] for name in names))
        execute(_LINE_SQLITE, (line.seller, line.order, line.number, line.index, line.event, line.token))
        sold.add(line.event)
    return sold
