"""Only JSON that every reader reads alike may be hashed, signed or proven with."""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from provenance.core import canonical
from provenance.errors import InputRefused
from tests.core.proof_world import GOLDEN, GOLDEN_FILE

LIMIT = 10_000

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def refusal(raw: bytes, **limits: Any) -> str:
    with pytest.raises(InputRefused) as caught:
        canonical.parse_canonical(raw, **{"max_bytes": LIMIT, **limits})
    return caught.value.code


def test_the_golden_bundle_is_its_own_canonical_form() -> None:
    assert canonical.encode(GOLDEN["bundle"]) == GOLDEN_FILE
    assert canonical.parse_canonical(GOLDEN_FILE, max_bytes=LIMIT) == GOLDEN["bundle"]


@given(VALUES)
def test_what_is_encoded_is_read_back(value: Any) -> None:
    assert canonical.parse_canonical(canonical.encode(value), max_bytes=1 << 20) == value


@given(VALUES)
@example({"\ud7ff": 1, "\ue000": 2, "\U00010000": 3})  # where code points and UTF-16 sort differently
@example({"a": '\x00\x1f\x7f\x80\u2028"\\/', "b": [True, None, -1, {}], "": []})
def test_the_bytes_are_those_of_the_reference_encoder(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


class Word(StrEnum):
    YES = "yes"


class Number(IntEnum):
    TWO = 2


@pytest.mark.parametrize("value", [{"a": Word.YES}, {Word.YES: 1}, (1, "a"), {"n": Number.TWO}])
def test_what_is_nearly_text_or_a_number_is_encoded_as_before(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", ["\ud800", {"a": ["\udfff"]}, {"\ud800": 1}, {1: "a"}, {"a": b"raw"}, {None: 1}]
)
def test_what_has_no_canonical_form_is_refused_whoever_encodes_it(value: Any) -> None:
    with pytest.raises(InputRefused) as caught:
        canonical.encode(value)
    assert caught.value.code == "json_not_canonical"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":1,"a":1}', "json_duplicate_member"),
        (b'{"a":{"b":1,"b":2}}', "json_duplicate_member"),
        (b"[1.0]", "json_number"),
        (b"[1e3]", "json_number"),
        (b"[NaN]", "json_number"),
        (b"[Infinity]", "json_number"),
        (b"[9007199254740992]", "json_number"),
        (b"[-9007199254740992]", "json_number"),
        (b"[" + b"9" * 5000 + b"]", "json_number"),
        (b"[-0]", "json_not_canonical"),
        (b"[1, 2]", "json_not_canonical"),
        (b"[1]\n", "json_not_canonical"),
        (b'{"b":1,"a":2}', "json_not_canonical"),
        (b'["\\u0061"]', "json_not_canonical"),
        (b'["\\ud800"]', "json_not_canonical"),
        (b'["a', "json_malformed"),
        (b"[01]", "json_malformed"),
        (b"[1]]", "json_malformed"),
        (b"\xef\xbb\xbf[1]", "json_malformed"),
        (b'["\xff"]', "json_malformed"),
        (b'["\xed\xa0\x80"]', "json_malformed"),
        (b"", "json_malformed"),
        (b"[" * 5000, "json_too_deep"),
        (b"[" * 17 + b"]" * 17, "json_too_deep"),
        (b'["' + b"a" * LIMIT + b'"]', "json_too_large"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(raw: bytes, code: str) -> None:
    assert refusal(raw) == code


def test_sixteen_levels_are_read_and_the_largest_integer_is_exact() -> None:
    raw = b"[" * 16 + b"]" * 16
    assert canonical.encode(canonical.parse_canonical(raw, max_bytes=LIMIT)) == raw
    assert canonical.parse_canonical(b"9007199254740991", max_bytes=LIMIT) == 2**53 - 1


def test_a_refusal_does_not_quote_the_document() -> None:
    with pytest.raises(InputRefused) as caught:
        canonical.parse(b'{"secret": "ABCD-EFGH"', max_bytes=LIMIT)
    assert "ABCD" not in str(caught.value)
    with pytest.raises(InputRefused) as duplicate:
        canonical.parse(b'{"ABCD-EFGH":1,"ABCD-EFGH":1}', max_bytes=LIMIT)
    assert "ABCD" not in str(duplicate.value)


@pytest.mark.parametrize("value", [1.5, 1.0, 2**53, -(2**53), float("nan"), "\ud800", {1: 2}, [[0.5]]])
def test_values_without_a_canonical_form_are_not_encoded(value: Any) -> None:
    with pytest.raises(InputRefused):
        canonical.encode(value)


def test_a_value_nested_past_sixteen_levels_is_not_encoded() -> None:
    value: Any = 1
    for _ in range(17):
        value = {"a": value}
    with pytest.raises(InputRefused) as caught:
        canonical.encode(value)
    assert caught.value.code == "json_too_deep"
    assert canonical.encode(value["a"])


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "Y Q==", "YQ==\n", "YQ==YQ==", "_-8=", "é"])
def test_base64_that_encoding_would_not_give_back_is_refused(text: str) -> None:
    with pytest.raises(InputRefused) as caught:
        canonical.decode_base64(text)
    assert caught.value.code == "base64_malformed"


@pytest.mark.parametrize("text", ["0xAB", "0xa", "ab", "0xab ", "0x0xab", "0x١١"])
def test_hex_has_one_spelling(text: str) -> None:
    with pytest.raises(InputRefused) as caught:
        canonical.decode_hex(text, prefix="0x")
    assert caught.value.code == "hex_malformed"


@given(st.binary(max_size=40))
def test_hex_and_base64_come_back(data: bytes) -> None:
    assert canonical.decode_base64(canonical.encode_base64(data)) == data
    assert canonical.decode_hex(data.hex(), len(data)) == data


@given(st.dictionaries(st.text(), st.integers(-100, 100), max_size=5))
def test_members_are_ordered_by_their_utf16_units(value: dict[str, int]) -> None:
    raw = canonical.encode(value)
    names = list(json.loads(raw))
    assert names == sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
