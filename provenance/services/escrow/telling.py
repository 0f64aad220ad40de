"""Offers and deposits as JSON: what a wallet signs, what it sends, and where the money stands."""

from __future__ import annotations

import json
from typing import Any, Final

from provenance.chain.escrow import DepositState
from provenance.chain.escrow_order import DOMAIN_NAME, DOMAIN_VERSION, WarrantyOrder, order_json
from provenance.services.escrow.desk import Held, Standing
from provenance.services.escrow.offers import Payable
from provenance.services.escrow.seat import EscrowSeat
from provenance.store.escrow import EventRow

_TYPES: Final = (
    *((name, "address") for name in ("buyer", "platform", "seller", "arbiter", "issuer", "token")),
    ("amount", "uint128"), ("compensation", "uint128"), ("batchId", "bytes32"), ("index", "uint32"),
    ("party", "address"), ("terms", "bytes32"), ("validUntil", "uint64"), ("deliveryWindow", "uint32"),
    ("acceptanceWindow", "uint32"), ("rulingWindow", "uint32"), ("answerWindow", "uint32"),
)  # fmt: skip
_DOMAIN: Final = (
    ("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"),
)  # fmt: skip


def seat(one: EscrowSeat) -> dict[str, Any]:
    """The escrow and who rules by default."""
    return {
        "chain_id": one.domain.chain_id,
        "contract": "0x" + one.domain.escrow.hex(),
        "arbiter": "0x" + one.arbiter.hex(),
    }


def offer(one: Payable, at: EscrowSeat) -> dict[str, Any]:
    """An offer; ``transaction`` pays it, and is null until the platform has signed."""
    return {
        "digest": one.row.digest.hex(),
        "order": one.row.order.hex(),
        "deposit": one.row.deposit.hex(),
        "offer": order_json(one.struct),
        "valid_until": one.row.valid_until,
        "signature": None if one.row.signature is None else "0x" + one.row.signature.hex(),
        "transaction": None if one.call is None else _transaction(at, one.call.data, one.call.value),
    }


def typed_data(struct: WarrantyOrder, at: EscrowSeat) -> dict[str, Any]:
    """What the platform's wallet shows and signs (EIP-712, ``eth_signTypedData_v4``)."""
    values = zip((name for name, _ in _TYPES), order_json(struct).values(), strict=True)
    return {
        "types": {"EIP712Domain": _fields(_DOMAIN), "WarrantyOrder": _fields(_TYPES)},
        "primaryType": "WarrantyOrder",
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": at.domain.chain_id,
            "verifyingContract": "0x" + at.domain.escrow.hex(),
        },
        "message": dict(values),
    }


def standing(one: Standing, at: EscrowSeat) -> dict[str, Any]:
    """Where an order stands; ``freeze`` is what its buyer sends to hold the deposit for the open claim."""
    return {
        "order": one.order.id.hex(),
        "offers": [offer(each, at) for each in one.offers],
        "deposit": None if one.held is None else _held(one.held),
        "freeze": None if one.freeze is None else _transaction(at, one.freeze, 0),
    }


def _held(one: Held) -> dict[str, Any]:
    row = one.row
    return {
        "deposit": row.deposit.hex(),
        "state": DepositState(row.state).name.lower(),
        # One that nobody offered here is not the order's: it pays nothing.
        "is_offered": row.is_offered,
        "deadline": row.deadline,
        "paid_for": order_json(one.struct),
        "refund": str(row.refund),
        "compensation": str(row.compensation),
        "trouble": row.trouble,
        "events": [_event(event) for event in one.events],
    }


def _event(one: EventRow) -> dict[str, Any]:
    return {
        "name": one.name,
        "time": one.time,
        "block": one.block,
        "transaction": "0x" + one.tx.hex(),
        "facts": json.loads(one.facts),
    }


def _transaction(at: EscrowSeat, data: bytes, value: int) -> dict[str, Any]:
    return {
        "chain_id": at.domain.chain_id,
        "to": "0x" + at.domain.escrow.hex(),
        "value": str(value),
        "data": "0x" + data.hex(),
    }


def _fields(members: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in members]
