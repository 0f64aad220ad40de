"""Block headers as bytes: what a BEACON commits to and a state proof starts from."""

from __future__ import annotations

from typing import Any

from provenance.chain.answers import data, member, quantity
from provenance.chain.rlp import rlp_list
from provenance.core.digests import keccak256
from provenance.errors import ChainMismatch

_HASH = 32

# Yellow Paper 4.3 and, appended fork by fork, EIP-1559, 4895, 4844, 4788, 7685.
# (member of the JSON-RPC block, bytes of fixed data | None for data of any length | "quantity")
_FIELDS: tuple[tuple[str, int | str | None], ...] = (
    ("parentHash", _HASH),
    ("sha3Uncles", _HASH),
    ("miner", 20),
    ("stateRoot", _HASH),
    ("transactionsRoot", _HASH),
    ("receiptsRoot", _HASH),
    ("logsBloom", 256),
    ("difficulty", "quantity"),
    ("number", "quantity"),
    ("gasLimit", "quantity"),
    ("gasUsed", "quantity"),
    ("timestamp", "quantity"),
    ("extraData", None),
    ("mixHash", _HASH),
    ("nonce", 8),
    ("baseFeePerGas", "quantity"),
    ("withdrawalsRoot", _HASH),
    ("blobGasUsed", "quantity"),
    ("excessBlobGas", "quantity"),
    ("parentBeaconBlockRoot", _HASH),
    ("requestsHash", _HASH),
)

_ALWAYS_PRESENT = 15


def header_of(block: dict[str, Any]) -> bytes:
    """The RLP header of a block as ``eth_getBlockBy…`` gives it, its keccak256 being the block's hash.

    ChainMismatch ``header_mismatch`` if the fields do not hash to ``hash``: the node lies, or
    runs a fork whose header has fields that this version does not know.
    """
    items = [_item(block, name, form) for name, form in _present(block)]
    header = rlp_list(items)
    if keccak256(header) != data(member(block, "hash"), "hash", _HASH):
        raise ChainMismatch(
            "The fields of the node's block do not hash to the block's hash; "
            "use another node, or a version of this software that knows the network's newest fork.",
            code="header_mismatch",
        )
    return header


def _present(block: dict[str, Any]) -> list[tuple[str, int | str | None]]:
    # Forks only append: the first optional field that is absent ends the header.
    count = _ALWAYS_PRESENT
    while count < len(_FIELDS) and block.get(_FIELDS[count][0]) is not None:
        count += 1
    return list(_FIELDS[:count])


def _item(block: dict[str, Any], name: str, form: int | str | None) -> bytes:
    value = member(block, name)
    if form == "quantity":
        number = quantity(value, name)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    return data(value, name, None if isinstance(form, str) else form)
