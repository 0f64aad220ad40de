"""The nodes of a stored tree, read out of its tiles: what every proof from tiles is made of."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from provenance.core import lanes
from provenance.core.merkle import HASH_SIZE, Range, node_hash
from provenance.core.tilepaths import TILE_WIDTH
from provenance.errors import InputRefused

TILE_HEIGHT = 8
_KEPT_TILES = 512
"""Unfolded tiles a process keeps, 16 kB each: what is near the top of a tree is asked for time and again."""
_CACHED_TILES = 64
"""Unfolded tiles kept while many proofs are made, some 40 kB each: more than one path ever touches."""


class TileReader(Protocol):
    """A function that reads from one stored tree."""

    def __call__(self, level: int, index: int, width: int, /) -> bytes:
        """Return the first *width* hashes (1 to 256) of a tile, width · 32 bytes.

        The stored tile may have grown wider meanwhile; its prefix is what is asked for.
        """
        ...


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Which tile of a tree: its *level* from the leaves up, and its *index* within the level."""

    level: int
    index: int

    def __post_init__(self) -> None:
        if self.level < 0 or self.index < 0:
            raise InputRefused("A tile has a level and an index of 0 or more.", code="tree_range")

    def width(self, size: int) -> int:
        """Return how many hashes this tile has in a tree of *size* leaves: 0 (absent) to 256."""
        return _width(self.level, self.index, size)


Place = tuple[int, int]
"""A tile's level and index, where a value of its own for each would cost a path more than its hashing."""


class Nodes:
    """Any node of a stored tree, from its tiles, each unfolded at most once while it is remembered."""

    def __init__(self, read: TileReader, size: int) -> None:
        self._read = read
        self._size = size
        self._unfolded: OrderedDict[Place, list[bytes]] = OrderedDict()
        self._edge: dict[Range, bytes] = {}

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the siblings of leaf *index*, those of ``inclusion_ranges``, with one look a tile."""
        size = self._size
        if not 0 <= index < size:
            raise InputRefused("Ask for an index below the size of the tree.", code="tree_range")
        # Below that height the tree around the leaf is complete, but for the last sibling, which may end
        # at the edge; above it, every sibling is complete and stands on the left.
        inner = (index ^ (size - 1)).bit_length()
        found: list[bytes] = []
        rows: list[bytes] = []
        for height in range(index.bit_length() if index >> inner else inner):
            position = index >> height
            if height % TILE_HEIGHT == 0:
                rows = self._tile((height // TILE_HEIGHT, position // TILE_WIDTH))
            if height < inner:
                position ^= 1
                end = (position + 1) << height
                if end > size:
                    found.append(self._edge_node((position << height, size)))
                    continue
            elif position & 1:
                position -= 1
            else:
                continue
            inside = height % TILE_HEIGHT
            at = position % (TILE_WIDTH >> inside) * HASH_SIZE
            found.append(rows[inside][at : at + HASH_SIZE])
        return tuple(found)

    def _edge_node(self, leaves: Range) -> bytes:
        if leaves not in self._edge:
            self._edge[leaves] = self.over(leaves)
        return self._edge[leaves]

    def over(self, leaves: Range) -> bytes:
        """Return the hash of the node over a leaf range of the tree, complete or at its right edge."""
        begin, end = leaves
        parts = []
        while begin < end:
            height = (end - begin).bit_length() - 1
            parts.append(self._complete(height, begin >> height))
            begin += 1 << height
        return parts[0] if len(parts) == 1 else _joined(*parts)

    def _complete(self, height: int, position: int) -> bytes:
        """Return the node over the leaves from position · 2^height to (position + 1) · 2^height."""
        level, inside = divmod(height, TILE_HEIGHT)
        index, offset = divmod(position, TILE_WIDTH >> inside)
        return self._tile((level, index))[inside][offset * HASH_SIZE : (offset + 1) * HASH_SIZE]

    def _tile(self, place: Place) -> list[bytes]:
        """Return the rows of a tile, each joined: its hashes, then the nodes 1 to 7 rows above them.

        The last node of a row may be incomplete; ``over`` asks for complete ones only.
        """
        rows = self._unfolded.get(place)
        if rows is not None:
            self._unfolded.move_to_end(place)
            return rows
        rows = _unfolded(read_tile(self._read, *place, _width(*place, self._size)))
        self._unfolded[place] = rows
        if len(self._unfolded) > _CACHED_TILES:
            self._unfolded.popitem(last=False)
        return rows


def _unfolded(hashes: bytes) -> list[bytes]:
    """Return the rows of a tile. Kept by what the tile holds, so that no stale one can be met."""
    # To compare 8 kB with what was kept takes a tenth of hashing them for a dictionary.
    key = (len(hashes), hashes[:HASH_SIZE], hashes[-HASH_SIZE:])
    kept = _kept.get(key)
    if kept is not None and kept[0] == hashes:
        return kept
    rows = [hashes]
    for _ in range(1, TILE_HEIGHT):
        rows.append(lanes.parents(rows[-1]))
    if len(_kept) >= _KEPT_TILES:
        _kept.clear()
    _kept[key] = rows
    return rows


_kept: dict[tuple[int, bytes, bytes], list[bytes]] = {}


@lru_cache(maxsize=_KEPT_TILES)
def _joined(*parts: bytes) -> bytes:
    """Return the node over complete ones, each smaller than the one before: the right edge of a tree."""
    node = parts[-1]
    for part in parts[-2::-1]:
        node = node_hash(part, node)
    return node


def path_tiles(index: int, size: int) -> list[Place]:
    """Return the tiles that a proof for leaf *index* reads: its own of each level, and those at the edge."""
    found: list[Place] = []
    level = 0
    while nodes := size >> (TILE_HEIGHT * level):
        own, edge = (level, index >> TILE_HEIGHT * (level + 1)), (level, (nodes - 1) >> TILE_HEIGHT)
        if _width(*own, size):
            found.append(own)
        if edge != own:
            found.append(edge)
        level += 1
    return found


def _width(level: int, index: int, size: int) -> int:
    """Return how many hashes a tile has in a tree of *size* leaves: 0 (absent) to 256."""
    nodes = (size >> (TILE_HEIGHT * level)) - TILE_WIDTH * index
    return max(0, min(TILE_WIDTH, nodes))


def read_tile(read: TileReader, level: int, index: int, width: int) -> bytes:
    hashes = read(level, index, width)
    if len(hashes) != width * HASH_SIZE:
        raise InputRefused(
            "A tile does not have the width that the tree's size demands: restore it from a copy of the log.",
            code="tile_malformed",
            level=level,
            index=index,
            width=width,
        )
    return hashes
