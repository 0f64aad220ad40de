"""The operator's own audit: everything in the database against everything else, by replaying the log.

Rows against their bytes, bytes against tiles, tiles against signed and anchored roots, the log against the
law, and then what the service decides by, the states of keys and who holds which, against what the log says.
"""

from __future__ import annotations

from collections.abc import Callable

from provenance.audit.batches import BatchBook
from provenance.audit.findings import Findings
from provenance.audit.keystate import HEAD, INDEX_SIZE
from provenance.audit.replay import Replay
from provenance.core import tiles
from provenance.core.manifest import BatchManifest
from provenance.core.merkle import HASH_SIZE
from provenance.core.tiles import TILE_WIDTH
from provenance.errors import InputRefused
from provenance.services.context import Context
from provenance.services.history import KnownHead, history_of
from provenance.services.scrubbing import check_bundle, check_head, check_row
from provenance.store import checkpoints, holdings, manifests, scrubbing
from provenance.store import tiles as tile_store
from provenance.store.database import Connection
from provenance.store.holdings import Holding

Progress = Callable[[int], None]


class Fsck:
    """One check of the database of *context*; nothing is changed by it."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self.findings = Findings()
        self.size = 0

    def run(self, progress: Progress = lambda entries: None) -> Findings:
        """Check everything, from one snapshot; what is wrong, in the order it was met."""
        with self._database.snapshot() as connection:
            head = checkpoints.newest(connection)
            self.size = 0 if head is None else head.size
            known = [*history_of(connection), *([] if head is None else [KnownHead(head.size, head.root)])]
            replay = self._replay(connection, known, progress)
            for past in known:
                if replay.roots.get(past.size, past.root) != past.root:
                    said = f"the root told for {past.size} entries is not that of the stored log"
                    self.findings.add("root_wrong", said, past.size - 1)
            check_head(connection, self.findings)
            if beyond := scrubbing.entries_beyond(connection, self.size):
                self.findings.add("entry_beyond", f"{beyond} entries have indices past the newest head")
            self._feed_waiting(connection, replay)
            for batch_id, book in replay.keys.batches.items():
                self._check_batch(connection, batch_id, book, replay)
        return self.findings

    def _replay(self, connection: Connection, known: list[KnownHead], progress: Progress) -> Replay:
        def entry_at(index: int) -> bytes:
            found = scrubbing.entries_between(connection, index, index + 1)
            return found[0].raw if found else b""

        def manifest(batch_id: bytes) -> BatchManifest | None:
            found = manifests.signed_batch(connection, batch_id)
            return None if found is None else found.manifest

        replay = Replay(
            self.findings, manifests=manifest, entry_at=entry_at, watch=[past.size for past in known]
        )
        for number in range(-(-self.size // TILE_WIDTH)):
            raws = check_bundle(connection, number, self.size, self.findings)
            for level, index, hashes in replay.add(raws):
                if level and tile_store.hashes(connection, tile_store.LOG_TREE, level, index) != hashes:
                    self._tile_wrong(level, index)
            progress(len(raws))
        for level, index, hashes in replay.partial_tiles():
            stored = tile_store.hashes(connection, tile_store.LOG_TREE, level, index)
            if level and stored[: len(hashes)] != hashes:
                self._tile_wrong(level, index)
        return replay

    def _tile_wrong(self, level: int, index: int) -> None:
        first = (index * TILE_WIDTH) << (8 * level)
        said = f"the stored tile {level}/{index} is not that of the entries below it"
        self.findings.add("tile_wrong", said, first)

    def _feed_waiting(self, connection: Connection, replay: Replay) -> None:
        """What is committed and not yet in the log has moved keys already."""
        rows = scrubbing.waiting_entries(connection)
        for row in rows:
            check_row(row, self.findings)
        replay.add([row.raw for row in rows])

    def _check_batch(self, connection: Connection, batch_id: bytes, book: BatchBook, replay: Replay) -> None:
        signed = manifests.signed_batch(connection, batch_id)
        if signed is None:
            said = "the log has a COMMISSION of a batch that the database does not"
            self.findings.add("batch_missing", said, book.ranges[0][0], batch=batch_id)
            return
        held = holdings.all_of(connection, signed.number)
        self._check_tree(connection, batch_id, signed.number, book)
        self._check_holdings(batch_id, held, book, replay)
        self._check_keys(connection, signed.number, held, book, replay)

    def _check_tree(self, connection: Connection, batch_id: bytes, number: int, book: BatchBook) -> None:
        signed = manifests.signed_batch(connection, batch_id)
        try:
            root = tiles.root_at(tile_store.reader(connection, number), book.facts.size)
        except InputRefused:
            root = bytes(HASH_SIZE)
        if signed is None or root != signed.manifest.root:
            said = "the stored tiles of the batch do not add up to the root its supplier signed"
            self.findings.add("batch_tile_wrong", said, batch=batch_id)

    def _check_holdings(self, batch_id: bytes, held: list[Holding], book: BatchBook, replay: Replay) -> None:
        """Holdings cover the batch once, and every stretch of it is held by who the log says."""
        end = 0
        for holding in sorted(held, key=lambda one: one.first):
            if holding.first != end:
                said, where = "holdings overlap or leave a gap", min(end, holding.first)
                self.findings.add("holding_wrong", said, batch=batch_id, key=where)
            end = holding.first + holding.count
            starts = [key for key in book.starts if holding.first < key < end]
            for key in (holding.first, *starts):
                custody = replay.keys.custody(book, key)
                if replay.parties.heir(custody.holder) != holding.holder:
                    said = "the log says that somebody else holds it"
                    self.findings.add("holding_wrong", said, batch=batch_id, key=key)
        if end != book.facts.size:
            self.findings.add("holding_wrong", "holdings end before the batch", batch=batch_id, key=end)

    def _check_keys(
        self, connection: Connection, number: int, held: list[Holding], book: BatchBook, replay: Replay
    ) -> None:
        """Rows of touched keys say what the log says; no other row says that it was touched."""
        batch_id = book.facts.batch_id
        recalled = [(one.first, one.first + one.count) for one in held if one.voided_at is not None]
        unseen = set(book.keys)
        for row in scrubbing.touched_keys(connection, number):
            packed = book.keys.get(row.index)
            unseen.discard(row.index)
            entries = 0 if packed is None else (len(packed) - HEAD.size) // INDEX_SIZE
            if row.entries != entries:
                said = f"its row counts {row.entries} entries, the log {entries}"
                self.findings.add("key_row_wrong", said, batch=batch_id, key=row.index)
                continue
            state = replay.keys.custody(book, row.index).state
            # A recall moves the holding, not the row of each key under it.
            is_recalled = any(first <= row.index < end for first, end in recalled)
            if not is_recalled and row.state != state:
                said = f"its row says state {row.state}, the log {int(state)} ({state.name})"
                self.findings.add("key_row_wrong", said, batch=batch_id, key=row.index)
        for key in sorted(unseen):
            said = "the log has entries on it, its row says that nothing happened"
            self.findings.add("key_row_wrong", said, batch=batch_id, key=key)
