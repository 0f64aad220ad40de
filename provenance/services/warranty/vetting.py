"""A key of the reserve is asked about before it replaces another: nobody gets a second bad key.

Keys are not kept in the open, so this is the one moment to ask. No transaction waits for an issuer, and no
request of a buyer or reviewer does: a claim whose replacement has to be asked about first stays in
``reissuing`` until the watch comes by, which is at once. An issuer that gives no answer stops nobody.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from provenance.core.claimrules.answering import IssuerAnswerReport
from provenance.core.claims import Impossible, IssuerAnswer, RemedyImpossible
from provenance.core.terms import State
from provenance.services import alerts
from provenance.services.context import Context
from provenance.services.issuer_reports import IssuerReportService
from provenance.services.warranty import desk, reissuing, reserves
from provenance.services.warranty.carrying import ClaimWork
from provenance.services.warranty.issuers import Issuers
from provenance.services.warranty.reserves import Taken
from provenance.store import claims as store
from provenance.store import reserves as reserve_store
from provenance.store import warranty_orders
from provenance.store.claims import ClaimRow
from provenance.store.database import Connection
from provenance.store.warranty_orders import OrderRow

TRIES: Final = 8
"""Keys that the issuer calls bad, one after the other: then the next remedy, whatever else lies there."""
PATIENCE_MS: Final = 5_000
REST_MS: Final = 60_000
"""How long an issuer that gave no answer is not asked: hundreds of late orders must not each wait for it."""
KIND: Final = "reserve_key_bad"
_PASSES: Final = frozenset({IssuerAnswer.GOOD, IssuerAnswer.OPERATOR_MAINTENANCE})
"""All else says that the buyer could not use the key now. Under maintenance an issuer says nothing of it."""


class Vetting:
    """Gives claims that wait for it their replacement. Safe to run in any number of workers."""

    def __init__(self, context: Context, issuers: Issuers) -> None:
        self._context = context
        self._issuers = issuers
        self._reports = IssuerReportService(context)
        self._rests_until: dict[bytes, int] = {}

    def replace(self, order_id: bytes) -> None:
        """Ask and replace, if a claim on the order waits for that; else nothing."""
        for _ in range(TRIES):
            with self._context.database.read() as connection:
                found = self._waiting(connection, warranty_orders.by_id(connection, order_id))
                front = None if found is None else self._front(connection, found[0])
            if found is None:
                return
            report = None if front is None else self._asked(front, found[1])
            settle = partial(self._settle, order_id=order_id, front=front, report=report)
            if self._context.database.retrying(settle):
                return
        self._context.database.retrying(partial(self._give_up, order_id=order_id))

    def _waiting(self, connection: Connection, order: OrderRow | None) -> tuple[OrderRow, ClaimRow] | None:
        """The order and its claim, if that waits for a replacement; past its deadline the default is next."""
        row = None if order is None else store.open_of(connection, order.id)
        if order is None or row is None or row.state != State.REISSUING.value:
            return None
        is_late = row.due is not None and row.due <= self._context.clock.now()
        return None if is_late else (order, row)

    def _front(self, connection: Connection, order: OrderRow) -> Taken | None:
        now = self._context.clock.now()
        return reserves.front(
            self._context, connection, reissuing.sources(connection, order), order.product, now
        )

    def _asked(self, front: Taken, row: ClaimRow) -> IssuerAnswerReport | None:
        """What the issuer says, if there is one to be asked and time for it before the terms' deadline."""
        adapter, now = self._issuers.of(front.key.format_id), self._context.clock.now()
        if adapter is None or self._rests_until.get(adapter.issuer, 0) > now:
            return None
        if row.due is not None and row.due <= now + PATIENCE_MS:
            return None
        report = adapter.ask(front.key, now + PATIENCE_MS)
        if report.is_uncertain:
            self._rests_until[adapter.issuer] = self._context.clock.now() + REST_MS
        return report

    def _settle(
        self, connection: Connection, order_id: bytes, front: Taken | None, report: IssuerAnswerReport | None
    ) -> bool:
        """Keep what was said, and replace or retire the key; ``False``: ask about the next one."""
        found = self._waiting(connection, warranty_orders.take(connection, order_id))
        if found is None:
            return True
        order, row = found
        if front is not None and report is not None and not report.is_uncertain:
            self._reports.keep(connection, front.row, report)
            if report.answer not in _PASSES:
                self._retire(connection, front, report)
                return False
        cleared = frozenset() if front is None else frozenset({front.row.tag})
        return self._work(connection, order, cleared).resume(row).state is not State.REISSUING

    def _retire(self, connection: Connection, front: Taken, report: IssuerAnswerReport) -> None:
        now, row = self._context.clock.now(), front.row
        reserve_store.withdraw_tags(connection, front.owner, [row.tag])
        place = {"batch": row.batch.batch_id.hex(), "index": row.index}
        told = {**place, "answer": None if report.answer is None else report.answer.value}
        alerts.tell(self._context, connection, front.owner, KIND, now, told)

    def _give_up(self, connection: Connection, order_id: bytes) -> None:
        found = self._waiting(connection, warranty_orders.take(connection, order_id))
        if found is not None:
            order, row = found
            self._work(connection, order, frozenset()).move(row, RemedyImpossible(Impossible.RESERVE_EMPTY))

    def _work(self, connection: Connection, order: OrderRow, cleared: frozenset[bytes]) -> ClaimWork:
        now = self._context.clock.now()
        return ClaimWork(self._context, connection, order, desk.address(self._context), now, cleared)
