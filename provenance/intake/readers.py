"""One generator for each kind of text file: lines in, rows out."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from provenance.core.keyformats import CardKey, KeyFormat, parse
from provenance.core.keyrules import canonical_pattern
from provenance.errors import KeyMalformed
from provenance.intake.lines import Line
from provenance.intake.rows import Accepted, Rejected, Row
from provenance.intake.table import Columns, read_fields, read_pair

Match = Callable[[str], "re.Match[str] | None"]


def fast_match(key_format: KeyFormat, separators: str) -> Match | None:
    """Full match of a line that is canonical already, with groups serial and secret; None if none is.

    Whatever it matches, ``parse`` reads to the same key: it only spares the work.
    """
    if key_format.secret is None or key_format.secret.check:
        return None
    serial, secret = canonical_pattern(key_format)
    head = f"({serial})(?:{separators})" if serial else "()"
    return re.compile(f"{head}({secret})\r?").fullmatch


def text_match(key_format: KeyFormat) -> Match | None:
    """``fast_match`` for the lines of a text file."""
    return fast_match(key_format, r"----|\||\t|,")


def _never(_: str) -> None:
    return None


def read_text(lines: Iterator[Line], key_format: KeyFormat) -> Iterator[Row]:
    """One key a line, in any rendering."""
    match = text_match(key_format) or _never
    format_id = key_format.id
    for number, text in lines:
        if text is None:
            yield too_long(number)
        elif found := match(text):
            yield Accepted(number, CardKey(format_id, found[1], found[2]))
        elif text and not text.isspace():
            try:
                yield Accepted(number, parse(key_format, text.removesuffix("\r")).key)
            except KeyMalformed as error:
                position = error.facts.get("position")
                yield Rejected(number, None if position is None else position + 1, error.code, error.message)


def read_csv(lines: Iterator[Line], key_format: KeyFormat, delimiter: str) -> Iterator[Row]:
    """A header in Chinese or English, then one key a line; a quoted cell does not span lines.

    Raises FileRefused: duplicate_header, header_missing.
    """
    columns: Columns | None = None
    match: Match = _never
    for number, text in lines:
        if text is not None and (not text or text.isspace()):
            continue
        if columns is None:
            columns = Columns.of_header(_cells(text or "", delimiter) or (), number)
            if (columns.serial, columns.secret) == ((0, 1) if key_format.serial else (None, 0)):
                match = fast_match(key_format, re.escape(delimiter)) or _never
        elif text is None:
            yield too_long(number)
        elif found := match(text):
            yield Accepted(number, CardKey(key_format.id, found[1], found[2]))
        elif (cells := _cells(text, delimiter)) is None:
            yield Rejected(number, None, "csv_malformed", "a quotation mark is not closed or stands astray")
        elif any(cell and not cell.isspace() for cell in cells):
            yield columns.row(key_format, number, cells)


def _cells(text: str, delimiter: str) -> list[str] | None:
    try:
        found = list(csv.reader([text.removesuffix("\r")], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else None


def read_ndjson(lines: Iterator[Line], key_format: KeyFormat) -> Iterator[Row]:
    """One JSON object or string a line; the fields of an object are named like columns of a csv file."""
    for number, text in lines:
        if text is None:
            yield too_long(number)
        elif text and not text.isspace():
            yield _json_row(key_format, number, text)


def _json_row(key_format: KeyFormat, number: int, text: str) -> Row:
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except _Twice:
        return Rejected(number, None, "duplicate_field", "a field stands twice; send each once")
    except (ValueError, RecursionError):
        return Rejected(number, None, "json_malformed", "not one JSON object or string on one line")
    if isinstance(value, dict):
        return read_fields(key_format, number, value)
    if isinstance(value, str):
        row = read_pair(key_format, number, None, value, has_serial=False)
        return row if isinstance(row, Accepted) else Rejected(number, None, row.code, row.message)
    return Rejected(number, None, "json_malformed", "not one JSON object or string on one line")


class _Twice(Exception):
    """A JSON object with one name twice: readers disagree on which counts, so none does."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    return found


def too_long(number: int) -> Rejected:
    """The row of a line over the bound."""
    return Rejected(number, None, "line_too_long", "the line is too long for a key; is a line end missing?")
