"""A receipt binds the operator to one entry of one log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provenance.core import notes, receipts
from provenance.core.notes import VerifierKey
from provenance.core.proofs import OpenedDetails
from provenance.core.receipts import Receipt
from provenance.errors import InputRefused, SignatureInvalid
from tests.core.proof_world import GOLDEN, LOG_KEY, ORIGIN, RECEIPT_SEED, golden_details, golden_entries

SALE = golden_entries()[9]
KEY = VerifierKey.parse(GOLDEN["receipt_key"])
DETAIL = golden_details()[9]
GOOD = receipts.make(SALE, "ev_01", ORIGIN, RECEIPT_SEED, DETAIL)


def test_the_golden_receipt_is_reproduced() -> None:
    assert GOOD.signature.hex() == GOLDEN["receipt_signature"]
    assert GOOD.key_id.hex() == GOLDEN["receipt_key"].split("+")[1]
    receipts.verify(GOOD, ORIGIN, KEY)


def test_what_is_signed_is_prefix_origin_and_entry() -> None:
    expected = b"provenance/receipt/v1\nkeys.example/log\n" + SALE.encode()
    assert receipts.message(ORIGIN, SALE) == expected


def test_a_receipt_comes_back_from_its_json() -> None:
    assert Receipt.from_json(GOOD.to_json()) == GOOD
    assert set(GOOD.to_json()) == {"entry", "event", "key_id", "signature", "detail"}
    bare = receipts.make(SALE, "ev_01", ORIGIN, RECEIPT_SEED)
    assert bare.to_json()["detail"] is None
    assert Receipt.from_json(bare.to_json()) == bare


def test_the_entry_is_due_within_24_hours() -> None:
    assert GOOD.due - SALE.time == 86_400_000


@pytest.mark.parametrize("bit", range(0, 64 * 8, 5))
def test_a_flipped_bit_of_the_signature_is_refused(bit: int) -> None:
    forged = bytearray(GOOD.signature)
    forged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureInvalid):
        receipts.verify(replace(GOOD, signature=bytes(forged)), ORIGIN, KEY)


def test_a_receipt_for_another_entry_or_log_does_not_verify() -> None:
    with pytest.raises(SignatureInvalid):
        receipts.verify(replace(GOOD, entry=golden_entries()[11], detail=None), ORIGIN, KEY)
    other_log = receipts.make(SALE, "ev_01", "other.example/log", RECEIPT_SEED)
    with pytest.raises(SignatureInvalid):
        receipts.verify(replace(other_log, key_id=GOOD.key_id), ORIGIN, KEY)


def test_the_logs_own_key_does_not_sign_receipts() -> None:
    with pytest.raises(SignatureInvalid):
        receipts.verify(GOOD, ORIGIN, LOG_KEY)
    with pytest.raises(SignatureInvalid):
        receipts.verify(GOOD, "other.example/log", KEY)
    stranger = notes.verifier_key(receipts.key_name(ORIGIN), bytes(32))
    with pytest.raises(SignatureInvalid):
        receipts.verify(GOOD, ORIGIN, stranger)
    with pytest.raises(SignatureInvalid):
        receipts.verify(replace(GOOD, key_id=stranger.key_id), ORIGIN, stranger)


@pytest.mark.parametrize(
    "other",
    [
        VerifierKey("other.example/log/receipt", KEY.public),
        VerifierKey(KEY.name, KEY.public, notes.COSIGNATURE),
    ],
    ids=["name", "kind"],
)
def test_the_same_key_under_another_name_or_kind_does_not_sign_receipts(other: VerifierKey) -> None:
    with pytest.raises(SignatureInvalid):
        receipts.verify(replace(GOOD, key_id=other.key_id), ORIGIN, other)


def test_a_receipt_that_names_another_key_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        receipts.verify(replace(GOOD, key_id=bytes(4)), ORIGIN, KEY)


@pytest.mark.parametrize(
    "change", [{"key_id": bytes(3)}, {"signature": bytes(63)}], ids=["key id", "signature"]
)
def test_a_receipt_out_of_bounds_does_not_exist(change: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        replace(GOOD, **change)


def test_a_detail_that_the_entry_does_not_commit_to_is_refused() -> None:
    other = OpenedDetails(DETAIL.salt, {**DETAIL.value, "price": "0.50"})
    with pytest.raises(InputRefused) as made:
        receipts.make(SALE, "ev_01", ORIGIN, RECEIPT_SEED, other)
    with pytest.raises(InputRefused) as verified:
        receipts.verify(replace(GOOD, detail=other), ORIGIN, KEY)
    assert made.value.code == verified.value.code == "detail_mismatch"


@pytest.mark.parametrize(
    "change",
    [
        {"entry": "AAAA"}, {"entry": 5}, {"entry": GOOD.to_json()["entry"] + "\n"},
        {"event": ""}, {"event": None},
        {"event": "e" * 65}, {"event": "a\nb"}, {"key_id": "00"}, {"key_id": "0000000G"}, {"signature": "00"},
        {"signature": GOOD.signature.hex().upper()}, {"detail": {}}, {"detail": {"salt": "00", "value": {}}},
        {"detail": {"salt": "00" * 16, "value": []}}, {"detail": {"salt": 1, "value": {}}}, {"extra": 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_receipt_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        Receipt.from_json({**GOOD.to_json(), **change})


@pytest.mark.parametrize("value", [None, [], "receipt", {}])
def test_a_receipt_is_an_object_with_its_five_members(value: object) -> None:
    with pytest.raises(InputRefused):
        Receipt.from_json(value)
