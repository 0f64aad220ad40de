"""Outside witnesses: transparency-dev's vectors, our golden file, and merkletools with its forgeries."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from blockcerts_merkletools import MerkleTools

from provenance.core import merkle
from provenance.core.merkle import ProofInvalid

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = [json.loads(line) for line in (VECTORS / "rfc9162.jsonl").read_text().splitlines()]
# It wants success for two equal 12-byte "roots" of equal sizes. A root is 32 bytes; we refuse it, rightly.
NOT_STRICT = "sizes-are-equal-one-and-proof-is-empty"
GOLDEN = json.loads((VECTORS / "golden.json").read_text())


def named(case: dict[str, Any]) -> str:
    return f"{case['kind']}-{case['name']}"


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def verify(case: dict[str, Any]) -> None:
    path = [decoded(item) for item in case["proof"] or []]
    if case["kind"] == "inclusion":
        leaf, root = decoded(case["leafHash"]), decoded(case["root"])
        merkle.verify_inclusion(leaf, case["leafIdx"], case["treeSize"], path, root)
    else:
        old, new = decoded(case["root1"]), decoded(case["root2"])
        merkle.verify_consistency(case["size1"], old, case["size2"], new, path)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_vectors_of_transparency_dev_are_judged_as_they_say(case: dict[str, Any]) -> None:
    if case["wantErr"] or case["name"].endswith(NOT_STRICT):
        with pytest.raises(ProofInvalid):
            verify(case)
    else:
        verify(case)


def test_the_vectors_hold_98_cases_of_each_kind_and_one_that_is_not_strict() -> None:
    assert [sum(case["kind"] == kind for case in CASES) for kind in ("inclusion", "consistency")] == [98, 98]
    assert sum(case["name"].endswith(NOT_STRICT) and not case["wantErr"] for case in CASES) == 1


# --- golden.json -------------------------------------------------------------------------------


def hashes(items: list[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(item) for item in items)


ENTRIES = [base64.b64decode(item["entry"]) for item in GOLDEN["entries"]]
LOG = [merkle.leaf_hash(entry) for entry in ENTRIES]
BUNDLE = GOLDEN["bundle"]


def test_the_golden_log_has_its_leaf_hashes_and_root() -> None:
    assert [leaf.hex() for leaf in LOG] == [item["leaf_hash"] for item in GOLDEN["entries"]]
    assert merkle.root(LOG).hex() == GOLDEN["log_root"]


def test_the_golden_batch_has_its_root_and_the_path_of_key_3() -> None:
    leaves = hashes([key["leaf"] for key in GOLDEN["keys"]])
    assert merkle.root(leaves).hex() == GOLDEN["root"]
    assert merkle.inclusion_path(leaves, 3) == hashes(BUNDLE["key"]["path"])
    merkle.verify_inclusion(leaves[3], 3, 7, hashes(BUNDLE["key"]["path"]), bytes.fromhex(GOLDEN["root"]))


def test_every_entry_of_the_golden_bundle_has_its_path_to_the_log_s_root() -> None:
    shown = [*BUNDLE["custody"], *BUNDLE["parties"], *BUNDLE["beacons"], BUNDLE["state"]]
    assert len(shown) == 10
    for item in shown:
        index, path = item["index"], hashes(item["path"])
        assert path == merkle.inclusion_path(LOG, index)
        leaf = merkle.leaf_hash(base64.b64decode(item["entry"]))
        merkle.verify_inclusion(leaf, index, len(LOG), path, bytes.fromhex(GOLDEN["log_root"]))


def test_the_golden_anchors_are_consistent_with_the_log() -> None:
    assert [anchor["size"] for anchor in BUNDLE["anchors"]] == [9, 14]
    for anchor in BUNDLE["anchors"]:
        old_root, path = bytes.fromhex(anchor["root"]), hashes(anchor["consistency"])
        assert path == merkle.consistency_path(LOG, anchor["size"])
        merkle.verify_consistency(anchor["size"], old_root, 14, bytes.fromhex(GOLDEN["log_root"]), path)


# --- merkletools: oracle, peer, and why it is not the engine ---------------------------------------


def rfc_tree(leaves: list[bytes]) -> MerkleTools:
    """merkletools with the RFC's node hash in the place of its own, over RFC leaf hashes."""
    tools = MerkleTools()
    tools.hash_function = lambda children: sha256(b"\x01" + children)
    tools.add_leaf([leaf.hex() for leaf in leaves])
    tools.make_tree()
    return tools


