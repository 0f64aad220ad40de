"""The watch: it notices faults before the buyer complains, and lets every deadline happen, once.

Deadlines are columns. A beat takes what is due, one order to a transaction under that order's lock, and
looks again at whether it still is: so a restart loses none, and two workers fire none twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from provenance.core import claims as rules
from provenance.core.claims import Claim, ClockResumed, EvidenceGiven, Finding, OrderFacts
from provenance.core.terms import State, Terms
from provenance.errors import ProvenanceError, Refused
from provenance.services.context import Context
from provenance.services.warranty import claiming, desk, evidence, facts, risk
from provenance.services.warranty import terms as published
from provenance.services.warranty.carrying import ClaimWork
from provenance.services.warranty.clocks import clocks
from provenance.services.warranty.issuers import Issuers
from provenance.services.warranty.vetting import Vetting
from provenance.store import batches, checkpoints, entries, warranty_orders
from provenance.store import claims as store
from provenance.store.claims import ClaimRow
from provenance.store.database import Connection
from provenance.store.warranty_orders import EventKind, OrderRow

PAGE: Final = 2_000
"""Entries read at once."""
AT_ONCE: Final = 500
"""Orders and claims taken up in one beat; the rest at the next."""
_SEQUENCED_MS: Final = 500
_TROUBLE_MS: Final = 60_000
_LOG: Final = "log"
_NOTHING_TO_DO: Final = frozenset({"claim_after_window", "already_remedied", "fault_already_claimed"})
"""What the rules say of a fault that is seen too late, or again: by the terms nothing is to be done."""


class Watch:
    """Reads the log, looks at orders, settles claims. Safe to run in any number of workers."""

    def __init__(self, context: Context, issuers: Issuers | None = None) -> None:
        self._context = context
        self._vetting = Vetting(context, issuers or Issuers())

    def beat(self) -> Sequence[str]:
        """One round; the codes of what went wrong, each of which stopped one order and no other."""
        while self.read_log() == PAGE:
            pass
        return [*self.look(), *self.settle()]

    def read_log(self) -> int:
        """Wake the orders on keys that something happened to; how many entries were read."""

        def work(connection: Connection) -> int:
            start = store.read_up_to(connection, _LOG)
            head = checkpoints.newest(connection)
            stop = min(0 if head is None else head.size, start + PAGE)
            if stop <= start:
                return 0
            on_keys = [
                one.entry for one in entries.between(connection, start, stop) if one.entry.type.is_on_keys
            ]
            numbers = batches.numbers_of(connection, {entry.subject for entry in on_keys})
            places = {
                (numbers[entry.subject], entry.first, entry.count)
                for entry in on_keys
                if entry.subject in numbers
            }
            warranty_orders.wake(connection, places, self._context.clock.now())
            store.has_read(connection, _LOG, stop)
            return stop - start

        return self._context.database.retrying(work)

    def look(self, limit: int = AT_ONCE) -> list[str]:
        """Look at every order that is due, and open what has to be opened."""
        now = self._context.clock.now()
        with self._context.database.read() as connection:
            due = warranty_orders.due_ids(connection, now, limit)
        return self._each(due, self._look_at)

    def settle(self, limit: int = AT_ONCE) -> list[str]:
        """Let the default of every claim happen whose deadline has passed."""
        now = self._context.clock.now()
        with self._context.database.read() as connection:
            due = store.due(connection, now, limit)
        by_order = dict.fromkeys(order for _, order in due)
        return self._each(list(by_order), self._settle)

    def _each(self, orders: Sequence[bytes], do: Callable[[Connection, OrderRow], None]) -> list[str]:
        troubles: list[str] = []
        for order_id in orders:
            try:
                self._context.database.retrying(partial(_under_lock, order_id=order_id, do=do))
                if self._context.askable:
                    self._vetting.replace(order_id)
            except ProvenanceError as error:
                troubles.append(error.code)
                self._put_off(order_id)
        return troubles

    def _put_off(self, order_id: bytes) -> None:
        """One order in trouble must not stand before all others."""
        later = self._context.clock.now() + _TROUBLE_MS
        with self._context.database.write() as connection:
            warranty_orders.put_off(connection, order_id, later)
            store.put_off(connection, order_id, later)

    def _settle(self, connection: Connection, order: OrderRow) -> None:
        now = self._context.clock.now()
        row = store.open_of(connection, order.id)
        if row is not None and row.due is not None and row.due <= now:
            self._work(connection, order, now).settle(row)

    def _look_at(self, connection: Connection, order: OrderRow) -> None:
        now = self._context.clock.now()
        if order.due is None or order.due > now:
            return
        if claiming.sale_index(connection, order) is None:
            # No entry can name a sale that has no place yet; the sequencer is about to give it one.
            warranty_orders.look_again(connection, order.id, now + _SEQUENCED_MS)
            return
        risk.warn(self._context, connection, order, now)
        row = store.open_of(connection, order.id)
        if row is None and EventKind.CANCELLED in warranty_orders.events_of(connection, order.id):
            # Paid back before anything was wrong: what is left, the buyer says himself.
            warranty_orders.look_again(connection, order.id, None)
            return
        terms = published.pinned(connection, order.terms)
        if row is None:
            known = facts.of_order(connection, order)
            # First: what is opened now may want to be looked at again sooner.
            warranty_orders.look_again(connection, order.id, next_look(known, terms, now))
            self._notice(connection, order, terms, known, now)
        else:
            # A replacement that is asked about is asked about again, should this worker die meanwhile.
            is_waiting = row.state == State.REISSUING.value
            again = now + _TROUBLE_MS if is_waiting else None
            warranty_orders.look_again(connection, order.id, again)
            self._news(connection, order, row, now)

    def _notice(
        self, connection: Connection, order: OrderRow, terms: Terms, known: OrderFacts, now: int
    ) -> None:
        claimed = {cause for row in store.of_order(connection, order.id) for cause in row.causes.split()}
        faults = [one.cause for one in rules.detect(known, terms, now) if one.cause.value not in claimed]
        if not faults:
            return
        savepoint = connection.begin_nested()
        try:
            claiming.open_claim(self._context, connection, order, tuple(faults))
        except Refused as refusal:
            if refusal.code not in _NOTHING_TO_DO:
                raise
            savepoint.rollback()
        else:
            savepoint.commit()

    def _news(self, connection: Connection, order: OrderRow, row: ClaimRow, now: int) -> None:
        """Something happened while a claim is open: what was unclear may be clear now."""
        work = self._work(connection, order, now)
        claim = work.claim_of(row)
        if row.due is not None and row.due <= now:
            return
        known = facts.of_order(connection, order, claim)
        if claim.state is State.EVIDENCE:
            self._answered(work, row, claim, known)
        elif claim.state in (State.OPENED, State.REVIEW):
            if claim.paused_since is None:
                work.move(row, *self._clear(work, claim))
            elif not rules.maintenance_running(known):
                work.move(row, ClockResumed(), *self._clear(work, claim))

    def _answered(self, work: ClaimWork, row: ClaimRow, claim: Claim, known: OrderFacts) -> None:
        """What the buyer was asked for has come by itself: the issuer or the carrier has spoken."""
        have = {one.digest for one in claim.evidence}
        new = tuple(one for one in known.evidence if one.type in claim.asked and one.digest not in have)
        if new:
            evidence.use(work.connection, new, claim.claim_id, work.now)
            work.move(row, EvidenceGiven(new))

    def _clear(self, work: ClaimWork, claim: Claim) -> tuple[rules.Decided, ...]:
        decided = work.decided(claim)
        is_clear = decided.decision.finding in (Finding.COVERED, Finding.EXCLUDED)
        return (decided,) if is_clear else ()

    def _work(self, connection: Connection, order: OrderRow, now: int) -> ClaimWork:
        return ClaimWork(self._context, connection, order, desk.address(self._context), now)


def next_look(known: OrderFacts, terms: Terms, now: int) -> int | None:
    """The first ms at which a running clock of the order is broken; ``None`` where none runs."""
    return min((clock.until + 1 for clock in clocks(known, terms, now)), default=None)


def _under_lock(connection: Connection, order_id: bytes, do: Callable[[Connection, OrderRow], None]) -> None:
    order = warranty_orders.take(connection, order_id)
    if order is not None:
        do(connection, order)
