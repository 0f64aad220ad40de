"""The outbox at work: signed, stored, and only then sent; sent again as often as it takes.

Every write stands under the anchorer's fence, and one living transaction a nonce is a constraint:
two workers cannot both spend a nonce.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from provenance.chain.sender import Action, Confirmation, Sender, SignedTransaction, TransactionState, decide
from provenance.chain.signer import read_transaction
from provenance.chain.transactions import Observation, choose_nonce
from provenance.errors import ChainRefused
from provenance.services.context import Context
from provenance.services.leadership import Leadership
from provenance.store import anchors, outbox
from provenance.store.anchors import AnchorStatus, StoredAnchor
from provenance.store.database import Connection
from provenance.store.outbox import StoredTransaction, TxStatus

STUCK_MS: Final = 180_000
"""A transaction that waits longer than some fifteen blocks offers too little."""
_STRAGGLERS: Final = 20


class Work(Protocol):
    """Something that a transaction does; kind and name are those of the outbox."""

    @property
    def kind(self) -> int: ...

    @property
    def ref(self) -> bytes: ...


W = TypeVar("W", bound=Work)
W_contra = TypeVar("W_contra", bound=Work, contravariant=True)


class Book(Protocol[W_contra]):
    """Where it is kept how far each piece of work got; all within the outbox's own transaction."""

    def sent(self, connection: Connection, work: W_contra, tx_hash: bytes) -> None:
        """A transaction for it is stored."""

    def given_up(self, connection: Connection, work: W_contra) -> None:
        """No transaction for it is alive any more: it has to be signed anew."""

    def left(self, connection: Connection, sender: bytes, limit: int) -> list[StoredTransaction]:
        """Living, unmined transactions of *sender* for work that is done without them."""


class AnchorBook:
    """How far anchors got is in their own table."""

    def sent(self, connection: Connection, work: StoredAnchor, tx_hash: bytes) -> None:
        anchors.set_sent(connection, work, tx_hash)

    def given_up(self, connection: Connection, work: StoredAnchor) -> None:
        anchors.set_status(connection, work, AnchorStatus.WANTED)

    def left(self, connection: Connection, sender: bytes, limit: int) -> list[StoredTransaction]:
        return outbox.stragglers(connection, sender, limit)


class Outgoing(Generic[W]):
    """Sends the transactions of one account for what *book* knows; *leadership* says whether it may."""

    def __init__(
        self,
        context: Context,
        sender: Sender,
        leadership: Leadership,
        book: Book[W],
        *,
        depth: int,
        stuck_ms: int = STUCK_MS,
        hook: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._context = context
        self._database = context.database
        self._sender = sender
        self._leadership = leadership
        self._book = book
        self._depth = depth
        self._stuck_ms = stuck_ms
        self._hook = hook

    def attempts(self, work: W) -> list[StoredTransaction]:
        """What was signed for *work* under its living nonce, oldest first."""
        with self._database.read() as connection:
            return outbox.attempts(connection, work.kind, work.ref)

    def mined(self, attempts: Sequence[StoredTransaction]) -> tuple[StoredTransaction, Confirmation] | None:
        """The attempt that is in a block of the node's chain, and where."""
        for attempt in reversed(attempts):
            confirmation = self._sender.status(attempt.hash)
            if confirmation is not None:
                return attempt, confirmation
        return None

    def send(self, work: W, to: bytes, data: bytes) -> None:
        """Sign, store and send a first transaction for *work*."""
        mined_nonce = self._sender.chain.mined_nonce(self._sender.address)
        with self._database.read() as connection:
            held = outbox.held_nonces(connection, self._sender.address, mined_nonce)
        signed = self._sender.prepare(to, data, nonce=choose_nonce(mined_nonce, held))
        self._store(work, signed, replaced=())
        self._broadcast(work, signed)

    def push(self, work: W, attempts: Sequence[StoredTransaction]) -> None:
        """Do what the attempts for *work*, which is not done, need now."""
        signed = [read_transaction(attempt.raw) for attempt in attempts]
        seen = self._sender.observe(signed)
        decision = decide(signed[-1], seen, depth=self._depth, overdue=self._is_overdue(attempts[-1], seen))
        if decision.state is TransactionState.FAILED:
            self._give_up(work, attempts, TxStatus.FAILED)
        elif decision.action is Action.SIGN_ANEW:
            self._give_up(work, attempts, TxStatus.LOST)
        elif decision.action is Action.BUMP:
            self._bump(work, signed)
        elif decision.action is Action.BROADCAST:
            self._broadcast(work, signed[-1])

    def tidy(self) -> None:
        """Free the nonces of transactions whose work was done by others and that nobody has."""
        with self._database.read() as connection:
            left = self._book.left(connection, self._sender.address, _STRAGGLERS)
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

    def _bump(self, work: W, signed: Sequence[SignedTransaction]) -> None:
        raised = self._sender.bump(signed[-1])
        self._store(work, raised, replaced=[attempt.hash for attempt in signed])
        self._broadcast(work, raised)

    def _store(self, work: W, signed: SignedTransaction, replaced: Sequence[bytes]) -> None:
        row = StoredTransaction(
            signed.hash, signed.sender, signed.nonce, signed.raw, work.kind, work.ref, TxStatus.STORED,
            signed.max_fee, signed.max_priority_fee, self._context.clock.now(),
        )  # fmt: skip
        with self._database.write() as connection:
            self._leadership.fence(connection)
            outbox.set_status(connection, replaced, TxStatus.REPLACED)
            outbox.add(connection, row)
            self._book.sent(connection, work, signed.hash)
        self._hook("stored")

    def _broadcast(self, work: W, signed: SignedTransaction) -> None:
        try:
            self._sender.broadcast(signed.raw)
        except ChainRefused as error:
            if error.code != "fee_too_low":
                raise
            # Another transaction with this nonce waits at the node: outbid it.
            raised = self._sender.bump(signed)
            self._store(work, raised, replaced=[signed.hash])
            self._sender.broadcast(raised.raw)
            signed = raised
        self._hook("broadcast")
        with self._database.write() as connection:
            self._leadership.fence(connection)
            outbox.set_sent(connection, signed.hash, self._context.clock.now())
            self._book.sent(connection, work, signed.hash)
        self._hook("noted")

    def _give_up(self, work: W, attempts: Sequence[StoredTransaction], status: TxStatus) -> None:
        with self._database.write() as connection:
            self._leadership.fence(connection)
            outbox.set_status(connection, [attempt.hash for attempt in attempts], status)
            self._book.given_up(connection, work)
