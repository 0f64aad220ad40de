"""Proofs, made and checked."""

from __future__ import annotations

from typing import Any, Final

import orjson
from flask import Response, request
from flask_openapi.blueprint import APIBlueprint

from api import acting, render, repeats
from api.access import allow, client_address, public
from api.current import services, visitor
from api.documents import BUNDLE_BODY, SECURED, TAG_PROOFS
from api.naming import each_once
from api.schemas.trade import ProofPath, ProofWish
from api.wire import answer, read_body
from provenance.core.proofs import MAX_BUNDLE_SIZE
from provenance.errors import InputRefused
from provenance.services.budgets import Allowance
from provenance.services.proofdesk import MadeProof, Wish
from provenance.services.verification import Viewer

blueprint = APIBlueprint("proofs", __name__, url_prefix="/v1/proofs", abp_tags=[TAG_PROOFS])

_CHECKS: Final = Allowance("proof-check", 600)


def _restore_bundle(_given: dict[str, Any], stored: dict[str, Any]) -> None:
    # Made afresh, and without an opening: whoever wants the key in the file asks with a new key.
    stored["bundle"] = orjson.loads(services().proofs.fetch(stored["id"]).bundle)


@blueprint.post("", security=SECURED, responses={201: {}})
@allow("prove", strangers=True)
@repeats.restores(_restore_bundle)
def make(body: ProofWish) -> Response:
    """The proof of a key, to those entitled to see its custody; with an id to fetch it again by, unopened."""
    if body.order_token is None:
        acting.must_be_someone()
    viewer = Viewer(visitor(), None if body.order_token is None else bytes.fromhex(body.order_token))
    wish = Wish(body.opening, body.details, body.anchored, body.state_proof)
    made = services().proofs.make(viewer, each_once([body.key], ["/key"])[0], wish)
    members = {"id": made.id, "key": render.handle(made.handle), "bundle": orjson.loads(made.bundle)}
    return answer(members, 201)


@blueprint.get("/<proof_id>.json", responses={200: {}})
@public()
def fetch(path: ProofPath) -> Response:
    """The proof as a file, as it is now: pending first, anchored later; never with the key in it."""
    return _file(services().proofs.fetch(path.proof_id))


@blueprint.get("/<proof_id>", responses={200: {}})
@public()
def get(path: ProofPath) -> Response:
    """The same file."""
    return _file(services().proofs.fetch(path.proof_id))


@blueprint.post("/verify", request_body=BUNDLE_BODY, responses={200: {}})
@allow(strangers=True)
def verify() -> Response:
    """Check a proof with this service's log key and node: what it establishes, and what was not checked."""
    if visitor() is None:
        services().budgets.spend(_CHECKS, client_address())
    if request.mimetype != "application/json":
        raise InputRefused("send the bundle as application/json", code="unsupported_media_type")
    request.max_content_length = MAX_BUNDLE_SIZE
    return answer(services().proofs.check(read_body(request)).to_json())


def _file(made: MadeProof) -> Response:
    response = Response(made.bundle, mimetype="application/json")
    name = f"{made.handle.batch_id.hex()[:16]}-{made.handle.index}.provenance.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    # A verifier open from disk, or on another site, may follow a QR code to it; the id is what opens it.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
