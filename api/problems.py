"""Errors as RFC 9457 problem documents, made in this one place; views contain no ``try``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from flask import Flask, Response, g, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, InternalServerError

from api import forms, language, pointers
from api.bracketing import bracket
from api.refusals import FormRefused, KeysUnreadable
from api.wire import too_large
from provenance.errors import (
    InputRefused,
    LimitReached,
    ManyRefused,
    NotFound,
    ProvenanceError,
    Refused,
    Unavailable,
)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:card-key-provenance:problem:"
_DEFAULT_RETRY: Final = 5
_NOT_SHOWN: Final = frozenset({"retry_after"})


def register(app: Flask) -> None:
    """Turn every error of *app* into a problem document."""
    app.register_error_handler(ProvenanceError, problem)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unexpected)


def of_validation(error: ValidationError) -> Response:
    """The problem of a request that pydantic refuses; nothing of its content is repeated."""

    return problem(forms.of_validation(error))


@dataclass(frozen=True, slots=True)
class Document:
    """A problem as it goes out: status, JSON, and the headers that belong to it."""

    status: int
    body: bytes
    headers: dict[str, str]


def problem(error: ProvenanceError) -> Response:
    """The document of *error*, in the language asked for."""
    bracket([error])
    chinese = language.language_of(request) == "zh-CN"
    made = document(error, chinese, g.get("trace_id"))
    response = Response(made.body, made.status, mimetype=MEDIA_TYPE)
    for name, value in made.headers.items():
        response.headers.add(name, value)
    g.problem_code = error.code
    return response


def document(error: ProvenanceError, chinese: bool, trace_id: str | None) -> Document:
    """The document of *error* in Chinese or English."""
    words = language.wording(error)
    members = {
        "type": TYPE_PREFIX + error.code,
        "title": words.title_zh if chinese else words.title,
        "status": words.status,
        "detail": words.sentence(error.message, chinese),
        "code": error.code,
        "trace_id": trace_id,
        **_facts(error),
        **_errors(error, chinese),
    }
    headers = {"Content-Language": "zh-CN" if chinese else "en", "Vary": "Accept-Language"}
    headers |= _headers(error, words.status)
    return Document(words.status, orjson.dumps(members, option=orjson.OPT_SORT_KEYS), headers)


def told_briefly(error: ProvenanceError) -> dict[str, Any]:
    """One of many errors: code, sentence and evidence, for a list."""
    chinese = language.language_of(request) == "zh-CN"
    detail = language.wording(error).sentence(error.message, chinese)
    return {"code": error.code, "detail": detail, **_facts(error)}


def _facts(error: ProvenanceError) -> dict[str, Any]:
    facts = {name: fact for name, fact in error.facts.items() if name not in _NOT_SHOWN}
    if not facts:
        return {}
    return {"evidence" if isinstance(error, Refused) else "facts": facts}


def _errors(error: ProvenanceError, chinese: bool) -> dict[str, Any]:
    if isinstance(error, FormRefused):
        return {"errors": [pointers.worded(one, chinese) for one in error.errors]}
    faults: Iterable[tuple[str, ProvenanceError]]
    if isinstance(error, KeysUnreadable):
        faults = ((fault.pointer, fault.error) for fault in error.faults)
    elif isinstance(error, ManyRefused):
        base = g.get("keys_pointer", "/keys")
        faults = ((f"{base}/{position}", one) for position, one in error.errors)
    else:
        return {}
    return {"errors": [{"pointer": pointer, **told_briefly(one)} for pointer, one in faults]}


def _headers(error: ProvenanceError, status: int) -> dict[str, str]:
    headers: dict[str, str] = {}
    retry_after = error.facts.get("retry_after")
    if retry_after is None and isinstance(error, LimitReached | Unavailable):
        retry_after = _DEFAULT_RETRY
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    said = 'Bearer realm="card-key-provenance"'
    if status == 401:
        headers["WWW-Authenticate"] = said + (
            "" if error.code == "credential_missing" else ', error="invalid_token"'
        )
    elif error.code == "scope_missing":
        headers["WWW-Authenticate"] = f'{said}, error="insufficient_scope", scope="{error.facts["scope"]}"'
    return headers


def _of_http(error: HTTPException) -> Response:
    """What the framework refuses by itself: unknown paths, methods, broken requests."""
    if error.response is not None:
        made: Response = error.response  # type: ignore[assignment]
        return made
    if isinstance(error, InternalServerError):
        # So come the defects that happen outside of views, while an answer is being finished.
        return _unexpected(error.original_exception or error)
    if error.code is not None and 300 <= error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    if error.code == 404:
        return problem(NotFound("there is nothing at this path; see /docs", code="not_found"))
    if error.code == 405:
        response = problem(InputRefused("this path has other methods; see Allow", code="method_not_allowed"))
        allowed = getattr(error, "valid_methods", None)
        response.headers["Allow"] = ", ".join(sorted(allowed or ()))
        return response
    if error.code == 413:
        return problem(too_large(request.max_content_length))
    return problem(InputRefused("the request is malformed; see the documentation", code="bad_request"))


def _unexpected(error: BaseException) -> Response:
    """A defect of ours: logged with its place, answered with nothing but the trace id."""
    g.unexpected = error
    return problem(ProvenanceError("something went wrong on our side; the trace id finds it in the log"))
