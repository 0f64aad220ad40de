"""Key formats as data: the rules of every product line, loaded from ``formats/*.toml`` beside this module.

Consensus-critical (FORMATS §1): a rule may widen in a later version, never send a known key elsewhere.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from provenance.errors import InputRefused

_FORMAT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CROCKFORD_CHECK = CROCKFORD + "*~$=U"
"""Symbols for the values 0–36 of the check symbol (Crockford, Base 32, "Check Symbol")."""


def check_symbol(data: str) -> str:
    """Crockford's check symbol: the value of canonical base-32 *data*, modulo 37."""
    value = 0
    for symbol in data:
        value = (value * 32 + CROCKFORD.index(symbol)) % 37
    return CROCKFORD_CHECK[value]


@dataclass(frozen=True, slots=True)
class PartRule:
    """What one part (serial or secret) of a key may look like.

    ``lengths`` count canonical symbols without the check symbol; ``fixed`` pairs a 0-based symbol index with
    the symbols allowed there, instead of ``alphabet``; ``fold`` pairs a look-alike with the symbol it stands
    for, and is only for alphabets without it; ``check`` adds a last symbol of Crockford's modulus 37.
    """

    alphabet: str
    lengths: tuple[int, ...]
    upper: bool = True
    fold: tuple[tuple[str, str], ...] = ()
    fixed: tuple[tuple[int, str], ...] = ()
    check: bool = False

    def __post_init__(self) -> None:
        if not self.lengths or not self.alphabet or min(self.lengths) < 1:
            raise ValueError("a part needs an alphabet and at least one length")
        known = self.alphabet + "".join(allowed for _, allowed in self.fixed)
        if any(source in known or target not in self.alphabet for source, target in self.fold):
            raise ValueError("a fold must lead from outside the alphabet into it, else two keys would merge")
        if self.upper and self.alphabet != self.alphabet.upper():
            raise ValueError("an upper-cased part cannot hold lower-case symbols")
        if self.check and self.alphabet != CROCKFORD:
            raise ValueError("the check symbol is defined for Crockford's alphabet")


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """How the keys of one product line are written.

    ``serial`` is the rule of a required serial; ``dropped_serial`` of one that is read, checked and dropped;
    ``secret`` is None for opaque text only. ``separators`` are dropped inside a part. ``alphabets`` are the
    named alternatives for the secret (``with_alphabet``).
    """

    id: str
    version: int
    names: Mapping[str, str] = field(hash=False)
    serial: PartRule | None
    secret: PartRule | None
    separators: str = ""
    dropped_serial: PartRule | None = None
    alphabets: tuple[tuple[str, str], ...] = ()
    canonical_line: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    """What a line matches that says a key in canonical form and nothing else; its groups are the parts."""

    def __post_init__(self) -> None:
        if not _FORMAT_ID.fullmatch(self.id):
            raise ValueError("a format id is [a-z0-9][a-z0-9-]{0,31}")
        if self.version < 1 or set(self.names) != {"zh", "en"}:
            raise ValueError(f"format {self.id} needs a version from 1 and a name in zh and en")
        if self.secret is None and (self.serial or self.dropped_serial):
            raise ValueError(f"format {self.id}: opaque text has no serial")
        if self.serial and self.dropped_serial:
            raise ValueError(f"format {self.id}: a serial is either part of the identity or not")
        object.__setattr__(self, "canonical_line", _canonical_line(self.serial, self.secret))

    @property
    def is_opaque(self) -> bool:
        """Whether keys are exact text instead of symbols."""
        return self.secret is None

    @property
    def secret_bits(self) -> int:
        """Entropy of the secret in bits, as if drawn at random, rounded down; 0 where nothing is known."""
        if self.secret is None:
            return 0
        free = min(self.secret.lengths) - len(self.secret.fixed)
        return math.floor(free * math.log2(len(self.secret.alphabet)))

    def with_alphabet(self, name: str) -> KeyFormat:
        """This format with another of its named alphabets; the identity of a key stays the same.

        Raises InputRefused(unknown_alphabet).
        """
        chosen = dict(self.alphabets).get(name)
        if chosen is None or self.secret is None:
            raise InputRefused("this format has no such alphabet; see its data file", code="unknown_alphabet")
        return replace(self, secret=replace(self.secret, alphabet=chosen))


@cache
def formats() -> Mapping[str, KeyFormat]:
    """Every known format by id, in the order of ids."""
    folder = files("provenance.core") / "formats"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    loaded = [_load(tomllib.loads((folder / name).read_text("utf-8"))) for name in names]
    return MappingProxyType({each.id: each for each in loaded})


