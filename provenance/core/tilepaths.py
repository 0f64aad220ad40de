"""How a tiled tree looks to the web: the names of its tiles, and bundles of entries.

Source: C2SP tlog-tiles, "Merkle Tree", "Partial Tiles" and "Log entries".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.core.merkle import MAX_SIZE
from provenance.errors import InputRefused

TILE_WIDTH = 256
MAX_ENTRY = 65_535
"""Bytes of an entry in a bundle: its length is a uint16."""

_LONGEST_PATH = 64
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)"
    r"/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """What a path names: a tile of *width* hashes or, with *level* None, a bundle of as many entries.

    One that no tree of up to 2^64 - 1 leaves can have is refused at birth, ``InputRefused``
    (``tile_path_malformed``); so levels end at 7, though the page allows names up to 63.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        level = self.level or 0
        if not 0 <= level <= 7 or self.index < 0 or not 1 <= self.width <= TILE_WIDTH:
            raise _malformed()
        if (self.index * TILE_WIDTH + self.width) << (8 * level) > MAX_SIZE:
            raise _malformed()

    def __str__(self) -> str:
        level = "entries" if self.level is None else self.level
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{suffix}"


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile of *width* hashes, as ``tile/0/x001/234.p/5``; 256 is a full one.

    Raises ``InputRefused`` (``tile_path_malformed``).
    """
    return str(TilePath(level, index, width))


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a bundle of *width* entries, as ``tile/entries/x001/234.p/5``.

    Raises ``InputRefused`` (``tile_path_malformed``).
    """
    return str(TilePath(None, index, width))


def parse_tile_path(path: str) -> TilePath:
    """Read the path of a tile or a bundle; a tile has exactly one name, every other is refused.

    Raises ``InputRefused`` (``tile_path_malformed``).
    """
    match = _PATH.fullmatch(path) if len(path) <= _LONGEST_PATH else None
    if match is None:
        raise _malformed()
    level = None if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("x", "").replace("/", ""))
    parsed = TilePath(level, index, int(match["width"] or TILE_WIDTH))
    if str(parsed) != path:  # leading zero groups, or a full tile under a partial name
        raise _malformed()
    return parsed


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return 1 to 256 entries as a bundle, a big-endian uint16 length before each.

    Raises ``InputRefused`` (``bundle_malformed``).
    """
    if not 1 <= len(entries) <= TILE_WIDTH or any(len(entry) > MAX_ENTRY for entry in entries):
        raise InputRefused("A bundle has 1 to 256 entries of up to 65,535 bytes.", code="bundle_malformed")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(bundle: bytes, width: int) -> tuple[bytes, ...]:
    """Return the exactly *width* (1 to 256) entries of a bundle, which must end with the last.

    Raises ``InputRefused`` (``bundle_malformed``).
    """
    entries: list[bytes] = []
    at = 0
    while at < len(bundle) and len(entries) < width:
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        entries.append(bundle[start:at])
    # A cut length or entry leaves `at` past the end, spare bytes leave it before.
    if at != len(bundle) or len(entries) != width or not 1 <= width <= TILE_WIDTH:
        raise InputRefused("Fetch the bundle again: it is cut or has spare bytes.", code="bundle_malformed")
    return tuple(entries)


def _index_path(index: int) -> str:
    """Return an index in groups of three digits, all but the last marked with an x."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]


def _malformed() -> InputRefused:
    return InputRefused(
        "Name a tile as tile/<level>/<index>[.p/<width>], as in tile/0/x001/234.p/5.",
        code="tile_path_malformed",
    )
