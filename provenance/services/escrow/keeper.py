"""The keeper: reads what became of each deposit, and does for it what claim, log and clock ask for.

The contract is asked first, each time: what it says has happened needs no doing, whoever did it. Each step
has one reference; its transaction is stored under it before it is sent. So a crash, a second worker and a
reorganisation need no cases of their own, and the contract itself lets no step happen twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from provenance.chain.deployment import LONGEST_WINDOW_SECONDS, deploy_escrow
from provenance.chain.escrow import Deposit, DepositState, EscrowClient, explained
from provenance.chain.escrow_calls import Call, rule_call, time_out_call
from provenance.chain.escrow_order import WarrantyOrder, read_order
from provenance.chain.registry import RegistryClient
from provenance.chain.sender import Sender
from provenance.chain.signer import Signer
from provenance.core import logfaults
from provenance.core.claims import Claim
from provenance.core.digests import sha256
from provenance.core.entries import EntryType
from provenance.core.logfaults import LogFault, Placed
from provenance.errors import ChainMismatch, ChainRefused, ChainUnavailable, NotFound, ProvenanceError
from provenance.services.context import Context
from provenance.services.escrow import settling, showing
from provenance.services.escrow.reading import EscrowReader
from provenance.services.escrow.steps import Act, Situation, Step, next_step
from provenance.services.leadership import LEASE_MS, Leadership
from provenance.services.outgoing import STUCK_MS, Outgoing
from provenance.services.warranty import keeping
from provenance.services.warranty.claims import ClaimService
from provenance.store import claims as claim_store
from provenance.store import entries, escrow, outbox, warranty_orders
from provenance.store.database import Connection
from provenance.store.escrow import DepositRow
from provenance.store.outbox import ESCROW_STEP, StoredTransaction

LEASE_NAME: Final = "escrow"
AT_ONCE: Final = 100
"""Deposits looked at in one beat; the rest at the next."""
SOON_MS: Final = 2_000
POLL_MS: Final = 15_000
"""What waits for the log to be anchored is looked at this often."""
LATER_MS: Final = 6 * 3_600_000
TROUBLE_MS: Final = 30_000
_TASKS_AT_ONCE: Final = 500
_LOCAL_WINDOWS: Final = (1, LONGEST_WINDOW_SECONDS)


@dataclass(slots=True)
class _KeeperBook:
    """The outbox is all that is kept of a step; ``wanted`` are the references of this beat."""

    wanted: set[bytes] = field(default_factory=set)

    def sent(self, connection: Connection, work: Step, tx_hash: bytes) -> None:
        pass

    def given_up(self, connection: Connection, work: Step) -> None:
        pass

    def left(self, connection: Connection, sender: bytes, limit: int) -> list[StoredTransaction]:
        waiting = outbox.waiting(connection, sender, ESCROW_STEP, limit)
        return [one for one in waiting if one.ref not in self.wanted]


@dataclass(frozen=True, slots=True)
class _Known:
    """What of one deposit was read from the database."""

    struct: WarrantyOrder
    entries: list[Placed]
    claim: Claim | None
    filed: bytes | None


class Keeper:
    """Keeps the deposits of *client*'s escrow, paying gas from *signer*'s account.

    *signer* may be the arbiter of an order; then it rules what the claims came to. *depth* is the number of
    confirmations after which an event is believed. With a *deployer* a missing escrow is deployed: on a local
    chain, which is wiped at times.
    """

    def __init__(
        self,
        context: Context,
        client: EscrowClient,
        registry: RegistryClient,
        signer: Signer,
        holder: str,
        *,
        depth: int = 12,
        first_block: int = 0,
        deployer: Signer | None = None,
        stuck_ms: int = STUCK_MS,
        lease_ms: int = LEASE_MS,
        hook: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._context = context
        self._database = context.database
        self._client = client
        self._registry = registry
        self._address = signer.address
        self._deployer = deployer
        self._claims = ClaimService(context)
        self._leadership = Leadership(context.database, LEASE_NAME, holder, lease_ms=lease_ms)
        self._book = _KeeperBook()
        self._reader = EscrowReader(
            context, client, self._leadership, depth=depth, first_block=first_block, hook=hook
        )
        sender = Sender(client.chain, signer, explain=explained)
        self._outgoing = Outgoing(
            context, sender, self._leadership, self._book, depth=depth, stuck_ms=stuck_ms, hook=hook
        )

    def beat(self) -> Sequence[str]:
        """One round; the codes of what went wrong. A chain that does not answer leaves all waiting."""
        if not self._leadership.hold():
            return ()
        troubles: list[str] = []
        try:
            self._ensure_escrow()
            self._reader.read()
            self._book.wanted.clear()
            for row in self._due():
                code = self._attempt(row)
                troubles += [] if code is None else [code]
            self._outgoing.tidy()
        except (ChainUnavailable, ChainMismatch, ChainRefused) as error:
            troubles.append(error.code)
        with self._database.write() as connection:
            escrow.end_idle_tasks(connection, self._context.clock.now(), _TASKS_AT_ONCE)
        return troubles

    def stop(self) -> None:
        """Hand the lead to whoever stands by."""
        self._leadership.release()

    def _ensure_escrow(self) -> None:
        """Return if the escrow is there and judges by our registry; on a local chain it is put there."""
        chain, registry = self._client.chain, self._registry.address
        if self._deployer is not None and not chain.code(self._client.address) and chain.code(registry):
            deploy_escrow(chain, self._deployer, registry, windows=_LOCAL_WINDOWS)
        if self._client.registry() != registry:
            raise ChainMismatch("that escrow judges by another registry", code="escrow_foreign")

    def _due(self) -> list[DepositRow]:
        with self._database.read() as connection:
            return escrow.due(connection, self._context.clock.now(), AT_ONCE)

    def _attempt(self, row: DepositRow) -> str | None:
        """Look at one deposit; what is refused for it stops no other."""
        try:
            wait, trouble = self._look(row)
        except (ChainUnavailable, ChainMismatch):
            raise
        except ProvenanceError as error:
            wait, trouble = TROUBLE_MS, error.code
        now = self._context.clock.now()
        with self._database.write() as connection:
            self._leadership.fence(connection)
            seen = escrow.deposit_of(connection, row.order)
            if seen is not None and seen.due == row.due:
                # Whoever woke it meanwhile knows something that this look did not.
                escrow.look_again(connection, row.order, None if wait is None else now + wait, trouble)
        return trouble

    def _look(self, row: DepositRow) -> tuple[int | None, str | None]:
        """In how many ms to look again, ``None`` for when something wakes it, and a code of trouble."""
        if row.state == DepositState.CLOSED:
            trouble = settling.settle(self._context, self._claims, row.order)
            self._end_tasks(row)
            return None, trouble
        held = self._client.deposit(row.deposit)
        if held is None or held.state is DepositState.CLOSED:
            # Closed, or undone, in blocks that are not believed yet.
            return SOON_MS, None
        size = self._registry.latest()
        known = self._known(row, size)
        time = self._client.chain.newest_block().time
        is_delivered = logfaults.delivery(known.entries, known.struct.party) is not None
        now = Situation(
            held, time, self._address, known.claim, known.filed, known.struct.ruling_window,
            is_delivered, lambda: self._fault(row, held, known),
        )  # fmt: skip
        step = next_step(row.deposit, now)
        if step is None:
            if not now.is_claimed and not now.is_drawn and held.state is not DepositState.FROZEN:
                self._end_tasks(row)
            return self._patience(held, now), None
        self._take(step, known, size)
        return SOON_MS, None

    def _known(self, row: DepositRow, size: int) -> _Known:
        struct = read_order(json.loads(row.struct))
        with self._database.snapshot() as connection:
            order = warranty_orders.by_id(connection, row.order)
            rows = claim_store.of_order(connection, row.order)
            claim = keeping.load(connection, rows[-1], order) if rows and order is not None else None
            filed = _filed(connection, row.order)
            return _Known(struct, showing.placed(connection, struct, size), claim, filed)

    def _fault(self, row: DepositRow, held: Deposit, known: _Known) -> LogFault | None:
        for fault in logfaults.faults(known.entries, known.struct.party, max_uses=held.max_uses):
            if not self._client.is_answered(row.deposit, fault.index):
                return fault
        return None

    def _patience(self, held: Deposit, now: Situation) -> int:
        if held.state is DepositState.FUNDED or now.is_drawn:
            return POLL_MS
        return min(max(held.deadline - now.time, 1) * 1000, LATER_MS)

    def _take(self, step: Step, known: _Known, size: int) -> None:
        self._book.wanted.add(step.ref)
        attempts = self._outgoing.attempts(step)
        if attempts:
            self._outgoing.push(step, attempts)
            return
        call = self._call(step, known, size)
        if call is not None:
            self._outgoing.send(step, self._client.address, call.data)

    def _call(self, step: Step, known: _Known, size: int) -> Call | None:
        if step.act is Act.TIME_OUT:
            return time_out_call(step.deposit)
        with self._database.snapshot() as connection:
            if step.act is Act.RULE:
                grounds = _grounds(connection, known.claim)
                return rule_call(
                    step.deposit, refund=step.refund, compensation=step.compensation, grounds=grounds
                )
            if step.fault is not None:
                return showing.accusing(connection, known.struct, known.entries, step.fault, size)
            shown = logfaults.delivery(known.entries, known.struct.party)
            return None if shown is None else showing.delivering(connection, known.struct, shown, size)

    def _end_tasks(self, row: DepositRow) -> None:
        """There is nothing left to freeze, to release or to draw for the claims there were so far."""
        now = self._context.clock.now()
        with self._database.write() as connection:
            claims = [one.id for one in claim_store.of_order(connection, row.order)]
            for task in claim_store.tasks_of(connection, claims):
                if task.kind in ("freeze", "release", "draw"):
                    claim_store.task_done(connection, task.id, now)


def _filed(connection: Connection, order: bytes) -> bytes | None:
    """The claim's id that the buyer froze the deposit for."""
    found = [one for one in escrow.events_of(connection, order) if one.name == "ClaimFiled"]
    return bytes.fromhex(json.loads(found[-1].facts)["claim"][2:]) if found else None


def _grounds(connection: Connection, claim: Claim | None) -> bytes:
    """The commitment, in the log, to what the claim came to: its newest step with its clause and evidence."""
    if claim is None:
        raise NotFound("there is no claim to rule on", code="unknown_claim")
    steps = entries.about(connection, claim.claim_id, [EntryType.CLAIM, EntryType.REMEDY])
    committed = [one.entry.detail for one in steps if any(one.entry.detail)]
    return committed[-1] if committed else sha256(claim.claim_id)
