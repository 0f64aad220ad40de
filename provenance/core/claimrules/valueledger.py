"""Who owes whom what for one order, in double entry: every cent that leaves one account enters another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from provenance.core import money
from provenance.core.claimrules.claim import Given
from provenance.core.claimrules.facts import malformed
from provenance.core.money import Money
from provenance.core.termsrules.words import RemedyKind
from provenance.errors import Refused


class Account(StrEnum):
    """Whose purse."""

    BUYER = "buyer"
    PLATFORM = "platform"
    SUPPLIER = "supplier"


class PostingKind(StrEnum):
    """What value moves, and which way; ``REISSUED`` is goods, the rest money or vouchers."""

    PAID = "paid"
    REFUNDED = "refunded"
    COMPENSATION = "compensation"
    VOUCHER = "voucher"
    REISSUED = "reissued"
    RECOURSE = "recourse"


_FROM_TO: Mapping[PostingKind, tuple[Account, Account]] = {
    PostingKind.PAID: (Account.BUYER, Account.PLATFORM),
    PostingKind.REFUNDED: (Account.PLATFORM, Account.BUYER),
    PostingKind.COMPENSATION: (Account.PLATFORM, Account.BUYER),
    PostingKind.VOUCHER: (Account.PLATFORM, Account.BUYER),
    PostingKind.REISSUED: (Account.PLATFORM, Account.BUYER),
    PostingKind.RECOURSE: (Account.SUPPLIER, Account.PLATFORM),
}
REMEDY_KINDS = (
    PostingKind.REFUNDED,
    PostingKind.COMPENSATION,
    PostingKind.VOUCHER,
    PostingKind.REISSUED,
)


@dataclass(frozen=True, slots=True)
class Posting:
    """One movement of value at *at* (ms); *claim_id* (32 bytes) names the claim, ``None`` for the payment."""

    kind: PostingKind
    amount: Money
    at: int
    claim_id: bytes | None = None

    def __post_init__(self) -> None:
        if self.amount.minor == 0:
            raise malformed("a posting moves something")
        if (self.claim_id is None) != (self.kind is PostingKind.PAID):
            raise malformed("every posting but the payment belongs to a claim")

    @property
    def giver(self) -> Account:
        """Out of whose purse."""
        return _FROM_TO[self.kind][0]

    @property
    def taker(self) -> Account:
        """Into whose."""
        return _FROM_TO[self.kind][1]


@dataclass(frozen=True, slots=True)
class OrderLedger:
    """All postings of one order. Its balances always sum to nothing."""

    price: Money
    postings: tuple[Posting, ...] = ()

    def post(self, *new: Posting) -> OrderLedger:
        """The ledger with *new* behind it.

        Raises :class:`Refused`: ``ledger_paid_twice``, ``ledger_not_paid``, ``ledger_over_refund``,
        ``ledger_over_recourse``, ``already_remedied`` (a second claim's remedy on one order).
        """
        after = replace(self, postings=(*self.postings, *new))
        paid = after.total(PostingKind.PAID)
        if sum(each.kind is PostingKind.PAID for each in after.postings) > 1:
            raise Refused("an order is paid once", code="ledger_paid_twice")
        if paid != self.price:
            raise Refused("an order is paid at its price, before anything else", code="ledger_not_paid")
        if after.total(PostingKind.REFUNDED) > paid:
            raise Refused("no more is refunded than was paid", code="ledger_over_refund")
        if after.total(PostingKind.RECOURSE) > after.remedied:
            raise Refused("recourse is for what the remedy cost", code="ledger_over_recourse")
        if len({each.claim_id for each in after.postings if each.kind in REMEDY_KINDS}) > 1:
            raise Refused("this order has had its remedy", code="already_remedied")
        return after

    def total(self, *kinds: PostingKind) -> Money:
        """The sum of these kinds."""
        amounts = (each.amount for each in self.postings if each.kind in kinds)
        return money.total(amounts, self.price.currency)

    @property
    def remedied(self) -> Money:
        """All that the buyer got back, goods and vouchers included."""
        return self.total(*REMEDY_KINDS)

    def balance(self, account: Account) -> int:
        """What *account* has gained (or lost, if negative), in minor units."""
        gained = sum(each.amount.minor for each in self.postings if each.taker is account)
        return gained - sum(each.amount.minor for each in self.postings if each.giver is account)


def remedy_postings(given: Given, price: Money, claim_id: bytes) -> tuple[Posting, ...]:
    """The postings of the one remedy of a claim; their sum is what the terms promise.

    Up to the price, money paid is a refund; what goes beyond it is compensation.
    """
    is_compensation = given.kind is RemedyKind.VOUCHER
    refunded = 0 if is_compensation else min(given.paid.minor, price.minor)
    amounts = {
        PostingKind.REFUNDED: Money(refunded, price.currency),
        PostingKind.COMPENSATION: Money(given.paid.minor - refunded, price.currency),
        PostingKind.VOUCHER: given.voucher,
        PostingKind.REISSUED: given.goods,
    }
    return tuple(
        Posting(kind, amount, given.at, claim_id) for kind, amount in amounts.items() if amount.minor
    )
