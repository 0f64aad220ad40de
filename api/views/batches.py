"""Registering keys: a file in, a manifest to sign out."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import render, repeats, uploads
from api.access import allow
from api.current import principal, services
from api.documents import BATCH_BODY, SECURED, TAG_BATCHES
from api.schemas.batches import BatchesQuery, BatchQuery, RejectsQuery, SignatureBody
from api.schemas.common import BatchPath
from api.wire import answer, no_content
from provenance.core.entries import PartyReason

blueprint = APIBlueprint(
    "batches", __name__, url_prefix="/v1/batches", abp_tags=[TAG_BATCHES], abp_security=SECURED
)
_SUPPLIER = (PartyReason.SUPPLIER,)


def _restore_seed(_given: dict[str, Any], stored: dict[str, Any]) -> None:
    batch_id = bytes.fromhex(stored["batch"])
    stored["seed"] = services().registration.restore_secrets(batch_id, principal().address).hex()


@blueprint.post("", request_body=BATCH_BODY, responses={202: {}})
@allow("register", roles=_SUPPLIER, writes=True)
@repeats.restores(_restore_seed)
@repeats.streams
def stage(query: BatchQuery) -> Response:
    """Stage keys from a file or a list. Nobody can use them before their supplier has signed the manifest."""
    return uploads.staged(query)


@blueprint.put("/<batch_id>/signature", responses={200: {}})
@allow("register", roles=_SUPPLIER, writes=True)
def sign(path: BatchPath, body: SignatureBody) -> Response:
    """Make a staged batch live by its supplier's EIP-712 signature."""
    recorded = services().registration.commission(
        principal().address, bytes.fromhex(path.batch_id), bytes.fromhex(body.signature[2:])
    )
    return answer(render.event(recorded) | {"batch": path.batch_id})


@blueprint.get("", responses={200: {}})
@allow("register", "read", roles=_SUPPLIER)
def listed(query: BatchesQuery) -> Response:
    """One's own batches, newest first."""
    after = bytes.fromhex(query.after_batch) or None
    found = services().registration.batches_of(principal().address, query.before, query.limit, after=after)
    return answer({"batches": [batch_id.hex() for batch_id in found]})


@blueprint.get("/<batch_id>", responses={200: {}})
@allow()
def batch(path: BatchPath) -> Response:
    """A batch as it stands, and how far it is anchored."""
    found = uploads.visible(bytes.fromhex(path.batch_id))
    return answer(render.batch(found, uploads.is_own(found)))


@blueprint.get("/<batch_id>/rejects", responses={200: {"content": {"application/x-ndjson": {}}}})
@allow("register", "read")
def rejects(path: BatchPath, query: RejectsQuery) -> Response:
    """The lines that were not accepted, one JSON object a line, never with the key."""
    batch_id = bytes.fromhex(path.batch_id)
    uploads.own(batch_id)
    found = services().registration.rejects(batch_id, query.after, query.limit)
    lines = b"".join(orjson.dumps(render.reject(one)) + b"\n" for one in found)
    return Response(lines, mimetype="application/x-ndjson")


@blueprint.delete("/<batch_id>", responses={204: None})
@allow("register", roles=_SUPPLIER)
def abandon(path: BatchPath) -> Response:
    """Give a staged batch up; its keys are free again."""
    services().registration.abandon(principal().address, bytes.fromhex(path.batch_id))
    return no_content()
