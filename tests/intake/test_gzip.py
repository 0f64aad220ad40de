"""Packed files: streamed, bounded by what they unpack to, and told from damaged ones."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import FileRefused
from provenance.intake import Limits
from tests.intake.files import LINE, SECRET, SERIAL, line_of, pair, read, stream, text_cell, told, workbook

ONE = [(1, SERIAL, SECRET)]


def refused(content: bytes, **options: object) -> str:
    with pytest.raises(FileRefused) as caught:
        read(content, **options)  # type: ignore[arg-type]
    return caught.value.code


def test_a_packed_file_of_any_kind_is_read():
    assert told(read(gzip.compress(LINE.encode()), filename="a.txt.gz")) == ONE
    table = f"卡号,卡密\n{SERIAL},{SECRET}\n".encode("gb18030")
    assert told(read(gzip.compress(table), filename="a.csv.gz")) == [(2, SERIAL, SECRET)]
    book = workbook(f'<row r="1">{text_cell("A1", "卡密")}</row><row r="2">{text_cell("A2", LINE)}</row>')
    assert told(read(gzip.compress(book), content_type="application/gzip")) == [(2, SERIAL, SECRET)]


def test_a_packed_file_is_known_by_its_bytes_not_by_its_name():
    assert told(read(gzip.compress(LINE.encode()), filename="keys.txt")) == ONE
    assert told(read(LINE.encode(), filename="keys.txt.gz")) == ONE


@given(st.data())
def test_members_padding_and_cuts_do_not_matter(data):
    content = b"".join(gzip.compress(line_of(number).encode() + b"\n") for number in range(4)) + b"\0" * 9
    cuts = sorted(data.draw(st.lists(st.integers(1, len(content) - 1), max_size=12)))
    pieces = [content[start:end] for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    assert told(read(stream(piece for piece in pieces if piece))) == [(n + 1, *pair(n)) for n in range(4)]


def test_a_bomb_is_refused_at_the_bound_in_constant_memory():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"7" * (1 << 20)) for _ in range(256)) + packer.flush()
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    try:
        assert refused(bomb, limits=Limits(unpacked_bytes=16 << 20)) == "unpacked_too_large"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20


def test_a_high_ratio_alone_is_no_fault():
    content = gzip.compress(LINE.encode() + b"\n" * 1_000_000 + line_of(1).encode())
    assert told(read(content)) == [*ONE, (1_000_001, *pair(1))]


def test_a_packed_file_that_ends_too_early_is_refused():
    content = gzip.compress(f"{LINE}\n".encode() * 50)
    for length in range(2, len(content)):
        assert refused(content[:length]) == "gzip_truncated"


def test_damaged_packing_and_bytes_behind_it_are_refused():
    content = gzip.compress(LINE.encode())
    assert refused(content[:-8] + b"\0" * 8) == "gzip_corrupt"
    assert refused(content + b"trailing") == "gzip_corrupt"


def test_what_is_packed_twice_or_holds_nothing_is_refused():
    assert refused(gzip.compress(gzip.compress(LINE.encode()))) == "unsupported_type"
    assert refused(gzip.compress(b"")) == "file_empty"
    assert refused(gzip.compress(b"\n\n")) == "file_blank"
