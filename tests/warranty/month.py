"""A month in a warranted shop, its clock run fast: faults at stated rates, payments, people, and crashes.

The simulator knows what it did to each order, and from the terms what has to follow. It is told
nothing by the service; :mod:`tests.warranty.month_truth` holds one against the other.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import event

from provenance.core.claims import IssuerAnswer, Liability
from provenance.core.entries import EntryType, RedeemReason
from provenance.core.terms import Cause, State
from provenance.errors import Refused
from provenance.services.acts import Act
from provenance.services.issuer_reports import IssuerReportService, Said
from provenance.services.warranty import money as money_service
from provenance.services.warranty.orders import Opened, Reported
from provenance.store import claims as claim_store
from provenance.store import warranty_orders
from provenance.store.warranty_orders import EventKind
from tests.services.custody_world import ISSUER, OPERATOR, SHOP, SUPPLIER, key_of
from tests.services.ledger_world import Crash
from tests.warranty.world import ANNA, BEN, DAY, HOUR, MINUTE, SECOND, WarrantyTrade, digest

BEAT_MS = 500
"""How long after a deadline the watch looks, at the most."""


class Fault(StrEnum):
    """What happens to an order."""

    NONE = "none"
    IN_TIME = "in_time"
    LATE = "late"
    NEVER = "never"
    USED_BEFORE = "used_before"
    USED_AFTER = "used_after"
    RECALLED = "recalled"
    VOIDED = "voided"
    INVALID = "invalid"
    FROZEN = "frozen"
    CARRIER_LATE = "carrier_late"
    CARRIER_IN_TIME = "carrier_in_time"
    GROUNDLESS = "groundless"
    BUYER_USED = "buyer_used"
    CANCELLED = "cancelled"


RATES: dict[Fault, float] = {
    Fault.IN_TIME: 0.02, Fault.LATE: 0.03, Fault.NEVER: 0.01, Fault.USED_BEFORE: 0.02, Fault.USED_AFTER: 0.01,
    Fault.RECALLED: 0.01, Fault.VOIDED: 0.01, Fault.INVALID: 0.02, Fault.FROZEN: 0.01,
    Fault.CARRIER_LATE: 0.02, Fault.CARRIER_IN_TIME: 0.02, Fault.GROUNDLESS: 0.02, Fault.BUYER_USED: 0.01,
    Fault.CANCELLED: 0.01,
}  # fmt: skip
"""The rest has no fault."""
SILENT_PLATFORM = 0.05
SILENT_REVIEWERS = 0.3
DEAR = 0.02
CRASH = 0.02


@dataclass
class Planned:
    """One order of the month: what it costs and what is done to it, and by whom nothing is done."""

    number: int
    fault: Fault
    key: int
    price: str
    at: int
    opened: Opened | None = None
    pays: bool = True
    decides: bool = True


@dataclass
class Month:
    """The simulation of *count* orders on *trade*; everything random comes from *seed*."""

    trade: WarrantyTrade
    count: int
    seed: int = 1
    crashes: int = 0
    beats: int = 0
    plan: list[Planned] = field(default_factory=list)
    stock: int = 0
    _queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _by_order: dict[bytes, Planned] = field(default_factory=dict)
    _asked: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.terms = self.trade.publish()
        self.issuers = IssuerReportService(self.trade.context)
        self._plan()

    def run(self) -> None:
        """The month, and then two more for everything to end."""
        start = self.trade.clock.now()
        for one in self.plan:
            self._at(start + one.at, lambda one=one: self._order(one))
        while (moment := self._next(start + 90 * DAY)) is not None:
            self.trade.clock.time = max(self.trade.clock.now() + 1, moment)
            while self._queue and self._queue[0][0] <= self.trade.clock.now():
                heapq.heappop(self._queue)[2]()
            self._beat()

    def _plan(self) -> None:
        faults = [fault for fault, rate in RATES.items() for _ in range(round(rate * self.count))]
        if faults.count(Fault.RECALLED) % 2:
            faults.append(Fault.RECALLED)
        faults += [Fault.NONE] * (self.count - len(faults))
        # Recalls take ranges: their keys lie side by side at the end of the batch, two orders a range.
        faults.sort(key=lambda fault: fault is Fault.RECALLED)
        recalled = faults.count(Fault.RECALLED)
        others = faults[: self.count - recalled]
        self.random.shuffle(others)
        self.stock = max(2, self.count // 20)
        self.trade.batch(self.count, holder=SHOP)
        self.trade.batch(self.stock, holder=SHOP)
        self.trade.stock(self.count, self.stock)
        for number, fault in enumerate([*others, *faults[self.count - recalled :]]):
            price = "4999.00" if self.random.random() < DEAR else f"{self.random.randint(5, 300)}.00"
            at = self.random.randrange(30 * DAY)
            planned = Planned(number, fault, number, price, at)
            if fault is Fault.RECALLED and number % 2 != (self.count - recalled) % 2:
                # Both orders of a recall are still covered when it comes.
                planned.at = self.plan[-1].at + self.random.randrange(HOUR)
            planned.pays = self.random.random() >= SILENT_PLATFORM
            planned.decides = self.random.random() >= SILENT_REVIEWERS
            self.plan.append(planned)

    def _order(self, one: Planned) -> None:
        now = self.trade.clock.now()
        one.opened = self.trade.buy(key_of(one.key), self.terms, price=one.price, number=f"M-{one.number}")
        self._by_order[one.opened.order.id] = one
        wait = self.random.randrange(5 * SECOND, 250 * SECOND)
        delivery = {
            Fault.IN_TIME: 299 * SECOND,
            Fault.LATE: self.random.randrange(301 * SECOND, 900 * SECOND),
            Fault.NEVER: None,
            Fault.CANCELLED: None,
        }.get(one.fault, wait)
        if delivery is not None:
            self._at(now + delivery, lambda: self._tried(lambda: self.trade.deliver(_of(one))))
        after = now + (delivery or 0) + self.random.randrange(HOUR, 2 * DAY)
        self._befall(one, now, after)

    def _befall(self, one: Planned, now: int, after: int) -> None:
        """Schedule what happens to this order."""
        match one.fault:
            case Fault.NONE:
                if self.random.random() < 0.5:
                    self._at(after, lambda: self._use(one))
            case Fault.USED_BEFORE:
                self._at(now + 2 * SECOND, lambda: self._issuer_redeems(one))
            case Fault.USED_AFTER:
                self._at(after, lambda: self._issuer_redeems(one))
            case Fault.VOIDED:
                void = Act(EntryType.VOID, SUPPLIER)
                self._at(after, lambda: self._tried(lambda: self._act(one, void)))
            case Fault.RECALLED:
                self._at(now + 3 * DAY, lambda: self._recall(one))
            case Fault.INVALID:
                self._at(after, lambda: self._says(one, IssuerAnswer.DOES_NOT_EXIST))
            case Fault.FROZEN:
                self._at(after, lambda: self._files(one, Cause.FROZEN))
                self._at(after + 10 * MINUTE, lambda: self._says(one, IssuerAnswer.FROZEN))
            case Fault.CARRIER_LATE | Fault.CARRIER_IN_TIME:
                arrival = 40 * MINUTE if one.fault is Fault.CARRIER_LATE else 29 * MINUTE
                self._at(after, lambda: self._reports(one, EventKind.SUBMITTED))
                self._at(after + arrival, lambda: self._reports(one, EventKind.ARRIVED))
            case Fault.GROUNDLESS:
                self._at(after, lambda: self._files(one, Cause.INVALID_KEY))
                self._at(after + 10 * MINUTE, lambda: self._says(one, IssuerAnswer.GOOD))
            case Fault.BUYER_USED:
                self._at(after, lambda: self._use(one))
                self._at(after + HOUR, lambda: self._files(one, Cause.USED_BEFORE_DELIVERY))
            case Fault.CANCELLED:
                self._at(now + 60 * SECOND, lambda: self._reports(one, EventKind.CANCELLED))
            case _:
                pass

    def _beat(self) -> None:
        """The log is written and the watch looks, now and then killed between two statements."""
        trade = self.trade
        trade.log.sequence()
        self.beats += 1
        if self.random.random() < CRASH:
            with crashing(trade, self.random.randrange(1, 60)):
                try:
                    trade.watch.beat()
                except Crash:
                    self.crashes += 1
        troubles = list(trade.watch.beat())
        assert troubles == [], troubles
        trade.log.sequence()
        now = trade.clock.now()
        with trade.database.read() as connection:
            assert claim_store.due(connection, now, 1) == []
        self._people()

    def _people(self) -> None:
        """The platform sees what it owes, the reviewers what waits for them."""
        now = self.trade.clock.now()
        with self.trade.database.read() as connection:
            owed = money_service.owed_by(connection, SHOP)
        for payment in owed:
            if payment.kind == "refund" and payment.claim not in self._asked:
                self._asked.add(payment.claim)
                if self._planned(payment.order).pays:
                    pay_at = now + self.random.randrange(MINUTE, 4 * MINUTE)
                    self._at(pay_at, lambda claim=payment.claim: self._pay(claim))
        for kept in self.trade.desks.claims(None, ["review", "second_review"], (0, b""), 100):
            claim = kept.claim.claim_id
            key = claim + kept.claim.state.encode()
            if key not in self._asked and self._planned(kept.order.id).decides:
                self._asked.add(key)
                self._at(now + 30 * MINUTE, lambda claim=claim: self._approve(claim))

    def _planned(self, order_id: bytes) -> Planned:
        return self._by_order[order_id]

    def _pay(self, claim_id: bytes) -> None:
        kept = self.trade.claims.get(claim_id)
        shop = self.trade.principal(SHOP)
        self.trade.claims.paid(shop, claim_id, kept.claim.owed, digest())

    def _approve(self, claim_id: bytes) -> None:
        state = self.trade.claims.get(claim_id).claim.state
        if state in (State.REVIEW, State.SECOND_REVIEW):
            who = ANNA if state is State.REVIEW else BEN
            self.trade.claims.approve(who, OPERATOR, claim_id, Liability.SUPPLIER)

    def _issuer_redeems(self, one: Planned) -> None:
        party = _of(one).order.party
        self._act(one, Act(EntryType.REDEEM, ISSUER, party, RedeemReason.USED_BEFORE_SALE))

    def _use(self, one: Planned) -> None:
        sold = _of(one).sold
        self.trade.custody.act_as_buyer(sold.handle, EntryType.REDEEM, sold.token)

    def _recall(self, one: Planned) -> None:
        """Two orders side by side are recalled together, once both were sold long enough ago."""
        recalled = [each for each in self.plan if each.fault is Fault.RECALLED]
        partner = recalled[recalled.index(one) ^ 1]
        waits = partner.opened is None or partner.opened.order.created_at + 3 * DAY > self.trade.clock.now()
        if not waits:
            first = min(one.key, partner.key)
            handle = _of(one).sold.handle
            pieces = [(first, 2)]
            self._tried(lambda: self.trade.recalls.recall(SUPPLIER, handle.batch_id, pieces, 1))

    def _says(self, one: Planned, answer: IssuerAnswer) -> None:
        said = Said(_of(one).sold.handle, answer, self.trade.clock.now(), digest())
        self.issuers.take(ISSUER, [said])

    def _files(self, one: Planned, cause: Cause) -> None:
        opened = _of(one)
        self.trade.claims.file(opened.sold.token, opened.order.id, (cause,), [])

    def _reports(self, one: Planned, kind: EventKind) -> None:
        by = ISSUER if kind is EventKind.ARRIVED else SHOP
        reported = Reported(kind, self.trade.clock.now(), digest())
        self.trade.orders.report(self.trade.principal(by), _of(one).order.id, reported)

    def _act(self, one: Planned, act: Act) -> Any:
        return self.trade.custody.act(_of(one).sold.handle, act)

    def _tried(self, doing: Callable[[], Any]) -> None:
        """What the law refuses is refused: a late delivery finds the key void, a recall finds it gone."""
        with suppress(Refused):
            doing()

    def _at(self, moment: int, doing: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (moment, len(self._queue) + self.beats * 100_000, doing))

    def _next(self, end: int) -> int | None:
        """When something happens next: by plan, or because a deadline passes."""
        with self.trade.database.read() as connection:
            due = [
                one for one in (warranty_orders.next_due(connection), claim_store.next_due(connection)) if one
            ]
        moments = [moment + self.random.randrange(BEAT_MS) for moment in due]
        if self._queue:
            moments.append(self._queue[0][0])
        soonest = min(moments, default=None)
        return None if soonest is None or soonest > end else soonest


def _of(one: Planned) -> Opened:
    assert one.opened is not None
    return one.opened


@contextmanager
def crashing(trade: WarrantyTrade, statement: int) -> Iterator[None]:
    """Stands for kill -9: the *statement*-th statement from here on is never sent."""
    left = [statement]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Crash("between two statements")

    engine = trade.database._engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", count)
