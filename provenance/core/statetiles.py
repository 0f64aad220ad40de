"""Tiles of the state tree, of which only what differs from an untouched batch is kept (FORMATS §6).

The geometry is that of ``tiles``: 256 hashes a tile, complete nodes only, so the ragged right edge of a
batch needs no care here. Two things differ. A *cell* that nothing has touched is not kept: every node
over untouched keys is one constant a height, and an unused batch of ten million keys has no tile at
all. And at the lowest level a batch's tiles hold *records*, not the leaf hashes made from them, so that
the next entry extends a record without reading the key's past.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from hashlib import sha256
from typing import Protocol

from provenance.core import merkle, statetree, tiles
from provenance.core.merkle import HASH_SIZE
from provenance.core.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, TileReader
from provenance.errors import InputRefused

BATCHES_TREE = 0
"""The tree over the batches; the keys of the batch at position *p* are tree *p* + 1."""

_BITMAP_SIZE = TILE_WIDTH // 8

Cells = dict[int, bytes]
"""The kept hashes (lowest level of a batch: records) of one tile, by their place 0 to 255."""


class CellReader(Protocol):
    """A function that reads from one tree."""

    def __call__(self, level: int, index: int, /) -> Mapping[int, bytes]:
        """Return the cells of a tile, empty where nothing was touched."""
        ...


def pack(cells: Mapping[int, bytes]) -> bytes:
    """Return *cells* as a 32-byte bitmap of their places, lowest bit first, and the hashes in order."""
    places = sorted(cells)
    bitmap = sum(1 << place for place in places)
    return bitmap.to_bytes(_BITMAP_SIZE, "little") + b"".join(cells[place] for place in places)


def unpack(packed: bytes) -> Cells:
    """Return the cells that ``pack`` wrote down; raises ``InputRefused`` (``tile_malformed``)."""
    bitmap = int.from_bytes(packed[:_BITMAP_SIZE], "little")
    if len(packed) != _BITMAP_SIZE + bitmap.bit_count() * HASH_SIZE:
        raise InputRefused(
            "A state tile has not as many hashes as it says: rebuild the state tree from the log.",
            code="tile_malformed",
        )
    cells: Cells = {}
    at = _BITMAP_SIZE
    while bitmap:
        lowest = bitmap & -bitmap
        cells[lowest.bit_length() - 1] = packed[at : at + HASH_SIZE]
        bitmap ^= lowest
        at += HASH_SIZE
    return cells


@cache
def untouched(height: int) -> bytes:
    """Return the node over 2^height records of untouched keys."""
    if height == 0:
        return statetree.record_leaf(statetree.EMPTY_CHAIN)
    below = untouched(height - 1)
    return merkle.node_hash(below, below)


@lru_cache(maxsize=1024)
def untouched_root(size: int) -> bytes:
    """Return the ``keys_root`` of a batch of *size* keys of which none has an entry of its own."""
    return keys_root(lambda level, index: {}, size)


def complete_root(tree: int, level: int, cells: Mapping[int, bytes]) -> bytes:
    """Return the node over a complete tile: what stands for it one level up."""
    nodes = _hashed(tree, level, cells)
    if len(nodes) == TILE_WIDTH:
        return merkle.root([nodes[place] for place in range(TILE_WIDTH)])
    for height in range(TILE_HEIGHT * level, TILE_HEIGHT * (level + 1)):
        # Only above what was touched; a batch in use has one touched key here and there. The hash is
        # spelt out as in lanes.plain, and for the same reason.
        alike, pair = untouched(height), nodes.get
        nodes = {
            place: sha256(b"\x01" + pair(2 * place, alike) + pair(2 * place + 1, alike)).digest()
            for place in {place >> 1 for place in nodes}
        }
    return nodes.get(0, untouched(TILE_HEIGHT * (level + 1)))


def edge(size: int) -> Iterator[Tile]:
    """Yield the incomplete tile of each level of a tree of *size* leaves: all that its root is made from."""
    level = 0
    while nodes := size >> (TILE_HEIGHT * level):
        if nodes % TILE_WIDTH:
            yield Tile(level, nodes // TILE_WIDTH)
        level += 1


def keys_root(read: CellReader, size: int) -> bytes:
    """Return the root over the records of a batch of *size* keys."""
    return tiles.root_at(tile_reader(read, BATCHES_TREE + 1), size)


def batches_root(read: CellReader, count: int) -> bytes:
    """Return the state root over *count* batches; raises ``InputRefused`` (``tile_malformed``)."""
    return tiles.root_at(tile_reader(read, BATCHES_TREE), count)


def tile_reader(read: CellReader, tree: int) -> TileReader:
    """Return a reader of whole tiles for ``tiles``, with what is not kept put back.

    In the tree over the batches nothing is constant: there a missing cell makes the tile too narrow,
    which ``tiles`` refuses.
    """

    def whole(level: int, index: int, width: int, /) -> bytes:
        cells = _hashed(tree, level, read(level, index))
        if tree == BATCHES_TREE:
            return b"".join(cells[place] for place in range(width) if place in cells)
        alike = untouched(TILE_HEIGHT * level)
        return b"".join([cells.get(place, alike) for place in range(width)])

    return whole


def _hashed(tree: int, level: int, cells: Mapping[int, bytes]) -> Mapping[int, bytes]:
    if level or tree == BATCHES_TREE:
        return cells
    return {place: statetree.record_leaf(record) for place, record in cells.items()}
