"""The two hash functions of the formats, each with one name."""

from __future__ import annotations

import hashlib

from eth_hash.auto import keccak as _keccak


def sha256(data: bytes) -> bytes:
    """SHA-256 of *data*, 32 bytes."""
    return hashlib.sha256(data).digest()


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (not SHA3-256), 32 bytes."""
    digest: bytes = _keccak(data)
    return digest
