"""One trusted block hash is enough to know what the registry held in that block."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import stateproof
from provenance.core.digests import keccak256
from provenance.core.stateproof import BlockHeader
from provenance.errors import InputRefused
from tests.core.chain_world import Chain, Trie, header, nibbles
from tests.core.proof_world import NETWORK, golden_manifest, golden_world

MANIFEST = golden_manifest()
CHAIN = Chain.holding(NETWORK.registry, MANIFEST, golden_world().bundle().anchors)
PROOF = CHAIN.prove_all()
BLOCK = BlockHeader.parse(PROOF.header)

RLP_ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=4), max_leaves=12)
KEYS = st.dictionaries(st.binary(min_size=32, max_size=32), st.binary(min_size=1, max_size=40), min_size=1)


def refused(raw: bytes) -> str:
    with pytest.raises(InputRefused) as caught:
        stateproof.decode_rlp(raw)
    return caught.value.code


@given(RLP_ITEMS)
def test_rlp_is_decoded_as_the_reference_encodes_it(item: Any) -> None:
    assert stateproof.decode_rlp(rlp.encode(item)) == item


@given(st.binary(max_size=60))
def test_rlp_that_is_accepted_is_the_only_encoding(raw: bytes) -> None:
    try:
        item = stateproof.decode_rlp(raw)
    except InputRefused as error:
        assert error.code == "state_proof_invalid"
    else:
        assert rlp.encode(item) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x81\x7f", b"\x81", b"\xb8\x37" + b"a" * 0x37, b"\xb9\x00\x38" + b"a" * 0x38, b"\xb8",
        b"\xbf" + b"\xff" * 8, b"\xff" * 9, b"\xc1", b"\xc2\x81", b"\xc1\x83aaa", b"\xc3\xc1\x81\x80",
        b"\x80\x80", b"\xf8\x00", b"\xc1" * 40, rlp.encode(b"a" * 70_000),
    ],
)  # fmt: skip
def test_rlp_that_is_cut_off_loose_or_too_deep_is_refused(raw: bytes) -> None:
    assert refused(raw) == "state_proof_invalid"


@given(KEYS)
def test_every_key_of_a_trie_is_proven(items: dict[bytes, bytes]) -> None:
    trie = Trie(items)
    for key, value in items.items():
        assert stateproof.verify_trie(trie.root, key, trie.prove(key)) == value


@given(KEYS, st.binary(min_size=32, max_size=32))
def test_a_key_that_is_not_there_is_not_proven(items: dict[bytes, bytes], stranger: bytes) -> None:
    if stranger not in items:
        trie = Trie(items)
        with pytest.raises(InputRefused):
            stateproof.verify_trie(trie.root, stranger, trie.prove(min(items)))


def test_nodes_embedded_in_their_parents_are_followed() -> None:
    stem = bytes(31)
    items = {stem + bytes([n]): bytes([n + 1]) for n in (0, 1, 16)}
    trie = Trie(items)
    proof = trie.prove(stem + b"\x01")
    assert len(proof) == 2, "the lower branch and its leaves lie inside the upper branch"
    assert stateproof.verify_trie(trie.root, stem + b"\x01", proof) == b"\x02"


def test_the_words_of_the_registry_are_proven() -> None:
    account = stateproof.verify_account(BLOCK.state_root, NETWORK.registry, PROOF.account)
    proofs = dict(PROOF.storage)
    root_slot, size_slot = stateproof.batch_slots(MANIFEST.batch_id)
    assert stateproof.verify_storage(account, root_slot, proofs[root_slot]) == MANIFEST.root
    number = int.from_bytes(stateproof.verify_storage(account, size_slot, proofs[size_slot]))
    assert number == CHAIN.batches[MANIFEST.batch_id].time * 2**32 + MANIFEST.size
    for size, checkpoint in CHAIN.checkpoints.items():
        first, second = stateproof.checkpoint_slots(size)
        assert stateproof.verify_storage(account, first, proofs[first]) == checkpoint.root
        assert int.from_bytes(stateproof.verify_storage(account, second, proofs[second])) == checkpoint.time


def test_slots_lie_where_solidity_puts_them() -> None:
    """Mapping s at key k: keccak256(k ‖ uint256(s)), and the word after it."""
    first, second = stateproof.checkpoint_slots(9)
    assert first == keccak256((9).to_bytes(32) + (1).to_bytes(32))
    assert int.from_bytes(second) == int.from_bytes(first) + 1
    assert stateproof.batch_slots(bytes(32))[0].hex() == (
        "ad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5"  # keccak256 of 64 zero bytes
    )


def test_every_flipped_bit_of_an_account_or_storage_proof_is_refused() -> None:
    account = stateproof.verify_account(BLOCK.state_root, NETWORK.registry, PROOF.account)
    slot, nodes = PROOF.storage[0]
    flipped = 0
    for forged in flips(PROOF.account):
        flipped += 1
        with pytest.raises(InputRefused):
            stateproof.verify_account(BLOCK.state_root, NETWORK.registry, forged)
    for forged in flips(nodes):
        flipped += 1
        with pytest.raises(InputRefused):
            stateproof.verify_storage(account, slot, forged)
    assert flipped > 4_000


def flips(nodes: tuple[bytes, ...]) -> Any:
    for position, node in enumerate(nodes):
        for bit in range(len(node) * 8):
            forged = bytearray(node)
            forged[bit // 8] ^= 1 << bit % 8
            yield (*nodes[:position], bytes(forged), *nodes[position + 1 :])


@pytest.mark.parametrize("change", ["short", "long", "twice", "empty", "swapped"])
def test_a_proof_has_exactly_the_nodes_of_the_way(change: str) -> None:
    nodes = PROOF.account
    forged = {
        "short": nodes[:-1],
        "long": (*nodes, nodes[-1]),
        "twice": (nodes[0], *nodes),
        "empty": (),
        "swapped": tuple(reversed(nodes)),
    }[change]
    assert len(nodes) > 1
    with pytest.raises(InputRefused) as caught:
        stateproof.verify_account(BLOCK.state_root, NETWORK.registry, forged)
    assert caught.value.code == "state_proof_invalid"


def test_another_slot_address_or_root_is_not_proven() -> None:
    account = stateproof.verify_account(BLOCK.state_root, NETWORK.registry, PROOF.account)
    (one, proof), (other, _) = PROOF.storage[:2]
    assert one != other
    with pytest.raises(InputRefused):
        stateproof.verify_storage(account, other, proof)
    with pytest.raises(InputRefused):
        stateproof.verify_account(BLOCK.state_root, bytes(20), PROOF.account)
    with pytest.raises(InputRefused):
        stateproof.verify_account(bytes(32), NETWORK.registry, PROOF.account)


@pytest.mark.parametrize(
    "fields",
    [[1, 0, bytes(32)], [1, 0, bytes(31), bytes(32)], [1, 0, [bytes(32)], bytes(32)], b"account"],
    ids=["three fields", "short root", "list as root", "no list"],
)
def test_what_is_no_account_is_refused(fields: Any) -> None:
    trie = Trie({keccak256(NETWORK.registry): rlp.encode(fields)})
    with pytest.raises(InputRefused):
        stateproof.verify_account(trie.root, NETWORK.registry, trie.prove(keccak256(NETWORK.registry)))


@pytest.mark.parametrize(
    "value", [b"", b"\x00\x01", bytes(33), [b"\x01"]], ids=["zero", "padded", "long", "list"]
)
def test_what_is_no_storage_word_is_refused(value: Any) -> None:
    slot = bytes(32)
    trie = Trie({keccak256(slot): rlp.encode(value)})
    with pytest.raises(InputRefused):
        stateproof.verify_storage(stateproof.Account(trie.root), slot, trie.prove(keccak256(slot)))


@pytest.mark.parametrize("extra", [0, 1, 6, 9])
def test_a_header_of_any_fork_tells_number_time_and_state(extra: int) -> None:
    raw = header(12, 1_795_000_000, b"\x42" * 32, extra)
    assert BlockHeader.parse(raw) == BlockHeader(keccak256(raw), b"\x42" * 32, 12, 1_795_000_000)


def test_the_genesis_block_has_number_zero() -> None:
    assert BlockHeader.parse(header(0, 0)).number == 0


@pytest.mark.parametrize(
    "items",
    [
        [b"\x01"] * 14,
        [b"\x01"] * 15,
        [*[bytes(32)] * 8, b"\x00", *[bytes(32)] * 2, b"", *[b""] * 3],
        [*[bytes(32)] * 8, b"\xff" * 7, *[bytes(32)] * 2, b"", *[b""] * 3],
        [*[bytes(32)] * 8, b"\x01" * 8, *[bytes(32)] * 2, b"", *[b""] * 3],
        [*[bytes(32)] * 8, [b"\x01"], *[bytes(32)] * 2, b"", *[b""] * 3],
        b"header",
    ],
    ids=["14 items", "short root", "leading zero", "past 2^53", "8 bytes", "list", "no list"],
)
def test_what_is_no_header_is_refused(items: Any) -> None:
    with pytest.raises(InputRefused) as caught:
        BlockHeader.parse(rlp.encode(items))
    assert caught.value.code == "header_malformed"


@pytest.mark.parametrize(
    "node",
    [
        [b"\x40", b"v"], [b"", b"v"], [b"\x21" + bytes(32), b"v"], [b"\x00", b"v" * 32], [b"\x2f", b"v"],
        [b"v"] * 3, [b""] * 17, [b"v"] * 17, b"leaf", b"v" * 17, [[b"\x20"], b"v"],
        [b"\x20" + bytes(32), b"v", b"surplus"],
    ],
    ids=str,
)  # fmt: skip
def test_a_node_of_no_known_kind_is_refused(node: Any) -> None:
    raw = rlp.encode(node)
    with pytest.raises(InputRefused):
        stateproof.verify_trie(keccak256(raw), bytes(32), (raw,))


def test_an_extension_that_leads_nowhere_is_not_followed() -> None:
    leaf = rlp.encode([b"\x20" + bytes(32), b"v"])
    detour = rlp.encode([b"\x00", keccak256(leaf)])
    assert stateproof.verify_trie(keccak256(leaf), bytes(32), (leaf,)) == b"v"
    with pytest.raises(InputRefused):
        stateproof.verify_trie(keccak256(detour), bytes(32), (detour, leaf))


def test_an_even_path_is_padded_with_zero_only() -> None:
    good = rlp.encode([b"\x20" + bytes(32), b"v"])
    assert stateproof.verify_trie(keccak256(good), bytes(32), (good,)) == b"v"
    loose = rlp.encode([b"\x25" + bytes(32), b"v"])
    with pytest.raises(InputRefused):
        stateproof.verify_trie(keccak256(loose), bytes(32), (loose,))
    assert nibbles(b"\x25") == [2, 5]


def test_a_leaf_holds_bytes_and_no_list() -> None:
    raw = rlp.encode([b"\x20" + bytes(32), [b"v"]])
    with pytest.raises(InputRefused):
        stateproof.verify_trie(keccak256(raw), bytes(32), (raw,))
