"""What is said once: a member of a JSON object, a parameter of a query.

Of a repeated one, readers take the first or the last as they like: a shop's proxy would read one
order and we another.
"""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Flask, request

from provenance.errors import InputRefused

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def register(app: Flask) -> None:
    """Refuse the requests of *app* whose query names a parameter twice."""
    app.before_request(_query_once)


def must_be_single(raw: bytes, value: Any) -> None:
    """Return if no object of *raw*, read as *value*, repeats a member.

    Raises :class:`InputRefused` (``repeated_member``).

    Outside of its strings a document has one colon for each member; a reader keeps one of each name.
    """
    if _STRING.sub(b"", raw).count(b":") != _members(value):
        raise InputRefused(
            "an object of the JSON names one member twice; keep one of them", code="repeated_member"
        )


def _members(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            count += len(one)
            waiting.extend(inner for inner in one.values() if isinstance(inner, dict | list))
        elif isinstance(one, list):
            waiting.extend(inner for inner in one if isinstance(inner, dict | list))
    return count


def _query_once() -> None:
    if request.query_string and len(request.args) != sum(1 for _ in request.args.items(multi=True)):
        raise InputRefused("a query parameter is given twice; keep one of them", code="repeated_parameter")
