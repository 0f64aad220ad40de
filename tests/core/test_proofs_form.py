"""Step 0: what is not exactly a proof of this network and log is refused before anything is believed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provenance.core import canonical
from provenance.core.manifest import Domain
from provenance.core.notes import Note, VerifierKey, verifier_key
from provenance.core.proofs import MAX_BUNDLE_SIZE, ReaderContext, StateProof, Witness, read_bundle, verify
from provenance.errors import InputRefused, ProofRejected
from tests.core.proof_world import (
    GOLDEN,
    GOLDEN_FILE,
    LOG_KEY,
    NETWORK,
    READER,
    golden_world,
)

OPENING = GOLDEN["bundle"]["key"]["opening"]
SECRETS = (OPENING["secret"], OPENING["serial"], OPENING["salt"], GOLDEN["bundle"]["key"]["use"])
SIGNATURE_LINE = GOLDEN["bundle"]["checkpoint"].split("\n\n")[1]


def state_proof(account: list[str], storage: object) -> dict[str, Any]:
    return {"header": "", "account": account, "storage": storage}


def rejection(raw: bytes, reader: ReaderContext = READER) -> ProofRejected:
    with pytest.raises(ProofRejected) as caught:
        verify(raw, reader)
    return caught.value


def changed(change: Callable[[dict[str, Any]], None]) -> bytes:
    members = copy.deepcopy(GOLDEN["bundle"])
    change(members)
    return canonical.encode(members)


def test_the_builder_reproduces_the_golden_file_byte_for_byte() -> None:
    assert golden_world().bundle().to_bytes() == GOLDEN_FILE


def test_what_is_read_is_written_back() -> None:
    assert read_bundle(GOLDEN_FILE).to_bytes() == GOLDEN_FILE
    assert read_bundle(GOLDEN_FILE) == golden_world().bundle()


def test_neither_a_bundle_nor_its_reader_shows_the_key() -> None:
    shown = repr(read_bundle(GOLDEN_FILE)) + repr(READER)
    assert not any(secret in shown for secret in SECRETS)
    assert not any(repr(bytes.fromhex(secret)) in shown for secret in SECRETS[2:])


def test_the_evidence_holds_neither_key_nor_salt_nor_use() -> None:
    evidence = verify(GOLDEN_FILE, READER)
    shown = json.dumps(evidence.to_json()) + repr(evidence)
    assert not any(secret in shown for secret in SECRETS)


def test_the_golden_bundle_is_accepted_and_says_what_was_not_checked() -> None:
    evidence = verify(GOLDEN_FILE, READER)
    assert evidence.completeness == "complete by STATE, replayed by nobody"
    assert evidence.anchoring == "anchored, not checked"
    assert (evidence.state, evidence.sold_before) == ("REDEEMED", False)
    assert evidence.batch_id.hex() == GOLDEN["batch_id"]
    assert (evidence.key_index, evidence.checkpoint_size) == (3, 14)
    assert [(step.number, step.status.value) for step in evidence.steps] == [
        (0, "established"), (1, "partly"), (2, "established"), (3, "established"), (4, "established"),
        (5, "partly"), (6, "established"), (7, "not checked"), (8, "established"), (9, "partly"),
        (10, "established"),
    ]  # fmt: skip
    assert [event.entry.type.name for event in evidence.timeline] == [
        "COMMISSION", "TRANSFER", "RECEIVE", "SELL", "DELIVER", "REDEEM",
    ]  # fmt: skip
    assert {step for step, _ in evidence.not_checked} == {1, 5, 7, 9}
    assert evidence.to_json()["timeline"][3]["details"]["price"] == "49.50"


def test_the_bounds_of_an_event_name_block_and_anchor_as_unchecked() -> None:
    commission, *_, redeem = verify(GOLDEN_FILE, READER).timeline
    assert commission.after is None
    assert redeem.text.endswith(
        "(after block 12 (time unknown, not checked), before anchor 14 (2026-11-18T11:07:40Z, not checked))"
    )


def test_a_reader_who_brings_nothing_is_told_so() -> None:
    evidence = verify(GOLDEN_FILE, ReaderContext())
    missing = {finding.what for step, finding in evidence.not_checked if step in (0, 5)}
    assert missing == {"the network", "the log", "the log's key", "witnesses"}
    assert evidence.steps[0].status.value == "partly"
    assert evidence.steps[5].status.value == "not checked"


def test_every_truncation_is_refused() -> None:
    for length in range(0, len(GOLDEN_FILE), 37):
        assert rejection(GOLDEN_FILE[:length]).step == 0
    assert rejection(GOLDEN_FILE[:-1]).step == 0


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (b"", "json_malformed"),
        (b"[]", "bundle_version"),
        (b"null", "bundle_version"),
        (b"{}", "bundle_version"),
        (GOLDEN_FILE + b"\n", "json_not_canonical"),
        (GOLDEN_FILE.replace(b'":', b'": ', 1), "json_not_canonical"),
        (json.dumps(GOLDEN["bundle"], sort_keys=True, separators=(",", ":")).encode(), "json_not_canonical"),
        (b"\xef\xbb\xbf" + GOLDEN_FILE, "json_malformed"),
        (GOLDEN_FILE.replace(b"proof/v1", b"proof/v2"), "bundle_version"),
        (GOLDEN_FILE.replace(b'"size":7', b'"size":7,"size":7'), "json_duplicate_member"),
        (GOLDEN_FILE.replace(b'"size":7', b'"size":7.0'), "json_number"),
        (GOLDEN_FILE.replace(b'"size":7', b'"size":7e0'), "json_number"),
        (GOLDEN_FILE.replace(b'"size":7', b'"size":9007199254740992'), "json_number"),
        (GOLDEN_FILE.replace(b'"size":7', b'"size":-7'), "bundle_malformed"),
        (GOLDEN_FILE.replace(b'"size":7', b'"size":true'), "bundle_malformed"),
        (GOLDEN_FILE.replace(b'"size":7', b'"size":"7"'), "bundle_malformed"),
        (GOLDEN_FILE.replace(b'"size":7', b'"size":0'), "manifest_invalid"),
        (b"[" * 100_000, "json_too_deep"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "json_too_deep"),
        (b" " * (MAX_BUNDLE_SIZE + 1), "json_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_canonical_bundle_is_refused_at_step_0(raw: bytes, cause: str) -> None:
    error = rejection(raw)
    assert (error.step, error.code, error.facts["cause"]) == (0, "proof_rejected", cause)


def objects(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every object of fixed form: not into the details that parties choose themselves."""
    if isinstance(value, list):
        return [found for n, item in enumerate(value) for found in objects(item, (*way, n))]
    if not isinstance(value, dict):
        return []
    inner = [
        found for name, item in value.items() if name != "value" for found in objects(item, (*way, name))
    ]
    return [way, *inner]


