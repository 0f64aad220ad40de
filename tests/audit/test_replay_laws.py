"""The replay against the law itself, key by key and slowly: same refusals, same states, same roots."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.audit.findings import Findings
from provenance.audit.keystate import indexes_of
from provenance.audit.parties import PartyBook
from provenance.audit.replay import Replay
from provenance.audit.trees import RecordTree
from provenance.core import statereplay, statetree
from provenance.core.custody import accept
from provenance.core.entries import Entry, EntryType, PartyReason, address_subject, number_party, split_number
from provenance.core.lives import BatchFacts, KeyCustody
from provenance.core.manifest import BatchManifest
from provenance.core.parties import ListedParties, Step
from provenance.errors import CustodyRefused

OPERATOR, SUPPLIER, SHOP, OTHER, ISSUER, HEIR = ACTORS = [bytes([n]) * 20 for n in range(1, 7)]
USES = [bytes([0xA0 + n]) * 20 for n in range(3)]
SIZE = 4
T = EntryType
BUYER_ACTS = {T.REDEEM, T.REINSTATE, T.CORRECTION}
MANIFESTS = [
    BatchManifest(SUPPLIER, bytes([number]) * 32, SIZE, uses, expires, bytes(32))
    for number, (uses, expires) in enumerate([(1, 0), (2, 0), (1, 1_800_000_000)])
]
BY_ID = {manifest.batch_id: manifest for manifest in MANIFESTS}
ROLES = [
    (OPERATOR, PartyReason.OPERATOR), (SUPPLIER, PartyReason.SUPPLIER), (SHOP, PartyReason.PLATFORM),
    (OTHER, PartyReason.PLATFORM), (ISSUER, PartyReason.ISSUER),
]  # fmt: skip


@dataclass
class SlowAuditor:
    """Every key of every batch by itself, every question put to ``core``."""

    listed: list[tuple[int, Entry]] = field(default_factory=list)
    keys: dict[tuple[bytes, int], KeyCustody] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)

    def take(self, index: int, entry: Entry) -> None:
        if entry.type is T.PARTY:
            self.listed.append((index, entry))
        elif entry.type.is_on_keys and not self._lawful(index, entry):
            self.refused.add(index)

    def _lawful(self, index: int, entry: Entry) -> bool:
        manifest = BY_ID[entry.subject]
        facts = BatchFacts(entry.subject, SUPPLIER, SIZE, manifest.max_uses, manifest.expires_at)
        if entry.first + entry.count > SIZE:
            return False
        step, parties = Step(index, entry), ListedParties(self.listed)
        after = {}
        for key in range(entry.first, entry.first + entry.count):
            before = self.keys.get((entry.subject, key), KeyCustody(facts, key))
            if not self._admitted(before, step, parties, alone=not entry.is_range):
                return False
            try:
                after[entry.subject, key] = accept(before, step, parties)
            except CustodyRefused:
                return False
        self.keys.update(after)
        return True

    @staticmethod
    def _admitted(key: KeyCustody, step: Step, parties: ListedParties, *, alone: bool) -> bool:
        if parties.is_admitted(step.entry.actor, step):
            return True
        uses = {past.entry.party for past in key.steps if past.entry.type is T.SELL}
        return alone and step.entry.type in BUYER_ACTS and step.entry.actor in uses


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Lawful beginnings, then anything: mostly plausible acts, some of them at a wrong time or place."""
    entries = [Entry(T.PARTY, 1, address_subject(who), OPERATOR, reason=role) for who, role in ROLES]
    time = 1_799_999_999_000
    chosen = draw(st.lists(st.sampled_from(MANIFESTS), min_size=1, max_size=2, unique=True))
    for manifest in chosen:
        time += 1
        entries.append(Entry(T.COMMISSION, time, manifest.batch_id, SUPPLIER, 0, SIZE))
    for _ in range(draw(st.integers(1, 40))):
        time += draw(st.sampled_from([1, 1, 1, 5, 0, -3, 900, 864_000_000]))
        entries.append(draw(_acts(time, [one.batch_id for one in chosen], len(entries))))
    return entries


