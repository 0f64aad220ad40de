"""The operator's own audit: the log against itself by replaying it, and against it the rows made from it.

Checked: every entry's bytes against its columns, its leaf in the log's tiles, every hash of these, the root
of every head, its note and the log key of then, the newest anchored size; the law; sealed details against
their commitments; parties (all but the name); batches (manifest, signature, tree, number of keys); state
and number of entries of keys; holders, recalls and open offers of holdings; transfers; order lines, their
tokens and uses; block headers against BEACONs; the newest version of the state tree; that terms, orders and
claims of the warranty name entries of theirs, and that none that the log tells of was deleted.

Not checked, because the log does not say it: names, aliases and key tags, reservations, the newest time of
a holding or key, whether a key is suspect or was sold before, units of orders, offers already settled
against the clock, rejected lines, credentials, alerts, idempotency, budgets, settings, leases, the chain's
transactions and how far an anchor is, times of heads, older versions of the state tree, details that were
erased.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from provenance.audit.batches import BatchBook
from provenance.audit.findings import Findings
from provenance.audit.keystate import HEAD, INDEX_SIZE
from provenance.audit.replay import Replay
from provenance.core.entries import Entry, EntryType
from provenance.core.manifest import BatchManifest
from provenance.core.tiles import TILE_WIDTH
from provenance.errors import InputRefused
from provenance.services import bracketing
from provenance.services.context import Context
from provenance.services.fsck_rows import (
    Piece,
    check_headers,
    check_offers,
    check_parties,
    check_sales,
    check_seals,
    check_transfers,
)
from provenance.services.fsck_trees import StateCheck, check_batch
from provenance.services.fsck_warranty import check_warranty
from provenance.services.history import KnownHead, history_of
from provenance.services.notecheck import check_notes
from provenance.services.scrubbing import check_bundle, check_head, check_row
from provenance.store import checking, checkpoints, holdings, manifests, scrubbing
from provenance.store import tiles as tile_store
from provenance.store.checking import Offered
from provenance.store.database import Connection
from provenance.store.holdings import Holding

Progress = Callable[[int], None]


class Fsck:
    """One check of the database of *context*; nothing is changed by it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._parties: list[Entry] = []
        self._moves: list[Entry] = []
        self._waiting: list[bytes] = []
        self._beacons: dict[bytes, int] = {}
        self._offers: dict[bytes, list[Offered]] = {}
        self.findings = Findings()
        self.size = 0

    def run(self, progress: Progress = lambda entries: None) -> Findings:
        """Check everything, from one snapshot; what is wrong, in the order it was met."""
        with self._database.snapshot() as connection:
            head = checkpoints.newest(connection)
            self.size = 0 if head is None else head.size
            self._state = StateCheck(connection)
            known = [*history_of(connection), *([] if head is None else [KnownHead(head.size, head.root)])]
            replay = self._replay(connection, known, progress)
            for past in [*known, *(KnownHead(size, root) for size, root, _ in checking.heads(connection))]:
                if past.size and replay.roots.get(past.size, past.root) != past.root:
                    said = f"the root told for {past.size} entries is not that of the stored log"
                    self.findings.add("root_wrong", said, past.size - 1)
            check_head(connection, self.findings)
            if beyond := scrubbing.entries_beyond(connection, self.size):
                self.findings.add("entry_beyond", f"{beyond} entries have indices past the newest head")
            self._feed_waiting(connection, replay)
            self._state.finish(self.findings)
            self._check_rows(connection, replay)
            self.findings.found = bracketing.put_to_findings(connection, self.findings.found)
        return self.findings

    def _check_rows(self, connection: Connection, replay: Replay) -> None:
        findings = self.findings
        check_notes(self._context, connection, checking.heads(connection), findings)
        check_parties(connection, self._parties, findings)
        check_seals(self._context, connection, findings)
        check_sales(self._context, connection, findings)
        check_headers(connection, self._beacons, findings)
        check_warranty(connection, findings)
        offered = list(checking.offered(connection))
        handed, taken = (
            Counter(_piece(entry, replay) for entry in self._moves if entry.type is kind)
            for kind in (EntryType.TRANSFER, EntryType.RECEIVE)
        )
        check_transfers(offered, handed, taken, replay, findings)
        for row in offered:
            self._offers.setdefault(row.transfer, []).append(row)
        for batch_id, book in replay.keys.batches.items():
            self._check_batch(connection, batch_id, book, replay)
        for batch_id in sorted(checking.live_batches(connection).keys() - replay.keys.batches.keys()):
            findings.add("batch_stray", "it is live, and no COMMISSION says so", batch=batch_id)

    def _note(self, raws: list[bytes]) -> list[Entry]:
        """Remember what rows are to be held against, of entries in log order."""
        entries = []
        for raw in raws:
            try:
                entry = Entry.decode(raw)
            except InputRefused:
                continue  # said already, of its row
            entries.append(entry)
            if entry.type is EntryType.PARTY:
                self._parties.append(entry)
            elif entry.type in (EntryType.TRANSFER, EntryType.RECEIVE):
                self._moves.append(entry)
            elif entry.type is EntryType.BEACON:
                self._beacons[entry.subject] = entry.number
        return entries

    def _replay(self, connection: Connection, known: list[KnownHead], progress: Progress) -> Replay:
        def entry_at(index: int) -> bytes:
            if index >= self.size:
                # Not in the log yet, but fed: it stands where it will stand.
                waits = self._waiting[index - self.size :]
                return waits[0] if waits else b""
            found = scrubbing.entries_between(connection, index, index + 1)
            return found[0].raw if found else b""

        def manifest(batch_id: bytes) -> BatchManifest | None:
            found = manifests.signed_batch(connection, batch_id)
            return None if found is None else found.manifest

        watch = {past.size for past in known} | {size for size, _, _ in checking.heads(connection)}
        replay = Replay(self.findings, manifests=manifest, entry_at=entry_at, watch=sorted(watch))
        for number in range(-(-self.size // TILE_WIDTH)):
            raws = check_bundle(connection, number, self.size, self.findings)
            self._state.add(self._note(raws))
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
        self._waiting = [row.raw for row in rows]
        self._note(self._waiting)
        replay.add(self._waiting)

    def _check_batch(self, connection: Connection, batch_id: bytes, book: BatchBook, replay: Replay) -> None:
        signed = manifests.signed_batch(connection, batch_id)
        if signed is None:
            said = "the log has a COMMISSION of a batch that the database does not"
            self.findings.add("batch_missing", said, book.ranges[0][0], batch=batch_id)
            return
        held = holdings.all_of(connection, signed.number)
        check_batch(connection, batch_id, signed, self.findings)
        check_offers(batch_id, held, self._offers, self.findings)
        self._check_holdings(batch_id, held, book, replay)
        self._check_keys(connection, signed.number, held, book, replay)

    def _check_holdings(self, batch_id: bytes, held: list[Holding], book: BatchBook, replay: Replay) -> None:
        """Holdings cover the batch once, and every stretch of it is held by who the log says."""
        end = 0
        for holding in sorted(held, key=lambda one: one.first):
            if holding.first != end:
                said, where = "holdings overlap or leave a gap", min(end, holding.first)
                self.findings.add("holding_wrong", said, batch=batch_id, key=where)
            end = holding.first + holding.count
            voids = [
                entry.time
                for _, entry in book.ranges
                if entry.type is EntryType.VOID
                and entry.first < end
                and holding.first < entry.first + entry.count
            ]
            if holding.voided_at != min(voids, default=None):
                said = "the recall that its row tells of is not that of the log"
                self.findings.add("holding_wrong", said, batch=batch_id, key=holding.first)
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


def _piece(entry: Entry, replay: Replay) -> Piece:
    one, other = replay.parties.heir(entry.actor), replay.parties.heir(entry.party)
    giver, taker = (one, other) if entry.type is EntryType.TRANSFER else (other, one)
    return entry.subject, entry.first, entry.count, giver, taker
