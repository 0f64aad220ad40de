"""A supplier file from the socket to the service: streamed, bounded, fingerprinted, never buffered."""

from __future__ import annotations

import hashlib
import io
from typing import Any, BinaryIO, Final, cast

from flask import Response, g, request

from api import render, repeats
from api.current import principal, services
from api.forms import validated
from api.schemas.batches import BatchBody, BatchQuery
from api.wire import answer
from provenance.core.entries import PartyReason
from provenance.errors import FileRefused, InputRefused, NotFound
from provenance.services.budgets import Allowance
from provenance.services.idempotency import UPLOAD_LOCK_MS
from provenance.services.registration import BatchView, Staged, StageOptions, Status

GUESSES: Final = Allowance("registration-guess", 1_000)
"""Keys of other parties that a supplier may run into: an honest one hardly ever does."""
_PIECE: Final = 1 << 16


class Fingerprinted(io.RawIOBase):
    """A stream that hashes what is read from it, and does not take a broken connection for its end.

    *length* is the length announced.
    """

    def __init__(self, stream: Any, length: int) -> None:
        self._stream = stream
        self._length = length
        self._read = 0
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        self._hash.update(piece)
        self._read += len(piece)
        if not piece and self._read < self._length:
            raise FileRefused("the upload broke off; send the file again", code="upload_broken_off")
        buffer[: len(piece)] = piece
        return len(piece)

    def digest(self) -> bytes:
        """SHA-256 of everything, the rest included."""
        while self.read(_PIECE):
            pass
        return self._hash.digest()


def staged(query: BatchQuery) -> Response:
    """Stage the request's keys; raises :class:`InputRefused` (``lines_rejected``) if none was stored."""
    services().budgets.require(GUESSES, principal().credential)
    if request.mimetype == "application/json":
        body = validated(BatchBody, request.get_json())
        keys = io.BytesIO("\n".join(body.keys).encode())
        return _answered(services().registration.stage(principal().address, keys, body.options()))
    return _from_file(query)


def _from_file(query: BatchQuery) -> Response:
    if query.format is None:
        raise InputRefused("say which format the keys have: ?format=…", code="format_missing")
    if request.content_encoding not in (None, "", "identity", "gzip"):
        raise InputRefused("send the file as it is, or packed by gzip", code="unsupported_media_type")
    if request.content_length is None and request.environ.get("wsgi.input_terminated"):
        # The server shows a chunked body that broke off as one that ended: half a file would look whole.
        raise InputRefused("announce the file's size: send Content-Length", code="length_required")
    options = query.options(query.format, request.content_type)
    # The file itself may be far larger than any JSON.
    request.max_content_length = services().context.limits.upload_bytes
    stored = repeats.begin_upload()
    stream = Fingerprinted(request.stream, request.content_length or 0)
    if stored is not None:
        return repeats.replay_upload(stored, _fingerprint(stream))
    answered = _answered(_stage(stream, options))
    g.fingerprint = _fingerprint(stream)
    return answered


def _stage(stream: Fingerprinted, options: StageOptions) -> Staged:
    return services().registration.stage(principal().address, cast(BinaryIO, stream), options, _renew)


def _renew(_keys: int) -> None:
    if "claim" in g:
        g.claim = services().idempotency.renew(g.claim, UPLOAD_LOCK_MS)


def _fingerprint(stream: Fingerprinted) -> bytes:
    said = (request.query_string, (request.content_type or "").encode())
    return services().idempotency.fingerprint(*said, stream.digest())


def _answered(found: Staged) -> Response:
    if found.guesses:
        services().budgets.debit(GUESSES, principal().credential, found.guesses)
    if found.to_sign is None:
        raise InputRefused(
            "nothing was stored, for not every line could be; correct them, or send on_error=proceed",
            code="lines_rejected",
            counts=found.counts.to_json(),
            rejects=[render.reject(line) for line in found.rejects],
        )
    return answer(render.staged(found, found.to_sign), 202)


def visible(batch_id: bytes) -> BatchView:
    """A batch that the caller may see: its own, or a live one; raises :class:`NotFound`."""
    found = services().registration.batch(batch_id)
    if (
        not is_own(found)
        and found.status is not Status.LIVE
        and not principal().party.has(PartyReason.OPERATOR)
    ):
        raise NotFound("no such batch, or not yours", code="unknown_batch")
    return found


def own(batch_id: bytes) -> BatchView:
    """A batch of the caller's own; raises :class:`NotFound`."""
    found = services().registration.batch(batch_id)
    if not is_own(found):
        raise NotFound("no such batch, or not yours", code="unknown_batch")
    return found


def is_own(batch: BatchView) -> bool:
    """Whether the caller supplied it, or stands for who did."""
    return batch.manifest.supplier in services().parties.names(principal().address)
