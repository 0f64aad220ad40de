"""The review before the sale of valuable goods: what a reviewer signs, byte for byte (docs/warranty.md).

Consensus-critical: the hash of the record is the subject of a QUALIFICATION entry, and the signature is
EIP-712, so that a reviewer can read in a wallet what he signs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final

from provenance.core import canonical
from provenance.core.digests import keccak256
from provenance.core.entries import QualificationReason
from provenance.core.manifest import DOMAIN_NAME, DOMAIN_VERSION, Domain, recover_signer
from provenance.errors import InputRefused

_TYPE_STRING: Final = (
    "PresaleReview(bytes32 batch,uint32 index,bytes32 video,bytes32 terms,uint64 validUntil,"
    "uint32 failed,uint8 verdict)"
)
_TYPE: Final = keccak256(_TYPE_STRING.encode())
_MAX_INDEX: Final = 2**32 - 1


class ReviewVerdict(IntEnum):
    """What a reviewer found; stands in what he signs."""

    APPROVED = 1
    REJECTED = 2


class Check(StrEnum):
    """The checklist, append-only: the position of an item is its bit in what is signed."""

    SELLER_IDENTIFIED = "seller_identified"
    OWNERSHIP_SHOWN = "ownership_shown"
    CONTENTS_MATCH = "contents_match"
    ACCESS_SHOWN = "access_shown"
    NOT_RECLAIMABLE = "not_reclaimable"
    UNUSED = "unused"

    @property
    def bit(self) -> int:
        return 1 << list(Check).index(self)


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """One verdict on one key under one set of terms, after one video (SHA-256).

    ``valid_until`` is in ms since 1970; ``failed`` are the items of the checklist that do not hold: the
    verdict is an approval exactly if there are none, so that a refusal always says why. Raises
    :class:`InputRefused` (``review_malformed``).
    """

    batch_id: bytes
    index: int
    video: bytes
    terms: bytes
    valid_until: int
    failed: frozenset[Check] = frozenset()

    def __post_init__(self) -> None:
        if any(len(each) != 32 for each in (self.batch_id, self.video, self.terms)):
            raise _malformed("batch, video and terms are 32 bytes each")
        if not 0 <= self.index <= _MAX_INDEX or not 0 <= self.valid_until <= canonical.MAX_INTEGER:
            raise _malformed("the index is a uint32, the time is in ms since 1970")

    @property
    def verdict(self) -> ReviewVerdict:
        return ReviewVerdict.REJECTED if self.failed else ReviewVerdict.APPROVED

    @property
    def reason(self) -> QualificationReason:
        """The reason of its entry."""
        return QualificationReason[f"REVIEW_{self.verdict.name}"]

    @property
    def hash(self) -> bytes:
        """EIP-712 ``hashStruct``, without the domain: the subject of its QUALIFICATION entry."""
        words = (
            self.batch_id,
            self.index.to_bytes(32),
            self.video,
            self.terms,
            self.valid_until.to_bytes(32),
            bits(self.failed).to_bytes(32),
            int(self.verdict).to_bytes(32),
        )
        return keccak256(_TYPE + b"".join(words))

    def digest(self, domain: Domain) -> bytes:
        """The 32 bytes that a reviewer signs for *domain*."""
        return keccak256(b"\x19\x01" + domain.separator + self.hash)

    def to_json(self) -> dict[str, Any]:
        """The record as the details of its entry tell it."""
        return {
            "batch": self.batch_id.hex(),
            "index": self.index,
            "video": self.video.hex(),
            "terms": self.terms.hex(),
            "valid_until": self.valid_until,
            "failed": sorted(check.value for check in self.failed),
            "verdict": self.verdict.name.lower(),
        }

    def typed_data(self, domain: Domain) -> dict[str, Any]:
        """The same for ``eth_signTypedData_v4``: what a wallet shows and signs."""
        members = (part.split(" ") for part in _TYPE_STRING[len("PresaleReview(") : -1].split(","))
        return {
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "PresaleReview": [{"name": name, "type": kind} for kind, name in members],
            },
            "primaryType": "PresaleReview",
            "domain": {
                "name": DOMAIN_NAME,
                "version": DOMAIN_VERSION,
                "chainId": domain.chain_id,
                "verifyingContract": "0x" + domain.registry.hex(),
            },
            "message": {
                "batch": "0x" + self.batch_id.hex(),
                "index": self.index,
                "video": "0x" + self.video.hex(),
                "terms": "0x" + self.terms.hex(),
                "validUntil": self.valid_until,
                "failed": bits(self.failed),
                "verdict": int(self.verdict),
            },
        }

    def signer(self, domain: Domain, signature: bytes) -> bytes:
        """Whose *signature* this is (20 bytes); raises :class:`provenance.errors.SignatureInvalid`."""
        return recover_signer(self.digest(domain), signature)


def bits(failed: Iterable[Check]) -> int:
    """The failed items as the uint32 that is signed."""
    return sum(check.bit for check in failed)


def _malformed(message: str) -> InputRefused:
    return InputRefused(message, code="review_malformed")
