"""Reading in bulk gives the rows that reading line by line gives, refusals included."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.keyformats import KeyFormat, formats
from provenance.errors import FileRefused
from provenance.intake import Accepted, Limits, Rejected, read_runs, read_upload

CANONICAL = {
    "google-play": "0123456789ABCDEF",
    "cmcc-national": "12345678901234567,123456789012345678",
    "minted": "0",
    "opaque": "any text",
}
PIECES = (
    *CANONICAL.values(), "", " ", "\t", "\r", "\n", "\r\n", "----", "|", ",", "-", "o", "O", "0", "１２",
    "卡号", "密码:", "\u200b", "\x00", "a" * 60, "1234567890123456", "9" * 18, "中文", '"', "{}", "\ufeff",
)  # fmt: skip


def by_row(data: bytes, key_format: KeyFormat, name: str, limits: Limits) -> tuple[object, ...]:
    keys: list[tuple[str, str]] = []
    rejected: list[Rejected] = []
    code = None
    try:
        for row in read_upload(BytesIO(data), format=key_format, filename=name, limits=limits):
            if isinstance(row, Accepted):
                keys.append((row.key.serial, row.key.secret))
            else:
                rejected.append(row)
    except FileRefused as error:
        code = error.code
    return keys, rejected, code


def by_run(data: bytes, key_format: KeyFormat, name: str, limits: Limits) -> tuple[object, ...]:
    keys: list[tuple[str, str]] = []
    rejected: list[Rejected] = []
    code = None
    source = BytesIO(data)
    try:
        for run in read_runs(source, format=key_format, filename=name, content_type=None, limits=limits):
            keys += zip(run.serials, run.secrets, strict=True)
            rejected += run.rejected
    except FileRefused as error:
        code = error.code
    return keys, rejected, code


def same(data: bytes, key_format: KeyFormat, name: str, limits: Limits | None = None) -> tuple[object, ...]:
    """What both give. Of a file that is refused nothing is kept, so there the codes alone are compared."""
    bounds = limits or Limits()
    one, other = by_row(data, key_format, name, bounds), by_run(data, key_format, name, bounds)
    if one[2] is None:
        assert one == other
    assert one[2] == other[2]
    return other


@given(
    st.sampled_from(sorted(formats())),
    st.lists(st.sampled_from(PIECES), max_size=30),
    st.sampled_from(["a.txt", "a.csv", "a.ndjson"]),
)
def test_any_text_of_any_format_is_read_alike(format_id: str, pieces: list[str], name: str) -> None:
    same("".join(pieces).encode(), formats()[format_id], name)


@given(st.sampled_from(sorted(CANONICAL)), st.binary(max_size=300))
def test_any_bytes_are_read_alike(format_id: str, data: bytes) -> None:
    same(data, formats()[format_id], "a.txt")


@pytest.mark.parametrize("format_id", sorted(CANONICAL))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_long_files_with_a_fault_here_and_there_are_read_alike(format_id: str, end: str) -> None:
    line = CANONICAL[format_id]
    made = [line if at % 20_011 else "a fault" + "é" * (at % 3) for at in range(60_000)]
    keys, rejected, code = same(end.join(made).encode(), formats()[format_id], "a.txt")
    assert code is None and isinstance(keys, list) and isinstance(rejected, list)
    assert len(keys) + len(rejected) == 60_000


def test_a_line_over_the_bound_a_key_too_many_and_a_line_too_many_are_refused_alike() -> None:
    text = formats()["google-play"]
    key = b"0123456789ABCDEF\n"
    assert same(key * 3 + b"x" * 5_000 + b"\n" + key, text, "a.txt")[1]
    assert same(key * 11, text, "a.txt", Limits(keys=10))[2] == "too_many_keys"
    assert same(key * 10, text, "a.txt", Limits(keys=10))[2] is None
    assert same(b"\n" * 11 + key, text, "a.txt", Limits(lines=10))[2] == "too_many_lines"
    assert same(key * 11, text, "a.txt", Limits(file_bytes=100))[2] == "file_too_large"
    for data in (b"", b"\n\n", "卡密".encode("utf-16")):
        assert same(data, text, "a.txt")[2] is not None
