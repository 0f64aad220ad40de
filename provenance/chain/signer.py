"""Ethereum accounts: kept in encrypted keystores, signing transactions and batch manifests.

A signer belongs to one chain. The accounts that every Hardhat node unlocks are public knowledge,
so whoever used one elsewhere would have given the registry away: they exist on chain 31337 only.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.chain.transactions import Fees, SignedTransaction
from provenance.core import manifest, stateproof
from provenance.core.digests import keccak256
from provenance.errors import Conflict, InputRefused, NotFound, Refused

if TYPE_CHECKING:
    from provenance.chain.ethereum import LocalAccount

TEST_CHAIN_ID = 31337
"""The chain id of the local testnet, the only one for the well-known accounts."""

TEST_MNEMONIC = "test test test test test test test test test test test junk"
"""Not a secret: the mnemonic of every Hardhat node."""

EIP_1559 = 2
"""The type of the transactions made here, their first byte (EIP-2718)."""

MAX_KEYSTORE_BYTES = 64 * 1024
"""A version 3 keystore has 500 bytes."""

_TEST_ADDRESSES = frozenset(
    bytes.fromhex(address)
    for address in (
        "f39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "70997970c51812dc3a010c7d01b50e0d17dc79c8",
        "3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
        "90f79bf6eb2c4f870365e785982e1f101e93b906",
        "15d34aaf54267db7d7c367839aaf71a00a2c6a65",
        "9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
        "976ea74026e726554db657fa54763abd0c3a0aa9",
        "14dc79964da2c08b23698b3d3cc7ca32193d9955",
        "23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f",
        "a0ee7a142d267c1f36714e4a8f75612f20a79720",
        "bcd4042de499d14e55001ccbb24a551f3b954096",
        "71be63f3384f5fb98995898a86b02fb2426c5788",
        "fabb0ac9d68b0b445fb7357272ff202c5651694a",
        "1cbd3b2770909d4e10f157cabc84c7264073c9ec",
        "df3e18d64bc6a983f673ab319ccae4f1a57c7097",
        "cd3b766ccdd6ae721141f452c550ca635964ce71",
        "2546bcd3c84621e976d8185a91a922ae77ecec30",
        "bda5747bfd65f08deb54cb465eb87d40e51b197e",
        "dd2fd4581271e230360230f9337d5c0430bf44c0",
        "8626f6940e2eb28930efb4cef49b2d1f2c9c1199",
    )
)


class Signer:
    """One account on one chain; ``address`` is its 20 bytes. Its ``repr`` shows no key."""

    __slots__ = ("_account", "address", "chain_id")

    def __init__(self, private_key: bytes, *, chain_id: int) -> None:
        self._account: LocalAccount = _account(private_key)
        self.address = bytes.fromhex(self._account.address[2:])
        self.chain_id = chain_id
        if self.address in _TEST_ADDRESSES and chain_id != TEST_CHAIN_ID:
            raise Refused(
                f"This is a well-known test account, anyone has its key: it is only for "
                f"chain {TEST_CHAIN_ID}, not {chain_id}; create a keystore of your own.",
                code="test_account_refused",
            )

    def __repr__(self) -> str:
        return f"Signer(0x{self.address.hex()}, chain_id={self.chain_id})"

    @classmethod
    def from_keystore(cls, path: Path, password: bytes, *, chain_id: int) -> Signer:
        """The account in a version 3 keystore.

        NotFound if there is no file; InputRefused ``keystore_exposed`` if others may read it,
        ``keystore_invalid`` if it is no keystore, ``keystore_password_wrong`` if it does not open.
        """
        from provenance.chain.ethereum import Account

        keystore = _read_keystore(path)
        try:
            private_key = bytes(Account.decrypt(keystore, password))  # type: ignore[arg-type]  # bytes are taken, str is annotated
        except (ValueError, TypeError, KeyError, NotImplementedError) as error:
            wrong = "mac mismatch" in str(error).lower()
            code = "keystore_password_wrong" if wrong else "keystore_invalid"
            what = "does not open with this password" if wrong else "is not a version 3 keystore"
            raise InputRefused(f"The keystore {path.name} {what}.", code=code) from None
        return cls(private_key, chain_id=chain_id)

    @classmethod
    def test_account(cls, index: int, *, chain_id: int = TEST_CHAIN_ID) -> Signer:
        """The well-known account *index* (0–19) of a local testnet; Refused on any other chain."""
        if not 0 <= index < len(_TEST_ADDRESSES):
            raise InputRefused("A local testnet has the accounts 0 to 19.", code="no_such_test_account")
        from provenance.chain.ethereum import Account

        Account.enable_unaudited_hdwallet_features()
        derived = Account.from_mnemonic(TEST_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
        return cls(bytes(derived.key), chain_id=chain_id)

    def sign_transaction(
        self, *, nonce: int, to: bytes | None, data: bytes, gas: int, fees: Fees, value: int = 0
    ) -> SignedTransaction:
        """An EIP-1559 transaction of this account and chain, with *value* wei; *to* None deploys *data*.

        The service's own are worth nothing: what is stored and read back by ``read_transaction`` never is.
        """
        signed = self._account.sign_transaction(
            {
                "type": EIP_1559,
                "chainId": self.chain_id,
                "nonce": nonce,
                "value": value,
                "data": data,
                "gas": gas,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.max_priority_fee,
                **({} if to is None else {"to": to}),
            }
        )
        return SignedTransaction(
            hash=bytes(signed.hash),
            raw=bytes(signed.raw_transaction),
            nonce=nonce,
            sender=self.address,
            max_fee=fees.max_fee,
            max_priority_fee=fees.max_priority_fee,
            to=to,
            data=data,
            gas=gas,
            chain_id=self.chain_id,
        )

    def sign_manifest_digest(self, digest: bytes) -> bytes:
        """The 65 bytes r ‖ s ‖ v over a 32-byte EIP-712 digest, v 27 or 28, low s (FORMATS §4)."""
        if len(digest) != 32:
            raise InputRefused("A manifest digest has 32 bytes.", code="invalid_digest")
        return manifest.sign(bytes(self._account.key), digest)


def read_transaction(raw: bytes) -> SignedTransaction:
    """The transaction in its signed bytes, so that a stored one can be watched and replaced.

    InputRefused ``transaction_malformed`` if *raw* is not an EIP-1559 transaction worth 0 wei.
    """
    from provenance.chain.ethereum import Account

    try:
        fields = _list(stateproof.decode_rlp(raw[1:]))
        sender = bytes.fromhex(Account.recover_transaction(raw)[2:])
        chain_id, nonce, priority, highest, gas = (_number(field) for field in fields[:5])
        to, value, data = (_text(field) for field in fields[5:8])
    except Exception as error:
        # eth-account and eth-keys raise many kinds for bytes that are no transaction.
        raise InputRefused("These bytes are no signed transaction.", code="transaction_malformed") from error
    if raw[0] != EIP_1559 or value:
        raise InputRefused("This is no transaction of this service.", code="transaction_malformed")
    return SignedTransaction(
        hash=keccak256(raw),
        raw=raw,
        nonce=nonce,
        sender=sender,
        max_fee=highest,
        max_priority_fee=priority,
        to=to or None,
        data=data,
        gas=gas,
        chain_id=chain_id,
    )


def create_keystore(path: Path, password: bytes, *, private_key: bytes | None = None) -> bytes:
    """Write a new version 3 keystore, readable by its owner alone; the 20-byte address.

    A key is drawn if none is given. Conflict ``keystore_exists`` rather than ever overwriting one;
    InputRefused ``password_empty`` for an empty password.
    """
    from provenance.chain.ethereum import Account

    if not password:
        raise InputRefused("A keystore needs a password.", code="password_empty")
    key = secrets.token_bytes(32) if private_key is None else private_key
    address = bytes.fromhex(_account(key).address[2:])
    text = json.dumps(Account.encrypt(key, password), indent=2) + "\n"  # type: ignore[arg-type]  # as above
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(
            f"The keystore {path.name} exists; it is never overwritten, name another file.",
            code="keystore_exists",
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return address


def _list(item: stateproof.Rlp) -> list[stateproof.Rlp]:
    if not isinstance(item, list):
        raise ValueError("a byte string where a list belongs")
    return item


def _text(field: stateproof.Rlp) -> bytes:
    if not isinstance(field, bytes):
        raise ValueError("a list where a byte string belongs")
    return field


def _number(field: stateproof.Rlp) -> int:
    return int.from_bytes(_text(field))


def _account(private_key: bytes) -> LocalAccount:
    from provenance.chain.ethereum import Account

    try:
        account: LocalAccount = Account.from_key(private_key)
    except Exception:
        # eth-keys raises several kinds, and some of their messages quote the key: none may pass.
        raise InputRefused(
            "This is no secp256k1 private key of 32 bytes.", code="private_key_invalid"
        ) from None
    return account


def _read_keystore(path: Path) -> dict[str, object]:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # a pipe would keep its reader waiting, a device has no end
            raise OSError("not a regular file")
        raw = path.read_bytes()[: MAX_KEYSTORE_BYTES + 1]
    except FileNotFoundError:
        raise NotFound(
            f"There is no keystore {path.name}; create one first.", code="keystore_missing"
        ) from None
    except OSError as error:
        raise InputRefused(f"The keystore {path.name} cannot be read.", code="keystore_invalid") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputRefused(
            f"The keystore {path.name} is open to other users; run chmod 600 on it.", code="keystore_exposed"
        )
    try:
        keystore = json.loads(raw) if len(raw) <= MAX_KEYSTORE_BYTES else None
    except (ValueError, RecursionError):
        keystore = None
    if not isinstance(keystore, dict):
        raise InputRefused(f"The keystore {path.name} is not a version 3 keystore.", code="keystore_invalid")
    return keystore
