"""A question as it goes out: a JSON body with the key in it, and headers that say who asks."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from provenance.core.keyformats import CardKey
from provenance.issuer.settings import Authentication, Request


def body_of(request: Request, key: CardKey, nonce: str) -> bytes:
    """The body of the POST; *nonce* goes in where the issuer repeats one."""
    body: dict[str, Any] = {}
    for pointer, value in request.fixed.items():
        _put(body, pointer, value)
    if request.serial is not None and key.serial:
        _put(body, request.serial, key.serial)
    _put(body, request.secret, key.secret)
    if request.nonce is not None:
        _put(body, request.nonce, nonce)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(settings: Authentication, secret: bytes, target: str, body: bytes, now: int) -> dict[str, str]:
    """The headers of the POST to *target* (path and query) at *now* (ms).

    The HMAC-SHA-256 is over ``POST``, target, unix seconds and the hex SHA-256 of the body, a line each.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "provenance"}
    if settings.kind == "bearer":
        headers["Authorization"] = f"Bearer {secret.decode('ascii')}"
    if settings.kind == "hmac":
        stamp = str(now // 1000)
        headers[settings.key_id_header] = settings.key_id or ""
        headers[settings.timestamp_header] = stamp
        headers[settings.signature_header] = signature(secret, target, stamp, body)
    return headers


def signature(secret: bytes, target: str, stamp: str, body: bytes) -> str:
    """The signature of one request, in hex."""
    signed = "\n".join(("POST", target, stamp, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret, signed.encode(), hashlib.sha256).hexdigest()


def _put(body: dict[str, Any], pointer: str, value: Any) -> None:
    *path, last = pointer[1:].split("/")
    for name in path:
        body = body.setdefault(name, {})
    body[last] = value
