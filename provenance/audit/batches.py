"""One batch under replay: its stretches of untouched keys, its touched keys, its trees.

Untouched keys of a stretch have had the same range entries, so one custody stands for all of them: ten
million keys handed over cost as much as one. A key with an entry of its own is kept by itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

from provenance.audit.keystate import record_of
from provenance.audit.trees import RecordTree
from provenance.core import statetree
from provenance.core.entries import Entry
from provenance.core.lives import BatchFacts, KeyCustody
from provenance.core.merkle import leaf_hash


class BatchBook:
    """What a replay knows of the batch with *facts*, from its COMMISSION on.

    *size* is what the COMMISSION says, which is what the state tree counts. ``is_assumed``: no manifest
    was served, so how often its keys may be sold is a guess.
    """

    __slots__ = ("_stretches", "facts", "is_assumed", "keys", "range_chain", "ranges", "starts", "tree")

    def __init__(self, facts: BatchFacts, size: int, *, is_assumed: bool) -> None:
        self.facts = facts
        self.is_assumed = is_assumed
        self.keys: dict[int, bytes] = {}
        """What is kept of each touched key, see :mod:`provenance.audit.keystate`."""
        self.ranges: list[tuple[int, Entry]] = []
        """The range entries with their log indices."""
        self.range_chain = statetree.EMPTY_CHAIN
        self.tree = RecordTree(size, self._record)
        self.starts = [0]
        self._stretches = [KeyCustody(facts, 0)]

    def untouched(self, key: int) -> KeyCustody:
        """The custody of *key* after the range entries alone."""
        return replace(self._stretches[bisect_right(self.starts, key) - 1], index=key)

    def split(self, first: int, end: int) -> Iterator[tuple[int, KeyCustody]]:
        """Yield position and custody of every stretch from key *first* to *end*, cut to fit these."""
        self._cut(first)
        self._cut(end)
        for position in range(bisect_right(self.starts, first) - 1, len(self.starts)):
            if self.starts[position] >= end:
                return
            yield position, self._stretches[position]

    def put(self, position: int, custody: KeyCustody) -> None:
        """Let *custody* stand for the stretch at *position*."""
        self._stretches[position] = custody

    def touched(self, first: int, end: int) -> list[int]:
        """The touched keys from *first* to *end*."""
        if end - first < len(self.keys):
            return [key for key in range(first, end) if key in self.keys]
        return sorted(key for key in self.keys if first <= key < end)

    def assume(self, facts: BatchFacts) -> None:
        """Judge by other *facts* from here on; only where no manifest was served."""
        self.facts = facts
        self._stretches = [replace(custody, batch=facts) for custody in self._stretches]

    def leaf(self) -> bytes:
        """The batch's leaf hash in the state tree now."""
        return leaf_hash(statetree.batch_leaf(self.facts.batch_id, self.range_chain, self.tree.root()))

    def _record(self, key: int) -> bytes | None:
        packed = self.keys.get(key)
        return None if packed is None else record_of(packed)

    def _cut(self, key: int) -> None:
        position = bisect_right(self.starts, key) - 1
        if self.starts[position] == key or key >= self.facts.size:
            return
        self.starts.insert(position + 1, key)
        self._stretches.insert(position + 1, replace(self._stretches[position], index=key))
