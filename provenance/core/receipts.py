"""Receipts: the signed promise that an accepted event will be in the log (FORMATS §8).

A receipt whose entry is not in the log 24 hours after the entry's time is proof against the operator.
Only the sequencer holds the log's key, so receipts have a key of their own. Consensus-critical and pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core import notes
from provenance.core.canonical import decode_base64, decode_hex, encode_base64
from provenance.core.entries import Entry, commit_details
from provenance.core.notes import VerifierKey
from provenance.core.proofcheck.parts import OpenedDetails
from provenance.errors import InputRefused, SignatureInvalid

MERGE_DELAY_MS: Final = 24 * 3600 * 1000
"""How long after its entry's time a receipt may stay unredeemed by the log."""
MAX_EVENT_ID: Final = 64
_PREFIX: Final = b"provenance/receipt/v1\n"
_MEMBERS: Final = frozenset({"entry", "event", "key_id", "signature", "detail"})


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry, the service's id of the event, and an Ed25519 signature over origin and entry.

    ``event`` is a handle and not signed. Raises :class:`InputRefused` (``receipt_malformed``).
    """

    entry: Entry
    event: str
    key_id: bytes
    signature: bytes
    detail: OpenedDetails | None = None

    def __post_init__(self) -> None:
        if len(self.key_id) != 4 or len(self.signature) != 64:
            raise _malformed("a receipt has a 4-byte key id and a 64-byte signature")
        if not 0 < len(self.event) <= MAX_EVENT_ID or not self.event.isprintable():
            raise _malformed(f"an event id is 1 to {MAX_EVENT_ID} printable characters")

    @property
    def due(self) -> int:
        """The time in ms by which the entry must be in the log."""
        return self.entry.time + MERGE_DELAY_MS

    def to_json(self) -> dict[str, Any]:
        """The members of FORMATS §8."""
        return {
            "entry": encode_base64(self.entry.encode()),
            "event": self.event,
            "key_id": self.key_id.hex(),
            "signature": self.signature.hex(),
            "detail": self.detail.to_json() if self.detail else None,
        }

    @classmethod
    def from_json(cls, members: object) -> Receipt:
        """Read the five members, no more and no fewer; raises :class:`InputRefused`."""
        if not isinstance(members, dict) or set(members) != _MEMBERS:
            raise _malformed(f"a receipt has exactly the members {', '.join(sorted(_MEMBERS))}")
        texts = {name: members[name] for name in ("entry", "event", "key_id", "signature")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise _malformed("entry, event, key_id and signature of a receipt are strings")
        return cls(
            Entry.decode(decode_base64(texts["entry"])),
            texts["event"],
            decode_hex(texts["key_id"], 4),
            decode_hex(texts["signature"], 64),
            _read_detail(members["detail"]),
        )


def message(origin: str, entry: Entry) -> bytes:
    """What is signed: ``"provenance/receipt/v1\\n" ‖ origin ‖ "\\n" ‖ entry``."""
    return _PREFIX + origin.encode() + b"\n" + entry.encode()


def key_name(origin: str) -> str:
    """The name of the receipt key of a log: ``<origin>/receipt``."""
    return f"{origin}/receipt"


class ReceiptSigner:
    """Signs receipts with the 32-byte Ed25519 seed of ``<origin>/receipt``; what can be made once, is."""

    __slots__ = ("_key", "_key_id", "_prefix")

    def __init__(self, origin: str, private_key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self._key_id = notes.verifier_key(key_name(origin), private_key).key_id
        self._prefix = _PREFIX + origin.encode() + b"\n"

    def __repr__(self) -> str:
        return "ReceiptSigner(hidden)"

    def sign(self, entry: Entry, event: str, detail: OpenedDetails | None = None) -> Receipt:
        """The receipt of *entry*; raises :class:`InputRefused` if *detail* is not what it commits to."""
        receipt = Receipt(entry, event, self._key_id, self._key.sign(self._prefix + entry.encode()), detail)
        _check_detail(receipt)
        return receipt


def make(
    entry: Entry, event: str, origin: str, private_key: bytes, detail: OpenedDetails | None = None
) -> Receipt:
    """One receipt by a seed; raises :class:`InputRefused` if *detail* is not what the entry commits to."""
    return ReceiptSigner(origin, private_key).sign(entry, event, detail)


def verify(receipt: Receipt, origin: str, key: VerifierKey) -> None:
    """Succeeds if *key*, the receipt key of *origin*, signed the receipt and its detail is the committed one.

    Raises :class:`SignatureInvalid` or, for the detail, :class:`InputRefused` (``detail_mismatch``).
    """
    if key.name != key_name(origin) or key.kind != notes.ED25519:
        raise SignatureInvalid("that key does not sign receipts of this log")
    if receipt.key_id != key.key_id:
        raise SignatureInvalid("the receipt names another key")
    notes.verify_ed25519(key.public, message(origin, receipt.entry), receipt.signature)
    _check_detail(receipt)


def _check_detail(receipt: Receipt) -> None:
    detail = receipt.detail
    if detail is not None and commit_details(detail.salt, detail.value) != receipt.entry.detail:
        raise InputRefused("the receipt's detail is not what its entry commits to", code="detail_mismatch")


def _read_detail(value: object) -> OpenedDetails | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"salt", "value"} or not isinstance(value["salt"], str):
        raise _malformed("the detail of a receipt is null, or salt and value")
    return OpenedDetails(decode_hex(value["salt"], 16), value["value"])


def _malformed(text: str) -> InputRefused:
    return InputRefused(text, code="receipt_malformed")
