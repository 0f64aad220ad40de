"""Gas on a real node: a batch and a checkpoint beside an attestation, and beside a write for each key.

Gas is arithmetic, the same on every machine, so nothing here is a median. An ``attest`` of the Ethereum
Attestation Service was measured once, on the contracts that it deploys, and stands here as a number.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from bench.harness import Result, Target
from provenance.chain.artifacts import registry_artifact
from provenance.chain.testnet import TESTNET_ANCHORER, TESTNET_CHAIN_ID, TESTNET_DEPLOYER, LocalTestnet
from provenance.core import merkle
from provenance.core.manifest import BatchManifest, Domain, address_of, sign
from provenance.core.tiles import TreeBuilder, consistency_at

EAS_ATTEST: Final = 229_721
CHECKPOINT: Final = 80_000
PER_HASH: Final = 2_500
"""What a hash of the consistency proof may cost: its calldata, and at most two node hashes."""
_SUPPLIER_KEY: Final = bytes(31) + b"\x11"
_SIZES: Final = (1, 1_000, 1_000_000, 10_000_000)
_TRANSACTION: Final = 21_000
_WRITES: Final = 100


def measure(n: int) -> list[Result]:
    """A batch of any size, *n* keys written one by one, and a checkpoint over a log of *n* entries."""
    with _registry() as (web3, registry):
        batch = {size: _register(web3, registry, size) for size in _SIZES}
        write = _write(web3)
        anchors = _anchor(web3, registry, n)
    dearest = max(batch.values())
    sizes = f"{min(batch.values()):,} to {dearest:,} for batches of 1 to {max(_SIZES):,} keys"
    rows = [
        _row("gas: register a batch", dearest, EAS_ATTEST, max(_SIZES), f"one EAS attest; {sizes}"),
        _row("gas: a key of a batch", dearest / n, write, n, "one storage write of a transaction of 100"),
    ]
    for (grown, hashes), used in anchors.items():
        target = Target(CHECKPOINT + PER_HASH * hashes, of="ours")
        note = f"one EAS attest; {grown:,} entries more, a proof of {hashes} hashes"
        rows.append(_row(f"gas: anchor a checkpoint, {hashes} hashes", used, EAS_ATTEST, n, note, target))
    return rows


def _row(
    name: str, ours: float, reference: float, n: int, reference_is: str, target: Target | None = None
) -> Result:
    note = f"reference: {reference_is}"
    return Result(name, ours, reference, ours / reference, "gas", n, 1, note, target)


@contextmanager
def _registry() -> Iterator[tuple[Web3, Contract]]:
    root = Path(__file__).resolve().parents[1]
    with (
        tempfile.TemporaryDirectory(prefix="provenance-bench-") as folder,
        LocalTestnet(root, state_dir=Path(folder)) as node,
    ):
        web3 = Web3(Web3.HTTPProvider(node.url))
        artifact = registry_artifact()
        blank = web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        made = _mined(web3, blank.constructor(Web3.to_checksum_address(TESTNET_ANCHORER)), TESTNET_DEPLOYER)
        yield web3, web3.eth.contract(address=made["contractAddress"], abi=artifact.abi)


def _register(web3: Web3, registry: Contract, size: int) -> int:
    """Gas of registering a batch of *size* keys."""
    manifest = BatchManifest(
        address_of(_SUPPLIER_KEY), sha256(size.to_bytes(4)).digest(), size, 1, 0, sha256(b"details").digest()
    )
    domain = Domain(TESTNET_CHAIN_ID, bytes.fromhex(registry.address[2:]))
    signature = sign(_SUPPLIER_KEY, manifest.digest(domain))
    supplier = Web3.to_checksum_address("0x" + manifest.supplier.hex())
    said = (supplier, manifest.root, size, 1, 0, manifest.details)
    return _used(web3, registry.functions.registerBatch(said, signature), TESTNET_DEPLOYER)


def _anchor(web3: Web3, registry: Contract, n: int) -> dict[tuple[int, int], int]:
    """Gas by how many entries were added to a log of about *n*, and the hashes of the proof."""
    log = _Log()
    found: dict[tuple[int, int], int] = {}
    for size in (n, n + 1, n + 10_007, 2 * n + 12_345):
        before = log.size
        root, proof = log.grow_to(size)
        used = _used(web3, registry.functions.anchorCheckpoint(size, root, proof), TESTNET_ANCHORER)
        if before:  # the first one also opens the word that holds the latest size, once
            found[size - before, len(proof)] = used
    return found


class _Log:
    """A growing log: its tree, and that it grew."""

    def __init__(self) -> None:
        self.size = 0
        self._builder = TreeBuilder()
        self._tiles: dict[tuple[int, int], bytes] = {}

    def grow_to(self, size: int) -> tuple[bytes, list[bytes]]:
        """The root of *size* entries, and the proof from the size before."""
        fresh = b"".join(merkle.leaf_hash(place.to_bytes(8)) for place in range(self.size, size))
        rows = self._builder.add_many(fresh)
        head = self._builder.finish()
        self._tiles |= {(level, index): hashes for level, index, hashes in (*rows, *head.tiles)}
        before, self.size = self.size, size
        return head.root, list(consistency_at(self._read, before, size)) if before else []

    def _read(self, level: int, index: int, width: int, /) -> bytes:
        return self._tiles[level, index][: 32 * width]


def _write(web3: Web3) -> float:
    """Gas of one key's own storage word, in a transaction that writes a hundred, its 21,000 left out."""
    body = b"".join(
        bytes.fromhex("600161") + (32 * place).to_bytes(2) + bytes.fromhex("3555") for place in range(_WRITES)
    )  # PUSH1 1, PUSH2 offset, CALLDATALOAD, SSTORE
    # Copies what follows these twelve bytes and returns it as the code of the contract.
    head = bytes.fromhex(f"61{len(body):04x}80600c6000396000f3")
    made = _sent(web3, {"from": TESTNET_DEPLOYER, "data": "0x" + (head + body).hex()})
    tags = b"".join(sha256(place.to_bytes(4)).digest() for place in range(_WRITES))
    call = {"from": TESTNET_DEPLOYER, "to": made["contractAddress"], "data": "0x" + tags.hex()}
    used: int = _sent(web3, call)["gasUsed"]
    return (used - _TRANSACTION) / _WRITES


def _sent(web3: Web3, transaction: dict[str, Any]) -> Any:
    transaction["from"] = Web3.to_checksum_address(transaction["from"])
    receipt = web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(transaction))  # type: ignore[arg-type]
    if receipt["status"] != 1:
        raise AssertionError("the node refused a transaction of the benchmark")
    return receipt


def _mined(web3: Web3, call: Any, sender: str) -> Any:
    receipt = web3.eth.wait_for_transaction_receipt(call.transact({"from": Web3.to_checksum_address(sender)}))
    if receipt["status"] != 1:
        raise AssertionError("the registry refused a transaction of the benchmark")
    return receipt


def _used(web3: Web3, call: ContractFunction, sender: str) -> int:
    used: int = _mined(web3, call, sender)["gasUsed"]
    return used
