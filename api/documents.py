"""The OpenAPI document's common parts, and its reading page, which asks no other host for anything."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app, send_from_directory

from api.access import public
from api.wire import answer

TITLE: Final = "Card Key Provenance"
TAG_BATCHES: Final[dict[str, Any]] = {"name": "batches", "description": "Registering keys"}
TAG_KEYS: Final[dict[str, Any]] = {"name": "keys", "description": "Verifying, selling and what follows"}
TAG_TRANSFERS: Final[dict[str, Any]] = {"name": "transfers", "description": "Handing keys over"}
TAG_PROOFS: Final[dict[str, Any]] = {"name": "proofs", "description": "Proofs that need nobody's word"}
TAG_LOG: Final[dict[str, Any]] = {"name": "log", "description": "The public log and its anchors"}
TAG_PARTIES: Final[dict[str, Any]] = {"name": "parties", "description": "Who may act, and by what credential"}
TAG_ISSUERS: Final[dict[str, Any]] = {"name": "issuers", "description": "What issuers say of keys"}
TAG_DISCLOSURES: Final[dict[str, Any]] = {
    "name": "disclosures",
    "description": "What parties show of themselves",
}
TAG_WEBHOOKS: Final[dict[str, Any]] = {"name": "webhooks", "description": "Being told instead of asking"}
TAG_RESERVE: Final[dict[str, Any]] = {"name": "reserve", "description": "Keys that wait to replace others"}
TAG_RECOURSES: Final[dict[str, Any]] = {
    "name": "recourses",
    "description": "What a remedy cost, asked back from a supplier",
}
TAG_TERMS: Final[dict[str, Any]] = {"name": "terms", "description": "Warranty terms, by hash"}
TAG_PLATFORMS: Final[dict[str, Any]] = {"name": "platforms", "description": "What platforms come to"}
TAG_ORDERS: Final[dict[str, Any]] = {"name": "orders", "description": "Orders under warranty"}
TAG_CLAIMS: Final[dict[str, Any]] = {"name": "claims", "description": "What went wrong, and what follows"}
TAG_ESCROW: Final[dict[str, Any]] = {"name": "escrow", "description": "Deposits on the chain, per order"}
TAG_PUBLIC: Final[dict[str, Any]] = {"name": "public", "description": "For everybody"}
TAG_SYSTEM: Final[dict[str, Any]] = {"name": "system", "description": "How the service is"}

TAG_EVIDENCE: Final[dict[str, Any]] = {"name": "evidence", "description": "Files that show what happened"}
TAG_PRESALE: Final[dict[str, Any]] = {"name": "presale", "description": "Reviews of goods before their sale"}

SECURED: Final[list[dict[str, list[Any]]]] = [{"bearer": []}]
SCHEMES: Final[dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "ckp_…", "description": "a credential"}
}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
BATCH_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "text/plain": _BINARY,
        "text/csv": _BINARY,
        "application/x-ndjson": _BINARY,
        "application/gzip": _BINARY,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _BINARY,
        "application/json": {"schema": {"type": "object"}},
    },
}
_EVIDENCE: Final = dict.fromkeys(
    (
        *("image/png", "image/jpeg", "application/pdf", "text/plain"),
        *("video/mp4", "video/quicktime", "video/webm"),
    ),
    _BINARY,
)
EVIDENCE_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {"application/octet-stream": _BINARY, **_EVIDENCE},
}
EVIDENCE_FILE: Final[dict[Any, Any]] = {200: {"content": _EVIDENCE}}
PACK_FILE: Final[dict[Any, Any]] = {200: {"content": {"application/zip": _BINARY}}}
BUNDLE_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {"application/json": {"schema": {"type": "object"}}},
}
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "trace_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "trace_id": {"type": "string"},
        "evidence": {"type": "object"},
        "facts": {"type": "object"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Card Key Provenance: API</title>
<link rel="stylesheet" href="/docs/assets/css/swagger-ui.css">
<link rel="icon" href="/docs/assets/images/swagger.svg"></head>
<body><div id="page"></div>
<script src="/docs/assets/js/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>
"""
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null,
  persistAuthorization: false,
});
"""

pages = Blueprint("pages", __name__)


@pages.get("/openapi.json")
@public()
def document() -> Response:
    """The OpenAPI 3.1 document."""
    return answer(described(current_app))


@pages.get("/docs")
@public()
def reading_page() -> Response:
    """The document, to read and to try."""
    return _page(_PAGE, "text/html")


@pages.get("/docs/start.js")
@public()
def start() -> Response:
    """What starts the page; a file of its own, so that the policy needs no inline script."""
    return _page(_START, "text/javascript")


@pages.get("/docs/assets/<path:name>")
@public()
def asset(name: str) -> Response:
    """Swagger UI, from the installed package."""
    folder = files("flask_openapi_swagger") / "templates" / "swagger"
    response = send_from_directory(str(folder), name, max_age=86_400)
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


def _page(text: str, mimetype: str) -> Response:
    response = Response(text, mimetype=mimetype)
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


def described(app: Flask) -> dict[str, Any]:
    """The document of *app*, every operation with the problems that it may answer with."""
    known: dict[str, Any] | None = app.extensions.get("provenance-document")
    if known is None:
        known = app.extensions["provenance-document"] = _with_problems(app.api_doc)  # type: ignore[attr-defined]
    return known


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    schemas.pop("ValidationErrorModel", None)
    schemas["Problem"] = PROBLEM
    said = {
        "description": "A problem document (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for item in document["paths"].values():
        for operation in item.values():
            answers = operation["responses"]
            answers.pop("422", None)
            for status in ("4XX", "5XX"):
                answers[status] = said
            if operation.get("security") is not None and operation.get("requestBody"):
                operation.setdefault("parameters", []).append(_IDEMPOTENCY)
    return document


_IDEMPOTENCY: Final = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "the same key and body again: the same answer, and nothing is done again",
}  # fmt: skip
