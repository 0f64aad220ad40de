"""Reading the escrow's log: what became of each deposit, as deep as anchors are believed.

A beat reads on from where the last one stopped. Where the block at which it stopped is another one now,
the chain was reorganised deeper than believed, or wiped: everything is forgotten and read anew. A node that
does not have that block at all may only be behind: it is given some beats.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from provenance.chain.escrow import DepositState, EscrowClient
from provenance.chain.escrow_events import EscrowEvent
from provenance.chain.escrow_order import WarrantyOrder, order_json
from provenance.core.digests import sha256
from provenance.errors import ChainRefused, ChainUnavailable
from provenance.services.context import Context
from provenance.services.leadership import Leadership
from provenance.services.warranty import desk
from provenance.services.warranty.orders import note_paid
from provenance.store import escrow, warranty_orders
from provenance.store.database import Connection
from provenance.store.escrow import DepositRow, EventRow

PAGE: Final = 1_000
"""Blocks asked for at once."""
PAGES: Final = 20
"""Pages read in one beat: who reads a long chain for the first time holds up nothing else for long."""

PATIENCE: Final = 5
"""Beats in which a node may lack the last block read before its chain is taken for another one."""
_TOO_MUCH: Final = frozenset({"chain_answer_too_large", "chain_refused"})
"""How nodes say that they do not tell so many events at once; they have no code for it."""

_STATES: Final = {
    "DeliveryProven": DepositState.DELIVERED,
    "ClaimFiled": DepositState.FROZEN,
    "FaultProven": DepositState.PROVEN,
    "DepositClosed": DepositState.CLOSED,
}
_NAMES: Final = {
    "batch_id": "batchId",
    "valid_until": "validUntil",
    "delivery_window": "deliveryWindow",
    "acceptance_window": "acceptanceWindow",
    "ruling_window": "rulingWindow",
    "answer_window": "answerWindow",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """An event of a known order, with its block's time and, where the event does not say it, its deposit."""

    event: EscrowEvent
    time: int
    state: DepositState | None
    deadline: int


