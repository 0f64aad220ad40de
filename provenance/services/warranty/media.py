"""What a file is, told by its bytes: a name and a declared type are only what somebody says.

An allow-list of seven media and no detector of everything: what is not surely one of them is refused. What
is kept is shown again only as a download, under the type found here; a file that is two things at once (a
picture with an archive behind its end) is therefore harmless to a browser, and no more than that is claimed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from provenance.core.claims import EvidenceType
from provenance.errors import InputRefused


class Media(StrEnum):
    """The media that are kept."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    PDF = "application/pdf"
    TEXT = "text/plain"
    MP4 = "video/mp4"
    QUICKTIME = "video/quicktime"
    WEBM = "video/webm"


SUFFIXES: Final = {
    Media.PNG: "png", Media.JPEG: "jpg", Media.PDF: "pdf", Media.TEXT: "txt", Media.MP4: "mp4",
    Media.QUICKTIME: "mov", Media.WEBM: "webm",
}  # fmt: skip
"""How a file of each is named when it leaves."""
VIDEOS: Final = frozenset({Media.MP4, Media.QUICKTIME, Media.WEBM})
PICTURES: Final = frozenset({Media.PNG, Media.JPEG})
_RECORDS: Final = PICTURES | {Media.PDF, Media.TEXT}
_E = EvidenceType
ALLOWED: Final[Mapping[EvidenceType, frozenset[Media]]] = MappingProxyType(
    {
        _E.PAYMENT_RECORD: _RECORDS,
        _E.ISSUER_ANSWER: _RECORDS,
        _E.CARRIER_RECEIPT: _RECORDS,
        _E.CARRIER_FAILURE_NOTICE: _RECORDS,
        _E.CARRIER_ARREARS_NOTICE: _RECORDS,
        _E.ACCOUNT_CONFIRMATION: _RECORDS,
        _E.DISCLOSURE_BEFORE_SALE: _RECORDS,
        _E.PUBLIC_NOTICE: _RECORDS,
        _E.POLICE_REPORT: PICTURES | {Media.PDF},
        _E.LEAK_RECORD: _RECORDS,
        _E.SCREENSHOT: PICTURES,
        _E.VIDEO: VIDEOS,
        _E.OWNERSHIP_REPORT: _RECORDS | VIDEOS,
        _E.RECLAIM_RECORD: _RECORDS | VIDEOS,
    }
)
"""What each type of evidence may be. Log entries and requests for evidence are nobody's upload."""

_PROGRAMS: Final = (
    *(b"MZ", b"\x7fELF", b"\xfe\xed\xfa", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"),
    *(b"\0asm", b"dex\n", b"#!", b"L\0\0\0\x01\x14\x02\0"),
    # Archives, among them Office documents and packages; the old Office is \xd0\xcf\x11\xe0.
    *(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
    *(b"\xd0\xcf\x11\xe0", b"{\\rtf", b"!<arch>", b"MSCF"),
)
_MP4_BRANDS: Final = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"mp4v", b"avc1", b"M4V ", b"MSNV"}
    | {b"3gp4", b"3gp5", b"3gp6", b"3g2a", b"dash", b"XAVC"}
)
_WEBM_DOCTYPE: Final = re.compile(rb"\x42\x82[\x81-\x8f]webm")
_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_TEXT_PROGRAMS: Final = ("<", "@echo")
"""Pages, vector pictures and scripts are text, too; what begins like one is not kept as a record."""


class MediaCheck:
    """Looks at a file as it passes; *type* is what it is handed in as.

    Raises :class:`InputRefused`: ``evidence_executable``, ``evidence_media_unknown``, or
    ``evidence_media_wrong`` for a medium that evidence of this type cannot be.
    """

    def __init__(self, type: EvidenceType) -> None:
        self._allowed = ALLOWED.get(type, frozenset())
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._media: Media | None = None

    def look(self, piece: bytes, is_last: bool) -> Media:
        """Take the next *piece*, the first of at least 64 bytes unless it is the last; the medium."""
        if self._media is None:
            found = media_of(piece)
            if found not in self._allowed:
                raise InputRefused(
                    f"evidence of this type is no {found}; send one of {', '.join(sorted(self._allowed))}",
                    code="evidence_media_wrong",
                    allowed=sorted(self._allowed),
                )
            self._media = found
        if self._media is Media.TEXT:
            self._must_be_text(piece, is_last)
        return self._media

    def _must_be_text(self, piece: bytes, is_last: bool) -> None:
        try:
            text = self._decoder.decode(piece, final=is_last)
        except UnicodeDecodeError:
            raise _unknown() from None
        if _NOT_TEXT.search(text):
            raise _unknown()


def media_of(head: bytes) -> Media:
    """The medium that begins with *head*; whatever is nothing else may be text, and is looked at as such.

    Raises :class:`InputRefused` (``evidence_executable``, ``evidence_media_unknown``).
    """
    text = head[:64].removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").lstrip().lower()
    if head.startswith(_PROGRAMS) or text.startswith(_TEXT_PROGRAMS):
        raise InputRefused(
            "this is a program, a script, a page or an archive, whatever its name; send a picture, a PDF, "
            "a video or plain text",
            code="evidence_executable",
        )
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return Media.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return Media.JPEG
    if head.startswith((b"%PDF-1.", b"%PDF-2.")):
        return Media.PDF
    if head[4:8] == b"ftyp":
        return _film(head[8:12])
    if head.startswith(b"\x1aE\xdf\xa3"):
        if _WEBM_DOCTYPE.search(head, 0, 64):
            return Media.WEBM
        raise _unknown()
    return Media.TEXT


def _film(brand: bytes) -> Media:
    if brand == b"qt  ":
        return Media.QUICKTIME
    if brand in _MP4_BRANDS:
        return Media.MP4
    raise _unknown()


def _unknown() -> InputRefused:
    return InputRefused(
        "this is no PNG, JPEG, PDF, MP4, MOV, WebM or plain UTF-8 text; convert it to one of them",
        code="evidence_media_unknown",
    )
