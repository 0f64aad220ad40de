"""The law of entries that are not on keys: parties, claims, beacons, states, log keys (FORMATS §5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from provenance.audit.findings import Findings
from provenance.audit.parties import PartyBook
from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, KeyReason, PartyReason
from provenance.errors import InputRefused

TOLERANCE_MS: Final = 120_000
"""How far an entry's own time may lie outside its bracket."""


class OtherLaw:
    """What a replay keeps beside the lives of keys: the newest block, announced keys, what came last.

    ``floor`` is the earliest lawful time in ms of the entries from here on. ``keys`` are the KEY
    entries as (log index, reason, 32-byte public key). ``blocks`` are the BEACONs as (log index, number of
    the block as they name it, its time in unix seconds or ``None`` where no node confirmed it).
    """

    def __init__(
        self,
        parties: PartyBook,
        findings: Findings,
        entry_at: Callable[[int], bytes],
        block_of: Callable[[bytes], tuple[int, int] | None] | None,
    ) -> None:
        self.floor = 0
        self.keys: list[tuple[int, int, bytes]] = []
        self.blocks: list[tuple[int, int, int | None]] = []
        self.unknown_blocks = 0
        self._parties = parties
        self._findings = findings
        self._entry_at = entry_at
        self._block_of = block_of
        self._last_news = -1
        self._last_beacon = -1
        self._last_block = -1
        self._last_state = -1

    def told(self) -> dict[str, Any]:
        """All of it as JSON; :meth:`restore` reads it."""
        last = [self._last_news, self._last_beacon, self._last_block, self._last_state]
        keys = [[index, reason, public.hex()] for index, reason, public in self.keys]
        return {
            "floor": self.floor,
            "keys": keys,
            "blocks": self.blocks,
            "unknown_blocks": self.unknown_blocks,
            "last": last,
        }

    def restore(self, told: dict[str, Any]) -> None:
        """Be again what :meth:`told` told."""
        self.floor = told["floor"]
        self.keys = [(index, reason, bytes.fromhex(public)) for index, reason, public in told["keys"]]
        self.blocks = [(index, number, time) for index, number, time in told["blocks"]]
        self.unknown_blocks = told["unknown_blocks"]
        self._last_news, self._last_beacon, self._last_block, self._last_state = told["last"]

    def news(self, index: int) -> None:
        """An entry other than BEACON and STATE stands at *index*."""
        self._last_news = index

    def say_too_early(self, index: int, time: int) -> None:
        """The entry at *index* bears a time before the block that the log says it came after."""
        late = (self.floor + TOLERANCE_MS - time) // 1000
        self._findings.add(
            "before_its_beacon", f"its time is {late} s before the block of the BEACON it comes after", index
        )

    def take(self, index: int, entry: Entry) -> None:
        """Take an entry that is neither on keys nor a STATE."""
        if entry.type is EntryType.BEACON:
            self._beacon(index, entry)
            return
        self.news(index)
        if entry.type is EntryType.PARTY:
            self._party(index, entry)
        elif entry.type in (EntryType.CLAIM, EntryType.REMEDY):
            self._claim(index, entry)
        elif entry.type is EntryType.KEY:
            self._key(index, entry)

    def take_state(self, index: int, entry: Entry, root: bytes, batches: int) -> None:
        """Hold a STATE against the *root* over *batches* batches that the log itself adds up to."""
        if self._last_state > self._last_news:
            self._findings.add("state_without_news", "a STATE follows a STATE with no news between", index)
        self._last_state = index
        if entry.subject != root:
            said = "the state root is not what the entries before it add up to"
            self._findings.add("state_wrong", said, index)
        if entry.number != index:
            self._findings.add("state_misplaced", "a STATE names another log index than its own", index)
        if entry.party != bytes(12) + batches.to_bytes(8):
            self._findings.add(
                "state_batches", f"the log has {batches} batches, the STATE says otherwise", index
            )

    def _party(self, index: int, entry: Entry) -> None:
        if entry.subject[:12] != bytes(12):
            self._findings.add("party_malformed", "a PARTY entry is about an address", index)
            return
        if entry.reason not in set(PartyReason):
            self._findings.add(
                "party_malformed", f"reason {entry.reason} of a PARTY entry is not known", index
            )
        if entry.reason == PartyReason.SUCCEEDED and entry.party in (ZERO_ADDRESS, entry.subject[12:]):
            self._findings.add("party_malformed", "a succession names another address", index)
        self._parties.add(index, entry)

    def _claim(self, index: int, entry: Entry) -> None:
        """CLAIM and REMEDY name the log index of a SELL."""
        try:
            is_sale = (
                entry.number < index and Entry.decode(self._entry_at(entry.number)).type is EntryType.SELL
            )
        except InputRefused:
            is_sale = False
        if not is_sale:
            self._findings.add("claim_without_sale", "the log index it names is not an earlier SELL", index)

    def _beacon(self, index: int, entry: Entry) -> None:
        block = None if self._block_of is None else self._block_of(entry.subject)
        is_known = block is not None and block[0] == entry.number
        self.blocks.append((index, entry.number, block[1] if block is not None and is_known else None))
        if self._last_beacon > self._last_news:
            self._findings.add("beacon_without_news", "a BEACON follows a BEACON with no news between", index)
        self._last_beacon = index
        if self._block_of is None:
            return
        if block is None:
            self.unknown_blocks += 1
            return
        number, time = block
        if number != entry.number:
            self._findings.add("beacon_wrong", f"that block has number {number}, the BEACON another", index)
        if number < self._last_block:
            self._findings.add("beacon_backwards", "the block is older than that of the BEACON before", index)
        self._last_block = max(number, self._last_block)
        self.floor = max(self.floor, time * 1000 - TOLERANCE_MS)
        if entry.time < self.floor:
            self.say_too_early(index, entry.time)

    def _key(self, index: int, entry: Entry) -> None:
        if entry.reason not in set(KeyReason):
            self._findings.add("key_malformed", f"reason {entry.reason} of a KEY entry is not known", index)
            return
        self.keys.append((index, entry.reason, entry.subject))
