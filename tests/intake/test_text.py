"""Files of one key a line: encodings, line ends, noise, and lines that hold no key."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.keyformats import formats, parse
from provenance.errors import FileRefused, KeyMalformed
from provenance.intake import Accepted, Limits, Rejected, read_upload
from provenance.intake.readers import fast_match
from tests.intake.files import LINE, NATIONAL, SECRET, SERIAL, line_of, pair, read, stream, told
from tests.keyformats.keys import READ_BY_RULE, keys, renderings

LABELLED = f"卡号：{SERIAL} 密码：{SECRET}"
FILENAMES = ["a.txt", "a.csv", "a.tsv", "a.ndjson", "a.xlsx"]
FAST_SEPARATORS = r"----|\||\t|,"


def refused(content: bytes, **options: object) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read(content, **options)  # type: ignore[arg-type]
    return caught.value


def test_lines_are_read_in_order_and_counted_with_the_blank_ones():
    content = f"\n{line_of(0)}\r\n   \n\u3000\n{line_of(1)}".encode()
    assert told(read(content)) == [(2, *pair(0)), (5, *pair(1))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_labels_are_read_in_every_encoding(encoding):
    content = f"{LABELLED}\r\n{LINE}\r\n{LABELLED}".encode(encoding)
    assert told(read(content)) == [(1, SERIAL, SECRET), (2, SERIAL, SECRET), (3, SERIAL, SECRET)]


@pytest.mark.parametrize(("first", "second"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_a_mixture_of_encodings_is_refused_with_its_line(first, second):
    content = f"{LINE}\n{LABELLED}\n".encode(first) + f"{LINE}\n{LABELLED}\n".encode(second)
    error = refused(content)
    assert (error.code, error.facts["line"]) == ("mixed_encodings", 4)


def test_a_mixture_inside_the_first_telling_line_is_refused():
    assert refused("卡号：".encode() + "密码：".encode("gb18030")).code == "mixed_encodings"


def test_gbk_text_that_begins_like_utf_8_is_still_gbk():
    # 小 is D0 A1 in GBK, which is also valid UTF-8 for a Cyrillic letter.
    content = "小米\n小米----秘密".encode("gb18030")
    assert told(read(content, format_id="opaque")) == [(1, "", "小米"), (2, "", "小米----秘密")]


def test_a_file_with_a_byte_order_mark_must_be_utf_8():
    assert refused(b"\xef\xbb\xbf" + LABELLED.encode("gb18030")).code == "mixed_encodings"


def test_bytes_of_neither_encoding_are_refused():
    error = refused(LINE.encode() + b"\n\xff\xff\n")
    assert (error.code, error.facts["line"]) == ("undecodable", 2)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_refused(encoding):
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    assert refused(mark + LINE.encode(encoding)).code == "encoding_unsupported"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n\r\n  \n", "file_blank"),
        (b"\xef\xbb\xbf", "file_blank"),
        ("\u3000".encode(), "file_blank"),
    ],
)
def test_a_file_without_a_key_is_refused(content, code):
    assert refused(content).code == code


def test_one_bad_line_among_many_is_told_with_line_and_column():
    lines = [line_of(number) for number in range(5000)]
    lines[4321] = lines[4321][:30] + "А" + lines[4321][31:]
    rows = read("\n".join(lines).encode())
    bad = [row for row in rows if isinstance(row, Rejected)]
    assert [(row.line, row.column, row.code) for row in bad] == [(4322, 31, "homoglyph")]
    assert len(rows) == 5000


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        (f"{SECRET}----{SERIAL}", "swapped_serial_and_secret", None),
        (f"{SERIAL}----{SECRET[:-1]}", "wrong_length", None),
        (f"{SERIAL}----{SECRET[:5]}\x00{SECRET[6:]}", "control_character", 27),
        (SERIAL, "secret_missing", None),
        (f"{SERIAL}|{SECRET}|9.90", "too_many_fields", None),
        (f"{SERIAL}----{SECRET[:-1]}x", "bad_character", 39),
        ("卡号,卡密", "bad_character", 1),
    ],
)
def test_a_line_without_a_key_is_rejected_with_its_code_and_tells_nothing(line, code, column):
    (row,) = read(line.encode())
    assert isinstance(row, Rejected)
    assert (row.code, row.column) == (code, column)
    assert SECRET[:-1] not in repr(row)
    assert SERIAL not in repr(row)


def test_a_line_over_the_bound_is_rejected_and_the_next_is_read():
    at_bound = LINE + " " * (4096 - len(LINE))
    content = f"{at_bound}\r\n{at_bound} \n{LINE}\n{'7' * 9000}".encode()
    expected = [
        (1, SERIAL, SECRET),
        (2, None, "line_too_long"),
        (3, SERIAL, SECRET),
        (4, None, "line_too_long"),
    ]
    assert told(read(content)) == expected
    one_byte_at_a_time = stream(bytes([byte]) for byte in content)
    assert told(read(one_byte_at_a_time)) == expected


def test_a_line_without_end_takes_constant_memory():
    piece = b"7" * (1 << 20)

    def endless():
        yield LINE.encode() + b"\n"
        for _ in range(192):
            yield piece
        yield b"\n" + LINE.encode()

    tracemalloc.start()
    try:
        rows = read(stream(endless()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told(rows) == [(1, SERIAL, SECRET), (2, None, "line_too_long"), (3, SERIAL, SECRET)]
    assert peak < 8 << 20


def test_memory_does_not_grow_with_the_number_of_lines():
    def peak_of(blocks: int) -> int:
        block = "".join(f"{line_of(number)}\n" for number in range(2000)).encode()
        tracemalloc.start()
        try:
            count = sum(1 for _ in read_upload(stream(block for _ in range(blocks)), format=NATIONAL))
            assert count == 2000 * blocks
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak_of(20) < peak_of(4) + (64 << 10)


@given(
    st.lists(st.sampled_from([LINE, LABELLED, "", "x", f"{SERIAL}|{SECRET}\r", "7" * 5000, "\x00"])),
    st.data(),
)
def test_the_cut_of_the_pieces_does_not_matter(lines, data):
    content = "\n".join(["1", *lines]).encode(data.draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"])))
    cuts = sorted(data.draw(st.lists(st.integers(1, max(1, len(content) - 1)), max_size=8)))
    pieces = [content[start:end] for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    assert told(read(stream(piece for piece in pieces if piece))) == told(read(content))


@given(st.data(), st.sampled_from(READ_BY_RULE))
def test_what_the_fast_path_takes_the_slow_path_reads_to_the_same_key(data, key_format):
    key = data.draw(keys(key_format))
    separator = data.draw(st.sampled_from(["----", "|", "\t", ",", "--"]))
    plain = f"{key.serial}{separator}{key.secret}" if key.serial else key.secret
    line = data.draw(st.sampled_from([plain, plain + "\r", plain.lower(), renderings(key_format, key)]))
    line = line if isinstance(line, str) else data.draw(line)
    match = fast_match(key_format, FAST_SEPARATORS)
    found = match(line) if match else None
    if found:
        assert (found[1], found[2]) == (key.serial, key.secret)
    else:
        assert line != plain or separator == "--" or key_format.secret.check
    assert [row.key for row in read(line.encode(), format_id=key_format.id) if isinstance(row, Accepted)] == [
        parse(key_format, line).key
    ]


@given(st.text(alphabet="0123456789ABXJDV-|,\t\r", max_size=45), st.sampled_from(READ_BY_RULE))
def test_what_the_slow_path_refuses_the_fast_path_does_not_take(line, key_format):
    match = fast_match(key_format, FAST_SEPARATORS)
    found = match(line) if match else None
    try:
        key = parse(key_format, line).key
    except KeyMalformed:
        assert found is None
        return
    assert found is None or (found[1], found[2]) == (key.serial, key.secret)


@given(st.binary(max_size=300), st.sampled_from(list(formats())), st.sampled_from(FILENAMES))
def test_any_bytes_give_rows_or_a_refused_file(content, format_id, filename):
    try:
        rows = read(content, format_id=format_id, filename=filename)
    except FileRefused as error:
        assert error.code != "file_refused"
        return
    assert rows
    assert [row.line for row in rows] == sorted({row.line for row in rows})


def test_more_keys_than_a_batch_holds_are_refused():
    content = "\n".join(line_of(number) for number in range(11)).encode()
    assert len(read(content, limits=Limits(keys=11))) == 11
    error = refused(content, limits=Limits(keys=10))
    assert (error.code, error.facts) == ("too_many_keys", {"limit": 10, "line": 11})
    assert Limits().keys == 10_000_000


def test_more_lines_than_the_bound_are_refused_even_blank_ones():
    assert refused(b"\n" * 1000, limits=Limits(lines=999)).code == "too_many_lines"
    assert refused(b"\n" * 1000, limits=Limits(lines=1000)).code == "file_blank"


def test_a_file_over_the_bound_is_refused_as_soon_as_it_is_passed():
    error = refused(LINE.encode() * 10, limits=Limits(file_bytes=100))
    assert error.code == "file_too_large"
    assert Limits().file_bytes == Limits().unpacked_bytes == 2 << 30


def test_rows_come_before_the_file_is_read_to_its_end():
    def lines():
        yield LINE.encode() + b"\n"
        raise AssertionError("read ahead")

    rows = read_upload(stream(lines()), format=NATIONAL)
    with pytest.raises(AssertionError, match="read ahead"):
        list(rows)


def test_reading_does_not_close_or_rewind_the_stream_of_the_caller():
    held = io.BytesIO(b"skipped\n" + LINE.encode())
    held.seek(8)
    assert told(read(held)) == [(1, SERIAL, SECRET)]
    assert not held.closed
    assert held.read() == b""
