"""What the sequencer asks a chain; each question is free to fail, and sequencing goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from provenance.chain.registry import RegistryClient
from provenance.errors import ChainMismatch
from provenance.services.history import KnownHead


@dataclass(frozen=True, slots=True)
class BeaconBlock:
    """A block at confirmation depth: number, 32-byte hash, and its RLP header where it can be rebuilt."""

    number: int
    hash: bytes
    header: bytes | None = field(default=None, repr=False)


class ChainView(Protocol):
    """The chain as the sequencer sees it. Both raise errors of the tree when it does not answer."""

    def newest_block(self) -> BeaconBlock:
        """The newest block at confirmation depth."""

    def anchored(self) -> KnownHead | None:
        """The newest checkpoint that the registry holds."""


class RegistryView:
    """The chain of *registry*, its blocks believed at *depth* confirmations."""

    def __init__(self, registry: RegistryClient, *, depth: int) -> None:
        self._registry = registry
        self._depth = depth

    def newest_block(self) -> BeaconBlock:
        block = self._registry.chain.confirmed_block(self._depth)
        try:
            header = self._registry.chain.header(block.hash)
        except ChainMismatch:
            # A fork with header fields unknown to us: the hash alone still makes a beacon.
            header = None
        return BeaconBlock(block.number, block.hash, header)

    def anchored(self) -> KnownHead | None:
        size = self._registry.latest()
        found = self._registry.checkpoint(size) if size else None
        return None if found is None else KnownHead(size, found.root)
