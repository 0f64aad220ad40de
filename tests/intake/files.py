"""Supplier files for the tests, as bytes and as streams of any length that never lie in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from provenance.core.keyformats import formats
from provenance.intake import Accepted, Limits, Row, read_upload

NATIONAL = formats()["cmcc-national"]
SERIAL, SECRET = "10000000000000000", "000000000982451653"
LINE = f"{SERIAL}----{SECRET}"


def pair(number: int) -> tuple[str, str]:
    return f"{10**16 + 7919 * number:017d}", f"{982451653 * (number + 1):018d}"


def line_of(number: int) -> str:
    return "----".join(pair(number))


class Pieces(io.RawIOBase):
    """A stream that hands out the given pieces, however many bytes are asked for, and counts them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self.handed_out = 0

    def read(self, size: int = -1) -> bytes:
        piece = next(self._pieces, b"")
        self.handed_out += len(piece)
        return piece


def stream(pieces: Iterable[bytes]) -> BinaryIO:
    return cast(BinaryIO, Pieces(pieces))


def read(
    content: bytes | BinaryIO, *, format_id: str = "cmcc-national", filename: str | None = None,
    content_type: str | None = None, limits: Limits | None = None,
) -> list[Row]:  # fmt: skip
    """All rows of a file."""
    opened = io.BytesIO(content) if isinstance(content, bytes) else content
    return list(read_upload(
        opened, format=formats()[format_id], filename=filename, content_type=content_type, limits=limits
    ))  # fmt: skip


def told(rows: Iterable[Row]) -> list[tuple[object, ...]]:
    """Rows as plain tuples: (line, serial, secret) or (line, column, code)."""
    return [
        (row.line, row.key.serial, row.key.secret)
        if isinstance(row, Accepted)
        else (row.line, row.column, row.code)
        for row in rows
    ]


def workbook(sheet: str, *, path: str = "worksheets/sheet1.xml", **more: str) -> bytes:
    """A workbook of one sheet with the given XML inside ``sheetData``."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    links = f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"></Types>',
        "_rels/.rels": f'{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{links}/worksheet" Target="{path}"/></Relationships>',
        f"xl/{path}": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    parts |= more
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return held.getvalue()


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def number_cell(place: str, number: str) -> str:
    return f'<c r="{place}"><v>{number}</v></c>'
