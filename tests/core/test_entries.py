"""The 124 bytes of an entry: every offset, every refusal, and the commitment to sealed details."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.entries import (
    RANGE_TYPES,
    Entry,
    EntryType,
    address_subject,
    commit_details,
    number_party,
    split_number,
)  # fmt: skip
from provenance.errors import InputRefused

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "golden.json").read_bytes())

FULL = Entry(
    type=EntryType.VOID,
    time=0x0102030405060708,
    subject=bytes(range(0x20, 0x40)),
    actor=bytes(range(0x40, 0x54)),
    first=0x61626364,
    count=0x71727374,
    party=bytes(range(0x80, 0x94)),
    reason=0x5152,
    detail=bytes(range(0xA0, 0xC0)),
)
# The table of FORMATS §5: offset, size, the bytes that FULL has there.
LAYOUT = [
    ("version", 0, 1, b"\x01"),
    ("type", 1, 1, b"\x08"),
    ("reason", 2, 2, bytes.fromhex("5152")),
    ("time", 4, 8, bytes.fromhex("0102030405060708")),
    ("subject", 12, 32, bytes(range(0x20, 0x40))),
    ("first", 44, 4, bytes.fromhex("61626364")),
    ("count", 48, 4, bytes.fromhex("71727374")),
    ("actor", 52, 20, bytes(range(0x40, 0x54))),
    ("party", 72, 20, bytes(range(0x80, 0x94))),
    ("detail", 92, 32, bytes(range(0xA0, 0xC0))),
]
KNOWN_TYPES = {
    1: "COMMISSION", 2: "TRANSFER", 3: "RECEIVE", 4: "SELL", 5: "DELIVER", 6: "REDEEM", 7: "REINSTATE",
    8: "VOID", 9: "REISSUE", 10: "CORRECTION", 32: "PARTY", 33: "QUALIFICATION", 34: "TERMS", 35: "CLAIM",
    36: "REMEDY", 48: "BEACON", 49: "STATE", 50: "KEY",
}  # fmt: skip


def entries() -> st.SearchStrategy[Entry]:
    def build(kind: EntryType, count: int, **fields: Any) -> Entry:
        if kind.is_on_keys:
            count = max(count, 1) if kind in RANGE_TYPES else 1
        return Entry(type=kind, count=count, **fields)

    return st.builds(
        build,
        kind=st.sampled_from(EntryType),
        count=st.integers(0, 2**32 - 1),
        time=st.integers(0, 2**64 - 1),
        subject=st.binary(min_size=32, max_size=32),
        actor=st.binary(min_size=20, max_size=20),
        first=st.integers(0, 2**32 - 1),
        party=st.binary(min_size=20, max_size=20),
        reason=st.integers(0, 2**16 - 1),
        detail=st.binary(min_size=32, max_size=32),
    )


@pytest.mark.parametrize(("field", "offset", "size", "there"), LAYOUT, ids=[row[0] for row in LAYOUT])
def test_every_field_lies_at_its_offset(field: str, offset: int, size: int, there: bytes) -> None:
    assert FULL.encode()[offset : offset + size] == there
    assert len(there) == size


def test_the_fields_fill_the_124_bytes_without_a_gap() -> None:
    assert b"".join(there for _, _, _, there in LAYOUT) == FULL.encode()
    assert len(FULL.encode()) == 124


@given(entries())
def test_what_is_encoded_is_decoded_again(entry: Entry) -> None:
    raw = entry.encode()
    assert len(raw) == 124
    assert Entry.decode(raw) == entry


@given(st.binary(min_size=124, max_size=124))
def test_what_is_decoded_encodes_to_the_same_bytes_or_is_refused(raw: bytes) -> None:
    raw = b"\x01" + raw[1:]
    try:
        entry = Entry.decode(raw)
    except InputRefused as refused:
        assert refused.code == "entry_malformed"
    else:
        assert entry.encode() == raw


@pytest.mark.parametrize("size", [0, 1, 123, 125, 248])
def test_another_length_is_no_entry(size: int) -> None:
    with pytest.raises(InputRefused, match="124 bytes"):
        Entry.decode((FULL.encode() * 2)[:size])


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_no_entry(version: int) -> None:
    with pytest.raises(InputRefused, match="version"):
        Entry.decode(bytes([version]) + FULL.encode()[1:])


@pytest.mark.parametrize("kind", range(256))
def test_the_types_of_the_table_are_known_and_no_other(kind: int) -> None:
    raw = bytearray(FULL.encode())
    raw[1] = kind
    raw[48:52] = (1).to_bytes(4)
    if kind in KNOWN_TYPES:
        assert Entry.decode(bytes(raw)).type.name == KNOWN_TYPES[kind]
        return
    with pytest.raises(InputRefused) as caught:
        Entry.decode(bytes(raw))
    assert caught.value.code == "entry_malformed"


@pytest.mark.parametrize("kind", [kind for kind in EntryType if kind < 32])
def test_an_entry_on_keys_names_one_key_and_only_four_types_name_more(kind: EntryType) -> None:
    single = replace(FULL, type=kind, count=1)
    with pytest.raises(InputRefused, match="at least one key"):
        replace(single, count=0)
    if kind in (EntryType.COMMISSION, EntryType.TRANSFER, EntryType.RECEIVE, EntryType.VOID):
        assert replace(single, count=2).is_range
        assert single.is_range is (kind is EntryType.COMMISSION)
        return
    assert not single.is_range
    with pytest.raises(InputRefused, match="one key at a time"):
        replace(single, count=2)
    raw = bytearray(single.encode())
    raw[51] = 2
    with pytest.raises(InputRefused, match="one key at a time"):
        Entry.decode(bytes(raw))


@pytest.mark.parametrize(
    "field",
    [
        {"time": -1}, {"time": 2**64}, {"first": -1}, {"first": 2**32}, {"count": 2**32}, {"reason": -1},
        {"reason": 2**16}, {"subject": bytes(31)}, {"subject": bytes(33)}, {"actor": bytes(19)},
        {"actor": bytes(21)}, {"party": bytes(32)}, {"party": b""}, {"detail": bytes(31)},
    ],
)  # fmt: skip
def test_a_field_that_does_not_fit_its_place_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(InputRefused) as caught:
        replace(FULL, **field)
    assert caught.value.code == "entry_malformed"


@given(st.integers(0, 2**64 - 1))
def test_a_number_is_split_over_first_and_count_and_put_in_the_place_of_a_party(number: int) -> None:
    first, count = split_number(number)
    entry = Entry(EntryType.STATE, 1, bytes(32), bytes(20), first, count, number_party(number))
    assert entry.number == number == entry.party_number
    assert entry.encode()[44:52] == number.to_bytes(8)
    assert entry.encode()[72:92] == bytes(12) + number.to_bytes(8)


def test_a_party_that_is_an_address_is_no_number() -> None:
    with pytest.raises(InputRefused, match="12 zero bytes"):
        _ = replace(FULL, party=b"\x01" + bytes(19)).party_number


def test_the_subject_of_a_party_entry_is_its_address_after_twelve_zero_bytes() -> None:
    assert address_subject(bytes(range(20))) == bytes(12) + bytes(range(20))


@pytest.mark.parametrize("row", GOLDEN["entries"], ids=lambda row: row["type"])
def test_the_golden_entries_are_read_and_written_back(row: dict[str, Any]) -> None:
    raw = base64.b64decode(row["entry"])
    entry = Entry.decode(raw)
    assert entry.type.name == row["type"]
    assert entry.encode() == raw
    assert hashlib.sha256(b"\x00" + raw).hexdigest() == row["leaf_hash"]


OPENED = [row for row in (*GOLDEN["bundle"]["custody"], *GOLDEN["bundle"]["parties"]) if row["details"]]


@pytest.mark.parametrize("row", OPENED, ids=lambda row: f"index {row['index']}")
def test_the_golden_details_are_what_the_golden_entries_commit_to(row: dict[str, Any]) -> None:
    salt = bytes.fromhex(row["details"]["salt"])
    committed = Entry.decode(base64.b64decode(row["entry"])).detail
    assert commit_details(salt, row["details"]["value"]) == committed
    assert commit_details(bytes(16), row["details"]["value"]) != committed


def test_details_are_committed_in_canonical_form() -> None:
    salt = bytes(range(16))
    expected = hashlib.sha256(salt + '{"a":1,"b":"价","c":null}'.encode()).digest()
    assert commit_details(salt, {"c": None, "b": "价", "a": 1}) == expected


def test_the_golden_vectors_open_some_details() -> None:
    assert OPENED


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_a_detail_salt_has_sixteen_bytes(size: int) -> None:
    with pytest.raises(InputRefused) as caught:
        commit_details(bytes(size), {})
    assert caught.value.code == "entry_malformed"


def test_details_are_bounded_to_the_byte() -> None:
    frame = len(b'{"a":""}')
    assert len(commit_details(bytes(16), {"a": "x" * (16 * 1024 - frame)})) == 32
    with pytest.raises(InputRefused) as caught:
        commit_details(bytes(16), {"a": "x" * (16 * 1024 - frame + 1)})
    assert caught.value.code == "details_too_large"
    assert caught.value.facts["limit"] == 16 * 1024


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), 1.5, "\ud800", {1: "x"}, b"bytes"])
def test_details_that_have_no_canonical_form_are_refused_with_a_code(value: Any) -> None:
    with pytest.raises(InputRefused):
        commit_details(bytes(16), {"a": value})


def test_details_as_deep_as_a_bundle_can_carry_are_committed_to_and_no_deeper() -> None:
    # custody[i].details.value lies at depth 5 of a bundle, whose depth is at most 16.
    details: dict[str, Any] = {"a": 1}
    for _ in range(11):
        details = {"a": details}
    assert len(commit_details(bytes(16), details)) == 32
    with pytest.raises(InputRefused) as caught:
        commit_details(bytes(16), {"a": details})
    assert caught.value.code == "json_too_deep"
