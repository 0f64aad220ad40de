"""The same hashes by ``hashlib``, one call each: the reference, and what is used where nothing else is."""

from __future__ import annotations

from hashlib import sha256


def pairs(hashes: bytes) -> bytes:
    """``H(0x01 ‖ left ‖ right)`` of every two joined 32-byte hashes, joined."""
    # No function of our own for a node: on a million of them the extra frame is a quarter of the time.
    return b"".join([sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, len(hashes), 64)])


def fold(hashes: bytes, levels: int) -> bytes:
    """The roots of all trees of 2^levels leaves that joined 32-byte *hashes* make, joined."""
    for _ in range(levels):
        hashes = pairs(hashes)
    return hashes


def leaves(first: bytes, first_size: int, second: bytes, second_size: int, count: int) -> bytes:
    """``H(0x00 ‖ first_i ‖ second_i)`` for *count* pieces of the two sizes out of two blobs, joined."""
    firsts = [first[at : at + first_size] for at in _starts(first_size, count)]
    seconds = [second[at : at + second_size] for at in _starts(second_size, count)]
    both = zip(firsts, seconds, strict=True)
    return b"".join([sha256(b"\x00" + one + other).digest() for one, other in both])


def _starts(size: int, count: int) -> list[int]:
    return [size * at for at in range(count)]
