"""Disclosures: published by whose they are, read by everybody."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request
from flask_openapi.blueprint import APIBlueprint

from api import render, repeats
from api.access import allow, public
from api.current import principal, services
from api.documents import SECURED, TAG_DISCLOSURES
from api.schemas.common import PartyPath
from api.schemas.disclosures import DisclosurePath, NewDisclosure, Withdraw
from api.wire import answer, read_body
from provenance.core.canonical import encode_base64
from provenance.core.disclosure import REGISTERS
from provenance.core.entries import PartyReason
from provenance.core.papers import JPEG, MAX_PAPER_BYTES, PDF, PNG, SUFFIXES
from provenance.errors import AccessDenied
from provenance.services.disclosure_view import Shown, badge
from provenance.services.parties import Principal

blueprint = APIBlueprint("disclosures", __name__, url_prefix="/v1", abp_tags=[TAG_DISCLOSURES])

_PUBLISHERS: Final = (PartyReason.PLATFORM, PartyReason.SUPPLIER)
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_PAPER: Final[dict[str, Any]] = {"required": True, "content": dict.fromkeys((PDF, PNG, JPEG), _BINARY)}
_PAPERS: Final[dict[Any, Any]] = {200: {"content": dict.fromkeys((PDF, PNG, JPEG), _BINARY)}}


@blueprint.post("/disclosures", security=SECURED, responses={201: {}})
@allow("register", "sell", roles=_PUBLISHERS, writes=True)
def publish(body: NewDisclosure) -> Response:
    """Publish a paper of one's own: an entry of the log, for ever. A newer one supersedes an older."""
    mine = principal()
    if body.address is not None and bytes.fromhex(body.address[2:]) not in _names(mine):
        raise AccessDenied("this is another party's address; publish under your own", code="not_your_address")
    supersedes = None if body.supersedes is None else bytes.fromhex(body.supersedes)
    recorded = services().disclosures.publish(mine.address, body.read(), supersedes)
    return answer(render.event(recorded) | {"disclosure": recorded.event.hex()}, 201)


@blueprint.get("/disclosures", security=SECURED, responses={200: {}})
@allow("register", "sell", "read")
def mine() -> Response:
    """One's own disclosures, newest first."""
    return _all_of(principal().address)


@blueprint.get("/platforms/<address>/disclosures", responses={200: {}})
@public()
def of_party(path: PartyPath) -> Response:
    """Everything that a platform or supplier ever disclosed, how it stands now, and its badge."""
    return _all_of(bytes.fromhex(path.address[2:]))


@blueprint.get("/disclosures/<disclosure_id>", responses={200: {}})
@public()
def one(path: DisclosurePath) -> Response:
    """One disclosure; salt and details lead to the commitment in its entry."""
    found = services().disclosures.one(bytes.fromhex(path.disclosure_id), services().context.clock.now())
    return _open(answer(_told(found)))


@blueprint.post("/disclosures/<disclosure_id>/withdraw", security=SECURED, responses={200: {}})
@allow("register", "sell", roles=_PUBLISHERS, writes=True)
def withdraw(path: DisclosurePath, body: Withdraw) -> Response:
    """Say that a disclosure no longer holds; it stays to be seen."""
    event = bytes.fromhex(path.disclosure_id)
    return answer(render.event(services().disclosures.withdraw(principal().address, event, body.why)))


@blueprint.put(
    "/disclosures/<disclosure_id>/document", security=SECURED, request_body=_PAPER, responses={200: {}}
)
@allow("register", "sell", roles=_PUBLISHERS)
@repeats.streams
def attach(path: DisclosurePath) -> Response:
    """Keep the published document, a PDF, PNG or JPEG of at most 10 MiB, for everybody to read."""
    # One byte more is read, so that the refusal of a paper too large is the paper's own.
    request.max_content_length = MAX_PAPER_BYTES + 1
    event = bytes.fromhex(path.disclosure_id)
    media = services().disclosures.attach(principal().address, event, read_body(request))
    return answer({"disclosure": path.disclosure_id, "media_type": media})


@blueprint.get("/disclosures/<disclosure_id>/document", responses=_PAPERS)
@public()
def document(path: DisclosurePath) -> Response:
    """The document, its bytes held against the log; to be saved, never shown as a page of ours."""
    paper = services().disclosures.paper(bytes.fromhex(path.disclosure_id))
    response = Response(paper.content, mimetype=paper.media)
    name = f"{paper.digest.hex()[:16]}.{SUFFIXES[paper.media]}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    response.headers["Cache-Control"] = "public, max-age=86400"
    return _open(response)


def _open(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _names(who: Principal) -> frozenset[bytes]:
    return services().parties.names(who.address)


def _all_of(address: bytes) -> Response:
    now, party = services().context.clock.now(), services().parties.get(address)
    found = services().disclosures.of(address, now)
    standing = badge(party.roles, found)
    return _open(
        answer(
            {
                "address": render.address(address),
                "as_of": now,
                "badge": {
                    "earned": all(status in ("valid", "expires_soon") for status in standing.values()),
                    "papers": {kind.value: status for kind, status in standing.items()},
                },
                "disclosures": [_told(each) for each in found],
            }
        )
    )


def _told(one: Shown) -> dict[str, Any]:
    stored = one.stored
    kind = None if one.disclosure is None else one.disclosure.type
    return {
        "disclosure": stored.event.hex(),
        "party": render.address(one.party),
        "time": stored.entry.time,
        "index": stored.index,
        "entry": encode_base64(stored.entry.encode()),
        "salt": None if one.salt is None else one.salt.hex(),
        "details": one.details,
        "intact": one.disclosure is not None,
        "status": one.status,
        "is_current": one.is_current,
        "superseded_by": None if one.superseded_by is None else one.superseded_by.hex(),
        "withdrawn_by": None if one.withdrawn_by is None else one.withdrawn_by.hex(),
        "withdrawn_why": one.withdrawn_why,
        "register": None if kind is None else REGISTERS[kind],
        "document": None if one.paper is None else {"media_type": one.paper[0], "size": one.paper[1]},
    }
