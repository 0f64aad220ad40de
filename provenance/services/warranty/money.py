"""What was moved and what is owed: the ledger of each order, and the payments that claims ask for.

Everything here runs within the caller's transaction. A ledger says what happened and is only added to;
a payment says what has to happen, and ends once: paid or stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NoReturn

from provenance.core.claims import OrderLedger, Posting, PostingKind
from provenance.core.money import Money
from provenance.errors import Conflict, InputRefused, NotFound
from provenance.services.context import Context
from provenance.store import ledger_postings, parties, payments
from provenance.store.database import Connection
from provenance.store.ledger_postings import PostingRow
from provenance.store.payments import Payment, PaymentState

__all__ = [
    "Payment",
    "PaymentKind",
    "PaymentState",
    "load_ledger",
    "of_claim",
    "owe",
    "owed_by",
    "post",
    "settle",
    "stop",
]

PaymentKind = Literal["refund", "voucher", "bond"]
"""To whose account it goes: money of the platform, a voucher of its shop, or money of its bond."""

MAX_LISTED: Final = 1_000
_KINDS: Final = frozenset({"refund", "voucher", "bond"})


def load_ledger(connection: Connection, order_id: bytes, price: Money) -> OrderLedger:
    """Every posting of an order at *price*, oldest first."""
    rows = ledger_postings.of_order(connection, order_id)
    return OrderLedger(
        price,
        tuple(
            Posting(PostingKind(row.kind), Money(row.amount, row.currency), row.at, row.claim) for row in rows
        ),
    )


def post(
    context: Context, connection: Connection, order_id: bytes, price: Money, postings: Sequence[Posting]
) -> OrderLedger:
    """The ledger of an order with *postings* behind it, stored; nothing is if the law of the ledger says no.

    Raises what :meth:`OrderLedger.post` raises; :class:`Conflict` (``ledger_posted_twice``) for a second
    posting of one kind for one claim; :class:`NotFound` (``unknown_order``).
    """
    if ledger_postings.lock_order(connection, order_id) is None:
        raise NotFound("no such order", code="unknown_order")
    before = load_ledger(connection, order_id, price)
    after = before.post(*postings)
    once = {(each.kind, each.claim_id) for each in after.postings}
    if len(once) < len(after.postings):
        raise Conflict("this was posted for this claim before", code="ledger_posted_twice")
    rows = [
        PostingRow(
            _id(context, each, len(before.postings) + position),
            order_id,
            each.kind.value,
            each.amount.minor,
            each.amount.currency,
            each.at,
            each.claim_id,
        )
        for position, each in enumerate(postings)
    ]
    ledger_postings.add(connection, rows)
    return after


def owe(
    connection: Connection,
    claim_id: bytes,
    order_id: bytes,
    platform: bytes,
    kind: PaymentKind,
    amount: Money,
    now: int,
) -> None:
    """*platform* owes the buyer *amount* for a claim from *now* (ms) on; each kind once a claim.

    Raises :class:`Conflict` (``payment_ordered``), :class:`InputRefused` (``payment_of_nothing``).
    """
    if kind not in _KINDS or amount.minor == 0:
        raise InputRefused("a payment has a kind and an amount", code="payment_of_nothing")
    payment = Payment(
        claim_id, kind, order_id, platform, amount.minor, amount.currency, PaymentState.OWED, now
    )
    if not payments.add(connection, payment):
        raise Conflict("this payment was ordered before", code="payment_ordered")


def stop(connection: Connection, claim_id: bytes, kind: PaymentKind, now: int) -> None:
    """An owed payment is not made any more: something else takes its place.

    Raises :class:`Conflict` (``payment_settled``, ``payment_stopped``), :class:`NotFound`
    (``unknown_payment``).
    """
    if not payments.finish(connection, claim_id, kind, PaymentState.STOPPED, now):
        _refuse(connection, claim_id, kind)


def settle(connection: Connection, claim_id: bytes, kind: PaymentKind, record: bytes, now: int) -> None:
    """An owed payment was made, as the kept *record* (its 32-byte digest) shows; raises as :func:`stop`."""
    if len(record) != 32:
        raise InputRefused("a payment is shown by a record with a digest of 32 bytes", code="hex_malformed")
    if not payments.finish(connection, claim_id, kind, PaymentState.PAID, now, record):
        _refuse(connection, claim_id, kind)


def owed_by(
    connection: Connection, platform: bytes, *, after: tuple[int, bytes] = (0, b""), limit: int = MAX_LISTED
) -> list[Payment]:
    """What *platform* (or whom it came after) still owes, oldest first, from that (time, claim) on."""
    names = parties.names_of(connection, platform)
    return payments.owed_by(connection, names, after, min(limit, MAX_LISTED))


def of_claim(connection: Connection, claim_id: bytes) -> list[Payment]:
    """Every payment of a claim, oldest first."""
    return payments.of_claim(connection, claim_id)


def _id(context: Context, posting: Posting, position: int) -> bytes:
    # Time, place in the ledger, randomness: read back in the order in which it was posted.
    fresh = context.event_id(posting.at)
    return fresh[:6] + position.to_bytes(2) + fresh[8:]


def _refuse(connection: Connection, claim_id: bytes, kind: str) -> NoReturn:
    found = payments.one(connection, claim_id, kind)
    if found is None:
        raise NotFound("no such payment", code="unknown_payment")
    if found.state is PaymentState.STOPPED:
        raise Conflict(
            "this payment was stopped; another took its place",
            code="payment_stopped",
            time=found.settled_at,
        )
    raise Conflict("this payment was made before", code="payment_settled", time=found.settled_at)
