"""Worthless keys of every format, and the ways in which suppliers spell and spoil them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from provenance.core.keyformats import CardKey, KeyFormat
from provenance.core.keyrules import PartRule, check_symbol

Pair = tuple[str, str]
"""Serial (empty where there is none) and secret, as written."""

_USERS = ("lihua", "zhang.wei", "player", "王芳", "steam_acc", "mail@example.com")
_SEQUENCE_DIGITS = 6


class KeyMaker:
    """Distinct keys of one format, in random or in sequential order of serials."""

    def __init__(self, key_format: KeyFormat, rng: Random, *, is_sequential: bool) -> None:
        self._format = key_format
        self._rng = rng
        self._seen: set[Pair] = set()
        self._number = rng.randrange(100_000) if is_sequential else None
        self._stem = self.part(key_format.serial) if key_format.serial else ""

    def key(self) -> CardKey:
        """One that was not made before."""
        while True:
            pair = (self._serial(), self._secret())
            if pair not in self._seen:
                self._seen.add(pair)
                return CardKey(self._format.id, *pair)

    def _serial(self) -> str:
        rule = self._format.serial
        if rule is None:
            return ""
        if self._number is None:
            return self.part(rule)
        self._number += 1
        return f"{self._stem[:-_SEQUENCE_DIGITS]}{self._number % 10**_SEQUENCE_DIGITS:06d}"

    def _secret(self) -> str:
        if self._format.secret is None:
            return f"{self._rng.choice(_USERS)}{self._rng.randrange(10**6)}----Pw{self._rng.randrange(10**9)}"
        return self.part(self._format.secret)

    def part(self, rule: PartRule) -> str:
        """Canonical text by a rule."""
        fixed = dict(rule.fixed)
        length = self._rng.choice(rule.lengths)
        text = "".join(self._rng.choice(fixed.get(index, rule.alphabet)) for index in range(length))
        return text + check_symbol(text) if rule.check else text


def noisy(key_format: KeyFormat, key: CardKey, rng: Random) -> Pair:
    """The key in an unusual spelling that still reads to the same key."""
    if key_format.secret is None:
        return "", rng.choice([f"  {key.secret}", f"{key.secret}　", f"\u3000{key.secret} "])
    spell = rng.choice((_grouped, _full_width, _invisible, _padded, _lookalikes, _lower, _long_dashes))
    serial = spell(key_format.serial, key.serial, rng) if key_format.serial else ""
    return serial, spell(key_format.secret, key.secret, rng)


def _grouped(_: PartRule, text: str, rng: Random) -> str:
    size, separator = rng.choice((4, 5)), rng.choice("- ")
    return separator.join(text[start : start + size] for start in range(0, len(text), size))


def _long_dashes(_: PartRule, text: str, rng: Random) -> str:
    return rng.choice("‐–—−－").join(text[start : start + 4] for start in range(0, len(text), 4))


def _full_width(_: PartRule, text: str, __: Random) -> str:
    return "".join(chr(ord(symbol) + 0xFEE0) for symbol in text)


def _invisible(_: PartRule, text: str, rng: Random) -> str:
    place = rng.randrange(1, len(text))
    return text[:place] + rng.choice("\u200b\u200e\u2060\ufeff") + text[place:]


def _padded(_: PartRule, text: str, rng: Random) -> str:
    return rng.choice((" {}", "{} ", "　{}", " {}　")).format(text)


def _lookalikes(rule: PartRule, text: str, rng: Random) -> str:
    spoken: dict[str, list[str]] = {}
    for source, target in rule.fold:
        spoken.setdefault(target, []).append(source)
    return "".join(rng.choice([*spoken.get(symbol, []), symbol]) for symbol in text)


def _lower(rule: PartRule, text: str, _: Random) -> str:
    return text.lower() if rule.upper else text


@dataclass(frozen=True, slots=True)
class Defect:
    """A line that holds no key: what stands there and the code it must be rejected with."""

    pair: Pair
    code: str
    is_number: bool = False
    """Written as a number where the layout knows numbers."""


def spoil(key_format: KeyFormat, key: CardKey, layout: str, rng: Random) -> Defect:
    """Turn a good key into one of the defects that its format and layout can have."""
    return rng.choice(_defects_of(key_format, layout))(key_format, key, rng)


def _defects_of(key_format: KeyFormat, layout: str) -> list[Callable[[KeyFormat, CardKey, Random], Defect]]:
    if key_format.secret is None:
        return [_control]
    found = [_wrong_length, _homoglyph, _compatibility]
    # Serial and secret of one shape, or told apart by the serial's length alone, look right when swapped.
    if key_format.serial and key_format.id != "junnet" and layout != "spaces":
        found.append(_swapped)
    if key_format.serial:
        found.append(_without_serial)
    if key_format.secret.check:
        found.append(_mistyped)
    if layout == "xlsx":
        return [*found, _as_number]
    return [*found, _control, _endless]


def _wrong_length(key_format: KeyFormat, key: CardKey, _: Random) -> Defect:
    shortest = min(key_format.secret.lengths) if key_format.secret else len(key.secret)
    return Defect((key.serial, key.secret[: shortest - 1]), "wrong_length")


def _homoglyph(_: KeyFormat, key: CardKey, rng: Random) -> Defect:
    return Defect((key.serial, _with(key.secret, rng.choice("АВЕОСа"), rng)), "homoglyph")


def _compatibility(_: KeyFormat, key: CardKey, rng: Random) -> Defect:
    return Defect((key.serial, _with(key.secret, rng.choice("①②Ⅹ"), rng)), "compatibility_character")


def _control(_: KeyFormat, key: CardKey, rng: Random) -> Defect:
    return Defect((key.serial, _with(key.secret, rng.choice("\x00\x07"), rng)), "control_character")


def _endless(_: KeyFormat, key: CardKey, __: Random) -> Defect:
    return Defect((key.serial, key.secret * 600), "line_too_long")


def _swapped(_: KeyFormat, key: CardKey, __: Random) -> Defect:
    return Defect((key.secret, key.serial), "swapped_serial_and_secret")


def _without_serial(_: KeyFormat, key: CardKey, __: Random) -> Defect:
    return Defect(("", key.secret), "serial_missing")


def _as_number(_: KeyFormat, key: CardKey, rng: Random) -> Defect:
    return Defect((key.serial, str(rng.randrange(10**8, 10**15))), "cell_not_text", is_number=True)


def _mistyped(key_format: KeyFormat, key: CardKey, rng: Random) -> Defect:
    rule = key_format.secret
    place = rng.randrange(len(key.secret) - 1)
    others = [symbol for symbol in (rule.alphabet if rule else "") if symbol != key.secret[place]]
    return Defect(
        (key.serial, key.secret[:place] + rng.choice(others) + key.secret[place + 1 :]), "check_symbol"
    )


def _with(text: str, intruder: str, rng: Random) -> str:
    place = rng.randrange(1, len(text) - 1)
    return text[:place] + intruder + text[place + 1 :]
