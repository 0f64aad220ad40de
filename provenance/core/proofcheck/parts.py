"""The parts of a proof bundle as values (FORMATS §10).

A value that exists is well formed in itself; whether it is *true* is what the steps find out.
Bytes inside, hex and base64 in ``to_json``. Nothing here shows a key or a buyer's use in a ``repr``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from provenance.core import canonical
from provenance.core.entries import Entry
from provenance.core.manifest import BatchDetails, BatchManifest, Domain
from provenance.core.notes import ED25519, VerifierKey
from provenance.errors import InputRefused

MAX_PATH: Final = 64
"""Siblings in a path or proof: enough for any tree whose size is a JSON integer."""
MAX_RANGES: Final = 1_024
MAX_KEY_TEXT: Final = 1_024
"""Bytes of UTF-8 of a serial or a secret (FORMATS §1)."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Which log: its origin and the Ed25519 key that signs its checkpoints and bears its name."""

    origin: str
    key: VerifierKey

    def __post_init__(self) -> None:
        require(self.key.kind == ED25519 and self.key.name == self.origin, "log.key bears the log's origin")

    def to_json(self) -> dict[str, Any]:
        return {"origin": self.origin, "key": self.key.encode()}


@dataclass(frozen=True, slots=True)
class BatchPart:
    """The manifest, its details in words, and the supplier's 65-byte signature for *domain*."""

    manifest: BatchManifest
    details: BatchDetails
    domain: Domain
    signature: bytes

    def __post_init__(self) -> None:
        require(len(self.signature) == 65, "batch.signature has 65 bytes")

    def to_json(self) -> dict[str, Any]:
        manifest = self.manifest
        return {
            "manifest": {
                "supplier": address_json(manifest.supplier),
                "root": manifest.root.hex(),
                "size": manifest.size,
                "max_uses": manifest.max_uses,
                "expires_at": manifest.expires_at,
                "details": manifest.details.hex(),
            },
            "details": self.details.to_json(),
            "domain": domain_json(self.domain),
            "signature": "0x" + self.signature.hex(),
        }


@dataclass(frozen=True, slots=True)
class Opening:
    """The key itself and its salt: whoever reads this can spend it. Never in a ``repr``."""

    salt: bytes = field(repr=False)
    serial: str = field(repr=False)
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        require(len(self.salt) == 16, "key.opening.salt has 16 bytes")
        for text in (self.serial, self.secret):
            fits = len(text.encode("utf-8", "surrogatepass")) <= MAX_KEY_TEXT
            # A line feed inside would let one identity be read as two different keys.
            require(fits and not _CONTROL.search(text), "key.opening holds bounded text without controls")

    def identity(self, format_id: str) -> bytes:
        """``format_id ‖ 0x0A ‖ serial ‖ 0x0A ‖ secret`` (FORMATS §1)."""
        return f"{format_id}\n{self.serial}\n{self.secret}".encode()

    def to_json(self) -> dict[str, Any]:
        return {"salt": self.salt.hex(), "serial": self.serial, "secret": self.secret}


@dataclass(frozen=True, slots=True)
class KeyPart:
    """Which key: position, leaf and path in its batch; the opening and the use only if asked for."""

    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    opening: Opening | None = None
    use: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require(is_integer(self.index) and len(self.leaf) == 32, "key has an index and a 32-byte leaf")
        require_path(self.path, "key.path")
        require(self.use is None or len(self.use) == 32, "key.use has 32 bytes")

    def to_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "leaf": self.leaf.hex(),
            "path": path_json(self.path),
            "opening": self.opening.to_json() if self.opening else None,
            "use": self.use.hex() if self.use else None,
        }


@dataclass(frozen=True, slots=True)
class OpenedDetails:
    """The sealed details of an entry with their 16-byte salt."""

    salt: bytes
    value: dict[str, Any]

    def __post_init__(self) -> None:
        well_formed = len(self.salt) == 16 and isinstance(self.value, dict)
        require(well_formed, "details are a 16-byte salt and an object")

    def to_json(self) -> dict[str, Any]:
        return {"salt": self.salt.hex(), "value": self.value}


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry, its log index, and its path to the checkpoint's root."""

    index: int
    entry: Entry
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        require(is_integer(self.index), "an entry's index is an integer from 0")
        require_path(self.path, "an entry's path")

    def to_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "entry": canonical.encode_base64(self.entry.encode()),
            "path": path_json(self.path),
        }


@dataclass(frozen=True, slots=True)
class LoggedEntry(Placed):
    """A custody or PARTY entry, with its details where they are opened."""

    details: OpenedDetails | None = None

    def to_json(self) -> dict[str, Any]:
        details = self.details.to_json() if self.details else None
        return {**Placed.to_json(self), "details": details}