class EscrowReader:
    """Reads the log of *client*'s escrow, at *depth* confirmations, from *first_block* on."""

    def __init__(
        self,
        context: Context,
        client: EscrowClient,
        leadership: Leadership,
        *,
        depth: int,
        first_block: int = 0,
        hook: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._context = context
        self._client = client
        self._leadership = leadership
        self._depth = depth
        self._first = first_block
        self._hook = hook
        self._missed = 0

    def read(self) -> int:
        """Read what is new; how many events of our orders there were. Raises what the chain raises."""
        found = 0
        newest = self._client.chain.confirmed_block(self._depth).number
        start = self._start()
        for _ in range(PAGES):
            if start > newest:
                break
            stop = min(start + PAGE - 1, newest)
            found += self._page(start, stop)
            start = stop + 1
        return found

    def _start(self) -> int:
        with self._context.database.read() as connection:
            known = escrow.read_up_to(connection, self._client.address)
        if known is None:
            return self._first
        number, block_hash = known
        block = self._client.chain.block(number)
        if block is not None and block.hash == block_hash:
            self._missed = 0
            return number + 1
        self._missed += 1
        if block is None and self._missed < PATIENCE:
            raise ChainUnavailable("the node is behind what was read before", code="chain_behind")
        self._missed = 0
        with self._context.database.write() as connection:
            self._leadership.fence(connection)
            escrow.forget_chain(connection)
        return self._first

    def _page(self, start: int, stop: int) -> int:
        # The hash first: should the chain change meanwhile, the next beat sees another one, and forgets.
        last = self._client.chain.block(stop)
        if last is None:
            raise ChainUnavailable("the node lost a block that it had", code="chain_unavailable")
        told = [self._told(event) for event in self._events(start, stop) if "id" in event.facts]
        self._hook("read")
        with self._context.database.write() as connection:
            self._leadership.fence(connection)
            count = sum(self._apply(connection, one) for one in told)
            escrow.has_read(connection, self._client.address, stop, last.hash)
        return count

    def _events(self, start: int, stop: int) -> list[EscrowEvent]:
        """The events of these blocks; of half of them at a time where whoever filled them would stop us."""
        try:
            return self._client.events(start, stop)
        except (ChainUnavailable, ChainRefused) as error:
            if error.code not in _TOO_MUCH or start == stop:
                raise
        middle = (start + stop) // 2
        return [*self._events(start, middle), *self._events(middle + 1, stop)]

    def _told(self, event: EscrowEvent) -> _Told:
        with self._context.database.read() as connection:
            is_ours = escrow.order_of(connection, event.facts["id"]) is not None
        if not is_ours:
            return _Told(event, 0, None, 0)
        block = self._client.chain.block(event.block)
        if block is None:
            raise ChainUnavailable("the node lost a block that it had", code="chain_unavailable")
        state, deadline = _STATES.get(event.name), event.facts.get("deadline", 0)
        if event.name == "FaultAnswered":
            # Where the clock goes on the event does not say; the contract does.
            held = self._client.deposit(event.facts["id"])
            state, deadline = (None, 0) if held is None else (held.state, held.deadline)
        return _Told(event, block.time, state, deadline)

    def _apply(self, connection: Connection, told: _Told) -> bool:
        event = told.event
        order_id = escrow.order_of(connection, event.facts["id"])
        if order_id is None or told.time == 0:
            return False
        row = EventRow(
            event.block, event.position, order_id, event.transaction, told.time, event.name,
            json.dumps({name: _plain(value) for name, value in event.facts.items()}),
        )  # fmt: skip
        if not escrow.add_event(connection, row):
            return False
        if event.name == "Deposited":
            self._deposited(connection, order_id, told)
            return True
        known = escrow.deposit_of(connection, order_id)
        if known is not None and known.deposit == event.facts["id"]:
            escrow.put_deposit(connection, self._after(known, told))
        return True

    def _deposited(self, connection: Connection, order_id: bytes, told: _Told) -> None:
        known, event = escrow.deposit_of(connection, order_id), told.event
        if known is not None and known.is_offered:
            # A second account of the platform's sold the same sale again: it is paid for, by the first.
            return
        struct = WarrantyOrder(
            **{field.name: event.facts[_NAMES.get(field.name, field.name)] for field in fields(WarrantyOrder)}
        )
        offered = escrow.offer(connection, struct.digest(self._client.domain))
        is_offered = offered is not None and offered.order == order_id
        row = DepositRow(
            order_id, struct.id, json.dumps(order_json(struct)), is_offered, int(DepositState.FUNDED),
            told.deadline, None, 0, 0, event.block, event.transaction, event.position,
            due=self._context.clock.now() if is_offered else None,
            trouble=None if is_offered else "deposit_not_offered",
        )  # fmt: skip
        escrow.put_deposit(connection, row)
        order = warranty_orders.by_id(connection, order_id, lock=True)
        if order is None or not is_offered:
            # Whoever pays for another's sale, or other amounts than were offered, pays for nothing here.
            return
        record, by = record_of(event.transaction, event.position), desk.address(self._context)
        note_paid(self._context, connection, order, told.time * 1000, record, by)

    def _after(self, known: DepositRow, told: _Told) -> DepositRow:
        event, now = told.event, self._context.clock.now()
        moved = replace(
            known,
            state=known.state if told.state is None else int(told.state),
            deadline=told.deadline or known.deadline,
            block=event.block,
            tx=event.transaction,
            position=event.position,
            due=now if known.is_offered else None,
        )
        if event.name == "FaultProven":
            return replace(moved, fault=event.facts["index"])
        if event.name == "DepositClosed":
            paid = event.facts["refund"], event.facts["compensation"]
            return replace(moved, refund=paid[0], compensation=paid[1])
        return moved


def record_of(transaction: bytes, position: int) -> bytes:
    """The record of a payment by the chain: SHA-256 of the transaction's hash and the place in its log."""
    return sha256(transaction + position.to_bytes(8))


def _plain(value: Any) -> Any:
    # Amounts exceed what JSON numbers hold for most readers.
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value) if isinstance(value, int) and value > 2**53 - 1 else value
