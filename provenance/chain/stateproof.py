"""Fetching the ``state_proof`` of a bundle (FORMATS §10) with ``eth_getProof`` (EIP-1186)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provenance.chain import answers
from provenance.chain.registry import RegistryClient
from provenance.core import stateproof
from provenance.errors import ChainMismatch, InputRefused, NotFound


def proof_slots(batch_id: bytes, sizes: Sequence[int]) -> tuple[bytes, ...]:
    """The 32-byte slots that a bundle's state proof covers: both words of the batch and of each size."""
    slots = [*stateproof.batch_slots(batch_id)]
    for size in sizes:
        slots.extend(stateproof.checkpoint_slots(size))
    return tuple(slots)


def fetch_state_proof(
    registry: RegistryClient, batch_id: bytes, sizes: Sequence[int], *, block_hash: bytes
) -> dict[str, Any]:
    """The member ``state_proof`` for a batch and its anchored *sizes*, as of the block *block_hash*.

    It is verified before it is given out. NotFound ``block_unknown`` if the node does not know the
    block (any more), ``not_on_chain`` if the batch or a checkpoint is not in its state;
    ChainMismatch ``state_proof_mismatch`` if the node's proof fails. Take a block at confirmation depth.
    """
    header = registry.chain.header(block_hash)
    if header is None:
        raise NotFound(
            "The node does not know that block; take the newest confirmed one and ask again.",
            code="block_unknown",
        )
    slots = proof_slots(batch_id, sizes)
    # web3's own helper shortens the slots to numbers, which Hardhat refuses; all take 32-byte words.
    found = registry.chain.request(
        "eth_getProof",
        answers.hex_data(registry.address),
        [answers.hex_data(slot) for slot in slots],
        {"blockHash": answers.hex_data(block_hash)},
    )
    account = answers.data_list(answers.member(found, "accountProof"), "account proof")
    storage = _storage(found, slots)
    _verify(header, registry.address, account, storage)
    return {
        "header": header.hex(),
        "account": [node.hex() for node in account],
        "storage": {slot.hex(): [node.hex() for node in nodes] for slot, nodes in storage.items()},
    }


def _storage(found: Any, slots: Sequence[bytes]) -> dict[bytes, list[bytes]]:
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
    return storage


def _verify(header: bytes, address: bytes, account: list[bytes], storage: dict[bytes, list[bytes]]) -> None:
    try:
        state_root = stateproof.BlockHeader.parse(header).state_root
        proven = stateproof.verify_account(state_root, address, tuple(account))
        for slot, nodes in storage.items():
            stateproof.verify_storage(proven, slot, tuple(nodes))
    except InputRefused as error:
        raise ChainMismatch(
            "The node's state proof does not hold for the block it was asked for; use another node.",
            code="state_proof_mismatch",
        ) from error
