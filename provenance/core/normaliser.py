"""From a raw rendering of a card key to canonical text, or to one coded refusal with its position.

Consensus-critical: the canonical text is hashed into tags and leaves (FORMATS §1). A change here may accept
more spellings; it must never send a spelling accepted today to another text. The twin in
``provenance/web/normaliser.js`` agrees on every case of ``tests/vectors/keys.json``.

The order is fixed: bounds, characters, labels, fields, then per part separators, ASCII gate, case, fold,
length, fixed symbols, check symbol. Widening happens only where it cannot merge two different keys.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NoReturn

from provenance.core.keyrules import CROCKFORD_CHECK, PartRule, check_symbol, part_pattern
from provenance.errors import KeyMalformed

MAX_RAW_CHARACTERS = 4096
"""Longer than any line a supplier file may have; bounds the work done for a hostile text."""

MAX_OPAQUE_BYTES = 1024
"""FORMATS §1: an opaque key is at most this many bytes of UTF-8."""

WHITE = " \t\n\r\v\f"
TRIMMED = WHITE + "\u3000"
INVISIBLE = frozenset({0x00AD, 0x2060, 0xFEFF, *range(0x200B, 0x2010)})
DASHES = frozenset({*range(0x2010, 0x2016), 0x2212, 0x30FC})
LOOKALIKES = frozenset("0O1IL")

_WIDE = re.compile("[\uff01-\uff5e\u3000]")
_DASH = re.compile(f"[{''.join(map(chr, sorted(DASHES)))}]")
_SAID = (("width_folded", _WIDE), ("dash_mapped", _DASH))
_ODD = re.compile(f"[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff{''.join(map(chr, sorted(INVISIBLE)))}]")
_FOLDED = (
    {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20} | dict.fromkeys(DASHES, 0x2D)
)

# Letters and digits of other scripts, by block rather than by property: the answer must not change with the
# Unicode version of the runtime. Everything else outside ASCII is merely a bad character.
HOMOGLYPH_BLOCKS = (
    (0x00C0, 0x02AF), (0x0370, 0x058F), (0x10A0, 0x10FF), (0x13A0, 0x13FF), (0x1C80, 0x1CBF),
    (0x1D00, 0x1DBF), (0x1E00, 0x1FFF), (0x2C60, 0x2CFF), (0xA4D0, 0xA4FF), (0xA640, 0xA69F),
    (0xA720, 0xA7FF), (0xAB30, 0xABBF),
)  # fmt: skip
FOREIGN_ZEROS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
)  # fmt: skip

NOTES = ("invisible_dropped", "width_folded", "dash_mapped", "label_stripped", "separator_dropped",
         "case_folded", "lookalike_folded", "serial_dropped", "invisible_kept")  # fmt: skip
"""Everything a successful reading may say about what it changed, in the order in which it is said."""

_SERIAL_LABEL = "卡号|序列号|serial"
_SECRET_LABEL = "密码|卡密|pin *code|pin|code"  # noqa: S105 - a label, not a password
_LABEL = re.compile(f"(?:({_SERIAL_LABEL})|({_SECRET_LABEL}))[ \t]*:", re.IGNORECASE | re.ASCII)
_BOUNDARY = re.compile(
    f"(?:({_SERIAL_LABEL})|({_SECRET_LABEL}))[ \t]*:|-{{2,}}|[|║\t,]", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True, repr=False)
class Scanned:
    """Folded text beside the raw position of each of its characters."""

    text: str
    at: tuple[int, ...] | range
    notes: frozenset[str]

    def __repr__(self) -> str:
        return "Scanned(hidden)"

    def span(self, start: int, end: int) -> Scanned:
        return Scanned(self.text[start:end], self.at[start:end], self.notes)

    def is_blank(self) -> bool:
        return not self.text.strip(WHITE)


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """Canonical text of one part and what was done to get it."""

    text: str
    notes: frozenset[str]

    def __repr__(self) -> str:
        return "Part(hidden)"


@dataclass(frozen=True, slots=True)
class Fields:
    """The parts of a line before either is read; ``None`` where the line has no such part."""

    serial: Scanned | None
    secret: Scanned | None
    notes: frozenset[str]


def scan(raw: str) -> Scanned:
    """Fold widths and dashes, drop the invisible, and refuse controls and other compatibility characters.

    Raises KeyMalformed: too_long, control_character, compatibility_character, bad_character.
    """
    if len(raw) > MAX_RAW_CHARACTERS:
        raise KeyMalformed(f"too long: at most {MAX_RAW_CHARACTERS} characters", code="too_long")
    end = len(raw.rstrip(TRIMMED))
    start = end - len(raw[:end].lstrip(TRIMMED))
    if raw.isascii() and raw[start:end].replace("\t", " ").isprintable():
        return Scanned(raw[start:end], range(start, end), frozenset())
    if not _ODD.search(raw, start, end):
        # One by one for one: widths and dashes alone, and no other character of the line is to be refused.
        folded_line = raw[start:end].translate(_FOLDED)
        if unicodedata.is_normalized("NFKC", folded_line):
            said = {note for note, found in _SAID if found.search(raw, start, end)}
            return Scanned(folded_line, range(start, end), frozenset(said))
    text: list[str] = []
    at: list[int] = []
    notes: set[str] = set()
    for position in range(start, end):
        folded = _fold(raw[position], position, notes)
        if folded:
            text.append(folded)
            at.append(position)
    return Scanned("".join(text), tuple(at), frozenset(notes))


def _fold(character: str, position: int, notes: set[str]) -> str:
    point = ord(character)
    if 0x20 <= point < 0x7F or character == "\t":
        return character
    if is_control(point):
        _refuse("control_character", "remove the control character", position, point)
    if point in INVISIBLE:
        notes.add("invisible_dropped")
        return ""
    if 0xFF01 <= point <= 0xFF5E or point == 0x3000:
        notes.add("width_folded")
        return " " if point == 0x3000 else chr(point - 0xFEE0)
    if point in DASHES:
        notes.add("dash_mapped")
        return "-"
    if 0xD800 <= point <= 0xDFFF:
        _refuse("bad_character", "this is half of a character", position, point)
    if unicodedata.normalize("NFKC", character) != character:
        _refuse("compatibility_character", "type the plain character instead", position, point)
    return character


def is_control(point: int) -> bool:
    """Whether the code point is one of the 65 control characters (general category Cc)."""
    return point < 0x20 or 0x7F <= point < 0xA0


def split_fields(line: Scanned, serial_length: int | None) -> Fields:
    """Take a line apart at labels and at ``----``, ``|``, ``║``, tab and comma.

    ``serial_length`` is the number of symbols of a serial, for formats that have one: a line without any
    separator is then split at the white space that stands after exactly so many symbols.
    Raises KeyMalformed: empty, too_many_fields.
    """
    pieces, labelled = _pieces(line)
    notes = frozenset({"label_stripped"}) if labelled else frozenset()
    if not pieces:
        raise KeyMalformed("empty: no key on this line", code="empty")
    if len(pieces) == 1 and serial_length is not None and pieces[0][0] != "secret":
        pieces = _split_at_white(*pieces[0], serial_length)
    found: dict[str, Scanned] = {}
    unnamed = [piece for role, piece in pieces if role is None]
    for role, piece in pieces:
        if role is not None and found.setdefault(role, piece) is not piece:
            raise KeyMalformed("the same label stands twice on this line", code="too_many_fields")
    if len(pieces) == 1 and unnamed:
        return Fields(None, unnamed[0], notes)
    for role in ("serial", "secret"):
        if role not in found and unnamed:
            found[role] = unnamed.pop(0)
    if unnamed:
        raise KeyMalformed("more fields than serial and secret on this line", code="too_many_fields")
    return Fields(found.get("serial"), found.get("secret"), notes)


def _pieces(line: Scanned) -> tuple[list[tuple[str | None, Scanned]], bool]:
    pieces: list[tuple[str | None, Scanned]] = []
    role: str | None = None
    start = 0
    labelled = False
    for match in _BOUNDARY.finditer(line.text):
        pieces.append((role, line.span(start, match.start())))
        start = match.end()
        role = "serial" if match[1] else "secret" if match[2] else None
        labelled = labelled or role is not None
    pieces.append((role, line.span(start, len(line.text))))
    return [piece for piece in pieces if not piece[1].is_blank()], labelled


def _split_at_white(role: str | None, line: Scanned, length: int) -> list[tuple[str | None, Scanned]]:
    seen = 0
    for index, character in enumerate(line.text):
        if character == " " and seen == length:
            first, second = line.span(0, index), line.span(index, len(line.text))
            return [(role, line)] if second.is_blank() else [(role, first), (None, second)]
        seen += character not in " -"
    return [(role, line)]


def strip_label(part: Scanned) -> Scanned:
    """Drop one label at the very start of a part that stands in a column of its own."""
    offset = len(part.text) - len(part.text.lstrip(WHITE))
    match = _LABEL.match(part.text, offset)
    if match is None:
        return part
    rest = part.span(match.end(), len(part.text))
    return Scanned(rest.text, rest.at, rest.notes | {"label_stripped"})


def read_part(rule: PartRule, part: Scanned, separators: str, name: str) -> Part:
    """Canonical text of one part.

    Raises KeyMalformed, with ``part`` = *name* in its facts: homoglyph, bad_character, ambiguous_character,
    wrong_length, wrong_pattern, check_symbol.
    """
    bare = part.text.strip(WHITE)
    for separator in separators:
        bare = bare.replace(separator, "")
    if not rule.check and part_pattern(rule).fullmatch(bare):
        dropped = len(bare) != len(part.text.strip(WHITE))
        return Part(bare, part.notes | {"separator_dropped"} if dropped else part.notes)
    symbols, at, notes = _symbols(rule, part, separators, name)
    fixed = dict(rule.fixed)
    last = len(symbols) - 1
    for index, symbol in enumerate(symbols):
        allowed = CROCKFORD_CHECK if rule.check and index == last else rule.alphabet
        if symbol not in allowed and symbol not in fixed.get(index, ""):
            if symbol in LOOKALIKES:
                _refuse("ambiguous_character", "a look-alike that this format does not have; look again",
                        at[index], None, name)  # fmt: skip
            _refuse("bad_character", "this format has no such symbol", at[index], None, name)
    wanted = [length + rule.check for length in rule.lengths]
    if len(symbols) not in wanted:
        spoken = " or ".join(map(str, wanted))
        raise KeyMalformed(
            f"wrong length: the {name} has {len(symbols)} symbols, this format wants {spoken}",
            code="wrong_length", part=name, length=len(symbols), wanted=wanted,
        )  # fmt: skip
    for index, allowed in rule.fixed:
        if symbols[index] not in allowed:
            _refuse("wrong_pattern", "another symbol is prescribed here; is it another format?",
                    at[index], None, name)  # fmt: skip
    text = "".join(symbols)
    if rule.check and check_symbol(text[:-1]) != text[-1]:
        raise KeyMalformed("the check symbol does not fit: a typing error", code="check_symbol", part=name)
    return Part(text, notes)


def _symbols(
    rule: PartRule, part: Scanned, separators: str, name: str
) -> tuple[list[str], list[int], frozenset[str]]:
    symbols: list[str] = []
    at: list[int] = []
    notes = set(part.notes)
    fold = dict(rule.fold)
    text = part.text.strip(WHITE)
    lead = len(part.text) - len(part.text.lstrip(WHITE))
    for index, character in enumerate(text, lead):
        if character in separators:
            notes.add("separator_dropped")
            continue
        is_check = rule.check and character in CROCKFORD_CHECK
        if not (is_check or (character.isascii() and character.isalnum())):
            _refuse_character(character, part.at[index], name)
        symbol = character.upper() if rule.upper else character
        if symbol != character:
            notes.add("case_folded")
        if symbol in fold:
            notes.add("lookalike_folded")
            symbol = fold[symbol]
        symbols.append(symbol)
        at.append(part.at[index])
    return symbols, at, frozenset(notes)


def _refuse_character(character: str, position: int, name: str) -> NoReturn:
    point = ord(character)
    foreign = any(low <= point <= high for low, high in HOMOGLYPH_BLOCKS)
    if foreign or any(zero <= point <= zero + 9 for zero in FOREIGN_ZEROS):
        _refuse("homoglyph", "a letter or digit of another script; type the Latin one", position, point, name)
    _refuse("bad_character", "only letters and digits belong here", position, point, name)


def _refuse(code: str, advice: str, position: int, point: int | None, part: str | None = None) -> NoReturn:
    # The code point is named only where it is no symbol of a key: naming a letter would give it away.
    named = f" (U+{point:04X})" if point is not None else ""
    facts: dict[str, object] = {"position": position} | ({"part": part} if part else {})
    raise KeyMalformed(f"character {position + 1}{named}: {advice}", code=code, **facts)
