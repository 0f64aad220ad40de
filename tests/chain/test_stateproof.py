"""State proofs fetched from a real node, and the node as a verifier reads it."""

from __future__ import annotations

import json

import pytest

from provenance.chain.clients import NodeReader, connect
from provenance.chain.registry import anchor_checkpoint_data, register_batch_data
from provenance.chain.stateproof import fetch_state_proof, proof_slots
from provenance.core import merkle, stateproof
from provenance.core.digests import keccak256
from provenance.errors import ChainMismatch, ChainUnavailable, NotFound
from tests.chain.conftest import CHAIN_ID, LocalChain
from tests.chain.golden import BATCH_ID, ENTRIES, MANIFEST, ROOT, SIGNATURE
from tests.support.impostor import Impostor

LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]


@pytest.fixture
def anchored(local: LocalChain) -> LocalChain:
    """The golden batch registered, its log anchored at 9 and 14 entries."""
    since = 0
    send(local, register_batch_data(MANIFEST, SIGNATURE))
    for size in (9, 14):
        path = merkle.consistency_path(LEAVES[:size], since) if since else ()
        send(local, anchor_checkpoint_data(size, merkle.root(LEAVES[:size]), path))
        since = size
    return local


def send(local: LocalChain, data: bytes) -> None:
    sender = local.sender
    sender.broadcast(sender.prepare(local.registry.address, data, nonce=sender.next_nonce([])).raw)


def test_the_proof_covers_both_words_of_the_batch_and_of_each_anchor(anchored: LocalChain) -> None:
    block = anchored.chain.newest_block()
    proof = fetch_state_proof(anchored.registry, BATCH_ID, [9, 14], block_hash=block.hash)
    assert set(proof) == {"header", "account", "storage"}
    assert list(proof["storage"]) == [slot.hex() for slot in proof_slots(BATCH_ID, [9, 14])]
    assert len(proof["storage"]) == 6
    assert json.loads(json.dumps(proof)) == proof


def test_a_stranger_reads_the_registry_out_of_the_proof_alone(anchored: LocalChain) -> None:
    block = anchored.chain.newest_block()
    proof = fetch_state_proof(anchored.registry, BATCH_ID, [9, 14], block_hash=block.hash)
    header = stateproof.BlockHeader.parse(bytes.fromhex(proof["header"]))
    assert (header.hash, header.number, header.time) == (block.hash, block.number, block.time)
    nodes = tuple(bytes.fromhex(node) for node in proof["account"])
    account = stateproof.verify_account(header.state_root, anchored.registry.address, nodes)

    def word(slot: bytes) -> bytes:
        path = tuple(bytes.fromhex(node) for node in proof["storage"][slot.hex()])
        return stateproof.verify_storage(account, slot, path)

    batch, checkpoint = anchored.registry.batch(BATCH_ID), anchored.registry.checkpoint(14)
    assert batch is not None and checkpoint is not None
    root, rest = (word(slot) for slot in stateproof.batch_slots(BATCH_ID))
    assert (root, int.from_bytes(rest)) == (ROOT, batch.time << 32 | batch.size)
    root, time = (word(slot) for slot in stateproof.checkpoint_slots(14))
    assert (root, int.from_bytes(time)) == (checkpoint.root, checkpoint.time)


def test_a_proof_that_does_not_hold_is_not_passed_on(
    anchored: LocalChain, impostor: Impostor, node_url: str
) -> None:
    newest = anchored.chain.newest_block()
    found = anchored.chain.request("eth_getBlockByHash", "0x" + newest.hash.hex(), False)
    slots = ["0x" + slot.hex() for slot in proof_slots(BATCH_ID, [14])]
    address = "0x" + anchored.registry.address.hex()
    honest = anchored.chain.request("eth_getProof", address, slots, "latest")
    older = anchored.chain.request("eth_getProof", address, slots, hex(newest.number - 2))
    swapped = {**honest, "storageProof": honest["storageProof"][::-1]}
    lying = connect(impostor.url, chain_id=CHAIN_ID, registry=anchored.registry.address)
    for lie in (swapped, {**honest, "accountProof": older["accountProof"]}, {**honest, "accountProof": []}):
        impostor.says(eth_getBlockByHash=found, eth_getProof=lie)
        with pytest.raises(ChainMismatch) as mismatch:
            fetch_state_proof(lying, BATCH_ID, [14], block_hash=newest.hash)
        assert mismatch.value.code == "state_proof_mismatch"
    impostor.says(eth_getBlockByHash=found, eth_getProof={**honest, "storageProof": []})
    with pytest.raises(ChainUnavailable):
        fetch_state_proof(lying, BATCH_ID, [14], block_hash=newest.hash)


def test_what_is_not_in_the_state_of_that_block_is_not_proven(anchored: LocalChain) -> None:
    block = anchored.chain.newest_block()
    with pytest.raises(NotFound) as missing:
        fetch_state_proof(anchored.registry, BATCH_ID, [9, 10], block_hash=block.hash)
    assert missing.value.code == "not_on_chain"
    with pytest.raises(NotFound) as early:
        fetch_state_proof(anchored.registry, BATCH_ID, [14], block_hash=block.parent_hash)
    assert early.value.code == "not_on_chain"


def test_a_block_nobody_knows_has_no_proof(anchored: LocalChain) -> None:
    with pytest.raises(NotFound) as missing:
        fetch_state_proof(anchored.registry, BATCH_ID, [9], block_hash=b"\x01" * 32)
    assert missing.value.code == "block_unknown"


def test_every_header_of_the_chain_re_encodes_to_its_hash(anchored: LocalChain) -> None:
    for number in range(anchored.chain.newest_block().number + 1):
        block = anchored.chain.block(number)
        assert block is not None
        header = anchored.chain.header(number)
        assert header is not None and keccak256(header) == block.hash
        assert anchored.chain.header(block.hash) == header


def test_the_node_reader_sees_batches_and_checkpoints(anchored: LocalChain) -> None:
    reader = NodeReader(anchored.registry)
    batch, checkpoint = reader.batch(BATCH_ID), reader.checkpoint(14)
    assert batch is not None and (batch.root, batch.size) == (ROOT, 7)
    assert checkpoint is not None and checkpoint.root == merkle.root(LEAVES)
    assert reader.checkpoint(13) is None
    assert (reader.chain_id(), reader.registry) == (CHAIN_ID, anchored.registry.address)


def test_a_deep_reader_does_not_see_what_is_not_yet_confirmed(anchored: LocalChain) -> None:
    patient = NodeReader(anchored.registry, depth=2)
    assert patient.checkpoint(9) is not None
    assert patient.checkpoint(14) is None
    anchored.mine()
    assert patient.checkpoint(14) is not None


def test_a_block_header_is_given_only_for_a_block_of_the_chain(anchored: LocalChain) -> None:
    reader = NodeReader(anchored.registry)
    before = anchored.snapshot()
    anchored.mine(2)
    newest = anchored.chain.newest_block()
    header = reader.block_header(newest.hash)
    assert header is not None and keccak256(header) == newest.hash
    anchored.revert(before)
    assert reader.block_header(newest.hash) is None
    assert reader.block_header(b"\x01" * 32) is None


def test_a_reader_pointed_at_another_chain_says_so(node_url: str) -> None:
    reader = NodeReader(connect(node_url, chain_id=1, registry=b"\x01" * 20))
    with pytest.raises(ChainMismatch) as mismatch:
        reader.batch(BATCH_ID)
    assert mismatch.value.code == "wrong_chain_id"
    with pytest.raises(ChainMismatch):
        reader.chain_id()
