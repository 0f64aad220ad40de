"""Registering a supplier's keys: a file becomes a staged batch, its supplier's signature makes it live.

``stage`` → the supplier recomputes the root from its own file (:mod:`provenance.services.recompute`)
and signs → ``commission``. Until then the keys hold their tags, for 24 hours, and are for nobody.
"""

from __future__ import annotations

import json
from typing import BinaryIO, Final

from provenance.core.entries import Entry, EntryType, PartyReason
from provenance.core.manifest import BatchDetails, BatchManifest, Domain, verify_signature
from provenance.errors import AccessDenied, Conflict, InputRefused, NotFound
from provenance.services import stage_express, stage_reading, stage_writing
from provenance.services.context import Context, Recorded, record
from provenance.services.kept import Kept
from provenance.services.stage_reading import Progress
from provenance.services.stage_values import (
    AnchorState,
    BatchView,
    Counts,
    Duplicates,
    Staged,
    StageOptions,
    ToSign,
)
from provenance.store import batches, holdings, parties
from provenance.store import entries as entry_store
from provenance.store.batches import BatchRow, RejectedLine, Status
from provenance.store.database import Connection

__all__ = [
    "BatchView",
    "Counts",
    "Duplicates",
    "RegistrationService",
    "RejectedLine",
    "StageOptions",
    "Staged",
    "Status",
    "ToSign",
]

_SEED_SIZE: Final = 32
_MAX_PAGE: Final = 10_000
_ANCHOR_STATES: Final[tuple[AnchorState, ...]] = ("pending", "pending", "anchored", "final")


