"""Hashing in lanes: on every length, and with every number left over, the bytes of hashlib."""

from __future__ import annotations

from hashlib import sha256, shake_128

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llvmlite import binding

from provenance.core import lanes, merkle
from provenance.core.lanes import machine as machines
from provenance.core.lanes import plain
from provenance.core.lanes.machine import Machine
from provenance.errors import InputRefused

DATA = shake_128(b"lanes").digest(400_000)


def without(*words: str) -> str:
    """The processor's features, those named in part left out."""
    features = binding.get_host_cpu_features()
    left_out = {name for name in features if any(word in name for word in words)}
    return ",".join(("+" if on and name not in left_out else "-") + name for name, on in features.items())


@pytest.fixture(scope="module", params=[4, 8, 16])
def compiled(request: pytest.FixtureRequest) -> Machine:
    """One of every width, as on processors with less than this one has too."""
    lanes_ = request.param
    features = without("avx512") if lanes_ < 16 else without()
    made = machines.compiled(lanes_, features)
    assert made is not None
    return made


def test_plain_hashes_are_those_of_the_rfc() -> None:
    assert (
        plain.pairs(DATA[:128]) == sha256(b"\1" + DATA[:64]).digest() + sha256(b"\1" + DATA[64:128]).digest()
    )
    assert plain.leaves(b"aabb", 2, b"xyz123", 3, 2) == (
        sha256(b"\0aaxyz").digest() + sha256(b"\0bb123").digest()
    )


def test_every_number_of_nodes_around_whole_groups_is_hashed_as_by_hashlib(compiled: Machine) -> None:
    for count in (*range(70), 127, 128, 129, 1_000):
        assert compiled.pairs(DATA[: 64 * count]) == plain.pairs(DATA[: 64 * count])


def test_trees_side_by_side_are_folded_as_by_hashlib(compiled: Machine) -> None:
    for levels in range(14):
        for trees in {1, 2, 3, 7, 12_000 >> levels}:
            blob = DATA[: trees * 32 << levels]
            if trees and len(blob) == trees * 32 << levels:
                assert compiled.fold(blob, levels) == plain.fold(blob, levels)


def test_messages_of_every_length_are_hashed_as_by_hashlib(compiled: Machine) -> None:
    count = compiled.lanes + 3
    for size in range(1_100):
        given_ = (b"", 0, DATA, size, count)
        assert compiled.leaves(*given_) == plain.leaves(*given_)


def test_salted_messages_of_every_length_and_number_are_hashed_as_by_hashlib(compiled: Machine) -> None:
    for size in range(0, 140, 3):
        for count in range(2 * compiled.lanes + 2):
            given_ = (DATA[:16_000], 16, DATA[16_000:], size, count)
            assert compiled.leaves(*given_) == plain.leaves(*given_)


@given(st.data())
def test_any_two_pieces_are_hashed_as_by_hashlib(data: st.DataObject) -> None:
    compiled = machines.this_machine()
    assert compiled is not None
    first, second = data.draw(st.integers(0, 300)), data.draw(st.integers(0, 300))
    count = data.draw(st.integers(0, 100))
    start = data.draw(st.integers(0, 1_000))
    given_ = (DATA[start:], first, DATA[start + 7 :], second, count)
    assert compiled.leaves(*given_) == plain.leaves(*given_)


@given(st.lists(st.binary(max_size=80), max_size=60), st.booleans())
def test_messages_of_mixed_lengths_keep_their_order(messages: list[bytes], salted: bool) -> None:
    if salted:
        made = lanes.salted_leaves(DATA[: 16 * len(messages)], messages)
        heads = [DATA[16 * at : 16 * at + 16] for at in range(len(messages))]
    else:
        made = lanes.leaf_hashes(messages)
        heads = [b""] * len(messages)
    assert made == b"".join(
        sha256(b"\0" + head + body).digest() for head, body in zip(heads, messages, strict=True)
    )


def test_one_salt_too_few_or_a_byte_too_many_is_refused() -> None:
    for size in (0, 15, 17, 31, 33):
        with pytest.raises(InputRefused, match="16 bytes"):
            lanes.salted_leaves(bytes(size), [b"one", b"two"])


def test_half_a_hash_is_refused() -> None:
    with pytest.raises(InputRefused, match="32 bytes"):
        lanes.parents(bytes(63))
    with pytest.raises(InputRefused, match="32 bytes"):
        lanes.fold(bytes(96), 1)


def test_the_last_of_an_odd_level_moves_up_unhashed() -> None:
    assert lanes.parents(DATA[:96]) == plain.pairs(DATA[:64]) + DATA[64:96]
    assert lanes.parents(DATA[:32]) == DATA[:32]
    assert lanes.parents(b"") == b""


def test_a_tree_is_the_same_before_and_after_a_process_starts_to_compile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashes = [DATA[32 * at : 32 * at + 32] for at in range(10_001)]
    roots = set()
    for worth in (1, 1 << 62):
        monkeypatch.setattr(lanes, "WORTH_IT", worth)
        roots.add(merkle.root(hashes))
    level = hashes
    while len(level) > 1:
        odd = level[len(level) & -2 :]
        level = [merkle.node_hash(*level[at : at + 2]) for at in range(0, len(level) & -2, 2)] + odd
    assert roots == {level[0]}


def test_a_machine_that_computes_other_bytes_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    right = machines.program(4)
    wrong = right.replace("i32 1116352408", "i32 1116352409")  # one round constant
    assert wrong != right
    monkeypatch.setattr(machines, "program", lambda lanes_: wrong)
    assert machines.compiled(4, without("avx512")) is None
