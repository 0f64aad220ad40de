"""The batch manifest: what a supplier signs, its EIP-712 digest, and who signed it (FORMATS §4).

``batch_id`` is the struct hash without the domain, so that a batch keeps its name when the registry
is deployed anew; the signature covers the domain, so that it cannot be replayed on another chain.
Consensus-critical and pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import coincurve

from provenance.core import canonical
from provenance.core.digests import keccak256, sha256
from provenance.errors import InputRefused, ManifestInvalid, SignatureInvalid

DOMAIN_NAME: Final = "Card Key Provenance"
DOMAIN_VERSION: Final = "1"
MAX_UINT32: Final = 2**32 - 1
MAX_TEXT: Final = 200
"""Characters of ``product`` and ``supplier_reference``: enough for a label, too few for a document."""

_DOMAIN_TYPE: Final = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_MANIFEST_TYPE: Final = keccak256(
    b"BatchManifest(address supplier,bytes32 root,uint32 size,uint32 maxUses,uint64 expiresAt,"
    b"bytes32 details)"
)
_NAME_HASHES: Final = keccak256(DOMAIN_NAME.encode()) + keccak256(DOMAIN_VERSION.encode())
_CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_FORMAT_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MONEY: Final = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,8})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature holds: EIP-155 chain id and the 20-byte address of the registry."""

    chain_id: int
    registry: bytes

    def __post_init__(self) -> None:
        if not _is_int(self.chain_id, 1, canonical.MAX_INTEGER):
            raise ManifestInvalid("the chain id is an integer from 1 to 2^53-1")
        if len(self.registry) != 20:
            raise ManifestInvalid("the registry address has 20 bytes")

    @property
    def separator(self) -> bytes:
        """The EIP-712 domain separator, 32 bytes."""
        return keccak256(_DOMAIN_TYPE + _NAME_HASHES + _word(self.chain_id) + self.registry.rjust(32, b"\0"))


@dataclass(frozen=True, slots=True)
class BatchDetails:
    """What a batch is, in words; hashed into the manifest.

    ``face_value`` is a decimal string in *currency* (ISO 4217), ``source`` the keyed BLAKE2b-256 of
    the uploaded file. Raises :class:`ManifestInvalid`.
    """

    format: str
    format_version: int
    product: str
    face_value: str
    currency: str
    supplier_reference: str
    source: bytes

    def __post_init__(self) -> None:
        _require(_FORMAT_ID.fullmatch(self.format), "format", "a format id such as cmcc-national")
        _require(_is_int(self.format_version, 1, MAX_UINT32), "format_version", "an integer from 1")
        _require(_MONEY.fullmatch(self.face_value), "face_value", 'a decimal string such as "50.00"')
        _require(_CURRENCY.fullmatch(self.currency), "currency", "three letters such as CNY")
        _require(_is_line(self.product), "product", f"one line of at most {MAX_TEXT} characters")
        _require(
            _is_line(self.supplier_reference),
            "supplier_reference",
            f"one line of at most {MAX_TEXT} characters",
        )
        _require(len(self.source) == 32, "source", "32 bytes of hex")

    def to_json(self) -> dict[str, Any]:
        """The members that are hashed and shown."""
        return {
            "format": self.format,
            "format_version": self.format_version,
            "product": self.product,
            "face_value": self.face_value,
            "currency": self.currency,
            "supplier_reference": self.supplier_reference,
            "source": self.source.hex(),
        }

    @classmethod
    def from_json(cls, members: object) -> BatchDetails:
        """Read the seven members, no more and no fewer; raises :class:`ManifestInvalid`."""
        if not isinstance(members, dict) or set(members) != set(cls.__slots__):
            raise ManifestInvalid(f"batch details have exactly the members {', '.join(cls.__slots__)}")
        for name, value in members.items():
            _require(name == "format_version" or isinstance(value, str), name, "a string")
        _require(_HASH.fullmatch(members["source"]), "source", "64 lower-case hex digits")
        return cls(**{**members, "source": bytes.fromhex(members["source"])})

    @property
    def hash(self) -> bytes:
        """``H(RFC 8785 of details)``, the manifest's ``details``."""
        return details_hash(self.to_json())


