"""What a replay keeps of one touched key: some seventy bytes and the log indices of its own entries.

A key in the plain part of its life, which nearly all keys are, is described by them completely: who
holds it, who sold it, to which use, in which state. Everything else is :data:`ANY`: its custody is then
built anew from the entries, by the law itself.
"""

from __future__ import annotations

import struct
from typing import Final

from provenance.core.entries import ZERO_ADDRESS
from provenance.core.lives import KeyCustody, State

ANY: Final = 255
"""Not a plain life: ask the law, entry by entry."""

HEAD: Final = struct.Struct(">BQ20s20s20s32s")
"""State (or :data:`ANY`), time of the last entry in ms, holder, seller, use, record; log indices follow."""

INDEX_SIZE: Final = 8

_PLAIN: Final = frozenset({State.SOLD, State.DELIVERED, State.REDEEMED})


def pack(custody: KeyCustody, record: bytes, indexes: bytes) -> bytes:
    """What is kept of *custody*; *record* (32 bytes) and *indexes* (8 bytes each) as they are now."""
    stage, seller, use = plain_state(custody)
    return HEAD.pack(stage, custody.last_time, custody.holder, seller, use, record) + indexes


def plain_state(custody: KeyCustody) -> tuple[int, bytes, bytes]:
    """State, seller and use of a plain life; :data:`ANY` where custody has more to it than these."""
    unusual = (
        custody.batch.max_uses != 1
        or custody.offers
        or custody.barred is not None
        or custody.range_void is not None
        or custody.reissued
        or len(custody.lives) > 1
        or not custody.steps
    )
    if unusual:
        return ANY, ZERO_ADDRESS, ZERO_ADDRESS
    if not custody.lives:
        return State.REGISTERED, ZERO_ADDRESS, ZERO_ADDRESS
    life = custody.lives[0]
    if life.sell is None or life.reissued or life.state not in _PLAIN:
        return ANY, ZERO_ADDRESS, ZERO_ADDRESS
    return life.state, life.sell.entry.actor, life.party


def indexes_of(packed: bytes) -> list[int]:
    """The log indices of the entries on the key alone."""
    tail = packed[HEAD.size :]
    return [int.from_bytes(tail[at : at + INDEX_SIZE]) for at in range(0, len(tail), INDEX_SIZE)]


def record_of(packed: bytes) -> bytes:
    """The 32-byte record of the key."""
    return packed[HEAD.size - 32 : HEAD.size]
