"""Card keys: raw text → the one canonical key, by the rules of its format.

Consensus-critical (FORMATS §1): the identity of a key is hashed into its tag and its leaf. The version of a
format is not part of it: a later version may accept more spellings, never map a known key elsewhere.
The rules are data (``keyrules.py``, ``formats/*.toml``); the steps of reading stand in ``normaliser.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from provenance.core import normaliser
from provenance.core.keyrules import (
    KeyFormat,
    PartRule,
    canonical_patterns,
    check_symbol,
    describe,
    format_by_id,
    formats,
)
from provenance.core.normaliser import Part, Scanned
from provenance.errors import KeyMalformed

__all__ = [
    "CardKey",
    "KeyFormat",
    "Parsed",
    "canonical_text",
    "describe",
    "format_by_id",
    "formats",
    "parse",
    "parse_parts",
]


@dataclass(frozen=True, slots=True, repr=False)
class CardKey:
    """One canonical card key. One that exists is well formed; its repr shows nothing.

    Raises KeyMalformed(not_canonical), InputRefused(unknown_format).
    """

    format_id: str
    serial: str
    secret: str

    def __post_init__(self) -> None:
        pattern = canonical_patterns().get(self.format_id)
        if pattern is None:
            format_by_id(self.format_id)
        elif not pattern.fullmatch(f"{self.serial}\n{self.secret}"):
            raise KeyMalformed("not in canonical form; read it with parse()", code="not_canonical")
        if self.format_id in _CHECKED_ELSEWHERE:
            _check_at_birth(self)

    @property
    def identity(self) -> bytes:
        """format_id ‖ 0x0A ‖ serial ‖ 0x0A ‖ secret, in UTF-8 (FORMATS §1)."""
        return f"{self.format_id}\n{self.serial}\n{self.secret}".encode()

    def __repr__(self) -> str:
        return "CardKey(hidden)"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A key and the codes (``normaliser.NOTES``) of what was changed to read it."""

    key: CardKey
    notes: tuple[str, ...]


_CHECKED_ELSEWHERE = frozenset({"opaque", "minted"})


def _check_at_birth(key: CardKey) -> None:
    # What a regular expression cannot say: the length in bytes, and the arithmetic of the check symbol.
    if key.format_id == "minted":
        if check_symbol(key.secret[:-1]) != key.secret[-1]:
            raise KeyMalformed("the check symbol does not fit: a typing error", code="check_symbol")
    elif _opaque(key.secret).text != key.secret:
        raise KeyMalformed("not in canonical form; read it with parse()", code="not_canonical")


def canonical_text(key: CardKey) -> str:
    """One line that reads back to the same key: the secret, or ``serial----secret``."""
    return f"{key.serial}----{key.secret}" if key.serial else key.secret


def parse(key_format: KeyFormat, text: str) -> Parsed:
    """Read one key from one line in any rendering.

    Raises KeyMalformed; ``position`` counts characters (code points) of *text* from 0.
    """
    rule = key_format.secret
    if rule is None:
        return _finish(key_format, None, _opaque(text), frozenset())
    plain = key_format.canonical_line and key_format.canonical_line.fullmatch(text)
    if plain:
        # Nothing to fold, drop or strip: what the steps below would find of it, they find of nothing else.
        return Parsed(CardKey(key_format.id, plain[1], plain[2]), ())
    fields = normaliser.split_fields(normaliser.scan(text), _serial_length(key_format))
    if fields.secret is None:
        raise KeyMalformed("the secret is missing; send serial and secret", code="secret_missing")
    return _read(key_format, rule, fields.serial, fields.secret, fields.notes)


def parse_parts(key_format: KeyFormat, serial: str | None, secret: str) -> Parsed:
    """Read one key whose serial and secret stand in places of their own; a blank serial counts as none.

    Raises KeyMalformed; ``position`` counts in the part that ``part`` names.
    """
    scanned = _scan_part(serial, "serial") if serial else None
    if scanned is not None and scanned.is_blank():
        scanned = None
    rule = key_format.secret
    if rule is None:
        if scanned is not None:
            raise KeyMalformed("this format has no serial; send the secret alone", code="serial_unexpected")
        return _finish(key_format, None, _opaque(secret), frozenset())
    scanned_secret = _scan_part(secret, "secret")
    if scanned_secret.is_blank():
        raise KeyMalformed("the secret is missing; send serial and secret", code="secret_missing")
    return _read(key_format, rule, scanned, scanned_secret, frozenset())


