"""A slow walk over what is stored of the log, its batches and the state tree, one step at a time, for ever.

A bit that a disk turned is found while its copies are still good. Each step reads one bundle of entries with
the tile above it and, where that is full, the hash of it one level up, a few tiles of batches likewise and a
few of the state tree (:mod:`provenance.services.scrubbing_state`); the last step of a round, the newest root
and its note. Nothing is replayed. What is wrong sounds the alarm, and from then on nothing is signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provenance.audit.findings import Findings
from provenance.core import lanes, merkle, tiles
from provenance.core.entries import Entry
from provenance.core.merkle import HASH_SIZE
from provenance.core.tiles import TILE_HEIGHT, TILE_WIDTH, Tile
from provenance.errors import InputRefused
from provenance.services.alarm import Alarm
from provenance.services.context import Context
from provenance.services.notecheck import check_notes
from provenance.services.scrubbing_state import STATE_START, StateCursor, scrub_state
from provenance.store import checkpoints, scrubbing
from provenance.store import tiles as tile_store
from provenance.store.database import Connection
from provenance.store.scrubbing import RawEntry

TilePlace = tuple[int, int, int]
_START: Final[TilePlace] = (0, 0, 0)
_BATCH_TILES: Final = 4
"""Tiles of batches a step; hashing one costs less than reading a bundle."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The next bundle to look at; ``rounds`` is how often the whole log was gone through.

    ``after`` is the last tile of a batch that was looked at: number, level, index. Batches have rounds of
    their own, since they have tiles before the log has entries, and so has the state tree.
    """

    bundle: int = 0
    rounds: int = 0
    after: TilePlace = _START
    state: StateCursor = STATE_START


def scrub_step(context: Context, alarm: Alarm, cursor: Cursor) -> Cursor:
    """Look at one bundle; the cursor of the next. What is wrong is noted in *alarm*."""
    findings = Findings()
    with context.database.snapshot() as connection:
        head = checkpoints.newest_signed(connection)
        if head is None:
            return cursor
        check_bundle(connection, cursor.bundle, head.size, findings)
        is_last = (cursor.bundle + 1) * TILE_WIDTH >= head.size
        if is_last:
            check_head(connection, findings)
            check_notes(context, connection, [(head.size, head.root, head.note)], findings)
        after = _scrub_batches(connection, cursor.after, findings)
        state = scrub_state(connection, cursor.state, findings)
    if not findings.is_clean:
        alarm.sound(findings.found, context.clock.now())
    if is_last:
        return Cursor(0, cursor.rounds + 1, after, state)
    return Cursor(cursor.bundle + 1, cursor.rounds, after, state)


def _scrub_batches(connection: Connection, after: TilePlace, findings: Findings) -> TilePlace:
    """Look at the next tiles of live batches; the last of them, or the start again after the very last."""
    found = scrubbing.batch_tiles(connection, after, _BATCH_TILES)
    for one in found:
        if Tile(one.level, one.index).width(one.size) == TILE_WIDTH:
            check_batch_tile(connection, one.tree, one.level, one.index, findings, one.batch_id)
        if (one.level, one.index) == (0, 0):
            _check_batch_root(connection, one.tree, one.size, one.root, findings, one.batch_id)
    return (found[-1].tree, found[-1].level, found[-1].index) if len(found) == _BATCH_TILES else _START


def check_batch_tile(
    connection: Connection, tree: int, level: int, index: int, findings: Findings, batch_id: bytes
) -> None:
    """A full tile of a batch's tree stands as one hash in the tile above it."""
    if not _stands_above(connection, tree, level, index):
        said = f"tile {level}/{index} of its tree is not what stands for it above"
        findings.add("batch_tile_wrong", said, batch=batch_id)


def check_head(connection: Connection, findings: Findings) -> None:
    """The newest signed root is the one that the stored tiles add up to."""
    head = checkpoints.newest_signed(connection)
    if head is None:
        return
    try:
        root = tiles.root_at(tile_store.reader(connection, tile_store.LOG_TREE), head.size)
    except InputRefused as error:
        findings.add("tile_wrong", error.message)
        return
    if root != head.root:
        findings.add(
            "root_wrong", "the stored tiles do not add up to the root that was signed", head.size - 1
        )


