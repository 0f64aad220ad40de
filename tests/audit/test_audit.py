"""An outside auditor with only the public files and a node: what he says, and how he goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.audit import snapshot
from provenance.audit.run import Audit
from provenance.core.batchfile import batch_path
from provenance.core.entries import EntryType, PartyReason
from provenance.core.notes import Checkpoint, sign_checkpoint, verifier_key
from provenance.errors import InputRefused
from tests.audit.log_world import (
    ORIGIN,
    OTHER_SHOP,
    SHOP,
    SUPPLIER,
    FakeNode,
    LogWorld,
    lived_in,
    rules,
    use_of,
)

T = EntryType


def test_a_lawful_log_is_clean_and_everything_in_it_was_looked_at() -> None:
    world = lived_in()
    report = world.audit()
    assert report.findings == ()
    assert (report.entries, report.batches, report.states, report.anchors) == (len(world.entries), 2, 2, 2)
    assert report.signed_by == world.log_key.encode()
    assert report.not_checked == ["witnesses: no policy was brought"]


def test_what_the_auditor_did_not_bring_is_not_checked_and_never_passed() -> None:
    report = lived_in().audit(log_key=None, node=None)
    assert report.is_clean
    assert [text.split(":")[0] for text in report.not_checked] == [
        "the log's key", "witnesses", "anchors, batches on chain and time brackets",
    ]  # fmt: skip


def test_a_chain_that_holds_nothing_of_the_log_establishes_nothing_and_that_is_told() -> None:
    report = lived_in().audit(node=FakeNode())
    assert not [text for text in report.established if "chain" in text or "anchored" in text]
    assert {"2 STATEs are not anchored (yet)", "2 batches are not registered on the chain (yet)"} <= set(
        report.not_checked
    )


def test_a_batch_without_a_manifest_is_a_finding_at_its_commission_and_never_a_licence() -> None:
    world = lived_in()
    places = {
        batch: next(i for i, e in enumerate(world.entries) if e.type is T.COMMISSION and e.subject == batch)
        for batch in world.manifests
    }
    world.serves_manifests = False
    for node in (world.node, None):
        found = world.audit(node=node).findings
        assert {(one.rule, one.batch, one.index) for one in found} == {
            ("manifest_missing", batch, index) for batch, index in places.items()
        }


def test_a_double_sale_in_a_batch_whose_manifest_is_withheld_is_not_clean() -> None:
    world = LogWorld().begin()
    batch = world.batch()
    world.act(T.SELL, batch, 3, SUPPLIER)
    world.act(T.SELL, batch, 3, SUPPLIER, use_of(99))
    files = world.files()
    del files[batch_path(batch)]
    (finding,) = world.audit(files, node=None).findings
    assert (finding.rule, finding.batch) == ("manifest_missing", batch)


@pytest.mark.parametrize(
    ("bend", "rules_of_it"),
    [
        (lambda raw: b"", {"manifest_malformed"}),
        (lambda raw: raw[:-1], {"manifest_malformed"}),
        (lambda raw: raw + b"x", {"manifest_malformed"}),
        (lambda raw: raw + b"\n", {"manifest_malformed"}),
        (lambda raw: b" " * 70_000, {"manifest_malformed"}),
        (lambda raw: b"[" * 60_000, {"manifest_malformed"}),
        (lambda raw: raw.replace(b'"size":7', b'"size":6'), {"manifest_other"}),
        (lambda raw: raw.replace(b'"chain_id":31337', b'"chain_id":31336'), {"batch_not_signed"}),
    ],
    ids=["empty", "cut", "extended", "newline", "too large", "nested", "another manifest", "another chain"],
)
def test_a_tampered_batch_file_is_a_finding_with_its_batch_and_index(
    bend: Callable[[bytes], bytes], rules_of_it: set[str]
) -> None:
    world = LogWorld().begin()
    batch = world.batch()
    files = world.files()
    files[batch_path(batch)] = bend(files[batch_path(batch)])
    (finding,) = world.audit(files).findings
    assert {finding.rule} == rules_of_it
    assert (finding.batch, finding.index) == (batch, len(world.entries) - 1)


def test_the_file_of_another_batch_is_found_in_its_place() -> None:
    world = LogWorld().begin()
    batch, other = world.batch(), world.batch(9)
    files = world.files()
    files[batch_path(batch)] = files[batch_path(other)]
    (finding,) = world.audit(files).findings
    assert (finding.rule, finding.batch) == ("manifest_other", batch)


@given(st.data())
def test_no_bit_of_a_batch_file_can_be_turned_unseen(data: st.DataObject) -> None:
    world = LogWorld().begin()
    batch = world.batch()
    files = world.files()
    raw = bytearray(files[batch_path(batch)])
    at = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[at // 8] ^= 1 << at % 8
    files[batch_path(batch)] = bytes(raw)
    assert rules(world.audit(files)) & {"manifest_malformed", "manifest_other", "batch_not_signed"}


@pytest.mark.parametrize("many", [255, 256, 257, 700])
def test_a_log_of_any_size_is_replayed_whole(many: int) -> None:
    world = LogWorld().begin()
    batch = world.batch(1_000)
    while len(world.entries) < many:
        world.act(T.SELL, batch, len(world.entries), SUPPLIER)
    report = world.audit()
    assert report.is_clean
    assert report.size == many


def test_a_second_sale_of_one_key_is_found_with_its_index_and_key() -> None:
    world = LogWorld().begin()
    batch = world.batch()
    world.act(T.SELL, batch, 3, SUPPLIER)
    wrong = world.act(T.SELL, batch, 3, SUPPLIER, use_of(99))
    (finding,) = world.audit().findings
    assert (finding.rule, finding.index, finding.batch, finding.key) == ("sold", wrong, batch, 3)


def test_entries_of_parties_nobody_admitted_or_that_were_suspended_are_found() -> None:
    world = LogWorld().begin()
    batch = world.batch()
    world.hand_over(batch, 0, 2)
    world.party(SHOP, PartyReason.SUSPENDED)
    wrong = world.act(T.SELL, batch, 0)
    (finding,) = world.audit().findings
    assert (finding.rule, finding.index, finding.key) == ("not_admitted", wrong, 0)


def test_a_successor_sells_what_the_old_address_held() -> None:
    world = LogWorld().begin()
    batch = world.batch()
    world.hand_over(batch, 0, 2)
    world.act(T.SELL, batch, 0)
    world.party(SHOP, PartyReason.SUCCEEDED, b"\x77" * 20)
    world.act(T.SELL, batch, 1, b"\x77" * 20)
    world.act(T.DELIVER, batch, 0, b"\x77" * 20)
    assert world.audit().is_clean


def test_a_range_entry_that_one_touched_key_forbids_is_found_at_that_key() -> None:
    world = LogWorld().begin()
    batch = world.batch(100)
    world.act(T.SELL, batch, 42, SUPPLIER)
    wrong = world.add(T.TRANSFER, batch, SUPPLIER, first=0, count=100, party=SHOP)
    (finding,) = world.audit().findings
    assert (finding.rule, finding.index, finding.key) == ("sold", wrong, 42)


def test_an_entry_on_a_batch_that_was_never_commissioned_is_found() -> None:
    world = LogWorld().begin()
    batch = world.batch(commission=False)
    wrong = world.act(T.SELL, batch, 0, SUPPLIER)
    (finding,) = world.audit().findings
    assert (finding.rule, finding.index) == ("commission_first", wrong)


def test_a_time_before_its_beacon_or_after_its_anchor_is_found() -> None:
    world = LogWorld().begin()
    batch = world.batch()
    world.beacon()
    world.time -= 200_000
    early = world.add(T.QUALIFICATION, bytes(32))
    world.time += 900_000
    late = world.act(T.SELL, batch, 0, SUPPLIER)
    world.time -= 600_000
    world.anchor()
    report = world.audit()
    found = {(finding.rule, finding.index) for finding in report.findings}
    assert found == {("before_its_beacon", early), ("after_its_anchor", late)}
    (bracket,) = {one.bracket for one in report.findings}
    assert bracket is not None, "each is told with the block before it and the anchor after it"
    after, before = bracket
    assert after is not None and before is not None
    (beacon,) = [one for one in world.entries if one.type is T.BEACON]
    assert (after.kind, after.number, after.is_checked) == ("block", beacon.number, True)
    assert (before.kind, before.number, before.is_checked) == ("anchor", len(world.entries), True)
    told = report.findings[0].to_json()
    assert (told["after"], told["before"]) == (after.to_json(), before.to_json())
    assert report.findings[0].moment == f"after {after.text}, before {before.text}"


def test_a_finding_that_no_node_brackets_says_so(tmp_path: Path) -> None:
    world = LogWorld().begin()
    batch = world.batch()
    world.add(T.COMMISSION, batch, SUPPLIER, count=7)
    world.beacon()
    world.add(T.COMMISSION, batch, SUPPLIER, count=7)
    audit = world.auditing(log_key=world.log_key)
    first, second = audit.run().findings
    assert first.moment == "after no beacon, before no anchor known here"
    assert second.bracket is not None and second.bracket[0] is not None
    assert "time unknown, not checked" in second.moment
    snapshot.save(audit.replay, tmp_path / "kept", audit.told(world.checkpoint()))
    later = world.auditing(log_key=world.log_key)
    told = snapshot.load(later.replay, tmp_path / "kept")
    assert told is not None
    later.take_up(told)
    assert later.run().findings == (first, second)


def test_an_anchored_size_that_ends_in_no_state_is_found() -> None:
    world = lived_in()
    world.anchor()
    world.add(T.QUALIFICATION, bytes(32))
    size = len(world.entries)
    world.node.checkpoints[size] = world.node.checkpoints[size - 1]._replace(root=world.root())
    assert rules(world.audit()) == {"anchor_without_state", "state_without_news"}


def test_an_audit_goes_on_where_it_left_off(tmp_path: Path) -> None:
    world = lived_in()
    first = world.auditing(log_key=world.log_key, node=world.node)
    report = first.run()
    kept = tmp_path / "audit.state"
    snapshot.save(first.replay, kept, first.told(Checkpoint(report.origin, report.size, report.root)))

    batch = next(iter(world.manifests))
    world.act(T.DELIVER, batch, 1, party=use_of(77))
    world.act(T.REINSTATE, batch, 4, OTHER_SHOP)  # not lawful: never sold
    for _ in range(300):
        world.add(T.QUALIFICATION, bytes(32))
    world.anchor()
    second = world.auditing(log_key=world.log_key, node=world.node)
    told = snapshot.load(second.replay, kept)
    assert told is not None
    assert second.take_up(told).size == report.size
    resumed, whole = second.run(), world.audit()
    assert resumed.entries == len(world.entries) - report.size
    assert resumed.findings == whole.findings
    assert [finding.rule for finding in whole.findings] == ["void"]
    assert second.replay.state_root() == _replayed(world)


def _kept(world: LogWorld, path: Path, **brings: Any) -> Path:
    audit = world.auditing(**brings)
    report = audit.run()
    snapshot.save(audit.replay, path, audit.told(Checkpoint(report.origin, report.size, report.root)))
    return path


def _taken_up(world: LogWorld, kept: Path, **brings: Any) -> Audit:
    audit = world.auditing(**brings)
    told = snapshot.load(audit.replay, kept)
    assert told is not None
    audit.take_up(told)
    return audit


def test_what_was_replayed_without_a_node_is_not_passed_off_as_held_against_one(tmp_path: Path) -> None:
    world = lived_in()
    kept = _kept(world, tmp_path / "audit.state", log_key=world.log_key)
    with pytest.raises(InputRefused) as refused:
        _taken_up(world, kept, node=world.node)
    assert refused.value.code == "resume_without_node"
    both = _kept(world, tmp_path / "both.state", node=world.node)
    without = _taken_up(world, both)
    report = without.run()
    assert any(text.startswith("anchors") for text in report.not_checked)
    assert without.told(world.checkpoint())["chain_id"] is None


def test_the_replay_of_another_log_or_under_another_key_is_not_taken_up(tmp_path: Path) -> None:
    world = lived_in()
    kept = _kept(world, tmp_path / "audit.state", log_key=world.log_key)
    for other in (verifier_key(ORIGIN, bytes(32)), verifier_key("log.example/else", world.seed)):
        with pytest.raises(InputRefused) as refused:
            _taken_up(world, kept, log_key=other)
        assert refused.value.code == "snapshot_of_another_log"


def test_an_audit_that_goes_on_sees_another_history(tmp_path: Path) -> None:
    world = lived_in()
    kept = _kept(world, tmp_path / "audit.state")
    world.entries[-2] = world.entries[1]
    assert "fork" in rules(_taken_up(world, kept).run())
    world.add(T.QUALIFICATION, bytes(32))
    assert "fork" in rules(_taken_up(world, kept).run())


@pytest.mark.parametrize("member", ["checkpoint", "unsigned", "log_key", "chain_id"])
def test_a_snapshot_without_one_of_its_members_is_malformed(tmp_path: Path, member: str) -> None:
    world = lived_in()
    audit = world.auditing()
    audit.run()
    told = audit.told(world.checkpoint())
    del told[member]
    snapshot.save(audit.replay, tmp_path / "audit.state", told)
    with pytest.raises(InputRefused) as refused:
        _taken_up(world, tmp_path / "audit.state")
    assert refused.value.code == "snapshot_malformed"


def test_a_replay_that_rests_on_what_was_not_served_is_not_to_be_kept() -> None:
    world = lived_in()
    audit = world.auditing()
    audit.run()
    assert audit.may_be_kept
    world.serves_manifests = False
    audit = world.auditing()
    audit.run()
    assert not audit.may_be_kept


def _with_a_double_sale() -> tuple[LogWorld, int]:
    world = LogWorld().begin()
    batch = world.batch(1_000)
    world.act(T.SELL, batch, 3, SUPPLIER)
    wrong = world.act(T.SELL, batch, 3, SUPPLIER, use_of(99))
    while len(world.entries) < 600:
        world.act(T.SELL, batch, len(world.entries), SUPPLIER)
    return world, wrong


@pytest.mark.parametrize(
    ("name", "content", "rule", "index"),
    [
        ("successions", b"x", "successions_malformed", None),
        ("successions", b"[" * 60_000, "successions_malformed", None),
        ("successions", b" " * 70_000, "successions_malformed", None),
        ("tile/0/001", bytes(32 * 200), "tile_malformed", 256),
        ("tile/0/001", bytes(32 * 400), "tile_malformed", 256),
        ("tile/1/000.p/2", bytes(32 * 400), "tile_malformed", 0),
        ("tile/0/001", None, "tile_missing", 256),
        ("tile/entries/001", b"x", "bundle_malformed", 256),
        ("tile/entries/001", bytes(90_000), "bundle_malformed", 256),
        ("tile/entries/001", None, "bundle_missing", 256),
    ],
)
def test_one_bad_file_is_named_and_hides_nothing_that_was_found_before(
    name: str, content: bytes | None, rule: str, index: int | None
) -> None:
    world, wrong = _with_a_double_sale()
    files = world.files()
    assert name in files or name == "successions"
    files[name] = content or b""
    if content is None:
        del files[name]
    report = world.audit(files)
    found = {(one.rule, one.index): one for one in report.findings}
    assert set(found) == {("sold", wrong), (rule, index)}
    assert name in found[rule, index].message
    if rule.startswith("bundle"):
        assert any("entries from 256 on" in text for text in report.not_checked)


def test_a_seen_checkpoint_is_evidence_only_if_this_log_signed_it() -> None:
    world = lived_in()
    forged = Checkpoint(ORIGIN, 5, b"\x01" * 32)
    stranger = sign_checkpoint(forged, bytes(32))
    elsewhere = sign_checkpoint(Checkpoint("log.example/else", 5, b"\x01" * 32), world.seed)
    for key in (world.log_key, None):
        report = world.audit(log_key=key, seen=(stranger, elsewhere))
        assert report.is_clean
        assert len([text for text in report.not_checked if text.startswith("seen checkpoint")]) == 2
        assert rules(world.audit(log_key=key, seen=(sign_checkpoint(forged, world.seed),))) == {"fork"}


def test_a_damaged_snapshot_is_refused(tmp_path: Path) -> None:
    world = lived_in()
    audit = world.auditing()
    audit.run()
    kept = tmp_path / "audit.state"
    snapshot.save(audit.replay, kept, audit.told(world.checkpoint()))
    raw = bytearray(kept.read_bytes())
    raw[len(raw) // 2] ^= 1
    kept.write_bytes(raw)
    with pytest.raises(Exception, match="damaged"):
        snapshot.load(world.auditing().replay, kept)


def _replayed(world: LogWorld) -> bytes:
    from provenance.core import statereplay

    replay = statereplay.Replay()
    for entry in world.entries:
        replay.add(entry)
    return replay.state().root
