"""From pairs to the bytes of a file, in each layout; the same bytes for the same pairs."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from provenance.sample.spec import FileSpec

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KINDS = "application/vnd.openxmlformats"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: a file made twice from one seed is the same file."""

_PAIRS = {
    "dashes": "{}----{}", "pipe": "{}|{}", "box": "{}║{}", "tab": "{}\t{}", "comma": "{},{}",
    "spaces": "{}  {}", "labels": "卡号：{} 密码：{}", "csv": "{},{}", "tsv": "{}\t{}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """One line to write; ``pair`` None for a blank one."""

    pair: tuple[str, str] | None
    is_number: bool = False


def header_of(spec: FileSpec, *, has_serial: bool) -> tuple[str, ...]:
    """Names of the columns; none for a layout without a header."""
    if spec.layout not in ("csv", "tsv", "xlsx"):
        return ()
    names = ("卡号", "卡密") if spec.encoding != "utf-8" or spec.layout == "xlsx" else ("serial", "secret")
    return names if has_serial else names[1:]


def encode(spec: FileSpec, header: Sequence[str], lines: Sequence[Written]) -> bytes:
    """The bytes of the whole file."""
    if spec.layout == "xlsx":
        content = _workbook(header, lines)
    else:
        separator = "\t" if spec.layout == "tsv" else ","
        texts = [separator.join(header)] if header else []
        texts += [_line(spec.layout, written, has_serial=len(header) > 1) for written in lines]
        end = "\r\n" if spec.is_crlf else "\n"
        content = (end.join(texts) + end).encode(spec.encoding)
    return gzip.compress(content, mtime=0) if spec.is_packed else content


def _line(layout: str, written: Written, *, has_serial: bool) -> str:
    if written.pair is None:
        return ""
    serial, secret = written.pair
    if layout == "ndjson":
        return json.dumps({"serial": serial, "secret": secret} if serial else {"secret": secret})
    if serial or has_serial:
        return _PAIRS[layout].format(serial, secret)
    return f"卡密：{secret}" if layout == "labels" else secret


def _workbook(header: Sequence[str], lines: Sequence[Written]) -> bytes:
    rows = [_row(1, [(name, False) for name in header])]
    for number, written in enumerate(lines, 2):
        if written.pair is not None:
            cells = [(text, written.is_number) for text in written.pair][-len(header) :]
            rows.append(_row(number, [(cells[0][0], False), cells[1]] if len(cells) > 1 else cells))
    links = f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{_KINDS}-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="{_KINDS}-officedocument.spreadsheetml.worksheet+xml"/>'
        '<Override PartName="/xl/workbook.xml"'
        f' ContentType="{_KINDS}-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{links}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData>'
        "</worksheet>",
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in parts.items():
            declared = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), declared, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def _row(number: int, cells: Sequence[tuple[str, bool]]) -> str:
    written = [
        f'<c r="{letter}{number}"><v>{text}</v></c>'
        if is_number
        else f'<c r="{letter}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
        for letter, (text, is_number) in zip("AB", cells, strict=False)
    ]
    return f'<row r="{number}">{"".join(written)}</row>'
