"""Accounts: keystores, the well-known test accounts, signatures."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from provenance.chain.signer import TEST_CHAIN_ID, Signer, create_keystore, read_transaction
from provenance.chain.transactions import Fees
from provenance.core.digests import keccak256
from provenance.core.manifest import address_of
from provenance.errors import Conflict, InputRefused, NotFound, Refused
from tests.chain.golden import DIGEST, GOLDEN, SIGNATURE, SUPPLIER_KEY

PASSWORD = "口令 with spaces".encode()


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "supplier.json"
    assert create_keystore(path, PASSWORD, private_key=SUPPLIER_KEY) == address_of(SUPPLIER_KEY)
    return path


def test_a_keystore_opens_with_its_password_and_signs_as_its_owner(keystore: Path) -> None:
    signer = Signer.from_keystore(keystore, PASSWORD, chain_id=1)
    assert signer.address == address_of(SUPPLIER_KEY)
    assert signer.sign_manifest_digest(DIGEST) == SIGNATURE


def test_a_keystore_is_for_its_owner_alone_and_holds_no_key_in_clear(keystore: Path) -> None:
    assert stat.S_IMODE(keystore.stat().st_mode) == 0o600
    text = keystore.read_text("ascii")
    assert json.loads(text)["version"] == 3
    assert GOLDEN["supplier_private_key"] not in text.lower()


def test_a_keystore_that_others_can_read_is_not_opened(keystore: Path, tmp_path: Path) -> None:
    exposed = tmp_path / "exposed.json"
    exposed.write_bytes(keystore.read_bytes())
    exposed.chmod(0o640)
    with pytest.raises(InputRefused) as refused:
        Signer.from_keystore(exposed, PASSWORD, chain_id=1)
    assert refused.value.code == "keystore_exposed"


def test_a_wrong_password_says_so(keystore: Path) -> None:
    with pytest.raises(InputRefused) as refused:
        Signer.from_keystore(keystore, b"not it", chain_id=1)
    assert refused.value.code == "keystore_password_wrong"


def test_a_keystore_is_never_overwritten(keystore: Path) -> None:
    before = keystore.read_bytes()
    with pytest.raises(Conflict):
        create_keystore(keystore, PASSWORD)
    assert keystore.read_bytes() == before


def test_a_missing_keystore_and_an_empty_password_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Signer.from_keystore(tmp_path / "none.json", PASSWORD, chain_id=1)
    with pytest.raises(InputRefused) as refused:
        create_keystore(tmp_path / "none.json", b"")
    assert refused.value.code == "password_empty"
    assert not (tmp_path / "none.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"version": 3}',
        b'{"version": 1, "crypto": {}}',
        b"[" * 60_000,
        b" " * 70_000,
        b'{"version": 3, "crypto": {"kdf": "none"}}',
    ],
)
def test_what_is_no_keystore_is_refused_as_such(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InputRefused) as refused:
        Signer.from_keystore(path, PASSWORD, chain_id=1)
    assert refused.value.code == "keystore_invalid"


def test_a_fresh_keystore_has_a_key_of_its_own(tmp_path: Path) -> None:
    addresses = {create_keystore(tmp_path / name, PASSWORD) for name in ("one.json", "two.json")}
    assert len(addresses) == 2


@pytest.mark.parametrize("index", [0, 1, 19])
def test_a_well_known_account_is_refused_outside_the_local_testnet(index: int) -> None:
    assert Signer.test_account(index).chain_id == TEST_CHAIN_ID
    for chain_id in (1, 11155111, 31338):
        with pytest.raises(Refused) as refused:
            Signer.test_account(index, chain_id=chain_id)
        assert refused.value.code == "test_account_refused"


def test_a_well_known_key_is_recognised_in_a_keystore_too(tmp_path: Path) -> None:
    well_known = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    create_keystore(tmp_path / "key.json", PASSWORD, private_key=well_known)
    with pytest.raises(Refused) as refused:
        Signer.from_keystore(tmp_path / "key.json", PASSWORD, chain_id=1)
    assert refused.value.code == "test_account_refused"


def test_there_are_twenty_test_accounts() -> None:
    assert len({Signer.test_account(index).address for index in range(20)}) == 20
    for index in (-1, 20):
        with pytest.raises(InputRefused):
            Signer.test_account(index)


def test_the_hash_of_a_transaction_is_known_when_it_is_signed() -> None:
    signed = Signer(SUPPLIER_KEY, chain_id=5).sign_transaction(
        nonce=3, to=b"\x01" * 20, data=b"\x02", gas=50_000, fees=Fees(10, 1)
    )
    assert signed.hash == keccak256(signed.raw)
    assert signed.raw[0] == 2
    assert (signed.nonce, signed.chain_id, signed.fees) == (3, 5, Fees(10, 1))


def test_signing_twice_gives_the_same_bytes() -> None:
    signer = Signer(SUPPLIER_KEY, chain_id=5)
    once, again = (
        signer.sign_transaction(nonce=0, to=None, data=b"\x60", gas=60_000, fees=Fees(10, 1))
        for _ in range(2)
    )
    assert once == again


@pytest.mark.parametrize("to", [None, b"\x01" * 20])
@pytest.mark.parametrize("nonce", [0, 300])
def test_a_transaction_is_read_back_from_its_signed_bytes(to: bytes | None, nonce: int) -> None:
    signed = Signer(SUPPLIER_KEY, chain_id=31337).sign_transaction(
        nonce=nonce, to=to, data=b"\x02" * 9_000, gas=50_000, fees=Fees(10**10, 0)
    )
    assert read_transaction(signed.raw) == signed


@pytest.mark.parametrize("cut", [0, 1, 20, -1])
def test_bytes_that_are_no_transaction_are_not_read(cut: int) -> None:
    signed = Signer(SUPPLIER_KEY, chain_id=5).sign_transaction(
        nonce=0, to=b"\x01" * 20, data=b"", gas=21_000, fees=Fees(10, 1)
    )
    for raw in (signed.raw[:cut], b"\x01" + signed.raw[1:], b"\x02" + signed.raw):
        with pytest.raises(InputRefused) as refused:
            read_transaction(raw)
        assert refused.value.code == "transaction_malformed"


@pytest.mark.parametrize("key", [b"", b"\x00" * 32, b"\x01" * 31, b"\xff" * 32])
def test_what_is_no_private_key_is_refused_without_quoting_it(key: bytes) -> None:
    with pytest.raises(InputRefused) as refused:
        Signer(key, chain_id=1)
    assert refused.value.code == "private_key_invalid"
    assert refused.value.__suppress_context__
    assert not key or key.hex() not in refused.value.message


def test_a_signer_shows_no_key() -> None:
    signer = Signer(SUPPLIER_KEY, chain_id=1)
    assert GOLDEN["supplier_private_key"] not in repr(signer)
    assert not hasattr(signer, "__dict__")


def test_a_digest_has_thirty_two_bytes() -> None:
    with pytest.raises(InputRefused):
        Signer(SUPPLIER_KEY, chain_id=1).sign_manifest_digest(DIGEST[:31])