@dataclass(frozen=True, slots=True)
class BatchManifest:
    """What the supplier signs. ``expires_at`` is unix seconds, 0 for never. Raises :class:`ManifestInvalid`.

    The bounds are those of the format; a service may allow less.
    """

    supplier: bytes
    root: bytes
    size: int
    max_uses: int
    expires_at: int
    details: bytes

    def __post_init__(self) -> None:
        _require(len(self.supplier) == 20 and any(self.supplier), "supplier", "20 bytes, not all zero")
        _require(len(self.root) == 32, "root", "32 bytes")
        _require(_is_int(self.size, 1, MAX_UINT32), "size", "an integer from 1 to 2^32-1")
        _require(_is_int(self.max_uses, 1, MAX_UINT32), "max_uses", "an integer from 1 to 2^32-1")
        _require(_is_int(self.expires_at, 0, canonical.MAX_INTEGER), "expires_at", "unix seconds, or 0")
        _require(len(self.details) == 32, "details", "32 bytes")

    @property
    def batch_id(self) -> bytes:
        """EIP-712 ``hashStruct`` of the manifest, without the domain."""
        return _struct_hash(self)

    def digest(self, domain: Domain) -> bytes:
        """The 32 bytes that the supplier signs for *domain* (EIP-712)."""
        return keccak256(b"\x19\x01" + domain.separator + self.batch_id)


@lru_cache(maxsize=256)
def _struct_hash(manifest: BatchManifest) -> bytes:
    # Asked for at every step of a proof, and dearer than its other hashes together.
    words = (
        manifest.supplier.rjust(32, b"\0"),
        manifest.root,
        _word(manifest.size),
        _word(manifest.max_uses),
        _word(manifest.expires_at),
        manifest.details,
    )
    return keccak256(_MANIFEST_TYPE + b"".join(words))


def details_hash(details: dict[str, Any]) -> bytes:
    """``H(RFC 8785 of details)``; raises :class:`ManifestInvalid` where there is no such form."""
    try:
        return sha256(canonical.encode(details))
    except InputRefused as error:
        raise ManifestInvalid("the details have no canonical JSON form (RFC 8785)") from error


def address_of(private_key: bytes) -> bytes:
    """The Ethereum address of a 32-byte secp256k1 private key."""
    return _address(coincurve.PrivateKey(private_key).public_key)


def sign(private_key: bytes, digest: bytes) -> bytes:
    """Sign *digest* (32 bytes): r ‖ s ‖ v, deterministic (RFC 6979), low s, v 27 or 28."""
    signature = coincurve.PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def recover_signer(digest: bytes, signature: bytes) -> bytes:
    """The address that signed *digest*; raises :class:`SignatureInvalid`.

    A high s or another v would be a second valid signature of the same manifest (EIP-2): refused.
    """
    if len(digest) != 32 or len(signature) != 65:
        raise SignatureInvalid("a signature is 65 bytes (r, s, v) over a 32-byte digest")
    if signature[64] not in (27, 28):
        raise SignatureInvalid("the last byte of a signature, v, is 27 or 28")
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    if not 0 < r < _CURVE_ORDER or not 0 < s <= _CURVE_ORDER // 2:
        raise SignatureInvalid("r or s of the signature is out of range; s must be the low one")
    compact = signature[:64] + bytes([signature[64] - 27])
    try:
        return _address(coincurve.PublicKey.from_signature_and_message(compact, digest, hasher=None))
    except Exception as error:  # coincurve raises bare Exception for an r that is not on the curve
        raise SignatureInvalid("no public key gives this signature") from error


def verify_signature(manifest: BatchManifest, domain: Domain, signature: bytes) -> None:
    """Succeeds if *signature* is the supplier's for *domain*; raises :class:`SignatureInvalid`."""
    if recover_signer(manifest.digest(domain), signature) != manifest.supplier:
        raise SignatureInvalid("the manifest is not signed by its supplier for this chain and registry")


def _address(key: coincurve.PublicKey) -> bytes:
    return keccak256(key.format(compressed=False)[1:])[12:]


def _word(number: int) -> bytes:
    return number.to_bytes(32)


def _is_int(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_line(text: str) -> bool:
    return len(text) <= MAX_TEXT and not _CONTROL.search(text)


def _require(holds: object, member: str, expected: str) -> None:
    if not holds:
        raise ManifestInvalid(f"{member}: expected {expected}", member=member)
