"""Of every member and list of a proof changed at once, few changes are accepted, and each only says less.

A proof may leave out what strengthens it; then its evidence says that this was not checked. It may list
PARTY entries and BEACONs in any order, and twice. And an anchor's time is a hint until a chain is asked.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from provenance.core import canonical
from provenance.core.proofs import verify
from provenance.errors import ProofRejected
from tests.core.proof_world import GOLDEN, READER

Place = tuple[str | int, ...]

LEFT_OUT = {
    "key.opening", "key.use", "custody.3.details", "parties.1.details", "beacons", "beacons.0", "state",
    "anchors", "anchors.0",
}  # fmt: skip
"""What a proof may do without: each is told as *not checked*, or makes a bracket wider."""

IN_ANY_ORDER = {"parties", "beacons"}

HINTS = {"anchors.0.time", "anchors.1.time"}


def places(value: Any, here: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every member and item below *value*, and what stands there."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inside:
        yield (*here, name), item
        yield from places(item, (*here, name))


def changes(value: Any) -> Iterator[Any]:
    """What could stand in the place of *value*."""
    yield None
    if isinstance(value, int):
        yield from (value + 1, max(value - 1, 0), 0, 2**53 - 1)
    elif isinstance(value, str):
        yield from ("", value[:-1], value + value[:2], value.swapcase(), value[::-1])
    elif isinstance(value, list) and value:
        yield from ([], value[:-1], value[1:], [value[0], *value], [*value, value[-1]], value[::-1])
        yield value[1:] + value[:1]
    elif isinstance(value, dict):
        yield from ({}, {**value, "unknown": 1})


def put(bundle: Any, place: Place, value: Any) -> bytes:
    changed = copy.deepcopy(bundle)
    parent = changed
    for name in place[:-1]:
        parent = parent[name]
    parent[place[-1]] = value
    return canonical.encode(changed)


def without(bundle: Any, place: Place) -> bytes:
    changed = copy.deepcopy(bundle)
    parent = changed
    for name in place[:-1]:
        parent = parent[name]
    del parent[place[-1]]
    return canonical.encode(changed)


def is_accepted(raw: bytes) -> bool:
    try:
        verify(raw, READER)
    except ProofRejected:
        return False
    return True


def test_every_change_that_is_accepted_is_known_and_says_less() -> None:
    bundle = GOLDEN["bundle"]
    original = canonical.encode(bundle)
    accepted: set[str] = set()
    tried = 0
    for place, value in places(bundle):
        changed = [
            put(bundle, place, one) for one in changes(value) if one != value or type(one) is not type(value)
        ]
        for raw in (*changed, without(bundle, place)):
            tried += 1
            if raw != original and is_accepted(raw):
                accepted.add(".".join(map(str, place)))
    assert accepted == LEFT_OUT | IN_ANY_ORDER | HINTS
    assert tried > 1_000


def test_what_is_left_out_is_seen_in_what_the_steps_say() -> None:
    bundle = GOLDEN["bundle"]
    whole = verify(canonical.encode(bundle), READER)
    for place in (("key", "opening"), ("key", "use"), ("custody", 3, "details"), ("state",)):
        less = verify(put(bundle, place, None), READER)
        assert (less.steps != whole.steps, less.state) == (True, whole.state), place


def test_order_and_repetition_of_parties_and_beacons_change_no_word_of_the_evidence() -> None:
    bundle = GOLDEN["bundle"]
    told = verify(canonical.encode(bundle), READER).to_json()
    for name in IN_ANY_ORDER:
        for items in (bundle[name][::-1], [bundle[name][0], *bundle[name]]):
            again = verify(put(bundle, (name,), items), READER).to_json()
            assert {**again, "steps": None, "not_checked": None} == {
                **told,
                "steps": None,
                "not_checked": None,
            }
