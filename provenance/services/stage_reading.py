"""Registration, first phase: read the file once and keep what the second phase needs. No database.

What is kept lies in encrypted spools, so memory is the same for a thousand keys and for ten million.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, Final

from provenance.core.commitments import Tagger
from provenance.core.keyformats import CardKey, KeyFormat
from provenance.errors import FileRefused
from provenance.intake import Accepted, Rejected, read_upload
from provenance.intake import Limits as IntakeLimits
from provenance.services.context import Context
from provenance.services.recompute import FingerprintedStream
from provenance.services.spool import Spool
from provenance.services.stage_values import StageOptions
from provenance.store import bulk
from provenance.store.batches import RejectedLine

Progress = Callable[[int], None]
"""Told how many keys are read so far, now and then."""

STRONG_ALIAS: Final = 16
"""From this many letters and digits on, one string in two formats is one key (FORMATS §2)."""
WEAK_SECRET_BITS: Final = 60
REPORT_EVERY: Final = 4_096
"""Keys between two reports of progress."""
_ALIAS_SIZE: Final = 16
_TAG_SIZE: Final = 32
_LINE_SIZE: Final = 8


class Readings:
    """What the first phase leaves: three spools in the order of lines, and facts about the file."""

    __slots__ = ("identities", "is_sequential", "keys", "rejects", "source")

    def __init__(self, context: Context) -> None:
        self.keys = Spool(context.entropy)
        self.identities = Spool(context.entropy)
        self.rejects = Spool(context.entropy)
        self.source = b""
        self.is_sequential = False

    def close(self) -> None:
        for spool in (self.keys, self.identities, self.rejects):
            spool.close()

    def key_lines(self) -> Iterator[tuple[bulk.KeyLine, list[bulk.Probe]]]:
        """Every well-formed line with its probes; its rank is its place among them."""
        for rank, record in enumerate(self.keys):
            line = int.from_bytes(record[:_LINE_SIZE])
            start = _LINE_SIZE + _TAG_SIZE
            probes = []
            while start < len(record):
                kind, fresh = record[start], record[start + 1]
                end = start + 2 + (_TAG_SIZE if kind == bulk.OLD_TAG else _ALIAS_SIZE)
                probes.append((rank, kind, record[start + 2 : end], fresh))
                start = end
            yield (rank, line, record[_LINE_SIZE : _LINE_SIZE + _TAG_SIZE]), probes

    def rejected_lines(self) -> Iterator[RejectedLine]:
        """Every line that could not be read."""
        return kept_rejects(self.rejects)


@dataclass(slots=True)
class SerialRun:
    """Whether serials follow one another: then a neighbour's life could be read off the log."""

    previous: str = ""
    followers: int = 0
    count: int = 0

    def add(self, serial: str) -> None:
        self.count += 1
        self.followers += _follows(self.previous, serial)
        self.previous = serial

    @property
    def is_sequential(self) -> bool:
        return self.count > 1 and 2 * self.followers >= self.count - 1


def read(
    context: Context, upload: BinaryIO, options: StageOptions, seed: bytes, progress: Progress | None
) -> Readings:
    """Read *upload* to its end; raises :class:`FileRefused`, and then nothing is left of it."""
    with ExitStack() as undo:
        readings = Readings(context)
        undo.callback(readings.close)
        _fill(context, readings, upload, options, seed, progress or (lambda _: None))
        undo.pop_all()
    return readings


def _fill(
    context: Context,
    readings: Readings,
    upload: BinaryIO,
    options: StageOptions,
    seed: bytes,
    progress: Progress,
) -> None:
    key_format = options.key_format
    limits = intake_limits(context)
    newest_first = [Tagger(key) for _, key in sorted(context.vault.tag_keys.items(), reverse=True)]
    run = SerialRun() if has_weak_serials(key_format) else None
    stream = FingerprintedStream(upload, seed)
    rows = read_upload(
        stream,  # type: ignore[arg-type]  # read() is all that is asked of it
        format=key_format,
        filename=options.filename,
        content_type=options.content_type,
        limits=limits,
    )
    for row in rows:
        if isinstance(row, Rejected):
            keep_reject(context, readings.rejects, row)
            continue
        _keep_key(readings, row, newest_first)
        if run is not None:
            run.add(row.key.serial)
        if readings.keys.count % REPORT_EVERY == 0:
            progress(readings.keys.count)
    progress(readings.keys.count)
    readings.source = stream.source
    readings.is_sequential = run is not None and run.is_sequential


def intake_limits(context: Context) -> IntakeLimits:
    """What a supplier file may have."""
    return IntakeLimits(
        file_bytes=context.limits.upload_bytes,
        unpacked_bytes=context.limits.upload_bytes,
        keys=context.limits.batch_size,
    )


def kept_rejects(spool: Spool) -> Iterator[RejectedLine]:
    """What :func:`keep_reject` put there, in order."""
    for record in spool:
        yield RejectedLine(*json.loads(record))


def keep_reject(context: Context, spool: Spool, row: Rejected) -> None:
    """Put one row into a spool of rejects; raises :class:`FileRefused` (``too_many_rejects``)."""
    limit = context.limits.rejects
    if spool.count == limit:
        raise FileRefused(
            f"more than {limit} lines are no keys of this format; is it the right file and format?",
            code="too_many_rejects",
            limit=limit,
            line=row.line,
        )
    spool.append(json.dumps([row.line, row.column, row.code, row.message]).encode())


def _keep_key(readings: Readings, row: Accepted, newest_first: list[Tagger]) -> None:
    identity = row.key.identity
    newest, *older = newest_first
    parts = [row.line.to_bytes(_LINE_SIZE), newest.tag(identity), *_probes(newest, row.key, 1)]
    for tagger in older:
        parts += [bytes((bulk.OLD_TAG, 0)), tagger.tag(identity), *_probes(tagger, row.key, 0)]
    readings.keys.append(b"".join(parts))
    readings.identities.append(identity)


def _probes(tagger: Tagger, key: CardKey, fresh: int) -> list[bytes]:
    parts = []
    if key.serial:
        parts += [bytes((bulk.SERIAL, fresh)), tagger.serial_tag(key.format_id, key.serial)[:_ALIAS_SIZE]]
    is_whole = bool(key.serial)
    for digest, length in tagger.alias_tags(key.serial, key.secret):
        if length >= STRONG_ALIAS:
            kind = bulk.WHOLE if is_whole else bulk.SECRET
        else:
            kind = bulk.SHORT_WHOLE if is_whole else bulk.SHORT_SECRET
        parts += [bytes((kind, fresh)), digest[:_ALIAS_SIZE]]
        is_whole = False
    return parts


def has_weak_serials(key_format: KeyFormat) -> bool:
    """Whether neighbouring serials would give a key away, so that they are looked at."""
    return key_format.serial is not None and key_format.secret_bits < WEAK_SECRET_BITS


def _follows(previous: str, serial: str) -> bool:
    head, tail = serial[:-9], serial[-9:]
    if len(previous) != len(serial) or not (tail.isdigit() and previous[-9:].isdigit()):
        return False
    return previous[:-9] == head and int(tail) - int(previous[-9:]) == 1
