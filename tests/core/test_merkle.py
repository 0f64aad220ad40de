"""The trees of RFC 9162: equal to the reference, and no forged proof passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import merkle
from provenance.core.merkle import InclusionProof, ProofInvalid
from provenance.errors import InputRefused, ProvenanceError
from tests.core import reference
from tests.core.trees import (
    DATA,
    HASHES,
    ROOTS,
    bit_flips,
    refused_consistency,
    refused_inclusion,
    sides,
    telling,
)

# --- against the reference ---------------------------------------------------------------------


def test_every_root_up_to_600_leaves_is_the_reference_s() -> None:
    assert [reference.MTH(DATA[:size]) for size in range(601)] == ROOTS


def test_the_roots_that_every_implementation_must_give() -> None:
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    hashes = [merkle.leaf_hash(bytes.fromhex(item)) for item in inputs]
    assert [merkle.root(hashes[:size]).hex() for size in (0, 1, 2, 3, 7, 8)] == [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]


@pytest.mark.parametrize("sizes", [range(1, 65), *(range(at, at + 67) for at in range(65, 600, 67))], ids=str)
def test_inclusion_paths_are_the_reference_s_and_verify(sizes: range) -> None:
    for size in sizes:
        for index in telling(size):
            path = merkle.inclusion_path(HASHES[:size], index)
            assert list(path) == reference.PATH(index, DATA[:size])
            merkle.verify_inclusion(HASHES[index], index, size, path, ROOTS[size])
            assert reference.verify_inclusion(HASHES[index], index, size, list(path), ROOTS[size])


@pytest.mark.parametrize("sizes", [range(2, 65), *(range(at, at + 67) for at in range(65, 600, 67))], ids=str)
def test_consistency_paths_are_the_reference_s_and_verify(sizes: range) -> None:
    for size in sizes:
        for old in telling(size) - {0}:
            path = merkle.consistency_path(HASHES[:size], old)
            assert list(path) == reference.PROOF(old, DATA[:size])
            merkle.verify_consistency(old, ROOTS[old], size, ROOTS[size], path)
            assert reference.verify_consistency(old, ROOTS[old], size, ROOTS[size], list(path))


@given(
    index=st.integers(0, 20),
    size=st.integers(0, 20),
    path=st.lists(st.sampled_from(HASHES[:4]), max_size=6),
)
def test_verifier_and_reference_accept_exactly_the_same_inclusion_shapes(
    index: int, size: int, path: list[bytes]
) -> None:
    try:
        root = merkle.root_from_inclusion(HASHES[0], index, size, path)
    except ProofInvalid:
        node = HASHES[0]  # no root at all may satisfy the reference: try the one its own climb ends at
        assert not any(
            reference.verify_inclusion(HASHES[0], index, size, path, candidate)
            for candidate in climbs(node, path)
        )
    else:
        assert reference.verify_inclusion(HASHES[0], index, size, path, root)


def climbs(node: bytes, path: list[bytes]) -> list[bytes]:
    """Every hash that *node* and *path* can add up to, whatever the sides."""
    reached = [node]
    for sibling in path:
        reached = [
            merkle.node_hash(*pair) for below in reached for pair in ((below, sibling), (sibling, below))
        ]
    return reached


# --- forged inclusion proofs -------------------------------------------------------------------

SMALL = [(index, size) for size in (1, 2, 3, 5, 7, 8) for index in range(size)]


@pytest.mark.parametrize(("index", "size"), SMALL)
def test_every_flipped_bit_of_leaf_path_or_root_is_refused(index: int, size: int) -> None:
    path = merkle.inclusion_path(HASHES[:size], index)
    leaf, root = HASHES[index], ROOTS[size]
    assert all(refused_inclusion(flipped, index, size, path, root) for flipped in bit_flips(leaf))
    assert all(refused_inclusion(leaf, index, size, path, flipped) for flipped in bit_flips(root))
    for at, sibling in enumerate(path):
        for flipped in bit_flips(sibling):
            assert refused_inclusion(leaf, index, size, (*path[:at], flipped, *path[at + 1 :]), root)


@pytest.mark.parametrize(("index", "size"), SMALL)
def test_a_path_too_short_too_long_or_with_a_crooked_hash_is_refused(index: int, size: int) -> None:
    path = merkle.inclusion_path(HASHES[:size], index)
    leaf, root = HASHES[index], ROOTS[size]
    for extra in (HASHES[0], root, b"", bytes(31), bytes(33)):
        assert refused_inclusion(leaf, index, size, (*path, extra), root)
        assert refused_inclusion(leaf, index, size, (extra, *path), root)
    for at, sibling in enumerate(path):
        assert refused_inclusion(leaf, index, size, path[:at] + path[at + 1 :], root)
        for crooked in (b"", sibling[:-1], sibling + b"\x00", sibling.hex(), bytearray(sibling), None):
            bent = (*path[:at], crooked, *path[at + 1 :])
            assert refused_inclusion(leaf, index, size, bent, root)  # type: ignore[arg-type]
    assert refused_inclusion(leaf[:-1], index, size, path, root)
    assert refused_inclusion(leaf, index, size, path, root[:-1])


@pytest.mark.parametrize(("index", "size"), SMALL)
def test_a_wrong_index_is_refused(index: int, size: int) -> None:
    path = merkle.inclusion_path(HASHES[:size], index)
    for wrong in {*range(-2, 18), 2**63, 2**64 - 1, 2**64} - {index}:
        assert refused_inclusion(HASHES[index], wrong, size, path, ROOTS[size])


@pytest.mark.parametrize(("index", "size"), SMALL)
def test_a_lied_size_is_refused_wherever_it_changes_the_shape_of_the_proof(index: int, size: int) -> None:
    # Where it does not, the same hashes lead to the same root: the size itself is vouched for by the
    # manifest or the checkpoint that names the root, never by the proof.
    path = merkle.inclusion_path(HASHES[:size], index)
    for lied in {*range(-1, 20), 2**64 - 1, 2**64, 2**65} - {size}:
        same_shape = index < lied < 2**64 and sides(index, lied) == sides(index, size)
        assert refused_inclusion(HASHES[index], index, lied, path, ROOTS[size]) == (not same_shape)


def test_positions_that_no_uint64_holds_or_that_are_no_integers_are_refused() -> None:
    path = tuple(HASHES[:65])
    root = merkle.root_from_inclusion(HASHES[0], 0, 2**64 - 1, path[:64])
    merkle.verify_inclusion(HASHES[0], 0, 2**64 - 1, path[:64], root)
    assert refused_inclusion(HASHES[0], 0, 2**64, path[:64], root)
    assert refused_inclusion(HASHES[0], 0, 2**65, path, merkle.node_hash(root, path[64]))
    for index, size in ((0, True), (False, 1), (0, 1.0), (0.0, 1), ("0", 1), (None, 1)):
        assert refused_inclusion(HASHES[0], index, size, (), ROOTS[1])  # type: ignore[arg-type]
    for size in (True, 1.0, "1", None):
        assert refused_consistency(size, ROOTS[1], 1, ROOTS[1], ())  # type: ignore[arg-type]
        assert refused_consistency(1, ROOTS[1], size, ROOTS[1], ())  # type: ignore[arg-type]


@pytest.mark.parametrize(("index", "size"), SMALL)
def test_another_root_and_another_leaf_are_refused(index: int, size: int) -> None:
    path = merkle.inclusion_path(HASHES[:size], index)
    for other in (ROOTS[size + 1], ROOTS[0], bytes(32)):
        assert refused_inclusion(HASHES[index], index, size, path, other)
    assert refused_inclusion(HASHES[index + 1], index, size, path, ROOTS[size])


def test_an_inner_node_is_never_accepted_as_a_leaf_of_its_tree() -> None:
    for size in range(2, 34):
        for begin, end in merkle.inclusion_ranges(size - 1, size):
            if end - begin == 1:
                continue
            node = merkle.root(HASHES[begin:end])
            for index in range(size):
                path = merkle.inclusion_path(HASHES[:size], index)
                for cut in range(len(path) + 1):
                    assert refused_inclusion(node, index, size, path[cut:], ROOTS[size])


def test_children_shown_as_leaf_data_do_not_hash_to_their_parent() -> None:
    left, right = HASHES[:2]
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
    assert merkle.leaf_hash(b"\x01" + left + right) != merkle.node_hash(left, right)
    assert merkle.leaf_hash(b"") != merkle.EMPTY_ROOT


def test_nothing_is_in_the_empty_tree() -> None:
    assert refused_inclusion(merkle.EMPTY_ROOT, 0, 0, (), merkle.EMPTY_ROOT)
    assert refused_inclusion(HASHES[0], 0, 0, (), HASHES[0])


# --- values and bad calls ----------------------------------------------------------------------


def test_an_inclusion_proof_that_exists_is_well_formed() -> None:
    path = merkle.inclusion_path(HASHES[:7], 3)
    proof = InclusionProof(3, 7, path)
    proof.verify(HASHES[3], ROOTS[7])
    with pytest.raises(ProofInvalid):
        proof.verify(HASHES[4], ROOTS[7])
    for bad in ((7, 7, path), (-1, 7, path), (3, 7, path[1:]), (3, 7, (*path, path[0])), (True, 7, path)):
        with pytest.raises(ProofInvalid):
            InclusionProof(*bad)
    with pytest.raises(ProofInvalid):
        InclusionProof(3, 7, (path[0][:-1], *path[1:]))


def test_a_refused_proof_carries_its_public_code() -> None:
    with pytest.raises(ProvenanceError) as caught:
        merkle.verify_inclusion(HASHES[0], 0, 2, (), ROOTS[2])
    assert caught.value.code == "merkle_proof_invalid"
    assert caught.value.facts == {"expected": 1, "found": 0}


def test_proofs_of_positions_outside_the_tree_are_not_made() -> None:
    for index in (-1, 4, 5):
        with pytest.raises(InputRefused) as caught:
            merkle.inclusion_path(HASHES[:4], index)
        assert caught.value.code == "tree_range"
    with pytest.raises(InputRefused):
        merkle.consistency_path(HASHES[:4], 5)


def test_a_root_is_made_of_32_byte_hashes_only() -> None:
    for crooked in (b"", bytes(31), bytes(64)):
        with pytest.raises(InputRefused) as caught:
            merkle.root([HASHES[0], crooked])
        assert caught.value.code == "hash_malformed"
