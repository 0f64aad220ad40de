"""Sending transactions: signed first, stored by the caller, then broadcast as often as needed.

Nothing here keeps state: the outbox of the store does. See ``transactions`` for the decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from provenance.chain.registry import RegistryClient, explained
from provenance.chain.rpc import Chain
from provenance.chain.signer import Signer
from provenance.chain.transactions import (
    Action,
    Confirmation,
    Decision,
    Fees,
    Observation,
    SignedTransaction,
    TransactionState,
    bumped_fees,
    choose_nonce,
    decide,
    gas_limit,
    suggested_fees,
)
from provenance.core.digests import keccak256
from provenance.errors import ChainRefused, Refused

__all__ = [
    "Action",
    "Confirmation",
    "Decision",
    "Fees",
    "Observation",
    "Sender",
    "SignedTransaction",
    "TransactionState",
    "already_anchored",
    "already_registered",
    "decide",
]

# Words by which nodes say why they do not take a transaction; they have no codes for it.
_REASONS: tuple[tuple[str, str, str], ...] = (
    ("nonce too low", "nonce_too_low", "another transaction took this nonce; sign with the next one"),
    ("nonce too high", "nonce_too_high", "an earlier transaction of this account is missing; send it first"),
    ("underpriced", "fee_too_low", "raise both fees by an eighth and sign again with the same nonce"),
    ("base fee", "fee_too_low", "raise both fees by an eighth and sign again with the same nonce"),
    ("funds", "insufficient_funds", "the sender's balance does not pay for it; add funds"),
)


class Sender:
    """Prepares, broadcasts and watches the transactions of *signer* on *chain*.

    *fee_ceiling* is the highest fee ever offered, in wei per gas; *explain* gives a refusal the code of the
    contract that is called, by default the registry.
    """

    def __init__(
        self,
        chain: Chain,
        signer: Signer,
        *,
        fee_ceiling: int | None = None,
        explain: Callable[[ChainRefused], ChainRefused] = explained,
    ) -> None:
        if chain.chain_id != signer.chain_id:
            raise Refused("The account was opened for another chain.", code="wrong_chain_id")
        self.chain = chain
        self.address = signer.address
        self._signer = signer
        self._ceiling = fee_ceiling
        self._explain = explain

    def next_nonce(self, outstanding: Collection[int]) -> int:
        """The nonce to sign with, *outstanding* being those of our unsettled transactions."""
        return choose_nonce(self.chain.mined_nonce(self.address), outstanding)

    def prepare(self, to: bytes | None, data: bytes, *, nonce: int, value: int = 0) -> SignedTransaction:
        """A signed transaction, gas estimated and fees by the market; nothing is sent.

        ChainRefused with the contract's code if it would revert now, ``already_registered`` and
        ``not_newer`` among them: see ``already_registered`` and ``already_anchored`` below.
        """
        try:
            gas = gas_limit(self.chain.estimate_gas(self.address, to, data, value))
        except ChainRefused as error:
            raise _classified(self._explain(error)) from error
        fees = suggested_fees(self.chain.fee_market())
        return self._signer.sign_transaction(nonce=nonce, to=to, data=data, gas=gas, fees=fees, value=value)

    def bump(self, attempt: SignedTransaction) -> SignedTransaction:
        """The same transaction with the same nonce and higher fees; LimitReached ``fee_ceiling``."""
        fees = bumped_fees(attempt.fees, self.chain.fee_market(), ceiling=self._ceiling)
        return self._signer.sign_transaction(
            nonce=attempt.nonce, to=attempt.to, data=attempt.data, gas=attempt.gas, fees=fees
        )

    def broadcast(self, raw: bytes) -> bytes:
        """Hand the signed bytes to the node, as often as you like; the transaction's hash.

        ChainRefused ``nonce_too_low``, ``nonce_too_high``, ``fee_too_low``, ``insufficient_funds``
        or ``chain_refused``. A node that has it already, waiting or mined, is success whatever it
        answers: words differ from node to node ("already known", "nonce too low"), the hash does not.
        """
        transaction_hash = keccak256(raw)
        try:
            self.chain.send_raw(raw)
        except ChainRefused as error:
            if not self.chain.knows_transaction(transaction_hash):
                raise _classified(error) from error
        return transaction_hash

    def status(self, transaction_hash: bytes) -> Confirmation | None:
        """Where the transaction is mined; None if it is in no block of the node's chain."""
        receipt = self.chain.receipt(transaction_hash)
        if receipt is None:
            return None
        newest = self.chain.newest_block().number
        return Confirmation(
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            succeeded=receipt.succeeded,
            confirmations=max(1, newest - receipt.block_number + 1),
        )

    def observe(self, attempts: Sequence[SignedTransaction]) -> Observation:
        """What the node says of all attempts with one nonce, newest last; input of ``decide``."""
        newest = attempts[-1]
        # The nonce first: read after the receipts it could count an attempt mined in between,
        # and our own transaction would be taken for a foreign one.
        mined_nonce = self.chain.mined_nonce(newest.sender)
        base_fee = self.chain.newest_block().base_fee
        for attempt in reversed(attempts):
            confirmation = self.status(attempt.hash)
            if confirmation is not None:
                return Observation(attempt.hash, confirmation, False, mined_nonce, base_fee)
        waiting = self.chain.knows_transaction(newest.hash)
        return Observation(None, None, waiting, mined_nonce, base_fee)


def already_registered(registry: RegistryClient, batch_id: bytes, root: bytes) -> bool:
    """Whether the batch is on chain with our root: then whoever sent it, the work is done."""
    found = registry.batch(batch_id)
    return found is not None and found.root == root


def already_anchored(registry: RegistryClient, size: int, root: bytes) -> bool:
    """Whether the checkpoint is on chain with our root.

    Refused ``checkpoint_conflict`` if the chain holds another root for that size: the log has
    forked, and no transaction can mend that.
    """
    found = registry.checkpoint(size)
    if found is not None and found.root != root:
        raise Refused(
            f"The chain holds another root for size {size}: this log is not the one that was anchored. "
            "Stop, and restore the log from its newest copy.",
            code="checkpoint_conflict",
            size=size,
            anchored="0x" + found.root.hex(),
        )
    return found is not None


def _classified(refused: ChainRefused) -> ChainRefused:
    reason = str(refused.facts.get("reason", "")).lower()
    if refused.code != ChainRefused.code:
        return refused
    for words, code, advice in _REASONS:
        if words in reason:
            return ChainRefused(
                f"The node did not take the transaction: {advice}.", code=code, **refused.facts
            )
    return refused
