"""The sequencer: committed entries get their place in the log, for ever (DESIGN §2, route 3).

The order of the writes is the whole safety argument. First, in one transaction under the leader's
fence: indices, tiles and the new head. Then the head file, outside the database, moves to that
head. Only then is the checkpoint signed. A crash between two of them leaves the later ones behind,
and every round begins by bringing them up: recovery is the normal path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core import lanes, tiles
from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, KeyReason, split_number
from provenance.core.notes import Checkpoint, sign_checkpoint
from provenance.errors import Conflict, ProvenanceError, Unavailable
from provenance.services.alarm import Alarm
from provenance.services.chainview import BeaconBlock, ChainView
from provenance.services.context import Context, record
from provenance.services.headfile import FiledHead, HeadFile
from provenance.services.history import KnownHead, history_of, require_extends, rolled_back
from provenance.services.leadership import LEASE_MS, Leadership
from provenance.services.statekeeping import STATE_ROUND, StateKeeper, has_news
from provenance.store import checkpoints, marks
from provenance.store import entries as entry_store
from provenance.store import tiles as tile_store
from provenance.store.checkpoints import StoredHead
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry

ROUND: Final = 50_000
"""Entries a round: half a second of hashing, so that a backlog does not hold the database for long."""

LEASE_NAME: Final = "sequencer"

CHAIN_REST_MS: Final = 30_000
"""How long a chain that did not answer is not asked for a beacon."""


@dataclass(frozen=True, slots=True)
class SequencedHead:
    """The head after a round that had news, and how many entries it added."""

    size: int
    root: bytes
    added: int


class Sequencer:
    """Gives entries their indices, signs checkpoints; one leads at a time, any number may stand by.

    *log_key* exists in this process only. *hook* is called with the name of each point between two
    writes; what it raises is a crash there.
    """

    def __init__(
        self,
        context: Context,
        log_key: Ed25519PrivateKey,
        head_file: HeadFile,
        lease_holder: str,
        *,
        chain: ChainView | None = None,
        round_size: int = ROUND,
        lease_ms: int = LEASE_MS,
        hook: Callable[[str], None] = lambda point: None,
        alarm: Alarm | None = None,
    ) -> None:
        self._context = context
        self._log_key = log_key
        self._alarm = alarm
        self._head_file = head_file
        self._leadership = Leadership(context.database, LEASE_NAME, lease_holder, lease_ms=lease_ms)
        self._chain = chain
        self._round = round_size
        self._hook = hook
        self._states = StateKeeper(context, self._leadership, round_size=round_size, hook=hook)
        self._started = False
        self._announced = False
        self._chain_rests_until = 0

    def start(self, *, adopt: bool = False) -> None:
        """Check that the database was not rolled back.

        Raises :class:`Unavailable`: ``rolled_back`` if the head file, a signed checkpoint or the
        chain knows more of the log than the database or another log, ``head_file_missing`` if a
        checkpoint was signed and its head file is gone, ``log_key_retired`` or ``log_key_foreign`` if
        ours is not the log's key. *adopt* accepts a missing head file, for an operator who knows that the
        database is the newest.
        """
        filed = self._head_file.read()
        with self._context.database.snapshot() as connection:
            head = checkpoints.newest(connection)
            is_signed = checkpoints.newest_signed(connection) is not None
            known = [*history_of(connection), *self._known_outside(filed)]
            require_extends(connection, head, known)
            self._require_own_key(marks.announced_keys(connection))
        # Looked for again: a leader may have written it between our two looks.
        if is_signed and not adopt and self._head_file.read() is None:
            raise Unavailable(
                "the head file is missing though checkpoints were signed: restore it, or adopt the "
                "database as it is if you know that it is the newest",
                code="head_file_missing",
            )
        self._started = True

    def sequence(self) -> SequencedHead | None:
        """One round; the new head, or ``None`` without news or while another worker leads.

        Whatever an earlier crash left undone is done first or with it. Raises :class:`Unavailable`
        (``rolled_back``) rather than sign what does not extend the past, ``stored_bit_wrong`` while the
        alarm stands, ``log_key_retired`` or ``log_key_foreign`` with a key that is not the log's.
        """
        if self._alarm is not None:
            self._alarm.require_quiet()
        if not self._leadership.hold():
            return None
        if not self._started:
            self.start()
        block = self._block_for_beacon()
        try:
            head = self._context.database.retrying(lambda connection: self._append(connection, block))
            self._hook("committed")
            self._announced = True
            self._publish()
            self._states.tend()
        except Conflict as error:
            if error.code in ("not_leader", "head_moved"):
                return None
            raise
        return head

    def stop(self) -> None:
        """Hand the lead to whoever stands by."""
        self._leadership.release()

    def _append(self, connection: Connection, block: BeaconBlock | None) -> SequencedHead | None:
        self._leadership.fence(connection)
        # Each round: a rotation may have happened while another led.
        self._announce_keys(connection)
        newest = checkpoints.newest(connection)
        size = newest.size if newest else 0
        is_state_wanted = self._states.is_wanted(connection, size)
        limit = min(self._round, STATE_ROUND) if is_state_wanted else self._round
        waiting = entry_store.waiting(connection, limit)
        # Last in a round that empties the queue: no entry after it is older than the block.
        if block is not None and 0 < len(waiting) < limit:
            waiting += self._beacons(connection, block, waiting[-1].entry.time)
        if is_state_wanted and (waiting or has_news(connection, size)):
            waiting.append(self._states.state(connection, size, waiting))
        if not waiting:
            return None
        leaves = lanes.leaf_hashes([stored.entry.encode() for stored in waiting])
        appended = tiles.append(tile_store.reader(connection, tile_store.LOG_TREE), size, leaves)
        entry_store.assign_indices(connection, size, [stored.event for stored in waiting])
        self._hook("indexed")
        tile_store.write(connection, tile_store.LOG_TREE, appended.tiles)
        checkpoints.add(connection, appended.size, appended.root, self._context.clock.now())
        self._hook("before_commit")
        return SequencedHead(appended.size, appended.root, len(waiting))

    def _publish(self) -> None:
        """Bring head file and note up to the newest head."""
        # The file before the database: then the database is behind it only if it was rolled back.
        filed = self._head_file.read()
        with self._context.database.snapshot() as connection:
            head = checkpoints.newest(connection)
            if head is None:
                if filed is not None:
                    raise rolled_back()
                return
            if head.note is not None and filed is not None and filed.size == head.size:
                if filed.root != head.root or filed.origin != self._context.origin:
                    raise rolled_back()
                return
            require_extends(connection, head, [*history_of(connection), *self._of_file(filed)])
        self._move_file(filed, head)
        self._hook("filed")
        self._sign(head)

    def _move_file(self, filed: FiledHead | None, head: StoredHead) -> None:
        if filed is not None and filed.size == head.size:
            return
        term = self._leadership.term
        if filed is not None and filed.term > term:
            raise Conflict("a later leader has written the head file", code="not_leader")
        self._head_file.move(filed, FiledHead(self._context.origin, head.size, head.root, term))

    def _sign(self, head: StoredHead) -> None:
        checkpoint = Checkpoint(self._context.origin, head.size, head.root)
        note = sign_checkpoint(checkpoint, self._log_key.private_bytes_raw()).encode().decode()
        self._hook("signed")
        with self._context.database.write() as connection:
            checkpoints.set_note(connection, head.size, head.root, note)
            self._states.want_anchor(connection, head)
        self._hook("published")

    def _of_file(self, filed: FiledHead | None) -> list[KnownHead]:
        if filed is None:
            return []
        if filed.origin != self._context.origin:
            raise rolled_back("the head file is that of another log")
        return [KnownHead(filed.size, filed.root)]

    def _known_outside(self, filed: FiledHead | None) -> list[KnownHead]:
        known = self._of_file(filed)
        if self._chain is not None:
            try:
                anchored = self._chain.anchored()
            except ProvenanceError:
                # A chain that is down or not yet deployed must not stop the log; file and notes remain.
                return known
            known.extend([] if anchored is None else [anchored])
        return known

    def _announce_keys(self, connection: Connection) -> None:
        """Record the log's and the receipts' public keys as KEY entries, each once.

        Raises what :meth:`_require_own_key` does.
        """
        announced = marks.announced_keys(connection)
        self._require_own_key(announced)
        if self._announced:
            return
        keys = ((self._log_key, KeyReason.LOG), (self._context.receipt_key, KeyReason.RECEIPTS))
        earlier: int | None = None
        for key, reason in keys:
            public = key.public_key().public_bytes_raw()
            if (public, int(reason)) not in announced:
                earlier = self._context.time_after(earlier)
                record(
                    self._context,
                    connection,
                    Entry(EntryType.KEY, earlier, public, ZERO_ADDRESS, reason=reason),
                )

    def _require_own_key(self, announced: set[tuple[bytes, int]]) -> None:
        """Return if our key is the first of the log or one that it announced.

        Only a rotation announces another: a key file of some other log, put here by mistake, would sign what
        no reader takes. Raises :class:`Unavailable` (``log_key_retired``, ``log_key_foreign``).
        """
        ours = self._log_key.public_key().public_bytes_raw()
        if (ours, int(KeyReason.RETIRED)) in announced:
            raise Unavailable(
                "the log's key was retired; put the newest, perhaps log.key.next, in its place and restart",
                code="log_key_retired",
            )
        of_log = {public for public, reason in announced if reason == KeyReason.LOG}
        if of_log and ours not in of_log:
            raise Unavailable(
                "log.key is not the key of this log; restore the one it had, and rotate from there",
                code="log_key_foreign",
            )

    def _block_for_beacon(self) -> BeaconBlock | None:
        """The block of a BEACON that is due and has news to follow, ``None`` for no BEACON."""
        if self._chain is None:
            return None
        with self._context.database.read() as connection:
            last = marks.newest_beacon(connection)
            has_news = entry_store.oldest_waiting(connection) is not None
        now = self._context.clock.now()
        is_early = last is not None and now - last[1].time < self._context.limits.beacon_apart_ms
        if not has_news or is_early or now < self._chain_rests_until:
            return None
        try:
            block = self._chain.newest_block()
        except ProvenanceError:
            # No beacon, and sequencing goes on; asked every round, a mute node would slow it down.
            self._chain_rests_until = now + CHAIN_REST_MS
            return None
        return None if last and last[1].subject == block.hash else block

    def _beacons(self, connection: Connection, block: BeaconBlock, earlier: int) -> list[StoredEntry]:
        """The BEACON of *block*; none while a clock ahead of ours has made the newest entry."""
        try:
            time = self._context.time_after(earlier)
        except Unavailable:
            return []
        first, count = split_number(block.number)
        draft = Entry(EntryType.BEACON, time, block.hash, ZERO_ADDRESS, first, count)
        made = record(self._context, connection, draft)
        if block.header is not None:
            marks.keep_header(connection, block.hash, block.header)
        return [StoredEntry(made.event, None, made.entry, None)]
