"""A manifest has one digest per registry and one signature per supplier."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core import manifest
from provenance.core.manifest import BatchDetails, BatchManifest, Domain
from provenance.errors import ManifestInvalid, SignatureInvalid
from tests.core.proof_world import GOLDEN, NETWORK, SUPPLIER_KEY, golden_manifest

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SIGNATURE = bytes.fromhex(GOLDEN["signature"][2:])
DIGEST = bytes.fromhex(GOLDEN["eip712_digest"])

HASHES = st.binary(min_size=32, max_size=32)
ADDRESSES = st.binary(min_size=20, max_size=20).filter(any)
MANIFESTS = st.builds(
    BatchManifest,
    supplier=ADDRESSES,
    root=HASHES,
    size=st.integers(1, 2**32 - 1),
    max_uses=st.integers(1, 2**32 - 1),
    expires_at=st.integers(0, 2**53 - 1),
    details=HASHES,
)
DOMAINS = st.builds(Domain, st.integers(1, 2**53 - 1), ADDRESSES)


def test_the_golden_manifest_is_reproduced() -> None:
    golden = golden_manifest()
    assert golden.batch_id.hex() == GOLDEN["batch_id"]
    assert golden.digest(NETWORK).hex() == GOLDEN["eip712_digest"]
    assert BatchDetails.from_json(GOLDEN["details"]).hash.hex() == GOLDEN["details_hash"]
    assert BatchDetails.from_json(GOLDEN["details"]).to_json() == GOLDEN["details"]
    assert manifest.sign(SUPPLIER_KEY, DIGEST) == SIGNATURE
    assert manifest.address_of(SUPPLIER_KEY) == golden.supplier
    manifest.verify_signature(golden, NETWORK, SIGNATURE)


@settings(max_examples=30)
@given(MANIFESTS, DOMAINS)
def test_the_digest_is_the_one_that_wallets_sign(batch: BatchManifest, domain: Domain) -> None:
    signable = encode_typed_data(
        {"name": "Card Key Provenance", "version": "1", "chainId": domain.chain_id,
         "verifyingContract": domain.registry},
        {"BatchManifest": [
            {"name": "supplier", "type": "address"}, {"name": "root", "type": "bytes32"},
            {"name": "size", "type": "uint32"}, {"name": "maxUses", "type": "uint32"},
            {"name": "expiresAt", "type": "uint64"}, {"name": "details", "type": "bytes32"},
        ]},
        {"supplier": batch.supplier, "root": batch.root, "size": batch.size, "maxUses": batch.max_uses,
         "expiresAt": batch.expires_at, "details": batch.details},
    )  # fmt: skip
    assert signable.header == domain.separator
    assert signable.body == batch.batch_id
    wallet = Account.sign_message(signable, SUPPLIER_KEY)
    assert manifest.sign(SUPPLIER_KEY, batch.digest(domain)) == bytes(wallet.signature)
    assert (
        manifest.recover_signer(batch.digest(domain), bytes(wallet.signature)) == golden_manifest().supplier
    )


@given(HASHES, st.integers(1, ORDER - 1))
def test_whoever_signs_is_recovered(digest: bytes, secret: int) -> None:
    key = secret.to_bytes(32)
    assert manifest.recover_signer(digest, manifest.sign(key, digest)) == manifest.address_of(key)


def test_the_mirrored_signature_of_the_same_manifest_is_refused() -> None:
    s = int.from_bytes(SIGNATURE[32:64])
    mirrored = SIGNATURE[:32] + (ORDER - s).to_bytes(32) + bytes([55 - SIGNATURE[64]])
    with pytest.raises(SignatureInvalid, match="low"):
        manifest.recover_signer(DIGEST, mirrored)


@pytest.mark.parametrize("v", [0, 1, 2, 26, 29, 37, 255])
def test_a_foreign_v_is_refused(v: int) -> None:
    with pytest.raises(SignatureInvalid, match="27 or 28"):
        manifest.recover_signer(DIGEST, SIGNATURE[:64] + bytes([v]))


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (ORDER, 1), (ORDER + 1, 1), (1, ORDER), (1, ORDER // 2 + 1), (2**256 - 1, 1)]
)
def test_r_and_s_lie_in_their_range(r: int, s: int) -> None:
    with pytest.raises(SignatureInvalid):
        manifest.recover_signer(DIGEST, r.to_bytes(32) + s.to_bytes(32) + b"\x1b")


def test_the_largest_low_s_is_not_refused_for_its_size() -> None:
    top = SIGNATURE[:32] + (ORDER // 2).to_bytes(32) + b"\x1b"
    assert len(manifest.recover_signer(DIGEST, top)) == 20


def test_an_r_that_is_no_point_is_refused() -> None:
    off_curve = (5).to_bytes(32) + (1).to_bytes(32) + b"\x1b"  # 5³ + 7 = 132 is no square
    with pytest.raises(SignatureInvalid, match="no public key"):
        manifest.recover_signer(DIGEST, off_curve)


@pytest.mark.parametrize("length", [0, 64, 66, 130])
def test_a_signature_has_65_bytes(length: int) -> None:
    with pytest.raises(SignatureInvalid, match="65"):
        manifest.recover_signer(DIGEST, bytes(length))


@pytest.mark.parametrize("bit", range(0, 65 * 8, 3))
def test_a_flipped_bit_of_the_signature_is_not_the_suppliers(bit: int) -> None:
    forged = bytearray(SIGNATURE)
    forged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureInvalid):
        manifest.verify_signature(golden_manifest(), NETWORK, bytes(forged))


@pytest.mark.parametrize(
    "domain",
    [Domain(1, NETWORK.registry), Domain(NETWORK.chain_id, bytes(19) + b"\x01")],
    ids=["chain", "registry"],
)
def test_a_signature_for_another_registry_does_not_count(domain: Domain) -> None:
    with pytest.raises(SignatureInvalid):
        manifest.verify_signature(golden_manifest(), domain, SIGNATURE)


@pytest.mark.parametrize(
    "change",
    [{"root": bytes(32)}, {"size": 8}, {"max_uses": 2}, {"expires_at": 1}, {"details": bytes(32)}],
    ids=lambda change: next(iter(change)),
)
def test_a_signature_covers_every_field(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid):
        manifest.verify_signature(replace(golden_manifest(), **change), NETWORK, SIGNATURE)


@pytest.mark.parametrize(
    "change",
    [
        {"supplier": bytes(20)}, {"supplier": bytes(19)}, {"root": bytes(31)}, {"size": 0}, {"size": 2**32},
        {"size": True}, {"max_uses": 0}, {"max_uses": 2**32}, {"expires_at": -1}, {"expires_at": 2**53},
        {"details": b""},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_out_of_bounds_does_not_exist(change: dict[str, Any]) -> None:
    with pytest.raises(ManifestInvalid):
        replace(golden_manifest(), **change)


@pytest.mark.parametrize(
    "change", [{"chain_id": 0}, {"chain_id": 2**53}, {"chain_id": True}, {"registry": b""}], ids=str
)
def test_a_domain_out_of_bounds_does_not_exist(change: dict[str, Any]) -> None:
    with pytest.raises(ManifestInvalid):
        replace(NETWORK, **change)


@pytest.mark.parametrize("amount", ["0", "50", "50.00", "0.5", "999999999999999.12345678"])
def test_money_is_a_plain_decimal(amount: str) -> None:
    assert BatchDetails.from_json({**GOLDEN["details"], "face_value": amount}).face_value == amount


@pytest.mark.parametrize(
    "change",
    [
        {"face_value": 50}, {"face_value": "050"}, {"face_value": "-1"}, {"face_value": "1e3"},
        {"face_value": "1."}, {"face_value": ".5"}, {"face_value": "５０"}, {"face_value": "50\n"},
        {"currency": "cny"}, {"currency": "CNYX"}, {"currency": ""}, {"format": "CMCC"}, {"format": ""},
        {"format": "-a"}, {"format": "a" * 33}, {"format_version": 0}, {"format_version": "1"},
        {"format_version": True}, {"product": "a\nb"}, {"product": "a" * 201}, {"product": None},
        {"supplier_reference": "\u2028"}, {"source": "00"}, {"source": "AB" * 32}, {"source": 5},
        {"colour": "red"},
    ],
    ids=str,
)  # fmt: skip
def test_details_out_of_bounds_do_not_exist(change: dict[str, Any]) -> None:
    with pytest.raises(ManifestInvalid):
        BatchDetails.from_json({**GOLDEN["details"], **change})


@pytest.mark.parametrize("length", [0, 31, 33])
def test_the_source_has_32_bytes(length: int) -> None:
    with pytest.raises(ManifestInvalid):
        replace(BatchDetails.from_json(GOLDEN["details"]), source=bytes(length))


@pytest.mark.parametrize("name", sorted(GOLDEN["details"]))
def test_no_detail_may_be_missing(name: str) -> None:
    members = {key: value for key, value in GOLDEN["details"].items() if key != name}
    with pytest.raises(ManifestInvalid):
        BatchDetails.from_json(members)


@pytest.mark.parametrize("value", [None, [], "details"])
def test_details_are_an_object(value: object) -> None:
    with pytest.raises(ManifestInvalid):
        BatchDetails.from_json(value)


def test_details_that_have_no_canonical_form_have_no_hash() -> None:
    with pytest.raises(ManifestInvalid):
        manifest.details_hash({"face_value": 0.5})