def format_by_id(format_id: str) -> KeyFormat:
    """The format of that id. Raises InputRefused(unknown_format)."""
    found = formats().get(format_id)
    if found is None:
        raise InputRefused(
            "unknown key format; choose one of the known ids", code="unknown_format", known=sorted(formats())
        )
    return found


def _load(data: Mapping[str, Any]) -> KeyFormat:
    opaque = data.get("kind") == "opaque"
    return KeyFormat(
        id=data["id"],
        version=data["version"],
        names=MappingProxyType(dict(data["name"])),
        serial=_rule(data["serial"]) if "serial" in data else None,
        secret=None if opaque else _rule(data["secret"]),
        separators=data.get("separators", ""),
        dropped_serial=_rule(data["dropped_serial"]) if "dropped_serial" in data else None,
        alphabets=tuple(data.get("secret", {}).get("alphabets", {}).items()),
    )


def _rule(data: Mapping[str, Any]) -> PartRule:
    return PartRule(
        alphabet=data["alphabet"],
        lengths=tuple(data["lengths"]),
        upper={"upper": True, "exact": False}[data["case"]],
        fold=tuple(data.get("fold", {}).items()),
        fixed=tuple((each["at"], each["one_of"]) for each in data.get("fixed", ())),
        check=data.get("check", False),
    )


def describe(key_format: KeyFormat) -> dict[str, Any]:
    """The format as JSON-ready data: what the JavaScript twin takes and a catalogue shows."""

    def rule(part: PartRule | None) -> dict[str, Any] | None:
        return None if part is None else {
            "alphabet": part.alphabet, "lengths": list(part.lengths), "upper": part.upper,
            "fold": dict(part.fold), "fixed": [list(each) for each in part.fixed], "check": part.check,
        }  # fmt: skip

    return {
        "id": key_format.id,
        "version": key_format.version,
        "names": dict(key_format.names),
        "separators": key_format.separators,
        "serial": rule(key_format.serial),
        "dropped_serial": rule(key_format.dropped_serial),
        "secret": rule(key_format.secret),
        "secret_bits": key_format.secret_bits,
    }


def canonical_pattern(key_format: KeyFormat) -> tuple[str, str]:
    """Regular expressions for canonical serial (empty where there is none) and secret, without groups.

    A check symbol is matched by its alphabet only.
    """
    serial = _pattern(key_format.serial) if key_format.serial else ""
    return serial, _pattern(key_format.secret) if key_format.secret else r"[^\n]+"


@cache
def part_pattern(rule: PartRule) -> re.Pattern[str]:
    """What canonical text of one part matches, but for the arithmetic of a check symbol."""
    return re.compile(_pattern(rule))


def _canonical_line(serial: PartRule | None, secret: PartRule | None) -> re.Pattern[str] | None:
    # A check symbol is arithmetic, and opaque text has no symbols. Of two parts the line has one separator.
    if secret is None or any(
        rule is not None and (rule.check or not _is_alnum(rule)) for rule in (serial, secret)
    ):
        return None
    before = f"({_pattern(serial)})(?:-{{2,64}}|[|\t,])" if serial else "()"
    return re.compile(f"{before}({_pattern(secret)})")


def _is_alnum(rule: PartRule) -> bool:
    symbols = rule.alphabet + "".join(allowed for _, allowed in rule.fixed)
    return symbols.isascii() and symbols.isalnum()


def _pattern(rule: PartRule) -> str:
    fixed = dict(rule.fixed)
    symbol = f"[{rule.alphabet}]"
    head = "".join(f"[{fixed[i]}]" if i in fixed else symbol for i in range(max(fixed, default=-1) + 1))
    lengths = [length - max(fixed, default=-1) - 1 for length in rule.lengths]
    bodies = [f"{head}{symbol}{{{length}}}" for length in sorted(lengths, reverse=True)]
    tail = f"[{re.escape(CROCKFORD_CHECK)}]" if rule.check else ""
    return f"(?:{'|'.join(bodies)}){tail}"


@cache
def canonical_patterns() -> Mapping[str, re.Pattern[str]]:
    """For each format id, what ``serial LF secret`` of every canonical key matches."""
    found: dict[str, re.Pattern[str]] = {}
    for each in formats().values():
        widest = max(each.alphabets, key=lambda named: len(named[1]), default=None)
        serial, secret = canonical_pattern(each.with_alphabet(widest[0]) if widest else each)
        found[each.id] = re.compile(f"{serial}\n{secret}")
    return found