@st.composite
def _acts(draw: st.DrawFn, time: int, batches: list[bytes], index: int) -> Entry:
    kind = draw(
        st.sampled_from(
            [T.SELL] * 5 + [T.DELIVER] * 4 + [T.REDEEM] * 4 + [T.REINSTATE] * 3
            + [T.TRANSFER, T.RECEIVE, T.RECEIVE, T.VOID, T.VOID, T.REISSUE]
            + [T.CORRECTION, T.PARTY, T.STATE, T.COMMISSION]
        )
    )  # fmt: skip
    if kind is T.STATE:
        first, count = split_number(index)
        return Entry(T.STATE, max(time, 0), bytes(32), bytes(20), first, count, number_party(0))
    actor = draw(
        st.sampled_from([SUPPLIER, SUPPLIER, SUPPLIER, SHOP, SHOP, OTHER, ISSUER, HEIR, OPERATOR, USES[0]])
    )
    if kind is T.PARTY:
        about = draw(st.sampled_from([SUPPLIER, SHOP, HEIR]))
        reason = draw(st.sampled_from([2, 3, 7, 8]))
        party = draw(st.sampled_from([HEIR, OTHER])) if reason == 8 else bytes(20)
        return Entry(T.PARTY, max(time, 0), address_subject(about), OPERATOR, party=party, reason=reason)
    subject = draw(st.sampled_from(batches))
    first = draw(st.integers(0, SIZE))
    is_wide = kind in (T.TRANSFER, T.RECEIVE, T.VOID, T.COMMISSION) and draw(st.booleans())
    count = draw(st.integers(1, SIZE)) if is_wide else 1
    if kind is T.CORRECTION:
        party = number_party(draw(st.integers(0, index)))
    elif kind in (T.TRANSFER, T.RECEIVE):
        party = draw(st.sampled_from([SUPPLIER, SHOP, HEIR]))
    else:
        party = draw(st.sampled_from([USES[0]] * 6 + [USES[1], USES[2], bytes(20)]))
    return Entry(kind, max(time, 0), subject, actor, first, count, party)


@settings(max_examples=200)
@given(histories())
def test_replay_and_law_agree_on_every_entry_and_every_key(history: list[Entry]) -> None:
    raws = [entry.encode() for entry in history]
    findings = Findings()
    replay = Replay(findings, manifests=BY_ID.get, entry_at=raws.__getitem__)
    for start in range(0, len(raws), 7):
        replay.add(raws[start : start + 7])
    slow = SlowAuditor()
    for index, entry in enumerate(history):
        slow.take(index, entry)
    assert replay.keys.refused == slow.refused
    for (batch_id, key), custody in slow.keys.items():
        batch = replay.keys.batches[batch_id]
        assert replay.keys.custody(batch, key) == custody
    states = [replayed.state for replayed in statereplay.replay(history)]
    wrong = [index for index, entry in enumerate(history) if entry.type is T.STATE]
    assert [f.index for f in findings.found if f.rule == "state_wrong"] == wrong  # none of them knew the root
    if history[-1].type is T.STATE:
        assert replay.state_root() == states[-1].root


_USE, _OTHER_USE = USES[:2]
_LIVES: dict[str, list[tuple[EntryType, bytes, int, int, bytes]]] = {
    "untouched": [],
    "offered": [(T.TRANSFER, SUPPLIER, 0, SIZE, SHOP)],
    "received": [(T.TRANSFER, SUPPLIER, 0, SIZE, SHOP), (T.RECEIVE, SHOP, 0, SIZE, SUPPLIER)],
    "sold": [(T.SELL, SUPPLIER, 1, 1, _USE)],
    "delivered": [(T.SELL, SUPPLIER, 1, 1, _USE), (T.DELIVER, SUPPLIER, 1, 1, _USE)],
    "redeemed": [(T.SELL, SUPPLIER, 1, 1, _USE), (T.REDEEM, ISSUER, 1, 1, _USE)],
    "taken back": [(T.SELL, SUPPLIER, 1, 1, _USE), (T.REINSTATE, SUPPLIER, 1, 1, _USE)],
    "recalled": [(T.SELL, SUPPLIER, 1, 1, _USE), (T.VOID, SUPPLIER, 0, SIZE, bytes(20))],
    "void": [(T.VOID, SUPPLIER, 1, 1, bytes(20))],
    "succeeded": [(T.SELL, SUPPLIER, 1, 1, _USE), (T.PARTY, OPERATOR, 0, 0, HEIR)],
    "succeeded unsold": [(T.PARTY, OPERATOR, 0, 0, HEIR)],
}
_EXPIRY_MS = 1_800_000_000_000


