"""A trace id for every request, and one log line: route, status, time; never a body, query or header."""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import PurePath
from typing import Any, Final, TextIO

import orjson
import structlog
from flask import Flask, Response, g, request

from api import metrics
from api.current import services

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Only what is surely no card key is taken over into the log."""
_SECRET: Final = re.compile(r"ckp_[\w-]+|(?<![\w-])[0-9A-Za-z_]{12,}(?:-[0-9A-Za-z]+)*(?![\w-])|\d{8,}")
_PLAIN: Final = frozenset(
    {"trace_id", "route", "credential", "timestamp", "level", "event", "method", "error", "at", "code"}
)
_HIDDEN: Final = "[hidden]"

Logger = Any


def redact(_logger: Any, _method: str, members: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Hide what looks like a key or a token in every free text of a log line."""
    return {
        name: value if name in _PLAIN or not isinstance(value, str) else _SECRET.sub(_HIDDEN, value)
        for name, value in members.items()
    }


def make_logger(stream: TextIO | None = None) -> Logger:
    """JSON lines to *stream*, standard error by default."""
    return structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.JSONRenderer(_in_order),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    ).bind()


def _in_order(members: Any, default: Callable[[Any], Any]) -> str:
    return orjson.dumps(members, default, orjson.OPT_SORT_KEYS).decode()


def register(app: Flask, logger: Logger) -> None:
    """Trace, count and log every request of *app*."""
    app.before_request(_begin)
    app.after_request(_ended(logger))


def _begin() -> None:
    g.started = time.perf_counter()
    g.trace_id = _trace_id()


def _trace_id() -> str:
    given = trace_id_of(request.headers.get("traceparent"), request.headers.get("X-Request-Id"))
    return given or services().context.entropy(16).hex()


def trace_id_of(traceparent: str | None, request_id: str | None) -> str | None:
    """The trace id that the caller brought in one of these headers, if it is surely nothing else."""
    parent = _TRACEPARENT.fullmatch(traceparent or "")
    if parent:
        return parent[1]
    given = (request_id or "").lower()
    return given if _REQUEST_ID.fullmatch(given) else None


def _ended(logger: Logger) -> Callable[[Response], Response]:
    def ended(response: Response) -> Response:
        seconds = time.perf_counter() - g.started
        route = request.url_rule.rule if request.url_rule else "unmatched"
        metrics.count(request.method, route, response.status_code, seconds)
        response.headers["X-Request-Id"] = g.trace_id
        members: dict[str, Any] = {
            "trace_id": g.trace_id, "method": request.method, "route": route,
            "status": response.status_code, "ms": round(seconds * 1000, 2),
        }  # fmt: skip
        if "principal" in g:
            members["credential"] = g.principal.credential
        if "problem_code" in g:
            members["code"] = g.problem_code
        if "unexpected" in g:
            logger.error("defect", **members, **_place(g.unexpected))
        else:
            logger.info("request", **members)
        return response

    return ended


def _place(error: BaseException) -> dict[str, Any]:
    """Kind and place of a defect. Not its message: that may quote what a caller sent."""
    frames = traceback.extract_tb(error.__traceback__)
    steps = [f"{PurePath(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames[-12:]]
    return {"error": type(error).__name__, "at": " < ".join(reversed(steps))}
