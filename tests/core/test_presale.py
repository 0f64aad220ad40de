"""What a reviewer signs: the bytes another implementation of EIP-712 makes, and every bit of them meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from provenance.core.entries import QualificationReason
from provenance.core.manifest import Domain, address_of, sign
from provenance.core.presale import Check, ReviewRecord, ReviewVerdict
from provenance.errors import InputRefused, SignatureInvalid

DOMAIN = Domain(31337, bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3"))
KEY = bytes(31) + b"\x07"
RECORD = ReviewRecord(b"\x11" * 32, 5, b"\x22" * 32, b"\x33" * 32, 1_800_000_000_000)


@pytest.mark.parametrize("failed", [frozenset(), frozenset({Check.UNUSED}), frozenset(Check)])
def test_a_wallet_signs_the_same_digest(failed: frozenset[Check]) -> None:
    record = replace(RECORD, failed=failed)
    message = encode_typed_data(full_message=record.typed_data(DOMAIN))
    theirs = Account.sign_message(message, KEY).signature
    assert bytes(theirs) == sign(KEY, record.digest(DOMAIN))
    assert record.signer(DOMAIN, bytes(theirs)) == address_of(KEY)


def test_the_bytes_never_change() -> None:
    """Append-only: a changed byte here breaks every signature ever given."""
    assert RECORD.hash.hex() == "a49abdbc98bfab4ab272b88d2e93d30ca3feeb790e62b66f22727fd151dee254"
    assert RECORD.digest(DOMAIN).hex() == "0241cddcc7703533131351e306ed32bbfe99ae1e4bf9032b179a0f0c95962e06"
    assert [check.bit for check in Check] == [1, 2, 4, 8, 16, 32]
    assert list(Check)[:6] == [
        "seller_identified", "ownership_shown", "contents_match", "access_shown", "not_reclaimable", "unused",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"batch_id": b"\x12" * 32}, {"index": 6}, {"video": b"\x23" * 32}, {"terms": b"\x34" * 32},
        {"valid_until": 1_800_000_000_001}, {"failed": frozenset({Check.CONTENTS_MATCH})},
    ],
)  # fmt: skip
def test_a_signature_holds_for_nothing_else(change: dict[str, object]) -> None:
    signature = sign(KEY, RECORD.digest(DOMAIN))
    other = replace(RECORD, **change)  # type: ignore[arg-type]
    assert other.hash != RECORD.hash
    assert other.signer(DOMAIN, signature) != address_of(KEY)
    assert RECORD.signer(replace(DOMAIN, chain_id=1), signature) != address_of(KEY)


def test_a_second_spelling_of_a_signature_is_refused() -> None:
    signature = sign(KEY, RECORD.digest(DOMAIN))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = (order - int.from_bytes(signature[32:64])).to_bytes(32)
    for bad in (signature[:32] + high + bytes([55 - signature[64]]), signature[:64], signature[:64] + b"\0"):
        with pytest.raises(SignatureInvalid):
            RECORD.signer(DOMAIN, bad)


def test_the_verdict_follows_the_checklist() -> None:
    assert (RECORD.verdict, RECORD.reason) == (ReviewVerdict.APPROVED, QualificationReason.REVIEW_APPROVED)
    rejected = replace(RECORD, failed=frozenset({Check.UNUSED}))
    assert (rejected.verdict, rejected.reason) == (
        ReviewVerdict.REJECTED,
        QualificationReason.REVIEW_REJECTED,
    )
    assert rejected.to_json()["failed"] == ["unused"]


@pytest.mark.parametrize(
    "change",
    [{"batch_id": b""}, {"index": 1 << 32}, {"index": -1}, {"video": b"x"}, {"valid_until": 1 << 60}],
)
def test_a_record_that_cannot_be_does_not_come_into_being(change: dict[str, object]) -> None:
    with pytest.raises(InputRefused) as caught:
        replace(RECORD, **change)  # type: ignore[arg-type]
    assert caught.value.code == "review_malformed"
