"""The files of a log by their C2SP names, bounded and decoded, from wherever a fetcher finds them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Protocol, runtime_checkable

from provenance.core.entries import ENTRY_SIZE
from provenance.core.merkle import HASH_SIZE
from provenance.core.notes import MAX_NOTE_SIZE, Note
from provenance.core.tilepaths import TILE_WIDTH, decode_bundle, entries_path, tile_path
from provenance.errors import InputRefused, NotFound

MAX_BUNDLE: Final = TILE_WIDTH * (ENTRY_SIZE + 2)
MAX_FILE: Final = 64 * 1024
"""A batch's manifest, the log's successions."""
_REMEMBERED: Final = 64


class Fetcher(Protocol):
    """Files by name below the root of a log."""

    def fetch(self, path: str, limit: int) -> bytes:
        """The file at *path*, at most *limit* bytes.

        Raises :class:`NotFound` (``file_not_found``) if there is none, :class:`Unavailable` for
        everything else: a server that hangs, resets, redirects or sends more than *limit*.
        """
        ...


@runtime_checkable
class Closes(Protocol):
    """What holds connections and can let go of them."""

    def close(self) -> None:
        """Let go."""
        ...


@runtime_checkable
class Forgets(Protocol):
    """What keeps files and can fetch them anew."""

    def forget(self) -> None:
        """Drop what was kept."""
        ...


class LogSource:
    """A log behind *fetcher*. What is read here is well formed, and not yet believed."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._bundles: OrderedDict[int, tuple[bytes, ...]] = OrderedDict()

    def close(self) -> None:
        """Let go of the fetcher's connections, if it has any."""
        if isinstance(self._fetcher, Closes):
            self._fetcher.close()

    def forget(self) -> None:
        """Drop what was kept, for a log that is to be asked again."""
        self._bundles.clear()
        if isinstance(self._fetcher, Forgets):
            self._fetcher.forget()

    def checkpoint(self) -> Note:
        """The newest note; raises :class:`InputRefused` (``note_malformed``)."""
        return Note.parse(self._fetcher.fetch("checkpoint", MAX_NOTE_SIZE))

    def bundle(self, index: int, width: int) -> tuple[bytes, ...]:
        """The first *width* (1 to 256) entries of a bundle.

        Raises :class:`InputRefused` (``bundle_malformed``).
        """
        found = self._bundles.get(index, ())
        if len(found) < width:
            found = self._fetch_bundle(index, width)
            self._bundles[index] = found
            if len(self._bundles) > _REMEMBERED:
                self._bundles.popitem(last=False)
        return found[:width]

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The first *width* hashes of a tile; raises :class:`InputRefused` (``tile_malformed``)."""
        limit = TILE_WIDTH * HASH_SIZE
        try:
            found = self._fetcher.fetch(tile_path(level, index, width), limit)
        except NotFound:
            if width == TILE_WIDTH:
                raise
            # A full tile may stand where its partial was: C2SP lets a log drop the latter.
            found = self._fetcher.fetch(tile_path(level, index), limit)[: width * HASH_SIZE]
        if len(found) != width * HASH_SIZE:
            raise InputRefused("a tile has not the width of its name", code="tile_malformed")
        return found

    def entry(self, index: int) -> bytes:
        """The entry at a log index; raises :class:`InputRefused` (``bundle_malformed``)."""
        number, place = divmod(index, TILE_WIDTH)
        known = self._bundles.get(number, ())
        if place < len(known):
            return known[place]
        try:
            return self.bundle(number, TILE_WIDTH)[place]
        except NotFound:
            return self.bundle(number, place + 1)[place]

    def file(self, path: str) -> bytes | None:
        """A small file beside the tiles, ``None`` if there is none."""
        try:
            return self._fetcher.fetch(path, MAX_FILE)
        except NotFound:
            return None

    def _fetch_bundle(self, index: int, width: int) -> tuple[bytes, ...]:
        limit = MAX_BUNDLE
        try:
            raw, served = self._fetcher.fetch(entries_path(index, width), limit), width
        except NotFound:
            if width == TILE_WIDTH:
                raise
            raw, served = self._fetcher.fetch(entries_path(index), limit), TILE_WIDTH
        return decode_bundle(raw, served)
