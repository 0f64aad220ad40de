"""What the front refuses by itself, in the same words and with the same headers as the app would."""

from __future__ import annotations

import os
import time
from typing import Any, Final

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from api import headers, language, metrics, problems
from api.front.bridge import Answer, Environ
from api.tracing import Logger, trace_id_of
from provenance.errors import ProvenanceError

_ROUTE: Final = "front"
_BODY_TAKEN: Final = frozenset({"server_busy", "watchers_full"})


def refusal(error: ProvenanceError, environ: Environ, began: float, logger: Logger) -> Answer:
    """The problem document of *error*, counted and logged; *began* is a ``time.perf_counter``."""
    trace_id = trace_id_of(environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_X_REQUEST_ID")) or _random()
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT_LANGUAGE"), LanguageAccept)
    problem = problems.document(error, language.chosen(accepted) == "zh-CN", trace_id)
    said = {
        "Content-Type": problems.MEDIA_TYPE,
        "Content-Length": str(len(problem.body)),
        "X-Request-Id": trace_id,
        **headers.SECURITY,
        **problem.headers,
    }
    if error.code not in _BODY_TAKEN:
        # The rest of a body may still come; it must not be read as a request.
        said["Connection"] = "close"
    seconds = time.perf_counter() - began
    method: str = environ["REQUEST_METHOD"]
    metrics.count(method, _ROUTE, problem.status, seconds)
    members: dict[str, Any] = {
        "trace_id": trace_id, "method": method, "route": _ROUTE, "status": problem.status,
        "ms": round(seconds * 1000, 2), "code": error.code,
    }  # fmt: skip
    logger.info("request", **members)
    encoded = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in said.items()]
    return Answer(problem.status, encoded, problem.body)


def _random() -> str:
    return os.urandom(16).hex()
