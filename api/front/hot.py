"""The two requests that a checkout makes, verify and sell of one key, without the framework around them.

Only what goes well is answered here: a known credential, one key that can be read, a full verdict or a
plain sale. Everything else (a refusal, a coarse verdict, a repeated request, any doubt) is handed to the
app as if it had come there first, so that there is one place that refuses and one that withholds. What was
counted already is handed over too (:data:`api.access.ADMITTED`). The same request through both gives the same
answer; ``tests/api/test_hot.py`` holds them together.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from flask import Flask
from pydantic import ValidationError

from api import access, headers, limits, metrics, render
from api.access import Access
from api.current import EXTENSION
from api.front.bridge import Answer, Scope
from api.front.together import Together
from api.limits import RateLimiter, Share
from api.schemas.keys import Sell, Verify
from api.tracing import Logger, trace_id_of
from api.wire import parse_object
from provenance.bootstrap import Services
from provenance.core.keyformats import format_by_id, parse
from provenance.errors import LimitReached, ProvenanceError
from provenance.services.lawbook import KeyRef
from provenance.services.parties import Principal
from provenance.services.sale import Order, Wish
from provenance.services.verification import Viewer

VERIFY: Final = "/v1/keys/verify"
SELL: Final = "/v1/keys/sell"
MOST_BYTES: Final = 32 << 10
"""One key and the details of its sale; a longer body is many keys, and their cost is not the framework's."""
_PLAIN: Final = re.compile(
    rb'\{"key": ?\{"format": ?"([a-z0-9][a-z0-9-]{0,31})", ?"text": ?"([ !#-\[\]-~]{1,200})"\}\}'
)
"""The plain way to ask about one key: of this much every rule of the form holds."""
_COLD: Final = frozenset({b"idempotency-key", b"transfer-encoding", b"content-encoding", b"expect"})
_FIXED: Final = [
    (b"content-type", b"application/json"),
    *((name.lower().encode(), text.encode()) for name, text in headers.SECURITY.items()),
]


@dataclass(slots=True)
class Hot:
    """A request that may be answered here, with what became known of it on the way."""

    path: str
    token: str
    size: int
    trace: tuple[str | None, str | None]
    began: float
    body: bytes = field(default=b"", repr=False)
    principal: Principal | None = None
    share: Share | None = None


