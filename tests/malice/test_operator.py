"""An operator who cheats, one way at a time: who finds it, and at which step or by which rule.

Auditors and witnesses hold the public log, the contract its newest root, some readers a receipt. Each test
says who of them is enough; readers of a proof are in ``test_reader``, the real contract in ``test_contract``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from provenance.audit.source import LogSource
from provenance.core import merkle, receipts, statetree
from provenance.core.addcheckpoint import AddCheckpoint
from provenance.core.entries import EntryType, number_party, split_number
from provenance.core.notes import Checkpoint, Note, sign_checkpoint, verifier_key
from provenance.core.proofs import CheckpointOnChain
from provenance.core.stateproof import BlockHeader
from provenance.core.tilepaths import encode_bundle, entries_path
from provenance.errors import ProofInvalid
from provenance.witness.witness import Answer, Witness, WitnessKey
from tests.audit.log_world import (
    ORIGIN,
    OTHER_SHOP,
    SHOP,
    SUPPLIER,
    LogWorld,
    MemoryFetcher,
    lived_in,
    rules,
    use_of,
)

T = EntryType
RECEIPT_SEED = bytes(range(32, 64))
KEY = WitnessKey("witness.example/honest", bytes(range(60, 92)))


def witness_of(world: LogWorld, folder: Path) -> tuple[Witness, MemoryFetcher]:
    """A witness that has cosigned the world as it is."""
    fetcher = MemoryFetcher(world.files())
    witness = Witness(KEY, world.log_key, LogSource(fetcher), folder, lambda: 1_800_000_000)
    assert witness.add_checkpoint(AddCheckpoint(0, (), world.note()).encode()).status == 200
    return witness, fetcher


def submit(witness: Witness, fetcher: MemoryFetcher, world: LogWorld, old: int) -> Answer:
    """Serve *world* and ask for a cosignature, with the best consistency proof that its tree gives."""
    fetcher.files = world.files()
    leaves = [merkle.leaf_hash(raw) for raw in world.raws()]
    proof = merkle.consistency_path(leaves, old) if old < len(leaves) else ()
    return witness.add_checkpoint(AddCheckpoint(old, proof, world.note()).encode())


def contract_accepts(world: LogWorld, old: Checkpoint) -> bool:
    """What ``anchorCheckpoint`` decides: newer than the latest, and consistent with it."""
    size = len(world.entries)
    if size <= old.size:
        return False
    leaves = [merkle.leaf_hash(raw) for raw in world.raws()]
    try:
        path = merkle.consistency_path(leaves, old.size)
        merkle.verify_consistency(old.size, old.root, size, world.root(), path)
    except ProofInvalid:
        return False
    return True


def test_an_entry_dropped_from_the_past_is_found_by_contract_witness_and_auditor(tmp_path: Path) -> None:
    world = lived_in()
    anchored = world.checkpoint()
    witness, fetcher = witness_of(world, tmp_path)
    del world.entries[-4]
    for _ in range(3):
        world.add(T.QUALIFICATION, bytes(32))
    assert not contract_accepts(world, anchored)
    assert submit(witness, fetcher, world, anchored.size).status == 422
    found = world.audit().findings
    assert "anchor_differs" in {finding.rule for finding in found}
    assert next(one for one in found if one.rule == "anchor_differs").index == anchored.size - 1


def test_an_entry_dropped_before_it_was_ever_anchored_is_found_by_who_holds_its_receipt() -> None:
    world = lived_in()
    batch = next(iter(world.manifests))
    promised = world.entries[world.act(T.SELL, batch, 5, SUPPLIER)]
    receipt = receipts.make(promised, "00" * 16, ORIGIN, RECEIPT_SEED)
    world.entries.pop()
    world.add(T.QUALIFICATION, bytes(32), later_ms=receipts.MERGE_DELAY_MS + 5_000)
    world.beacon()
    world.anchor()
    assert world.audit().is_clean, "to everybody else the log is lawful: only the receipt tells"
    receipts.verify(receipt, ORIGIN, verifier_key(receipts.key_name(ORIGIN), RECEIPT_SEED))
    younger = [entry for entry in world.entries if entry.type is T.BEACON][-1]
    assert receipt.due < BlockHeader.parse(world.node.headers[younger.subject]).time * 1000
    assert receipt.entry not in world.entries


def test_two_entries_swapped_are_found_by_contract_witness_and_auditor(tmp_path: Path) -> None:
    world = lived_in()
    anchored = world.checkpoint()
    witness, fetcher = witness_of(world, tmp_path)
    sell = next(index for index, entry in enumerate(world.entries) if entry.type is T.SELL)
    world.entries[sell], world.entries[sell + 1] = world.entries[sell + 1], world.entries[sell]
    world.add(T.QUALIFICATION, bytes(32))
    assert not contract_accepts(world, anchored)
    assert submit(witness, fetcher, world, anchored.size).status == 422
    found = {(finding.rule, finding.index) for finding in world.audit().findings}
    assert {("no_such_use", sell), ("anchor_differs", anchored.size - 1)} <= found


def test_an_entry_dated_back_before_its_beacon_is_found_by_the_auditor() -> None:
    world = lived_in()
    batch = next(iter(world.manifests))
    world.beacon()
    wrong = world.act(T.SELL, batch, 5, SUPPLIER)
    world.entries[wrong] = replace(world.entries[wrong], time=world.entries[wrong].time - 3_600_000)
    (finding,) = [one for one in world.audit().findings if one.rule == "before_its_beacon"]
    assert finding.index == wrong


def answer_to(files: dict[str, bytes], world: LogWorld, folder: Path) -> tuple[int, bytes]:
    """What a witness that knows nothing yet says of the world's checkpoint, served with *files*."""
    witness = Witness(KEY, world.log_key, LogSource(MemoryFetcher(files)), folder, lambda: 1_800_000_000)
    answer = witness.add_checkpoint(AddCheckpoint(0, (), world.note()).encode())
    return answer.status, answer.body


