"""One's own events, alerts and credentials; and, for the operator, who may act at all."""

from __future__ import annotations

import json

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import render
from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_PARTIES
from api.schemas.common import EventPath, Page, PartyPath
from api.schemas.trade import (
    Admission,
    CredentialPath,
    CredentialQuery,
    NewCredential,
    Succession,
    Suspension,
)
from api.wire import answer, no_content
from provenance.core.entries import PartyReason
from provenance.errors import AccessDenied

blueprint = APIBlueprint("parties", __name__, url_prefix="/v1", abp_tags=[TAG_PARTIES], abp_security=SECURED)
_OPERATOR = (PartyReason.OPERATOR,)


@blueprint.get("/me", responses={200: {}})
@allow()
def me() -> Response:
    """Who one is, and what this credential may do."""
    mine = principal()
    return answer(render.party(mine.party) | {"credential": mine.credential, "scopes": sorted(mine.scopes)})


@blueprint.get("/me/events", responses={200: {}})
@allow("read", "verify", "sell")
def events(query: Page) -> Response:
    """Everything that was done in one's name or to one, oldest first: look out for what one did not do."""
    found = services().parties.events(principal().address, query.after, query.limit)
    return answer({"events": services().events.tell(found)})


@blueprint.get("/me/alerts", responses={200: {}})
@allow("read", "verify", "sell", "register")
def alerts(query: Page) -> Response:
    """What one should know, oldest first."""
    found = services().parties.alerts(principal().address, query.after, query.limit)
    told = [
        {"id": one.id.hex(), "kind": one.kind, "time": one.time, "facts": json.loads(one.facts)}
        for one in found
    ]
    return answer({"alerts": told})


@blueprint.get("/me/credentials", responses={200: {}})
@allow("admin", "read")
def credentials() -> Response:
    """One's credentials, newest first, without their tokens."""
    found = services().parties.credentials(principal().address)
    return answer({"credentials": [render.credential(one) for one in found]})


@blueprint.post("/credentials", responses={201: {}})
@allow("admin")
def issue(body: NewCredential) -> Response:
    """A new credential; its token is shown this once."""
    address = _whose(body.party)
    credential, token = services().parties.issue(address, body.label, body.scopes, body.expires_at)
    return answer(render.credential(credential) | {"token": token}, 201)


@blueprint.delete("/credentials/<credential_id>", responses={204: None})
@allow("admin")
def revoke(path: CredentialPath, query: CredentialQuery) -> Response:
    """End a credential."""
    services().parties.revoke(_whose(query.party), path.credential_id)
    return no_content()


@blueprint.get("/parties", responses={200: {}})
@allow("admin", roles=_OPERATOR)
def everyone() -> Response:
    """Every party."""
    return answer({"parties": [render.party(one) for one in services().parties.everyone()]})


@blueprint.get("/parties/<address>", responses={200: {}})
@allow()
def party(path: PartyPath) -> Response:
    """A trading partner: its name, roles and standing."""
    return answer(render.party(services().parties.get(bytes.fromhex(path.address[2:]))))


@blueprint.post("/parties", responses={201: {}})
@allow("admin", roles=_OPERATOR, writes=True)
def admit(body: Admission) -> Response:
    """Admit a party in a role; again after a suspension lifts it."""
    address = None if body.address is None else bytes.fromhex(body.address[2:])
    admitted, recorded = services().parties.admit(
        principal().address, body.name, body.reason, address=address, party_id=body.party_id or ""
    )
    return answer(render.party(admitted) | (render.event(recorded) if recorded else {}), 201)


@blueprint.post("/parties/<address>/suspend", responses={200: {}})
@allow("admin", roles=_OPERATOR, writes=True)
def suspend(path: PartyPath, body: Suspension) -> Response:
    """From here on the party may not act."""
    recorded = services().parties.suspend(principal().address, bytes.fromhex(path.address[2:]), body.reason)
    return answer(render.event(recorded))


@blueprint.post("/parties/<address>/succeed", responses={200: {}})
@allow("admin", roles=_OPERATOR, writes=True)
def succeed(path: PartyPath, body: Succession) -> Response:
    """Another address stands for the party from here on; for one that lost its key."""
    old, new = bytes.fromhex(path.address[2:]), bytes.fromhex(body.successor[2:])
    recorded = services().parties.succeed(principal().address, old, new)
    return answer({"events": [render.event(one) for one in recorded]})


@blueprint.get("/events/<event_id>", responses={200: {}})
@allow()
def event(path: EventPath) -> Response:
    """An event and, once it is sequenced, its log index; its actor gets the receipt again."""
    return answer(services().events.get(bytes.fromhex(path.event_id), principal().address))


@blueprint.delete("/events/<event_id>/details", responses={204: None})
@allow("admin")
def erase(path: EventPath) -> Response:
    """Forget the sealed details of one's own entry, for ever; the entry stays in the log."""
    services().erasure.erase(principal().address, bytes.fromhex(path.event_id))
    return no_content()


def _whose(party: str | None) -> bytes:
    mine = principal()
    address = mine.address if party is None else bytes.fromhex(party[2:])
    if address != mine.address and not mine.party.has(PartyReason.OPERATOR):
        raise AccessDenied("only the operator manages other parties' credentials", code="role_missing")
    return address
