"""What the other rooms are given: a connected registry, and the node as a verifier reads it."""

from __future__ import annotations

from provenance.chain.registry import RegistryClient
from provenance.chain.rpc import BlockAt, Chain
from provenance.chain.transport import DEFAULT_TIMEOUT_SECONDS
from provenance.core import proofs
from provenance.core.proofs import BatchOnChain, CheckpointOnChain


def connect(
    url: str, *, chain_id: int, registry: bytes, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
) -> RegistryClient:
    """The registry at a 20-byte address behind a node's *url*; nothing is asked yet."""
    return RegistryClient(Chain(url, chain_id=chain_id, timeout_seconds=timeout_seconds), registry)


class NodeReader(proofs.NodeReader):
    """A node as the reader of a proof asks it (FORMATS §10, step 7).

    *depth* is how many confirmations a value must have to be seen, its own block counting as the
    first. Every method raises ChainUnavailable or ChainMismatch rather than guess.
    """

    def __init__(self, registry: RegistryClient, *, depth: int = 1) -> None:
        self._registry = registry
        self._depth = depth

    def chain_id(self) -> int:
        """The chain id that the node was found to serve; ChainMismatch if it is not the one expected."""
        self._registry.chain.verify_network()
        return self._registry.chain.chain_id

    @property
    def registry(self) -> bytes:
        """The 20-byte address of the registry asked."""
        return self._registry.address

    def batch(self, batch_id: bytes) -> BatchOnChain | None:
        """The batch on chain, None if it is not there."""
        return self._registry.batch(batch_id, self._at())

    def checkpoint(self, size: int) -> CheckpointOnChain | None:
        """The checkpoint on chain, None if it is not there."""
        return self._registry.checkpoint(size, self._at())

    def block_header(self, block_hash: bytes) -> bytes | None:
        """The RLP header of the block, None if the node does not know it *on its chain*.

        Nodes go on answering for blocks that a reorganisation left behind: those count as unknown.
        """
        chain = self._registry.chain
        found = chain.block(block_hash)
        on_chain = None if found is None else chain.block(found.number)
        if on_chain is None or on_chain.hash != block_hash:
            return None
        return chain.header(block_hash)

    def _at(self) -> BlockAt:
        return None if self._depth <= 1 else self._registry.chain.confirmed_block(self._depth).number
