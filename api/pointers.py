"""Where in a request something is wrong, as JSON pointers (RFC 6901), and what, in two languages."""

from __future__ import annotations

from typing import Any, Final

UNION_TAGS: Final = frozenset({"by_text", "by_parts", "by_handle"})
"""Names pydantic adds to a location for the branch of a union; no member of a request has one."""

_KEY: Final = "name a key by format and text, by format, serial and secret, or by batch and index"
_KEY_SHOWN: Final = "show the key itself, by format and text, or by format, serial and secret"
_KEY_ZH: Final = "请以 format 与 text，或 format、serial 与 secret，或 batch 与 index 指明卡密。"
_CHINESE: Final = {
    "missing": "缺少此成员。",
    "extra_forbidden": "不认识的成员；请删除。",
    "string_type": "应为字符串。",
    "int_type": "应为整数。",
    "bool_type": "应为布尔值。",
    "list_type": "应为数组。",
    "dict_type": "应为对象。",
    "model_type": "应为对象。",
    "string_pattern_mismatch": "格式不符合要求。",
    "string_too_short": "太短。",
    "string_too_long": "太长。",
    "too_short": "数量太少。",
    "too_long": "数量太多。",
    "literal_error": "不是允许的取值。",
    "union_tag_invalid": _KEY_ZH,
    "union_tag_not_found": _KEY_ZH,
}
_OTHERWISE: Final = "取值不符合文档的要求。"


def told(found: Any) -> dict[str, Any]:
    """One error of pydantic: pointer, code and message, without the input.

    The name of an unknown member is not repeated either: it might be a key in the wrong place.
    """
    place = [part for part in found["loc"] if part not in UNION_TAGS]
    if found["type"] == "extra_forbidden":
        place = place[:-1]
    code = found["type"]
    message = found["msg"]
    if code == "value_error":
        message = message.removeprefix("Value error, ")
    elif code.startswith("union_tag_"):
        # Its own sentence speaks of our functions; a place where only the key itself will do lacks by_handle.
        message = _KEY_SHOWN if code == "union_tag_invalid" else _KEY
    return {"pointer": pointer(place), "code": code, "detail": message}


def worded(error: dict[str, Any], chinese: bool) -> dict[str, Any]:
    """The same in the language asked for."""
    return {**error, "detail": _CHINESE.get(error["code"], _OTHERWISE)} if chinese else error


def pointer(place: list[Any]) -> str:
    """An RFC 6901 pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)
