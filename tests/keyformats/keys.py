"""Valid keys of every format and the renderings they come in, as hypothesis strategies."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from provenance.core.keyformats import CardKey, KeyFormat, formats, parse, parse_parts
from provenance.core.keyrules import PartRule, check_symbol
from provenance.errors import KeyMalformed

READ_BY_RULE = [each for each in formats().values() if not each.is_opaque]


@st.composite
def parts(draw: st.DrawFn, rule: PartRule) -> str:
    """Canonical text of one part."""
    fixed = dict(rule.fixed)
    length = draw(st.sampled_from(rule.lengths))
    text = "".join(draw(st.sampled_from(fixed.get(index, rule.alphabet))) for index in range(length))
    return text + check_symbol(text) if rule.check else text


@st.composite
def keys(draw: st.DrawFn, key_format: KeyFormat) -> CardKey:
    """A canonical key of a format that is read by rule."""
    assert key_format.secret is not None
    serial = draw(parts(key_format.serial)) if key_format.serial else ""
    return CardKey(key_format.id, serial, draw(parts(key_format.secret)))


def full_width(text: str) -> str:
    return "".join(chr(ord(symbol) + 0xFEE0) if "!" <= symbol <= "~" else symbol for symbol in text)


@st.composite
def renderings(draw: st.DrawFn, key_format: KeyFormat, key: CardKey) -> str:
    """One of the ways in which suppliers write *key* on a line."""
    written = [draw(_part_renderings(key_format, text)) for text in (key.serial, key.secret) if text]
    if len(written) == 1:
        line = draw(st.sampled_from(["", "卡密：", "密码: ", "PIN:", "code :"])) + written[0]
    else:
        shape = draw(st.sampled_from(
            ["{}----{}", "{}|{}", "{}║{}", "{}\t{}", "{},{}", "{}，{}", "{} ---- {}", "{}——{}", "{}   {}",
             "卡号：{} 密码：{}", "serial:{},PIN:{}", "序列号:{}----卡密:{}", "{},{},"],
        ))  # fmt: skip
        line = shape.format(*written)
    return (
        draw(st.sampled_from(["", " ", "\ufeff", "\u3000"])) + line + draw(st.sampled_from(["", "\r\n", " "]))
    )


@st.composite
def _part_renderings(draw: st.DrawFn, key_format: KeyFormat, text: str) -> str:
    if draw(st.booleans()):
        separator = draw(st.sampled_from(["-", "\u2013", "\u2212", "\uff0d"]))
        size = draw(st.integers(1, 6))
        text = separator.join(text[start : start + size] for start in range(0, len(text), size))
    if draw(st.booleans()) and key_format.secret and key_format.secret.upper:
        text = text.lower()
    if draw(st.booleans()):
        text = full_width(text)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from("\u200b\u200e\u2060\ufeff\u00ad")) + text[place:]
    return text


def reading(key_format: KeyFormat, case: dict[str, Any]) -> dict[str, Any]:
    """The answer to a case of the vector file, in its own shape."""
    try:
        if "text" in case:
            parsed = parse(key_format, case["text"])
        else:
            parsed = parse_parts(key_format, case["serial"], case["secret"])
    except KeyMalformed as error:
        known = {name: error.facts[name] for name in ("position", "part") if name in error.facts}
        return {"error": {"code": error.code, **known}}
    return {"serial": parsed.key.serial, "secret": parsed.key.secret, "notes": list(parsed.notes)}
