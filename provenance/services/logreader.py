"""The log as the world reads it: checkpoint, tiles and entries, up to what is signed (FORMATS §7)."""

from __future__ import annotations

from provenance.core.merkle import HASH_SIZE
from provenance.core.tiles import Tile, encode_bundle
from provenance.errors import NotFound
from provenance.services.context import Context
from provenance.store import checkpoints
from provenance.store import entries as entry_store
from provenance.store import tiles as tile_store
from provenance.store.checkpoints import StoredHead
from provenance.store.database import Connection


class LogReader:
    """Serves nothing past the newest signed checkpoint: what is not promised yet may still change."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    def checkpoint(self) -> bytes:
        """The newest signed note; raises :class:`NotFound` (``log_empty``)."""
        with self._database.read() as connection:
            return (_signed(connection).note or "").encode()

    def size(self) -> int:
        """How many entries the newest signed checkpoint covers; raises :class:`NotFound` (``log_empty``)."""
        with self._database.read() as connection:
            return _signed(connection).size

    def tile(self, level: int, index: int, width: int = 256) -> bytes:
        """*width* hashes (1 to 256) of a tile; raises :class:`NotFound` (``tile_not_found``)."""
        with self._database.read() as connection:
            _require_tile(connection, Tile(level, index), width)
            found = tile_store.hashes(connection, tile_store.LOG_TREE, level, index)
        return found[: width * HASH_SIZE]

    def entry_bundle(self, index: int, width: int = 256) -> bytes:
        """*width* entries (1 to 256) from 256 · *index* on; raises :class:`NotFound` (``tile_not_found``)."""
        with self._database.read() as connection:
            _require_tile(connection, Tile(0, index), width)
            found = entry_store.between(connection, index * 256, index * 256 + width)
        return encode_bundle([stored.entry.encode() for stored in found])

    def entry(self, index: int) -> bytes:
        """The 124 bytes at *index*; raises :class:`NotFound` (``entry_not_found``)."""
        with self._database.read() as connection:
            found = entry_store.by_index(connection, index) if index < _signed(connection).size else None
        if found is None:
            raise NotFound("the log has no entry of that index yet", code="entry_not_found")
        return found.entry.encode()


def _signed(connection: Connection) -> StoredHead:
    head = checkpoints.newest_signed(connection)
    if head is None:
        raise NotFound("the log has no checkpoint yet; come back in a moment", code="log_empty")
    return head


def _require_tile(connection: Connection, tile: Tile, width: int) -> None:
    if not 1 <= width <= tile.width(_signed(connection).size):
        raise NotFound("the log has no such tile (yet); see the checkpoint's size", code="tile_not_found")
