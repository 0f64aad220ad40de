"""Merkle trees kept as tiles of 256 hashes, so that a proof reads a handful of rows.

The geometry is that of C2SP tlog-tiles: hash *i* of tile *n* at level *l* is the Merkle Tree Hash of
the 256^l leaves from (256 n + i) · 256^l on, and only complete ones are kept. A tile changes only by
growing, so a narrower version of it is a prefix of the wider. Nothing here does I/O: a store passes a
``TileReader`` in and is handed the tiles to write. Names and bundles on the wire are in ``tilepaths``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from provenance.core import lanes
from provenance.core.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    MAX_SIZE,
    InclusionProof,
    consistency_ranges,
    root_of_joined,
)
from provenance.core.tilenodes import TILE_HEIGHT as TILE_HEIGHT
from provenance.core.tilenodes import Nodes, read_tile
from provenance.core.tilenodes import Tile as Tile
from provenance.core.tilenodes import TileReader as TileReader
from provenance.core.tilenodes import path_tiles as path_tiles
from provenance.core.tilepaths import TILE_WIDTH as TILE_WIDTH
from provenance.core.tilepaths import TilePath as TilePath
from provenance.core.tilepaths import decode_bundle as decode_bundle
from provenance.core.tilepaths import encode_bundle as encode_bundle
from provenance.core.tilepaths import entries_path as entries_path
from provenance.core.tilepaths import parse_tile_path as parse_tile_path
from provenance.core.tilepaths import tile_path as tile_path
from provenance.errors import InputRefused

TILE_BYTES = TILE_WIDTH * HASH_SIZE
TileRow = tuple[int, int, bytes]
"""(level, index, width · 32 bytes of hashes), as a store keeps it."""


@dataclass(frozen=True, slots=True)
class Appended:
    """The *tiles* to write (a wider one replaces its prefix), and the *root* and *size* they lead to."""

    tiles: tuple[TileRow, ...]
    root: bytes
    size: int


@dataclass(slots=True)
class _Edge:
    """The unfinished tile of one level, and how many of its hashes the store already has."""

    index: int
    stored: int
    hashes: bytearray


class TreeBuilder:
    """Grows a tree, holding one unfinished tile a level and nothing else."""

    __slots__ = ("_edges", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._edges: list[_Edge] = []

    @classmethod
    def resume(cls, read: TileReader, size: int) -> TreeBuilder:
        """Continue a stored tree of *size* leaves; reads its partial tile of each level.

        Raises ``InputRefused`` (``tree_range``, ``tile_malformed``).
        """
        _require_size(size)
        builder = cls()
        builder._size = size
        level = 0
        while nodes := size >> (TILE_HEIGHT * level):
            index, width = divmod(nodes, TILE_WIDTH)
            hashes = read_tile(read, level, index, width) if width else b""
            builder._edges.append(_Edge(index, width, bytearray(hashes)))
            level += 1
        return builder

    @property
    def size(self) -> int:
        """Number of leaves so far."""
        return self._size

    def add_many(self, leaf_hashes: bytes | Iterable[bytes]) -> list[TileRow]:
        """Append 32-byte leaf hashes, as items or as one joined blob; return the tiles this completed.

        Raises ``InputRefused`` (``hash_malformed``, ``tree_range``), and then nothing was added.
        """
        blob = leaf_hashes if isinstance(leaf_hashes, bytes) else _joined(leaf_hashes)
        if len(blob) % HASH_SIZE:
            raise InputRefused("Give leaf hashes of exactly 32 bytes.", code="hash_malformed")
        _require_size(self._size + len(blob) // HASH_SIZE)
        completed: list[TileRow] = []
        self._push(0, blob, completed)
        self._size += len(blob) // HASH_SIZE
        return completed

    def finish(self) -> Appended:
        """Return the partial tiles not stored yet, the root and the size; more leaves may follow."""
        partial = tuple(
            (level, edge.index, bytes(edge.hashes))
            for level, edge in enumerate(self._edges)
            if len(edge.hashes) > edge.stored * HASH_SIZE
        )
        return Appended(partial, self.root(), self._size)

    def root(self) -> bytes:
        """Return the 32-byte root over all leaves so far."""
        # Whatever is left over below a level is smaller than one of its nodes, so it hashes in as one
        # more node on the right: the RFC's split, a tile at a time.
        rest = b""
        for edge in self._edges:
            nodes = bytes(edge.hashes) + rest
            rest = root_of_joined(nodes) if nodes else b""
        return rest or EMPTY_ROOT

    def _push(self, level: int, hashes: bytes, completed: list[TileRow]) -> None:
        """Put *hashes* on the unfinished tile of *level*; every tile that is full moves up as one hash."""
        if not hashes:
            return
        if level == len(self._edges):
            self._edges.append(_Edge(0, 0, bytearray()))
        edge = self._edges[level]
        edge.hashes += hashes
        count = len(edge.hashes) // TILE_BYTES
        if not count:
            return
        full = bytes(edge.hashes[: count * TILE_BYTES])
        self._edges[level] = _Edge(edge.index + count, 0, edge.hashes[count * TILE_BYTES :])
        completed += [
            (level, edge.index + at, full[at * TILE_BYTES : (at + 1) * TILE_BYTES]) for at in range(count)
        ]
        # All of them together: many tiles fill the lanes that one leaves empty near its top.
        self._push(level + 1, lanes.fold(full, TILE_HEIGHT), completed)


def tiles_of(leaf_hashes: Iterable[bytes]) -> Iterator[TileRow]:
    """Yield every tile of the tree over 32-byte leaf hashes, the partial ones last, in flat memory.

    For the root as well use ``TreeBuilder``. Raises ``InputRefused`` (``hash_malformed``).
    """
    builder = TreeBuilder()
    stream = iter(leaf_hashes)
    while chunk := list(islice(stream, TILE_WIDTH)):
        yield from builder.add_many(chunk)
    yield from builder.finish().tiles


def append(read: TileReader, size: int, new_leaf_hashes: bytes | Iterable[bytes]) -> Appended:
    """Append leaves to a stored tree of *size* leaves; return the tiles that changed and the new head.

    Raises ``InputRefused`` (``hash_malformed``, ``tree_range``, ``tile_malformed``).
    """
    builder = TreeBuilder.resume(read, size)
    completed = builder.add_many(new_leaf_hashes)
    head = builder.finish()
    return Appended((*completed, *head.tiles), head.root, head.size)


def root_at(read: TileReader, size: int) -> bytes:
    """Return the 32-byte root of the first *size* leaves of a stored tree; raises ``InputRefused``."""
    return TreeBuilder.resume(read, size).root()


def inclusion_at(read: TileReader, index: int, size: int) -> InclusionProof:
    """Return the proof for leaf *index* of the first *size* leaves; raises as ``inclusions_at``."""
    return InclusionProof(index, size, Nodes(read, size).path(index))


def inclusions_at(read: TileReader, indexes: Iterable[int], size: int) -> Iterator[InclusionProof]:
    """Yield the proof for each of *indexes* in turn (RFC 9162 §2.1.3); ascending ones read a tile once.

    Raises ``InputRefused`` (``tree_range``, ``tile_malformed``).
    """
    nodes = Nodes(read, size)
    for index in indexes:
        yield InclusionProof(index, size, nodes.path(index))


def consistency_at(read: TileReader, old: int, new: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of *new* leaves extends that of *old* (RFC 9162 §2.1.4).

    Raises ``InputRefused`` (``tree_range``, ``tile_malformed``).
    """
    nodes = Nodes(read, new)
    return tuple(nodes.over(item) for item in consistency_ranges(old, new))


def _joined(leaf_hashes: Iterable[bytes]) -> bytes:
    hashes = list(leaf_hashes)
    if any(len(item) != HASH_SIZE for item in hashes):  # else two wrong lengths could add up to a right one
        raise InputRefused("Give leaf hashes of exactly 32 bytes.", code="hash_malformed")
    return b"".join(hashes)


def _require_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise InputRefused("A tree has 0 to 2^64 - 1 leaves.", code="tree_range")
