"""A whole log, entry by entry from index 0: its tree, the life of every key, every STATE (FORMATS §5, §6).

Fed with bundles as they come; what it keeps grows with the keys that were touched, not with the size of
their batches. Findings are noted and the replay goes on: what the law refuses changes nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.audit.findings import Findings
from provenance.audit.keylaw import EntryAt, KeyLaw, Manifests
from provenance.audit.otherlaw import OtherLaw
from provenance.audit.parties import PartyBook
from provenance.core import lanes, merkle
from provenance.core.entries import ENTRY_SIZE, ENTRY_VERSION, Entry, EntryType
from provenance.core.merkle import HASH_SIZE
from provenance.core.tiles import Tile, TileRow, TreeBuilder
from provenance.errors import InputRefused

_FIELDS: Final = struct.Struct(">BBHQ32sII20s20s32s")
_QUICK: Final = frozenset({int(EntryType.SELL), int(EntryType.DELIVER), int(EntryType.REDEEM)})

BlockOf = Callable[[bytes], "tuple[int, int] | None"]
"""Number and time (unix seconds) of a block by its hash; ``None`` where no node knows it."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """The log just after a STATE, where it may be anchored: its root, and its newest entry by time.

    *newest* is time (ms) and log index, over everything since the milestone before.
    """

    size: int
    root: bytes
    newest: tuple[int, int]


@dataclass(slots=True)
class Counts:
    """How much was replayed."""

    entries: int = 0
    states: int = 0


class Replay:
    """Feeds on entries in log order; *findings* says what was wrong with them.

    *entry_at* gives back any entry fed before, for lives that are not plain. Without *block_of* the
    blocks of BEACONs stay unchecked. *watch* are sizes whose root is wanted; see ``roots``.
    """

    def __init__(
        self,
        findings: Findings,
        *,
        manifests: Manifests,
        entry_at: EntryAt,
        block_of: BlockOf | None = None,
        watch: Sequence[int] = (),
    ) -> None:
        self.findings = findings
        self.parties = PartyBook()
        self.keys = KeyLaw(self.parties, findings, manifests, entry_at)
        self.others = OtherLaw(self.parties, findings, entry_at, block_of)
        self.counts = Counts()
        self.milestones: list[Milestone] = []
        self.roots: dict[int, bytes] = {}
        """The log's root at each watched size that was reached."""
        self._watch = set(watch)
        self._tree = TreeBuilder()
        self._leaves: dict[bytes, bytes] = {}
        self._newest = (0, 0)
        self._edges: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """How many entries were fed: the log index of the next."""
        return self._tree.size

    def root(self) -> bytes:
        """The log's root over everything fed."""
        return self._tree.root()

    def watch(self, size: int) -> None:
        """Ask for the root at *size*, which is not passed yet."""
        self._watch.add(size)

    def add(self, entries: Sequence[bytes]) -> list[TileRow]:
        """Feed the next entries; return the tiles of the log that they completed."""
        start = self._tree.size
        leaves = lanes.leaf_hashes(entries)
        added = 0
        completed: list[TileRow] = []
        for offset, raw in enumerate(entries):
            at = HASH_SIZE * offset
            after_state = self._take(start + offset, raw, leaves[at : at + HASH_SIZE])
            if after_state or start + offset + 1 in self._watch:
                completed += self._tree.add_many(leaves[added : at + HASH_SIZE])
                added = at + HASH_SIZE
                self._note(after_state)
        completed += self._tree.add_many(leaves[added:])
        self.counts.entries += len(entries)
        return completed

    def partial_tiles(self) -> tuple[TileRow, ...]:
        """The unfinished tile of each level that has one."""
        self._keep_edges()
        return tuple((level, index, hashes) for (level, index), hashes in self._edges.items())

    def state_root(self) -> bytes:
        """The state root over everything fed (FORMATS §6)."""
        batches = self.keys.batches
        # In order of COMMISSION: a batch keeps the place in which it was first put down.
        fresh = batches if len(batches) > len(self._leaves) else self.keys.changed
        for batch_id in fresh:
            self._leaves[batch_id] = batches[batch_id].leaf()
        self.keys.changed.clear()
        return merkle.root(list(self._leaves.values()))

    def told(self) -> dict[str, Any]:
        """Everything but the batches, as JSON; :meth:`restore` reads it."""
        self._keep_edges()
        return {
            "size": self._tree.size,
            "edges": [[level, index, hashes.hex()] for (level, index), hashes in self._edges.items()],
            "parties": [[index, entry.encode().hex()] for index, entry in self.parties.entries],
            "refused": sorted(self.keys.refused),
            "findings": [finding.to_json() for finding in self.findings.found],
            "left_off": self.findings.left_off,
            "milestones": [[mark.size, mark.root.hex(), *mark.newest] for mark in self.milestones],
            "newest": list(self._newest),
            "counts": [self.counts.entries, self.counts.states],
            "others": self.others.told(),
        }

    def restore(self, told: dict[str, Any]) -> None:
        """Bring a fresh replay to where :meth:`told` was called; its batches come after."""
        self._edges = {(level, index): bytes.fromhex(text) for level, index, text in told["edges"]}
        self._tree = TreeBuilder.resume(
            lambda level, index, width, /: self._edges.get((level, index), b""), told["size"]
        )
        for index, raw in told["parties"]:
            self.parties.add(index, Entry.decode(bytes.fromhex(raw)))
        self.keys.refused.update(told["refused"])
        self.findings.restore(told["findings"], told["left_off"])
        self.milestones = [
            Milestone(size, bytes.fromhex(root), (time, index))
            for size, root, time, index in told["milestones"]
        ]
        self.roots = {mark.size: mark.root for mark in self.milestones}
        self._newest = (told["newest"][0], told["newest"][1])
        self.counts.entries, self.counts.states = told["counts"]
        self.others.restore(told["others"])

    def _keep_edges(self) -> None:
        """Remember the unfinished tile of each level: the builder gives out only those that grew."""
        size = self._tree.size
        grown = {(level, index): hashes for level, index, hashes in self._tree.finish().tiles}
        known = {**self._edges, **grown}
        self._edges = {
            (level, index): hashes
            for (level, index), hashes in known.items()
            if len(hashes) == HASH_SIZE * Tile(level, index).width(size)
        }

    def _take(self, index: int, raw: bytes, leaf: bytes) -> bool:
        """Take one entry; whether it is a STATE."""
        if len(raw) != ENTRY_SIZE:
            self.findings.add("entry_malformed", f"an entry has {ENTRY_SIZE} bytes, not {len(raw)}", index)
            return False
        version, kind, _, time, subject, first, count, actor, party, _ = _FIELDS.unpack(raw)
        if time > self._newest[0]:
            self._newest = (time, index)
        if time < self.others.floor:
            self.others.say_too_early(index, time)
        is_quick = kind in _QUICK and count == 1 and version == ENTRY_VERSION
        if is_quick and self.keys.quick(index, kind, time, subject, first, actor, party, leaf):
            self.others.news(index)
            return False
        try:
            entry = Entry.decode(raw)
        except InputRefused as error:
            self.findings.add(error.code, error.message, index)
            return False
        self._judge(index, entry)
        return entry.type is EntryType.STATE

    def _judge(self, index: int, entry: Entry) -> None:
        if entry.type.is_on_keys:
            self.keys.take(index, entry)
            self.others.news(index)
        elif entry.type is EntryType.STATE:
            self.counts.states += 1
            self.others.take_state(index, entry, self.state_root(), len(self.keys.batches))
        else:
            self.others.take(index, entry)

    def _note(self, after_state: bool) -> None:
        size = self._tree.size
        if size in self._watch or after_state:
            root = self._tree.root()
            self.roots[size] = root
            if after_state:
                self.milestones.append(Milestone(size, root, self._newest))
                self._newest = (0, 0)
