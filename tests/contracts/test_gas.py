"""What the registry costs, on the real node. Gas is arithmetic: the same on every machine."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from provenance.chain.testnet import TESTNET_ANCHORER, TESTNET_DEPLOYER, TESTNET_REGISTRY

pytestmark = pytest.mark.node

REGISTER = 110_000
ANCHOR = 80_000
FIRST_ANCHOR = 95_000
"""The first one also opens the word that holds `latest`: 17,100 gas, once."""
PER_HASH = 2_500
"""Calldata, and at most two node hashes."""


def gas(web3: Web3, call: ContractFunction, sender: str) -> int:
    receipt = web3.eth.wait_for_transaction_receipt(call.transact({"from": Web3.to_checksum_address(sender)}))
    assert receipt["status"] == 1
    return receipt["gasUsed"]


def leaf(number: int) -> bytes:
    return sha256(b"\x00" + number.to_bytes(8)).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def manifest(golden: dict[str, Any]) -> tuple[Any, ...]:
    fields = golden["bundle"]["batch"]["manifest"]
    return (
        Web3.to_checksum_address(fields["supplier"]),
        bytes.fromhex(fields["root"]),
        fields["size"],
        fields["max_uses"],
        fields["expires_at"],
        bytes.fromhex(fields["details"]),
    )


def test_the_registry_comes_to_lie_at_its_deterministic_address(registry: Contract) -> None:
    assert registry.address.lower() == TESTNET_REGISTRY
    assert registry.functions.anchorer().call().lower() == TESTNET_ANCHORER
    assert registry.functions.latest().call() == 0


def test_registering_a_batch_stays_within_its_gas(
    web3: Web3, registry: Contract, golden: dict[str, Any]
) -> None:
    call = registry.functions.registerBatch(manifest(golden), bytes.fromhex(golden["signature"][2:]))
    assert gas(web3, call, TESTNET_DEPLOYER) <= REGISTER
    root, size, time = registry.functions.batches(bytes.fromhex(golden["batch_id"])).call()
    assert (root.hex(), size) == (golden["root"], 7)
    assert time == web3.eth.get_block("latest")["timestamp"]


def test_anchoring_stays_within_its_gas_plus_the_proof(web3: Web3, registry: Contract) -> None:
    left = leaf(0)
    first = registry.functions.anchorCheckpoint(1, left, [])
    assert gas(web3, first, TESTNET_ANCHORER) <= FIRST_ANCHOR
    # Powers of two: the old root is the left child of the new one, and the proof is one hash.
    for height in range(4):
        right = leaf(height + 1)
        root = node(left, right)
        call = registry.functions.anchorCheckpoint(2 << height, root, [right])
        assert gas(web3, call, TESTNET_ANCHORER) <= ANCHOR + PER_HASH
        left = root


def test_a_long_consistency_proof_costs_so_much_a_hash(
    web3: Web3, registry: Contract, golden: dict[str, Any]
) -> None:
    earlier, later = golden["bundle"]["anchors"]
    proof = [bytes.fromhex(item) for item in earlier["consistency"]]
    gas(web3, registry.functions.anchorCheckpoint(9, bytes.fromhex(earlier["root"]), []), TESTNET_ANCHORER)
    call = registry.functions.anchorCheckpoint(14, bytes.fromhex(later["root"]), proof)
    assert gas(web3, call, TESTNET_ANCHORER) <= ANCHOR + PER_HASH * len(proof)
    assert registry.functions.latest().call() == 14


def test_storage_words_lie_where_state_proofs_look(
    web3: Web3, registry: Contract, golden: dict[str, Any]
) -> None:
    gas(
        web3,
        registry.functions.registerBatch(manifest(golden), bytes.fromhex(golden["signature"][2:])),
        TESTNET_DEPLOYER,
    )
    time = web3.eth.get_block("latest")["timestamp"]
    slot = int.from_bytes(Web3.keccak(bytes.fromhex(golden["batch_id"]) + bytes(32)))
    assert web3.eth.get_storage_at(registry.address, slot).hex() == golden["root"]
    assert int.from_bytes(web3.eth.get_storage_at(registry.address, slot + 1)) == time * 2**32 + 7
