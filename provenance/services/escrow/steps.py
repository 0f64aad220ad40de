"""What the keeper does next for one deposit: a pure decision over what chain, claim and log say now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from provenance.chain.escrow import Deposit, DepositState
from provenance.core.claims import Claim, Outcome
from provenance.core.digests import sha256
from provenance.core.logfaults import LogFault
from provenance.core.terms import State
from provenance.services.escrow.seat import units
from provenance.store.outbox import ESCROW_STEP


class Act(StrEnum):
    """What is done on chain; a word is part of a reference and stays."""

    DELIVER = "deliver"
    ACCUSE = "accuse"
    RULE = "rule"
    TIME_OUT = "time_out"


@dataclass(frozen=True, slots=True)
class Step:
    """One step for one deposit: as work of the outbox, done at most once under its reference.

    ``refund`` and ``compensation`` in the token's smallest unit, of a ruling; ``fault`` of an accusation.
    """

    deposit: bytes
    act: Act
    fault: LogFault | None = None
    refund: int = 0
    compensation: int = 0

    @property
    def kind(self) -> int:
        """That of the outbox."""
        return ESCROW_STEP

    @property
    def ref(self) -> bytes:
        """SHA-256 of deposit, act and the log index of the fault: the same step has one, whoever takes it."""
        index = 0 if self.fault is None else self.fault.index
        return sha256(self.deposit + self.act.value.encode() + index.to_bytes(8))


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the decision looks at. *time* is the chain's, in unix seconds.

    ``claim`` is the newest on the order, ``filed`` the id that the buyer froze the deposit for,
    ``ruling_window`` in seconds; ``is_delivered`` and ``fault`` are what an anchored root of the log can
    show; ``keeper`` is the account that would sign.
    """

    held: Deposit
    time: int
    keeper: bytes
    claim: Claim | None
    filed: bytes | None
    ruling_window: int
    is_delivered: bool
    fault: Callable[[], LogFault | None]

    @property
    def is_over(self) -> bool:
        """Whether the deadline of the state has passed."""
        return self.time >= self.held.deadline

    @property
    def is_drawn(self) -> bool:
        """Whether the platform owed the buyer, did not pay, and the deposit has to."""
        if self.claim is None or self.claim.given is not None:
            return False
        return self.claim.state is State.UNPAID or self.claim.outcome is Outcome.DEBT

    @property
    def is_released(self) -> bool:
        """Whether nothing is held for a claim any more: the one it was frozen for has ended.

        Who froze it for none that is known here has most of the ruling window to file one; after that the
        default of the contract would pay him for nothing.
        """
        if self.is_claimed:
            return False
        if self.claim is not None and self.filed == self.claim.claim_id:
            return True
        return self.held.deadline - self.time <= self.ruling_window // 4

    @property
    def is_claimed(self) -> bool:
        """Whether a claim is open that may still come to be paid from here."""
        return self.claim is not None and self.claim.outcome is None and self.claim.given is None


def next_step(deposit: bytes, now: Situation) -> Step | None:
    """What is to be done; ``None`` while there is nothing but to wait."""
    state = now.held.state
    if state is DepositState.PROVEN:
        return Step(deposit, Act.TIME_OUT) if now.is_over else None
    if state is DepositState.FUNDED:
        return _funded(deposit, now)
    if state is DepositState.DELIVERED:
        return _delivered(deposit, now)
    if state is DepositState.FROZEN:
        return _frozen(deposit, now)
    return None


def _funded(deposit: bytes, now: Situation) -> Step | None:
    if now.is_over:
        return Step(deposit, Act.TIME_OUT)
    accused = _accuse(deposit, now)
    if accused is not None:
        return accused
    return Step(deposit, Act.DELIVER) if now.is_delivered else None


def _delivered(deposit: bytes, now: Situation) -> Step | None:
    if now.is_over:
        # The contract would pay the platform. While the buyer's claim is open that is not ours to hasten.
        return None if now.is_claimed or now.is_drawn else Step(deposit, Act.TIME_OUT)
    return _accuse(deposit, now)


def _frozen(deposit: bytes, now: Situation) -> Step | None:
    if now.is_over:
        return Step(deposit, Act.TIME_OUT)
    rules = now.held.arbiter == now.keeper
    if now.claim is not None and now.is_drawn:
        # A ruling pays at once, a proof after its answer window.
        return _ruling(deposit, now.held, now.claim) if rules else _accuse(deposit, now)
    return Step(deposit, Act.RULE) if rules and now.is_released else None


def _accuse(deposit: bytes, now: Situation) -> Step | None:
    """Only what is owed is proven: a claim that was remedied by a reissue harms no platform a second time."""
    fault = now.fault() if now.is_drawn else None
    return None if fault is None else Step(deposit, Act.ACCUSE, fault)


def _ruling(deposit: bytes, held: Deposit, claim: Claim) -> Step:
    owed = units(claim.owed, price=claim.order.price, amount=held.amount)
    refund = min(owed, held.amount)
    return Step(deposit, Act.RULE, None, refund, min(owed - refund, held.compensation))