@pytest.mark.parametrize("manifest", MANIFESTS, ids=["single", "shared", "expiring"])
@pytest.mark.parametrize("life", _LIVES)
def test_after_every_life_every_next_act_is_judged_as_the_law_judges_it(
    life: str, manifest: BatchManifest
) -> None:
    begun = [Entry(T.PARTY, 1, address_subject(who), OPERATOR, reason=role) for who, role in ROLES]
    begun.append(Entry(T.COMMISSION, _EXPIRY_MS - 100, manifest.batch_id, SUPPLIER, 0, SIZE))
    for offset, (kind, actor, first, count, party) in enumerate(_LIVES[life]):
        is_party = kind is T.PARTY
        subject = address_subject(SUPPLIER) if is_party else manifest.batch_id
        reason = PartyReason.SUCCEEDED if is_party else 0
        begun.append(Entry(kind, _EXPIRY_MS - 99 + offset, subject, actor, first, count, party, reason))
    last = _EXPIRY_MS - 99 + len(_LIVES[life]) - 1
    acts = itertools.product(
        (T.SELL, T.DELIVER, T.REDEEM), (SUPPLIER, SHOP, ISSUER, HEIR, _USE), (_USE, _OTHER_USE, bytes(20)),
        (last - 1, last, last + 1, _EXPIRY_MS - 1, _EXPIRY_MS),
    )  # fmt: skip
    slow = SlowAuditor()
    for index, entry in enumerate(begun):
        slow.take(index, entry)
    lawful = 0
    for kind, actor, party, time in acts:
        history = [*begun, Entry(kind, time, manifest.batch_id, actor, 1, 1, party)]
        raws = [entry.encode() for entry in history]
        replay = Replay(Findings(), manifests=BY_ID.get, entry_at=raws.__getitem__)
        replay.add(raws)
        judge = SlowAuditor(list(slow.listed), dict(slow.keys), set(slow.refused))
        judge.take(len(begun), history[-1])
        assert replay.keys.refused == judge.refused, history[-1]
        batch = replay.keys.batches[manifest.batch_id]
        assert replay.keys.custody(batch, 1) == judge.keys[manifest.batch_id, 1]
        lawful += not judge.refused
    assert lawful or life in ("redeemed", "recalled", "void")


@settings(max_examples=60)
@given(st.integers(1, 700), st.lists(st.lists(st.integers(0, 699), max_size=20), max_size=6))
def test_a_growing_tree_of_records_has_the_roots_of_the_slow_one(size: int, rounds: list[list[int]]) -> None:
    records: dict[int, bytes] = {}
    tree = RecordTree(size, records.get)
    for touched in rounds:
        for key in touched:
            if key < size:
                records[key] = statetree.extend(records.get(key, statetree.EMPTY_CHAIN), b"e")
                tree.touch(key)
        assert tree.root() == statetree.SparseRecords(size, records).keys_root()


_PARTY_ROWS = st.lists(
    st.tuples(st.sampled_from(ACTORS), st.sampled_from([1, 2, 3, 7, 8, 9]), st.sampled_from(ACTORS)),
    max_size=12,
)


@given(_PARTY_ROWS)
def test_the_book_of_parties_answers_as_the_list_does(rows: list[tuple[bytes, int, bytes]]) -> None:
    entries = [
        (2 * index, Entry(T.PARTY, index, address_subject(about), OPERATOR, party=party, reason=reason))
        for index, (about, reason, party) in enumerate(rows)
    ]
    book, listed = PartyBook(), ListedParties(entries)
    for index, entry in entries:
        book.add(index, entry)
    anything = Entry(T.QUALIFICATION, 0, bytes(32), OPERATOR)
    for at in [*(Step(index, anything) for index in range(2 * len(rows) + 1)), Step(None, anything)]:
        for address in ACTORS:
            assert book.resolve(address, at) == listed.resolve(address, at)
            assert book.roles(address, at) == listed.roles(address, at)
    for address in ACTORS:
        assert book.heir(address) == listed.resolve(address, Step(None, anything))


def test_what_is_kept_of_a_key_grows_by_eight_bytes_an_entry() -> None:
    raws = [Entry(T.PARTY, 1, address_subject(who), OPERATOR, reason=role).encode() for who, role in ROLES]
    batch = MANIFESTS[0].batch_id
    raws.append(Entry(T.COMMISSION, 2, batch, SUPPLIER, 0, SIZE).encode())
    raws.append(Entry(T.SELL, 3, batch, SUPPLIER, 1, 1, USES[0]).encode())
    replay = Replay(Findings(), manifests=BY_ID.get, entry_at=raws.__getitem__)
    replay.add(raws)
    before = replay.keys.batches[batch].keys[1]
    raws.append(Entry(T.DELIVER, 4, batch, SUPPLIER, 1, 1, USES[0]).encode())
    replay.add(raws[-1:])
    after = replay.keys.batches[batch].keys[1]
    assert len(after) == len(before) + 8
    assert indexes_of(after) == [6, 7]
    assert list(replay.keys.batches[batch].keys) == [1]
