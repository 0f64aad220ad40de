"""What a document is by its bytes: PDF, PNG or JPEG, whole from its first byte to its last.

A name and a declared type are the sender's word; a program that calls itself ``licence.pdf`` is
refused by its content, and so is a picture with something appended to it.
"""

from __future__ import annotations

import zlib
from typing import Final

from provenance.errors import InputRefused

MAX_PAPER_BYTES: Final = 10 << 20
"""A scanned licence has some hundred kilobytes, a contract of many pages a few megabytes."""
PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
SUFFIXES: Final = {PDF: "pdf", PNG: "png", JPEG: "jpg"}

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PDF_TAIL: Final = 1_024
"""Readers look for the end mark in the last kilobyte (ISO 32000-1, annex H, note 18)."""


def media_type(content: bytes) -> str:
    """The media type of *content*; raises :class:`InputRefused` (``paper_too_large``, ``paper_type``)."""
    if len(content) > MAX_PAPER_BYTES:
        raise InputRefused(
            f"a document has at most {MAX_PAPER_BYTES} bytes; scan it in a lower resolution",
            code="paper_too_large",
            limit=MAX_PAPER_BYTES,
        )
    if content.startswith((b"%PDF-1.", b"%PDF-2.")) and b"%%EOF" in content[-_PDF_TAIL:]:
        return PDF
    if content.startswith(_PNG_SIGNATURE) and _is_whole_png(content):
        return PNG
    if content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9"):
        return JPEG
    raise InputRefused(
        "the content is no whole PDF, PNG or JPEG, whatever its name says; send one of these",
        code="paper_type",
    )


def _is_whole_png(content: bytes) -> bool:
    """Whether chunk follows chunk, each with its checksum, from IHDR to IEND and no further."""
    place, names = len(_PNG_SIGNATURE), []
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4])
        end = place + 8 + length
        if zlib.crc32(content[place + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return False
        names.append(content[place + 4 : place + 8])
        place = end + 4
        if names[-1] == b"IEND":
            break
    return place == len(content) and names[:1] == [b"IHDR"] and names[-1] == b"IEND"
