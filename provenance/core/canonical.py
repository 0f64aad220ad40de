"""Canonical JSON (RFC 8785) and the only JSON that a proof may be made of.

Two parsers that disagree about one file are an attack: a repeated member, a float or a number past
2^53-1 means one thing here and another in a browser. Such files are refused before they are read.
Consensus-critical and pure.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from itertools import accumulate
from typing import Any, Final, NoReturn, TypeAlias

import rfc8785

from provenance.errors import InputRefused

JsonValue: TypeAlias = "bool | int | str | list[Any] | dict[str, Any] | None"

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader holds exactly (RFC 8785, 3.2.2.3)."""
MAX_DEPTH: Final = 16
"""Deepest nesting of arrays and objects; a bundle needs seven levels and its details a few more."""
MAX_COMMAS: Final = 2**19
"""Commas between values: a proof of 16 MiB, full of hashes, has half of them. A file of nothing but commas
would hold its reader for half a minute and a gigabyte."""
MAX_DIGITS: Final = 17
"""Digits and sign of the largest integer: longer ones are refused before they become numbers."""

_HEX: Final = re.compile(r"[0-9a-f]*")
_NO_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b'"[]{},')
_PLAIN: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode
"""RFC 8785 for values whose names are ASCII: those sort by code points as by UTF-16, and strings and
integers are written as ECMAScript writes them."""


def encode(value: JsonValue) -> bytes:
    """The RFC 8785 bytes of *value*, whose numbers are integers of at most 2^53-1.

    Raises :class:`InputRefused` (``json_not_canonical``) for floats, larger integers, lone
    surrogates, names that are not text, and nesting past :data:`MAX_DEPTH`.
    """
    return _encoded(value, is_plain=_check_values(value, MAX_DEPTH))


def _encoded(value: JsonValue, *, is_plain: bool) -> bytes:
    """The canonical bytes of a checked value; a *plain* one by the standard encoder, many times faster."""
    try:
        return _PLAIN(value).encode() if is_plain else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise _refused("the value has no canonical JSON form (RFC 8785)") from error


def parse(raw: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> JsonValue:
    """Read untrusted UTF-8 JSON: bounded, without repeated members, numbers being integers only.

    Raises :class:`InputRefused`: ``json_too_large``, ``json_too_deep``, ``json_too_many_values``,
    ``json_malformed``, ``json_duplicate_member`` or ``json_number``.
    """
    return _parsed(raw, max_bytes, max_depth)[0]


def _parsed(raw: bytes, max_bytes: int, max_depth: int) -> tuple[JsonValue, bool]:
    """What :func:`parse` returns, and whether it is plain."""
    if len(raw) > max_bytes:
        raise _refused(f"the JSON has more than {max_bytes} bytes", "json_too_large")
    structure = _structure(raw)
    if _depth(structure) > max_depth:
        raise _too_deep(max_depth)
    if structure.count(b",") > MAX_COMMAS:
        raise _refused(f"the JSON has more than {MAX_COMMAS} commas", "json_too_many_values")
    try:
        value: JsonValue = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError among them
        # The parser's own message quotes the document, which may hold a key: it is not passed on.
        raise _refused("not well-formed UTF-8 JSON", "json_malformed") from error
    return value, _check_values(value, max_depth)


def parse_canonical(raw: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> JsonValue:
    """Like :func:`parse`, and *raw* must be the RFC 8785 form of what it says (``json_not_canonical``)."""
    value, is_plain = _parsed(raw, max_bytes, max_depth)
    if _encoded(value, is_plain=is_plain) != raw:
        raise _refused("the JSON is not in its canonical form (RFC 8785)")
    return value


def decode_hex(text: str, size: int | None = None, *, prefix: str = "") -> bytes:
    """The bytes of lower-case hex after *prefix*, *size* of them if given.

    Raises :class:`InputRefused` (``hex_malformed``).
    """
    digits = text[len(prefix) :]
    well_formed = text.startswith(prefix) and len(digits) % 2 == 0 and _HEX.fullmatch(digits)
    if not well_formed or (size is not None and len(digits) != 2 * size):
        form = "lower-case hex" + (f" with {prefix}" if prefix else "")
        amount = "" if size is None else f", {size} bytes"
        raise InputRefused(f"expected {form}{amount}", code="hex_malformed")
    return bytes.fromhex(digits)


def encode_base64(data: bytes) -> str:
    """Standard padded base64 (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Strict base64: what encoding would not give back is refused (``base64_malformed``).

    Loose decoders drop stray characters and unused bits, so that one value has many spellings.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise InputRefused("not standard padded base64", code="base64_malformed") from error
    if encode_base64(data) != text:
        raise InputRefused("base64 with unused bits set", code="base64_malformed")
    return data


def _members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refused("an object names one member twice", "json_duplicate_member")
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS or not -MAX_INTEGER <= int(digits) <= MAX_INTEGER:
        raise _refused("an integer is outside ±(2^53-1)", "json_number")
    return int(digits)


def _no_float(_text: str) -> NoReturn:
    raise _refused("numbers are integers; money is a decimal string", "json_number")


def _structure(raw: bytes) -> bytes:
    """The brackets and commas of a JSON text that are not in its strings."""
    unescaped = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(unescaped.translate(None, _NO_STRUCTURE).split(b'"')[::2])


def _depth(structure: bytes) -> int:
    """How deep the brackets nest, told before the recursive parser sees them."""
    brackets = structure.translate(None, b",")
    return max(accumulate(1 if bracket in b"[{" else -1 for bracket in brackets), default=0)


def _check_values(root: JsonValue, max_depth: int) -> bool:
    """Refuse what has no canonical form; return whether the value is plain: usual types, ASCII names."""
    level: list[Any] = [root]
    depth, is_plain = 0, True
    while level:
        depth += 1
        below: list[Any] = []
        for value in level:
            kind = type(value)
            if kind is str or value is None or kind is bool:
                continue
            if isinstance(value, dict | list | tuple):
                if depth > max_depth:
                    raise _too_deep(max_depth)
                is_plain = is_plain and _is_plain(value)
                below += value.values() if isinstance(value, dict) else value
                continue
            is_plain = is_plain and kind is int
            if isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_INTEGER):
                raise _refused("numbers are integers of at most 2^53-1", "json_number")
        level = below
    return is_plain


def _is_plain(holder: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> bool:
    if type(holder) is dict:
        return all(type(name) is str and name.isascii() for name in holder)
    return type(holder) in (list, tuple)


def _too_deep(max_depth: int) -> InputRefused:
    return _refused(f"the JSON is nested deeper than {max_depth} levels", "json_too_deep")


def _refused(message: str, code: str = "json_not_canonical") -> InputRefused:
    return InputRefused(message, code=code)
