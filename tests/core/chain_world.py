"""A chain for tests: Merkle-Patricia tries built the slow way, headers, state proofs, and a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import rlp

from provenance.core import stateproof
from provenance.core.digests import keccak256
from provenance.core.manifest import BatchManifest
from provenance.core.proofs import AnchorPart, BatchOnChain, CheckpointOnChain, StateProof
from provenance.errors import ChainUnavailable

GENESIS_TIME = 1_794_999_990


class Trie:
    """A Merkle-Patricia trie over hashed keys, straight from the Yellow Paper's appendix D."""

    def __init__(self, items: Mapping[bytes, bytes]) -> None:
        self._nodes: dict[bytes, Any] = {}
        self._top = self._make([(nibbles(key), value) for key, value in items.items()])
        self.root = keccak256(rlp.encode(self._top))

    def prove(self, key: bytes) -> tuple[bytes, ...]:
        """The hashed nodes on the way to *key*, root first, as ``eth_getProof`` lists them."""
        proof, node, way = [rlp.encode(self._top)], self._top, nibbles(key)
        while True:
            if len(node) == 17:
                child, way = node[way[0]], way[1:]
            else:
                taken = nibbles(node[0])
                if taken[0] >= 2:
                    return tuple(proof)
                child, way = node[1], way[len(taken) - (1 if taken[0] & 1 else 2) :]
            if isinstance(child, bytes):
                if not child:
                    return tuple(proof)
                proof.append(rlp.encode(self._nodes[child]))
                child = self._nodes[child]
            node = child

    def _make(self, items: list[tuple[list[int], bytes]]) -> Any:
        if len(items) == 1:
            return [hex_prefix(items[0][0], 2), items[0][1]]
        shared = 0
        while len({tuple(way[: shared + 1]) for way, _ in items}) == 1:
            shared += 1
        if shared:
            rest = [(way[shared:], value) for way, value in items]
            return [hex_prefix(items[0][0][:shared], 0), self._refer(self._make(rest))]
        children: list[Any] = [b""] * 17
        for nibble in range(16):
            under = [(way[1:], value) for way, value in items if way[0] == nibble]
            if under:
                children[nibble] = self._refer(self._make(under))
        return children

    def _refer(self, node: Any) -> Any:
        encoded = rlp.encode(node)
        if len(encoded) < 32:
            return node
        self._nodes[keccak256(encoded)] = node
        return keccak256(encoded)


def nibbles(data: bytes) -> list[int]:
    return [half for byte in data for half in (byte >> 4, byte & 15)]


def hex_prefix(way: list[int], flag: int) -> bytes:
    padded = [flag + 1, *way] if len(way) % 2 else [flag, 0, *way]
    return bytes(high << 4 | low for high, low in zip(padded[::2], padded[1::2], strict=True))


def header(number: int, time: int, state_root: bytes = bytes(32), extra: int = 6) -> bytes:
    """A block header with the 15 items of Frontier and *extra* of later forks."""
    items: list[Any] = [bytes([n + 1]) * 32 for n in range(15 + extra)]
    items[3], items[8], items[11] = state_root, number, time
    return bytes(rlp.encode(items))


def word(value: int) -> bytes:
    return bytes(rlp.encode(value))


@dataclass
class Chain:
    """What the registry holds, as a node tells it and as a state proof shows it."""

    registry: bytes
    batches: dict[bytes, BatchOnChain] = field(default_factory=dict)
    checkpoints: dict[int, CheckpointOnChain] = field(default_factory=dict)

    @classmethod
    def holding(
        cls, registry: bytes, manifest: BatchManifest, anchors: Iterable[AnchorPart], delay: int = 0
    ) -> Chain:
        batch = BatchOnChain(manifest.root, manifest.size, GENESIS_TIME)
        checkpoints = {anchor.size: CheckpointOnChain(anchor.root, anchor.time + delay) for anchor in anchors}
        return cls(registry, {manifest.batch_id: batch}, checkpoints)

    def storage(self) -> dict[bytes, int]:
        slots: dict[bytes, int] = {bytes(31) + b"\x02": max(self.checkpoints, default=0) or 1}
        for batch_id, batch in self.batches.items():
            first, second = stateproof.batch_slots(batch_id)
            slots[first], slots[second] = int.from_bytes(batch.root), batch.time << 32 | batch.size
        for size, checkpoint in self.checkpoints.items():
            first, second = stateproof.checkpoint_slots(size)
            slots[first], slots[second] = int.from_bytes(checkpoint.root), checkpoint.time
        return slots

    def prove(self, slots: Iterable[bytes], number: int = 77) -> StateProof:
        """The EIP-1186 proof of *slots* in a block of this state."""
        storage = Trie({keccak256(slot): word(value) for slot, value in self.storage().items()})
        account = rlp.encode([1, 0, storage.root, bytes(32)])
        others = {keccak256(bytes([n]) * 20): rlp.encode([n, n, bytes(32), bytes(32)]) for n in range(40)}
        accounts = Trie({keccak256(self.registry): account, **others})
        return StateProof(
            header(number, GENESIS_TIME + 100, accounts.root),
            accounts.prove(keccak256(self.registry)),
            tuple((slot, storage.prove(keccak256(slot))) for slot in slots),
        )

    def prove_all(self) -> StateProof:
        slots = [slot for batch_id in self.batches for slot in stateproof.batch_slots(batch_id)]
        slots += [slot for size in self.checkpoints for slot in stateproof.checkpoint_slots(size)]
        return self.prove(slots)


@dataclass
class FakeNode:
    """A node over a chain; ``is_down`` makes it fail as a node fails."""

    chain: Chain
    id: int = 31337
    blocks: dict[bytes, bytes] = field(default_factory=dict)
    is_down: bool = False

    def chain_id(self) -> int:
        self._answer()
        return self.id

    def batch(self, batch_id: bytes) -> BatchOnChain | None:
        self._answer()
        return self.chain.batches.get(batch_id)

    def checkpoint(self, size: int) -> CheckpointOnChain | None:
        self._answer()
        return self.chain.checkpoints.get(size)

    def block_header(self, block_hash: bytes) -> bytes | None:
        self._answer()
        return self.blocks.get(block_hash)

    def _answer(self) -> None:
        if self.is_down:
            raise ChainUnavailable("the node does not answer; try again")
