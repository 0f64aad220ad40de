"""One changed bit anywhere outside the hints is rejected, or lies in what the evidence calls not checked."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core import canonical
from provenance.core.proofs import verify
from provenance.errors import ProofRejected
from tests.core.proof_world import GOLDEN, GOLDEN_FILE, READER

HINTS = re.search(rb'"hints":\{.*?\}', GOLDEN_FILE)
TIMES = [match.span(1) for match in re.finditer(rb'"time":([0-9]+)', GOLDEN_FILE)]
CHUNKS = 16


def is_hint(position: int) -> bool:
    assert HINTS is not None
    return HINTS.start() <= position < HINTS.end()


def anchor_of(position: int) -> int | None:
    """Which anchor's time a byte belongs to; the bundle's only numbers that nothing here vouches for."""
    return next((n for n, (start, end) in enumerate(TIMES) if start <= position < end), None)


def expect_rejection_or_not_checked(position: int, bit: int) -> int | None:
    """The step that failed, or None where the changed byte is shown as not checked."""
    forged = bytearray(GOLDEN_FILE)
    forged[position] ^= 1 << bit
    try:
        evidence = verify(bytes(forged), READER)
    except ProofRejected as error:
        assert 0 <= error.step <= 10
        return error.step
    anchor = anchor_of(position)
    assert anchor is not None, (
        f"bit {bit} of byte {position} changed nothing: {GOLDEN_FILE[position - 40 : position + 9]!r}"
    )
    size = (9, 14)[anchor]
    unchecked = {finding.what for step, finding in evidence.not_checked if step == 7}
    assert f"anchors[{anchor}]: size {size} on chain, and its time" in unchecked
    bounds = [event.before for event in evidence.timeline if event.before and event.before.number == size]
    assert bounds
    assert not any(bound.is_checked for bound in bounds)
    return None


def test_the_places_that_may_differ_are_few() -> None:
    assert HINTS is not None
    assert HINTS.group() == b'"hints":{"anchor_transactions":[],"batch_transaction":null}'
    assert [GOLDEN_FILE[start:end] for start, end in TIMES] == [b"1795000030", b"1795000060"]


@pytest.mark.parametrize("chunk", range(0, CHUNKS, 4))
def test_one_flipped_bit_of_every_fourth_byte_is_rejected_or_not_checked(chunk: int) -> None:
    positions = [n for n in range(chunk, len(GOLDEN_FILE), CHUNKS) if not is_hint(n)]
    steps = [expect_rejection_or_not_checked(position, (position // CHUNKS) % 8) for position in positions]
    assert steps.count(None) <= 4
    assert {0, 4} <= set(steps)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_flipped_bit_is_rejected_or_not_checked(chunk: int) -> None:
    accepted = 0
    for position in range(chunk, len(GOLDEN_FILE), CHUNKS):
        for bit in range(8):
            if not is_hint(position):
                accepted += expect_rejection_or_not_checked(position, bit) is None
    assert accepted <= 8 * 4


def test_flips_reach_every_step_that_a_stranger_can_break() -> None:
    """Steps 9 and 10 protect against the operator: a stranger's flip fails at the log or its signature."""
    reached = {
        expect_rejection_or_not_checked(position, 0)
        for position in range(0, len(GOLDEN_FILE), 7)
        if not is_hint(position)
    }
    assert reached >= {0, 1, 2, 3, 4, 5, 6, 8, 10}


@settings(max_examples=300)
@given(st.integers(0, len(GOLDEN_FILE)), st.integers(0, 60), st.binary(max_size=60))
def test_a_patch_of_any_bytes_anywhere_changes_nothing_that_is_believed(
    at: int, cut: int, patch: bytes
) -> None:
    believe_only_the_golden_story(GOLDEN_FILE[:at] + patch + GOLDEN_FILE[at + cut :])


@settings(max_examples=300)
@given(st.data())
def test_values_moved_about_inside_a_bundle_change_nothing_that_is_believed(data: st.DataObject) -> None:
    members = copy.deepcopy(GOLDEN["bundle"])
    places = leaves_of(members)
    one, other = data.draw(st.sampled_from(places)), data.draw(st.sampled_from(places))
    value_1, value_2 = copy.deepcopy(one[0][one[1]]), copy.deepcopy(other[0][other[1]])
    one[0][one[1]], other[0][other[1]] = value_2, value_1
    believe_only_the_golden_story(canonical.encode(members))


def leaves_of(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a document, as container and name."""
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    places = [(value, name) for name in names]
    return places + [place for name in names for place in leaves_of(value[name])]


def believe_only_the_golden_story(raw: bytes) -> None:
    try:
        verify(raw, READER)
    except ProofRejected:
        return
    told = json.loads(raw)
    for story in (told, golden := copy.deepcopy(GOLDEN["bundle"])):
        story.pop("hints")
        for anchor in story["anchors"]:
            anchor.pop("time")
    assert told == golden
