"""The life of a transaction, as values and pure decisions; nothing here talks to a node.

    pending ──broadcast──▶ broadcast ──mined──▶ confirmed ──deep──▶ final
       ▲                      │  ▲                  │
       └── nothing lost ──────┘  └── reorganised ───┘     failed (reverted, deep)   replaced (nonce lost)

The signed bytes are stored before they are sent, so sending is repeatable: after a crash, a
dropped mempool or a reorganisation the same bytes go out again. Attempts that differ only in
their fees share a nonce, so at most one of them is ever mined.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from provenance.chain.rpc import FeeMarket
from provenance.errors import InputRefused, LimitReached

BUMP_NUMERATOR, BUMP_DENOMINATOR = 9, 8
"""Nodes replace a waiting transaction only if both fees rise by a tenth; an eighth is safely above."""

BASE_FEE_HEADROOM = 2
"""The base fee rises by at most an eighth a block: twice the newest one lasts five full blocks."""

GAS_MARGIN_NUMERATOR, GAS_MARGIN_DENOMINATOR = 6, 5
"""Gas over the estimate: the state may differ a little when the transaction is mined."""


class TransactionState(StrEnum):
    """Where a transaction of the outbox stands."""

    PENDING = "pending"
    BROADCAST = "broadcast"
    CONFIRMED = "confirmed"
    FINAL = "final"
    FAILED = "failed"
    REPLACED = "replaced"

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self in (TransactionState.FINAL, TransactionState.FAILED, TransactionState.REPLACED)


class Action(StrEnum):
    """What the sender has to do now for a transaction."""

    NOTHING = "nothing"
    BROADCAST = "broadcast"
    BUMP = "bump"
    SIGN_ANEW = "sign_anew"


@dataclass(frozen=True, slots=True)
class Fees:
    """The two fees of EIP-1559, in wei per gas."""

    max_fee: int
    max_priority_fee: int

    def __post_init__(self) -> None:
        if not 0 <= self.max_priority_fee <= self.max_fee < 2**128:
            raise InputRefused(
                "The priority fee must lie between 0 and the maximum fee.", code="invalid_fees"
            )


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed EIP-1559 transaction; its 32-byte hash is known before anyone has seen it.

    ``to`` is the 20-byte address called, or None for a deployment; ``sender`` the 20-byte signer.
    """

    hash: bytes
    raw: bytes
    nonce: int
    sender: bytes
    max_fee: int
    max_priority_fee: int
    to: bytes | None
    data: bytes
    gas: int
    chain_id: int

    def __post_init__(self) -> None:
        if len(self.hash) != 32 or len(self.sender) != 20 or (self.to is not None and len(self.to) != 20):
            raise InputRefused("A hash has 32 bytes and an address 20.", code="invalid_transaction")
        if self.nonce < 0 or self.gas <= 0 or not self.raw:
            raise InputRefused("Nonce, gas or signed bytes are missing.", code="invalid_transaction")

    @property
    def fees(self) -> Fees:
        """Both fees as one value."""
        return Fees(self.max_fee, self.max_priority_fee)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Where a transaction was mined; ``confirmations`` counts its own block as the first."""

    block_number: int
    block_hash: bytes
    succeeded: bool
    confirmations: int


@dataclass(frozen=True, slots=True)
class Observation:
    """What the node says of the attempts that share one nonce.

    ``mined`` is the hash of the attempt that ``confirmation`` speaks of; ``waiting`` whether the
    newest attempt is in the node's mempool; ``mined_nonce`` the sender's, read before the receipts.
    """

    mined: bytes | None
    confirmation: Confirmation | None
    waiting: bool
    mined_nonce: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The state a transaction is now in, and what is to be done for it."""

    state: TransactionState
    action: Action


def decide(transaction: SignedTransaction, seen: Observation, *, depth: int, overdue: bool) -> Decision:
    """What follows for the newest attempt from what the node says; the state before does not matter.

    That it does not is how a reorganisation is survived: a confirmed transaction that is no
    longer found is simply one that has to be broadcast. *depth* is the number of confirmations
    that make it final; *overdue* whether the newest attempt has waited longer than it should.
    """
    if seen.confirmation is not None:
        return Decision(_mined_state(seen.confirmation, depth), Action.NOTHING)
    if seen.mined_nonce > transaction.nonce:
        return Decision(TransactionState.REPLACED, Action.SIGN_ANEW)
    if overdue or transaction.max_fee < seen.base_fee:
        return Decision(TransactionState.BROADCAST, Action.BUMP)
    if seen.waiting:
        return Decision(TransactionState.BROADCAST, Action.NOTHING)
    return Decision(TransactionState.PENDING, Action.BROADCAST)


def _mined_state(confirmation: Confirmation, depth: int) -> TransactionState:
    if confirmation.confirmations < depth:
        return TransactionState.CONFIRMED
    return TransactionState.FINAL if confirmation.succeeded else TransactionState.FAILED


def suggested_fees(market: FeeMarket) -> Fees:
    """Fees that outlast a few full blocks."""
    return Fees(BASE_FEE_HEADROOM * market.base_fee + market.priority_fee, market.priority_fee)


def bumped_fees(fees: Fees, market: FeeMarket, *, ceiling: int | None = None) -> Fees:
    """Fees that replace a waiting transaction: both an eighth higher, and at least what the market asks.

    LimitReached ``fee_ceiling`` if the maximum fee would pass *ceiling* wei per gas.
    """
    asked = suggested_fees(market)
    priority = max(_raised(fees.max_priority_fee), asked.max_priority_fee)
    highest = max(_raised(fees.max_fee), asked.max_fee, priority)
    if ceiling is not None and highest > ceiling:
        raise LimitReached(
            f"Replacing the transaction needs {highest} wei per gas, the ceiling is {ceiling}; "
            "wait for the fees to fall or raise the ceiling.",
            code="fee_ceiling",
            retry_after=60,
        )
    return Fees(highest, priority)


def _raised(fee: int) -> int:
    # Rounded up, and never equal: an eighth of 0 would replace nothing.
    return max(fee + 1, -(-fee * BUMP_NUMERATOR // BUMP_DENOMINATOR))


def gas_limit(estimate: int) -> int:
    """The estimate and a fifth."""
    return -(-estimate * GAS_MARGIN_NUMERATOR // GAS_MARGIN_DENOMINATOR)


def choose_nonce(mined_nonce: int, outstanding: Collection[int]) -> int:
    """The lowest nonce neither mined nor held by an unsettled transaction of ours.

    Lowest, not next: a gap would keep every later transaction waiting for ever.
    """
    taken = set(outstanding)
    nonce = mined_nonce
    while nonce in taken:
        nonce += 1
    return nonce
