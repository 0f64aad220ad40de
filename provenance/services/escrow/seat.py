"""Which escrow this service deals with, and what stands for how much money there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provenance.chain.escrow_order import EscrowDomain
from provenance.core.money import Money
from provenance.core.terms import RemedyKind, Terms
from provenance.errors import NotFound

__all__ = ["DAY_S", "EscrowDomain", "EscrowSeat", "most_owed", "required", "units"]

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class EscrowSeat:
    """The escrow: chain and address, and the 20-byte account that rules unless an offer names another."""

    domain: EscrowDomain
    arbiter: bytes


def required(seat: EscrowSeat | None) -> EscrowSeat:
    """The escrow; raises :class:`NotFound` (``no_escrow``) where none is configured."""
    if seat is None:
        raise NotFound("this service deals with no escrow contract", code="no_escrow")
    return seat


def units(money: Money, *, price: Money, amount: int) -> int:
    """What *money* is in the token's smallest unit where *amount* units stand for *price*; rounded up."""
    return -(-money.minor * amount // price.minor)


def most_owed(terms: Terms, price: Money) -> Money:
    """The most money that a claim under *terms* can come to owe for an order of *price*."""
    owed = [price]
    for cause in terms.causes:
        for rung in cause.remedies:
            is_voucher = rung.kind is RemedyKind.VOUCHER
            owed.append(rung.voucher(price.currency) if is_voucher else rung.payment(price))
    return max(owed, key=lambda one: one.minor)
