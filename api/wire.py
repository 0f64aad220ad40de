"""JSON in and out: bounded before it is parsed, sorted so that equal answers are equal bytes."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
from flask import Request, Response
from werkzeug.exceptions import RequestEntityTooLarge

from api.members import must_be_single
from provenance.errors import InputRefused

MAX_BODY_BYTES: Final = 4 << 20
MAX_DEPTH: Final = 16

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_ROUND: Final = bytes.maketrans(b"[]{}", b"()()")


class ApiRequest(Request):
    """A request whose JSON is strict: ``application/json``, at most 4 MiB, 16 levels, an object."""

    # Of a chunked body without a length, werkzeug stops reading here too.
    max_content_length = MAX_BODY_BYTES

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The JSON object of the body. *silent* is ignored: what is malformed is never taken for absent.

        Raises :class:`InputRefused` (``unsupported_media_type``, ``malformed_json``,
        ``json_too_deep``, ``json_not_object``, ``body_too_large``).
        """
        known: dict[str, Any] | None = self.environ.get("provenance.json")
        if known is None:
            known = _parsed(self)
            self.environ["provenance.json"] = known
        return known


def _parsed(request: Request) -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise InputRefused("send JSON, as application/json", code="unsupported_media_type")
    value = parse_object(read_body(request))
    if not isinstance(value, dict):
        raise InputRefused("the JSON of a request is an object", code="json_not_object")
    return value


def read_body(request: Request) -> bytes:
    """The whole body; raises :class:`InputRefused` (``body_too_large``)."""
    limit = request.max_content_length
    try:
        body = request.get_data(cache=True)
    except RequestEntityTooLarge:
        raise too_large(limit) from None
    # Of a body without a length werkzeug gives what fits and says nothing of the rest.
    if limit is not None and request.content_length is None and len(body) >= limit:
        raise too_large(limit)
    return body


def too_large(limit: int | None) -> InputRefused:
    """The refusal of a body past *limit* bytes."""
    return InputRefused(
        f"the body has more than {limit} bytes; send less", code="body_too_large", limit=limit
    )


def parse_object(raw: bytes) -> Any:
    """The JSON value of *raw*; raises :class:`InputRefused` (``malformed_json``, ``json_too_deep``)."""
    rest = _nested_past(raw, MAX_DEPTH)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        if rest > MAX_DEPTH:
            raise _too_deep() from None
        raise InputRefused("the body is not well-formed JSON in UTF-8", code="malformed_json") from None
    if rest:
        raise _too_deep()
    must_be_single(raw, value)
    return value


def _nested_past(raw: bytes, depth: int) -> int:
    """How many brackets are left when *depth* layers of pairs are peeled off; without recursion."""
    # Both kinds become one, so that a pass takes exactly one layer; the parser sees to their matching.
    brackets = _STRING.sub(b"", raw).translate(_ROUND, _NOT_BRACKETS)
    for _ in range(depth):
        brackets = brackets.replace(b"()", b"")
    return len(brackets)


def _too_deep() -> InputRefused:
    return InputRefused(
        f"the JSON is nested deeper than {MAX_DEPTH} levels", code="json_too_deep", limit=MAX_DEPTH
    )


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), status, mimetype="application/json")


def no_content() -> Response:
    """204."""
    return Response(status=204)
