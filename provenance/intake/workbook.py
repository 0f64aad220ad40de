"""xlsx: the first sheet, text cells only, checked before it is opened.

A workbook is a zip of XML that its reader unpacks and lays out in memory whole. So its size, unpacked size
and the rectangle of its cells are bounded here first, by unpacking it once without keeping anything.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO

from python_calamine import CalamineError, load_workbook

from provenance.core.keyformats import KeyFormat
from provenance.errors import FileRefused
from provenance.intake.rows import Limits, Rejected, Row
from provenance.intake.table import Columns

ZIP_MAGIC = b"PK\x03\x04"
_OTHER_KINDS = {"xl/workbook.bin", "content.xml", "mimetype"}
_STEP = 1 << 20
_PLACE = re.compile(rb"""<(?:\w+:)?(row|c)\b|\br\s*=\s*["']\s*([A-Za-z]{0,9})([0-9]{1,19})""")
_OVERLAP = 64
"""Bytes looked at twice, so that a cell reference on the border of two pieces is not missed."""


def read_workbook(chunks: Iterator[bytes], key_format: KeyFormat, limits: Limits) -> Iterator[Row]:
    """A header in Chinese or English, then one key a row, all cells as text.

    Raises FileRefused: file_too_large, unpacked_too_large, workbook_malformed, unsupported_type,
    duplicate_header, header_missing.
    """
    columns: Columns | None = None
    for line, cells in enumerate(_rows(_checked(chunks, limits)), 1):
        if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells):
            continue
        if columns is None:
            columns = Columns.of_header([str(cell) if cell is not None else "" for cell in cells], line)
            continue
        place = _number_among(cells, columns)
        if place is not None:
            # A number lost its leading zeros and its digits past the fifteenth: no key can be read from it.
            yield Rejected(line, place + 1, "cell_not_text", "a number, not text; format the column as text")
        else:
            yield columns.row(key_format, line, [cell if isinstance(cell, str) else "" for cell in cells])


def _number_among(cells: Sequence[object], columns: Columns) -> int | None:
    for place in (columns.serial, columns.secret):
        if place is not None and place < len(cells) and not isinstance(cells[place], str | None):
            return place
    return None


def _rows(workbook: BytesIO) -> Iterator[Sequence[object]]:
    try:
        sheet = load_workbook(workbook).get_sheet_by_index(0)
        yield from sheet.iter_rows()
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise _malformed() from error
    except BaseException as error:
        # A panic of the Rust reader arrives as a class outside Exception that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise _malformed() from None


def _checked(chunks: Iterator[bytes], limits: Limits) -> BytesIO:
    held = BytesIO()
    for chunk in chunks:
        held.write(chunk)
        if held.tell() > limits.workbook_bytes:
            raise FileRefused(
                f"a workbook is at most {limits.workbook_bytes} bytes; send csv instead",
                code="file_too_large", limit=limits.workbook_bytes,
            )  # fmt: skip
    held.seek(0)
    try:
        with zipfile.ZipFile(held) as archive:
            _verify_kind({name.lower() for name in archive.namelist()})
            _unpack_once(archive, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _malformed() from error
    held.seek(0)
    return held


def _verify_kind(names: set[str]) -> None:
    # The reader guesses among four kinds; only in this one are cells counted as it will count them.
    if "xl/workbook.xml" not in names or names & _OTHER_KINDS:
        raise FileRefused("a zip file, but no workbook; send txt, csv or xlsx", code="unsupported_type")


def _unpack_once(archive: zipfile.ZipFile, limits: Limits) -> None:
    # Read to the end, every part also proves to have the size and checksum that it states.
    total = 0
    for info in archive.infolist():
        # Any part may be the sheet: the workbook says which, and its reader takes every path and case.
        extent = _Extent()
        with archive.open(info) as part:
            while piece := part.read(_STEP):
                total += len(piece)
                if total > limits.workbook_unpacked_bytes:
                    raise FileRefused(
                        f"unpacked it is over {limits.workbook_unpacked_bytes} bytes; send csv instead",
                        code="unpacked_too_large", limit=limits.workbook_unpacked_bytes,
                    )  # fmt: skip
                extent.feed(piece)
        if extent.rows * extent.columns > limits.workbook_cells:
            raise FileRefused(
                "the sheet is too wide or too long; send csv instead", code="workbook_malformed"
            )


class _Extent:
    """The rectangle of a sheet's cells, counted as its reader does: a reference, else the next place."""

    __slots__ = ("_column", "_row", "_tail", "columns", "rows")

    def __init__(self) -> None:
        self.rows = self.columns = self._row = self._column = 0
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        for tag, letters, digits in _PLACE.findall(self._tail + piece):
            if tag == b"row":
                self._row, self._column = self._row + 1, 0
            elif tag:
                self._column += 1
            else:
                self._row = int(digits)
                self._column = _column(letters) if letters else self._column
            self.rows, self.columns = max(self.rows, self._row), max(self.columns, self._column)
        self._tail = piece[-_OVERLAP:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _malformed() -> FileRefused:
    return FileRefused("not a readable workbook; save it again as xlsx, or as csv", code="workbook_malformed")
