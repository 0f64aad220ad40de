"""Vague sentences: what a warranty says when it wants to promise nothing, found by patterns that are data.

The rules stand in ``termsdata/vague.toml``. Folding makes the evasions meet: full width, traditional
characters, spaces and invisible characters inside a word.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from provenance.core.termsrules.values import Text

MAX_HITS: Final = 200
"""More of one kind tells nobody anything new."""
_MAX_SENTENCE: Final = 400
_TRADITIONAL: Final = str.maketrans(
    "質問題終釋權歸準為與買賣賠償擔負責換貨將時間個條歷須證據戶產檢過發現實際則應當單據無舉",
    "质问题终释权归准为与买卖赔偿担负责换货将时间个条历须证据户产检过发现实际则应当单据无举",
)
_SENTENCE_END: Final = re.compile(r"[。!?！？\n]|\.(?=\s|$)")
_GAP: Final = re.compile(r"(?<=[\u3001-\u303f\u4e00-\u9fff])[ \t\r\u3000]++(?=[\u3001-\u303f\u4e00-\u9fff])")
_DROPPED: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad*_`~·")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of vagueness: its patterns, what forgives it, why it is bad, what to write instead."""

    code: str
    fails: bool
    points: int
    zh: tuple[re.Pattern[str], ...]
    en: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]
    why: Text
    write: Text


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a rule matched: offsets into the original text, and in which language."""

    rule: Rule
    start: int
    end: int
    language: str


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of ``vague.toml``, in their order."""
    source = files("provenance.core") / "termsdata" / "vague.toml"
    loaded = tomllib.loads(source.read_text("utf-8"))["rule"]
    return tuple(
        Rule(
            code=each["code"],
            fails=each["fails"],
            points=each["points"],
            zh=_patterns(each["zh"]),
            en=_patterns(each["en"]),
            unless=_patterns(each.get("unless", [])),
            why=Text(each["why_zh"], each["why_en"]),
            write=Text(each["write_zh"], each["write_en"]),
        )
        for each in loaded
    )


def find(text: str) -> Iterator[Hit]:
    """Every vague place of *text*, rule by rule; a place is told once a rule."""
    folded, origin = fold(text)
    ends = [match.end() for match in _SENTENCE_END.finditer(folded)]
    for rule in rules():
        reached = -1
        for start, end, language in _matches(rule, folded)[:MAX_HITS]:
            if start >= reached and not _is_forgiven(rule, _sentence(folded, ends, start, end)):
                reached = end
                yield Hit(rule, origin[start], origin[end - 1] + 1, language)


def fold(text: str) -> tuple[str, list[int]]:
    """*text* as the patterns read it, and for each of its characters the offset in the original."""
    folded: list[str] = []
    origin: list[int] = []
    spaced_out = {at for match in _GAP.finditer(text) for at in range(*match.span())}
    for at, raw in enumerate(text):
        if raw in _DROPPED:
            continue
        char = _half_width(raw).translate(_TRADITIONAL)
        # One character stays one, or the offsets would be lost: lower() of some is longer.
        lowered = char.lower() if len(char.lower()) == 1 else char
        if lowered in " \t\r" and at in spaced_out:
            continue
        folded.append(lowered)
        origin.append(at)
    return "".join(folded), origin


def _matches(rule: Rule, folded: str) -> list[tuple[int, int, str]]:
    found = [
        (match.start(), match.end(), language)
        for language, patterns in (("zh-CN", rule.zh), ("en", rule.en))
        for pattern in patterns
        for match in pattern.finditer(folded)
        if match.end() > match.start()
    ]
    return sorted(found)


def _sentence(folded: str, ends: list[int], start: int, end: int) -> str:
    before, behind = bisect_right(ends, start), bisect_left(ends, end)
    first = ends[before - 1] if before else 0
    last = ends[behind] if behind < len(ends) else len(folded)
    # Bounded, or a text without a full stop would be read once for every hit.
    return folded[max(first, start - _MAX_SENTENCE) : min(last, end + _MAX_SENTENCE)]


def _is_forgiven(rule: Rule, sentence: str) -> bool:
    return any(pattern.search(sentence) for pattern in rule.unless)


def _half_width(char: str) -> str:
    if "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    return " " if char == "\u3000" else char


def _patterns(listed: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each) for each in listed)