def _scan_part(text: str, name: str) -> Scanned:
    try:
        return normaliser.strip_label(normaliser.scan(text))
    except KeyMalformed as error:
        raise KeyMalformed(error.message, code=error.code, **error.facts | {"part": name}) from None


def _serial_length(key_format: KeyFormat) -> int | None:
    rule = key_format.serial or key_format.dropped_serial
    return rule.lengths[0] if rule else None


def _read(
    key_format: KeyFormat,
    secret_rule: PartRule,
    serial: Scanned | None,
    secret: Scanned,
    notes: frozenset[str],
) -> Parsed:
    serial_rule = key_format.serial or key_format.dropped_serial
    if serial is None:
        if key_format.serial is not None:
            _refuse_half(key_format, key_format.serial, secret_rule, secret)
        read = normaliser.read_part(secret_rule, secret, key_format.separators, "secret")
        return _finish(key_format, None, read, notes)
    if serial_rule is None:
        raise KeyMalformed("this format has no serial; send the secret alone", code="serial_unexpected")
    try:
        read_serial = normaliser.read_part(serial_rule, serial, key_format.separators, "serial")
        read = normaliser.read_part(secret_rule, secret, key_format.separators, "secret")
    except KeyMalformed:
        if _fits(key_format, serial_rule, secret) and _fits(key_format, secret_rule, serial):
            raise KeyMalformed(
                "serial and secret are swapped; send the serial first", code="swapped_serial_and_secret"
            ) from None
        raise
    return _finish(key_format, read_serial, read, notes)


def _refuse_half(key_format: KeyFormat, serial: PartRule, secret: PartRule, half: Scanned) -> NoReturn:
    if not _fits(key_format, secret, half) and _fits(key_format, serial, half):
        raise KeyMalformed("the secret is missing; send serial and secret", code="secret_missing")
    raise KeyMalformed("the serial is missing; send serial and secret", code="serial_missing")


def _fits(key_format: KeyFormat, rule: PartRule, part: Scanned) -> bool:
    try:
        normaliser.read_part(rule, part, key_format.separators, "")
    except KeyMalformed:
        return False
    return True


def _finish(key_format: KeyFormat, serial: Part | None, secret: Part, notes: frozenset[str]) -> Parsed:
    said = notes | secret.notes | (serial.notes if serial else frozenset())
    kept = serial.text if serial and key_format.serial else ""
    if serial and not kept:
        said |= {"serial_dropped"}
    ordered = tuple(note for note in normaliser.NOTES if note in said) if said else ()
    return Parsed(CardKey(key_format.id, kept, secret.text), ordered)


def _opaque(text: str) -> Part:
    lead = len(text) - len(text.lstrip(normaliser.TRIMMED))
    trimmed = text.strip(normaliser.TRIMMED)
    if len(text) > normaliser.MAX_RAW_CHARACTERS:
        raise KeyMalformed(f"too long: at most {normaliser.MAX_RAW_CHARACTERS} characters", code="too_long")
    if not trimmed:
        raise KeyMalformed("empty: no key on this line", code="empty")
    if trimmed.isascii() and trimmed.isprintable() and len(trimmed) <= normaliser.MAX_OPAQUE_BYTES:
        return Part(trimmed, frozenset())
    for position, point in enumerate(map(ord, trimmed), lead):
        if normaliser.is_control(point):
            message = f"character {position + 1} (U+{point:04X}): remove the control character"
            raise KeyMalformed(message, code="control_character", position=position)
        if 0xD800 <= point <= 0xDFFF:
            message = f"character {position + 1} (U+{point:04X}): this is half of a character"
            raise KeyMalformed(message, code="bad_character", position=position)
    if len(trimmed.encode()) > normaliser.MAX_OPAQUE_BYTES:
        raise KeyMalformed(f"too long: at most {normaliser.MAX_OPAQUE_BYTES} bytes of UTF-8", code="too_long")
    invisible = any(ord(character) in normaliser.INVISIBLE for character in trimmed)
    return Part(trimmed, frozenset({"invisible_kept"}) if invisible else frozenset())
