"""The whole public log as files, for any static web server (C2SP tlog-tiles; FORMATS §7).

The folder is a promise to its readers, so it is only ever carried on: its checkpoint must be a prefix of
the database's log, and what the database gives is checked up to the signed root before it takes the place
of a file, lest a bit that turned here spoil the good copy there. Files are compared byte by byte at each
run; what is missing or differs is written again. The checkpoint comes last and in one rename, so whoever
reads at any moment finds everything that the checkpoint he has speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from provenance import durable
from provenance.audit.findings import Findings
from provenance.core import tiles
from provenance.core.batchfile import batch_path
from provenance.core.entries import Entry, EntryType
from provenance.core.notes import Checkpoint, Note
from provenance.core.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    encode_bundle,
    entries_path,
    parse_tile_path,
    tile_path,
)
from provenance.errors import Conflict, InputRefused, NotFound, Unavailable
from provenance.services.context import Context
from provenance.services.logreader import LogReader
from provenance.services.publiclog import PublicLog
from provenance.services.scrubbing import check_bundle, check_head
from provenance.store import entries as entry_store
from provenance.store import tiles as tile_store

_BATCHES: Final = "batch/"
_BATCH: Final = re.compile(_BATCHES + "[0-9a-f]{64}")


class _Was(Enum):
    """What stood where a file belongs."""

    SAME = 0
    ABSENT = 1
    OTHER = 2


@dataclass(frozen=True, slots=True)
class Exported:
    """How many entries the exported checkpoint covers, how many files were written, and how many of these
    took the place of one with other bytes."""

    size: int
    files: int
    repaired: int = 0


class LogExport:
    """Writes the log into a folder, and later what came since."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._log = LogReader(context)
        self._public = PublicLog(context)

    def write(self, folder: Path, progress: Callable[[int], None] = lambda entries: None) -> Exported:
        """Bring *folder* up to the newest signed checkpoint, and mend what is wrong in it.

        Raises :class:`NotFound` (``log_empty``); :class:`Conflict` (``export_ahead``) if the folder holds
        a checkpoint that is larger or another log's, ``export_fork`` if it is of another history of this
        one; :class:`Unavailable` (``stored_bit_wrong``) if the database does not add up to what was signed.
        """
        note = self._log.checkpoint()
        head = Checkpoint.parse(Note.parse(note).text)
        self._require_extends(folder, head)
        counts = dict.fromkeys(_Was, 0)
        batches: set[str] = set()
        for path, content in self._files(head.size, progress):
            counts[_bring(folder / path, content)] += 1
            if path.startswith(_BATCHES):
                batches.add(path)
        durable.replace(folder / "successions", self._public.successions())
        durable.replace(folder / "checkpoint", note)
        for path in list(_below(folder, _BATCHES)):
            if path not in batches and _BATCH.fullmatch(path) and not self._is_in_log(path, head.size):
                (folder / path).unlink()
        counts[_Was.OTHER] += self._tidy_tiles(folder, head.size)
        return Exported(head.size, counts[_Was.ABSENT] + counts[_Was.OTHER], counts[_Was.OTHER])

    def _require_extends(self, folder: Path, head: Checkpoint) -> None:
        """The database's log adds up to what was signed, and begins with what the folder promises."""
        findings = Findings()
        with self._database.snapshot() as connection:
            check_head(connection, findings)
            _require_whole(findings)
            before = _exported(folder)
            if before is None:
                return
            if before.origin != head.origin or before.size > head.size:
                raise Conflict(
                    f"the folder holds {before.size} entries of {before.origin}, the database {head.size} of "
                    f"{head.origin}; find out which of them is right before going on",
                    code="export_ahead",
                )
            read = tile_store.reader(connection, tile_store.LOG_TREE)
            if tiles.root_at(read, before.size) != before.root:
                raise Conflict(
                    f"the folder's first {before.size} entries are another history than the database's: one "
                    "of them was rolled back or replaced; keep both, find out which its readers were told, "
                    "and export into an empty folder",
                    code="export_fork",
                )

    def _files(self, size: int, progress: Callable[[int], None]) -> Iterator[tuple[str, bytes]]:
        for number in range(-(-size // TILE_WIDTH)):
            findings = Findings()
            with self._database.read() as connection:
                raws = check_bundle(connection, number, size, findings)
            _require_whole(findings)
            yield entries_path(number, len(raws)), encode_bundle(raws)
            for entry in map(Entry.decode, raws):
                if entry.type is EntryType.COMMISSION:
                    yield from self._batch(entry.subject)
            progress(len(raws))
        level = 0
        while nodes := size >> (TILE_HEIGHT * level):
            for index in range(-(-nodes // TILE_WIDTH)):
                width = Tile(level, index).width(size)
                yield tile_path(level, index, width), self._log.tile(level, index, width)
            level += 1

    def _batch(self, batch_id: bytes) -> Iterator[tuple[str, bytes]]:
        try:
            yield batch_path(batch_id), self._public.batch(batch_id)
        except NotFound:
            return

    def _is_in_log(self, path: str, size: int) -> bool:
        """Whether the log commissioned the batch of that file, though the database has no manifest for it."""
        with self._database.read() as connection:
            ranges = entry_store.ranges_of_batch(connection, bytes.fromhex(path.removeprefix(_BATCHES)))
        return any(one.index is not None and one.index < size for one in ranges)

    def _tidy_tiles(self, folder: Path, size: int) -> int:
        """Mend partial tiles of earlier checkpoints, and delete what no reader needs; how many were mended.

        Deleted are partial tiles that are full by now (C2SP tells readers to take the full one instead), and
        tiles past the end, which a crash left of something that was never promised.
        """
        mended = 0
        for path in list(_below(folder, "tile/")):
            try:
                told = parse_tile_path(path)
            except InputRefused:
                continue
            now = Tile(told.level or 0, told.index).width(size)
            if told.width > now or told.width < now == TILE_WIDTH:
                (folder / path).unlink()
            elif told.width < now:
                is_bundle = told.level is None
                content = (
                    self._log.entry_bundle(told.index, told.width)
                    if is_bundle
                    else self._log.tile(told.level or 0, told.index, told.width)
                )
                mended += _bring(folder / path, content) is _Was.OTHER
        return mended


def _require_whole(findings: Findings) -> None:
    if not findings.is_clean:
        raise Unavailable(
            f"the database is not what was signed: {findings.found[0].message}; run `provenance fsck`, and "
            "leave the exported files as they are: they may be the good copy",
            code="stored_bit_wrong",
        )


def _exported(folder: Path) -> Checkpoint | None:
    try:
        return Checkpoint.parse(Note.parse((folder / "checkpoint").read_bytes()).text)
    except FileNotFoundError:
        return None


def _bring(path: Path, content: bytes) -> _Was:
    """Let *path* hold *content*, and say what it held before."""
    try:
        if path.read_bytes() == content:
            return _Was.SAME
        was = _Was.OTHER
    except FileNotFoundError:
        was = _Was.ABSENT
    durable.replace(path, content)
    return was


def _below(folder: Path, start: str) -> Iterator[str]:
    """The files below the subfolder *start*, named as in URLs."""
    for path in (folder / start).rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix()
