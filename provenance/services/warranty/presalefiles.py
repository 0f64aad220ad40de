"""The files of a review before a sale: one video, which is what is signed for, and papers beside it."""

from __future__ import annotations

from typing import Final

from provenance.core.claims import Evidence, EvidenceType, Source
from provenance.errors import Conflict, InputRefused, NotFound, Refused
from provenance.services.context import Context
from provenance.services.warranty.evidence import EvidenceService, Opened
from provenance.services.warranty.media import MediaCheck
from provenance.services.warranty.presale import PresaleService
from provenance.services.warranty.sealedfiles import SealedFile, Stream
from provenance.store import presale as store
from provenance.store.database import Connection
from provenance.store.presale import FileRow, ReviewRow, ReviewState

MAX_FILES: Final = 16
TAKEN: Final = frozenset(
    {
        EvidenceType.VIDEO,
        EvidenceType.OWNERSHIP_REPORT,
        EvidenceType.ACCOUNT_CONFIRMATION,
        EvidenceType.DISCLOSURE_BEFORE_SALE,
        EvidenceType.SCREENSHOT,
    }
)


class PresaleFiles:
    """Kept as evidence of orders is, in the same folder; there is no order yet."""

    def __init__(self, context: Context, evidence: EvidenceService, presale: PresaleService) -> None:
        self._context = context
        self._files = evidence.files
        self._bounds = evidence.bounds
        self._presale = presale

    def must_have_room(self, by: bytes, review_id: bytes, type: EvidenceType, size: int) -> None:
        """Whether the platform *by* could hand such a file in, before its first byte is read.

        Raises :class:`NotFound` (``unknown_review``), :class:`InputRefused`, :class:`Refused` as :meth:`put`.
        """
        if type not in TAKEN:
            raise InputRefused(
                f"a review takes evidence of the types {', '.join(sorted(TAKEN))}",
                code="evidence_type_not_taken",
                types=sorted(TAKEN),
            )
        self._bounds.check(type, size)
        with self._context.database.read() as connection:
            # Whether a second video is the first one again, only its bytes can say.
            self._room(connection, by, review_id)

    def put(
        self, by: bytes, review_id: bytes, type: EvidenceType, stream: Stream, declared_size: int
    ) -> Evidence:
        """Keep a file of a review that nobody has signed yet; a video becomes what is signed for.

        Raises what :meth:`EvidenceService.put` does, and :class:`Refused` (``review_closed``,
        ``review_video_there``), :class:`InputRefused` (``evidence_type_not_taken``).
        """
        started = self._context.clock.now()
        self.must_have_room(by, review_id, type, declared_size)
        written = self._files.write(stream, declared_size, MediaCheck(type), self._bounds)
        row = self._row(written, review_id, by, type)
        kept = self._files.settle(written, started, lambda connection: self._keep(connection, row))
        return value_of(kept)

    def open_(self, review_id: bytes, digest: bytes) -> Opened:
        """A file to be read, for those entitled. Raises ``SealBroken``, :class:`NotFound`."""
        with self._context.database.read() as connection:
            row = store.file_of(connection, review_id, digest)
        if row is None:
            raise NotFound("this review has no such file", code="unknown_evidence")
        if row.file is None or row.key is None:
            raise NotFound("this evidence was erased; its hash is all that is left", code="evidence_gone")
        return Opened(value_of(row), row.media, row.size, self._files.read(row.file, row.key, digest))

    def erase(self, review_id: bytes, digest: bytes) -> bool:
        """Forget the file and its key for ever; ``False`` if it was done before. Raises :class:`NotFound`."""
        with self._context.database.write() as connection:
            row = store.file_of(connection, review_id, digest)
            if row is None:
                raise NotFound("this review has no such file", code="unknown_evidence")
            is_new = store.forget_file(connection, review_id, digest)
        if row.file is not None:
            self._files.remove(row.file)
        return is_new

    def _row(self, written: SealedFile, review_id: bytes, by: bytes, type: EvidenceType) -> FileRow:
        return FileRow(
            review_id, written.digest, type.value, by, self._context.clock.now(), written.media.value,
            written.size, written.name, written.key,
        )  # fmt: skip

    def _keep(self, connection: Connection, row: FileRow) -> FileRow:
        known = store.file_of(connection, row.review, row.digest)
        if known is not None and known.file is None:
            raise Conflict("this evidence was erased, for ever", code="evidence_erased")
        if known is not None and known.type != row.type:
            raise Refused("the same evidence was handed in before", code="evidence_repeated")
        if known is not None:
            return known
        review = self._room(connection, row.by, row.review)
        if row.type == EvidenceType.VIDEO and review.video is not None:
            raise Refused(
                "a review has one video, which is signed for; withdraw it and ask for a new one",
                code="review_video_there",
            )
        store.add_file(connection, row)
        if row.type == EvidenceType.VIDEO:
            store.change(connection, row.review, video=row.digest)
        return row

    def _room(self, connection: Connection, by: bytes, review_id: bytes) -> ReviewRow:
        review = self._presale.own(connection, by, review_id, lock=True)
        # What the first person saw is what the second one sees.
        if review.state is not ReviewState.OPEN or review.approvals:
            raise Refused("this review is closed; ask for a new one", code="review_closed")
        if len(store.files_of(connection, review_id)) >= MAX_FILES:
            raise Refused(f"a review takes at most {MAX_FILES} files", code="evidence_too_much")
        return review


def value_of(row: FileRow) -> Evidence:
    """A kept file as the rules take it; whoever sells is its source."""
    return Evidence(EvidenceType(row.type), row.digest, Source.PLATFORM, row.at)
