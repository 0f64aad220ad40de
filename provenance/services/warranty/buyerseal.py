"""A delivered key, sealed so that it exists for whoever shows the order's token and for nobody else."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from provenance.core.keyformats import CardKey
from provenance.errors import Refused
from provenance.services.context import Context

_INFO: Final = b"provenance/delivered-key/v1"
_NONCE_SIZE: Final = 12


def seal_for_buyer(context: Context, token: bytes, order_id: bytes, key: CardKey) -> bytes:
    """*key* for whoever shows the 32-byte order *token* of *order_id*: a nonce, then AES-256-GCM.

    The key of it is HKDF-SHA-256 (RFC 5869) of the token, bound to the order by its salt.
    """
    nonce = context.entropy(_NONCE_SIZE)
    return nonce + _buyers_seal(token, order_id).encrypt(nonce, key.identity, order_id)


def open_for_buyer(token: bytes, order_id: bytes, sealed: bytes) -> CardKey:
    """The delivered key; raises :class:`Refused` (``not_your_order``) for every other token or order."""
    try:
        plain = _buyers_seal(token, order_id).decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], order_id)
    except (InvalidTag, ValueError):
        raise Refused("this order token does not open the key of this order", code="not_your_order") from None
    return read_identity(plain)


def _buyers_seal(token: bytes, order_id: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=order_id, info=_INFO).derive(token))


def read_identity(identity: bytes) -> CardKey:
    """The key of an identity that was sealed (FORMATS §1); no part of one has a line break."""
    format_id, serial, secret = identity.decode().split("\n")
    return CardKey(format_id, serial, secret)
