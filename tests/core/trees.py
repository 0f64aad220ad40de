"""One tree of 600 leaves that tests share, and the questions they ask of every forged proof."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.core import merkle
from provenance.core.merkle import ProofInvalid

DATA = [number.to_bytes(number % 5, "big") if number < 5 else b"leaf %d" % number for number in range(600)]
HASHES = [merkle.leaf_hash(data) for data in DATA]
ROOTS = [merkle.root(HASHES[:size]) for size in range(601)]


def telling(size: int) -> set[int]:
    """Positions below *size* that tell: all of a small tree, of a larger one its edges and its seams."""
    if size <= 64:
        return set(range(size))
    seam = merkle.split(size)
    return {0, 1, size // 3, seam - 1, seam, size - 2, size - 1}


def bit_flips(value: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(value)):
        yield (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


def sides(index: int, size: int) -> list[bool]:
    """Which siblings are on the left: all that index and size say about a proof."""
    return [begin < index for begin, _ in merkle.inclusion_ranges(index, size)]


def refused_inclusion(leaf: bytes, index: int, size: int, path: tuple[bytes, ...], root: bytes) -> bool:
    try:
        merkle.verify_inclusion(leaf, index, size, path, root)
    except ProofInvalid:
        return True
    return False


def refused_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: tuple[bytes, ...]
) -> bool:
    try:
        merkle.verify_consistency(old_size, old_root, new_size, new_root, path)
    except ProofInvalid:
        return True
    return False
