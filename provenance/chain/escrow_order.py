"""What a platform signs for one buyer: the order that the escrow holds money for, and its two names.

Pure. The hashes are those of ``WarrantyEscrow.sol``: EIP-712 for the signature, and the hash of batch,
index, party and platform for the deposit: a platform's sale has one, and nobody else's is in its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from provenance.core.digests import keccak256
from provenance.errors import InputRefused

DOMAIN_NAME: Final = "Card Key Warranty Escrow"
DOMAIN_VERSION: Final = "1"
ETHER: Final = bytes(20)
"""Stands where a token's address would."""

MAX_UINT32: Final = 2**32 - 1
MAX_UINT64: Final = 2**64 - 1
MAX_UINT128: Final = 2**128 - 1

_DOMAIN_TYPE: Final = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_ORDER_TYPE: Final = keccak256(
    b"WarrantyOrder(address buyer,address platform,address seller,address arbiter,address issuer,"
    b"address token,uint128 amount,uint128 compensation,bytes32 batchId,uint32 index,address party,"
    b"bytes32 terms,uint64 validUntil,uint32 deliveryWindow,uint32 acceptanceWindow,uint32 rulingWindow,"
    b"uint32 answerWindow)"
)
_NAME_HASHES: Final = keccak256(DOMAIN_NAME.encode()) + keccak256(DOMAIN_VERSION.encode())
_BOUNDS: Final = {
    "amount": (1, MAX_UINT128),
    "compensation": (0, MAX_UINT128),
    "index": (0, MAX_UINT32),
    "valid_until": (0, MAX_UINT64),
    "delivery_window": (1, MAX_UINT32),
    "acceptance_window": (1, MAX_UINT32),
    "ruling_window": (1, MAX_UINT32),
    "answer_window": (1, MAX_UINT32),
}
_HASHES: Final = ("batch_id", "terms")
_AMOUNTS: Final = ("amount", "compensation")


@dataclass(frozen=True, slots=True)
class EscrowDomain:
    """Where a signature holds: the chain id and the 20-byte address of the escrow."""

    chain_id: int
    escrow: bytes

    def __post_init__(self) -> None:
        if not 0 < self.chain_id < 2**256 or len(self.escrow) != 20:
            raise InputRefused("A domain is a chain id and an address of 20 bytes.", code="order_malformed")

    @property
    def separator(self) -> bytes:
        """The EIP-712 domain separator, 32 bytes."""
        return keccak256(_DOMAIN_TYPE + _NAME_HASHES + _word(self.chain_id) + _word(self.escrow))


@dataclass(frozen=True, slots=True)
class WarrantyOrder:
    """One sale of one key, and the warranty on it; members and order are those of the contract's struct.

    Addresses have 20 bytes and hashes 32; amounts are in the token's smallest unit, windows in seconds,
    ``valid_until`` in unix seconds. ``seller`` is the platform's address in the log and ``party`` the
    buyer's use there. InputRefused ``order_malformed`` when a member does not fit.
    """

    buyer: bytes
    platform: bytes
    seller: bytes
    arbiter: bytes
    issuer: bytes
    token: bytes
    amount: int
    compensation: int
    batch_id: bytes
    index: int
    party: bytes
    terms: bytes
    valid_until: int
    delivery_window: int
    acceptance_window: int
    ruling_window: int
    answer_window: int

    def __post_init__(self) -> None:
        for name, value in zip(self.__slots__, self.members, strict=True):
            if isinstance(value, int):
                low, high = _BOUNDS.get(name, (1, 0))
                fits = low <= value <= high
            else:
                fits = name not in _BOUNDS and len(value) == (32 if name in _HASHES else 20)
            if not fits:
                raise InputRefused(f"The order's {name} does not fit its place.", code="order_malformed")

    @property
    def members(self) -> tuple[bytes | int, ...]:
        """All members in the order of the struct."""
        return tuple(getattr(self, field.name) for field in fields(self))

    @property
    def encoded(self) -> bytes:
        """The members as the contract's ABI has them: a word each."""
        return b"".join(_word(member) for member in self.members)

    @property
    def id(self) -> bytes:
        """The deposit's name, 32 bytes: keccak256 of batch, index, party and platform as words."""
        return keccak256(self.batch_id + _word(self.index) + _word(self.party) + _word(self.platform))

    def digest(self, domain: EscrowDomain) -> bytes:
        """The 32 bytes that the platform signs (EIP-712)."""
        struct = keccak256(_ORDER_TYPE + self.encoded)
        return keccak256(b"\x19\x01" + domain.separator + struct)


def order_json(order: WarrantyOrder) -> dict[str, Any]:
    """The order as JSON: bytes as 0x-hex, amounts as decimal text, as they exceed what JSON numbers hold."""
    told: dict[str, Any] = {}
    for field, value in zip(fields(order), order.members, strict=True):
        if isinstance(value, bytes):
            told[field.name] = "0x" + value.hex()
        else:
            told[field.name] = str(value) if field.name in _AMOUNTS else value
    return told


def read_order(told: Mapping[str, Any]) -> WarrantyOrder:
    """What :func:`order_json` wrote; InputRefused ``order_malformed`` for anything else."""
    names = [field.name for field in fields(WarrantyOrder)]
    if set(told) != set(names):
        raise InputRefused("This is no order: members are missing or unknown.", code="order_malformed")
    return WarrantyOrder(**{name: _member(name, told[name]) for name in names})


def _member(name: str, value: Any) -> Any:
    try:
        if name not in _BOUNDS:
            is_hex = isinstance(value, str) and value.startswith("0x") and value == value.lower()
            return bytes.fromhex(value[2:]) if is_hex else b""
        if name in _AMOUNTS:
            return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else -1
        return value if type(value) is int else -1
    except ValueError as error:
        raise InputRefused(f"The order's {name} cannot be read.", code="order_malformed") from error


def _word(value: bytes | int) -> bytes:
    # Addresses are right-aligned in their word; hashes fill it.
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")
