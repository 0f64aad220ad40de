"""Merkle trees of RFC 9162 §2.1 over SHA-256: roots, proofs made, proofs checked.

Batches and the log are both such trees. A leaf and an inner node are hashed under different
prefixes, so that neither can be passed off as the other, and a proof stores no sides: index and
size fix its shape, and a path that is one hash too long or too short is refused before anything
is hashed. Everything here works on *leaf hashes*; ``leaf_hash`` makes them from data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from provenance.core import lanes
from provenance.errors import InputRefused, ProofInvalid

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "MAX_SIZE",
    "InclusionProof",
    "ProofInvalid",
    "Range",
    "consistency_path",
    "consistency_ranges",
    "inclusion_path",
    "inclusion_ranges",
    "leaf_hash",
    "node_hash",
    "root",
    "root_from_inclusion",
    "root_of_joined",
    "split",
    "verify_consistency",
    "verify_inclusion",
]

HASH_SIZE = 32
MAX_SIZE = 2**64 - 1
"""Sizes and indices are uint64 wherever they are written down, so no path is longer than 64."""

_PIECE = 1 << 13
"""Leaves whose levels are hashed together, while they are in the processor's cache."""

EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves (RFC 9162 §2.1.1)."""

Range = tuple[int, int]
"""Leaves ``begin`` (included) to ``end`` (excluded) below one node of a tree."""


def leaf_hash(data: bytes) -> bytes:
    """Hash leaf *data* of any length to 32 bytes, ``H(0x00 ‖ data)`` (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two 32-byte children to their parent, ``H(0x01 ‖ left ‖ right)`` (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the 32-byte Merkle Tree Hash over 32-byte leaf hashes (RFC 9162 §2.1.1).

    Works level by level; a node without a sibling moves up unchanged, which is the RFC's split
    at the largest power of two seen from below. Raises ``InputRefused`` (``hash_malformed``).
    """
    # Piece by piece: a joined copy of all of them would only be written to memory to be read again.
    pieces = (_joined(leaf_hashes[at : at + _PIECE]) for at in range(0, len(leaf_hashes), _PIECE))
    return _root_of_pieces(pieces)


def root_of_joined(hashes: bytes) -> bytes:
    """Return ``root`` of leaf hashes that are joined into one blob; raises ``InputRefused``."""
    size = HASH_SIZE * _PIECE
    return _root_of_pieces(hashes[at : at + size] for at in range(0, len(hashes), size))


def _root_of_pieces(pieces: Iterable[bytes]) -> bytes:
    """The root over joined leaf hashes that come in full pieces, but for the last."""
    level = b"".join([_folded(piece) for piece in pieces]) or EMPTY_ROOT
    while len(level) > HASH_SIZE:
        level = lanes.parents(level)
    return level


def _folded(piece: bytes) -> bytes:
    """The root over one piece. What is smaller than a full one hashes in as one more node on the right."""
    if len(piece) == HASH_SIZE * _PIECE:
        return lanes.fold(piece, _PIECE.bit_length() - 1)
    while len(piece) > HASH_SIZE:
        piece = lanes.parents(piece)
    return piece


def inclusion_ranges(index: int, size: int) -> tuple[Range, ...]:
    """Return which leaf ranges the siblings of leaf *index* cover, from the bottom up.

    This is PATH(m, D_n) of RFC 9162 §2.1.3.1 without the hashing, so that leaves in memory and
    tiles in a store share one geometry. Raises ``InputRefused`` (``tree_range``).
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise InputRefused("Ask for an index below the size of the tree.", code="tree_range")
    ranges: list[Range] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return tuple(reversed(ranges))


def consistency_ranges(old_size: int, new_size: int) -> tuple[Range, ...]:
    """Return which leaf ranges the hashes of a consistency proof cover, in their order.

    This is PROOF(m, D_n) of RFC 9162 §2.1.4.1 without the hashing. The RFC defines it for
    0 < old_size < new_size; equal sizes give an empty proof, size 0 is refused, because every tree
    extends the empty one and a proof of that proves nothing. Raises ``InputRefused`` (``tree_range``).
    """
    if not 0 < old_size <= new_size <= MAX_SIZE:
        raise InputRefused("Ask for 0 < old size <= new size.", code="tree_range")
    ranges: list[Range] = []
    begin, end = 0, new_size
    while end != old_size:
        middle = begin + split(end - begin)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin:  # else the last range is the old tree itself, whose root the verifier holds
        ranges.append((begin, end))
    return tuple(reversed(ranges))


def inclusion_path(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the siblings of leaf *index*, 32 bytes each, from the bottom up (RFC 9162 §2.1.3.1).

    Hashes the whole tree; for many paths, or a stored tree, use ``tiles``. Raises ``InputRefused``.
    """
    return tuple(root(leaf_hashes[begin:end]) for begin, end in inclusion_ranges(index, len(leaf_hashes)))


def consistency_path(leaf_hashes: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of the first *old_size* leaves is a prefix of this one.

    32 bytes each, in the order of RFC 9162 §2.1.4.1. Raises ``InputRefused`` (``tree_range``).
    """
    return tuple(
        root(leaf_hashes[begin:end]) for begin, end in consistency_ranges(old_size, len(leaf_hashes))
    )


def root_from_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the only root of a tree of *size* leaves under which *path* places the leaf at *index*.

    *leaf_hash* and siblings are 32 bytes, from the bottom up; the shape is checked first. Raises
    ``ProofInvalid``. Equal to the root computed in RFC 9162 §2.1.3.2.
    """
    _require_position(index, size)
    _require_hashes(leaf_hash, *path)
    # Below the height where the ways to `index` and to the last leaf part, the tree around `index`
    # is complete and its bits say left or right; above it, every sibling still to come is on the left.
    inner = (index ^ (size - 1)).bit_length()
    _require_length(path, inner + (index >> inner).bit_count())
    node = leaf_hash
    for height, sibling in enumerate(path):
        is_right = height >= inner or index >> height & 1
        node = node_hash(sibling, node) if is_right else node_hash(node, sibling)
    return node


def verify_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Return if *path* proves the leaf at *index* of the tree of *size* leaves with *root*.

    All hashes are 32 bytes. Raises ``ProofInvalid`` (RFC 9162 §2.1.3.2).
    """
    _require_hashes(root)
    if root_from_inclusion(leaf_hash, index, size, path) != root:
        raise ProofInvalid("The inclusion proof leads to another root: ask for a new proof.")


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Return if *path* proves that the new tree begins with all leaves of the old one, in order.

    All hashes are 32 bytes; 0 < old_size <= new_size, and equal sizes want an empty path and equal
    roots. Raises ``ProofInvalid`` (RFC 9162 §2.1.4.2).
    """
    if type(old_size) is not int or old_size < 1:
        raise ProofInvalid("A consistency proof starts from a tree of at least one leaf.")
    _require_position(old_size - 1, new_size)
    _require_hashes(old_root, new_root, *path)
    if old_size == new_size:
        _require_length(path, 0)
        old, new = old_root, old_root
    else:
        old, new = _roots_from_consistency(old_size, old_root, new_size, path)
    if old != old_root or new != new_root:
        raise ProofInvalid("The consistency proof leads to another root: history does not match.")


def _roots_from_consistency(
    old_size: int, old_root: bytes, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return the roots of the old and the new tree that the path adds up to, old_size < new_size."""
    last = old_size - 1
    # The largest complete subtree at the old tree's right edge is where both climbs start.
    start = (old_size & -old_size).bit_length() - 1
    inner = (last ^ (new_size - 1)).bit_length()
    climb = inner - start + (last >> inner).bit_count()
    is_whole = old_size == 1 << start  # then that subtree is the old tree, and its root is known
    _require_length(path, climb if is_whole else climb + 1)
    seed, siblings = (old_root, path) if is_whole else (path[0], path[1:])
    old = new = seed
    for height, sibling in enumerate(siblings, start):
        if height >= inner or last >> height & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    return old, new


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Where a leaf sits in a tree of *size* leaves, and its 32-byte siblings from the bottom up.

    The side of each sibling is not stored: ``index`` and ``size`` fix it, and the length of ``path``
    too (RFC 9162 §2.1.3). Raises ``ProofInvalid`` at birth if they do not fit together.
    """

    index: int
    size: int
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        _require_position(self.index, self.size)
        _require_hashes(*self.path)
        inner = (self.index ^ (self.size - 1)).bit_length()
        _require_length(self.path, inner + (self.index >> inner).bit_count())

    def verify(self, leaf_hash: bytes, root: bytes) -> None:
        """Return if this proof leads from *leaf_hash* to *root*, else raise ``ProofInvalid``."""
        verify_inclusion(leaf_hash, self.index, self.size, self.path, root)


def split(size: int) -> int:
    """Return the largest power of two below *size* > 1."""
    return 1 << (size - 1).bit_length() - 1


def _joined(hashes: Sequence[bytes]) -> bytes:
    if set(map(len, hashes)) - {HASH_SIZE}:  # else two wrong lengths could add up to a right one
        raise InputRefused("Give leaf hashes of exactly 32 bytes.", code="hash_malformed")
    return b"".join(hashes)


def _require_position(index: int, size: int) -> None:
    if type(index) is not int or type(size) is not int or not 0 <= index < size <= MAX_SIZE:
        raise ProofInvalid("A proof needs an index (or old size) that lies inside the tree.")


def _require_hashes(*hashes: bytes) -> None:
    if not all(type(item) is bytes and len(item) == HASH_SIZE for item in hashes):
        raise ProofInvalid("Every hash of a proof is exactly 32 bytes.")


def _require_length(path: Sequence[bytes], expected: int) -> None:
    if len(path) != expected:
        raise ProofInvalid(
            "The proof has too many or too few hashes for its index and size.",
            expected=expected,
            found=len(path),
        )
