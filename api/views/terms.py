"""Warranty terms: published once, read by everybody, never changed."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request
from flask_openapi.blueprint import APIBlueprint

from api import warranty_answers
from api.access import allow, public
from api.current import principal, services
from api.documents import SECURED, TAG_TERMS
from api.schemas.common import PartyPath
from api.schemas.orders import TermsPath
from api.wire import answer, read_body
from provenance.core.entries import PartyReason
from provenance.core.terms import MAX_TERMS_BYTES

blueprint = APIBlueprint("terms", __name__, url_prefix="/v1", abp_tags=[TAG_TERMS])

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_DOCUMENT: Final[dict[str, Any]] = {
    "required": True,
    "content": {"application/json": {"schema": {"type": "object", "description": "docs/terms.schema.json"}}},
}


@blueprint.post("/terms", security=SECURED, request_body=_DOCUMENT, responses={201: {}})
@allow("warranty", roles=(PartyReason.PLATFORM,), writes=True)
def publish() -> Response:
    """Publish terms: an entry of the log, for ever. Vague ones are refused, with what to write instead."""
    request.max_content_length = MAX_TERMS_BYTES
    request.get_json()  # what is no JSON object is refused in the words of every other body
    made = services().warranty.terms.publish(principal().address, read_body(request))
    return answer(warranty_answers.published(made), 201)


@blueprint.get("/terms/<hash>", responses={200: {}})
@public()
def one(path: TermsPath) -> Response:
    """The terms of that hash, in the very bytes that have it (RFC 8785, SHA-256)."""
    found = services().warranty.terms.get(bytes.fromhex(path.hash))
    response = Response(found.row.document, mimetype="application/json")
    response.headers["Cache-Control"] = _FOR_EVER
    return _open(response)


@blueprint.get("/platforms/<address>/terms", responses={200: {}})
@public()
def of_platform(path: PartyPath) -> Response:
    """Everything that a platform ever published, the newest first."""
    party = services().parties.get(bytes.fromhex(path.address[2:]))
    found = services().warranty.terms.of_platform(party.address)
    return _open(answer({"terms": [warranty_answers.published(each) for each in found]}))


def _open(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
