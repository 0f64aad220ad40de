"""The state tree: all entries of a key, or a proof that some were left out."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import merkle, statetree
from provenance.core.merkle import InclusionProof, ProofInvalid
from provenance.core.statetree import SparseRecords, StateProof
from provenance.errors import InputRefused

GOLDEN = json.loads((Path(__file__).parents[1] / "vectors" / "golden.json").read_text())
BUNDLE = GOLDEN["bundle"]
STATE = BUNDLE["state"]
BATCH_ID = bytes.fromhex(GOLDEN["batch_id"])
STATE_ROOT = bytes.fromhex(GOLDEN["state_root"])
RECORDS = [bytes.fromhex(record) for record in GOLDEN["records"]]
RANGES = [base64.b64decode(entry) for entry in STATE["ranges"]]
ENTRIES = [base64.b64decode(item["entry"]) for item in GOLDEN["entries"]]
ON_KEYS = [entry for entry in ENTRIES if 1 <= entry[1] <= 10]


def first_and_count(entry: bytes) -> tuple[int, int]:
    return int.from_bytes(entry[44:48], "big"), int.from_bytes(entry[48:52], "big")


def singles(index: int) -> list[bytes]:
    """The golden entries on one key alone (FORMATS §6: no COMMISSION, and a count of 1)."""
    return [entry for entry in ON_KEYS if entry[1] != 1 and first_and_count(entry) == (index, 1)]


def golden_proof() -> StateProof:
    path = tuple(bytes.fromhex(item) for item in STATE["record_path"])
    return StateProof(BATCH_ID, InclusionProof(3, 7, path), InclusionProof(0, 1, ()))


# --- golden.json -------------------------------------------------------------------------------


def test_every_golden_record_is_the_chain_of_the_entries_on_its_key() -> None:
    assert [statetree.chain(singles(index)) for index in range(7)] == RECORDS
    assert sum(record != statetree.EMPTY_CHAIN for record in RECORDS) >= 2


def test_the_golden_roots_follow_from_records_and_ranges() -> None:
    ranges = [entry for entry in ON_KEYS if entry[1] == 1 or first_and_count(entry)[1] > 1]
    assert ranges == RANGES
    assert statetree.chain(RANGES).hex() == GOLDEN["range_chain"]
    keys_root = statetree.keys_root(RECORDS)
    assert keys_root.hex() == GOLDEN["keys_root"]
    leaf = statetree.batch_leaf(BATCH_ID, statetree.chain(RANGES), keys_root)
    assert statetree.state_root([leaf]) == STATE_ROOT
    assert base64.b64decode(STATE["entry"])[12:44] == STATE_ROOT


def test_the_golden_bundle_s_entries_are_shown_to_be_all_of_key_3() -> None:
    custody = [base64.b64decode(item["entry"]) for item in BUNDLE["custody"]]
    alone = [entry for entry in custody if entry not in RANGES]
    assert alone == singles(3)
    root = statetree.record_root(statetree.chain(alone), 3, 7, golden_proof().key.path)
    assert root.hex() == GOLDEN["keys_root"]
    statetree.verify_state(golden_proof(), alone, RANGES, STATE_ROOT)


# --- what does not pass ------------------------------------------------------------------------


def test_an_entry_left_out_added_repeated_or_moved_is_refused() -> None:
    alone = singles(3)
    assert len(alone) >= 2
    variants = [alone[:at] + alone[at + 1 :] for at in range(len(alone))]
    variants += [[*alone, alone[-1]], [alone[0], *alone], alone[::-1], [], [*alone, *singles(1)]]
    for wrong in variants:
        with pytest.raises(ProofInvalid):
            statetree.verify_state(golden_proof(), wrong, RANGES, STATE_ROOT)
    for wrong in (RANGES[1:], RANGES[:-1], RANGES[::-1], [], [*RANGES, RANGES[0]]):
        with pytest.raises(ProofInvalid):
            statetree.verify_state(golden_proof(), alone, wrong, STATE_ROOT)


def test_every_flipped_bit_of_the_last_entry_is_refused() -> None:
    alone = singles(3)
    for bit in range(8 * 124):
        flipped = (int.from_bytes(alone[-1], "big") ^ 1 << bit).to_bytes(124, "big")
        with pytest.raises(ProofInvalid):
            statetree.verify_state(golden_proof(), [*alone[:-1], flipped], RANGES, STATE_ROOT)


def test_another_key_batch_position_path_or_root_is_refused() -> None:
    good = golden_proof()
    path = good.key.path
    wrong = [
        replace(good, batch_id=bytes(32)),
        replace(good, key=InclusionProof(2, 7, path)),
        replace(good, key=InclusionProof(3, 7, path[::-1])),
        replace(good, batch=InclusionProof(0, 2, (bytes(32),))),
        replace(good, batch=InclusionProof(1, 2, (bytes(32),))),
    ]
    for proof in wrong:
        with pytest.raises(ProofInvalid):
            statetree.verify_state(proof, singles(3), RANGES, STATE_ROOT)
    for root in (bytes(32), statetree.keys_root(RECORDS), STATE_ROOT[:-1], b""):
        with pytest.raises(ProofInvalid):
            statetree.verify_state(good, singles(3), RANGES, root)
    with pytest.raises(ProofInvalid):
        StateProof(BATCH_ID[:-1], good.key, good.batch)


def test_a_batch_among_others_is_proven_at_its_position() -> None:
    keys_root = statetree.keys_root(RECORDS)
    ours = statetree.batch_leaf(BATCH_ID, statetree.chain(RANGES), keys_root)
    others = [
        statetree.batch_leaf(bytes([number]) * 32, statetree.EMPTY_CHAIN, keys_root) for number in range(4)
    ]
    batches = [*others[:2], ours, *others[2:]]
    path = merkle.inclusion_path([merkle.leaf_hash(batch) for batch in batches], 2)
    proof = replace(golden_proof(), batch=InclusionProof(2, 5, path))
    root = statetree.state_root(batches)
    statetree.verify_state(proof, singles(3), RANGES, root)
    with pytest.raises(ProofInvalid):
        statetree.verify_state(proof, singles(3), RANGES, statetree.state_root(batches[::-1][:4]))


# --- chains and records ------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=130), max_size=8))
def test_a_chain_is_the_formula_of_the_page_and_grows_entry_by_entry(entries: list[bytes]) -> None:
    def formula(items: list[bytes]) -> bytes:
        if not items:
            return bytes(32)
        return sha256(b"\x02" + formula(items[:-1]) + sha256(b"\x00" + items[-1]).digest()).digest()

    grown = statetree.EMPTY_CHAIN
    for entry in entries:
        grown = statetree.extend(grown, entry)
    assert grown == statetree.chain(iter(entries)) == formula(entries)


def test_an_untouched_record_is_hashed_as_leaf_data() -> None:
    assert statetree.keys_root([bytes(32)]) == merkle.leaf_hash(bytes(32))


@given(
    size=st.integers(1, 80),
    touched=st.dictionaries(st.integers(0, 79), st.binary(min_size=32, max_size=32), max_size=6),
)
def test_sparse_records_give_the_root_and_paths_of_the_full_list(
    size: int, touched: dict[int, bytes]
) -> None:
    touched = {index: record for index, record in touched.items() if index < size}
    records = [touched.get(index, statetree.EMPTY_CHAIN) for index in range(size)]
    sparse = SparseRecords(size, touched)
    assert sparse.keys_root() == statetree.keys_root(records)
    hashes = [statetree.record_leaf(record) for record in records]
    for index in range(size):
        path = sparse.record_path(index)
        assert path == merkle.inclusion_path(hashes, index)
        assert statetree.record_root(records[index], index, size, path) == sparse.keys_root()


def test_ten_million_keys_of_which_two_were_touched_cost_next_to_nothing() -> None:
    record = statetree.chain([b"entry"])
    sparse = SparseRecords(10_000_000, {0: record, 9_999_999: record})
    root = sparse.keys_root()
    for index, expected in ((0, record), (5_000_000, statetree.EMPTY_CHAIN), (9_999_999, record)):
        path = sparse.record_path(index)
        assert statetree.record_root(expected, index, 10_000_000, path) == root


def test_records_outside_the_batch_and_hashes_of_another_length_are_refused() -> None:
    for size, touched in ((0, {}), (5, {5: bytes(32)}), (5, {-1: bytes(32)})):
        with pytest.raises(InputRefused) as caught:
            SparseRecords(size, touched)
        assert caught.value.code == "tree_range"
    for call in (
        lambda: SparseRecords(5, {0: bytes(31)}),
        lambda: statetree.extend(bytes(31), b""),
        lambda: statetree.keys_root([bytes(33)]),
        lambda: statetree.batch_leaf(bytes(31), bytes(33), bytes(32)),
    ):
        with pytest.raises(InputRefused) as caught:
            call()
        assert caught.value.code == "hash_malformed"
