"""``Idempotency-Key``: the claim before the view, the answer kept after it, secrets restored at a replay."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import orjson
from flask import Flask, Response, current_app, g, request

from api.current import services, visitor
from api.wire import answer, read_body
from provenance.errors import Conflict, InputRefused
from provenance.services.idempotency import UPLOAD_LOCK_MS, Claim, StoredAnswer, reused

Body = dict[str, Any]
Restore = Callable[[Body, Body], None]
View = TypeVar("View", bound=Callable[..., Any])

HEADER: Final = "Idempotency-Key"
SECRETS: Final = frozenset({"order_token", "use", "seed", "token", "opening", "secret", "bundle"})
"""Members of answers that are never stored, wherever they stand."""
_MAX_KEY: Final = 255
_WAIT_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.02
_RESTORE: Final = "__restore__"
_STREAMS: Final = "__streams__"
_READS: Final = "__reads__"
_FINAL: Final = frozenset(
    {"sold", "delivered", "redeemed", "void", "expired", "shared_key", "reissued", "too_late"}
    | {"already_commissioned", "batch_abandoned", "staging_expired", "transfer_settled", "transfer_lapsed"}
)
"""Refusals that the same request meets again; all others pass, so its key must not keep them."""


def restores(restore: Restore) -> Callable[[View], View]:
    """Mark a view: *restore(request, answer)* puts its secrets back into a stored answer."""

    def mark(view: View) -> View:
        setattr(view, _RESTORE, restore)
        return view

    return mark


def streams(view: View) -> View:
    """Mark a view whose body is a file, fingerprinted while it is read."""
    setattr(view, _STREAMS, True)
    return view


def reads(view: View) -> View:
    """Mark a POST that changes nothing: it is answered anew each time, and its answer is never kept."""
    setattr(view, _READS, True)
    return view


def upload_paths(app: Flask) -> Callable[[str], bool]:
    """Whether a path of *app* is one whose bodies are files."""
    rules = [
        rule.rule for rule in app.url_map.iter_rules() if hasattr(app.view_functions[rule.endpoint], _STREAMS)
    ]
    exact = frozenset(rule for rule in rules if "<" not in rule)
    begins = tuple(rule.partition("<")[0] for rule in rules if "<" in rule)
    return lambda path: path in exact or path.startswith(begins)


def register(app: Flask) -> None:
    """Keep the answers of every POST of *app* that comes with a key."""
    app.before_request(_begin)
    app.after_request(_settle)


def _begin() -> Response | None:
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or request.endpoint is None:
        return None
    if hasattr(current_app.view_functions[request.endpoint], _READS):
        return None
    if not 1 <= len(key) <= _MAX_KEY or not key.isascii() or not key.isprintable():
        raise InputRefused(
            f"an Idempotency-Key has 1 to {_MAX_KEY} printable ASCII characters",
            code="idempotency_key_malformed",
        )
    if _is_stream():
        g.upload_key = key
        return None
    fingerprint = services().idempotency.fingerprint(request.query_string, read_body(request))
    found = _begun(_scope(key, fingerprint), fingerprint)
    if isinstance(found, Claim):
        g.claim, g.fingerprint = found, fingerprint
        return None
    return replay(found)


def _is_stream() -> bool:
    view = current_app.view_functions[request.endpoint or ""]
    return getattr(view, _STREAMS, False) and request.mimetype != "application/json"


def _scope(key: str, fingerprint: bytes) -> bytes:
    """Credential, method, path and key; a stranger's keys are told apart by what he sends."""
    someone = visitor()
    whose = fingerprint if someone is None else someone.credential.encode()
    return services().idempotency.scope(whose, request.method.encode(), request.path.encode(), key.encode())


def _begun(scope: bytes, fingerprint: bytes) -> Claim | StoredAnswer:
    """The claim or the stored answer; while the first request is in flight, its answer is waited for."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return services().idempotency.begin(scope, fingerprint)
        except Conflict:
            if time.monotonic() >= until:
                raise
        time.sleep(_LOOK_SECONDS)


def begin_upload() -> StoredAnswer | None:
    """Claim the key of an upload, whose content is not known yet; what is stored, if it was answered."""
    key = g.get("upload_key")
    if key is None:
        return None
    found = services().idempotency.begin(_scope(key, b""), None, UPLOAD_LOCK_MS)
    if isinstance(found, Claim):
        g.claim = found
        return None
    return found


def replay_upload(found: StoredAnswer, fingerprint: bytes) -> Response:
    """The stored answer to an upload whose content turned out to be the same."""
    if found.fingerprint != fingerprint:
        raise reused()
    return replay(found)


def replay(found: StoredAnswer) -> Response:
    """A stored answer again, its secrets restored."""
    restore: Restore | None = getattr(current_app.view_functions[request.endpoint or ""], _RESTORE, None)
    if restore is not None and found.status < 300:
        given = request.get_json() if request.mimetype == "application/json" and not _is_stream() else {}
        restore(given, found.body)
    response = answer(found.body, found.status)
    if found.status >= 400:
        response.mimetype = "application/problem+json"
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _settle(response: Response) -> Response:
    claim: Claim | None = g.pop("claim", None)
    if claim is None:
        return response
    fingerprint: bytes | None = g.get("fingerprint")
    body = orjson.loads(response.get_data() or b"{}") if fingerprint is not None else {}
    if fingerprint is None or not _is_final(response.status_code, body):
        services().idempotency.release(claim)
        return response
    services().idempotency.finish(claim, fingerprint, response.status_code, without_secrets(body))
    return response


def _is_final(status: int, body: Body) -> bool:
    """Whether the answer stands: something was done, or every refusal in it is one for good."""
    if status < 300:
        results = body.get("results", [])
        refused = [one["error"] for one in results if one.get("error")]
        return not results or len(refused) < len(results) or _all_final(refused)
    if status in (404, 409) and body.get("errors"):
        return _all_final(body["errors"])
    return _all_final([body])


def _all_final(refusals: list[Body]) -> bool:
    return all(one.get("code") in _FINAL for one in refusals)


def without_secrets(value: Any) -> Any:
    """*value* with every secret member set to null."""
    if isinstance(value, dict):
        return {name: None if name in SECRETS else without_secrets(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    return value
