"""Idempotency keys: the same request again gets the same answer, and does nothing again (DESIGN §4)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Any, Final

from provenance.errors import Conflict, InputRefused
from provenance.services.context import Context
from provenance.store import idempotency as store
from provenance.store.idempotency import UNKNOWN_BODY

LOCK_MS: Final = 60_000
"""How long a request in flight keeps its key; past it the process is taken for dead."""
UPLOAD_LOCK_MS: Final = 15 * 60_000
"""The same for a file; renewed while its keys are being read."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that has its key; ``lock`` is its fence against whoever takes over after its time."""

    scope: bytes
    lock: int


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer given before: HTTP status and JSON members without secrets."""

    status: int
    body: dict[str, Any]
    fingerprint: bytes


class IdempotencyService:
    """Answers live seven days, sealed; secrets are never among them (whoever replays restores them)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def scope(self, *parts: bytes) -> bytes:
        """The place of a key: credential, method, path and key, under a keyed hash."""
        return self._context.vault.fingerprint("idempotency scope", *parts)

    def fingerprint(self, *parts: bytes) -> bytes:
        """The keyed fingerprint of a request's content."""
        return self._context.vault.fingerprint("idempotency body", *parts)

    def begin(self, scope: bytes, fingerprint: bytes | None, lock_ms: int = LOCK_MS) -> Claim | StoredAnswer:
        """Claim *scope*, or give the answer that is there. ``None``: the body is not known yet.

        Raises :class:`Conflict` (``request_in_flight``), :class:`InputRefused`
        (``idempotency_key_reused``) for another body.
        """
        now = self._context.clock.now()
        lock = now + lock_ms
        expires_at = now + self._context.limits.idempotency_ms
        with self._context.database.write() as connection:
            if store.claim(connection, scope, fingerprint or UNKNOWN_BODY, now, lock, expires_at):
                return Claim(scope, lock)
            record = store.get(connection, scope)
        if record is None:
            raise _in_flight()
        if fingerprint and record.fingerprint not in (fingerprint, UNKNOWN_BODY):
            raise reused()
        if record.status is None or record.answer is None:
            raise _in_flight()
        sealed = base64.b64decode(record.answer)
        body = json.loads(self._context.vault.unseal(sealed, scope))
        return StoredAnswer(record.status, body, record.fingerprint)

    def finish(self, claim: Claim, fingerprint: bytes, status: int, body: dict[str, Any]) -> None:
        """Keep an answer; *body* must hold no secret."""
        sealed = self._context.vault.seal(json.dumps(body).encode(), claim.scope)
        answer = base64.b64encode(sealed).decode()
        with self._context.database.write() as connection:
            store.finish(connection, claim.scope, claim.lock, fingerprint, status, answer)

    def renew(self, claim: Claim, lock_ms: int) -> Claim:
        """Keep the key for longer."""
        lock = self._context.clock.now() + lock_ms
        with self._context.database.write() as connection:
            kept = store.renew(connection, claim.scope, claim.lock, lock)
        return replace(claim, lock=lock) if kept else claim

    def release(self, claim: Claim) -> None:
        """Let the same key be used again: nothing was done."""
        with self._context.database.write() as connection:
            store.release(connection, claim.scope, claim.lock)

    def purge(self) -> int:
        """Forget the answers past their life; how many."""
        with self._context.database.write() as connection:
            return store.purge(connection, self._context.clock.now())


def reused() -> InputRefused:
    """The refusal of another body under a key that was used."""
    return InputRefused(
        "this Idempotency-Key was used with another request; use a fresh one", code="idempotency_key_reused"
    )


def _in_flight() -> Conflict:
    return Conflict(
        "a request with this Idempotency-Key is still being answered; ask again in a moment",
        code="request_in_flight",
        retry_after=1,
    )
