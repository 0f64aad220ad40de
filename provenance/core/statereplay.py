"""Replaying a log from its entries alone: what each STATE should have said (FORMATS §6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provenance.core import statetiles
from provenance.core.entries import Entry, EntryType
from provenance.core.statefold import BatchState, State, TreeTile, fold, state_of
from provenance.core.statetiles import Cells

_STEP: Final = 50_000
"""Entries folded at once: a tile touched by many of them is hashed once."""


@dataclass(frozen=True, slots=True)
class ReplayedState:
    """The STATE *entry* at log *index*, and the *state* that the entries before it add up to."""

    index: int
    entry: Entry
    state: State

    @property
    def is_right(self) -> bool:
        """Whether the entry names that state and its own index (FORMATS §5, type 49)."""
        claimed = (self.entry.subject, self.entry.number, self.entry.party)
        return claimed == (self.state.root, self.index, bytes(12) + self.state.batches.to_bytes(8))


def replay(entries: Iterable[Entry]) -> Iterator[ReplayedState]:
    """Yield every STATE among *entries*, a log from index 0, beside what the log itself adds up to.

    A STATE that is not right is proof against whoever signed the log (FORMATS §6).
    """
    replaying = Replay()
    for entry in entries:
        found = replaying.add(entry)
        if found is not None:
            yield found


class Replay:
    """A replay fed one entry at a time, for whoever follows a log as it grows."""

    __slots__ = ("_fresh", "_index", "_shelf")

    def __init__(self) -> None:
        self._shelf = MemoryShelf()
        self._fresh: list[Entry] = []
        self._index = 0

    @property
    def size(self) -> int:
        """How many entries were added: the log index of the next."""
        return self._index

    def add(self, entry: Entry) -> ReplayedState | None:
        """Add the next entry of the log; if it is a STATE, what it should have said beside it."""
        index = self._index
        self._index += 1
        if entry.type is EntryType.STATE:
            return ReplayedState(index, entry, self.state())
        self._fresh.append(entry)
        if len(self._fresh) == _STEP:
            self._fold()
        return None

    def state(self) -> State:
        """The state over all entries added so far."""
        self._fold()
        return state_of(self._shelf)

    def _fold(self) -> None:
        fold(self._shelf, self._fresh)
        self._fresh = []


class MemoryShelf:
    """A state tree in memory; tiles stay packed, some 33 bytes a touched key where keys are neighbours."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, TreeTile], bytes] = {}
        self._batches: dict[bytes, BatchState] = {}

    def tiles(self, level: int, places: Collection[TreeTile]) -> dict[TreeTile, Cells]:
        kept = self._tiles
        return {place: statetiles.unpack(kept[level, place]) for place in places if (level, place) in kept}

    def put_tiles(self, level: int, changed: Mapping[TreeTile, Cells]) -> None:
        self._tiles.update(((level, place), statetiles.pack(cells)) for place, cells in changed.items())

    def batches(self, batch_ids: Collection[bytes]) -> dict[bytes, BatchState]:
        return {one: self._batches[one] for one in batch_ids if one in self._batches}

    def put_batches(self, changed: Collection[BatchState]) -> None:
        self._batches.update((one.batch_id, one) for one in changed)

    def count(self) -> int:
        return len(self._batches)
