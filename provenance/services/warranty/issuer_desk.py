"""Asking an issuer on behalf of those whose key it is, and keeping what it says.

Every question is paid for: many issuers count questions as tries, so a key has a budget of its own; and
no more threads wait for issuers at once than the service can spare.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from provenance.core.claimrules.answering import IssuerAnswerReport
from provenance.core.keyformats import CardKey
from provenance.errors import LimitReached, NotFound
from provenance.services import lawbook
from provenance.services.budgets import Allowance, BudgetService
from provenance.services.context import Context
from provenance.services.issuer_reports import IssuerReportService
from provenance.services.verification import VerificationService, Viewer
from provenance.services.warranty.issuers import Issuers
from provenance.store.database import Connection

PATIENCE_MS: Final = 8_000
"""A buyer waits that long for an answer, and a server's thread with him."""
PER_KEY: Final = Allowance("issuer-question", 6)
AT_ONCE: Final = 2
"""Threads of a process that may wait for issuers: one that hangs must not take the service with it."""


class IssuerDesk:
    """Questions to issuers about keys that are shown."""

    def __init__(self, context: Context, issuers: Issuers) -> None:
        self._context = context
        self._issuers = issuers
        self._verification = VerificationService(context)
        self._reports = IssuerReportService(context)
        self._budgets = BudgetService(context)
        self._seats = threading.BoundedSemaphore(AT_ONCE)

    def ask(self, viewer: Viewer, key: CardKey) -> IssuerAnswerReport:
        """What the issuer of *key* says of it now; an answer is kept with the key.

        For its supplier, holder, sellers, issuers, and the buyer with the order token; to everybody else the
        key is unknown. Raises :class:`NotFound` (``unknown``, ``no_issuer``), :class:`LimitReached`
        (``budget_spent``, ``issuer_busy``).
        """
        if self._verification.verify(viewer, [key])[0].registry_status is None:
            raise NotFound("no such key, or not yours to see", code="unknown")
        adapter = self._issuers.of(key.format_id)
        if adapter is None:
            raise NotFound("no issuer of this format can be asked here", code="no_issuer")
        with self._seat():
            self._budgets.spend(PER_KEY, self._name(key))
            report = adapter.ask(key, self._context.clock.now() + PATIENCE_MS)
        self._keep(key, report)
        return report

    def _keep(self, key: CardKey, report: IssuerAnswerReport) -> None:
        if report.is_uncertain:
            return

        def work(connection: Connection) -> None:
            row = lawbook.find(self._context, connection, [key])[0]
            if row is not None:
                self._reports.keep(connection, row, report)

        self._context.database.retrying(work)

    def _name(self, key: CardKey) -> str:
        return self._context.vault.fingerprint("issuer question", key.identity).hex()

    @contextmanager
    def _seat(self) -> Iterator[None]:
        if not self._seats.acquire(blocking=False):
            raise LimitReached(
                "too many questions wait for issuers; ask again shortly", code="issuer_busy", retry_after=10
            )
        try:
            yield
        finally:
            self._seats.release()
