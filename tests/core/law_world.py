"""Keys, parties and steps for the tests of the law: everything written out, nothing taken from the code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from provenance.core.custody import accept
from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, PartyReason, address_subject
from provenance.core.lives import BatchFacts, KeyCustody
from provenance.core.parties import ListedParties, Step
from provenance.errors import CustodyRefused

SUPPLIER, SHOP, OTHER_SHOP, ISSUER, OPERATOR, STRANGER, HEIR = (bytes([n]) * 20 for n in range(1, 8))
USE, OTHER_USE, THIRD_USE = (bytes([n]) * 20 for n in (0xA1, 0xA2, 0xA3))
BATCH = b"\xbb" * 32
SIZE = 8
START = 1_800_000_000_000
DAY_MS = 86_400_000
T = EntryType


def party_entry(address: bytes, reason: int, party: bytes = ZERO_ADDRESS) -> Entry:
    return Entry(T.PARTY, START, address_subject(address), OPERATOR, party=party, reason=reason)


def admissions() -> list[tuple[int, Entry]]:
    roles = [
        (OPERATOR, PartyReason.OPERATOR),
        (SUPPLIER, PartyReason.SUPPLIER),
        (SHOP, PartyReason.PLATFORM),
        (OTHER_SHOP, PartyReason.PLATFORM),
        (ISSUER, PartyReason.ISSUER),
    ]
    return [(index, party_entry(address, role)) for index, (address, role) in enumerate(roles)]


@dataclass
class Tale:
    """One key and what happens to it; log indices and times go up by themselves."""

    max_uses: int = 1
    expires_at: int = 0
    index: int = 3
    time: int = START
    log_index: int = 100
    listed: list[tuple[int, Entry]] = field(default_factory=admissions)

    def __post_init__(self) -> None:
        facts = BatchFacts(BATCH, SUPPLIER, SIZE, self.max_uses, self.expires_at)
        self.key = KeyCustody(facts, self.index)

    def entry(
        self, kind: EntryType, actor: bytes, party: bytes = ZERO_ADDRESS,
        first: int | None = None, count: int = 1,
    ) -> Entry:  # fmt: skip
        return Entry(kind, self.time, BATCH, actor, self.index if first is None else first, count, party)

    def step(self, entry: Entry) -> Step:
        return Step(self.log_index, entry)

    def happens(
        self, kind: EntryType, actor: bytes, party: bytes = ZERO_ADDRESS,
        first: int | None = None, count: int = 1, later_ms: int = 1,
    ) -> Tale:  # fmt: skip
        """The entry is lawful and becomes part of the key's custody."""
        self.time += later_ms
        self.log_index += 1
        step = self.step(self.entry(kind, actor, party, first, count))
        self.key = accept(self.key, step, ListedParties(self.listed))
        assert self.key.steps[-1] == step
        return self

    def code_of(
        self, kind: EntryType, actor: bytes, party: bytes = ZERO_ADDRESS,
        first: int | None = None, count: int = 1, later_ms: int = 1,
    ) -> str:  # fmt: skip
        """The code with which the law refuses the entry; the key stays as it is."""
        entry = replace(self.entry(kind, actor, party, first, count), time=self.time + later_ms)
        with pytest.raises(CustodyRefused) as caught:
            accept(self.key, Step(self.log_index + 1, entry), ListedParties(self.listed))
        return caught.value.code

    def party(self, address: bytes, reason: PartyReason, successor: bytes = ZERO_ADDRESS) -> Tale:
        """A PARTY entry at the next place in the log."""
        self.log_index += 1
        self.listed.append((self.log_index, party_entry(address, reason, successor)))
        return self

    def begun(self) -> Tale:
        return self.happens(T.COMMISSION, SUPPLIER, first=0, count=SIZE)

    def handed_over(self, first: int = 0, count: int = SIZE, to: bytes = SHOP, by: bytes = SUPPLIER) -> Tale:
        self.happens(T.TRANSFER, by, to, first, count)
        return self.happens(T.RECEIVE, to, by, first, count)

    def at_shop(self) -> Tale:
        return self.begun().handed_over()

    def sold(self, use: bytes = USE) -> Tale:
        return self.at_shop().happens(T.SELL, SHOP, use)

    def delivered(self) -> Tale:
        return self.sold().happens(T.DELIVER, SHOP, USE)
