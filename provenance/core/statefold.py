"""Folding entries into the state tree, a few tiles at a time, wherever its tiles are kept (FORMATS §6).

What is on a shelf is believed only as far as it hangs together: a tile that was lost would pass for
untouched keys, and the STATE signed over it would be a lie about all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from provenance.core import statetiles, statetree
from provenance.core.entries import Entry, EntryType
from provenance.core.merkle import leaf_hash
from provenance.core.statetiles import BATCHES_TREE, Cells
from provenance.core.tiles import TILE_WIDTH, Tile
from provenance.errors import InputRefused

TreeTile = tuple[int, int]
"""(tree, index of the tile within its level)."""


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


def fold(shelf: Shelf, entries: Iterable[Entry]) -> None:
    """Add *entries*, the next of the log in its order, to the tree on *shelf*.

    Costs O(log n) a touched key, less where they are neighbours. Entries on keys of a batch without
    a COMMISSION before them, or outside the batch, are lawless and change nothing. Raises
    ``InputRefused`` (``tile_malformed``) where what is on the shelf does not hang together; the tree is
    then not to be used.
    """
    folding = _Folding(shelf, [entry for entry in entries if entry.type.is_on_keys])
    if folding.touched:
        _raise_keys(shelf, folding)
        _raise_batches(shelf, folding)


def state_of(shelf: Shelf) -> State:
    """The state that everything folded so far adds up to."""
    count = shelf.count()
    return State(_roots(shelf, {BATCHES_TREE: count})[BATCHES_TREE], count)


class _Folding:
    """Entries sorted by what they touch: *singles* by tree, key and order, and the batches *touched*."""

    def __init__(self, shelf: Shelf, entries: list[Entry]) -> None:
        self.known = shelf.batches({entry.subject for entry in entries})
        self.leaves_before = {batch.batch_id: batch.leaf for batch in self.known.values()}
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
    changed = [folding.known[batch_id] for batch_id in folding.with_singles]
    sizes = {batch.tree: batch.size for batch in changed}
    before = _roots(shelf, sizes)
    if any(before[batch.tree] != batch.keys_root for batch in changed):
        raise _damaged()
    bottom = _Change(shelf.tiles(0, folding.singles.keys()))
    for place, keys in folding.singles.items():
        cells = bottom.tiles.setdefault(place, {})
        for key, entries in keys.items():
            record = cells.get(key, statetree.EMPTY_CHAIN)
            for entry in entries:
                record = statetree.extend(record, entry)
            cells[key] = record
    _climb(shelf, sizes, bottom)
    roots = _roots(shelf, sizes)
    for batch in changed:
        folding.known[batch.batch_id] = replace(batch, keys_root=roots[batch.tree])


def _raise_batches(shelf: Shelf, folding: _Folding) -> None:
    """Write the leaves of the touched batches, and everything above them."""
    changed = [folding.known[batch_id] for batch_id in folding.touched]
    bottom = _Change(shelf.tiles(0, {(BATCHES_TREE, batch.position // TILE_WIDTH) for batch in changed}))
    for batch in changed:
        tile, place = divmod(batch.position, TILE_WIDTH)
        cells = bottom.tiles.setdefault((BATCHES_TREE, tile), {})
        if cells.get(place) != folding.leaves_before.get(batch.batch_id):
            raise _damaged()
        cells[place] = batch.leaf
    shelf.put_batches(changed)
    _climb(shelf, {BATCHES_TREE: folding.count}, bottom)


class _Change:
    """Tiles of one level to be changed, and as they were."""

    def __init__(self, tiles: dict[TreeTile, Cells]) -> None:
        self.tiles = tiles
        self.before = {place: dict(cells) for place, cells in tiles.items()}


def _climb(shelf: Shelf, sizes: Mapping[int, int], change: _Change) -> None:
    """Keep the changed tiles of the lowest level and those they change above, in trees of *sizes* leaves."""
    level = 0
    while change.tiles:
        shelf.put_tiles(level, change.tiles)
        complete = [
            (tree, index)
            for tree, index in change.tiles
            if Tile(level, index).width(sizes[tree]) == TILE_WIDTH
        ]
        above = _Change(shelf.tiles(level + 1, {(tree, index // TILE_WIDTH) for tree, index in complete}))
        for tree, index in complete:
            tile, place = divmod(index, TILE_WIDTH)
            cells = above.tiles.setdefault((tree, tile), {})
            _require_child(tree, level, change.before.get((tree, index), {}), cells.get(place))
            cells[place] = statetiles.complete_root(tree, level, change.tiles[tree, index])
        level, change = level + 1, above


def _require_child(tree: int, level: int, cells: Cells, node: bytes | None) -> None:
    """A tile as it was is what the one above it says: a lost one must not pass for an untouched one."""
    if tree == BATCHES_TREE and (node is None or len(cells) < TILE_WIDTH):
        is_whole = node is None and len(cells) < TILE_WIDTH  # it becomes complete only now
    elif node is None:
        is_whole = not cells
    else:
        is_whole = statetiles.complete_root(tree, level, cells) == node
    if not is_whole:
        raise _damaged()


def _damaged() -> InputRefused:
    return InputRefused(
        "A tile of the state tree is not what the one above it says: rebuild the state tree from the log.",
        code="tile_malformed",
    )


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
