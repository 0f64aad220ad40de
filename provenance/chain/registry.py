"""The registry contract (FORMATS §9): its calls, its views, its refusals by stable codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from provenance.chain.artifacts import registry_artifact
from provenance.chain.contract import ContractInterface
from provenance.chain.rlp import rlp_list
from provenance.chain.rpc import BlockAt, Chain, revert_data
from provenance.core.digests import keccak256
from provenance.core.manifest import BatchManifest
from provenance.core.proofs import BatchOnChain, CheckpointOnChain
from provenance.errors import ChainMismatch, ChainRefused, InputRefused

# Custom error of the contract → public code, and what to do. Codes are public: they never change.
_REFUSALS: dict[str, tuple[str, str]] = {
    "AlreadyRegistered": ("already_registered", "this batch is on the chain; nothing is to be done"),
    "NotNewer": ("not_newer", "a checkpoint of that size or a larger one is anchored; anchor a newer one"),
    "NotAnchorer": ("not_anchorer", "only the anchorer may do this; use its account"),
    "InvalidAnchorer": ("invalid_anchorer", "the anchorer must not be the zero address"),
    "BatchSizeOutOfBounds": ("batch_size_out_of_bounds", "a batch has 1 to 10,000,000 keys"),
    "MaxUsesOutOfBounds": ("max_uses_out_of_bounds", "a key has 1 to 1,000 uses"),
    "InvalidSignatureLength": ("invalid_signature_length", "a signature has 65 bytes"),
    "MalleableSignature": ("malleable_signature", "the signature must have the low s; sign again"),
    "InvalidSignature": ("invalid_signature", "nobody can have made this signature; sign again"),
    "SignerIsNotSupplier": ("signer_is_not_supplier", "the supplier of the manifest must sign it itself"),
    "UnknownBatch": ("unknown_batch", "this batch is not registered on this chain"),
    "UnknownCheckpoint": ("unknown_checkpoint", "no checkpoint of that size is anchored on this chain"),
    "InvalidEntryLength": ("invalid_entry_length", "an entry has 124 bytes"),
    "IndexOutOfRange": ("index_out_of_range", "the index must be smaller than the size of the tree"),
    "SizesOutOfOrder": ("sizes_out_of_order", "a consistency proof goes from a smaller size to a larger"),
    "InvalidProofLength": ("invalid_proof_length", "the proof has too many or too few hashes"),
    "RootMismatch": ("root_mismatch", "the proof leads to another root; history would be rewritten"),
}


@dataclass(frozen=True, slots=True)
class RegistryIdentity:
    """What a registry says of itself: the newest anchored size and who may anchor."""

    latest: int
    anchorer: bytes


class RegistryClient:
    """The registry at a 20-byte *address* of *chain*. Views take ``at``, a block number or hash."""

    def __init__(self, chain: Chain, address: bytes) -> None:
        if len(address) != 20:
            raise InputRefused("The address of the registry has 20 bytes.", code="invalid_address")
        self.chain = chain
        self.address = address

    def __repr__(self) -> str:
        return f"RegistryClient(0x{self.address.hex()}, {self.chain!r})"

    def batch(self, batch_id: bytes, at: BlockAt = None) -> BatchOnChain | None:
        """The registered batch, or None."""
        root, size, time = self._view("batches", batch_id, at=at)
        return BatchOnChain(root, size, time) if size else None

    def checkpoint(self, size: int, at: BlockAt = None) -> CheckpointOnChain | None:
        """The checkpoint anchored at *size* entries, or None."""
        root, time = self._view("checkpoints", size, at=at)
        return CheckpointOnChain(root, time) if time else None

    def latest(self, at: BlockAt = None) -> int:
        """The newest anchored size, 0 for an empty registry."""
        (size,) = self._view("latest", at=at)
        return int(size)

    def identify(self) -> RegistryIdentity:
        """What the registry says of itself.

        ChainMismatch ``registry_missing`` if there is no code at the address, ``registry_foreign``
        if the code there does not answer as our registry does.
        """
        if not self.chain.code(self.address):
            raise self._missing()
        try:
            (anchorer,) = self._view("anchorer")
            return RegistryIdentity(self.latest(), _address(anchorer))
        except ChainRefused as error:
            raise self._foreign() from error

    def verify_key(self, batch_id: bytes, index: int, leaf_hash: bytes, path: Sequence[bytes]) -> int:
        """The time of the batch, unix seconds, if the contract accepts the path; else ChainRefused."""
        (time,) = self._view("verifyKey", batch_id, index, leaf_hash, list(path))
        return int(time)

    def verify_entry(self, size: int, index: int, entry: bytes, path: Sequence[bytes]) -> int:
        """The time of the checkpoint, unix seconds, if the contract accepts the path; else ChainRefused."""
        (time,) = self._view("verifyEntry", size, index, entry, list(path))
        return int(time)

    def _view(self, function: str, *arguments: Any, at: BlockAt = None) -> tuple[Any, ...]:
        interface = registry_interface()
        try:
            returned = self.chain.call(self.address, interface.calldata(function, *arguments), at)
        except ChainRefused as error:
            raise explained(error) from error
        if not returned:
            raise self._missing()
        values = interface.result(function, returned)
        if values is None:
            raise self._foreign()
        return values

    def _missing(self) -> ChainMismatch:
        return ChainMismatch(
            f"There is no contract at 0x{self.address.hex()} on chain {self.chain.chain_id}; "
            "deploy the registry or correct its address.",
            code="registry_missing",
        )

    def _foreign(self) -> ChainMismatch:
        return ChainMismatch(
            f"The contract at 0x{self.address.hex()} does not answer as the registry does; "
            "correct its address.",
            code="registry_foreign",
        )


@cache
def registry_interface() -> ContractInterface:
    """The ABI and code of the registry that this version of the package was built with."""
    artifact = registry_artifact()
    return ContractInterface(artifact.abi, artifact.bytecode)


def register_batch_data(manifest: BatchManifest, signature: bytes) -> bytes:
    """Calldata of ``registerBatch``; anyone may send it, the supplier's 65-byte signature is what counts."""
    fields = (
        manifest.supplier,
        manifest.root,
        manifest.size,
        manifest.max_uses,
        manifest.expires_at,
        manifest.details,
    )
    return registry_interface().calldata("registerBatch", fields, signature)


