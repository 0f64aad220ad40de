"""The 124 bytes of a custody entry, and the commitment to its sealed details (FORMATS §5).

Consensus-critical: a changed byte breaks every proof ever handed out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from provenance.core import canonical
from provenance.core.digests import sha256
from provenance.errors import InputRefused

ENTRY_SIZE: Final = 124
ENTRY_VERSION: Final = 1
ZERO_ADDRESS: Final = bytes(20)
ZERO_HASH: Final = bytes(32)
DETAIL_SALT_SIZE: Final = 16
MAX_DETAIL_SIZE: Final = 16 * 1024
"""Bound on the canonical JSON of an entry's details, so that a bundle of many entries stays readable."""

_BUNDLE_LEVELS: Final = 4
"""The details of an entry lie this deep in a proof bundle (FORMATS §10): custody[i].details.value."""

_LAYOUT: Final = struct.Struct(">BBHQ32sII20s20s32s")


class EntryType(IntEnum):
    """What happened. Types below 32 are about keys of a batch, the others name their own subject."""

    COMMISSION = 1
    TRANSFER = 2
    RECEIVE = 3
    SELL = 4
    DELIVER = 5
    REDEEM = 6
    REINSTATE = 7
    VOID = 8
    REISSUE = 9
    CORRECTION = 10
    PARTY = 32
    QUALIFICATION = 33
    TERMS = 34
    CLAIM = 35
    REMEDY = 36
    BEACON = 48
    STATE = 49
    KEY = 50

    @property
    def is_on_keys(self) -> bool:
        return self < 32


RANGE_TYPES: Final = frozenset({EntryType.COMMISSION, EntryType.TRANSFER, EntryType.RECEIVE, EntryType.VOID})
"""The only types on keys that may speak of more than one key."""


class PartyReason(IntEnum):
    """The ``reason`` of a PARTY entry: six admissions, a suspension, a succession."""

    SUPPLIER = 1
    PLATFORM = 2
    ISSUER = 3
    AUDITOR = 4
    WITNESS = 5
    OPERATOR = 6
    SUSPENDED = 7
    SUCCEEDED = 8


class KeyReason(IntEnum):
    """The ``reason`` of a KEY entry."""

    LOG = 1
    RECEIPTS = 2
    RETIRED = 3


class QualificationReason(IntEnum):
    """The ``reason`` of a QUALIFICATION entry."""

    PUBLISHED = 1
    WITHDRAWN = 2
    REVIEW_APPROVED = 3
    REVIEW_REJECTED = 4
    BUYER_REVIEW = 5
    REPORT = 6


class SaleReason(IntEnum):
    """The ``reason`` of a SELL entry: whether a warranty stands behind it, for anybody to count."""

    NONE = 0
    UNDER_TERMS = 1
    REPLACEMENT = 2


