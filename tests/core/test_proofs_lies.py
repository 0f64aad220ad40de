"""Steps 1 to 6 and 8 to 10 against an operator who holds the log's key and signs whatever suits him."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provenance.core import manifest, merkle, notes
from provenance.core.entries import Entry, EntryType, address_subject
from provenance.core.keyformats import CardKey
from provenance.core.notes import COSIGNATURE, Checkpoint
from provenance.core.proofs import Bundle, Evidence, OpenedDetails, ReaderContext, Witness, verify
from provenance.errors import ProofRejected
from tests.core.proof_world import (
    GOLDEN,
    LOG_KEY,
    LOG_SEED,
    NETWORK,
    ORIGIN,
    READER,
    World,
    golden_entries,
    golden_world,
    with_state,
    world_of,
)

GOOD = golden_world().bundle()
ENTRIES = golden_entries()
(
    LOG,
    RECEIPTS,
    SUPPLIER,
    SHOP,
    COMMISSION,
    BEACON,
    TRANSFER,
    RECEIVE,
    _,
    SELL,
    DELIVER,
    SELL_OTHER,
    REDEEM,
    _,
) = ENTRIES
STRANGER = bytes(19) + b"\x07"


def check(bundle: Bundle, reader: ReaderContext = READER) -> Evidence:
    return verify(bundle.to_bytes(), reader)


def rejected(bundle: Bundle, reader: ReaderContext = READER) -> ProofRejected:
    with pytest.raises(ProofRejected) as caught:
        check(bundle, reader)
    return caught.value


def lie(*entries: Entry, **changes: Any) -> ProofRejected:
    """The failure of a proof from a log of *entries*, honestly sealed and signed."""
    return rejected(world_of(renumbered(entries), **{"details": {}, **changes}).bundle())


def renumbered(entries: tuple[Entry, ...]) -> list[Entry]:
    """The same entries a millisecond apart, so that only what a test is about is wrong."""
    return [replace(entry, time=ENTRIES[0].time + n) for n, entry in enumerate(entries)]


def card_key(index: int) -> CardKey:
    row = GOLDEN["keys"][index]
    return CardKey("cmcc-national", row["serial"], row["secret"])


# Step 1: this key.


def test_the_reader_who_holds_the_key_sees_that_it_is_this_one() -> None:
    evidence = check(GOOD, replace(READER, card_key=card_key(3)))
    assert evidence.steps[1].status.value == "established"


def test_the_reader_who_holds_another_key_is_not_shown_this_proof() -> None:
    assert rejected(GOOD, replace(READER, card_key=card_key(2))).step == 1


def test_without_an_opening_the_reader_needs_the_salt() -> None:
    sealed = replace(GOOD, key=replace(GOOD.key, opening=None))
    salt = bytes.fromhex(GOLDEN["keys"][3]["salt"])
    unchecked = check(sealed, replace(READER, card_key=card_key(3))).not_checked
    assert any("salt" in (finding.why_not or "") for step, finding in unchecked if step == 1)
    evidence = check(sealed, replace(READER, card_key=card_key(3), salt=salt))
    assert evidence.steps[1].status.value == "established"
    assert rejected(sealed, replace(READER, card_key=card_key(3), salt=bytes(16))).step == 1


def test_an_opening_of_another_key_is_refused_whatever_the_reader_holds() -> None:
    other = replace(golden_world(), key_index=2).key()
    forged = replace(GOOD, key=replace(GOOD.key, opening=other.opening))
    assert rejected(forged).step == 1
    salt = bytes.fromhex(GOLDEN["keys"][3]["salt"])
    assert rejected(forged, replace(READER, card_key=card_key(3), salt=salt)).step == 1


def test_a_use_of_no_sale_is_refused() -> None:
    forged = replace(GOOD, key=replace(GOOD.key, use=bytes.fromhex(GOLDEN["keys"][1]["use"])))
    assert rejected(forged).step == 1
    assert rejected(replace(GOOD, custody=GOOD.custody[:3])).step == 1


def test_a_proof_without_a_use_says_so() -> None:
    evidence = check(replace(GOOD, key=replace(GOOD.key, use=None)))
    assert any("use" in finding.what for step, finding in evidence.not_checked if step == 1)


# Steps 2 and 3: in this batch, of this supplier.


def test_a_leaf_at_another_index_is_refused() -> None:
    assert rejected(replace(GOOD, key=replace(GOOD.key, index=2))).step == 2
    assert rejected(replace(GOOD, key=replace(GOOD.key, index=7))).step == 2
    assert rejected(replace(GOOD, key=replace(GOOD.key, path=GOOD.key.path[:-1]))).step == 2


def test_an_inner_node_is_no_leaf() -> None:
    path = GOOD.key.path
    inner = merkle.node_hash(path[0], GOOD.key.leaf)
    forged = replace(GOOD.key, leaf=inner, path=path[1:], opening=None, index=1)
    assert rejected(replace(GOOD, key=forged)).step == 2


def test_details_that_the_manifest_does_not_name_are_refused() -> None:
    details = replace(GOOD.batch.details, face_value="500.00")
    assert rejected(replace(GOOD, batch=replace(GOOD.batch, details=details))).step == 3


def test_a_manifest_signed_by_another_is_refused() -> None:
    stranger = manifest.sign(bytes(31) + b"\x01", GOOD.batch.manifest.digest(NETWORK))
    assert rejected(replace(GOOD, batch=replace(GOOD.batch, signature=stranger))).step == 3


def test_a_signature_for_another_domain_is_refused() -> None:
    domain = replace(NETWORK, chain_id=1)
    assert rejected(replace(GOOD, batch=replace(GOOD.batch, domain=domain))).step == 3


# Steps 4 to 6: in the log, signed, of one history.


@pytest.mark.parametrize("section", ["custody", "parties", "beacons"])
def test_an_entry_that_is_not_in_the_log_is_refused(section: str) -> None:
    first, *rest = getattr(GOOD, section)
    changes = (
        {"index": first.index + 1},
        {"index": 2**53 - 1},
        {"path": first.path[:-1]},
        {"path": (*first.path, bytes(32))},
        {"entry": replace(first.entry, time=first.entry.time + 1)},
    )
    for change in changes:
        forged = replace(GOOD, **{section: (replace(first, **change), *rest)})
        assert rejected(forged).step == 4


def test_a_checkpoint_that_the_log_did_not_sign_is_refused() -> None:
    seed = bytes(32)
    impostor = notes.sign(GOOD.checkpoint.text, ORIGIN, seed)
    assert rejected(replace(GOOD, checkpoint=notes.Note(GOOD.checkpoint.text, (impostor,)))).step == 5


def test_a_checkpoint_of_another_origin_is_refused_though_the_key_signed_it() -> None:
    head = Checkpoint("other.example/log", GOOD.head.size, GOOD.head.root)
    signature = notes.sign(head.text, ORIGIN, LOG_SEED)
    assert rejected(replace(GOOD, checkpoint=notes.Note(head.text, (signature,)))).step == 5


def witness(name: str, seed: int) -> tuple[notes.VerifierKey, notes.NoteSignature]:
    private = bytes([seed]) * 32
    key = notes.verifier_key(name, private, COSIGNATURE)
    return key, notes.cosign(GOOD.checkpoint.text, name, private, 1795000050)


def test_witnesses_that_replay_are_named_in_the_completeness_line() -> None:
    (plain, line_1), (replaying, line_2) = witness("w.example/1", 1), witness("w.example/2", 2)
    bundle = replace(GOOD, checkpoint=GOOD.checkpoint.with_signature(line_1).with_signature(line_2))
    reader = replace(
        READER, witnesses=(Witness(plain), Witness(replaying, replays=True)), witness_threshold=2
    )
    evidence = check(bundle, reader)
    assert evidence.completeness == "complete by STATE, replayed by w.example/2"
    assert evidence.steps[5].status.value == "established"
    assert check(bundle).completeness == "complete by STATE, replayed by nobody", (
        "unknown witnesses do not count"
    )


def test_too_few_or_forged_cosignatures_are_refused() -> None:
    (known, line), (missing, _) = witness("w.example/1", 1), witness("w.example/2", 2)
    reader = replace(READER, witnesses=(Witness(known), Witness(missing)))
    signed = replace(GOOD, checkpoint=GOOD.checkpoint.with_signature(line))
    assert check(signed, replace(reader, witness_threshold=1)).steps[5].status.value == "established"
    assert rejected(signed, replace(reader, witness_threshold=2)).step == 5
    assert rejected(GOOD, replace(reader, witness_threshold=1)).step == 5
    assert check(GOOD, reader).steps[5].status.value == "partly"
    forged = replace(line, signature=line.signature[:8] + bytes(64))
    assert rejected(replace(GOOD, checkpoint=GOOD.checkpoint.with_signature(forged)), reader).step == 5


def test_a_proof_without_anchors_is_pending() -> None:
    evidence = check(replace(GOOD, anchors=()))
    assert evidence.anchoring == "pending"
    assert evidence.steps[6].status.value == "not checked"
    assert all(event.before is None for event in evidence.timeline)
    assert "before no anchor yet" in evidence.timeline[0].text


@pytest.mark.parametrize(
    "change",
    [
        lambda old, new: (old,),
        lambda old, new: (new, old),
        lambda old, new: (old, old, new),
        lambda old, new: (old, new, new),
        lambda old, new: (replace(old, root=bytes(32)), new),
        lambda old, new: (replace(old, size=8), new),
        lambda old, new: (replace(old, size=0), new),
        lambda old, new: (replace(old, consistency=old.consistency[:-1]), new),
        lambda old, new: (old, replace(new, root=bytes(32))),
        lambda old, new: (old, replace(new, size=15)),
        lambda old, new: (old, replace(new, consistency=(bytes(32),))),
    ],
)
def test_anchors_are_ever_longer_prefixes_that_end_in_the_checkpoint(change: Callable[..., Any]) -> None:
    assert rejected(replace(GOOD, anchors=change(*GOOD.anchors))).step == 6


# Step 8: what was sealed.


def with_details(position: int, details: OpenedDetails | None) -> Bundle:
    custody = list(GOOD.custody)
    custody[position] = replace(custody[position], details=details)
    return replace(GOOD, custody=tuple(custody))


def test_sealed_details_are_reported_as_sealed() -> None:
    evidence = check(with_details(3, None))
    assert "1 entries keep theirs sealed" in {f.why_not for step, f in evidence.not_checked if step == 8}
    assert evidence.timeline[3].to_json()["details"] is None


def test_details_that_were_not_committed_to_are_refused() -> None:
    opened = GOOD.custody[3].details
    assert opened is not None
    assert rejected(with_details(3, OpenedDetails(bytes(16), opened.value))).step == 8
    assert rejected(with_details(3, OpenedDetails(opened.salt, {**opened.value, "price": "1.00"}))).step == 8
    assert rejected(with_details(0, opened)).step == 8, "an entry without details opens none"
    assert rejected(with_details(3, OpenedDetails(opened.salt, {"a": "b" * 20_000}))).step == 8


# Step 9: a lawful life.


def test_the_same_story_told_by_a_new_log_is_accepted() -> None:
    story = (SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, SELL, DELIVER, REDEEM)
    evidence = check(world_of(renumbered(story), details={}).bundle())
    assert evidence.state == "REDEEMED"
    assert evidence.completeness.startswith("complete by STATE")


@pytest.mark.parametrize(
    "story",
    [
        (SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, SELL, replace(SELL, party=STRANGER)),
        (SUPPLIER, SHOP, COMMISSION, SELL),
        (SUPPLIER, SHOP, COMMISSION, TRANSFER, SELL),
        (SUPPLIER, SHOP, COMMISSION, RECEIVE, SELL),
        (SUPPLIER, SHOP, COMMISSION, COMMISSION, TRANSFER, RECEIVE, SELL),
        (SUPPLIER, SHOP, replace(COMMISSION, actor=SHOP.subject[12:]), TRANSFER, RECEIVE, SELL),
        (SUPPLIER, SHOP, replace(COMMISSION, count=6), TRANSFER, RECEIVE, SELL),
        (SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, SELL, DELIVER, replace(REDEEM, actor=STRANGER)),
        (SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, SELL, DELIVER, REDEEM, REDEEM),
        (SUPPLIER, SHOP, TRANSFER, RECEIVE, SELL),
    ],
    ids=[
        "sold twice", "sold by a non-holder", "sold before received", "received what was not offered",
        "commissioned twice", "commissioned by another", "commissioned in part", "redeemed by a stranger",
        "redeemed twice", "never commissioned",
    ],
)  # fmt: skip
def test_an_unlawful_custody_is_refused_though_the_log_signed_it(story: tuple[Entry, ...]) -> None:
    assert lie(*story).step == 9


def test_an_empty_custody_is_no_custody() -> None:
    assert rejected(replace(GOOD, custody=(), key=replace(GOOD.key, use=None))).step == 9


def test_entries_of_another_key_or_batch_are_not_this_custody() -> None:
    other_key = replace(SELL_OTHER, subject=SELL_OTHER.subject)
    world = world_of(renumbered((SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, SELL, other_key)), details={})
    bundle = world.bundle()
    leaves = [merkle.leaf_hash(entry.encode()) for entry in world.entries]
    foreign = tuple(world.logged(leaves, [6]))
    assert rejected(replace(bundle, custody=bundle.custody + foreign)).step == 9
    assert lie(SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, replace(SELL, subject=bytes(32))).step in (1, 9)


def test_entries_out_of_order_are_refused() -> None:
    custody = list(GOOD.custody)
    custody[3], custody[4] = custody[4], custody[3]
    assert rejected(replace(GOOD, custody=tuple(custody))).step == 9
    assert rejected(replace(GOOD, custody=(*GOOD.custody, GOOD.custody[-1]))).step == 9


def test_times_increase_along_a_life() -> None:
    story = renumbered((SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, SELL, DELIVER))
    story[6] = replace(story[6], time=story[5].time)
    assert rejected(world_of(story, details={}).bundle()).step == 9


def suspended(who: Entry) -> Entry:
    return replace(who, reason=7, detail=bytes(32))


@pytest.mark.parametrize(
    "story",
    [
        (SUPPLIER, COMMISSION, TRANSFER, RECEIVE, SELL),
        (SHOP, COMMISSION, TRANSFER, RECEIVE, SELL),
        (SUPPLIER, COMMISSION, TRANSFER, RECEIVE, SHOP, SELL),
        (SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, suspended(SHOP), SELL),
        (SUPPLIER, SHOP, suspended(SUPPLIER), COMMISSION, TRANSFER, RECEIVE, SELL),
    ],
    ids=["never admitted", "supplier never admitted", "admitted too late", "suspended", "supplier suspended"],
)
def test_only_admitted_parties_act(story: tuple[Entry, ...]) -> None:
    assert lie(*story).step == 9


def test_a_party_suspended_and_admitted_again_may_act() -> None:
    story = (SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, suspended(SHOP), SHOP, SELL)
    assert check(world_of(renumbered(story), details={}).bundle()).state == "SOLD"


def test_a_successor_acts_for_the_party_it_succeeds() -> None:
    succession = Entry(EntryType.PARTY, 0, SHOP.subject, bytes(20), party=STRANGER, reason=8)
    story = (SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, succession, replace(SELL, actor=STRANGER))
    assert check(world_of(renumbered(story), details={}).bundle()).state == "SOLD"
    assert lie(SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, succession, SELL).step == 9
    dismissed = replace(SHOP, subject=address_subject(STRANGER), reason=7, detail=bytes(32))
    assert lie(*story[:-1], dismissed, story[-1]).step == 9, "a suspended successor does not act"
    assert lie(SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, replace(SELL, actor=STRANGER)).step == 9


def test_parties_are_party_entries_about_addresses() -> None:
    world = golden_world()
    leaves = [merkle.leaf_hash(entry.encode()) for entry in world.entries]
    stray = tuple(world.logged(leaves, [0]))
    assert rejected(replace(GOOD, parties=GOOD.parties + stray)).step == 9
    hidden = replace(SHOP, subject=b"\x01" + address_subject(SHOP.subject[12:])[1:])
    assert lie(SUPPLIER, hidden, COMMISSION, TRANSFER, RECEIVE, SELL).step == 9


# Step 10: nothing left out.


def test_a_proof_that_leaves_the_redemption_out_is_refused() -> None:
    assert rejected(replace(GOOD, custody=GOOD.custody[:-1])).step == 10


def test_without_a_state_what_was_left_out_is_not_found_and_the_evidence_says_so() -> None:
    evidence = check(replace(GOOD, custody=GOOD.custody[:-1], state=None))
    assert evidence.completeness == "completeness not checked (no state)"
    assert evidence.steps[10].status.value == "not checked"
    assert evidence.state == "DELIVERED"


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {"ranges": state.ranges[:-1]},
        lambda state: {"ranges": (*state.ranges, state.ranges[-1])},
        lambda state: {"ranges": (state.ranges[0], state.ranges[2], state.ranges[1])},
        lambda state: {"ranges": (*state.ranges, SELL_OTHER)},
        lambda state: {"ranges": (*state.ranges, replace(TRANSFER, subject=bytes(32)))},
        lambda state: {"ranges": (*state.ranges, replace(TRANSFER, first=4, count=2))},
        lambda state: {"record_path": state.record_path[:-1]},
        lambda state: {"record_path": (bytes(32), *state.record_path[1:])},
        lambda state: {"batch_position": 1},
        lambda state: {"batches": 2},
        lambda state: {"batch_path": (bytes(32),)},
    ],
)
def test_every_part_of_the_state_must_fit(change: Callable[..., dict[str, Any]]) -> None:
    assert GOOD.state is not None
    assert rejected(replace(GOOD, state=replace(GOOD.state, **change(GOOD.state)))).step == 10


def test_an_older_state_does_not_prove_the_present() -> None:
    world = golden_world()
    leaves = [merkle.leaf_hash(entry.encode()) for entry in world.entries]
    old = merkle.inclusion_path(leaves, 8)
    assert GOOD.state is not None
    assert rejected(replace(GOOD, state=replace(GOOD.state, index=8, entry=ENTRIES[8], path=old))).step == 10


def test_a_recall_of_a_range_cannot_be_left_out() -> None:
    recall = replace(TRANSFER, type=EntryType.VOID, party=bytes(20), detail=bytes(32))
    story = renumbered((SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE, recall))
    honest = without_use(world_of(story, details={}).bundle())
    assert check(honest).state == "VOID"
    assert rejected(replace(honest, custody=honest.custody[:-1])).step == 10


def test_a_state_followed_by_a_sale_does_not_hide_the_sale() -> None:
    story = renumbered((SUPPLIER, SHOP, COMMISSION, TRANSFER, RECEIVE))
    sealed = with_state(story)
    world = world_of(story, details={})
    late = replace(SELL, time=sealed[-1].time + 1, detail=bytes(32))
    size = len(sealed) + 1
    log = replace(world, entries=(*sealed, late), anchors=((size, 1795000060),))
    leaves = [merkle.leaf_hash(entry.encode()) for entry in log.entries]
    before = world.bundle().state
    assert before is not None
    state = replace(before, path=merkle.inclusion_path(leaves, size - 2))
    hiding = replace(without_use(log.bundle()), state=state)
    assert hiding.head.size == size
    assert rejected(replace(hiding, custody=hiding.custody[:-1])).step == 10


def test_an_entry_of_another_type_is_no_state_whatever_it_says() -> None:
    *before, state = with_state(ENTRIES[:-1])
    world = golden_world()
    disguised = replace(world, entries=(*before, replace(state, type=EntryType.BEACON)))
    leaves = [merkle.leaf_hash(entry.encode()) for entry in disguised.entries]
    assert GOOD.state is not None
    path = merkle.inclusion_path(leaves, 13)
    forged = replace(GOOD.state, entry=disguised.entries[13], path=path)
    bundle = disguised.bundle()
    assert rejected(replace(bundle, state=forged, beacons=GOOD.beacons[:0])).step == 10


def test_ranges_of_another_batch_are_not_counted_in() -> None:
    for invented in (replace(TRANSFER, subject=bytes(32), first=5, count=2), replace(SELL_OTHER, first=6)):
        entries = with_state(ENTRIES[:-1], [invented])
        bundle = replace(golden_world(), entries=entries).bundle()
        assert bundle.state is not None
        counted = replace(bundle.state, ranges=(*bundle.state.ranges, invented))
        assert rejected(replace(bundle, state=counted)).step == 10


def without_use(bundle: Bundle) -> Bundle:
    return replace(bundle, key=replace(bundle.key, use=None))


def test_what_stands_last_must_be_a_state_entry() -> None:
    world = golden_world()
    shortened = replace(world, entries=world.entries[:13], anchors=((13, 1795000060),))
    leaves = [merkle.leaf_hash(entry.encode()) for entry in shortened.entries]
    assert GOOD.state is not None
    path = merkle.inclusion_path(leaves, 12)
    forged = replace(GOOD.state, index=12, entry=shortened.entries[12], path=path)
    assert rejected(replace(shortened.bundle(), state=forged)).step == 10


@pytest.mark.parametrize(
    "change",
    [
        {"count": 12},
        {"first": 1},
        {"party": bytes(19) + b"\x02"},
        {"party": b"\x01" + bytes(18) + b"\x01"},
        {"subject": bytes(32)},
    ],
    ids=["index", "high index", "batches", "no number", "root"],
)
def test_a_state_entry_that_lies_is_refused(change: dict[str, Any]) -> None:
    *before, state = with_state(ENTRIES[:-1])
    world = replace(golden_world(), entries=(*before, replace(state, **change)))
    assert rejected(world.bundle()).step == 10


def test_the_world_of_these_tests_is_the_golden_one() -> None:
    world: World = golden_world()
    assert world.bundle() == GOOD
    assert LOG.type is RECEIPTS.type is EntryType.KEY
    assert BEACON.type is EntryType.BEACON
    assert GOOD.log.key == LOG_KEY