class RegistrationService:
    """Files in, signed batches out; *context* gives store, clock, randomness and secrets."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def stage(
        self,
        supplier: bytes,
        upload: BinaryIO,
        options: StageOptions,
        progress: Progress | None = None,
    ) -> Staged:
        """Read a supplier file and stage its keys; all of them or nothing, as ``options.on_error`` says.

        *supplier* is a 20-byte address, *progress* is told how many keys are read. Raises
        :class:`FileRefused`, :class:`InputRefused`, :class:`AccessDenied`, :class:`Conflict` (``busy``).
        """
        self._check(supplier, options)
        seed = self._context.entropy(_SEED_SIZE)
        if not stage_express.is_worth_trying(options):
            return self._carefully(supplier, upload, options, seed, progress)
        with Kept(self._context, upload) as kept:
            staged = stage_express.attempt(self._context, supplier, kept.reader(), options, seed, progress)
            return staged or self._carefully(supplier, kept.reader(), options, seed, progress)

    def _carefully(
        self, supplier: bytes, upload: BinaryIO, options: StageOptions, seed: bytes, progress: Progress | None
    ) -> Staged:
        readings = stage_reading.read(self._context, upload, options, seed, progress)
        try:
            request = stage_writing.Request(supplier, options, readings, seed)
            return self._context.database.retrying(
                lambda connection: stage_writing.store(self._context, connection, request)
            )
        finally:
            readings.close()

    def commission(self, supplier: bytes, batch_id: bytes, signature: bytes) -> Recorded:
        """Make a staged batch live by its supplier's signature; the same signature again, the same answer.

        Raises :class:`SignatureInvalid`, :class:`NotFound`, :class:`AccessDenied`, or :class:`Conflict`
        (``already_commissioned``, ``batch_abandoned``, ``staging_expired``, ``taken_meanwhile``).
        """
        return self._context.database.retrying(
            lambda connection: self._commission(connection, supplier, batch_id, signature)
        )

    def abandon(self, supplier: bytes, batch_id: bytes) -> None:
        """Give a staged batch up: its keys are free again. Raises :class:`NotFound`, :class:`Conflict`."""

        def work(connection: Connection) -> None:
            batch = _own(connection, supplier, batch_id)
            if batches.abandon(connection, batch.number):
                return
            # Read again: what was staged a moment ago may be live now, or given up already.
            if _own(connection, supplier, batch_id).status is Status.LIVE:
                raise Conflict("the batch is live; recall its keys instead", code="already_commissioned")

        self._context.database.retrying(work)

    def batch(self, batch_id: bytes) -> BatchView:
        """A batch as it stands, with how far it is anchored; raises :class:`NotFound`."""
        with self._context.database.snapshot() as connection:
            batch = batches.by_id(connection, batch_id)
            if batch is None:
                raise _not_found()
            anchor = batches.anchor_of(connection, batch_id)
        return BatchView(
            batch_id=batch.batch_id,
            manifest=_manifest(batch),
            details=BatchDetails.from_json(json.loads(batch.details)),
            domain=self._domain(batch),
            shuffled=batch.shuffled,
            status=batch.status,
            counts=Counts.from_json(json.loads(batch.counts)),
            staged_until=batch.staged_until,
            created_at=batch.created_at,
            commissioned_at=batch.commissioned_at,
            signature=batch.signature,
            anchor=None if anchor is None else _ANCHOR_STATES[anchor.status],
            anchor_tx=None if anchor is None else anchor.tx_hash,
            anchor_block=None if anchor is None else anchor.block_number,
        )

    def batches_of(
        self, supplier: bytes, before: int, limit: int, *, after: bytes | None = None
    ) -> list[bytes]:
        """Ids of a supplier's batches staged before the time given (ms), newest first.

        *after* is the last id of the page before this one; raises :class:`NotFound` if it is not its own.
        """
        place = (before, 0)
        with self._context.database.read() as connection:
            if after is not None:
                last = _own(connection, supplier, after)
                place = min(place, (last.created_at, last.number))
            names = parties.names_of(connection, supplier)
            found = batches.of_suppliers(connection, names, place, min(limit, _MAX_PAGE))
        return [batch.batch_id for batch in found]

    def rejects(self, batch_id: bytes, after: int = 0, limit: int = 1_000) -> list[RejectedLine]:
        """Rejected lines of a batch's file with a number above *after*, at most *limit* (10,000)."""
        with self._context.database.snapshot() as connection:
            batch = batches.by_id(connection, batch_id)
            if batch is None:
                raise _not_found()
            return batches.rejected_lines(connection, batch.number, after, max(1, min(limit, _MAX_PAGE)))

    def restore_secrets(self, batch_id: bytes, supplier: bytes) -> bytes:
        """The batch's seed again, 32 bytes, for its supplier: a stored answer never holds it.

        Raises :class:`NotFound`, also for an abandoned batch, whose seed is gone.
        """
        with self._context.database.read() as connection:
            batch = _own(connection, supplier, batch_id)
        if not batch.seed:
            raise _not_found()
        return self._context.vault.unseal(batch.seed, batch.batch_id)

    def purge_expired(self) -> int:
        """Give up every staged batch whose time is over; how many."""
        now = self._context.clock.now()
        return self._context.database.retrying(lambda connection: batches.abandon_expired(connection, now))

    def _domain(self, batch: BatchRow) -> Domain:
        # A signature is for the registry of its day; what is not signed yet is for the one of today.
        if batch.status is Status.LIVE:
            return Domain(batch.chain_id, batch.registry)
        return self._context.domain

    def _check(self, supplier: bytes, options: StageOptions) -> None:
        if 0 < options.expires_at * 1000 <= self._context.clock.now():
            raise InputRefused("expires_at lies in the past: no key could be sold", code="already_expired")
        with self._context.database.read() as connection:
            _admitted(connection, supplier)

    def _commission(
        self, connection: Connection, supplier: bytes, batch_id: bytes, signature: bytes
    ) -> Recorded:
        party = _admitted(connection, supplier, lock="share")
        batch = _own(connection, supplier, batch_id)
        manifest = _manifest(batch)
        if batch.signature is not None and batch.signature == signature:
            return _first_answer(connection, batch)
        verify_signature(manifest, self._context.domain, signature)
        now = self._context.time_after(party.since)
        domain = (self._context.domain.chain_id, self._context.domain.registry)
        if not batches.commission(connection, batch, signature, domain, now):
            return self._not_staged(connection, batch, signature, now)
        if batches.is_taken_elsewhere(connection, batch, now):
            raise Conflict(
                "a key of this batch was registered under another format meanwhile; stage the file again",
                code="taken_meanwhile",
            )
        entry = Entry(EntryType.COMMISSION, now, batch_id, supplier, first=0, count=batch.size)
        recorded = record(self._context, connection, entry)
        holdings.insert_one(
            connection, holdings.Holding(batch.number, 0, batch.size, supplier, last_time=now)
        )
        batches.want_anchor(connection, batch, now)
        return recorded

    def _not_staged(self, connection: Connection, seen: BatchRow, signature: bytes, now: int) -> Recorded:
        batch = batches.by_number(connection, seen.number)
        if batch is not None and batch.status is Status.LIVE:
            if batch.signature == signature:
                return _first_answer(connection, batch)
            raise Conflict("the batch is live already, by another signature", code="already_commissioned")
        if batch is not None and batch.status is Status.STAGED and batch.staged_until <= now:
            raise Conflict("the batch was staged too long ago; stage the file again", code="staging_expired")
        raise Conflict("the batch was given up; stage the file again", code="batch_abandoned")


def _admitted(connection: Connection, supplier: bytes, lock: str | None = None) -> parties.Party:
    party = parties.by_address(connection, supplier, lock=lock)
    if party is None or PartyReason.SUPPLIER not in party.roles:
        raise AccessDenied("only an admitted supplier registers keys", code="not_admitted")
    if party.suspended:
        raise AccessDenied("this party is suspended; ask the operator", code="suspended")
    if party.successor is not None:
        raise AccessDenied("another address has succeeded this one; use it", code="succeeded")
    return party


def _own(connection: Connection, supplier: bytes, batch_id: bytes) -> BatchRow:
    batch = batches.by_id(connection, batch_id)
    if batch is None or batch.supplier not in parties.names_of(connection, supplier):
        raise _not_found()
    return batch


def _manifest(batch: BatchRow) -> BatchManifest:
    details = BatchDetails.from_json(json.loads(batch.details))
    return BatchManifest(
        batch.supplier, batch.root, batch.size, batch.max_uses, batch.expires_at, details.hash
    )


def _first_answer(connection: Connection, batch: BatchRow) -> Recorded:
    stored = entry_store.ranges_of_batch(connection, batch.batch_id)[0]
    return Recorded(stored.event, stored.entry)


def _not_found() -> NotFound:
    return NotFound("no such batch, or not yours", code="unknown_batch")
