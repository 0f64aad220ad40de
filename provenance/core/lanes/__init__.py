"""Many hashes of a tree at once: what ``merkle`` and ``commitments`` define one by one, in bulk.

``plain`` is the reference and the fall-back. Once a process has asked for so many hashes that it pays,
``machine`` takes over, where ``llvmlite`` is installed (extra ``fast``): the same bytes, sixteen messages
at a time. A caller sees no difference but the time.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.core.lanes import plain
from provenance.core.lanes.machine import Machine, this_machine
from provenance.core.lanes.program import DIGEST
from provenance.errors import InputRefused

__all__ = ["fold", "leaf_hashes", "parents", "salted_leaves"]

WORTH_IT = 1 << 16
"""Hashes after which a process compiles: as long by hashlib as a tenth of a compilation, or more."""


class _Demand:
    """How many hashes this process was asked for: what it does depends on that, what it says does not."""

    __slots__ = ("total",)

    def __init__(self) -> None:
        self.total = 0

    def machine(self, count: int) -> Machine | None:
        self.total += count
        return this_machine() if self.total >= WORTH_IT else None


_demand = _Demand()


def parents(hashes: bytes) -> bytes:
    """Return the level above joined 32-byte *hashes*: ceil(n / 2) nodes, the last unhashed where n is odd.

    Raises ``InputRefused`` (``hash_malformed``).
    """
    if len(hashes) % DIGEST:
        raise InputRefused("Give leaf hashes of exactly 32 bytes.", code="hash_malformed")
    even = len(hashes) & -2 * DIGEST
    engine = _demand.machine(even // DIGEST // 2)
    made = (engine or plain).pairs(hashes[:even] if even < len(hashes) else hashes)
    return made + hashes[even:]


def fold(hashes: bytes, levels: int) -> bytes:
    """Return the roots of trees of 2^levels leaves each, side by side in joined 32-byte *hashes*.

    Raises ``InputRefused`` (``hash_malformed``) where a tree is not full.
    """
    if len(hashes) % (DIGEST << levels):
        raise InputRefused("Give leaf hashes of exactly 32 bytes.", code="hash_malformed")
    engine = _demand.machine(len(hashes) // DIGEST)
    return (engine or plain).fold(hashes, levels)


def leaf_hashes(messages: Sequence[bytes]) -> bytes:
    """Return ``H(0x00 ‖ message)`` of each message, 32 bytes each, joined (RFC 9162 §2.1.1)."""
    return _by_length(b"", 0, messages)


def salted_leaves(salts: bytes, identities: Sequence[bytes]) -> bytes:
    """Return ``H(0x00 ‖ salt_i ‖ identity_i)``, the salts 16 bytes each and joined, as is the answer.

    Raises ``InputRefused`` (``salt_malformed``).
    """
    if len(salts) != 16 * len(identities):
        raise InputRefused("Give a salt of exactly 16 bytes.", code="salt_malformed")
    return _by_length(salts, 16, identities)


def _by_length(heads: bytes, head: int, messages: Sequence[bytes]) -> bytes:
    """Hash messages of one length together, each after its piece of *heads*; keep the order."""
    lengths = list(map(len, messages))
    if len(set(lengths)) == 1:
        return _equal(heads, head, b"".join(messages), lengths[0], len(lengths))
    places: dict[int, list[int]] = {}
    for place, length in enumerate(lengths):
        places.setdefault(length, []).append(place)
    found = [b""] * len(lengths)
    for length, some in places.items():
        begun = b"".join([heads[head * place : head * place + head] for place in some])
        made = _equal(begun, head, b"".join([messages[place] for place in some]), length, len(some))
        for at, place in enumerate(some):
            found[place] = made[DIGEST * at : DIGEST * at + DIGEST]
    return b"".join(found)


def _equal(heads: bytes, head: int, bodies: bytes, size: int, count: int) -> bytes:
    engine = _demand.machine(count)
    return (engine or plain).leaves(heads, head, bodies, size, count)
