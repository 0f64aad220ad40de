"""The one door for supplier files: whatever its kind, packing and encoding, rows come out in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from provenance.core.keyformats import KeyFormat
from provenance.errors import FileRefused
from provenance.intake.chunks import unpacked
from provenance.intake.lines import lines
from provenance.intake.readers import read_csv, read_ndjson, read_text
from provenance.intake.rows import Accepted, Limits, Row
from provenance.intake.workbook import ZIP_MAGIC, read_workbook

_BY_SUFFIX = {
    "txt": "text", "text": "text", "csv": "csv", "tsv": "tsv", "tab": "tsv", "ndjson": "ndjson",
    "jsonl": "ndjson", "xlsx": "xlsx",
}  # fmt: skip
_BY_TYPE = {
    "text/plain": "text",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_FOREIGN_MAGIC = (b"\xd0\xcf\x11\xe0", b"%PDF", b"Rar!", b"7z\xbc\xaf")
"""First bytes of xls and doc, pdf, rar and 7z: else their encoding would be blamed, which misleads."""
_SAYS_NOTHING = frozenset({
    "", "application/octet-stream", "application/gzip", "application/x-gzip", "application/vnd.ms-excel",
    "binary/octet-stream",
})  # fmt: skip
"""Types that tell nothing: of packing only, or what browsers send for want of knowledge (csv as ms-excel)."""


def kind_of(filename: str | None, content_type: str | None) -> str:
    """``text``, ``csv``, ``tsv``, ``ndjson`` or ``xlsx``: by the name, else by the media type, else text.

    Raises FileRefused(unsupported_type) for a media type that no reader stands for.
    """
    suffix = (filename or "").lower().removesuffix(".gz").rpartition(".")[2]
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    media = (content_type or "").partition(";")[0].strip().lower()
    if media in _BY_TYPE:
        return _BY_TYPE[media]
    if media in _SAYS_NOTHING:
        return "text"
    raise FileRefused(
        "this type of file is not read; send txt, csv, tsv, ndjson or xlsx", code="unsupported_type"
    )


def read_upload(
    stream: BinaryIO,
    *,
    format: KeyFormat,
    filename: str | None = None,
    content_type: str | None = None,
    limits: Limits | None = None,
) -> Iterator[Row]:
    """Rows of a supplier file, in the order of its lines; blank lines are counted and passed over.

    Reads *stream* once, from where it stands to its end, in flat memory (xlsx excepted, which is bounded more
    tightly); wrap it to hash or count what is read. Keep nothing of a file that is refused half way.
    Raises FileRefused: file_empty, file_blank, unsupported_type, file_too_large, unpacked_too_large,
    too_many_lines, too_many_keys, gzip_corrupt, gzip_truncated, mixed_encodings, undecodable,
    encoding_unsupported, duplicate_header, header_missing, workbook_malformed.
    """
    limits = limits or Limits()
    accepted = 0
    is_blank = True
    kind, chunks = opened(stream, kind_of(filename, content_type), limits)
    for row in rows_of(kind, chunks, format, limits):
        is_blank = False
        if type(row) is Accepted:
            accepted += 1
            if accepted > limits.keys:
                raise FileRefused(
                    f"more than {limits.keys} keys; send them in several batches",
                    code="too_many_keys", limit=limits.keys, line=row.line,
                )  # fmt: skip
        yield row
    if is_blank:
        raise FileRefused("no line of the file holds anything; is it the right file?", code="file_blank")


def opened(stream: BinaryIO, kind: str, limits: Limits) -> tuple[str, Iterator[bytes]]:
    """What the file is, by its first bytes or else by *kind*, and its unpacked chunks; raises FileRefused."""
    head, chunks = unpacked(stream, limits)
    if not head:
        raise FileRefused("the file is empty; is it the right file?", code="file_empty")
    if head.startswith(ZIP_MAGIC):
        return "xlsx", chunks
    if head.startswith(_FOREIGN_MAGIC):
        raise FileRefused(
            "this type of file is not read; save it as txt, csv or xlsx", code="unsupported_type"
        )
    if kind == "xlsx":
        raise FileRefused("named xlsx, but no workbook; save it again", code="workbook_malformed")
    return kind, chunks


def rows_of(kind: str, chunks: Iterator[bytes], key_format: KeyFormat, limits: Limits) -> Iterator[Row]:
    """The rows of an opened file of one *kind*."""
    if kind == "xlsx":
        return read_workbook(chunks, key_format, limits)
    numbered = lines(chunks, limits)
    if kind in ("csv", "tsv"):
        return read_csv(numbered, key_format, "," if kind == "csv" else "\t")
    if kind == "ndjson":
        return read_ndjson(numbered, key_format)
    return read_text(numbered, key_format)
