"""Keeping the state tree beside the log (FORMATS §6, DESIGN §3).

Entries are folded into the tree after their checkpoint is out, a bounded step a transaction, so that
no sale waits for it. What is folded stands under a version that no proof reads yet; a STATE then folds
only what came since and reads one root. All of it is written by the sequencer under its fence: entries,
tree and progress move in one transaction or not at all, so a crash leaves nothing to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, number_party, split_number
from provenance.core.statefold import State, fold, state_of
from provenance.errors import InputRefused
from provenance.services.context import Context, record
from provenance.services.leadership import Leadership
from provenance.store import anchors, checkpoints
from provenance.store import entries as entry_store
from provenance.store import state as state_store
from provenance.store.anchors import AnchorKind, size_ref
from provenance.store.checkpoints import StoredHead
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.state import Progress, StateShelf

STEP: Final = 1_000
"""Entries folded in one transaction: while it lasts the embedded database takes no sale."""

STATE_ROUND: Final = 1_000
"""Entries of a round that ends in a STATE: these are folded in the transaction that sequences them."""

REST_MS: Final = 60_000
"""How long a tree that was found damaged is left alone, while the log goes on."""

KEPT_ANCHORS: Final = 2
PRUNED_AT_ONCE: Final = 500


class StateKeeper:
    """The sequencer's hand on the state tree; *leadership* is its own, *hook* as the sequencer's."""

    def __init__(
        self, context: Context, leadership: Leadership, *, round_size: int, hook: Callable[[str], None]
    ) -> None:
        self._context = context
        self._leadership = leadership
        self._steps = round_size // STEP + 1
        self._hook = hook
        self._serves: int | None = None
        self._rests_until = 0

    def is_wanted(self, connection: Connection, size: int) -> bool:
        """Whether the round after the first *size* entries is to end in a STATE, if there is news.

        Not while the tree lags behind or does not fold at all: the log never waits for it.
        """
        wished = anchors.wished_at(connection)
        rests = self._context.clock.now() < self._rests_until
        if wished is None or rests or state_store.progress(connection).folded != size:
            return False
        self._serves = wished
        return True

    def state(self, connection: Connection, size: int, waiting: Sequence[StoredEntry]) -> StoredEntry:
        """The STATE that follows *waiting* in the log of *size* entries, in the transaction of both."""
        index = size + len(waiting)
        try:
            state = state_after(connection, size, [stored.entry for stored in waiting])
        except InputRefused:
            # A damaged tile is trouble for the next anchor, not for the next entry.
            self._rests_until = self._context.clock.now() + REST_MS
            raise
        self._hook("state_folded")
        earlier = waiting[-1] if waiting else entry_store.by_index(connection, size - 1)
        time = self._context.time_after(earlier.entry.time if earlier else None)
        first, count = split_number(index)
        batches = number_party(state.batches)
        draft = Entry(EntryType.STATE, time, state.root, ZERO_ADDRESS, first, count, batches)
        made = record(self._context, connection, draft)
        return StoredEntry(made.event, None, made.entry, None)

    def want_anchor(self, connection: Connection, head: StoredHead) -> None:
        """Want the checkpoint *head*, signed in the same transaction, on chain if it ends in a STATE."""
        if state_store.newest_state(connection) != head.size - 1:
            return
        now = self._context.clock.now()
        anchors.want(connection, AnchorKind.CHECKPOINT, size_ref(head.size), head.root, now)
        # A wish that came while the round was under way is for what that round does not hold.
        anchors.fulfil_wish(connection, head.time if self._serves is None else self._serves)

    def tend(self) -> None:
        """Fold what is in the log and not in the tree, a step a transaction, then prune a little."""
        database = self._context.database
        for _ in range(self._steps):
            with database.read() as connection:
                head = checkpoints.newest(connection)
                is_done = head is None or state_store.progress(connection).folded >= head.size
            if is_done:
                break
            database.retrying(self._fold)
            self._hook("folded")
        with database.read() as connection:
            is_prunable = state_store.is_prunable(connection, _floor(connection))
        if is_prunable:
            database.retrying(self._prune)
            self._hook("pruned")

    def _fold(self, connection: Connection) -> None:
        self._leadership.fence(connection)
        head = checkpoints.newest(connection)
        if head is not None:
            fold_some(connection, head.size)

    def _prune(self, connection: Connection) -> None:
        self._leadership.fence(connection)
        prune(connection)


def has_news(connection: Connection, size: int) -> bool:
    """Whether the log of *size* entries holds one other than BEACON and STATE since the last STATE.

    A BEACON is made only together with such an entry, so any entry at all tells.
    """
    last = state_store.newest_state(connection)
    return size > (0 if last is None else last + 1)


def fold_some(connection: Connection, size: int, step: int = STEP) -> None:
    """Fold the next *step* entries of the log of *size* entries."""
    now = state_store.progress(connection)
    stored = entry_store.between(connection, now.folded, min(size, now.folded + step))
    _fold(connection, now, [one.entry for one in stored])


def state_after(connection: Connection, size: int, fresh: Sequence[Entry]) -> State:
    """Fold *fresh*, which follow the folded log of *size* entries; what the STATE after them says.

    From here on the tree is written under a new version. The caller gives *fresh* the indices from
    *size* on and the STATE the one after, in the same transaction.
    """
    now = state_store.progress(connection)
    _fold(connection, now, fresh)
    state = state_of(StateShelf(connection, now.version))
    after = size + len(fresh) + 1
    state_store.set_progress(connection, replace(now, folded=after, version=after))
    return state


def prune(connection: Connection, limit: int = PRUNED_AT_ONCE) -> int:
    """Delete up to *limit* tiles that no STATE shows which is still to be proven; how many those were.

    Kept are the two newest anchored STATEs and everything after them. What is deleted stays
    unprovable even where the chain is wiped and older sizes are the newest for a while.
    """
    now = state_store.progress(connection)
    floor = _floor(connection)
    if floor > now.floor:
        state_store.set_progress(connection, replace(now, floor=floor))
    return state_store.prune(connection, floor, limit)


def rebuild(connection: Connection) -> None:
    """Throw the tree away, to be folded anew from the log; call it under the sequencer's fence.

    STATEs that are in the log by then can no longer be proven, the next ones can.
    """
    last = state_store.newest_state(connection)
    after = 0 if last is None else last + 1
    state_store.forget_all(connection)
    state_store.set_progress(connection, Progress(0, after, after))


def _floor(connection: Connection) -> int:
    """The index of the oldest STATE to be kept provable."""
    kept = anchors.newest_sizes_on_chain(connection, KEPT_ANCHORS)
    reached = kept[-1] - 1 if len(kept) == KEPT_ANCHORS else 0
    return max(reached, state_store.progress(connection).floor)


def _fold(connection: Connection, now: Progress, entries: Sequence[Entry]) -> None:
    fold(StateShelf(connection, now.version), entries)
    state_store.set_progress(connection, replace(now, folded=now.folded + len(entries)))
