"""Terms read from JSON mean one thing, contradict themselves nowhere, and are named by one hash."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import terms
from provenance.core.claims import Rejection, evidence_json
from provenance.core.termsrules import words
from provenance.errors import InputRefused
from tests.core.claim_world import DAY, MINUTE, SELF, START, evidence

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "terms.schema.json").read_text("utf-8"))
schema = jsonschema_rs.validator_for(SCHEMA)
each_tier = pytest.mark.parametrize("tier", terms.Tier)
Change = Callable[[dict[str, Any]], object]


def changed(change: Change, tier: terms.Tier = terms.Tier.SELF_OPERATED) -> dict[str, Any]:
    said = copy.deepcopy(terms.to_json(terms.default_terms(tier)))
    change(said)
    return said


def code_of(said: object) -> str:
    with pytest.raises(InputRefused) as refused:
        terms.parse(json.dumps(said).encode())
    return refused.value.code


def cause(said: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in said["causes"] if each["code"] == code)
    return found


@each_tier
def test_the_default_terms_read_back_and_fit_the_open_schema(tier: terms.Tier) -> None:
    default = terms.default_terms(tier)
    assert default.tier is tier
    assert terms.parse(terms.encode(default)) == default
    schema.validate(terms.to_json(default))


@each_tier
def test_the_hash_is_sha256_of_the_canonical_json_however_the_file_is_written(tier: terms.Tier) -> None:
    said = terms.to_json(terms.default_terms(tier))
    expected = hashlib.sha256(rfc8785.dumps(said)).digest()
    shuffled = json.dumps(dict(reversed(said.items())), indent=4, ensure_ascii=True).encode()
    assert terms.terms_hash(terms.parse(shuffled)) == expected


def test_any_change_of_the_terms_is_another_hash() -> None:
    hashes = {terms.terms_hash(terms.default_terms(tier)) for tier in terms.Tier}
    for change in (
        lambda said: said.update(version=2),
        lambda said: cause(said, "late_delivery").update(threshold_s=301),
        lambda said: said["cover"]["text"].update(en="Other words."),
        lambda said: said["exclusions"].pop(),
    ):
        hashes.add(terms.terms_hash(terms.from_json(changed(change))))
    assert len(hashes) == len(terms.Tier) + 4


# What is wrong by its shape: Python and the open schema refuse the same.
SHAPELESS: dict[str, tuple[Change, str]] = {
    "no type": (lambda s: s.pop("type"), "terms_member"),
    "another type": (lambda s: s.update(type="terms/v2"), "terms_type"),
    "an unknown member": (lambda s: s.update(note="we decide"), "terms_member"),
    "free text in a cause": (lambda s: s["causes"][0].update(other="at our discretion"), "terms_member"),
    "an unknown cause": (lambda s: s["causes"][0].update(code="bad_luck"), "terms_unknown_cause"),
    "an unknown exclusion": (
        lambda s: s["exclusions"][0].update(code="force_majeure"),
        "terms_unknown_exclusioncode",
    ),
    "unknown evidence": (lambda s: s["causes"][0].update(evidence=["a hunch"]), "terms_unknown_evidencetype"),
    "an unknown tier": (lambda s: s.update(tier="gold"), "terms_unknown_tier"),
    "an unknown remedy": (
        lambda s: s["causes"][1].update(remedies=[{"kind": "apology"}]),
        "terms_unknown_remedykind",
    ),
    "an unknown currency": (lambda s: s.update(currency="XXX"), "currency_unknown"),
    "a negative amount": (lambda s: s["limits"].update(automatic_up_to="-1.00"), "money_negative"),
    "an amount as a number": (lambda s: s["limits"].update(automatic_up_to=1), "terms_member"),
    "a negative window": (lambda s: s["cover"].update(seconds=-1), "terms_span"),
    "no window": (lambda s: s["cover"].update(seconds=0), "terms_span"),
    "a window of a century": (lambda s: s["cover"].update(seconds=100 * 366 * 86400), "terms_span"),
    "a negative deadline": (lambda s: deadline(s, "review", within_s=-1), "terms_span"),
    "a state without a deadline": (lambda s: s["clocks"]["deadlines"].pop("review"), "terms_member"),
    "silence that refuses": (lambda s: deadline(s, "escalated", default="uphold"), "terms_default"),
    "an unknown default": (lambda s: deadline(s, "review", default="wait"), "terms_unknown_default"),
    "a text in one language": (lambda s: s["cover"]["text"].pop("en"), "terms_member"),
    "an empty text": (lambda s: s["cover"]["text"].update(en="  "), "terms_text"),
    "a clause without number": (lambda s: s["cover"].update(clause="3.0"), "terms_clause"),
    "cover from the sale": (lambda s: s["cover"].update({"from": "sale"}), "terms_member"),
    "no cause at all": (lambda s: s.update(causes=[]), "terms_causes"),
    "a timed cause without threshold": (lambda s: s["causes"][0].pop("threshold_s"), "terms_threshold"),
    "a threshold elsewhere": (lambda s: s["causes"][1].update(threshold_s=5), "terms_threshold"),
    "a refund of nothing": (lambda s: only(s, {"kind": "refund", "percent": 0}), "terms_remedy"),
    "a refund of 101 %": (lambda s: only(s, {"kind": "refund", "percent": 101}), "terms_remedy"),
    "a multiple of 100 %": (lambda s: only(s, {"kind": "multiple", "percent": 100}), "terms_remedy"),
    "a multiple beyond ten": (lambda s: only(s, {"kind": "multiple", "percent": 1001}), "terms_remedy"),
    "a reissue by percent": (
        lambda s: s["causes"][1]["remedies"].insert(0, {"kind": "reissue", "percent": 50}),
        "terms_remedy",
    ),
    "a voucher of nothing said": (lambda s: only(s, {"kind": "voucher"}), "terms_remedy"),
    "no remedy": (lambda s: s["causes"][1].update(remedies=[]), "terms_remedy"),
    "an exclusion of nothing": (lambda s: s["exclusions"][0].update(causes=[]), "terms_exclusion"),
    "an exclusion without evidence": (
        lambda s: s["exclusions"][0].update(evidence=[]),
        "terms_exclusion_evidence",
    ),
    "an exclusion on weaker evidence": (
        lambda s: s["exclusions"][0].update(evidence=["screenshot"]),
        "terms_exclusion_evidence",
    ),
    "an id with capitals": (lambda s: s.update(id="Terms"), "terms_id"),
    "version zero": (lambda s: s.update(version=0), "terms_id"),
    "a list that is none": (lambda s: s.update(causes={}), "terms_member"),
    "evidence named twice": (
        lambda s: s["causes"][0].update(evidence=["log_entry", "log_entry"]),
        "terms_repeated",
    ),
}

# What contradicts itself: only the reader sees it.
CONTRADICTORY: dict[str, tuple[Change, str]] = {
    "a window beyond the cover": (lambda s: s["causes"][1].update(window_s=31 * 86400), "terms_windows"),
    "a threshold beyond its window": (
        lambda s: s["causes"][0].update(window_s=300, threshold_s=300),
        "terms_windows",
    ),
    "reissue later than promised": (lambda s: deadline(s, "reissuing", within_s=1501), "terms_windows"),
    "a second review that ends first": (
        lambda s: deadline(s, "second_review", within_s=7199),
        "terms_windows",
    ),
    "a response after the decision": (lambda s: deadline(s, "opened", within_s=7201), "terms_windows"),
    "time to reissue without reissue": (
        lambda s: cause(s, "carrier_delay").update(reissue_s=60),
        "terms_windows",
    ),
    "automatic above two people": (lambda s: s["limits"].update(automatic_up_to="1000.01"), "terms_limits"),
    "a cause twice": (lambda s: s["causes"].append(dict(s["causes"][0], clause="9")), "terms_repeated"),
    "an exclusion twice": (
        lambda s: s["exclusions"].append(dict(s["exclusions"][0], clause="9")),
        "terms_repeated",
    ),
    "a clause number twice": (lambda s: s["limits"].update(clause="1"), "terms_repeated"),
    "an exclusion of what is not covered": (lambda s: s["causes"].pop(), "terms_exclusion"),
    "a ladder that ends in stock": (lambda s: only(s, {"kind": "reissue"}), "terms_remedy"),
    "a rung behind a payment": (
        lambda s: only(s, {"kind": "refund", "percent": 50}, {"kind": "multiple", "percent": 200}),
        "terms_remedy",
    ),
    "a voucher of zero": (lambda s: only(s, {"kind": "voucher", "amount": "0.00"}), "terms_remedy"),
    "recovery of what nobody took": (
        lambda s: only(s, {"kind": "recovery"}, {"kind": "refund", "percent": 100}),
        "terms_remedy",
    ),
    "a yen written with cents": (lambda s: s.update(currency="JPY"), "money_malformed"),
    "ownership outside its tier": (lambda s: s["causes"][1].update(code="ownership_unproven"), "terms_tier"),
    "a short spelling of an amount": (lambda s: s["limits"].update(automatic_up_to="1"), "money_malformed"),
}


def deadline(said: dict[str, Any], state: str, **members: Any) -> None:
    said["clocks"]["deadlines"][state].update(members)


def only(said: dict[str, Any], *remedies: dict[str, Any]) -> None:
    said["causes"][1]["remedies"] = list(remedies)


@pytest.mark.parametrize("name", SHAPELESS)
def test_terms_out_of_shape_are_refused_by_code_and_by_the_schema(name: str) -> None:
    change, code = SHAPELESS[name]
    said = changed(change)
    assert code_of(said) == code
    assert not schema.is_valid(said)


@pytest.mark.parametrize("name", CONTRADICTORY)
def test_terms_that_contradict_themselves_are_refused(name: str) -> None:
    change, code = CONTRADICTORY[name]
    assert code_of(changed(change)) == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"[]", "terms_member"),
        (b"{", "json_malformed"),
        (b'{"a":1,"a":2}', "json_duplicate_member"),
        (b'{"a":1.5}', "json_number"),
        (b'"' + b"x" * terms.MAX_TERMS_BYTES + b'"', "json_too_large"),
    ],
)
def test_what_is_no_json_of_terms_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        terms.parse(raw)
    assert refused.value.code == code


def enum_of(*path: str) -> set[str]:
    place: Any = SCHEMA
    for name in path:
        place = place[name]
    return set(place["enum"])


def test_the_schema_and_the_code_share_every_word() -> None:
    assert enum_of("properties", "tier") == set(words.Tier)
    assert enum_of("$defs", "cause_code") == set(words.Cause)
    assert enum_of("$defs", "evidence_type") == set(words.EvidenceType)
    assert enum_of("$defs", "exclusion", "properties", "code") == set(words.ExclusionCode)
    assert enum_of("$defs", "rejection", "properties", "code") == set(words.RejectionCode)
    assert enum_of("$defs", "evidence", "properties", "source") == set(words.Source)
    states = SCHEMA["properties"]["clocks"]["properties"]["deadlines"]["properties"]
    assert set(states) == set(words.State) - {words.State.CLOSED}
    for state, allowed in words.DEFAULTS.items():
        assert set(states[state]["properties"]["default"]["enum"]) == allowed


def test_every_state_but_closed_has_a_deadline_and_every_refusing_exclusion_is_a_code_of_rejection() -> None:
    assert set(words.DEFAULTS) == set(words.State) - {words.State.CLOSED}
    refusing = set(words.ExclusionCode) - words.PAUSES
    assert {code.value for code in words.RejectionCode} == refusing | {"fault_not_found", "evidence_missing"}
    assert set(words.LEAST_EVIDENCE) == set(words.ExclusionCode)
    assert all(words.LEAST_EVIDENCE.values())


def test_the_schema_refuses_an_uncoded_rejection() -> None:
    validator = jsonschema_rs.validator_for({**SCHEMA["$defs"]["rejection"], "$defs": SCHEMA["$defs"]})
    clause = SELF.causes[1].clause.number
    typed = Rejection(words.RejectionCode.FAULT_NOT_FOUND, clause, (evidence(),))
    said = {"code": "fault_not_found", "clause": clause, "evidence": evidence_json(typed.evidence)}
    validator.validate(said)
    for wrong in (
        {**said, "reason": "we do not think so"},
        {**said, "code": "we do not think so"},
        {**said, "evidence": []},
        {name: value for name, value in said.items() if name != "clause"},
        "no",
    ):
        assert not validator.is_valid(wrong)


@given(st.integers(0, 40 * DAY))
def test_the_window_is_half_open(since: int) -> None:
    delivered = START + MINUTE
    inside = terms.in_cover(SELF, words.Cause.STOLEN, delivered, delivered + since)
    assert inside == (since < 30 * DAY)


def test_a_claim_is_in_time_at_29_d_23_59_59_999_and_late_at_30_d() -> None:
    assert terms.in_cover(SELF, words.Cause.STOLEN, START, START + 30 * DAY - 1)
    assert not terms.in_cover(SELF, words.Cause.STOLEN, START, START + 30 * DAY)
    assert terms.in_cover(SELF, words.Cause.LATE_DELIVERY, None, START + 99 * DAY)
    assert not terms.in_cover(SELF, words.Cause.OWNERSHIP_RECLAIMED, START, START)


def test_the_default_clocks_are_those_of_the_promise() -> None:
    rule = {each.cause: each for each in SELF.causes}
    assert SELF.cover.seconds == 30 * 86400
    assert rule[words.Cause.LATE_DELIVERY].threshold_s == 300
    assert rule[words.Cause.CARRIER_DELAY].threshold_s == 1800
    assert rule[words.Cause.CARRIER_DELAY].remedies[0].percent == 200
    assert rule[words.Cause.STOLEN].reissue_s == 86400
    assert SELF.clocks.remedy_s == 1800
    assert SELF.deadline(words.State.REVIEW).within_s == 7200
