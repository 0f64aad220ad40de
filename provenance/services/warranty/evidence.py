"""Evidence: kept encrypted, by hash; each piece of one type, from one source, for one claim."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from provenance.core.claimrules.judging import MAX_EVIDENCE
from provenance.core.claims import Evidence, EvidenceType, Source
from provenance.core.termsrules.words import SHARED_EVIDENCE
from provenance.errors import Conflict, NotFound, Refused
from provenance.services.context import Context
from provenance.services.warranty.media import MediaCheck
from provenance.services.warranty.sealedfiles import ORPHAN_MS, Bounds, SealedFile, SealedFiles, Stream
from provenance.store import evidence as store
from provenance.store import presale as presale_store
from provenance.store.database import Connection
from provenance.store.evidence import EvidenceRow

RECORD_BYTES: Final = 20 << 20
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Opened:
    """A kept piece, open for reading; *media* is what its bytes are."""

    evidence: Evidence
    media: str
    size: int
    pieces: Iterator[bytes] = field(repr=False)


class EvidenceService:
    """Files of orders under *folder*. Who may hand in and who may look is the caller's to check."""

    def __init__(self, context: Context, folder: Path) -> None:
        self._context = context
        self.bounds = Bounds(RECORD_BYTES, context.limits.evidence_video_bytes)
        self.files = SealedFiles(context, folder)

    def must_have_room(self, order_id: bytes, type: EvidenceType, size: int) -> None:
        """Whether a file of *size* bytes could be handed in, before the first byte of it is read.

        Raises :class:`InputRefused` (``evidence_empty``, ``evidence_too_large``,
        ``evidence_type_not_uploaded``), :class:`NotFound` (``unknown_order``), :class:`Refused`
        (``evidence_too_much``).
        """
        self.bounds.check(type, size)
        with self._context.database.read() as connection:
            self._room(connection, order_id, size)

    def put(
        self,
        order_id: bytes,
        by: bytes,
        type: EvidenceType,
        source: Source,
        stream: Stream,
        declared_size: int,
    ) -> Evidence:
        """Keep what *stream* gives as evidence of an order; the same bytes again are the same piece.

        *by* is who hands it in (20 bytes), *source* where it comes from. Raises what :meth:`must_have_room`,
        :class:`MediaCheck` and :meth:`SealedFiles.write` do, :class:`Refused` (``evidence_repeated``) for
        bytes that were handed in as something else, :class:`Conflict` (``evidence_erased``).
        """
        started = self._context.clock.now()
        self.must_have_room(order_id, type, declared_size)
        written = self.files.write(stream, declared_size, MediaCheck(type), self.bounds)
        row = self._row(written, order_id, by, type, source)
        return value_of(self.files.settle(written, started, lambda connection: self._keep(connection, row)))

    def open_(self, order_id: bytes, digest: bytes) -> Opened:
        """A piece to read. Raises ``SealBroken``, ``NotFound`` (``unknown_evidence``, ``evidence_gone``)."""
        with self._context.database.read() as connection:
            row = store.by_digest(connection, order_id, digest)
        if row is None:
            raise NotFound("this order has no such evidence", code="unknown_evidence")
        if row.file is None or row.key is None:
            raise NotFound("this evidence was erased; its hash is all that is left", code="evidence_gone")
        pieces = self.files.read(row.file, row.key, row.digest)
        return Opened(value_of(row), row.media, row.size, pieces)

    def erase(self, order_id: bytes, digest: bytes) -> bool:
        """Forget the file and its key for ever; digest, type and time stay. ``False`` if it was done before.

        Copies of the file in backups are noise without the key. Raises :class:`NotFound`.
        """
        with self._context.database.write() as connection:
            row = store.by_digest(connection, order_id, digest)
            if row is None:
                raise NotFound("this order has no such evidence", code="unknown_evidence")
            is_new = store.forget(connection, order_id, digest)
        # After the commit: should we die here, the sweep takes the file.
        if row.file is not None:
            self.files.remove(row.file)
        return is_new

    def sweep(self) -> int:
        """Remove the files that no row knows a day after they were begun; how many. For the worker."""
        removed = 0
        old = self.files.older_than(self._context.clock.now() - ORPHAN_MS)
        while some := list(islice(old, _AT_ONCE)):
            with self._context.database.read() as connection:
                names = [name for name, _ in some]
                known = store.known_files(connection, names) | presale_store.known_files(connection, names)
            for path in (path for name, path in some if name not in known):
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _row(
        self, written: SealedFile, order_id: bytes, by: bytes, type: EvidenceType, source: Source
    ) -> EvidenceRow:
        return EvidenceRow(
            order_id, written.digest, type.value, source.value, by, self._context.clock.now(),
            written.media.value, written.size, written.name, written.key,
        )  # fmt: skip

    def _room(self, connection: Connection, order_id: bytes, size: int) -> None:
        if not store.lock_order(connection, order_id):
            raise NotFound("no such order", code="unknown_order")
        pieces, kept = store.extent(connection, order_id)
        most = 2 * self.bounds.video
        if pieces >= MAX_EVIDENCE or kept + size > most:
            raise Refused(
                f"an order takes at most {MAX_EVIDENCE} pieces of evidence of {most} bytes together",
                code="evidence_too_much",
                pieces=MAX_EVIDENCE,
                bytes=most,
            )

    def _keep(self, connection: Connection, row: EvidenceRow) -> EvidenceRow:
        if not store.lock_order(connection, row.order):
            raise NotFound("no such order", code="unknown_order")
        known = store.by_digest(connection, row.order, row.digest)
        if known is None:
            self._room(connection, row.order, row.size)
            store.add(connection, row)
            return row
        if known.file is None:
            raise Conflict("this evidence was erased, for ever", code="evidence_erased")
        if (known.type, known.source, known.by) != (row.type, row.source, row.by):
            raise Refused("the same evidence was handed in before", code="evidence_repeated")
        return known


def of_order(connection: Connection, order_id: bytes) -> tuple[Evidence, ...]:
    """The evidence of an order as the rules take it, the oldest first; erased pieces still count."""
    return tuple(value_of(row) for row in store.of_order(connection, order_id))


def use(connection: Connection, pieces: Collection[Evidence], claim_id: bytes, now: int) -> None:
    """Let *pieces* serve a claim, within the caller's transaction; one receipt serves one claim.

    What may serve many (``SHARED_EVIDENCE``) is passed over. Raises :class:`Refused`
    (``evidence_already_used``): then nothing of the transaction may stand.
    """
    # In one order, so that two claims with the same pieces wait instead of deadlocking.
    for piece in sorted(pieces, key=lambda one: one.digest):
        if piece.type not in SHARED_EVIDENCE and not store.use(connection, piece.digest, claim_id, now):
            raise Refused("this evidence already serves another claim", code="evidence_already_used")


def value_of(row: EvidenceRow) -> Evidence:
    """A kept piece as the rules take it."""
    return Evidence(EvidenceType(row.type), row.digest, Source(row.source), row.at)
