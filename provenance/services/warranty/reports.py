"""Monthly reports: one for each platform and calendar month (UTC), made by itself, its hash in the log.

A report is made from the signed log once nothing older than the end of its month can come into it any
more: an hour later, while no entry from before waits for its place. Row and entry are one transaction,
and the row's key is platform and month: so a crash leaves no half of one, and two workers make one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from provenance.core.entries import Entry, EntryType, QualificationReason
from provenance.core.reportfile import Report, months
from provenance.errors import Conflict, NotFound, ProvenanceError
from provenance.services.context import Context, record
from provenance.services.warranty import desk, figures
from provenance.store import checkpoints, entries, parties
from provenance.store import figures as figure_store
from provenance.store import reports as store
from provenance.store.checkpoints import StoredHead
from provenance.store.database import Connection
from provenance.store.reports import ReportRow

__all__ = ["ReportRow", "ReportService"]

SETTLED_MS: Final = 3_600_000
"""How long after a month its report is made: no transaction that took its time in the month lasts so long."""
AT_ONCE: Final = 20
"""Reports made in one beat; the rest at the next."""


class ReportService:
    """Makes the reports that are due, and shows those that were made."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def beat(self, limit: int = AT_ONCE) -> Sequence[str]:
        """Make what is due; the codes of what went wrong, each of which stopped one platform."""
        troubles: list[str] = []
        with self._context.database.snapshot() as connection:
            head = self._settled_head(connection)
            due = [] if head is None else list(self._due(connection, head))[:limit]
        for platform, start, end in due:
            try:
                self.make(platform, start, end)
            except ProvenanceError as error:
                troubles.append(error.code)
        return troubles

    def make(self, platform: bytes, start: int, end: int) -> None:
        """Make the report of [*start*, *end*) ms, if nothing of its time can come any more and there is none.

        Raises what figures raise.
        """
        with self._context.database.snapshot() as connection:
            head = self._settled_head(connection)
            if head is None or not self._is_whole(connection, end):
                return
            report = figures.reckoned(self._context, connection, platform, start, end, head)
        try:
            self._context.database.retrying(partial(self._enter, report=report))
        except Conflict as error:
            if error.code != "month_reported":
                raise

    def of_platform(self, address: bytes) -> list[ReportRow]:
        """The reports of a platform and of whom it stands for, the newest month first.

        Raises :class:`NotFound` (``unknown_platform``).
        """
        with self._context.database.snapshot() as connection:
            platform = figures.standing_for(connection, address).address
            return store.of_platforms(connection, parties.names_of(connection, platform))

    def one(self, digest: bytes) -> ReportRow:
        """The report of that hash; raises :class:`NotFound` (``unknown_report``)."""
        with self._context.database.read() as connection:
            found = store.by_hash(connection, digest)
        if found is None:
            raise NotFound("no report has this hash", code="unknown_report")
        return found

    def _settled_head(self, connection: Connection) -> StoredHead | None:
        """The newest head, if it is signed."""
        head = checkpoints.newest(connection)
        return head if head is not None and head.note is not None else None

    def _due(self, connection: Connection, head: StoredHead) -> Iterator[tuple[bytes, int, int]]:
        """Platform and month of every report that is to be made."""
        now = self._context.clock.now()
        admitted = [entry for _, entry in figure_store.parties(connection, head.size)]
        for party in figures.platforms(connection):
            since = figures.admitted_at(admitted, party.address)
            if since is None:
                continue
            done = store.months_of(connection, parties.names_of(connection, party.address))
            for start, end in months(since, now - SETTLED_MS):
                if start not in done:
                    yield party.address, start, end

    def _is_whole(self, connection: Connection, end: int) -> bool:
        """Whether everything from before *end* (ms) is under the head."""
        oldest = entries.oldest_waiting(connection)
        is_past = self._context.clock.now() >= end + SETTLED_MS
        return is_past and (oldest is None or oldest >= end)

    def _enter(self, connection: Connection, report: Report) -> None:
        time = self._context.time_after(None)
        reason = int(QualificationReason.REPORT)
        draft = Entry(
            EntryType.QUALIFICATION, time, report.hash, desk.address(self._context),
            party=report.platform, reason=reason,
        )  # fmt: skip
        recorded = record(self._context, connection, draft)
        row = ReportRow(
            report.platform, report.span.start, report.hash, report.encode().decode(), time, recorded.event
        )
        if not store.add(connection, row):
            # Another worker was first: the entry just written goes with this transaction.
            raise Conflict("this month has its report", code="month_reported")