def test_a_stored_row_edited_is_found_by_auditor_and_witness_at_its_tile_and_by_the_root(
    tmp_path: Path,
) -> None:
    world = lived_in()
    files = world.files()
    raws = world.raws()
    raws[12] = replace(world.entries[12], actor=OTHER_SHOP).encode()
    files[entries_path(0, len(raws))] = encode_bundle(raws)
    found = world.audit(files).findings
    assert {"tile_wrong", "root_wrong"} <= {finding.rule for finding in found}
    assert next(one for one in found if one.rule == "tile_wrong").index == 12
    status, said = answer_to(files, world, tmp_path)
    assert (status, b"tile_wrong" in said) == (503, True), "it may be the way, so it may be asked again"


def test_a_tile_rewritten_is_found_by_auditor_and_witness_at_the_entry_below_it(tmp_path: Path) -> None:
    world = lived_in()
    files = world.files()
    name = f"tile/0/000.p/{len(world.entries)}"
    files[name] = files[name][: 32 * 7] + bytes(32) + files[name][32 * 8 :]
    (finding,) = world.audit(files).findings
    assert (finding.rule, finding.index) == ("tile_wrong", 7)
    assert answer_to(files, world, tmp_path)[0] == 503


def test_a_signed_fork_is_found_by_contract_witness_and_whoever_saw_the_other_branch(tmp_path: Path) -> None:
    world = lived_in()
    told = world.note()
    anchored = world.checkpoint()
    witness, fetcher = witness_of(world, tmp_path)
    fork = lived_in()
    fork.entries[-3] = replace(fork.entries[-3], time=fork.entries[-3].time + 1)
    fork.add(T.QUALIFICATION, bytes(32))
    assert not contract_accepts(fork, anchored)
    assert submit(witness, fetcher, fork, anchored.size).status == 422
    report = fork.audit(node=None, seen=(told,))
    assert "fork" in rules(report)


def test_two_histories_of_one_size_are_found_by_the_witness_and_by_comparing_two_notes(
    tmp_path: Path,
) -> None:
    world = lived_in()
    other = lived_in()
    witness, fetcher = witness_of(world, tmp_path)
    other.entries[-3] = replace(other.entries[-3], time=other.entries[-3].time + 1)
    assert submit(witness, fetcher, other, len(world.entries)).status == 409
    finding = next(one for one in other.audit(node=None, seen=(world.note(),)).findings if one.rule == "fork")
    assert finding.index == len(world.entries) - 1