def check_bundle(connection: Connection, number: int, size: int, findings: Findings) -> list[bytes]:
    """One bundle's rows against their bytes, these against their tile, and that against the one above.

    The entries' bytes, of a log of *size* entries.
    """
    width = Tile(0, number).width(size)
    start = number * TILE_WIDTH
    rows = scrubbing.entries_between(connection, start, start + width)
    if [row.index for row in rows] != list(range(start, start + width)):
        findings.add("entry_missing", "log indices are missing or repeated in the entry table", start)
        return []
    for row in rows:
        check_row(row, findings)
    hashes = lanes.leaf_hashes([row.raw for row in rows])
    stored = tile_store.hashes(connection, tile_store.LOG_TREE, 0, number)[: len(hashes)]
    if stored != hashes:
        _say_where(stored, hashes, start, findings)
    _check_above(connection, number, size, findings)
    return [row.raw for row in rows]


def check_row(row: RawEntry, findings: Findings) -> None:
    """The columns of a row repeat what its bytes say."""
    try:
        entry = Entry.decode(row.raw)
    except InputRefused as error:
        findings.add("row_wrong", f"the stored bytes are no entry: {error.message}", row.index)
        return
    told = (entry.time, int(entry.type), entry.subject, entry.first, entry.is_range, entry.actor, entry.party)
    if told != row.columns:
        names = ("time", "type", "subject", "first", "is_range", "actor", "party")
        wrong = [name for name, one, other in zip(names, told, row.columns, strict=True) if one != other]
        said = f"the columns {', '.join(wrong)} are not those of its bytes"
        findings.add("row_wrong", said, row.index, batch=entry.subject if entry.type.is_on_keys else None)


def check_tree(
    connection: Connection, tree: int, size: int, root: bytes, findings: Findings, batch_id: bytes
) -> None:
    """Every stored hash of a batch's tree: full tiles stand in those above, and these add up to *root*."""
    _check_batch_root(connection, tree, size, root, findings, batch_id)
    level = 0
    while nodes := size >> (TILE_HEIGHT * level):
        for index in range(nodes // TILE_WIDTH):
            check_batch_tile(connection, tree, level, index, findings, batch_id)
        level += 1


def _check_batch_root(
    connection: Connection, tree: int, size: int, root: bytes, findings: Findings, batch_id: bytes
) -> None:
    try:
        stored = tiles.root_at(tile_store.reader(connection, tree), size)
    except InputRefused:
        stored = b""
    if stored != root:
        said = "the stored tiles of the batch do not add up to the root its supplier signed"
        findings.add("batch_tile_wrong", said, batch=batch_id)


def _stands_above(connection: Connection, tree: int, level: int, index: int) -> bool:
    """Whether a full tile stands as one hash in the tile above it."""
    hashes = tile_store.hashes(connection, tree, level, index)[: TILE_WIDTH * HASH_SIZE]
    above, place = divmod(index, TILE_WIDTH)
    stored = tile_store.hashes(connection, tree, level + 1, above)
    nodes = [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
    return len(nodes) == TILE_WIDTH and stored[place * HASH_SIZE :][:HASH_SIZE] == merkle.root(nodes)


def _check_above(connection: Connection, number: int, size: int, findings: Findings) -> None:
    """A full tile stands as one hash in the tile above it, and so on up."""
    level, index = 0, number
    while Tile(level, index).width(size) == TILE_WIDTH:
        above, place = divmod(index, TILE_WIDTH)
        if not _stands_above(connection, tile_store.LOG_TREE, level, index):
            said = f"tile {level}/{index} is not what stands for it in tile {level + 1}/{above}"
            findings.add("tile_wrong", said, (index * TILE_WIDTH) << (TILE_HEIGHT * level))
            return
        if place != TILE_WIDTH - 1:  # each upper tile is looked at once, with its last child
            return
        level, index = level + 1, above


def _say_where(stored: bytes, hashes: bytes, start: int, findings: Findings) -> None:
    for place in range(len(hashes) // HASH_SIZE):
        at = place * HASH_SIZE
        if stored[at : at + HASH_SIZE] != hashes[at : at + HASH_SIZE]:
            said = "its stored bytes and its leaf in the stored tile differ: one of them was changed"
            findings.add("entry_wrong", said, start + place)
