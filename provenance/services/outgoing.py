"""The outbox at work: signed, stored, and only then sent; sent again as often as it takes.

Every write stands under the anchorer's fence, and one living transaction a nonce is a constraint:
two workers cannot both spend a nonce.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from provenance.chain.sender import Action, Confirmation, Sender, SignedTransaction, TransactionState, decide
from provenance.chain.signer import read_transaction
from provenance.chain.transactions import Observation, choose_nonce
from provenance.errors import ChainRefused
from provenance.services.context import Context
from provenance.services.leadership import Leadership
from provenance.store import anchors, outbox
from provenance.store.anchors import AnchorStatus, StoredAnchor
from provenance.store.outbox import StoredTransaction, TxStatus

STUCK_MS: Final = 180_000
"""A transaction that waits longer than some fifteen blocks offers too little."""
_STRAGGLERS: Final = 20


class Outgoing:
    """Sends the transactions of one account; *leadership* says whether it may."""

    def __init__(
        self,
        context: Context,
        sender: Sender,
        leadership: Leadership,
        *,
        depth: int,
        stuck_ms: int = STUCK_MS,
        hook: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._context = context
        self._database = context.database
        self._sender = sender
        self._leadership = leadership
        self._depth = depth
        self._stuck_ms = stuck_ms
        self._hook = hook

    def attempts(self, anchor: StoredAnchor) -> list[StoredTransaction]:
        """What was signed for *anchor* under its living nonce, oldest first."""
        with self._database.read() as connection:
            return outbox.attempts(connection, anchor.kind, anchor.ref)

    def mined(self, attempts: Sequence[StoredTransaction]) -> tuple[StoredTransaction, Confirmation] | None:
        """The attempt that is in a block of the node's chain, and where."""
        for attempt in reversed(attempts):
            confirmation = self._sender.status(attempt.hash)
            if confirmation is not None:
                return attempt, confirmation
        return None

    def send(self, anchor: StoredAnchor, to: bytes, data: bytes) -> None:
        """Sign, store and send a first transaction for *anchor*."""
        mined_nonce = self._sender.chain.mined_nonce(self._sender.address)
        with self._database.read() as connection:
            held = outbox.held_nonces(connection, self._sender.address, mined_nonce)
        signed = self._sender.prepare(to, data, nonce=choose_nonce(mined_nonce, held))
        self._store(anchor, signed, replaced=())
        self._broadcast(anchor, signed)

    def push(self, anchor: StoredAnchor, attempts: Sequence[StoredTransaction]) -> None:
        """Do what the attempts for *anchor*, which is not on chain, need now."""
        signed = [read_transaction(attempt.raw) for attempt in attempts]
        seen = self._sender.observe(signed)
        decision = decide(signed[-1], seen, depth=self._depth, overdue=self._is_overdue(attempts[-1], seen))
        if decision.state is TransactionState.FAILED:
            self._give_up(anchor, attempts, TxStatus.FAILED)
        elif decision.action is Action.SIGN_ANEW:
            self._give_up(anchor, attempts, TxStatus.LOST)
        elif decision.action is Action.BUMP:
            self._bump(anchor, signed)
        elif decision.action is Action.BROADCAST:
            self._broadcast(anchor, signed[-1])

    def tidy(self) -> None:
        """Free the nonces of transactions whose work was done by others and that nobody has."""
        with self._database.read() as connection:
            left = outbox.stragglers(connection, self._sender.address, _STRAGGLERS)
        for attempt in left:
            seen = self._sender.observe([read_transaction(attempt.raw)])
            if seen.confirmation is not None:
                status = TxStatus.MINED if seen.confirmation.succeeded else TxStatus.FAILED
            elif seen.mined_nonce > attempt.nonce:
                status = TxStatus.REPLACED
            elif seen.waiting:
                continue
            else:
                status = TxStatus.LOST
            with self._database.write() as connection:
                self._leadership.fence(connection)
                outbox.set_status(connection, [attempt.hash], status)

    def _is_overdue(self, newest: StoredTransaction, seen: Observation) -> bool:
        since = newest.sent_at if newest.sent_at is not None else newest.created_at
        return seen.waiting and self._context.clock.now() - since > self._stuck_ms

    def _bump(self, anchor: StoredAnchor, signed: Sequence[SignedTransaction]) -> None:
        raised = self._sender.bump(signed[-1])
        self._store(anchor, raised, replaced=[attempt.hash for attempt in signed])
        self._broadcast(anchor, raised)

    def _store(self, anchor: StoredAnchor, signed: SignedTransaction, replaced: Sequence[bytes]) -> None:
        row = StoredTransaction(
            signed.hash, signed.sender, signed.nonce, signed.raw, anchor.kind, anchor.ref, TxStatus.STORED,
            signed.max_fee, signed.max_priority_fee, self._context.clock.now(),
        )  # fmt: skip
        with self._database.write() as connection:
            self._leadership.fence(connection)
            outbox.set_status(connection, replaced, TxStatus.REPLACED)
            outbox.add(connection, row)
            anchors.set_sent(connection, anchor, signed.hash)
        self._hook("stored")

    def _broadcast(self, anchor: StoredAnchor, signed: SignedTransaction) -> None:
        try:
            self._sender.broadcast(signed.raw)
        except ChainRefused as error:
            if error.code != "fee_too_low":
                raise
            # Another transaction with this nonce waits at the node: outbid it.
            raised = self._sender.bump(signed)
            self._store(anchor, raised, replaced=[signed.hash])
            self._sender.broadcast(raised.raw)
            signed = raised
        self._hook("broadcast")
        with self._database.write() as connection:
            self._leadership.fence(connection)
            outbox.set_sent(connection, signed.hash, self._context.clock.now())
            anchors.set_sent(connection, anchor, signed.hash)
        self._hook("noted")

    def _give_up(self, anchor: StoredAnchor, attempts: Sequence[StoredTransaction], status: TxStatus) -> None:
        with self._database.write() as connection:
            self._leadership.fence(connection)
            outbox.set_status(connection, [attempt.hash for attempt in attempts], status)
            anchors.set_status(connection, anchor, AnchorStatus.WANTED)
