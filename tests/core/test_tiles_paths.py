"""Names of tiles and bundles of entries, as C2SP tlog-tiles writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import tiles
from provenance.core.tilepaths import TilePath
from provenance.errors import InputRefused


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 1_234, 5, "tile/0/x001/234.p/5"),
        (1, 999, 255, "tile/1/999.p/255"),
        (2, 1_000, 1, "tile/2/x001/000.p/1"),
        (7, 0, 255, "tile/7/000.p/255"),
        (None, 273, 112, "tile/entries/273.p/112"),
        (None, 1_234_067, 256, "tile/entries/x001/x234/067"),
    ],
)
def test_paths_are_written_and_read_as_the_specification_shows(
    level: int | None, index: int, width: int, path: str
) -> None:
    made = tiles.entries_path(index, width) if level is None else tiles.tile_path(level, index, width)
    assert made == path
    assert tiles.parse_tile_path(path) == TilePath(level, index, width)


@given(
    level=st.none() | st.integers(0, 7),
    place=st.integers(0, 2**55),
    width=st.integers(1, 256),
)
def test_every_path_that_is_written_reads_back(level: int | None, place: int, width: int) -> None:
    named = TilePath(level, place >> (8 * (level or 0)), min(width, 255) if level == 7 else width)
    assert tiles.parse_tile_path(str(named)) == named


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x001",
        "tile/0/x1/234",
        "tile/0/X001/234",
        "tile/00/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/8/000",
        "tile/63/000",
        "tile/64/000",
        "tile/100/000",
        "tile/7/000",  # a full tile there would span 2^64 leaves
        "tile/7/001",
        "tile/6/255",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/5/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/ 000",
        "tile/0/٠٠٠",
        "tile/0/../000",
        "tile/entries",
        "tile/entries/",
        "tile/Entries/000",
        "tile/data/000",
        "tile/0/" + "x999/" * 6 + "999",
        "tile/0/" + "x001/" * 100_000 + "001",
    ],
)
def test_any_other_spelling_and_any_tile_that_cannot_be_is_refused(path: str) -> None:
    with pytest.raises(InputRefused) as caught:
        tiles.parse_tile_path(path)
    assert caught.value.code == "tile_path_malformed"


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-1, 0, 1), (8, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_no_path_is_written_for_a_tile_that_cannot_be(level: int, index: int, width: int) -> None:
    with pytest.raises(InputRefused):
        tiles.tile_path(level, index, width)


def test_the_last_tiles_of_the_largest_tree_have_names() -> None:
    assert tiles.parse_tile_path(tiles.tile_path(0, 2**56 - 1, 255)).index == 2**56 - 1
    with pytest.raises(InputRefused):
        tiles.tile_path(0, 2**56 - 1, 256)


# --- bundles -----------------------------------------------------------------------------------


def test_a_bundle_has_a_big_endian_length_before_each_entry() -> None:
    assert tiles.encode_bundle([b"abc", b"", b"x" * 258]) == b"\x00\x03abc\x00\x00\x01\x02" + b"x" * 258


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_entries_come_back_from_a_bundle(entries: list[bytes]) -> None:
    assert tiles.decode_bundle(tiles.encode_bundle(entries), len(entries)) == tuple(entries)


def test_the_longest_entry_fits_and_a_longer_one_does_not() -> None:
    assert tiles.decode_bundle(tiles.encode_bundle([bytes(65_535)]), 1) == (bytes(65_535),)
    with pytest.raises(InputRefused):
        tiles.encode_bundle([bytes(65_536)])


@pytest.mark.parametrize("entries", [[], [b"x"] * 257], ids=len)
def test_a_bundle_has_1_to_256_entries(entries: list[bytes]) -> None:
    with pytest.raises(InputRefused):
        tiles.encode_bundle(entries)


def test_a_bundle_cut_anywhere_lengthened_or_of_another_width_is_refused() -> None:
    bundle = tiles.encode_bundle([b"abc", b"", b"defg"])
    crooked = [(bundle[:cut], 3) for cut in range(len(bundle))]
    crooked += [
        (bundle + b"\x00", 3),
        (bundle + b"\x00\x00", 3),
        (bundle, 2),
        (bundle, 4),
        (bundle, 0),
        (b"", 0),
    ]
    for data, width in crooked:
        with pytest.raises(InputRefused) as caught:
            tiles.decode_bundle(data, width)
        assert caught.value.code == "bundle_malformed"
