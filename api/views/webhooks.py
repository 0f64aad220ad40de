"""One's webhooks: made, listed, ended, tried out, and told again what they missed."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_WEBHOOKS
from api.schemas.webhooks import AttemptsQuery, NewWebhook, Replay, WebhookPath
from api.wire import answer, no_content
from provenance.services.webhook_endpoints import Attempt, Endpoint
from provenance.services.webhook_types import TYPES

blueprint = APIBlueprint(
    "webhooks", __name__, url_prefix="/v1/webhooks", abp_tags=[TAG_WEBHOOKS], abp_security=SECURED
)


@blueprint.get("", responses={200: {}})
@allow("admin", "read")
def webhooks() -> Response:
    """One's webhooks, oldest first, without their secrets; and every type of event that has a name."""
    found = services().webhooks.all_of(principal().address)
    told = [_webhook(one.endpoint) | {"waiting": one.waiting} for one in found]
    return answer({"webhooks": told, "types": TYPES})


@blueprint.post("", responses={201: {}})
@allow("admin")
def create(body: NewWebhook) -> Response:
    """A new webhook; its secret is shown this once."""
    made, secret = services().webhooks.create(principal().address, body.url, body.types)
    return answer(_webhook(made) | {"secret": secret}, 201)


@blueprint.delete("/<webhook_id>", responses={204: None})
@allow("admin")
def remove(path: WebhookPath) -> Response:
    """Forget a webhook, and what waits for it."""
    services().webhooks.remove(principal().address, _id(path))
    return no_content()


@blueprint.post("/<webhook_id>/disable", responses={200: {}})
@allow("admin")
def disable(path: WebhookPath) -> Response:
    """Send nothing more; what waits goes on waiting."""
    return answer(_webhook(services().webhooks.disable(principal().address, _id(path))))


@blueprint.post("/<webhook_id>/enable", responses={200: {}})
@allow("admin")
def enable(path: WebhookPath) -> Response:
    """Send again; what was missed comes by a replay."""
    return answer(_webhook(services().webhooks.enable(principal().address, _id(path))))


@blueprint.post("/<webhook_id>/rotate", responses={200: {}})
@allow("admin")
def rotate(path: WebhookPath) -> Response:
    """A new secret, shown this once; for a day the old one signs too."""
    changed, secret = services().webhooks.rotate(principal().address, _id(path))
    return answer(_webhook(changed) | {"secret": secret})


@blueprint.post("/<webhook_id>/test", responses={202: {}})
@allow("admin")
def test(path: WebhookPath) -> Response:
    """Send a message of type webhook.test; what came of it is among the attempts."""
    message = services().webhooks.test(principal().address, _id(path))
    return answer({"message": message.hex()}, 202)


@blueprint.post("/<webhook_id>/replay", responses={202: {}})
@allow("admin")
def replay(path: WebhookPath, body: Replay) -> Response:
    """Send one message again, or all of a time of the last thirty days."""
    desk, mine = services().webhooks, principal().address
    if body.message is not None:
        desk.replay_message(mine, _id(path), bytes.fromhex(body.message))
        return answer({"messages": 1}, 202)
    return answer({"messages": desk.replay(mine, _id(path), body.since or 0, body.until or 0)}, 202)


@blueprint.get("/<webhook_id>/attempts", responses={200: {}})
@allow("admin", "read")
def attempts(path: WebhookPath, query: AttemptsQuery) -> Response:
    """What was sent and what came of it, newest first; never what was in it."""
    found = services().webhooks.attempts(principal().address, _id(path), query.before, query.limit)
    return answer({"attempts": [_attempt(one, type) for one, type in found]})


def _id(path: WebhookPath) -> bytes:
    return bytes.fromhex(path.webhook_id)


def _webhook(one: Endpoint) -> dict[str, Any]:
    return {
        "id": one.id.hex(),
        "url": one.url,
        "types": list(one.types),
        "created_at": one.created_at,
        "disabled_at": one.disabled_at,
        "disabled_by": one.disabled_by,
        "failing_since": one.failing_since,
        "old_secret_until": one.old_until,
    }


def _attempt(one: Attempt, type: str) -> dict[str, Any]:
    return {
        "message": one.message.hex(),
        "type": type,
        "number": one.number,
        "time": one.time,
        "status": one.status,
        "error": one.error,
        "took_ms": one.took_ms,
    }
