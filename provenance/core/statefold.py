"""Folding entries into the state tree, a few tiles at a time, and replaying a log to check its STATEs.

The service keeps its tree with ``fold``, and an auditor or a witness replays with the same function
over a shelf in memory; the tests hold both against FORMATS §6 written down word for word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from provenance.core import statetiles, statetree
from provenance.core.entries import Entry, EntryType
from provenance.core.merkle import leaf_hash
from provenance.core.statetiles import BATCHES_TREE, Cells
from provenance.core.tiles import TILE_WIDTH, Tile

TreeTile = tuple[int, int]
"""(tree, index of the tile within its level)."""

_REPLAY_STEP: Final = 10_000
"""Entries folded at once in a replay: a tile touched by many of them is hashed once."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch in the state tree; its *position* is its rank in order of COMMISSION, for ever.

    *range_chain* and *keys_root* are 32 bytes and belong to the entries folded so far.
    """

    position: int
    batch_id: bytes
    size: int
    range_chain: bytes
    keys_root: bytes

    @property
    def tree(self) -> int:
        """The number of the tree over its keys."""
        return BATCHES_TREE + 1 + self.position

    @property
    def leaf(self) -> bytes:
        """Its leaf hash in the tree over the batches."""
        return leaf_hash(statetree.batch_leaf(self.batch_id, self.range_chain, self.keys_root))


class Shelf(Protocol):
    """Where tiles and batches of one state tree are kept."""

    def tiles(self, level: int, places: Collection[TreeTile]) -> dict[TreeTile, Cells]:
        """Return the tiles asked for; one that is not there may be left out. The caller may change them."""
        ...

    def put_tiles(self, level: int, changed: Mapping[TreeTile, Cells]) -> None:
        """Keep *changed* in the place of what was there."""
        ...

    def batches(self, batch_ids: Collection[bytes]) -> dict[bytes, BatchState]:
        """Return those of *batch_ids* that have a position."""
        ...

    def put_batches(self, changed: Collection[BatchState]) -> None:
        """Keep *changed*, new ones included."""
        ...

    def count(self) -> int:
        """Return the number of batches."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """What a STATE entry says: the 32-byte *root* over *batches* batches."""

    root: bytes
    batches: int


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


def fold(shelf: Shelf, entries: Iterable[Entry]) -> None:
    """Add *entries*, the next of the log in its order, to the tree on *shelf*.

    Costs O(log n) a touched key, less where they are neighbours. Entries on keys of a batch without
    a COMMISSION before them, or outside the batch, are lawless and change nothing.
    """
    folding = _Folding(shelf, [entry for entry in entries if entry.type.is_on_keys])
    if folding.touched:
        _raise_keys(shelf, folding)
        _raise_batches(shelf, folding)


def state_of(shelf: Shelf) -> State:
    """The state that everything folded so far adds up to."""
    count = shelf.count()
    return State(_roots(shelf, {BATCHES_TREE: count})[BATCHES_TREE], count)


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
        if len(self._fresh) == _REPLAY_STEP:
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


class _Folding:
    """Entries sorted by what they touch: *singles* by tree, key and order, and the batches *touched*."""

    def __init__(self, shelf: Shelf, entries: list[Entry]) -> None:
        self.known = shelf.batches({entry.subject for entry in entries})
        self.count = shelf.count()
        self.touched: set[bytes] = set()
        self.singles: dict[TreeTile, dict[int, list[bytes]]] = defaultdict(lambda: defaultdict(list))
        self.with_singles: set[bytes] = set()
        for entry in entries:
            self._sort(entry)

    def _sort(self, entry: Entry) -> None:
        batch = self.known.get(entry.subject)
        if batch is None:
            if entry.type is not EntryType.COMMISSION:
                return
            batch = self._begin(entry)
        if entry.is_range:
            chain = statetree.extend(batch.range_chain, entry.encode())
            self.known[entry.subject] = replace(batch, range_chain=chain)
        elif entry.first < batch.size:
            tile, place = divmod(entry.first, TILE_WIDTH)
            self.singles[batch.tree, tile][place].append(entry.encode())
            self.with_singles.add(entry.subject)
        else:
            return
        self.touched.add(entry.subject)

    def _begin(self, entry: Entry) -> BatchState:
        root = statetiles.untouched_root(entry.count)
        batch = BatchState(self.count, entry.subject, entry.count, statetree.EMPTY_CHAIN, root)
        self.count += 1
        return batch


def _raise_keys(shelf: Shelf, folding: _Folding) -> None:
    """Extend the records that have new entries, and everything above them."""
    bottom = shelf.tiles(0, folding.singles.keys())
    for place, keys in folding.singles.items():
        cells = bottom.setdefault(place, {})
        for key, entries in keys.items():
            record = cells.get(key, statetree.EMPTY_CHAIN)
            for entry in entries:
                record = statetree.extend(record, entry)
            cells[key] = record
    changed = [folding.known[batch_id] for batch_id in folding.with_singles]
    sizes = {batch.tree: batch.size for batch in changed}
    _climb(shelf, sizes, bottom)
    roots = _roots(shelf, sizes)
    for batch in changed:
        folding.known[batch.batch_id] = replace(batch, keys_root=roots[batch.tree])


def _raise_batches(shelf: Shelf, folding: _Folding) -> None:
    """Write the leaves of the touched batches, and everything above them."""
    changed = [folding.known[batch_id] for batch_id in folding.touched]
    bottom = shelf.tiles(0, {(BATCHES_TREE, batch.position // TILE_WIDTH) for batch in changed})
    for batch in changed:
        tile, place = divmod(batch.position, TILE_WIDTH)
        bottom.setdefault((BATCHES_TREE, tile), {})[place] = batch.leaf
    shelf.put_batches(changed)
    _climb(shelf, {BATCHES_TREE: folding.count}, bottom)


def _climb(shelf: Shelf, sizes: Mapping[int, int], bottom: dict[TreeTile, Cells]) -> None:
    """Keep the changed tiles of the lowest level and those they change above, in trees of *sizes* leaves."""
    level, changed = 0, bottom
    while changed:
        shelf.put_tiles(level, changed)
        complete = [
            (tree, index) for tree, index in changed if Tile(level, index).width(sizes[tree]) == TILE_WIDTH
        ]
        above = shelf.tiles(level + 1, {(tree, index // TILE_WIDTH) for tree, index in complete})
        for tree, index in complete:
            tile, place = divmod(index, TILE_WIDTH)
            root = statetiles.complete_root(tree, level, changed[tree, index])
            above.setdefault((tree, tile), {})[place] = root
        level, changed = level + 1, above


def _roots(shelf: Shelf, sizes: Mapping[int, int]) -> dict[int, bytes]:
    """The roots of several trees of *sizes* leaves, their edges read together."""
    wanted: dict[int, set[TreeTile]] = defaultdict(set)
    for tree, size in sizes.items():
        for tile in statetiles.edge(size):
            wanted[tile.level].add((tree, tile.index))
    read = {level: shelf.tiles(level, places) for level, places in wanted.items()}
    roots = {}
    for tree, size in sizes.items():

        def cells(level: int, index: int, /, tree: int = tree) -> Mapping[int, bytes]:
            return read[level].get((tree, index), {})

        root_of = statetiles.batches_root if tree == BATCHES_TREE else statetiles.keys_root
        roots[tree] = root_of(cells, size)
    return roots
