"""Step 10: whether what is shown is all there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from provenance.core import merkle
from provenance.core.entries import number_party
from tests.verifier.corpus import Case
from tests.verifier.golden_cases import bundled
from tests.verifier.law import (
    Script,
    delivered,
    use,
)
from tests.verifier.world import (
    SHOP,
    SUPPLIER,
    Batch,
    T,
    World,
    in_shop,
    started,
)


def cases() -> Iterator[Case]:
    yield from _completeness()


def _completeness() -> Iterator[Case]:
    world = in_shop()
    delivered(world)
    size = len(world.entries)
    world.seal()
    bundle = world.bundle(anchors=((size + 1, 1_795_000_060),))
    state = bundle.state
    assert state is not None
    merkle_code = "merkle_proof_invalid"

    def bad(id: str, about: str, code: str | None = None, **changes: Any) -> Case:
        return bundled(f"state-{id}", about, replace(bundle, state=replace(state, **changes)), 10, code)

    yield bundled("state", "complete by STATE", bundle)
    short = replace(bundle, custody=bundle.custody[:-1])
    yield bundled("state-hidden", "the last entry hidden", short, 10, merkle_code)
    ranges = state.ranges
    hidden = tuple(
        entry for entry in bundle.custody if not (entry.entry.is_range and entry.entry.type is T.RECEIVE)
    )
    yield bundled(
        "state-hidden-offer",
        "a hidden RECEIVE fails the law",
        replace(bundle, custody=hidden),
        9,
        "not_holder",
    )
    yield bad("ranges-fewer", "a range entry left out", None, ranges=ranges[:-1])
    yield bad(
        "ranges-order", "range entries in another order", None, ranges=(ranges[0], ranges[2], ranges[1])
    )
    sale = bundle.custody[-1].entry
    yield bad("ranges-single", "a single entry among the ranges", None, ranges=(*ranges, sale))
    elsewhere = replace(ranges[1], first=5, count=2)
    yield bad("ranges-more", "a range entry that never was", merkle_code, ranges=(*ranges, elsewhere))
    foreign = replace(elsewhere, subject=b"\x11" * 32)
    yield bad("ranges-foreign", "a range entry of another batch", None, ranges=(*ranges, foreign))
    yield bad("record-short", "one hash too few", merkle_code, record_path=state.record_path[:-1])
    yield bad(
        "record-swapped",
        "two hashes swapped",
        merkle_code,
        record_path=(state.record_path[1], state.record_path[0], *state.record_path[2:]),
    )
    yield bad("batch-path", "a batch path where none belongs", merkle_code, batch_path=(bytes(32),))
    yield bad("batches", "another number of batches", None, batches=2, batch_path=(bytes(32),))
    yield bad("position", "a position past the batches", merkle_code, batch_position=1)
    yield from _lying_states()
    yield from _two_batches()


def _lying_states() -> Iterator[Case]:
    def sealed(id: str, about: str, spoil: Script, step: int | None = 10, code: str | None = None) -> Case:
        world = in_shop()
        delivered(world)
        spoil(world)
        return bundled(f"state-{id}", about, world.bundle(), step, code)

    def renamed(**changes: Any) -> Script:
        def spoil(world: World) -> None:
            world.seal()
            world.entries[-1] = replace(world.entries[-1], **changes)

        return spoil

    yield sealed(
        "root", "a STATE of another root", lambda w: w.seal(root=b"\x11" * 32), code="merkle_proof_invalid"
    )
    yield sealed("index", "a STATE that names another index", renamed(count=9))
    yield sealed("count", "a STATE that names two batches", renamed(party=number_party(2)))
    yield sealed(
        "count-form", "a STATE whose number of batches is none", renamed(party=SHOP), code="entry_malformed"
    )
    none = sealed("none", "no STATE: completeness is not checked", lambda w: None, None)
    yield none
    world = in_shop()
    delivered(world)
    place = world.seal()
    kept = world.bundle().state
    world.on_key(T.REDEEM, use(world), use(world))
    assert kept is not None
    old = replace(kept, path=merkle.inclusion_path(world.leaves, place))
    shown = replace(world.bundle(), state=old)
    yield bundled("state-old", "an older STATE, not the last entry", shown, 10)


def _two_batches() -> Iterator[Case]:
    first, second = Batch(), Batch(size=5, reference="PO-2")
    world = started(second)
    world.index = 4
    world.commission(first)
    world.on_key(T.SELL, SUPPLIER, second.party(4))
    order = (second, first)
    world.seal(*order)
    bundle = world.bundle(batches=order)
    yield bundled("state-two", "the first of two batches", bundle)
    world.batch, world.index = first, 0
    other = world.bundle(batches=order)
    yield bundled("state-second", "an untouched key of the second batch", other)
    assert bundle.state is not None
    wrong = replace(bundle.state, batch_position=1)
    yield bundled(
        "state-place",
        "the batch in the other's place",
        replace(bundle, state=wrong),
        10,
        "merkle_proof_invalid",
    )
    single = Batch(size=1)
    tiny = started(single, 0)
    tiny.seal()
    yield bundled(
        "state-single", "a batch of one key", tiny.bundle(anchors=((len(tiny.entries), 1_795_000_060),))
    )
