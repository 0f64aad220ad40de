"""The whole public log as files, for any static web server (C2SP tlog-tiles; FORMATS §7).

Files that never change are written once and never touched again; the checkpoint comes last and in one
rename, so whoever reads at any moment finds everything that the checkpoint he has speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from provenance import durable
from provenance.core.batchfile import batch_path
from provenance.core.entries import EntryType
from provenance.core.notes import Checkpoint, Note
from provenance.core.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, encode_bundle, entries_path, tile_path
from provenance.errors import Conflict, NotFound
from provenance.services.context import Context
from provenance.services.logreader import LogReader
from provenance.services.publiclog import PublicLog
from provenance.store import entries as entry_store


@dataclass(frozen=True, slots=True)
class Exported:
    """How many entries the exported checkpoint covers, and how many files were written."""

    size: int
    files: int


class LogExport:
    """Writes the log into a folder, and later what came since."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._log = LogReader(context)
        self._public = PublicLog(context)

    def write(self, folder: Path, progress: Callable[[int], None] = lambda entries: None) -> Exported:
        """Bring *folder* up to the newest signed checkpoint.

        Raises :class:`NotFound` (``log_empty``), :class:`Conflict` (``export_ahead``) if the folder holds
        a checkpoint that is larger: then the database was rolled back, or the folder is another log's.
        """
        note = self._log.checkpoint()
        head = Checkpoint.parse(Note.parse(note).text)
        before = _exported(folder)
        if before is not None and (before.origin != head.origin or before.size > head.size):
            raise Conflict(
                f"the folder holds {before.size} entries of {before.origin}, the database {head.size} of "
                f"{head.origin}; find out which of them is right before going on",
                code="export_ahead",
            )
        start = 0 if before is None else before.size
        written = 0
        for path, content in self._files(start, head.size, progress):
            written += _write_once(folder / path, content)
        durable.replace(folder / "successions", self._public.successions())
        durable.replace(folder / "checkpoint", note)
        _drop_partials(folder, start, head.size)
        return Exported(head.size, written)

    def _files(self, start: int, size: int, progress: Callable[[int], None]) -> Iterator[tuple[str, bytes]]:
        for number in range(start // TILE_WIDTH, -(-size // TILE_WIDTH)):
            width = Tile(0, number).width(size)
            first = number * TILE_WIDTH
            with self._database.read() as connection:
                stored = entry_store.between(connection, first, first + width)
            yield entries_path(number, width), encode_bundle([one.entry.encode() for one in stored])
            for one in stored:
                if one.entry.type is EntryType.COMMISSION and (one.index or 0) >= start:
                    yield from self._batch(one.entry.subject)
            progress(len(stored))
        level = 0
        while size >> (TILE_HEIGHT * level):
            nodes, known = size >> (TILE_HEIGHT * level), start >> (TILE_HEIGHT * level)
            for index in range(known // TILE_WIDTH, -(-nodes // TILE_WIDTH)):
                width = Tile(level, index).width(size)
                yield tile_path(level, index, width), self._log.tile(level, index, width)
            level += 1

    def _batch(self, batch_id: bytes) -> Iterator[tuple[str, bytes]]:
        try:
            yield batch_path(batch_id), self._public.batch(batch_id)
        except NotFound:
            return


def _exported(folder: Path) -> Checkpoint | None:
    try:
        return Checkpoint.parse(Note.parse((folder / "checkpoint").read_bytes()).text)
    except FileNotFoundError:
        return None


def _write_once(path: Path, content: bytes) -> bool:
    if path.is_file() and path.stat().st_size == len(content):
        return False
    durable.replace(path, content)
    return True


def _drop_partials(folder: Path, start: int, size: int) -> None:
    """Delete partial tiles that are full by now: C2SP tells readers to take the full one instead."""
    level = 0
    while (known := start >> (TILE_HEIGHT * level)) or level == 0:
        index = known // TILE_WIDTH
        full = [tile_path(level, index)] if Tile(level, index).width(size) == TILE_WIDTH else []
        if level == 0 and full:
            full.append(entries_path(index))
        for path in full:
            for partial in (folder / f"{path}.p").glob("*"):
                partial.unlink()
        level += 1
