"""Looking at a review before a sale: for the platform that asked for it, and for whoever may decide it."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.core.presale import ReviewRecord
from provenance.errors import AccessDenied
from provenance.services.context import Context
from provenance.services.parties import Principal
from provenance.services.warranty.evidence import Opened
from provenance.services.warranty.presale import record_of, unknown_review
from provenance.services.warranty.presalefiles import PresaleFiles
from provenance.services.warranty.reviewers import ReviewerService
from provenance.store import parties
from provenance.store import presale as store
from provenance.store.database import Connection
from provenance.store.presale import DecisionRow, FileRow, ReviewRow


@dataclass(frozen=True, slots=True)
class Look:
    """A review with its files and what was signed; ``to_sign`` is the approval, once the video is there."""

    review: ReviewRow
    files: list[FileRow]
    decisions: list[DecisionRow]
    to_sign: ReviewRecord | None


class PresaleDesk:
    """To strangers, and to reviewers who belong to a party, a review is unknown (``unknown_review``)."""

    def __init__(self, context: Context, files: PresaleFiles, reviewers: ReviewerService) -> None:
        self._context = context
        self._files = files
        self._reviewers = reviewers

    def look(self, principal: Principal, review_id: bytes) -> Look:
        """Everything about a review; raises :class:`NotFound` (``unknown_review``)."""
        with self._context.database.read() as connection:
            row = self._readable(connection, principal, review_id)
            files = store.files_of(connection, review_id)
            decisions = store.decisions_of(connection, review_id)
        return Look(row, files, decisions, None if row.video is None else record_of(row))

    def open_(self, principal: Principal, review_id: bytes, digest: bytes) -> Opened:
        """One of its files; raises :class:`NotFound` (``unknown_review`` and those of the files)."""
        with self._context.database.read() as connection:
            self._readable(connection, principal, review_id)
        return self._files.open_(review_id, digest)

    def _readable(self, connection: Connection, principal: Principal, review_id: bytes) -> ReviewRow:
        row = store.by_id(connection, review_id)
        if row is None:
            raise unknown_review()
        if row.platform in parties.names_of(connection, principal.address):
            return row
        try:
            reviewer, _ = self._reviewers.standing(connection, principal)
        except AccessDenied:
            raise unknown_review() from None
        if reviewer.parties & {row.platform, row.supplier}:
            raise unknown_review()
        return row
