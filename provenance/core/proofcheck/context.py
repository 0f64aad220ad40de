"""What a reader brings to a proof from outside; what he does not bring is reported *not checked*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

from provenance.core.keyformats import CardKey
from provenance.core.manifest import Domain
from provenance.core.notes import COSIGNATURE, ED25519, VerifierKey
from provenance.errors import InputRefused


class BatchOnChain(NamedTuple):
    """A batch as the registry holds it; ``time`` is the block's, in unix seconds."""

    root: bytes
    size: int
    time: int


class CheckpointOnChain(NamedTuple):
    """An anchored root as the registry holds it; ``time`` is the block's, in unix seconds."""

    root: bytes
    time: int


class RegistryReader(Protocol):
    """The registry's two tables, from wherever they are known: a node or a state proof."""

    def batch(self, batch_id: bytes) -> BatchOnChain | None:
        """The batch, or ``None`` if it is not registered."""

    def checkpoint(self, size: int) -> CheckpointOnChain | None:
        """The checkpoint anchored at *size*, or ``None``."""


class NodeReader(RegistryReader, Protocol):
    """A node the reader trusts, reading the one registry of the network it was made for.

    May raise ``ChainUnavailable``, which no verification turns into a verdict.
    """

    def chain_id(self) -> int:
        """The EIP-155 chain id that the node answers for."""

    def block_header(self, block_hash: bytes) -> bytes | None:
        """The RLP header of a block of the canonical chain, or ``None`` if the node does not know it."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A cosigner the reader knows. ``replays``: it cosigns only after replaying every entry and STATE."""

    key: VerifierKey
    replays: bool = False

    def __post_init__(self) -> None:
        if self.key.kind != COSIGNATURE:
            raise InputRefused("a witness key is of type 4, cosignature/v1", code="note_key_malformed")


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """The reader's own knowledge. Every field may be missing.

    ``network`` is the chain and registry he means, ``log_key`` the key he knows the log by. At least
    ``witness_threshold`` of ``witnesses`` must have cosigned. ``card_key`` is the key in his hand, with
    its 16-byte ``salt`` if the bundle does not open it. ``node`` reads the registry of ``network``;
    ``other_nodes`` read those registries of earlier deployments that he trusts too.
    """

    network: Domain | None = None
    log_key: VerifierKey | None = None
    witnesses: tuple[Witness, ...] = ()
    witness_threshold: int = 0
    card_key: CardKey | None = field(default=None, repr=False)
    salt: bytes | None = field(default=None, repr=False)
    node: NodeReader | None = None
    trusted_block_hash: bytes | None = None
    other_nodes: Mapping[Domain, NodeReader] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        chain = self.node is not None or self.trusted_block_hash is not None
        if chain and self.network is None:
            raise InputRefused("to ask a chain, name the network: chain id and registry", code="no_network")
        if self.trusted_block_hash is not None and len(self.trusted_block_hash) != 32:
            raise InputRefused("a trusted block hash has 32 bytes", code="block_hash_malformed")
        if self.salt is not None and len(self.salt) != 16:
            raise InputRefused("a leaf's salt has 16 bytes", code="salt_malformed")
        if self.log_key is not None and self.log_key.kind != ED25519:
            raise InputRefused("a log's key is of type 1, Ed25519", code="note_key_malformed")
        if not 0 <= self.witness_threshold <= len(self.witnesses):
            raise InputRefused("the threshold is at most the number of witnesses", code="witness_policy")
