"""The files of a log by their C2SP names, bounded and decoded, from wherever a fetcher finds them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol, runtime_checkable

from provenance.core.entries import ENTRY_SIZE
from provenance.core.merkle import HASH_SIZE
from provenance.core.notes import MAX_NOTE_SIZE, Checkpoint, Note
from provenance.core.tilepaths import TILE_WIDTH, decode_bundle, entries_path, tile_path
from provenance.core.tiles import Tile
from provenance.errors import InputRefused, NotFound, Unavailable

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
        """The first *width* hashes of a tile.

        Raises :class:`InputRefused` (``tile_malformed``), :class:`NotFound` (``file_not_found``).
        """
        limit = TILE_WIDTH * HASH_SIZE
        found, served = self._widest(
            lambda wide: tile_path(level, index, wide), Tile(level, index), width, limit, "tile_malformed"
        )
        if len(found) != served * HASH_SIZE:
            path = tile_path(level, index, served)
            raise InputRefused(f"{path} has not the width of its name", code="tile_malformed")
        return found[: width * HASH_SIZE]

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
        raw, served = self._widest(
            lambda wide: entries_path(index, wide), Tile(0, index), width, MAX_BUNDLE, "bundle_malformed"
        )
        try:
            return decode_bundle(raw, served)
        except InputRefused as error:
            raise InputRefused(f"{entries_path(index, served)}: {error.message}", code=error.code) from error

    def _widest(
        self, path_of: Callable[[int], str], tile: Tile, width: int, limit: int, code: str
    ) -> tuple[bytes, int]:
        """A file of at least *width* and how wide it is; raises :class:`InputRefused` (*code*) if too large.

        C2SP lets a log drop a partial once a wider one stands there: the full one, or that of its newest
        checkpoint. What that says of the size is a hint, and need not be believed.
        """
        try:
            try:
                return self._fetcher.fetch(path_of(width), limit), width
            except NotFound:
                if width == TILE_WIDTH:
                    raise
            try:
                return self._fetcher.fetch(path_of(TILE_WIDTH), limit), TILE_WIDTH
            except NotFound:
                wider = tile.width(Checkpoint.parse(self.checkpoint().text).size)
                if not width < wider < TILE_WIDTH:
                    raise
                return self._fetcher.fetch(path_of(wider), limit), wider
        except Unavailable as error:
            if error.code != "source_too_large":
                raise
            raise InputRefused(error.message, code=code) from error
