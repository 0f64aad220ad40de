"""The state tree folded a tile at a time, held against FORMATS §6 written down word for word."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core import statetiles, statetree, tiles
from provenance.core.entries import Entry, EntryType, number_party, split_number
from provenance.core.merkle import EMPTY_ROOT, InclusionProof, leaf_hash
from provenance.core.statefold import BatchState, State, fold, state_of
from provenance.core.statereplay import MemoryShelf, Replay, replay
from provenance.core.statetiles import BATCHES_TREE
from provenance.core.statetree import SparseRecords, StateProof, verify_state
from provenance.errors import InputRefused

GOLDEN = json.loads((Path(__file__).parents[1] / "vectors" / "golden.json").read_text())
GOLDEN_LOG = [Entry.decode(base64.b64decode(row["entry"])) for row in GOLDEN["entries"]]
ACTOR = b"\x05" * 20
EDGES = (1, 2, 3, 7, 255, 256, 257, 511, 512, 513, 1_999, 2_000, 65_535, 65_536, 65_537, 65_793, 131_072)


def batch_id(number: int) -> bytes:
    return number.to_bytes(32)


def commission(number: int, size: int, time: int = 1) -> Entry:
    return Entry(EntryType.COMMISSION, time, batch_id(number), ACTOR, 0, size)


def void(number: int, first: int, count: int = 1, time: int = 2) -> Entry:
    return Entry(EntryType.VOID, time, batch_id(number), ACTOR, first, count)


def by_the_word(entries: Iterable[Entry]) -> State:
    """The state root as FORMATS §6 says it, every chain and record from scratch."""
    sizes: dict[bytes, int] = {}
    ranges: dict[bytes, list[bytes]] = {}
    singles: dict[bytes, dict[int, list[bytes]]] = {}
    for entry in entries:
        if not entry.type.is_on_keys:
            continue
        if entry.type is EntryType.COMMISSION and entry.subject not in sizes:
            sizes[entry.subject] = entry.count
            ranges[entry.subject], singles[entry.subject] = [], {}
        if entry.type is EntryType.COMMISSION or entry.count > 1:
            ranges[entry.subject].append(entry.encode())
        else:
            singles[entry.subject].setdefault(entry.first, []).append(entry.encode())
    leaves = []
    for subject, size in sizes.items():
        touched = {key: statetree.chain(made) for key, made in singles[subject].items()}
        root = SparseRecords(size, touched).keys_root()
        leaves.append(statetree.batch_leaf(subject, statetree.chain(ranges[subject]), root))
    return State(statetree.state_root(leaves), len(leaves))


def folded(entries: list[Entry], steps: Iterable[int] = ()) -> MemoryShelf:
    """*entries* folded in steps of these lengths, then the rest at once."""
    shelf, at = MemoryShelf(), 0
    for step in steps:
        fold(shelf, entries[at : at + step])
        at += step
    fold(shelf, entries[at:])
    return shelf


def prove(shelf: MemoryShelf, batch: BatchState, key: int) -> StateProof:
    def cells(tree: int) -> statetiles.CellReader:
        return lambda level, index: shelf.tiles(level, [(tree, index)]).get((tree, index), {})

    keys = statetiles.tile_reader(cells(batch.tree), batch.tree)
    batches = statetiles.tile_reader(cells(BATCHES_TREE), BATCHES_TREE)
    return StateProof(
        batch.batch_id,
        tiles.inclusion_at(keys, key, batch.size),
        tiles.inclusion_at(batches, batch.position, shelf.count()),
    )


@st.composite
def histories(draw: st.DrawFn, sizes: st.SearchStrategy[int]) -> list[Entry]:
    """A lawful order of COMMISSIONs, entries on ranges, on keys, and on nothing of the kind."""
    known: list[int] = []
    entries: list[Entry] = []
    for _ in range(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(["batch", "single", "single", "single", "range", "other"]))
        if kind == "batch" or not known:
            known.append(draw(sizes))
            entries.append(commission(len(known), known[-1]))
            continue
        number = draw(st.integers(1, len(known)))
        size = known[number - 1]
        near_an_end = st.sampled_from([0, size - 1, size // 2, max(0, size - 2), size // 256 * 256 % size])
        first = draw(st.one_of(near_an_end, st.integers(0, size - 1)))
        if kind == "range" and size - first > 1:
            entries.append(void(number, first, draw(st.integers(2, size - first))))
        elif kind == "other":
            entries.append(Entry(EntryType.TERMS, 2, bytes(32), ACTOR))
        else:
            entries.append(void(number, first, time=len(entries)))
    return entries


class TestTheTree:
    @given(histories(st.integers(1, 2_000)), st.lists(st.integers(0, 9), max_size=8))
    def test_however_it_is_folded_the_root_is_that_of_the_whole_log(
        self, entries: list[Entry], steps: list[int]
    ) -> None:
        assert state_of(folded(entries, steps)) == by_the_word(entries)

    @settings(max_examples=25)
    @given(histories(st.sampled_from(EDGES)), st.lists(st.integers(0, 9), max_size=4))
    def test_the_ragged_edges_of_tiles_change_nothing(self, entries: list[Entry], steps: list[int]) -> None:
        assert state_of(folded(entries, steps)) == by_the_word(entries)

    @pytest.mark.parametrize("size", EDGES)
    def test_every_end_of_a_batch_has_its_proof_touched_or_not(self, size: int) -> None:
        ends = sorted({0, size // 2, size // 256 * 256 % size, size - 1})
        touched = ends[::2]
        log = [commission(1, 5), commission(2, size), *(void(2, key, time=9 + key) for key in touched)]
        shelf = folded(log)
        batch = shelf.batches([batch_id(2)])[batch_id(2)]
        for key in ends:
            alone = [entry.encode() for entry in log[2:] if entry.first == key]
            verify_state(prove(shelf, batch, key), alone, [log[1].encode()], state_of(shelf).root)

    @pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 513])
    def test_batches_keep_the_position_of_their_commission(self, count: int) -> None:
        log = [commission(number + 1, 1 + number % 7) for number in range(count)]
        log += [void(number + 1, 0, time=3) for number in range(0, count, 50)]
        shelf = folded(log, [100, 150, 3])
        assert state_of(shelf) == by_the_word(log)
        placed = shelf.batches([batch_id(number + 1) for number in range(count)])
        assert [placed[batch_id(number + 1)].position for number in range(count)] == list(range(count))
        last = placed[batch_id(count)]
        alone = [void(count, 0, time=3).encode()] if (count - 1) % 50 == 0 else []
        ranges = [log[count - 1].encode()]
        verify_state(prove(shelf, last, 0), alone, ranges, state_of(shelf).root)

    def test_a_dense_tile_hashes_as_a_sparse_one(self) -> None:
        log = [commission(1, 600), *(void(1, key) for key in range(512))]
        assert state_of(folded(log)) == by_the_word(log)

    def test_an_unused_batch_of_ten_million_keys_has_no_tile_of_its_own(self) -> None:
        put: list[tuple[int, int]] = []

        class Counting(MemoryShelf):
            def put_tiles(self, level: int, changed: Mapping[tuple[int, int], statetiles.Cells]) -> None:
                put.extend(changed)
                super().put_tiles(level, changed)

        shelf = Counting()
        fold(shelf, [commission(1, 10_000_000), void(1, 0, 10_000_000)])
        assert put == [(BATCHES_TREE, 0)]
        untouched = SparseRecords(10_000_000, {})
        batch = shelf.batches([batch_id(1)])[batch_id(1)]
        assert batch.keys_root == untouched.keys_root()
        assert prove(shelf, batch, 9_999_999).key.path == untouched.record_path(9_999_999)

    def test_a_log_without_batches_has_the_root_of_the_empty_tree(self) -> None:
        assert state_of(folded([Entry(EntryType.TERMS, 1, bytes(32), ACTOR)])) == State(EMPTY_ROOT, 0)

    def test_what_no_batch_has_a_place_for_changes_nothing(self) -> None:
        log = [commission(1, 5), void(1, 4)]
        lawless = [void(2, 0), log[0], void(1, 5), log[1], void(3, 1, 7)]
        assert state_of(folded(lawless)) == by_the_word(log)

    def test_a_second_commission_of_a_batch_is_one_more_range_entry(self) -> None:
        log = [commission(1, 5), commission(2, 5), commission(1, 5, time=7)]
        shelf = folded(log)
        assert state_of(shelf) == by_the_word(log)
        assert shelf.count() == 2


class TestPacking:
    @given(st.dictionaries(st.integers(0, 255), st.binary(min_size=32, max_size=32)))
    def test_what_was_packed_is_unpacked(self, cells: dict[int, bytes]) -> None:
        packed = statetiles.pack(cells)
        assert statetiles.unpack(packed) == cells
        assert len(packed) == 32 + 32 * len(cells)

    @pytest.mark.parametrize("packed", [b"", bytes(31), bytes(33), b"\x01" + bytes(31), b"\x03" + bytes(63)])
    def test_a_damaged_tile_is_refused(self, packed: bytes) -> None:
        with pytest.raises(InputRefused) as refused:
            statetiles.unpack(packed)
        assert refused.value.code == "tile_malformed"

    def test_a_missing_batch_is_not_taken_for_an_untouched_one(self) -> None:
        with pytest.raises(InputRefused) as refused:
            statetiles.batches_root(lambda level, index: {0: bytes(32)}, 2)
        assert refused.value.code == "tile_malformed"


def with_states(entries: Iterable[Entry], every: int) -> list[Entry]:
    """A log of *entries* with a right STATE after each *every* of them."""
    log: list[Entry] = []
    for number, entry in enumerate(entries, 1):
        log.append(entry)
        if number % every == 0:
            log.append(right_state(log))
    return log


def right_state(log: list[Entry]) -> Entry:
    state = by_the_word(log)
    first, count = split_number(len(log))
    return Entry(EntryType.STATE, 5, state.root, bytes(20), first, count, number_party(state.batches))


def wrong_states(log: Iterable[Entry]) -> list[int]:
    return [state.index for state in replay(log) if not state.is_right]


class TestReplay:
    def test_the_golden_log_gives_the_golden_state_roots(self) -> None:
        states = list(replay(GOLDEN_LOG))
        assert [state.index for state in states] == [8, 13]
        assert all(state.is_right for state in states)
        assert states[-1].state == State(bytes.fromhex(GOLDEN["state_root"]), 1)

    @settings(max_examples=20)
    @given(histories(st.integers(1, 300)), st.integers(1, 7))
    def test_right_states_are_found_right(self, entries: list[Entry], every: int) -> None:
        assert wrong_states(with_states(entries, every)) == []

    @pytest.mark.parametrize(
        "forge",
        [
            lambda entry: replace(entry, subject=bytes(32)),
            lambda entry: replace(entry, count=entry.count + 1),
            lambda entry: replace(entry, first=1),
            lambda entry: replace(entry, party=number_party(2)),
            lambda entry: replace(entry, party=b"\x01" + entry.party[1:]),
        ],
    )
    def test_a_forged_state_is_named_by_its_index_and_no_other_is(
        self, forge: Callable[[Entry], Entry]
    ) -> None:
        log = with_states([commission(1, 5), void(1, 0), void(1, 1), void(1, 2)], 2)
        log[2] = forge(log[2])
        assert wrong_states(log) == [2]

    def test_one_batch_in_two_places_of_the_tree_is_a_wrong_state(self) -> None:
        hidden = [commission(1, 5)]
        honest = [*hidden, void(1, 3)]
        leaves = []
        for log in (hidden, honest):
            chain = statetree.chain([log[0].encode()])
            touched = {entry.first: statetree.chain([entry.encode()]) for entry in log[1:]}
            root = SparseRecords(5, touched).keys_root()
            leaves.append(statetree.batch_leaf(batch_id(1), chain, root))
        twice = Entry(EntryType.STATE, 5, statetree.state_root(leaves), bytes(20), 0, 2, number_party(2))
        # Whoever is shown the first place sees a key never voided, and every hash of it is right …
        path = SparseRecords(5, {}).record_path(3)
        proof = StateProof(
            batch_id(1), InclusionProof(3, 5, path), InclusionProof(0, 2, (leaf_hash(leaves[1]),))
        )
        verify_state(proof, [], [hidden[0].encode()], twice.subject)
        # … but no log adds up to it.
        assert wrong_states([*honest, twice]) == [2]

    @given(st.integers(1, 11), st.sampled_from(["drop", "swap", "change"]))
    def test_an_entry_dropped_swapped_or_changed_makes_the_next_state_wrong(self, at: int, how: str) -> None:
        entries = [commission(1, 9), *(void(1, key % 3, time=10 + key) for key in range(11))]
        log = [*entries, right_state(entries)]
        if how == "drop":
            del log[at]
        elif how == "swap":
            other = at - 3 if at > 3 else at + 3
            log[at], log[other] = log[other], log[at]
        else:
            log[at] = replace(log[at], time=999)
        assert wrong_states(log) == [len(log) - 1]

    def test_a_replay_follows_a_log_that_grows(self) -> None:
        log = with_states([commission(1, 9), *(void(1, key) for key in range(8))], 3)
        following, seen = Replay(), []
        for entry in log:
            found = following.add(entry)
            assert following.state() == by_the_word(log[: following.size])
            seen += [found] if found else []
        assert seen == list(replay(log))

    def test_a_replay_of_more_than_one_step_adds_up(self) -> None:
        rng = random.Random(7)
        entries = [commission(1, 70_000), *(void(1, rng.randrange(70_000)) for _ in range(50_500))]
        assert wrong_states([*entries, right_state(entries)]) == []