def test_a_forged_state_is_found_by_witness_and_auditor_at_its_index(tmp_path: Path) -> None:
    world = lived_in()
    witness, fetcher = witness_of(world, tmp_path)
    old = len(world.entries)
    world.add(T.QUALIFICATION, bytes(32))
    wrong = world.state(root=b"\x13" * 32)
    answer = submit(witness, fetcher, world, old)
    assert (answer.status, b"state_wrong" in answer.body) == (403, True)
    (finding,) = world.audit().findings
    assert (finding.rule, finding.index) == ("state_wrong", wrong)


def test_a_state_that_misplaces_itself_or_miscounts_the_batches_is_found() -> None:
    world = lived_in()
    world.add(T.QUALIFICATION, bytes(32))
    world.state(batches=7)
    last = world.entries[-1]
    first, count = split_number(3)
    world.entries[-1] = replace(last, first=first, count=count)
    assert rules(world.audit()) == {"state_batches", "state_misplaced"}


def test_a_redemption_hidden_from_a_bundle_is_found_by_its_reader_in_step_10() -> None:
    world = lived_in()
    batch = next(iter(world.manifests))
    singles = [e.encode() for e in world.entries if e.subject == batch and not e.is_range and e.first == 0]
    assert len(singles) == 3
    records = statetree.SparseRecords(7, {0: statetree.chain(singles)})
    ranges = [e.encode() for e in world.entries if e.subject == batch and e.is_range]
    leaf = merkle.leaf_hash(statetree.batch_leaf(batch, statetree.chain(ranges), records.keys_root()))
    proof = statetree.StateProof(
        batch, merkle.InclusionProof(0, 7, records.record_path(0)), merkle.InclusionProof(0, 1, ())
    )
    statetree.verify_state(proof, singles, ranges, leaf)
    with pytest.raises(ProofInvalid):
        statetree.verify_state(proof, singles[:-1], ranges, leaf)


def test_a_redemption_hidden_from_the_state_tree_itself_is_found_by_witness_and_auditor(
    tmp_path: Path,
) -> None:
    world = lived_in()
    witness, fetcher = witness_of(world, tmp_path)
    old = len(world.entries)
    batch = next(iter(world.manifests))
    world.act(T.DELIVER, batch, 1, party=use_of(77))
    hidden = LogWorld(entries=world.entries[:-1])
    hidden.state()
    world.state(root=hidden.entries[-1].subject)
    assert b"state_wrong" in submit(witness, fetcher, world, old).body
    assert "state_wrong" in rules(world.audit())


def test_a_lied_size_is_found_by_the_auditor_whichever_way_it_lies() -> None:
    world = lived_in()
    files, size = world.files(), len(world.entries)
    larger = Checkpoint(world.note().text.split("\n")[0], size + 1, world.root())
    files["checkpoint"] = sign_checkpoint(larger, world.seed).encode()
    missing = next(one for one in world.audit(files).findings if one.rule == "bundle_missing")
    assert (missing.index, "tile/entries/" in missing.message) == (0, True)
    smaller = Checkpoint(larger.origin, size - 1, world.root())
    files["checkpoint"] = sign_checkpoint(smaller, world.seed).encode()
    files[entries_path(0, size - 1)] = encode_bundle(world.raws()[:-1])
    assert {"root_wrong", "anchor_beyond_log"} <= rules(world.audit(files))


def test_a_database_rolled_back_to_yesterday_is_found_by_contract_witness_auditor_and_reader(
    tmp_path: Path,
) -> None:
    world = lived_in()
    told, anchored = world.note(), world.checkpoint()
    witness, _ = witness_of(world, tmp_path)
    del world.entries[-6:]
    assert not contract_accepts(world, anchored)
    body = AddCheckpoint(anchored.size, (), world.note()).encode()
    assert witness.add_checkpoint(body).status == 400
    assert witness.add_checkpoint(AddCheckpoint(0, (), world.note()).encode()).status == 409
    assert "anchor_beyond_log" in rules(world.audit())
    assert "log_shrunk" in rules(world.audit(node=None, seen=(told,)))


def test_an_auditor_who_goes_on_sees_that_the_log_shrank() -> None:
    world = lived_in()
    first = world.auditing(log_key=world.log_key)
    first.run()
    del world.entries[-3:]
    fetcher = MemoryFetcher(world.files())
    first._source._fetcher = fetcher
    assert "log_shrunk" in rules(first.run())