LEAVES = [merkle.leaf_hash(b"leaf %d" % number) for number in range(600)]


def test_merkletools_with_the_rfc_s_hash_gives_every_root_up_to_600_leaves() -> None:
    for size in range(1, 601):
        assert rfc_tree(LEAVES[:size]).get_merkle_root() == merkle.root(LEAVES[:size]).hex()


def test_merkletools_with_the_rfc_s_hash_gives_our_paths_with_their_sides() -> None:
    for size in (*range(1, 40), 255, 256, 257, 600):
        tools = rfc_tree(LEAVES[:size])
        for index in {*range(min(size, 40)), size // 2, size - 1}:
            ranges = merkle.inclusion_ranges(index, size)
            path = merkle.inclusion_path(LEAVES[:size], index)
            assert tools.get_proof(index) == [
                {"left" if begin < index else "right": sibling.hex()}
                for (begin, _), sibling in zip(ranges, path, strict=True)
            ]


def refuses(leaf: bytes, path: tuple[bytes, ...], root: bytes, size: int) -> bool:
    """Whether our verifier refuses this path at every index of a tree of *size* leaves."""
    for index in range(size):
        try:
            merkle.verify_inclusion(leaf, index, size, path, root)
        except ProofInvalid:
            continue
        return False
    return True


@pytest.fixture(params=["as it comes", "with the RFC's hash"])
def four_leaves(request: pytest.FixtureRequest) -> MerkleTools:
    if request.param == "with the RFC's hash":
        return rfc_tree(LEAVES[:4])
    tools = MerkleTools()
    tools.add_leaf([leaf.hex() for leaf in LEAVES[:4]])
    tools.make_tree()
    return tools


OUR_ROOT = merkle.root(LEAVES[:4])
OUR_PATH = merkle.inclusion_path(LEAVES[:4], 0)


def test_merkletools_takes_an_inner_node_for_a_leaf_and_we_do_not(four_leaves: MerkleTools) -> None:
    proof, root = four_leaves.get_proof(0), four_leaves.get_merkle_root()
    inner = four_leaves.hash_function(LEAVES[0] + LEAVES[1]).hexdigest()
    assert four_leaves.validate_proof(proof[1:], inner, root)

    assert refuses(merkle.node_hash(LEAVES[0], LEAVES[1]), OUR_PATH[1:], OUR_ROOT, 4)
    assert refuses(merkle.leaf_hash(LEAVES[0] + LEAVES[1]), OUR_PATH[1:], OUR_ROOT, 2)


def test_merkletools_takes_a_root_for_its_own_leaf_and_we_do_not(four_leaves: MerkleTools) -> None:
    root = four_leaves.get_merkle_root()
    assert four_leaves.validate_proof([], root, root)

    assert refuses(OUR_ROOT, (), OUR_ROOT, 4)


def test_merkletools_overlooks_a_malformed_left_beside_a_valid_right(four_leaves: MerkleTools) -> None:
    proof, root = four_leaves.get_proof(0), four_leaves.get_merkle_root()
    bent = [{"left": "not a hash", **proof[0]}, *proof[1:]]
    assert four_leaves.validate_proof(bent, LEAVES[0].hex(), root)

    merkle.verify_inclusion(LEAVES[0], 0, 4, OUR_PATH, OUR_ROOT)
    assert refuses(LEAVES[0], (b"not a hash", *OUR_PATH), OUR_ROOT, 4)
    assert refuses(LEAVES[0], (b"not a hash", *OUR_PATH[1:]), OUR_ROOT, 4)