class RedeemReason(IntEnum):
    """The ``reason`` of a REDEEM entry."""

    NONE = 0
    USED_BEFORE_SALE = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log. ``time`` is UTC milliseconds since 1970; addresses have 20 bytes, hashes 32.

    Raises :class:`InputRefused` (``entry_malformed``) when a field does not fit its place.
    """

    type: EntryType
    time: int
    subject: bytes
    actor: bytes
    first: int = 0
    count: int = 0
    party: bytes = ZERO_ADDRESS
    reason: int = 0
    detail: bytes = ZERO_HASH

    def __post_init__(self) -> None:
        fits = (
            len(self.subject) == 32
            and len(self.actor) == 20
            and len(self.party) == 20
            and len(self.detail) == 32
            and 0 <= self.reason < 1 << 16
            and 0 <= self.time < 1 << 64
            and 0 <= self.first < 1 << 32
            and 0 <= self.count < 1 << 32
        )
        if not fits:
            raise _malformed("a field of the entry does not fit its place")
        if self.type.is_on_keys and self.count == 0:
            raise _malformed("an entry on keys names at least one key")
        if self.type.is_on_keys and self.count > 1 and self.type not in RANGE_TYPES:
            raise _malformed(f"{self.type.name} is on one key at a time")

    @property
    def number(self) -> int:
        """``first`` and ``count`` read as one uint64 (types 35, 36, 48, 49)."""
        return self.first << 32 | self.count

    @property
    def party_number(self) -> int:
        """``party`` read as 12 zero bytes and a uint64 (CORRECTION, STATE).

        Raises :class:`InputRefused` (``entry_malformed``) when the leading bytes are not zero.
        """
        if self.party[:12] != bytes(12):
            raise _malformed("the number in party does not start with 12 zero bytes")
        return int.from_bytes(self.party[12:])

    @property
    def is_range(self) -> bool:
        """Whether the state tree counts it with the batch instead of with one key (FORMATS §6)."""
        return self.type is EntryType.COMMISSION or (self.type.is_on_keys and self.count > 1)

    def covers(self, index: int) -> bool:
        """Whether this entry on keys speaks of the key at *index*."""
        return self.first <= index < self.first + self.count

    def encode(self) -> bytes:
        """The 124 bytes of FORMATS §5."""
        return _LAYOUT.pack(
            ENTRY_VERSION,
            self.type,
            self.reason,
            self.time,
            self.subject,
            self.first,
            self.count,
            self.actor,
            self.party,
            self.detail,
        )

    @classmethod
    def decode(cls, raw: bytes) -> Entry:
        """Read 124 bytes; raises :class:`InputRefused` (``entry_malformed``)."""
        if len(raw) != ENTRY_SIZE:
            raise _malformed(f"an entry has {ENTRY_SIZE} bytes, not {len(raw)}")
        version, kind, reason, time, subject, first, count, actor, party, detail = _LAYOUT.unpack(raw)
        if version != ENTRY_VERSION:
            raise _malformed(f"entry version {version} is not known")
        try:
            known = EntryType(kind)
        except ValueError as error:
            raise _malformed(f"entry type {kind} is not known") from error
        return cls(known, time, subject, actor, first, count, party, reason, detail)


def address_subject(address: bytes) -> bytes:
    """The subject of a PARTY entry: 12 zero bytes, then the 20 of the address."""
    return bytes(12) + address


def number_party(number: int) -> bytes:
    """A uint64 in the place of an address: 12 zero bytes, then 8 big-endian."""
    return bytes(12) + number.to_bytes(8)


def split_number(number: int) -> tuple[int, int]:
    """A uint64 as the pair ``(first, count)``."""
    return number >> 32, number & 0xFFFFFFFF


def encode_details(details: dict[str, Any]) -> bytes:
    """The RFC 8785 bytes of *details*, as they are committed to and sealed.

    Raises :class:`InputRefused` (``details_too_large``), and as :func:`provenance.core.canonical.encode`
    does for details that no bundle could carry.
    """
    # Nested as in a bundle, whose depth is bounded: what is committed to can always be shown.
    nested = canonical.encode([[[[details]]]])
    encoded = nested[_BUNDLE_LEVELS:-_BUNDLE_LEVELS]
    if len(encoded) > MAX_DETAIL_SIZE:
        raise InputRefused(
            f"the details of an entry are at most {MAX_DETAIL_SIZE} bytes of canonical JSON; send less",
            code="details_too_large",
            limit=MAX_DETAIL_SIZE,
        )
    return encoded


def commit_encoded(salt: bytes, encoded: bytes) -> bytes:
    """The 32-byte commitment ``H(salt ‖ encoded)`` to details that :func:`encode_details` gave.

    Without the 16 random bytes of *salt* it says nothing about the details: deleting salt and
    details is how erasure works. Raises :class:`InputRefused` (``entry_malformed``).
    """
    if len(salt) != DETAIL_SALT_SIZE:
        raise _malformed(f"a detail salt has {DETAIL_SALT_SIZE} bytes")
    return sha256(salt + encoded)


def commit_details(salt: bytes, details: dict[str, Any]) -> bytes:
    """The same of details; raises as both."""
    return commit_encoded(salt, encode_details(details))


def _malformed(message: str) -> InputRefused:
    return InputRefused(message, code="entry_malformed")
