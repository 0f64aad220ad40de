"""Lines of text out of chunks of bytes: bounded, numbered, decoded by one decision for the whole file.

The encoding. Lines of ASCII decide nothing. A byte order mark, or the first line with other bytes, decides:

1. A line that is valid UTF-8 makes the file UTF-8. A later line that is not, is a mixture.
2. A line that is not valid UTF-8 makes the file GB18030, unless a whole UTF-8 sequence of three or four bytes
   stands before the fault: then the line itself is a mixture. (Two bytes prove nothing: many pairs of GBK
   are also valid UTF-8.) A later line that is valid UTF-8 with such a sequence is a mixture.
3. A line that is neither is undecodable.

A mixture is refused as a file: read by either rule, half of it would register keys that nobody holds.
Lines end with LF or CR LF; no multi-byte sequence of either encoding contains LF.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from provenance.errors import FileRefused
from provenance.intake.rows import Limits

_LONG_SEQUENCE = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")
Line = tuple[int, str | None]
"""Number from 1, and the text; None instead of a text over the bound."""


class Decoder:
    """The state of the decision above. ``encoding`` is None as long as only ASCII was seen."""

    __slots__ = ("encoding",)

    def __init__(self) -> None:
        self.encoding: str | None = None

    def decode(self, line: bytes, number: int) -> str:
        """Text of one line. Raises FileRefused: mixed_encodings, undecodable."""
        if line.isascii():
            return line.decode("ascii")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as fault:
            is_mixed = _LONG_SEQUENCE.search(line, 0, fault.start) if self.encoding is None else None
            if self.encoding == "utf-8" or is_mixed:
                raise _mixed(number) from None
            return self._gb18030(line, number)
        if self.encoding == "gb18030":
            if _LONG_SEQUENCE.search(line):
                raise _mixed(number)
            return self._gb18030(line, number)
        self.encoding = "utf-8"
        return text

    def _gb18030(self, line: bytes, number: int) -> str:
        self.encoding = "gb18030"
        try:
            return line.decode("gb18030")
        except UnicodeDecodeError:
            raise FileRefused(
                f"line {number} is neither UTF-8 nor GB18030; save the file as UTF-8",
                code="undecodable",
                line=number,
            ) from None


def _mixed(number: int) -> FileRefused:
    return FileRefused(
        f"line {number} is in another encoding than the lines before; save the whole file as UTF-8",
        code="mixed_encodings",
        line=number,
    )


def lines(chunks: Iterator[bytes], limits: Limits) -> Iterator[Line]:
    """Every line with its number. A line over the bound is passed over in constant memory.

    Raises FileRefused: too_many_lines, mixed_encodings, undecodable, encoding_unsupported (UTF-16 or UTF-32).
    """
    for first, block in line_blocks(chunks, limits):
        yield from enumerate(block, first)


def line_blocks(chunks: Iterator[bytes], limits: Limits) -> Iterator[tuple[int, list[str | None]]]:
    """The same lines, many at once: the number of the first, and their texts. Raises as :func:`lines`."""
    decoder = Decoder()
    line_bytes = limits.line_bytes
    number = 0
    for block in _blocks(_without_bom(chunks, decoder), line_bytes + 1):
        first = number + 1
        found: list[str | None] = []
        if block is None:
            found = [None]
        elif block.isascii():
            found = [_within(text, line_bytes) for text in block.decode("ascii").split("\n")]
        else:
            # Line by line to the caller: what stands before a line that is refused has been read.
            for line in block.split(b"\n"):
                number += 1
                is_long = len(line.removesuffix(b"\r")) > line_bytes
                yield number, [None if is_long else decoder.decode(line, number)]
        if found:
            number += len(found)
            yield first, found
        if number > limits.lines:
            raise FileRefused(
                f"more than {limits.lines} lines; send them in several files",
                code="too_many_lines",
                limit=limits.lines,
            )


def _within(text: str, limit: int) -> str | None:
    return None if len(text) > limit and len(text.removesuffix("\r")) > limit else text


def _without_bom(chunks: Iterator[bytes], decoder: Decoder) -> Iterator[bytes]:
    first = next(chunks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileRefused("UTF-16 is not read; save the file as UTF-8", code="encoding_unsupported")
    if first.startswith(codecs.BOM_UTF8):
        decoder.encoding = "utf-8"
        first = first[len(codecs.BOM_UTF8) :]
    yield first
    yield from chunks


def _blocks(chunks: Iterator[bytes], keep: int) -> Iterator[bytes | None]:
    """Runs of whole lines without the last LF; None for a line longer than *keep* whose bytes are dropped."""
    rest = b""
    is_skipping = False
    for chunk in chunks:
        data = chunk
        if is_skipping:
            end = data.find(b"\n")
            if end < 0:
                continue
            data, is_skipping = data[end + 1 :], False
        data = rest + data
        end = data.rfind(b"\n")
        if end >= 0:
            yield data[:end]
        rest = data[end + 1 :]
        if len(rest) > keep:
            rest, is_skipping = b"", True
            yield None
    if rest:
        yield rest
