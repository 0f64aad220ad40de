"""The slow walk over the state tree: every stored version of every tile, every batch, every STATE still kept.

A tile is held against the one above it: what stands for a complete tile there, and that none is missing that
the one above tells of. A batch's unfinished tiles add up to its root, its row to its leaf, and the leaves to
what the STATEs in the log say. Left to ``fsck`` is what only a replay shows, that the records are those of
the log; left to the reader of a proof, the unfinished tiles of a batch in versions before the newest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provenance.audit.findings import Findings
from provenance.core import statetiles
from provenance.core.statefold import BatchState
from provenance.core.statetiles import BATCHES_TREE, unpack
from provenance.core.tiles import TILE_WIDTH, Tile
from provenance.errors import InputRefused
from provenance.store import scrubbing
from provenance.store import state as state_store
from provenance.store.database import Connection
from provenance.store.scrubbing import StateRow

_RULE: Final = "state_wrong"
_TILES: Final = 4
"""Tiles of the state tree a step, each with its children's places and the one above it."""

_STATES: Final = 8
"""The newest STATEs: the two that are anchored last, the pending one, and room for a chain that lags."""

RowPlace = tuple[int, int, int, int]
START: Final[RowPlace] = (-1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class StateCursor:
    """The last stored tile (tree, level, index, version) and the next batch (position) to look at."""

    tile: RowPlace = START
    batch: int = 0


STATE_START: Final = StateCursor()


def scrub_state(connection: Connection, cursor: StateCursor, findings: Findings) -> StateCursor:
    """Look at the next few tiles and the next batch, and after the last tile at the STATEs that are kept."""
    rows = scrubbing.state_rows(connection, cursor.tile, _TILES)
    for row in rows:
        _check_row(connection, row, findings)
    is_last = len(rows) < _TILES
    if is_last:
        _check_states(connection, findings)
    batch = scrubbing.state_batch_from(connection, cursor.batch)
    if batch is not None:
        _check_batch(connection, batch, findings)
    if _leaf_at(connection, cursor.batch) is not None and (batch is None or batch.position > cursor.batch):
        findings.add(_RULE, f"the batch in place {cursor.batch} of the state tree is missing")
    return StateCursor(START if is_last else rows[-1].place, 0 if batch is None else batch.position + 1)


def _check_row(connection: Connection, row: StateRow, findings: Findings) -> None:
    try:
        cells = unpack(row.cells)
    except InputRefused as error:
        _say(row, error.message, findings)
        return
    if row.level:
        kept = {row.index * TILE_WIDTH + place for place in cells}
        if not kept <= scrubbing.state_children(connection, row):
            _say(row, "tiles below it are missing", findings)
    if row.tree == BATCHES_TREE:
        is_complete = len(cells) == TILE_WIDTH
    else:
        is_complete = Tile(row.level, row.index).width(row.size) == TILE_WIDTH
    if not is_complete:
        return
    above = scrubbing.state_rows_above(connection, row)
    # Above what was superseded and is about to be pruned, nothing may be left that tells of it.
    if not above and row.next_version is None:
        _say(row, "nothing stands above it", findings)
    root = statetiles.complete_root(row.tree, row.level, cells)
    if any(_stands(one, row.index % TILE_WIDTH) not in (root, None) for one in above):
        _say(row, "it is not what stands for it above", findings)


def _stands(cells: bytes, place: int) -> bytes | None:
    """What a tile says of the one below it; ``None`` if it is malformed, which is said of itself."""
    try:
        return unpack(cells).get(place, b"")
    except InputRefused:
        return None


def _say(row: StateRow, what: str, findings: Findings) -> None:
    findings.add(
        _RULE, f"tile {row.level}/{row.index} of state tree {row.tree}, version {row.version}: {what}"
    )


def _check_batch(connection: Connection, batch: BatchState, findings: Findings) -> None:
    """Its tiles add up to the root in its row, and its row to its leaf."""
    version = state_store.progress(connection).version
    try:
        root = statetiles.keys_root(state_store.cells_at(connection, batch.tree, version), batch.size)
    except InputRefused:
        root = b""
    if root != batch.keys_root:
        said = "the tiles of its keys do not add up to its root in the state tree"
        findings.add(_RULE, said, batch=batch.batch_id)
    if _leaf_at(connection, batch.position) != batch.leaf:
        findings.add(_RULE, "its row is not its leaf in the state tree", batch=batch.batch_id)


def _leaf_at(connection: Connection, position: int) -> bytes | None:
    """The leaf of the batch at *position* as the newest tile has it; a malformed tile has none."""
    version = state_store.progress(connection).version
    tile, place = divmod(position, TILE_WIDTH)
    try:
        return state_store.cells_at(connection, BATCHES_TREE, version)(0, tile).get(place)
    except InputRefused:
        return None


def _check_states(connection: Connection, findings: Findings) -> None:
    """Every STATE that can still be proven is what the tiles of its version add up to."""
    for index, entry in scrubbing.newest_states(connection, state_store.progress(connection).floor, _STATES):
        batches = int.from_bytes(entry.party[12:])
        try:
            root = statetiles.batches_root(state_store.cells_at(connection, BATCHES_TREE, index), batches)
        except InputRefused:
            root = b""
        if root != entry.subject:
            findings.add(_RULE, "the kept state tree does not add up to what this STATE says", index)
