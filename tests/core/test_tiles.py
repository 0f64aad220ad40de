"""Trees kept as tiles: the same roots and proofs as in memory, however they grew."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core import merkle, tiles
from provenance.core.tiles import Tile, TileRow, TreeBuilder
from provenance.errors import InputRefused

HASHES = [merkle.leaf_hash(b"leaf %d" % number) for number in range(70_000)]
SEAMS = (0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 599)
LARGE = (65_535, 65_536, 65_537, 70_000)


class Shelf:
    """A store of tiles: what a database does, as a dict, counting what is read."""

    def __init__(self, rows: Iterable[TileRow] = ()) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.reads: list[tuple[int, int]] = []
        self.put(rows)

    def put(self, rows: Iterable[TileRow]) -> None:
        for level, index, hashes in rows:
            held = self.tiles.get((level, index), b"")
            assert hashes.startswith(held) and len(hashes) > len(held), "a tile only ever grows"
            self.tiles[level, index] = hashes

    def read(self, level: int, index: int, width: int) -> bytes:
        self.reads.append((level, index))
        return self.tiles[level, index][: width * 32]


def shelf_of(size: int) -> Shelf:
    return Shelf(tiles.tiles_of(iter(HASHES[:size])))


@pytest.fixture(scope="module")
def large() -> Shelf:
    return shelf_of(70_000)


def test_a_tree_of_70_000_leaves_has_the_tiles_that_the_specification_names(large: Shelf) -> None:
    widths = {key: len(hashes) // 32 for key, hashes in large.tiles.items()}
    assert widths == {
        **{(0, index): 256 for index in range(273)},
        (0, 273): 112,
        (1, 0): 256,
        (1, 1): 17,
        (2, 0): 1,
    }


def test_a_tree_of_256_leaves_has_a_full_tile_and_one_of_width_1() -> None:
    assert {key: len(hashes) // 32 for key, hashes in shelf_of(256).tiles.items()} == {(0, 0): 256, (1, 0): 1}


def test_each_hash_of_a_tile_is_the_root_of_the_leaves_below_it(large: Shelf) -> None:
    for (level, index), hashes in large.tiles.items():
        if index not in (0, 1, 272, 273):
            continue
        for at in range(len(hashes) // 32):
            begin = (index * 256 + at) * 256**level
            assert hashes[32 * at : 32 * at + 32] == merkle.root(HASHES[begin : begin + 256**level])


def test_a_tile_knows_its_width_in_a_tree_of_any_size(large: Shelf) -> None:
    for level, index in large.tiles:
        assert Tile(level, index).width(70_000) * 32 == len(large.tiles[level, index])
    assert [Tile(0, 0).width(size) for size in (0, 1, 256, 300)] == [0, 1, 256, 256]
    assert [Tile(1, 0).width(size) for size in (255, 256, 511, 512)] == [0, 1, 1, 2]
    with pytest.raises(InputRefused):
        Tile(0, -1)


def test_the_root_from_tiles_is_the_root_in_memory_at_every_size_up_to_600() -> None:
    shelf = shelf_of(600)
    for size in range(601):
        assert tiles.root_at(shelf.read, size) == merkle.root(HASHES[:size])


@pytest.mark.parametrize("size", LARGE)
def test_the_root_from_tiles_is_the_root_in_memory_in_a_tree_three_levels_high(
    large: Shelf, size: int
) -> None:
    assert tiles.root_at(large.read, size) == merkle.root(HASHES[:size])


def test_inclusion_proofs_from_tiles_verify_at_every_index_of_every_seam() -> None:
    shelf = shelf_of(600)
    for size in SEAMS[1:]:
        root = merkle.root(HASHES[:size])
        for proof in tiles.inclusions_at(shelf.read, range(size), size):
            proof.verify(HASHES[proof.index], root)


@pytest.mark.parametrize("size", LARGE)
def test_proofs_from_a_large_tree_equal_those_made_in_memory(large: Shelf, size: int) -> None:
    for index in (0, 255, 256, 65_534, size // 2, size - 1):
        proof = tiles.inclusion_at(large.read, index, size)
        assert proof.path == merkle.inclusion_path(HASHES[:size], index)
    for old in (1, 255, 256, 300, 65_535, size):
        assert tiles.consistency_at(large.read, old, size) == merkle.consistency_path(HASHES[:size], old)


def test_consistency_proofs_from_tiles_verify_between_all_seams() -> None:
    shelf = shelf_of(600)
    for new in SEAMS[1:]:
        for old in [size for size in SEAMS[1:] if size <= new]:
            path = tiles.consistency_at(shelf.read, old, new)
            merkle.verify_consistency(old, merkle.root(HASHES[:old]), new, merkle.root(HASHES[:new]), path)


def test_one_proof_reads_a_handful_of_tiles_and_a_bulk_reads_each_tile_once(large: Shelf) -> None:
    large.reads.clear()
    tiles.inclusion_at(large.read, 12_345, 70_000)
    assert len(large.reads) <= 5
    large.reads.clear()
    made = list(tiles.inclusions_at(large.read, range(0, 70_000, 50), 70_000))
    assert len(made) == 1_400
    assert max(large.reads.count(key) for key in set(large.reads)) <= 2
    assert len(large.reads) <= len(large.tiles) + 5


def test_two_tiles_that_differ_in_the_middle_alone_are_never_taken_for_each_other() -> None:
    hashes = HASHES[:256]
    for leaves in (hashes, [*hashes[:100], HASHES[999], *hashes[101:]], hashes):
        shelf = Shelf(tiles.tiles_of(iter(leaves)))
        assert tiles.inclusion_at(shelf.read, 0, 256).path == merkle.inclusion_path(leaves, 0)


def test_a_proof_for_an_older_size_reads_the_same_tiles_narrower(large: Shelf) -> None:
    root = merkle.root(HASHES[:300])
    proof = tiles.inclusion_at(large.read, 299, 300)
    proof.verify(HASHES[299], root)


# --- growing -----------------------------------------------------------------------------------


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 1_500), max_size=6), as_blob=st.booleans())
def test_appending_in_any_chunks_is_the_same_as_building_at_once(cuts: list[int], as_blob: bool) -> None:
    shelf, size, root = Shelf(), 0, merkle.EMPTY_ROOT
    for begin, end in pairwise([0, *sorted(cuts), 1_500]):
        chunk = HASHES[begin:end]
        grown = tiles.append(shelf.read, size, b"".join(chunk) if as_blob else iter(chunk))
        shelf.put(grown.tiles)
        size, root = grown.size, grown.root
    assert shelf.tiles == shelf_of(1_500).tiles
    assert (size, root) == (1_500, merkle.root(HASHES[:1_500]))


@settings(deadline=None)
@given(chunks=st.lists(st.integers(0, 700), max_size=5))
def test_a_builder_gives_every_tile_once_and_the_root_at_any_moment(chunks: list[int]) -> None:
    builder, shelf, size = TreeBuilder(), Shelf(), 0
    for count in chunks:
        shelf.put(builder.add_many(HASHES[size : size + count]))
        size += count
        assert builder.size == size
        assert builder.root() == merkle.root(HASHES[:size])
    shelf.put(builder.finish().tiles)
    assert shelf.tiles == shelf_of(size).tiles


def test_an_append_hands_back_only_what_changed() -> None:
    shelf = shelf_of(300)
    grown = tiles.append(shelf.read, 300, HASHES[300:301])
    assert [(level, index, len(hashes) // 32) for level, index, hashes in grown.tiles] == [(0, 1, 45)]
    nothing = tiles.append(shelf.read, 300, [])
    assert (nothing.tiles, nothing.root, nothing.size) == ((), merkle.root(HASHES[:300]), 300)


def test_an_append_reads_one_partial_tile_a_level(large: Shelf) -> None:
    large.reads.clear()
    tiles.append(large.read, 70_000, HASHES[:1])
    assert large.reads == [(0, 273), (1, 1), (2, 0)]


def test_appending_one_by_one_over_a_tile_s_edge_keeps_the_tiles_right() -> None:
    shelf, size = shelf_of(250), 250
    while size < 520:
        grown = tiles.append(shelf.read, size, HASHES[size : size + 1])
        shelf.put(grown.tiles)
        size = grown.size
    assert shelf.tiles == shelf_of(520).tiles


# --- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize("crooked", [b"\x00" * 31, b"\x00" * 33, [bytes(31)], [bytes(31), bytes(33)], [b""]])
def test_a_hash_of_another_length_is_refused_and_nothing_is_added(crooked: bytes | list[bytes]) -> None:
    builder = TreeBuilder()
    builder.add_many(HASHES[:5])
    with pytest.raises(InputRefused) as caught:
        builder.add_many(crooked)
    assert caught.value.code == "hash_malformed"
    assert (builder.size, builder.root()) == (5, merkle.root(HASHES[:5]))


def test_a_tile_that_is_too_narrow_or_too_wide_is_refused_by_name() -> None:
    shelf = shelf_of(300)
    for wrong in (lambda hashes: hashes[:-1], lambda hashes: hashes + bytes(32), lambda hashes: b""):
        with pytest.raises(InputRefused) as caught:
            tiles.root_at(lambda *key, wrong=wrong: wrong(shelf.read(*key)), 300)
        assert caught.value.code == "tile_malformed"
        assert caught.value.facts == {"level": 0, "index": 1, "width": 44}


def test_positions_and_sizes_outside_the_tree_are_refused() -> None:
    shelf = shelf_of(10)
    for call in (
        lambda: tiles.inclusion_at(shelf.read, 10, 10),
        lambda: tiles.inclusion_at(shelf.read, -1, 10),
        lambda: tiles.consistency_at(shelf.read, 11, 10),
        lambda: tiles.consistency_at(shelf.read, 0, 10),
        lambda: tiles.root_at(shelf.read, -1),
        lambda: tiles.root_at(shelf.read, 2**64),
    ):
        with pytest.raises(InputRefused) as caught:
            call()
        assert caught.value.code == "tree_range"
    assert tiles.root_at(shelf.read, 0) == merkle.EMPTY_ROOT
