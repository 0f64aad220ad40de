"""Every entry on keys, held against the law; quick where a life is plain, by the law itself elsewhere.

The quick way may only ever say "lawful", and only in four cases that a test holds against
:func:`provenance.core.custody.accept`, which judges all others and finds every reason to refuse.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

from provenance.audit.batches import BatchBook
from provenance.audit.findings import Findings
from provenance.audit.keystate import ANY, HEAD, INDEX_SIZE, indexes_of, pack, plain_state, record_of
from provenance.audit.parties import PartyBook
from provenance.audit.plainlaw import plainly_lawful
from provenance.core import statetree
from provenance.core.custody import accept
from provenance.core.entries import Entry, EntryType
from provenance.core.lives import BatchFacts, KeyCustody
from provenance.core.manifest import BatchManifest
from provenance.core.parties import Step
from provenance.errors import CustodyRefused, Unavailable

MAX_RANGES: Final = 1_024
"""Range entries a batch (FORMATS §6): a bundle must be able to carry them all."""
RESERVED_RANGES: Final = 64
"""The last of them are for a VOID by the supplier."""
ASSUMED_USES: Final = 1_000
_REMEMBERED: Final = 8_192
"""Custodies kept unfolded, for keys whose lives are not plain."""

_BUYER_ACTS: Final = frozenset({EntryType.REDEEM, EntryType.REINSTATE, EntryType.CORRECTION})

Manifests = Callable[[bytes], BatchManifest | None]
"""The manifest of a batch id, whose hash it is, or ``None`` where nobody has it."""
EntryAt = Callable[[int], bytes]
"""The 124 bytes at a log index that was replayed."""


class KeyLaw:
    """The lives of all keys of a log, after some of its entries."""

    def __init__(
        self, parties: PartyBook, findings: Findings, manifests: Manifests, entry_at: EntryAt
    ) -> None:
        self.batches: dict[bytes, BatchBook] = {}
        self.refused: set[int] = set()
        """Log indices of entries that the law refuses: they stand in the log and change nothing."""
        self.changed: set[bytes] = set()
        """Batches with entries since somebody cleared this."""
        self._parties = parties
        self._findings = findings
        self._manifests = manifests
        self._entry_at = entry_at
        self._unfolded: OrderedDict[tuple[bytes, int], KeyCustody] = OrderedDict()

    def quick(
        self, index: int, kind: int, time: int, subject: bytes, first: int, actor: bytes, party: bytes,
        leaf: bytes,
    ) -> bool:  # fmt: skip
        """Take a SELL, DELIVER or REDEEM on one key if it is plainly lawful; whether it was.

        *leaf* is the entry's leaf hash. Nothing is changed where the answer is no.
        """
        batch = self.batches.get(subject)
        if batch is None or batch.facts.max_uses != 1:
            return False
        if not plainly_lawful(batch, self._parties, index, kind, time, first, actor, party, leaf):
            return False
        batch.tree.touch(first)
        self.changed.add(subject)
        return True

    def take(self, index: int, entry: Entry) -> None:
        """Take any entry on keys, and note what the law has against it."""
        batch = self.batches.get(entry.subject)
        if batch is None:
            if entry.type is not EntryType.COMMISSION:
                self._refuse(index, entry, "commission_first", "its batch was never commissioned")
                return
            batch = self.batches[entry.subject] = self._begin(entry)
        self.changed.add(entry.subject)
        if entry.is_range:
            batch.ranges.append((index, entry))
            batch.range_chain = statetree.extend(batch.range_chain, entry.encode())
            self._take_range(batch, index, entry)
        elif entry.first >= min(batch.facts.size, batch.tree.size):
            self._refuse(index, entry, "out_of_range", "its batch has no such key")
        else:
            self._take_single(batch, index, entry)

    def custody(self, batch: BatchBook, key: int) -> KeyCustody:
        """The custody of *key* now; raises :class:`Unavailable` (``entries_changed``)."""
        packed = batch.keys.get(key)
        if packed is None:
            return batch.untouched(key)
        known = self._unfolded.get((batch.facts.batch_id, key))
        if known is not None:
            return known
        alone = [(index, self._entry_at(index)) for index in indexes_of(packed)]
        if statetree.chain(raw for _, raw in alone) != record_of(packed):
            raise Unavailable(
                "the log now serves other entries than a moment ago; keep what was fetched, it is evidence",
                code="entries_changed",
            )
        custody = KeyCustody(batch.facts, key)
        for index, entry in _merged(batch.ranges, [(index, Entry.decode(raw)) for index, raw in alone]):
            if index in self.refused or not entry.covers(key):
                continue
            try:
                custody = accept(custody, Step(index, entry), self._parties)
            except CustodyRefused as error:  # lawful for a single-use key, which this one then is not
                self._refuse(index, entry, error.code, error.message, key)
        return custody

    def restore_batch(self, batch: BatchBook, ranges: list[tuple[int, Entry]]) -> None:
        """Take up a *batch* whose touched keys are in place and whose *ranges* were judged before."""
        self.batches[batch.facts.batch_id] = batch
        self.changed.add(batch.facts.batch_id)
        for index, entry in ranges:
            batch.ranges.append((index, entry))
            batch.range_chain = statetree.extend(batch.range_chain, entry.encode())
            if index in self.refused:
                continue
            step = Step(index, entry)
            for position, custody in batch.split(entry.first, entry.first + entry.count):
                if self._has_untouched(batch, position):
                    batch.put(position, accept(custody, step, self._parties))

    def _begin(self, entry: Entry) -> BatchBook:
        manifest = self._manifests(entry.subject)
        if manifest is None:
            facts = BatchFacts(entry.subject, entry.actor, entry.count, 1, 0)
        else:
            facts = BatchFacts(
                entry.subject, manifest.supplier, manifest.size, manifest.max_uses, manifest.expires_at
            )
        return BatchBook(facts, entry.count, is_assumed=manifest is None)

    def _take_range(self, batch: BatchBook, index: int, entry: Entry) -> None:
        self._check_count(batch, index, entry)
        first, end = entry.first, entry.first + entry.count
        if end > batch.facts.size:
            self._refuse(index, entry, "out_of_range", "the entry reaches past the end of its batch")
            return
        if not self._check_actor(index, entry, None):
            return
        step = Step(index, entry)
        stretches: list[tuple[int, KeyCustody]] = []
        keys: dict[int, KeyCustody] = {}
        key = first
        try:
            for position, custody in batch.split(first, end):
                key = custody.index
                if self._has_untouched(batch, position):
                    stretches.append((position, accept(custody, step, self._parties)))
            for key in batch.touched(first, end):
                keys[key] = accept(self._before(batch, key, index), step, self._parties)
        except CustodyRefused as error:
            self._refuse(index, entry, error.code, error.message, key)
            return
        for position, custody in stretches:
            batch.put(position, custody)
        for key, custody in keys.items():
            packed = batch.keys[key]
            self._keep(batch, key, custody, record_of(packed), packed[HEAD.size :])

    def _has_untouched(self, batch: BatchBook, position: int) -> bool:
        """Whether any key of a stretch is untouched: touched ones answer for themselves."""
        start = batch.starts[position]
        end = batch.starts[position + 1] if position + 1 < len(batch.starts) else batch.facts.size
        return end - start > len(batch.keys) or any(key not in batch.keys for key in range(start, end))

    def _take_single(self, batch: BatchBook, index: int, entry: Entry) -> None:
        key = entry.first
        packed = batch.keys.get(key)
        record = statetree.EMPTY_CHAIN if packed is None else record_of(packed)
        indexes = b"" if packed is None else packed[HEAD.size :]
        custody = self._before(batch, key, index)
        record = statetree.extend(record, entry.encode())
        indexes += index.to_bytes(INDEX_SIZE)
        if self._check_actor(index, entry, custody):
            custody = self._judge(batch, custody, index, entry)
        self._keep(batch, key, custody, record, indexes)
        batch.tree.touch(key)

    def _judge(self, batch: BatchBook, custody: KeyCustody, index: int, entry: Entry) -> KeyCustody:
        step = Step(index, entry)
        try:
            return accept(custody, step, self._parties)
        except CustodyRefused as error:
            refused = error
        if batch.is_assumed and batch.facts.max_uses == 1:
            other = self._as_shared(batch, custody, step)
            if other is not None:
                return other
        self._refuse(index, entry, refused.code, refused.message, entry.first)
        return custody

    def _as_shared(self, batch: BatchBook, custody: KeyCustody, step: Step) -> KeyCustody | None:
        """Without a manifest a key may be a shared one: the custody if that makes the entry lawful."""
        facts = BatchFacts(batch.facts.batch_id, batch.facts.supplier, batch.facts.size, ASSUMED_USES, 0)
        try:
            other = KeyCustody(facts, custody.index)
            for past in (*custody.steps, step):
                other = accept(other, past, self._parties)
        except CustodyRefused:
            return None
        batch.assume(facts)
        for key, packed in batch.keys.items():
            batch.keys[key] = bytes([ANY]) + packed[1:]
        self._unfolded.clear()
        return other

    def _before(self, batch: BatchBook, key: int, index: int) -> KeyCustody:
        """The custody of *key* before the entry at *index*, which may be noted in the batch already."""
        if key not in batch.keys or not batch.ranges or batch.ranges[-1][0] != index:
            return self.custody(batch, key)
        newest = batch.ranges.pop()
        try:
            return self.custody(batch, key)
        finally:
            batch.ranges.append(newest)

    def _keep(self, batch: BatchBook, key: int, custody: KeyCustody, record: bytes, indexes: bytes) -> None:
        batch.keys[key] = pack(custody, record, indexes)
        place = (batch.facts.batch_id, key)
        self._unfolded.pop(place, None)
        if plain_state(custody)[0] == ANY:
            self._unfolded[place] = custody
            if len(self._unfolded) > _REMEMBERED:
                self._unfolded.popitem(last=False)

    def _check_actor(self, index: int, entry: Entry, custody: KeyCustody | None) -> bool:
        """Whether the actor is admitted, or is the buyer of an earlier sale of this key."""
        if self._parties.now.get(entry.actor):
            return True
        if custody is not None and entry.type in _BUYER_ACTS:
            past = (step.entry for step in custody.steps)
            if any(sale.type is EntryType.SELL and sale.party == entry.actor for sale in past):
                return True
        key = entry.first if custody is not None else None
        self._refuse(index, entry, "not_admitted", "its actor is not admitted at that place of the log", key)
        return False

    def _check_count(self, batch: BatchBook, index: int, entry: Entry) -> None:
        is_recall = entry.type is EntryType.VOID and entry.actor == self._parties.heir(batch.facts.supplier)
        allowed = MAX_RANGES if is_recall else MAX_RANGES - RESERVED_RANGES
        if len(batch.ranges) > allowed:
            self._findings.add(
                "too_many_ranges",
                f"a batch has at most {MAX_RANGES} range entries, the last {RESERVED_RANGES} for recalls",
                index,
                batch=entry.subject,
            )

    def _refuse(self, index: int, entry: Entry, code: str, message: str, key: int | None = None) -> None:
        self.refused.add(index)
        said = f"{entry.type.name}: {message}"
        self._findings.add(code, said, index, batch=entry.subject, key=key)


def _merged(ranges: list[tuple[int, Entry]], alone: list[tuple[int, Entry]]) -> Iterator[tuple[int, Entry]]:
    yield from sorted([*ranges, *alone], key=lambda row: row[0])
