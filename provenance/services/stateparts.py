"""The part of a proof that shows all entries of a key, from one snapshot of the store (FORMATS §6)."""

from __future__ import annotations

from provenance.core import statetiles, tiles
from provenance.core.entries import EntryType
from provenance.core.proofs import StatePart
from provenance.core.statetiles import BATCHES_TREE
from provenance.store import entries as entry_store
from provenance.store import state as state_store
from provenance.store.database import Connection


def state_index(connection: Connection, size: int) -> int | None:
    """The log index of the STATE that the checkpoint of *size* ends in, if it can still be proven."""
    last = entry_store.by_index(connection, size - 1)
    if last is None or last.entry.type is not EntryType.STATE:
        return None
    return size - 1 if size - 1 >= state_store.progress(connection).floor else None


def state_part(
    connection: Connection, batch_id: bytes, key: int, index: int, path: tuple[bytes, ...]
) -> StatePart | None:
    """The way from the record of *key* to the STATE at log *index*, whose own *path* is given.

    ``None`` if the batch is younger than that STATE.
    """
    stored = entry_store.by_index(connection, index)
    batch = state_store.batch_of(connection, batch_id)
    if stored is None or batch is None or batch.position >= stored.entry.party_number:
        return None
    batches = stored.entry.party_number
    keys_tree = statetiles.tile_reader(state_store.cells_at(connection, batch.tree, index), batch.tree)
    batches_tree = statetiles.tile_reader(state_store.cells_at(connection, BATCHES_TREE, index), BATCHES_TREE)
    ranges = [
        (one.index, one.entry)
        for one in entry_store.ranges_of_batch(connection, batch_id)
        if one.index is not None and one.index < index
    ]
    return StatePart(
        index=index,
        entry=stored.entry,
        path=path,
        record_path=tiles.inclusion_at(keys_tree, key, batch.size).path,
        # By log index: the pieces of one act bear one time.
        ranges=tuple(entry for _, entry in sorted(ranges, key=lambda one: one[0])),
        batch_position=batch.position,
        batches=batches,
        batch_path=tiles.inclusion_at(batches_tree, batch.position, batches).path,
    )