def at(members: Any, way: tuple[Any, ...]) -> Any:
    for step in way:
        members = members[step]
    return members


@pytest.mark.parametrize("way", objects(GOLDEN["bundle"]), ids=str)
def test_every_object_has_its_members_and_no_others(way: tuple[Any, ...]) -> None:
    assert rejection(changed(lambda b: at(b, way).update(extra=None))).step == 0
    for name in at(GOLDEN["bundle"], way):
        assert rejection(changed(lambda b, name=name: at(b, way).pop(name))).step == 0  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [None, 5, "text", [], {}, True, [None], "00" * 32], ids=str)
def test_a_member_of_another_type_is_refused_and_never_an_exception(wrong: Any) -> None:
    nullable = {("state",), ("state_proof",), ("key", "opening"), ("key", "use"), ("beacons", 0, "header")}
    checked = 0
    for way in objects(GOLDEN["bundle"]):
        for name, value in at(GOLDEN["bundle"], way).items():
            full = (*way, name)
            raw = changed(lambda b, way=way, name=name: at(b, way).update({name: wrong}))  # type: ignore[misc]
            if value == wrong or full[0] == "hints" or (wrong is None and full in nullable):
                continue
            if (wrong is None and name == "details") or (wrong in (5, []) and name in ("anchors", "time")):
                continue
            if wrong == [] and name in ("beacons", "parties"):
                continue
            checked += 1
            assert rejection(raw).step <= 10
    assert checked > 80


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda b: b["custody"][0].update(entry=b["custody"][0]["entry"][:-4]), "entry_malformed"),
        (lambda b: b["custody"][0].update(entry="AgE" + b["custody"][0]["entry"][3:]), "entry_malformed"),
        (lambda b: b["custody"][0].update(entry="AQs" + b["custody"][0]["entry"][3:]), "entry_malformed"),
        (lambda b: b["custody"][0].update(entry=b["custody"][0]["entry"][:-2]), "base64_malformed"),
        (lambda b: b["custody"][0].update(entry=b["custody"][0]["entry"] + "\n"), "base64_malformed"),
        (lambda b: b["custody"][0].update(entry=b["custody"][0]["entry"][:-3] + "B=="), "base64_malformed"),
        (lambda b: b["state"]["ranges"].append("AAAA"), "entry_malformed"),
        (lambda b: b["state"].update(ranges=b["state"]["ranges"][:1] * 1025), "bundle_malformed"),
        (lambda b: b["key"].update(path=["00" * 32] * 65), "bundle_malformed"),
        (lambda b: b["anchors"][0].update(consistency=["00" * 32] * 65), "bundle_malformed"),
        (lambda b: b["key"]["path"].append("AB" * 32), "hex_malformed"),
        (lambda b: b["key"]["path"].append("0x" + "ab" * 32), "hex_malformed"),
        (lambda b: b["key"]["path"].append("ab" * 31), "hex_malformed"),
        (lambda b: b["network"].update(registry=b["network"]["registry"].upper()), "hex_malformed"),
        (lambda b: b["network"].update(registry=b["network"]["registry"][2:]), "hex_malformed"),
        (lambda b: b["network"].update(chain_id=0), "manifest_invalid"),
        (lambda b: b["batch"]["details"].update(face_value="50,00"), "manifest_invalid"),
        (lambda b: b["key"]["opening"].update(serial="1\n2"), "bundle_malformed"),
        (lambda b: b["key"]["opening"].update(secret="a" * 1025), "bundle_malformed"),
        (lambda b: b.update(checkpoint="x"), "note_malformed"),
        (lambda b: b.update(checkpoint=b["checkpoint"] + SIGNATURE_LINE * 9_999), "note_malformed"),
        (lambda b: b.update(checkpoint=b["checkpoint"] + SIGNATURE_LINE * 16), "note_malformed"),
        (lambda b: b.update(checkpoint="a" * 65_536 + b["checkpoint"]), "note_malformed"),
        (lambda b: b.update(checkpoint=b["checkpoint"].replace("\n14\n", "\n014\n")), "note_malformed"),
        (lambda b: b["log"].update(key="keys.example/log+00000000+AAAA"), "note_key_malformed"),
        (lambda b: b["log"].update(origin="other.example/log"), "bundle_malformed"),
        (lambda b: b.update(state_proof=state_proof([""] * 65, {})), "bundle_malformed"),
        (lambda b: b.update(state_proof=state_proof([], {"00": []})), "hex_malformed"),
        (lambda b: b.update(state_proof=state_proof([], [])), "bundle_malformed"),
        (lambda b: b["custody"][3]["details"].update(value=[]), "bundle_malformed"),
        (lambda b: b["hints"].update(batch_transaction="00" * 32), "hex_malformed"),
    ],
)  # fmt: skip
def test_bounds_and_spellings_are_checked_before_truth(
    change: Callable[[dict[str, Any]], None], cause: str
) -> None:
    error = rejection(changed(change))
    assert (error.step, error.facts["cause"]) == (0, cause)


