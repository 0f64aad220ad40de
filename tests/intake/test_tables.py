"""csv, tsv, ndjson and xlsx: columns by name, and what a table may do wrong."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from provenance.errors import FileRefused
from provenance.intake import Limits, kind_of
from tests.intake.files import (
    LINE,
    SECRET,
    SERIAL,
    line_of,
    number_cell,
    pair,
    read,
    text_cell,
    told,
    workbook,
)  # fmt: skip

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def refused(content: bytes, **options: object) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read(content, **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    "header", ["卡号,卡密", "serial,secret", "Serial_Number,PIN", "\ufeff序列号,密码", '"卡号","充值密码"']
)
def test_a_header_names_the_columns_in_chinese_or_english(header):
    content = f'{header}\r\n{SERIAL},{SECRET}\r\n\r\n,,\r\n"{pair(1)[0]}",\'\r\n'.replace("'", pair(1)[1])
    assert told(read(content.encode(), filename="keys.csv")) == [(2, SERIAL, SECRET), (5, *pair(1))]


def test_columns_may_stand_in_any_order_among_others():
    content = f"面值,卡密,有效期,卡号\n50,{SECRET},2027-01-01,{SERIAL}\n"
    assert told(read(content.encode("gb18030"), filename="a.CSV")) == [(2, SERIAL, SECRET)]


def test_tabs_and_the_spreadsheet_habit_of_a_tab_behind_digits_are_read():
    assert told(read(f"卡号\t卡密\n{SERIAL}\t{SECRET}\n".encode(), filename="a.tsv")) == [(2, SERIAL, SECRET)]
    assert told(read(f"卡号,卡密\n{SERIAL}\t,{SECRET}\t\n".encode(), filename="a.csv")) == [
        (2, SERIAL, SECRET)
    ]


def test_a_table_without_serials_may_hold_whole_keys_in_one_column():
    assert told(read(f"卡密\n{LINE}\n".encode(), filename="a.csv")) == [(2, SERIAL, SECRET)]
    content = b"code\nABCDE-FGHIJ-KLMNO\nABCDEFGHIJKLMN0\n"
    assert told(read(content, filename="a.csv", format_id="steam")) == [
        (2, "", "ABCDEFGHIJKLMNO"), (3, "", "ABCDEFGHIJKLMN0"),
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["卡号,卡密,卡号", "serial,序列号,secret", "卡密,密码", "面值,卡密,面值"])
def test_a_column_named_twice_is_refused(header):
    error = refused(f"{header}\n".encode(), filename="a.csv")
    assert (error.code, error.facts["line"]) == ("duplicate_header", 1)


@pytest.mark.parametrize("header", [LINE.replace("----", ","), "面值,有效期", "卡号"])
def test_a_table_without_a_column_of_secrets_is_refused(header):
    assert refused(f"{header}\n{SERIAL},{SECRET}\n".encode(), filename="a.csv").code == "header_missing"


def test_a_header_alone_is_no_file():
    assert refused("卡号,卡密\n".encode(), filename="a.csv").code == "file_blank"


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (f"{SECRET},{SERIAL}", None, "swapped_serial_and_secret"),
        (f"{SERIAL[:-1]},{SECRET}", 1, "wrong_length"),
        (f"{SERIAL},{SECRET[:-1]}Ж", 2, "homoglyph"),
        (f"{SERIAL},", None, "secret_missing"),
        (f",{SECRET}", None, "serial_missing"),
        (f"{SERIAL},{SECRET},9", 3, "cell_count"),
        (f'{SERIAL},"{SECRET}', None, "csv_malformed"),
        (f'{SERIAL},"{SECRET}"x', None, "csv_malformed"),
        ("1" * 5000, None, "line_too_long"),
    ],
)
def test_a_row_without_a_key_is_rejected_with_its_cell(row, column, code):
    content = f"卡号,卡密\n{row}\n{SERIAL},{SECRET}\n".encode()
    assert told(read(content, filename="a.csv")) == [(2, column, code), (3, SERIAL, SECRET)]


def test_json_lines_are_objects_or_strings():
    content = f'{{"serial": "{SERIAL}", "secret": "{SECRET}"}}\n"{line_of(1)}"\n{{"卡密": "{line_of(2)}"}}\n'
    assert told(read(content.encode(), filename="a.jsonl")) == [
        (1, SERIAL, SECRET), (2, *pair(1)), (3, *pair(2)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f'{{"serial": {SERIAL}, "secret": "{SECRET}"}}', "cell_not_text"),
        (f'{{"serial": "{SERIAL}", "secret": null}}', "cell_not_text"),
        (f'{{"serial": "{SERIAL}", "secret": "{SECRET}", "price": "1"}}', "unknown_field"),
        (f'{{"serial": "{SERIAL}", "serial": "{SERIAL}", "secret": "{SECRET}"}}', "duplicate_field"),
        (f'{{"serial": "{SERIAL}", "卡号": "{SERIAL}", "secret": "{SECRET}"}}', "duplicate_field"),
        (f'{{"serial": "{SERIAL}"}}', "secret_missing"),
        (f'{{"serial": "{SECRET}", "secret": "{SERIAL}"}}', "swapped_serial_and_secret"),
        ("{", "json_malformed"),
        ("[]", "json_malformed"),
        ("7" * 4096, "json_malformed"),
        ("[" * 4096, "json_malformed"),
        ('"\\ud800"', "bad_character"),
        (LINE, "json_malformed"),
    ],
)
def test_a_json_line_without_a_key_is_rejected(line, code):
    assert told(read(line.encode(), filename="a.ndjson")) == [(1, None, code)]


def test_a_workbook_is_read_from_its_text_cells():
    rows = "".join(
        f'<row r="{number}">{text_cell(f"A{number}", first)}{text_cell(f"B{number}", second)}</row>'
        for number, first, second in [(2, "卡号", "卡密"), (3, SERIAL, SECRET), (5, *pair(1))]
    )
    content = workbook(rows)
    assert told(read(content, filename="keys.xlsx")) == [(3, SERIAL, SECRET), (5, *pair(1))]
    assert told(read(content)) == [(3, SERIAL, SECRET), (5, *pair(1))]


def test_a_number_in_a_workbook_is_rejected_for_it_has_lost_digits():
    header = f'<row r="1">{text_cell("A1", "卡号")}{text_cell("B1", "卡密")}</row>'
    row = f'<row r="2">{text_cell("A2", SERIAL)}{number_cell("B2", "982451653")}</row>'
    assert told(read(workbook(header + row))) == [(2, 2, "cell_not_text")]


@pytest.mark.parametrize(
    "sheet",
    [
        text_cell("A1", "x") + text_cell("XFD1048576", "x"),
        f'<row r="1048576">{text_cell("A1", "x")}</row><row r="1">{text_cell("ZZZZ1", "x")}</row>',
        "<row>" + "<c/>" * 5000 + "</row>" + "<row><c/></row>" * 5000,
    ],
)
def test_a_sheet_that_would_fill_the_memory_is_refused_before_it_is_opened(sheet):
    assert refused(workbook(sheet)).code == "workbook_malformed"


@pytest.mark.parametrize("path", ["Worksheets/Sheet1.XML", "elsewhere/s.xml"])
def test_a_sheet_under_another_path_is_bounded_too(path):
    sheet = text_cell("A1", "x") + text_cell("XFD1048576", "x")
    assert refused(workbook(sheet, path=path)).code == "workbook_malformed"
    rows = f'<row r="1">{text_cell("A1", "卡密")}</row><row r="2">{text_cell("A2", LINE)}</row>'
    assert told(read(workbook(rows, path=path))) == [(2, SERIAL, SECRET)]


@pytest.mark.parametrize("part", ["xl/workbook.bin", "content.xml", "Content.XML", "mimetype"])
def test_a_workbook_that_could_be_read_as_another_kind_is_refused(part):
    rows = f'<row r="1">{text_cell("A1", "卡密")}</row><row r="2">{text_cell("A2", LINE)}</row>'
    assert refused(workbook(rows, **{part: "x"})).code == "unsupported_type"


def test_a_far_cell_is_seen_wherever_the_pieces_are_cut():
    far = text_cell("XFD1048576", "x")
    front = len('<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
    for place in range(2, 22):
        sheet = " " * ((1 << 20) - front - place) + far
        assert refused(workbook(sheet)).code == "workbook_malformed"


def test_a_workbook_that_unpacks_to_more_than_the_bound_is_refused():
    content = workbook(f'<row r="1">{text_cell("A1", "x" * 3_000_000)}</row>')
    assert len(content) < 20_000
    assert refused(content, limits=Limits(workbook_unpacked_bytes=1 << 20)).code == "unpacked_too_large"
    assert refused(content, limits=Limits(workbook_bytes=1000)).code == "file_too_large"


def test_a_zip_that_is_no_workbook_is_refused():
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("keys.txt", LINE)
    assert refused(held.getvalue()).code == "unsupported_type"
    assert refused(LINE.encode(), filename="a.xlsx").code == "workbook_malformed"


def test_a_damaged_workbook_is_refused_at_every_place():
    content = workbook(f'<row r="1">{text_cell("A1", "卡密")}</row><row r="2">{text_cell("A2", LINE)}</row>')
    for place in range(4, len(content), 7):
        for damaged in (
            content[:place],
            content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :],
        ):
            try:
                rows = told(read(damaged))
            except FileRefused as error:
                assert error.code in {
                    "workbook_malformed",
                    "unsupported_type",
                    "header_missing",
                    "file_blank",
                }
            else:
                assert rows == [(2, SERIAL, SECRET)]


@pytest.mark.parametrize(
    ("filename", "content_type", "kind"),
    [
        ("a.txt", None, "text"),
        ("a.CSV.gz", None, "csv"),
        ("a.tsv", "text/plain", "tsv"),
        ("a", None, "text"),
        (None, "text/csv; charset=gbk", "csv"),
        (None, "application/x-ndjson", "ndjson"),
        (None, XLSX, "xlsx"),
        ("keys.csv", "application/vnd.ms-excel", "csv"),
        ("keys.2026", "application/octet-stream", "text"),
    ],
)
def test_the_kind_of_a_file_follows_from_its_name_or_its_media_type(filename, content_type, kind):
    assert kind_of(filename, content_type) == kind


@pytest.mark.parametrize(
    "content_type", ["application/pdf", "image/png", "multipart/form-data", "application/json"]
)
def test_another_media_type_is_refused(content_type):
    assert refused(LINE.encode(), content_type=content_type).code == "unsupported_type"


@pytest.mark.parametrize(
    "magic", [b"%PDF-1.7", b"\xd0\xcf\x11\xe0\xa1\xb1", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c"]
)
def test_other_kinds_of_file_are_known_by_their_first_bytes(magic):
    assert refused(magic + LINE.encode(), filename="keys.txt").code == "unsupported_type"
