"""What the real contract refuses of an operator who holds the anchorer's key, and by which error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from provenance.chain.registry import anchor_checkpoint_data
from provenance.core import merkle
from provenance.core.entries import EntryType
from provenance.errors import ChainRefused
from tests.audit.log_world import OTHER_SHOP, LogWorld, lived_in
from tests.chain.conftest import LocalChain

pytestmark = pytest.mark.node
T = EntryType


def hashes(world: LogWorld) -> list[bytes]:
    return [merkle.leaf_hash(raw) for raw in world.raws()]


def send(local: LocalChain, leaves: list[bytes], size: int | None = None) -> None:
    """Anchor *leaves* with the best proof that their own tree gives, under *size* if that is a lie."""
    latest = local.registry.latest()
    proof = merkle.consistency_path(leaves, latest) if 0 < latest <= len(leaves) else ()
    data = anchor_checkpoint_data(size or len(leaves), merkle.root(leaves), proof)
    sender = local.sender
    sender.broadcast(sender.prepare(local.registry.address, data, nonce=sender.next_nonce([])).raw)


def refusal(local: LocalChain, leaves: list[bytes], size: int | None = None) -> str:
    with pytest.raises(ChainRefused) as refused:
        send(local, leaves, size)
    return refused.value.code


def grown(world: LogWorld) -> LogWorld:
    for _ in range(3):
        world.add(T.QUALIFICATION, bytes(32))
    return world


def drop(world: LogWorld) -> None:
    del world.entries[-4]


def swap(world: LogWorld) -> None:
    world.entries[10], world.entries[11] = world.entries[11], world.entries[10]


def back_date(world: LogWorld) -> None:
    world.entries[12] = replace(world.entries[12], time=world.entries[12].time - 3_600_000)


def edit(world: LogWorld) -> None:
    world.entries[12] = replace(world.entries[12], actor=OTHER_SHOP)


def fork(world: LogWorld) -> None:
    del world.entries[-5:]
    grown(grown(world))


def forge_a_state(world: LogWorld) -> None:
    state = max(index for index, entry in enumerate(world.entries) if entry.type is T.STATE)
    world.entries[state] = replace(world.entries[state], subject=b"\x13" * 32)


@pytest.mark.parametrize("cheat", [drop, swap, back_date, edit, fork, forge_a_state])
def test_a_past_that_was_anchored_is_not_anchored_otherwise(
    local: LocalChain, cheat: Callable[[LogWorld], None]
) -> None:
    world = lived_in()
    send(local, hashes(world))
    cheat(world)
    assert refusal(local, hashes(grown(world))) == "root_mismatch"
    assert local.registry.latest() == len(lived_in().entries)


def test_a_log_rolled_back_or_of_another_history_at_its_size_is_not_newer(local: LocalChain) -> None:
    world = lived_in()
    send(local, hashes(world))
    edit(world)
    assert refusal(local, hashes(world)) == "not_newer"
    del world.entries[-6:]
    assert refusal(local, hashes(world)) == "not_newer"


def test_a_lied_size_that_another_tree_shape_has_is_refused_and_any_other_ends_the_lie_at_once(
    local: LocalChain,
) -> None:
    """A root does not say its size: the auditor finds such a lie, the contract only where the shape tells."""
    world = lived_in()
    send(local, hashes(world))
    leaves = hashes(grown(world))
    assert refusal(local, leaves, 33) in ("root_mismatch", "invalid_proof_length")
    send(local, leaves, len(leaves) + 1)
    assert refusal(local, hashes(grown(world))) == "root_mismatch", "the truth does not follow on a lie"


def test_a_leaf_anchored_by_a_thief_is_seen_by_the_next_honest_anchor(local: LocalChain) -> None:
    world = lived_in()
    send(local, hashes(world))
    send(local, [*hashes(world), merkle.leaf_hash(b"thief")])
    assert local.registry.latest() == len(world.entries) + 1, "with the anchorer's key he may extend"
    assert refusal(local, hashes(grown(world))) == "root_mismatch"
