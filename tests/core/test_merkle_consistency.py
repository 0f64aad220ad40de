"""No forged consistency proof passes: what was anchored stays a prefix of what is."""

from __future__ import annotations

import pytest

from provenance.core import merkle
from provenance.errors import InputRefused
from tests.core.trees import HASHES, ROOTS, bit_flips, refused_consistency

PAIRS = [(old, new) for new in (2, 3, 4, 5, 7, 8) for old in range(1, new)]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_flipped_bit_of_a_consistency_proof_or_root_is_refused(old: int, new: int) -> None:
    path = merkle.consistency_path(HASHES[:new], old)
    assert all(refused_consistency(old, flip, new, ROOTS[new], path) for flip in bit_flips(ROOTS[old]))
    assert all(refused_consistency(old, ROOTS[old], new, flip, path) for flip in bit_flips(ROOTS[new]))
    for at, item in enumerate(path):
        for flip in bit_flips(item):
            bent = (*path[:at], flip, *path[at + 1 :])
            assert refused_consistency(old, ROOTS[old], new, ROOTS[new], bent)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_a_consistency_proof_of_another_length_or_with_a_crooked_hash_is_refused(old: int, new: int) -> None:
    path = merkle.consistency_path(HASHES[:new], old)
    heads = (old, ROOTS[old], new, ROOTS[new])
    for extra in (HASHES[0], ROOTS[old], ROOTS[new], b"", bytes(31)):
        assert refused_consistency(*heads, (*path, extra))
        assert refused_consistency(*heads, (extra, *path))
    for at, item in enumerate(path):
        assert refused_consistency(*heads, path[:at] + path[at + 1 :])
        assert refused_consistency(*heads, (*path[:at], item[:-1], *path[at + 1 :]))
    assert refused_consistency(old, ROOTS[old][:-1], new, ROOTS[new], path)
    assert refused_consistency(old, ROOTS[old], new, ROOTS[new] + b"\x00", path)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_a_consistency_proof_with_lied_sizes_or_swapped_heads_is_refused(old: int, new: int) -> None:
    path = merkle.consistency_path(HASHES[:new], old)
    for lied in {*range(-1, 12), 2**64} - {old}:
        accepted = not refused_consistency(lied, ROOTS[old], new, ROOTS[new], path)
        # As above: only a lie that leaves every step of the climb as it is can pass.
        assert accepted is (0 < lied < new and climb(lied, new) == climb(old, new))
    assert refused_consistency(new, ROOTS[new], old, ROOTS[old], path)
    assert refused_consistency(old, ROOTS[new], new, ROOTS[old], path)


def climb(old: int, new: int) -> tuple[bool, list[bool]]:
    """Whether the old root opens the climb, and which steps of it join on the left."""
    ranges = merkle.consistency_ranges(old, new)
    return old & (old - 1) == 0, [begin < old and end <= old for begin, end in ranges]


def test_equal_sizes_need_an_empty_path_and_equal_roots() -> None:
    for size in range(1, 20):
        merkle.verify_consistency(size, ROOTS[size], size, ROOTS[size], ())
        assert merkle.consistency_path(HASHES[:size], size) == ()
        assert refused_consistency(size, ROOTS[size], size, ROOTS[size + 1], ())
        assert refused_consistency(size, ROOTS[size], size, ROOTS[size], (ROOTS[size],))


def test_a_consistency_proof_from_the_empty_tree_proves_nothing_and_is_refused() -> None:
    assert refused_consistency(0, merkle.EMPTY_ROOT, 4, ROOTS[4], ())
    assert refused_consistency(0, merkle.EMPTY_ROOT, 0, merkle.EMPTY_ROOT, ())
    with pytest.raises(InputRefused):
        merkle.consistency_path(HASHES[:4], 0)


def test_a_rewritten_history_has_no_consistency_proof() -> None:
    rewritten = [HASHES[0], HASHES[9], *HASHES[2:8]]
    for old in range(2, 8):
        path = merkle.consistency_path(rewritten, old)
        assert refused_consistency(old, ROOTS[old], 8, merkle.root(rewritten), path)