class HotRoutes:
    """Answers for *app* what it would answer, or leaves it to it."""

    def __init__(self, app: Flask, logger: Logger, *, queue: int) -> None:
        self._services: Services = app.extensions[EXTENSION]
        self._limiter: RateLimiter = app.extensions[limits.LIMITER]
        self._access: dict[str, Access] = {
            VERIFY: access.of(app, "verify.verify"),
            SELL: access.of(app, "keys.sell"),
        }
        self._logger = logger
        self._pools = {
            VERIFY: Together("verify", self._verified, queue=queue),
            SELL: Together("sell", self._sold, queue=queue),
        }

    def close(self) -> None:
        """Let idle threads go."""
        for pool in self._pools.values():
            pool.close()

    def wanted(self, scope: Scope) -> Hot | None:
        """The request, if it looks like one that is answered here; nothing of it is read yet."""
        if scope["path"] not in self._pools or scope["method"] != "POST" or scope["query_string"]:
            return None
        found: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _COLD or name in found:
                return None
            found[name] = value
        token = found.get(b"authorization", b"")
        size = found.get(b"content-length", b"")
        is_plain = token[:7] == b"Bearer " and 8 <= len(token) <= 200 and token.isascii()
        if found.get(b"content-type") != b"application/json" or not is_plain or not size.isdigit():
            return None
        if not 0 < int(size) <= MOST_BYTES:
            return None
        trace = found.get(b"traceparent"), found.get(b"x-request-id")
        said = tuple(None if one is None else one.decode("latin-1") for one in trace)
        return Hot(scope["path"], token[7:].decode(), int(size), said, time.perf_counter())  # type: ignore[arg-type]

    async def answer(self, hot: Hot) -> Answer | None:
        """The answer, or ``None``: let the app answer. Raises :class:`LimitReached` (``server_busy``)."""
        try:
            return await self._pools[hot.path].ask(hot)
        except LimitReached:
            raise
        except Exception:
            # The app meets the same fault, and says it. A sale that went through all the same is found there.
            return None

    def _admitted(self, hot: Hot) -> bool:
        """Whether the caller may; counts the request as the app would."""
        principal = self._services.parties.authenticate(hot.token)
        wanted = self._access[hot.path]
        if not principal.scopes & set(wanted.scopes):
            return False
        hot.share = self._limiter.take(principal.credential)
        hot.principal = principal
        if wanted.writes:
            self._services.backlog.check()
        return True

    def _verified(self, asked: Sequence[Hot]) -> list[Answer | None]:
        answers: list[Answer | None] = [None] * len(asked)
        read: list[tuple[int, Viewer, KeyRef, tuple[str, ...]]] = []
        for position, hot in enumerate(asked):
            key = self._plain_key(hot)
            if key is not None and hot.principal is not None:
                read.append((position, Viewer(hot.principal), *key))
        verdicts = self._services.verification.verify_together([(who, ref) for _, who, ref, _ in read])
        for (position, _, _, notes), verdict in zip(read, verdicts, strict=True):
            if verdict.registry_status is not None:
                told = {"verdicts": [render.verdict(verdict) | {"read": list(notes)}]}
                answers[position] = self._told(asked[position], told)
        return answers

    def _plain_key(self, hot: Hot) -> tuple[KeyRef, tuple[str, ...]] | None:
        plain = _PLAIN.fullmatch(hot.body)
        if plain is None:
            key = self._key(hot, Verify)
            return None if key is None else key[:2]
        try:
            if not self._admitted(hot):
                return None
            found = parse(format_by_id(plain[1].decode()), plain[2].decode())
        except ProvenanceError:
            return None
        return found.key, found.notes

    def _key(self, hot: Hot, form: Any) -> tuple[KeyRef, tuple[str, ...], Any] | None:
        """The one key of a request whose caller is admitted, and the request as *form*."""
        try:
            if not self._admitted(hot):
                return None
            members = parse_object(hot.body)
            if not isinstance(members, dict) or "key" not in members or "order_token" in members:
                return None
            body = form.model_validate(members)
            return (*body.key.read(), body) if body.key is not None else None
        except (ProvenanceError, ValidationError):
            return None

    def _sold(self, asked: Sequence[Hot]) -> list[Answer | None]:
        answers: list[Answer | None] = [None] * len(asked)
        wishes: list[tuple[int, Wish]] = []
        for position, hot in enumerate(asked):
            key = self._key(hot, Sell)
            if key is not None and hot.principal is not None:
                body: Sell = key[2]
                reservation = None if body.reservation is None else bytes.fromhex(body.reservation)
                order = Order(body.order, body.details, reservation, body.unit)
                wishes.append((position, Wish(hot.principal.address, key[0], order)))
        if not wishes:
            return answers
        sold = self._services.selling.sell_together([wish for _, wish in wishes])
        for (position, _), one in zip(wishes, sold, strict=True):
            if one is not None:
                context = self._services.context
                answers[position] = self._told(asked[position], render.sold_by(context, one))
        return answers

    def _told(self, hot: Hot, body: dict[str, Any]) -> Answer:
        raw = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        trace_id = trace_id_of(*hot.trace) or self._services.context.entropy(16).hex()
        share, principal = hot.share, hot.principal
        if share is None or principal is None:
            raise AssertionError("an answer without a caller")
        seconds = time.perf_counter() - hot.began
        metrics.count("POST", hot.path, 200, seconds)
        self._logger.info(
            "request", trace_id=trace_id, method="POST", route=hot.path, status=200,
            ms=round(seconds * 1000, 2), credential=principal.credential,
        )  # fmt: skip
        said = [
            *_FIXED,
            (b"content-length", str(len(raw)).encode()),
            (b"x-request-id", trace_id.encode()),
            (b"ratelimit-limit", b"%d" % share.limit),
            (b"ratelimit-remaining", b"%d" % share.remaining),
            (b"ratelimit-reset", b"%d" % share.reset),
        ]
        return Answer(200, said, raw)