def anchor_checkpoint_data(size: int, root: bytes, consistency: Sequence[bytes]) -> bytes:
    """Calldata of ``anchorCheckpoint``; *consistency* is from the newest anchored size, else empty."""
    if not 0 < size < 2**64 or any(len(node) != 32 for node in (root, *consistency)):
        raise InputRefused("An anchor is a size from 1 and hashes of 32 bytes.", code="invalid_checkpoint")
    return registry_interface().calldata("anchorCheckpoint", size, root, list(consistency))


def deployment_data(anchorer: bytes) -> bytes:
    """Creation code of a registry that only the 20-byte *anchorer* may anchor in."""
    if len(anchorer) != 20:
        raise InputRefused("The address of the anchorer has 20 bytes.", code="invalid_address")
    return registry_interface().deployment(anchorer)


def expected_address(deployer: bytes, nonce: int = 0) -> bytes:
    """Where its transaction *nonce* puts a contract of *deployer*: keccak256(RLP[deployer, nonce])[12:]."""
    return keccak256(rlp_list([deployer, nonce.to_bytes((nonce.bit_length() + 7) // 8)]))[12:]


def explained(refused: ChainRefused) -> ChainRefused:
    """The refusal with the contract's own reason as its code, or as it is if the contract gave none."""
    reverted = revert_data(refused)
    decoded = None if reverted is None else registry_interface().error(reverted)
    if decoded is None:
        return refused
    name, arguments = decoded
    code, advice = _REFUSALS[name]
    shown = {key: _shown(value) for key, value in arguments.items()}
    return ChainRefused(f"The registry refused: {advice}.", code=code, reason=name, **shown)


def _shown(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _address(value: str) -> bytes:
    return bytes.fromhex(value[2:])
