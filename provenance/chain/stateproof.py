"""Fetching the ``state_proof`` of a bundle (FORMATS §10) with ``eth_getProof`` (EIP-1186).

What is fetched is checked only for belonging together; verifying it is the core's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provenance.chain import answers
from provenance.chain.registry import RegistryClient
from provenance.core.digests import keccak256
from provenance.errors import ChainMismatch, NotFound

BATCHES_SLOT = 0
CHECKPOINTS_SLOT = 1
WORDS = 2
"""Words of a batch and of a checkpoint in storage: the root, and the time (with the size of a batch)."""


def word_slots(key: bytes, mapping: int) -> tuple[int, ...]:
    """The storage slots of both words of a 32-byte *key* in the mapping at that slot (FORMATS §9)."""
    first = int.from_bytes(keccak256(key + mapping.to_bytes(32, "big")))
    return tuple((first + word) % 2**256 for word in range(WORDS))


def proof_slots(batch_id: bytes, sizes: Sequence[int]) -> tuple[int, ...]:
    """All the slots a bundle's state proof covers: those of the batch, then of each anchored size."""
    slots = list(word_slots(batch_id, BATCHES_SLOT))
    for size in sizes:
        slots.extend(word_slots(size.to_bytes(32, "big"), CHECKPOINTS_SLOT))
    return tuple(slots)


def fetch_state_proof(
    registry: RegistryClient, batch_id: bytes, sizes: Sequence[int], *, block_hash: bytes
) -> dict[str, Any]:
    """The member ``state_proof`` for a batch and its anchored *sizes*, as of the block *block_hash*.

    NotFound ``block_unknown`` if the node does not know the block (any more), ``not_on_chain`` if
    the batch or a checkpoint is not in its state; ChainMismatch ``state_proof_mismatch`` if the
    proof does not belong to the block. Take a block at confirmation depth.
    """
    block = registry.chain.block(block_hash)
    header = registry.chain.header(block_hash)
    if block is None or header is None:
        raise NotFound(
            "The node does not know that block; take the newest confirmed one and ask again.",
            code="block_unknown",
        )
    slots = proof_slots(batch_id, sizes)
    # web3's own helper shortens the slots to numbers, which Hardhat refuses; all take 32-byte words.
    found = registry.chain.request(
        "eth_getProof",
        answers.hex_data(registry.address),
        [answers.hex_word(slot) for slot in slots],
        {"blockHash": answers.hex_data(block_hash)},
    )
    account = answers.data_list(answers.member(found, "accountProof"), "account proof")
    storage = _storage(found, slots)
    _require_root(account, block.state_root)
    return {
        "header": header.hex(),
        "account": [node.hex() for node in account],
        "storage": {f"{slot:064x}": [node.hex() for node in nodes] for slot, nodes in storage.items()},
    }


def _storage(found: Any, slots: Sequence[int]) -> dict[int, list[bytes]]:
    storage_hash = answers.data(answers.member(found, "storageHash"), "storage root", 32)
    proofs = answers.member(found, "storageProof")
    if not isinstance(proofs, list) or len(proofs) != len(slots):
        answers.malformed("storageProof does not answer every slot")
    storage = {}
    for slot, proof in zip(slots, proofs, strict=True):
        if answers.quantity(answers.member(proof, "value"), "value") == 0:
            raise NotFound(
                "The batch or a checkpoint is not on the chain at that block; "
                "anchor first, or take a newer block.",
                code="not_on_chain",
            )
        storage[slot] = answers.data_list(answers.member(proof, "proof"), "storage proof")
        _require_root(storage[slot], storage_hash)
    return storage


def _require_root(nodes: list[bytes], root: bytes) -> None:
    if not nodes or keccak256(nodes[0]) != root:
        raise ChainMismatch(
            "The node's state proof does not belong to the block it was asked for; use another node.",
            code="state_proof_mismatch",
        )
