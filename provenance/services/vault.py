"""The secrets that live outside the database, and the few things done with them.

A thief with the database alone finds keyed tags, salted leaves and sealed bytes; everything here
is what he lacks. One value, made once at start; its ``repr`` says nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from provenance.errors import ProvenanceError

SECRET_SIZE: Final = 32
_NONCE_SIZE: Final = 12


class SealBroken(ProvenanceError):
    """Sealed bytes that this key-encryption key does not open, or that belong elsewhere."""

    code = "seal_broken"


class Vault:
    """``K_tag`` by epoch (newest last), and one master key from which the other keys are derived.

    *entropy* gives nonces: ``entropy(n)`` returns n random bytes.
    """

    __slots__ = ("_entropy", "_fingerprint", "_order", "_pepper", "_seal", "epoch", "tag_keys")

    def __init__(self, tag_keys: dict[int, bytes], master: bytes, entropy: Callable[[int], bytes]) -> None:
        if len(master) != SECRET_SIZE or any(len(key) != SECRET_SIZE for key in tag_keys.values()):
            raise ValueError("every secret of the vault has 32 bytes")
        self.tag_keys = dict(sorted(tag_keys.items()))
        self.epoch = max(tag_keys)
        self._entropy = entropy
        self._seal = AESGCM(_derive(master, b"seal"))
        self._order = _derive(master, b"order token")
        self._pepper = _derive(master, b"credential")
        self._fingerprint = _derive(master, b"fingerprint")

    def __repr__(self) -> str:
        return f"Vault(epoch={self.epoch})"

    @property
    def tag_key(self) -> bytes:
        """``K_tag`` of the newest epoch, the only one open to inserts."""
        return self.tag_keys[self.epoch]

    def seal(self, plain: bytes, associated: bytes) -> bytes:
        """AES-256-GCM of *plain* bound to *associated*: 12 bytes of nonce, then ciphertext and tag."""
        nonce = self._entropy(_NONCE_SIZE)
        return nonce + self._seal.encrypt(nonce, plain, associated)

    def seal_alike(self, plain: bytes, associated: bytes) -> bytes:
        """The same as :meth:`seal`, alike each time, for what is to be printed twice as one paper.

        The nonce is a PRF of what is sealed, so one nonce never serves two texts. It shows whether two
        seals hold the same; where that tells something, :meth:`seal` is meant.
        """
        nonce = self.fingerprint("nonce", associated, plain)[:_NONCE_SIZE]
        return nonce + self._seal.encrypt(nonce, plain, associated)

    def unseal(self, sealed: bytes, associated: bytes) -> bytes:
        """The plain bytes; raises :class:`SealBroken`."""
        try:
            return self._seal.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], associated)
        except InvalidTag as error:
            raise SealBroken("sealed bytes do not open with this master key") from error

    def order_token(self, seller: bytes, order: bytes, batch_id: bytes, index: int) -> bytes:
        """The 32-byte order token of one unit, the same for ever, so that it need not be kept.

        To the world it is random (a PRF under a key of its own); *order* is the order's fingerprint.
        """
        return _mac(self._order, seller + order + batch_id + index.to_bytes(4))

    def fingerprint(self, purpose: str, *parts: bytes) -> bytes:
        """A keyed 32-byte fingerprint of *parts*, unlinkable between purposes."""
        framed = b"".join(len(part).to_bytes(4) + part for part in parts)
        return _mac(self._fingerprint, purpose.encode() + b"\0" + framed)

    def credential_digest(self, token: bytes) -> bytes:
        """What is stored of a bearer token: HMAC-SHA-256 under the pepper."""
        return _mac(self._pepper, token)


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, hashlib.sha256)


def _derive(master: bytes, purpose: bytes) -> bytes:
    return _mac(master, b"provenance/master/v1\n" + purpose)
