"""Bad requests: each gets a stable code and a sentence, and nothing is half done."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from api.wire import MAX_BODY_BYTES, parse_object
from provenance.errors import InputRefused
from tests.api.world import FORMAT, World, ref

SECRET = "SUPERSECRETCARDKEY"


def raw(world: World, path: str, data: bytes, content_type: str = "application/json") -> Any:
    return world.call(world.shop, "POST", path, data=data, content_type=content_type)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b'{"key": NaN}', 400, "malformed_json"),
        (b"[]", 400, "json_not_object"),
        (b'"text"', 400, "json_not_object"),
        (b'"{\\"key\\": 1}"', 400, "json_not_object"),
        (b"\xff\xfe{}", 400, "malformed_json"),
        (b'{"a": "\\ud800"}', 400, "malformed_json"),
        (b'{"a": ' * 17 + b"1" + b"}" * 17, 400, "json_too_deep"),
        (b"[" * 100_000, 400, "json_too_deep"),
        (b'{"a": ' + b"[" * 15 + b"]" * 15 + b"}", 422, "invalid_request"),
    ],
)
def test_json_that_is_malformed_or_too_deep_is_told_apart(
    quick: World, data: bytes, status: int, code: str
) -> None:
    answered = raw(quick, "/keys/verify", data)
    assert (answered.status_code, answered.json["code"]) == (status, code)


def test_depth_counts_layers_and_not_brackets_in_text() -> None:
    assert parse_object(b"[" * 16 + b"]" * 16) is not None
    assert parse_object(b'{"a":' * 8 + b"[" * 8 + b"]" * 8 + b"}" * 8) is not None
    assert parse_object(b'["' + b"[" * 1_000 + b'\\""]') is not None
    for deep in (b"[" * 17 + b"]" * 17, b'{"a":' * 9 + b"[" * 8 + b"]" * 8 + b"}" * 9):
        with pytest.raises(InputRefused) as refused:
            parse_object(deep)
        assert refused.value.code == "json_too_deep"


@pytest.mark.parametrize("path", ["//log/checkpoint", "/log//checkpoint", "/log/tile//0/000.p/1"])
def test_a_path_with_two_slashes_is_nothing_and_leads_nowhere_else(quick: World, path: str) -> None:
    answered = quick.call(None, "GET", path, headers={"Host": "elsewhere.example"})
    assert (answered.status_code, answered.headers.get("Location")) == (404, None)


def test_a_body_past_four_mebibytes_is_413_with_or_without_a_length(quick: World) -> None:
    large = b'{"a": "' + b"x" * MAX_BODY_BYTES + b'"}'
    answered = raw(quick, "/keys/verify", large)
    assert (answered.status_code, answered.json["code"]) == (413, "body_too_large")


def test_other_content_types_are_415(quick: World) -> None:
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ):
        answered = raw(quick, "/keys/verify", b"{}", content_type)
        assert (answered.status_code, answered.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "", "value_error"),
        ({"key": ref("A"), "keys": [ref("B")]}, "", "value_error"),
        ({"key": {"format": FORMAT, "text": SECRET, SECRET: 1}}, "/key", "extra_forbidden"),
        ({"key": ref("A"), SECRET: SECRET}, "", "extra_forbidden"),
        ({"key": SECRET}, "/key", "union_tag_not_found"),
        ({"key": {"format": FORMAT, "text": 17}}, "/key/text", "string_type"),
        ({"key": {"format": SECRET, "text": "A"}}, "/key/format", "string_pattern_mismatch"),
        ({"key": {"batch": "zz", "index": 1}}, "/key/batch", "string_pattern_mismatch"),
        ({"key": {"batch": "00" * 32, "index": "1"}}, "/key/index", "int_type"),
        ({"key": {"batch": "00" * 32, "index": 1.0}}, "/key/index", "int_type"),
        ({"key": {"batch": "00" * 32, "index": True}}, "/key/index", "int_type"),
        ({"key": {"batch": "00" * 32, "index": 2**40}}, "/key/index", "less_than_equal"),
        ({"keys": []}, "/keys", "too_short"),
        ({"keys": [ref("A")] * 1_001}, "/keys", "too_long"),
        ({"key": ref("A"), "order_token": SECRET}, "/order_token", "string_pattern_mismatch"),
        ({"key": ref("A"), "order_token": "ab" * 32 + "\n"}, "/order_token", "string_pattern_mismatch"),
    ],
)
def test_unknown_members_and_wrong_types_are_named_by_place_never_repeated(
    quick: World, body: Any, pointer: str, code: str
) -> None:
    answered = quick.post(quick.shop, "/keys/verify", body)
    assert (answered.status_code, answered.json["code"]) == (422, "invalid_request")
    assert {"pointer": pointer, "code": code}.items() <= answered.json["errors"][0].items()
    assert SECRET not in answered.text


@pytest.mark.parametrize(
    "details",
    [{"price": 1.5}, {"n": 2**60}, {"long": "x" * 17_000}, {"a": {"b": {"c": [1.25]}}}],
)
def test_details_that_cannot_be_committed_to_are_refused(quick: World, details: Any) -> None:
    key = quick.held_keys(1)[0]
    answered = quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": "A", "details": details})
    assert answered.status_code == 422
    assert quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": "A"}).status_code == 200


def test_a_key_that_cannot_be_read_is_an_error_of_its_own_in_verify(quick: World) -> None:
    good = quick.held_keys(1)[0]
    answered = quick.post(
        quick.shop, "/keys/verify", {"keys": [ref(good), ref("SHORT"), ref(good[:-1] + "Ф"), ref(good)]}
    )
    assert answered.status_code == 200
    told = answered.json["verdicts"]
    assert [one.get("verdict") for one in told] == ["REGISTERED", None, None, "REGISTERED"]
    assert told[1]["error"]["code"] == "wrong_length"
    assert told[2]["error"]["facts"]["position"] == 15
    assert good[:-1] not in answered.text


def test_a_key_that_cannot_be_read_stops_an_act_and_is_named(quick: World) -> None:
    good = quick.held_keys(1)[0]
    body = {"keys": [ref(good), ref("SHORT")], "order": "A-1"}
    answered = quick.post(quick.shop, "/keys/sell", body)
    assert (answered.status_code, answered.json["code"]) == (422, "keys_unreadable")
    assert answered.json["errors"][0]["pointer"] == "/keys/1"
    assert (
        quick.post(quick.shop, "/keys/verify", {"key": ref(good)}).json["verdicts"][0]["verdict"]
        == "REGISTERED"
    )


def test_swapped_serial_and_secret_are_said_to_be_so(quick: World) -> None:
    key = {"format": "cmcc-national", "serial": "9" * 18, "secret": "8" * 17}
    told = quick.post(quick.shop, "/keys/verify", {"key": key}).json["verdicts"][0]
    assert told["error"]["code"] == "swapped_serial_and_secret"


@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        (b"", "text/plain", 422, "file_empty"),
        (b"\n \n\n", "text/plain", 422, "file_blank"),
        (b"anything", "application/pdf", 415, "unsupported_type"),
        (b"%PDF-1.7 ...", "text/plain", 415, "unsupported_type"),
        (gzip.compress(b"A" * 100, mtime=0)[:-9], "application/gzip", 422, "gzip_truncated"),
        (b"code,code\na,b\n", "text/csv", 422, "duplicate_header"),
        (b"K" * 5_000 + b"\n", "text/plain", 422, "lines_rejected"),
        (b"ABCD\x00EFGH\n", "text/plain", 422, "lines_rejected"),
    ],
)
def test_files_with_every_fault_are_refused_with_a_code(
    quick: World, data: bytes, content_type: str, status: int, code: str
) -> None:
    answered = quick.call(
        quick.supplier, "POST", "/batches", data=data, content_type=content_type,
        query_string={"format": FORMAT},
    )  # fmt: skip
    assert (answered.status_code, answered.json["code"]) == (status, code), answered.text
    assert quick.get(quick.supplier, "/batches").json["batches"] == []


@pytest.mark.parametrize(
    "query",
    [
        {}, {"format": "nope"}, {"format": FORMAT, "max_uses": "0"}, {"format": FORMAT, "surprise": "1"},
        {"format": FORMAT, "expires_at": "1"}, {"format": FORMAT, "on_error": "panic"},
        {"format": FORMAT, "face_value": "1e9"}, {"format": FORMAT, "product": "a\x00b"},
    ],
)  # fmt: skip
def test_options_out_of_bounds_are_refused(quick: World, query: dict[str, str]) -> None:
    data = "\n".join(quick.fresh_keys(1)).encode()
    answered = quick.call(
        quick.supplier, "POST", "/batches", data=data, content_type="text/plain", query_string=query
    )
    assert answered.status_code == 422
    assert answered.json["code"] in ("invalid_request", "format_missing", "unknown_format", "already_expired")


def test_signatures_that_are_not_the_suppliers_leave_the_batch_staged(quick: World) -> None:
    staged = quick.stage(quick.fresh_keys(1)).json
    path = f"/batches/{staged['batch']}/signature"
    forged = quick.sign({**staged, "digest": "11" * 32})
    assert (forged.status_code, forged.json["code"]) == (422, "signature_invalid")
    foreign = quick.sign(staged, quick.rival)
    assert (foreign.status_code, foreign.json["code"]) == (404, "unknown_batch")
    for signature in ("0x" + "00" * 65, "0x" + "ff" * 65, "0x12", "ab" * 65):
        answered = quick.call(quick.supplier, "PUT", path, json={"signature": signature})
        assert answered.status_code == 422
    assert quick.get(quick.supplier, f"/batches/{staged['batch']}").json["status"] == "staged"
    assert quick.sign(staged).status_code == 200


@pytest.mark.parametrize(
    ("ranges", "code"),
    [
        ([(0, 2), (1, 2)], "ranges_overlap"),
        ([(2, 9)], "range_out_of_bounds"),
        ([(4_294_967_295, 4_294_967_295)], "range_out_of_bounds"),
    ],
)
def test_ranges_that_overlap_or_do_not_fit_are_refused(
    quick: World, ranges: list[tuple[int, int]], code: str
) -> None:
    batch = quick.batch(quick.fresh_keys(4))
    pieces = [{"first": first, "count": count} for first, count in ranges]
    body = {"recipient": quick.shop.hex, "batch": batch, "ranges": pieces}
    answered = quick.post(quick.supplier, "/transfers", body)
    assert (answered.status_code, answered.json["code"]) == (422, code)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "proof_rejected"),
        (b"{}", "proof_rejected"),
        (b'{"type":"card-key-provenance/proof/v2"}', "proof_rejected"),
        (b"[" * 100_000, "proof_rejected"),
    ],
)
def test_proofs_that_are_no_proofs_name_the_step(quick: World, data: bytes, code: str) -> None:
    answered = quick.call(None, "POST", "/proofs/verify", data=data, content_type="application/json")
    assert answered.status_code == 422
    assert answered.json["facts"]["step"] == 0


def test_a_truncated_proof_is_rejected(quick: World) -> None:
    key = quick.held_keys(1)[0]
    quick.sequence()
    made = quick.post(quick.shop, "/proofs", {"key": ref(key)}).json
    whole = quick.get(None, f"/proofs/{made['id']}").data
    for cut in (whole[:-1], whole + b" ", whole.replace(b'"index":0', b'"index":1', 1)):
        answered = quick.call(None, "POST", "/proofs/verify", data=cut, content_type="application/json")
        assert answered.status_code == 422, answered.text


@pytest.mark.parametrize(
    "path",
    [
        "/keys/zz/1", "/keys/" + "00" * 32 + "/99999999999999999999", "/events/1", "/log/entries/-1",
        "/log/entries/9999999999999999999999", "/log/tile/8/000", "/log/tile/0/x999/x999/x999/x999/999",
        "/proofs/" + "A" * 94, "/proofs/..", "/parties/0x00", "/batches/" + "0g" * 32,
    ],
)  # fmt: skip
def test_paths_that_name_nothing_are_4xx_problems(quick: World, path: str) -> None:
    answered = quick.get(quick.shop, path)
    assert answered.status_code in (404, 422)
    assert answered.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b'{"key": {"format": "a", "text": "A"}, "order": "A", "order": "B"}',
        b'{"key": {"format": "a", "text": "A", "text": "B"}}',
        b'{"details": {"a": [{"b": 1, "\\u0062": 2}]}}',
    ],
)
def test_a_member_given_twice_is_refused_wherever_it_stands(quick: World, body: bytes) -> None:
    answered = raw(quick, "/keys/sell", body)
    assert (answered.status_code, answered.json["code"]) == (400, "repeated_member")


def test_colons_in_text_are_no_members() -> None:
    assert parse_object(b'{"a:b": "c:\\":d", "e": [":", {"f": {}}], "g": []}')["e"] == [":", {"f": {}}]


def test_a_parameter_given_twice_is_refused(quick: World) -> None:
    answered = quick.get(quick.shop, "/me/events?limit=1&limit=2")
    assert (answered.status_code, answered.json["code"]) == (400, "repeated_parameter")


@pytest.mark.parametrize("order", [" ", "\u3000", "\u00a0 "])
def test_a_blank_order_is_refused(quick: World, order: str) -> None:
    answered = quick.post(quick.shop, "/keys/sell", {"key": ref(quick.held_keys(1)[0]), "order": order})
    assert (answered.status_code, answered.json["errors"][0]["pointer"]) == (422, "/order")


def test_keys_are_offered_to_those_who_trade(quick: World) -> None:
    batch = quick.batch(quick.fresh_keys(1))
    offer = {"batch": batch, "ranges": [{"first": 0, "count": 1}]}
    for who in (quick.issuer, quick.operator):
        refused = quick.post(quick.supplier, "/transfers", {"recipient": who.hex, **offer})
        assert (refused.status_code, refused.json["code"]) == (422, "recipient_role")
    assert (
        quick.post(quick.supplier, "/transfers", {"recipient": quick.rival.hex, **offer}).status_code == 201
    )


@pytest.mark.parametrize("path", ["/keys/verify", "/public/check"])
@pytest.mark.parametrize("key", ["text", {"batch": "00" * 32, "index": 1}, 1])
def test_a_key_in_no_known_form_is_told_how_to_write_it(quick: World, path: str, key: Any) -> None:
    answered = quick.post(quick.shop, path, {"key": key})
    assert "_kind" not in answered.text
    if answered.status_code == 422:
        assert "format and text" in answered.json["errors"][0]["detail"]