BUNDLE = read_bundle(GOLDEN_FILE)
LONG = (bytes(32),) * 65


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (BUNDLE, {"custody": BUNDLE.custody[:1] * 10_001}),
        (BUNDLE, {"checkpoint": Note("a\n", BUNDLE.checkpoint.signatures)}),
        (BUNDLE.log, {"origin": "other.example/log"}),
        (BUNDLE.batch, {"signature": bytes(64)}),
        (BUNDLE.key, {"index": -1}),
        (BUNDLE.key, {"index": 2**53}),
        (BUNDLE.key, {"leaf": bytes(31)}),
        (BUNDLE.key, {"path": LONG}),
        (BUNDLE.key, {"path": (bytes(31),)}),
        (BUNDLE.key, {"use": bytes(31)}),
        (BUNDLE.key.opening, {"salt": bytes(15)}),
        (BUNDLE.key.opening, {"serial": "a\nb"}),
        (BUNDLE.key.opening, {"secret": "a\x85b"}),
        (BUNDLE.key.opening, {"secret": "卡" * 342}),
        (BUNDLE.custody[3].details, {"salt": bytes(15)}),
        (BUNDLE.custody[3].details, {"value": []}),
        (BUNDLE.custody[0], {"index": -1}),
        (BUNDLE.custody[0], {"path": LONG}),
        (BUNDLE.beacons[0], {"index": 2**53}),
        (BUNDLE.state, {"path": LONG}),
        (BUNDLE.state, {"record_path": LONG}),
        (BUNDLE.state, {"batch_path": LONG}),
        (BUNDLE.state, {"batch_position": -1}),
        (BUNDLE.state, {"batches": 2**53}),
        (BUNDLE.state, {"ranges": (BUNDLE.custody[0].entry,) * 1_025}),
        (BUNDLE.anchors[0], {"size": -1}),
        (BUNDLE.anchors[0], {"time": 2**53}),
        (BUNDLE.anchors[0], {"root": bytes(33)}),
        (BUNDLE.anchors[0], {"consistency": LONG}),
        (BUNDLE.hints, {"batch_transaction": bytes(31)}),
        (BUNDLE.hints, {"anchor_transactions": (bytes(31),)}),
        (StateProof(b"", (), ()), {"account": LONG}),
        (StateProof(b"", (), ()), {"storage": ((bytes(31), ()),)}),
        (StateProof(b"", (), ()), {"storage": ((bytes(32), LONG),)}),
        (StateProof(b"", (), ()), {"storage": ((bytes(32), ()), (bytes(32), ()))}),
    ],
)  # fmt: skip
def test_a_part_out_of_bounds_cannot_be_built_either(part: Any, change: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        replace(part, **change)


def test_a_bundle_that_grew_too_large_is_not_written() -> None:
    fat = replace(BUNDLE.beacons[0], header=bytes(MAX_BUNDLE_SIZE // 2))
    with pytest.raises(InputRefused):
        replace(BUNDLE, beacons=(fat,)).to_bytes()


def test_ten_thousand_custody_entries_are_read_and_one_more_is_not() -> None:
    def grow(count: int) -> bytes:
        return changed(lambda b: b.update(custody=[{**b["custody"][0], "path": []}] * count))

    assert rejection(grow(10_001)).step == 0
    assert rejection(grow(10_000)).step > 0


def test_a_refusal_names_the_place_and_never_the_content() -> None:
    error = rejection(changed(lambda b: b["key"]["opening"].update(secret=OPENING["secret"] + "\n")))
    assert "key" in error.message
    assert OPENING["secret"] not in repr(error.facts) + error.message
    wrong_member = rejection(changed(lambda b: b["key"]["opening"].update({OPENING["secret"]: 1})))
    assert OPENING["secret"] not in repr(wrong_member.facts) + wrong_member.message


@pytest.mark.parametrize(
    "network",
    [Domain(1, NETWORK.registry), Domain(NETWORK.chain_id, bytes(19) + b"\x01")],
    ids=["chain", "registry"],
)
def test_a_proof_of_another_network_is_refused(network: Domain) -> None:
    error = rejection(GOLDEN_FILE, ReaderContext(network=network, log_key=LOG_KEY))
    assert (error.step, error.facts["cause"]) == (0, "wrong_network")


@pytest.mark.parametrize(
    "key",
    [verifier_key(LOG_KEY.name, bytes(32)), VerifierKey("other.example/log", LOG_KEY.public)],
    ids=["same name", "same key"],
)
def test_a_proof_of_another_log_is_refused(key: VerifierKey) -> None:
    error = rejection(GOLDEN_FILE, ReaderContext(network=NETWORK, log_key=key))
    assert (error.step, error.facts["cause"]) == (0, "wrong_log")


@pytest.mark.parametrize(
    "context",
    [
        {"trusted_block_hash": bytes(32)},
        {"network": NETWORK, "trusted_block_hash": bytes(31)},
        {"salt": bytes(15)},
        {"log_key": VerifierKey("w", LOG_KEY.public, 4)},
        {"witness_threshold": 1},
    ],
    ids=str,
)
def test_a_reader_who_contradicts_himself_is_told_at_once(context: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        ReaderContext(**context)


def test_a_witness_is_known_by_a_cosignature_key() -> None:
    with pytest.raises(InputRefused):
        Witness(LOG_KEY)
