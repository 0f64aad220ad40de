"""Step 7 and the time brackets: what a node or a state proof adds, and what each can expose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provenance.core import manifest, stateproof
from provenance.core.digests import keccak256
from provenance.core.entries import Entry, EntryType, split_number
from provenance.core.manifest import Domain
from provenance.core.proofs import BatchOnChain, Bundle, Evidence, ReaderContext, StateProof, verify
from provenance.errors import ChainUnavailable, ProofRejected
from tests.core.chain_world import GENESIS_TIME, Chain, FakeNode, header
from tests.core.proof_world import (
    LOG_KEY,
    NETWORK,
    READER,
    SUPPLIER_KEY,
    World,
    golden_entries,
    golden_manifest,
    golden_world,
    with_state,
)

ENTRIES = golden_entries()
BLOCK = header(12, ENTRIES[5].time // 1000 - 5)


def world() -> World:
    """The golden story with a BEACON whose block exists."""
    first, count = split_number(12)
    entries = list(ENTRIES[:-1])
    entries[5] = replace(entries[5], subject=keccak256(BLOCK), first=first, count=count)
    return replace(golden_world(), entries=with_state(entries), headers=(BLOCK,))


GOOD = world().bundle()
CHAIN = Chain.holding(NETWORK.registry, golden_manifest(), GOOD.anchors)
PROVEN = replace(GOOD, state_proof=CHAIN.prove_all())
TRUSTED = keccak256(CHAIN.prove_all().header)


def node(chain: Chain = CHAIN, **changes: Any) -> FakeNode:
    return FakeNode(chain, **{"blocks": {keccak256(BLOCK): BLOCK}, **changes})


def asking(reader: FakeNode) -> ReaderContext:
    return replace(READER, node=reader)


TRUSTING = replace(READER, trusted_block_hash=TRUSTED)


def check(bundle: Bundle, reader: ReaderContext) -> Evidence:
    return verify(bundle.to_bytes(), reader)


def rejected(bundle: Bundle, reader: ReaderContext) -> ProofRejected:
    with pytest.raises(ProofRejected) as caught:
        check(bundle, reader)
    return caught.value


def changed(change: Callable[[Chain], None]) -> Chain:
    chain = Chain(CHAIN.registry, dict(CHAIN.batches), dict(CHAIN.checkpoints))
    change(chain)
    return chain


def test_a_node_brackets_every_entry_between_blocks() -> None:
    evidence = check(GOOD, asking(node()))
    assert evidence.anchoring == "anchored"
    assert evidence.steps[7].status.value == "established"
    sale = evidence.timeline[3]
    assert sale.after is not None
    assert sale.before is not None
    assert (sale.after.kind, sale.after.number, sale.after.is_checked) == ("block", 12, True)
    assert (sale.before.kind, sale.before.number, sale.before.is_checked) == ("anchor", 14, True)
    assert "(after block 12 (2026-11-18T11:06:35Z), before anchor 14 (2026-11-18T11:07:40Z))" in sale.text


def test_the_chains_time_of_an_anchor_replaces_the_bundles() -> None:
    later = Chain.holding(NETWORK.registry, golden_manifest(), GOOD.anchors, delay=7)
    for hinted in (0, 1795000030, 2**53 - 1):
        anchors = (replace(GOOD.anchors[0], time=hinted), GOOD.anchors[1])
        bound = check(replace(GOOD, anchors=anchors), asking(node(later))).timeline[0].before
        assert bound is not None
        assert (bound.time, bound.is_checked) == (1795000037, True)


def test_a_state_proof_and_a_trusted_block_stand_in_for_the_node() -> None:
    evidence = check(PROVEN, TRUSTING)
    assert evidence.anchoring == "anchored"
    bound = evidence.timeline[0].before
    assert bound is not None
    assert (bound.time, bound.is_checked) == (1795000030, True)
    unchecked = {finding.what for step, finding in evidence.not_checked if step == 7}
    assert unchecked == {"block 12 of the BEACON at 5"}, "a state proof never proves a BEACON's block"


def test_node_and_state_proof_together_must_both_agree() -> None:
    both = replace(TRUSTING, node=node())
    assert check(PROVEN, both).steps[7].status.value == "established"
    other = changed(lambda chain: chain.checkpoints.pop(9))
    assert rejected(PROVEN, replace(TRUSTING, node=node(other))).step == 7


def test_a_state_proof_without_a_trusted_block_is_not_checked() -> None:
    evidence = check(PROVEN, READER)
    unchecked = {finding.what for step, finding in evidence.not_checked if step == 7}
    assert {"the state proof", "the batch on chain"} <= unchecked
    assert evidence.anchoring == "anchored, not checked"


def test_a_trusted_block_without_a_state_proof_is_not_checked() -> None:
    evidence = check(GOOD, TRUSTING)
    unchecked = {finding.what for step, finding in evidence.not_checked if step == 7}
    assert {"the trusted block", "the batch on chain"} <= unchecked
    assert evidence.anchoring == "anchored, not checked"


@pytest.mark.parametrize(
    "change",
    [
        lambda chain: chain.batches.clear(),
        lambda chain: chain.batches.update(
            {k: b._replace(root=b"\1" * 32) for k, b in chain.batches.items()}
        ),
        lambda chain: chain.batches.update({k: b._replace(size=8) for k, b in chain.batches.items()}),
        lambda chain: chain.checkpoints.clear(),
        lambda chain: chain.checkpoints.pop(9),
        lambda chain: chain.checkpoints.update({9: chain.checkpoints[14]}),
        lambda chain: chain.checkpoints.update({14: chain.checkpoints[9]}),
    ],
    ids=["no batch", "other root", "other size", "no anchors", "one anchor gone", "other root at 9", "at 14"],
)
def test_a_registry_that_says_otherwise_refuses_the_proof(change: Callable[[Chain], None]) -> None:
    chain = changed(change)
    assert rejected(GOOD, asking(node(chain))).step == 7
    shown = chain.prove([slot for slot, _ in CHAIN.prove_all().storage])
    error = rejected(
        replace(GOOD, state_proof=shown), replace(READER, trusted_block_hash=keccak256(shown.header))
    )
    assert error.step == 7


def test_a_registry_at_another_address_proves_nothing() -> None:
    elsewhere = Chain(bytes(19) + b"\x09", CHAIN.batches, CHAIN.checkpoints).prove_all()
    reader = replace(READER, trusted_block_hash=keccak256(elsewhere.header))
    assert rejected(replace(GOOD, state_proof=elsewhere), reader).step == 7


def proof_parts() -> list[tuple[str, StateProof]]:
    proof = CHAIN.prove_all()
    nodes = [("header", replace(proof, header=flipped(proof.header)))]
    for n, raw in enumerate(proof.account):
        nodes.append((f"account[{n}]", replace(proof, account=put(proof.account, n, flipped(raw)))))
    for n, (slot, path) in enumerate(proof.storage):
        for m, raw in enumerate(path):
            forged = put(proof.storage, n, (slot, put(path, m, flipped(raw))))
            nodes.append((f"storage[{n}][{m}]", replace(proof, storage=forged)))
        nodes.append(
            (
                f"slot {n}",
                replace(proof, storage=put(proof.storage, n, (bytes([slot[0] ^ 1]) + slot[1:], path))),
            )
        )
        nodes.append((f"no slot {n}", replace(proof, storage=(*proof.storage[:n], *proof.storage[n + 1 :]))))
    nodes.append(("surplus slot", CHAIN.prove([*dict(proof.storage), bytes(31) + b"\x02"])))
    return nodes


def flipped(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


def put(items: tuple[Any, ...], position: int, item: Any) -> tuple[Any, ...]:
    return (*items[:position], item, *items[position + 1 :])


@pytest.mark.parametrize(
    ("name", "forged"), proof_parts(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_part_of_a_state_proof_counts(name: str, forged: StateProof) -> None:
    assert rejected(replace(GOOD, state_proof=forged), TRUSTING).step == 7, name


def test_a_flipped_bit_in_each_byte_of_a_state_proof_is_rejected() -> None:
    raw = PROVEN.to_bytes()
    start, end = raw.index(b'"state_proof":'), raw.index(b'"type":')
    for position in range(start, end):
        forged = bytearray(raw)
        forged[position] ^= 1 << position % 8
        with pytest.raises(ProofRejected):
            verify(bytes(forged), TRUSTING)


def test_a_node_of_another_chain_is_not_believed() -> None:
    error = rejected(GOOD, asking(node(id=1)))
    assert (error.step, error.facts["cause"]) == (7, "chain_mismatch")


def test_a_node_that_is_down_gives_no_verdict() -> None:
    with pytest.raises(ChainUnavailable):
        check(GOOD, asking(node(is_down=True)))


def test_a_pending_proof_may_come_before_the_batch_is_on_chain() -> None:
    pending = replace(GOOD, anchors=())
    evidence = check(pending, asking(node(Chain(NETWORK.registry))))
    assert evidence.anchoring == "pending"
    assert any("pending" in (finding.why_not or "") for step, finding in evidence.not_checked if step == 7)
    assert check(pending, asking(node())).steps[7].status.value == "established"


# Beacons and brackets.


def test_a_block_that_the_node_does_not_know_is_not_checked() -> None:
    evidence = check(GOOD, asking(node(blocks={})))
    unchecked = [finding for step, finding in evidence.not_checked if step == 7]
    assert [finding.why_not for finding in unchecked] == ["the node does not know it"]
    after = evidence.timeline[3].after
    assert after is not None
    assert (after.time, after.is_checked) == (ENTRIES[5].time // 1000 - 5, False)


@pytest.mark.parametrize(
    "forged",
    [header(13, 1), BLOCK + b"\0", b"", b"\xc0", flipped(BLOCK)],
    ids=["other", "longer", "none", "empty", "bit"],
)
def test_a_header_that_is_not_the_beacons_block_is_refused(forged: bytes) -> None:
    beacons = (replace(GOOD.beacons[0], header=forged),)
    assert rejected(replace(GOOD, beacons=beacons), READER).step == 7
    assert rejected(GOOD, asking(node(blocks={keccak256(BLOCK): forged}))).step == 7


def test_a_beacon_that_names_another_number_is_refused() -> None:
    entries = list(world().entries[:-1])
    entries[5] = replace(entries[5], count=13)
    lying = replace(world(), entries=with_state(entries))
    assert rejected(lying.bundle(), READER).step == 7
    assert rejected(replace(lying, headers=()).bundle(), asking(node())).step == 7


def test_a_beacon_is_a_beacon() -> None:
    stray = GOOD.parties[0]
    beacon = replace(GOOD.beacons[0], index=stray.index, entry=stray.entry, path=stray.path, header=None)
    assert rejected(replace(GOOD, beacons=(beacon,)), READER).step == 7


def told_at(positions: dict[int, int]) -> World:
    """The story with the times of some entries moved, and everything after them moved along."""
    entries: list[Entry] = []
    shift = 0
    for index, entry in enumerate(world().entries[:-1]):
        shift = positions.get(index, shift)
        entries.append(replace(entry, time=entry.time + shift))
    return replace(world(), entries=with_state(entries))


def chain_for(bundle: Bundle) -> FakeNode:
    return node(Chain.holding(NETWORK.registry, golden_manifest(), bundle.anchors))


@pytest.mark.parametrize(("shift", "lawful"), [(119_000, True), (121_000 + 60_000, False)])
def test_an_entry_dated_after_the_anchor_that_holds_it_is_refused(shift: int, lawful: bool) -> None:
    bundle = told_at({9: shift}).bundle()
    reader = asking(chain_for(bundle))
    if lawful:
        assert check(bundle, reader).anchoring == "anchored"
    else:
        assert rejected(bundle, reader).step == 9
        assert check(bundle, READER).anchoring == "anchored, not checked", "a hint refuses nothing"


@pytest.mark.parametrize(("age", "lawful"), [(-119, True), (-125, False)])
def test_an_entry_dated_before_the_beacon_it_follows_is_refused(age: int, lawful: bool) -> None:
    block = header(12, ENTRIES[5].time // 1000 - age)
    entries = list(world().entries[:-1])
    entries[5] = replace(entries[5], subject=keccak256(block))
    bundle = replace(world(), entries=with_state(entries), headers=(block,)).bundle()
    if lawful:
        assert check(bundle, READER).state == "REDEEMED"
    else:
        assert rejected(bundle, READER).step == 9, "the header is bound by the BEACON, node or no node"
        bare = replace(bundle, beacons=(replace(bundle.beacons[0], header=None),))
        chain = Chain.holding(NETWORK.registry, golden_manifest(), bundle.anchors)
        assert rejected(bare, asking(node(chain, blocks={keccak256(block): block}))).step == 9
        assert check(bare, READER).state == "REDEEMED", (
            "without header or node there is no time to hold it to"
        )


def test_entries_are_bracketed_by_the_nearest_beacon_and_anchor() -> None:
    late = header(99, ENTRIES[5].time // 1000)
    first, count = split_number(99)
    entries = list(world().entries[:-1])
    beacon = Entry(EntryType.BEACON, entries[11].time + 0, keccak256(late), bytes(20), first, count)
    entries.insert(11, beacon)
    anchors = ((9, 1795000030), (12, 1795000040), (15, 1795000060))
    told = replace(world(), entries=with_state(entries), headers=(BLOCK, late), anchors=anchors)
    timeline = check(told.bundle(), READER).timeline
    assert [event.after.number if event.after else None for event in timeline] == [None, 12, 12, 12, 12, 99]
    assert [event.before.number if event.before else None for event in timeline] == [9, 9, 9, 12, 12, 15]


# A batch signed for an earlier deployment.


OLD = Domain(31337, bytes(19) + b"\x42")


def signed_for(domain: Domain) -> Bundle:
    signature = manifest.sign(SUPPLIER_KEY, golden_manifest().digest(domain))
    return replace(GOOD, batch=replace(GOOD.batch, domain=domain, signature=signature))


def test_a_batch_of_another_registry_is_looked_up_where_the_reader_trusts_it() -> None:
    moved = signed_for(OLD)
    new = changed(lambda chain: chain.batches.clear())
    evidence = check(moved, asking(node(new)))
    assert any("another registry" in (f.why_not or "") for step, f in evidence.not_checked if step == 7)
    old = Chain(OLD.registry, CHAIN.batches)
    trusting = replace(asking(node(new)), other_nodes={OLD: FakeNode(old)})
    assert check(moved, trusting).steps[7].status.value == "established"


def test_the_other_registry_must_hold_the_batch_too() -> None:
    moved = signed_for(OLD)
    empty = replace(asking(node()), other_nodes={OLD: FakeNode(Chain(OLD.registry))})
    assert rejected(moved, empty).step == 7
    foreign = replace(asking(node()), other_nodes={OLD: FakeNode(CHAIN, id=5)})
    assert rejected(moved, foreign).facts["cause"] == "chain_mismatch"


def test_a_batchs_second_word_is_time_and_size() -> None:
    word = next(
        value
        for slot, value in CHAIN.storage().items()
        if slot == stateproof.batch_slots(golden_manifest().batch_id)[1]
    )
    assert word == GENESIS_TIME * 2**32 + 7
    assert CHAIN.batches[golden_manifest().batch_id] == BatchOnChain(golden_manifest().root, 7, GENESIS_TIME)
    assert READER.log_key == LOG_KEY
