"""The complaint as a PDF/A file in Chinese, English beside it in small."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Final

import pylopdf_fonts_zh_cn as fonts
import segno
import typst

MAX_TEXT: Final = 600
"""Characters of one text that users or parties wrote; the rest is counted, not printed."""
_STANDARD: Final = "a-2b"
_PRINTED: Final = (
    *((0x20, 0x7E), (0xA1, 0xFF), (0x2010, 0x2027), (0x3001, 0x3020)),
    *((0x4E00, 0x9FA5), (0xFF01, 0xFF5E), (0xFFE5, 0xFFE5)),
)
"""What the embedded font has glyphs for. PDF/A refuses a file with one glyph missing."""
_NO_GLYPH: Final = "□"


def complaint(told: Mapping[str, Any], link: str, at: int) -> bytes:
    """The PDF of what is *told* (see ``complaint.typ``), a QR of *link* on it, dated *at* (ms).

    The same input gives the same bytes; fonts come from their package alone, whatever the machine has.
    """
    drawn = io.BytesIO()
    segno.make(link, error="m", micro=False).save(drawn, kind="svg", border=4)
    data = {**told, "link": link, "qr": drawn.getvalue().decode()}
    with as_file(files("provenance.print")) as room:
        made = typst.compile(
            str(room / "complaint.typ"),
            root=str(room),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            font_paths=[str(fonts.serif_path().parent)],
            ignore_system_fonts=True,
            pdf_standards=_STANDARD,
            timestamp=at // 1_000,
        )
    if not isinstance(made, bytes):
        raise TypeError("one document compiles to one file")
    return made


def readable(text: object, most: int = MAX_TEXT) -> str:
    """*text* as one line of at most *most* characters, all of which can be printed."""
    said = str(text)
    shown = "".join(_printed(letter) for letter in said[:most])
    return shown if len(said) <= most else f"{shown}……（共 {len(said)} 字，以下略）"


def readme(*, is_open: bool) -> str:
    """What lies in a pack, in Chinese and English, and whether the key itself does."""
    text = (files("provenance.print") / "readme.txt").read_text(encoding="utf-8")
    kind = "open" if is_open else "closed"
    return text.format(zh=word("secrets", kind), en=word("secrets_en", kind))


def word(kind: str, code: str) -> str:
    """The Chinese word for *code* in the vocabulary *kind*; the code itself where there is none."""
    return _words().get(kind, {}).get(code, code)


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("provenance.print") / "words.toml").read_text(encoding="utf-8"))


def _printed(letter: str) -> str:
    if letter.isspace():
        return " "
    code = ord(letter)
    return letter if any(first <= code <= last for first, last in _PRINTED) else _NO_GLYPH
