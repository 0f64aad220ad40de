"""The tree over the records of one batch as it grows, for whoever follows a log (FORMATS §6).

Equal in every root to :mod:`provenance.core.statetree` and :mod:`provenance.core.statefold`; here a root
costs the hashes above the keys touched since the last one, and nothing else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256

from provenance.core import statetree
from provenance.core.merkle import node_hash


@cache
def untouched(height: int) -> bytes:
    """The node over 2^height records of keys without entries of their own."""
    if height == 0:
        return statetree.record_leaf(statetree.EMPTY_CHAIN)
    return node_hash(untouched(height - 1), untouched(height - 1))


class RecordTree:
    """The records of a batch of *size* keys; *record* gives the 32-byte record of a touched key.

    Only complete nodes above touched keys are kept, none of the lowest level: some 150 bytes a key
    where keys are neighbours.
    """

    __slots__ = ("_dirty", "_nodes", "_record", "_root", "size")

    def __init__(self, size: int, record: Callable[[int], bytes | None]) -> None:
        self.size = size
        self._record = record
        self._nodes: list[dict[int, bytes]] = [{} for _ in range(size.bit_length())]
        self._dirty: set[int] = set()
        self._root: bytes | None = None

    def touch(self, key: int) -> None:
        """Say that the record of *key* changed."""
        self._dirty.add(key)

    def root(self) -> bytes:
        """The ``keys_root`` over all records now."""
        if self._root is None or self._dirty:
            self._climb()
            self._root = self._fold()
        return self._root

    def _climb(self) -> None:
        changed = {key >> 1 for key in self._dirty if key | 1 < self.size}
        self._dirty = set()
        if not changed:
            return
        nodes, leaf = self._nodes[1], self._leaf
        for place in changed:
            nodes[place] = sha256(b"\x01" + leaf(2 * place) + leaf(2 * place + 1)).digest()
        for level in range(2, len(self._nodes)):
            below, nodes, alike = nodes, self._nodes[level], untouched(level - 1)
            changed = {place >> 1 for place in changed}
            changed.discard(self.size >> level)  # the ragged edge is folded, not kept
            get = below.get
            for place in changed:
                left = 2 * place
                pair = b"\x01" + get(left, alike) + get(left + 1, alike)
                nodes[place] = sha256(pair).digest()

    def _fold(self) -> bytes:
        """The complete subtrees, one for each bit of the size, joined from the smallest."""
        joined: bytes | None = None
        for level in range(self.size.bit_length()):
            if not self.size >> level & 1:
                continue
            place = (self.size >> level) - 1
            peak = self._nodes[level].get(place, untouched(level)) if level else self._leaf(place)
            joined = peak if joined is None else node_hash(peak, joined)
        if joined is None:
            raise ValueError("a batch has at least one key")
        return joined

    def _leaf(self, key: int) -> bytes:
        record = self._record(key)
        return untouched(0) if record is None else sha256(b"\x00" + record).digest()