def test_an_event_invented_in_a_partys_name_is_found_in_that_partys_own_feed() -> None:
    world = lived_in()
    batch = next(iter(world.manifests))
    invented = world.act(T.SELL, batch, 5, SUPPLIER, use_of(321))
    kept = {e.encode() for e in world.entries[:invented] if SUPPLIER in (e.actor, e.party)}
    assert world.audit().is_clean, (
        "nobody else can tell: the party must look at what stands under its address"
    )
    feed = [e for e in world.entries if SUPPLIER in (e.actor, e.party)]
    strange = [e for e in feed if e.encode() not in kept]
    assert [world.entries.index(e) for e in strange] == [invented]
    assert strange[0].detail == bytes(32), "and it bears no commitment to a request that the party signed"


def test_an_event_invented_for_a_party_that_holds_nothing_is_found_by_the_auditor() -> None:
    world = lived_in()
    batch = next(iter(world.manifests))
    wrong = world.act(T.SELL, batch, 5, OTHER_SHOP, use_of(321))
    (finding,) = world.audit().findings
    assert (finding.rule, finding.index, finding.key) == ("not_holder", wrong, 5)


def test_one_batch_in_two_places_of_the_state_tree_is_found_by_witness_and_auditor(tmp_path: Path) -> None:
    world = lived_in()
    witness, fetcher = witness_of(world, tmp_path)
    old = len(world.entries)
    audit = world.auditing()
    audit.run()
    leaves = [book.leaf() for book in audit.replay.keys.batches.values()]
    world.add(T.QUALIFICATION, bytes(32))
    wrong = world.state(root=merkle.root([*leaves, leaves[0]]), batches=3)
    assert b"state_wrong" in submit(witness, fetcher, world, old).body
    found = {(finding.rule, finding.index) for finding in world.audit().findings}
    assert found == {("state_wrong", wrong), ("state_batches", wrong)}


def test_a_second_commission_that_would_give_a_batch_a_second_place_is_found() -> None:
    world = lived_in()
    batch = next(iter(world.manifests))
    wrong = world.add(T.COMMISSION, batch, SUPPLIER, count=7)
    (finding,) = world.audit().findings
    assert (finding.rule, finding.index) == ("commission_first", wrong)


def test_a_leaf_anchored_with_the_stolen_key_is_found_by_the_auditor_at_once() -> None:
    world = lived_in()
    size = len(world.entries)
    thief = merkle.root([*(merkle.leaf_hash(raw) for raw in world.raws()), merkle.leaf_hash(b"thief")])
    world.node.checkpoints[size + 1] = CheckpointOnChain(thief, world.time // 1000)
    (finding,) = world.audit().findings
    assert finding.rule == "anchor_beyond_log"
    world.add(T.QUALIFICATION, bytes(32))
    world.add(T.QUALIFICATION, bytes(32))
    finding = next(one for one in world.audit().findings if one.rule == "anchor_differs")
    assert finding.index == size


def test_a_batch_invented_in_a_suppliers_name_is_found_by_the_auditor() -> None:
    world = lived_in()
    batch = world.batch(4)
    files = world.files()
    name = f"batch/{batch.hex()}"
    forged = files[name].replace(b'"signature":"0x', b'"signature":"0x00')
    files[name] = forged[:-4] + forged[-2:]
    (finding,) = world.audit(files).findings
    assert (finding.rule, finding.index, finding.batch) == (
        "batch_not_signed", len(world.entries) - 1, batch,
    )  # fmt: skip


def test_a_correction_of_an_entry_on_another_key_is_found() -> None:
    world = lived_in()
    batch = next(iter(world.manifests))
    wrong = world.add(T.CORRECTION, batch, SHOP, first=4, count=1, party=number_party(11))
    (finding,) = world.audit().findings
    assert (finding.rule, finding.index) == ("no_such_entry", wrong)


def test_a_checkpoint_signed_by_a_key_that_the_log_never_announced_is_found() -> None:
    world = lived_in()
    files = world.files()
    files["checkpoint"] = sign_checkpoint(world.checkpoint(), bytes(32)).encode()
    assert "signature_invalid" in rules(world.audit(files))
    assert "signature_unknown" in rules(world.audit(files, log_key=None))
    assert Note.parse(files["checkpoint"]).text == world.note().text
