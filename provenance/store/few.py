"""The few entries that most keys have of their own, read in the same statement as the key's row.

A sale, its delivery, its redemption: that is all there is to nearly every key that was touched. Read
beside the row they are of the same moment, and cost neither a second look nor a decoded entry each.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

MOST: Final = 3
"""Keys with more entries than these have none read here: a look stays small whatever a key went through."""

_RECORD: Final = Struct(">16sqxBHQ40x20s20s32x")
"""Event, log index (-1 while it waits), and of the entry's 124 bytes what :class:`OwnEntry` has."""
_OF_KEY: Final = f"""FROM entry e
    WHERE k.entries BETWEEN 1 AND {MOST} AND e.subject = b.batch_id AND e.type < 32
        AND {{}} AND e.first = k.idx"""
COLUMN: Final = (
    "(SELECT string_agg(e.event || int8send(coalesce(e.log_index, -1)) || e.raw, ''::bytea) "
    f"{_OF_KEY.format('NOT e.is_range')})"
)
"""On PostgreSQL, of a look at ``card_key k`` and ``batch b``."""
COLUMN_SQLITE: Final = (
    "(SELECT group_concat(hex(e.event) || printf('%016x', coalesce(e.log_index, -1)) || hex(e.raw), '') "
    f"{_OF_KEY.format('e.is_range = 0')})"
)


class OwnEntry(NamedTuple):
    """One entry on one key alone: what a verdict needs of it. ``time`` in ms; no ``log_index``: -1."""

    event: bytes
    log_index: int
    type: int
    reason: int
    time: int
    actor: bytes
    party: bytes


def read(column: bytes | str | None) -> tuple[OwnEntry, ...]:
    """The entries in a look's column, oldest first; none for a key that has none or too many."""
    if column is None:
        return ()
    raw = bytes.fromhex(column) if isinstance(column, str) else column
    return tuple(sorted(map(OwnEntry._make, _RECORD.iter_unpack(raw)), key=_time))


def _time(one: OwnEntry) -> int:
    return one.time