@dataclass(frozen=True, slots=True)
class BeaconEntry(Placed):
    """A BEACON entry, with the RLP header of its block where it was kept."""

    header: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        return {**Placed.to_json(self), "header": None if self.header is None else self.header.hex()}


@dataclass(frozen=True, slots=True)
class StatePart(Placed):
    """The STATE entry before the checkpoint, and the way from the key's record to its root (FORMATS §6)."""

    record_path: tuple[bytes, ...] = ()
    ranges: tuple[Entry, ...] = ()
    batch_position: int = 0
    batches: int = 1
    batch_path: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        Placed.__post_init__(self)
        require_path(self.record_path, "state.record_path")
        require_path(self.batch_path, "state.batch_path")
        require(len(self.ranges) <= MAX_RANGES, f"state.ranges has at most {MAX_RANGES} entries")
        require(is_integer(self.batch_position) and is_integer(self.batches), "state counts batches")

    def to_json(self) -> dict[str, Any]:
        return {
            **Placed.to_json(self),
            "record_path": path_json(self.record_path),
            "ranges": [canonical.encode_base64(entry.encode()) for entry in self.ranges],
            "batch_position": self.batch_position,
            "batches": self.batches,
            "batch_path": path_json(self.batch_path),
        }


@dataclass(frozen=True, slots=True)
class AnchorPart:
    """An anchored size and root, its consistency proof to the checkpoint, and a block time in seconds."""

    size: int
    root: bytes
    consistency: tuple[bytes, ...]
    time: int

    def __post_init__(self) -> None:
        require(is_integer(self.size) and is_integer(self.time), "an anchor has a size and a time")
        require(len(self.root) == 32, "an anchor's root has 32 bytes")
        require_path(self.consistency, "an anchor's consistency proof")

    def to_json(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "root": self.root.hex(),
            "consistency": path_json(self.consistency),
            "time": self.time,
        }


@dataclass(frozen=True, slots=True)
class StateProof:
    """EIP-1186: a block header, the registry's account nodes, and the nodes of each storage slot."""

    header: bytes
    account: tuple[bytes, ...]
    storage: tuple[tuple[bytes, tuple[bytes, ...]], ...]

    def __post_init__(self) -> None:
        nodes = (self.account, *(proof for _, proof in self.storage))
        require(all(len(proof) <= MAX_PATH for proof in nodes), f"a state proof has at most {MAX_PATH} nodes")
        slots = [slot for slot, _ in self.storage]
        require(all(len(slot) == 32 for slot in slots), "a storage slot has 32 bytes")
        require(len(set(slots)) == len(slots), "a storage slot is proven once")

    def to_json(self) -> dict[str, Any]:
        return {
            "header": self.header.hex(),
            "account": path_json(self.account),
            "storage": {slot.hex(): path_json(proof) for slot, proof in self.storage},
        }


@dataclass(frozen=True, slots=True)
class Hints:
    """Transaction hashes for people to look up; never checked offline."""

    batch_transaction: bytes | None = None
    anchor_transactions: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        hashes = (*self.anchor_transactions, *((self.batch_transaction,) if self.batch_transaction else ()))
        require(all(len(item) == 32 for item in hashes), "a transaction hash has 32 bytes")

    def to_json(self) -> dict[str, Any]:
        batch = self.batch_transaction
        return {
            "batch_transaction": None if batch is None else "0x" + batch.hex(),
            "anchor_transactions": ["0x" + item.hex() for item in self.anchor_transactions],
        }


def require(holds: object, rule: str) -> None:
    """Raise :class:`InputRefused` (``bundle_malformed``) with *rule*, unless it holds."""
    if not holds:
        raise InputRefused(rule, code="bundle_malformed")


def require_path(path: tuple[bytes, ...], where: str) -> None:
    """Raise :class:`InputRefused` unless *path* is at most 64 hashes of 32 bytes."""
    fits = len(path) <= MAX_PATH and all(len(item) == 32 for item in path)
    require(fits, f"{where} has at most {MAX_PATH} hashes of 32 bytes")


def is_integer(value: int) -> bool:
    """Whether *value* is from 0 to 2^53-1."""
    return 0 <= value <= canonical.MAX_INTEGER


def path_json(path: tuple[bytes, ...]) -> list[str]:
    """Hashes or nodes as lower-case hex."""
    return [item.hex() for item in path]


def address_json(address: bytes) -> str:
    """An address as 0x and 40 lower-case hex digits."""
    return "0x" + address.hex()


def domain_json(domain: Domain) -> dict[str, Any]:
    """A domain as its two members."""
    return {"chain_id": domain.chain_id, "registry": address_json(domain.registry)}
