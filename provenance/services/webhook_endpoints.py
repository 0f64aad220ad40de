"""A party's own endpoints: made, listed, changed, tried out, and told again what they missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.errors import InputRefused, LimitReached, NotFound, Refused
from provenance.net.urls import Url, require_public
from provenance.services import webhook_secrets
from provenance.services.context import Context
from provenance.services.webhook_types import TEST_TYPE
from provenance.services.webhooks import checked_types, enqueue, wants
from provenance.store import parties, webhook_queue, webhooks
from provenance.store.database import Connection
from provenance.store.webhook_queue import Attempt
from provenance.store.webhooks import MAX_ENDPOINTS, Endpoint

__all__ = ["Attempt", "Endpoint", "Standing", "WebhookService"]

KEPT_MS: Final = 30 * 86_400_000
"""How long a message can be told again."""
MAX_REPLAY: Final = 10_000
"""Messages told again at one request."""
MAX_TESTS: Final = 100
"""Deliveries that may wait at an endpoint when a test is asked for: a test is no way to fill a queue."""

_PURGED_AT_ONCE: Final = 500
_CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint, and how many messages wait for it."""

    endpoint: Endpoint
    waiting: int


class WebhookService:
    """Endpoints by the party that asks, under all its names. *private_networks*: for tests and demos."""

    def __init__(self, context: Context, *, private_networks: bool = False) -> None:
        self._context = context
        self._database = context.database
        self._private_networks = private_networks

    def create(self, by: bytes, url: str, types: Sequence[str]) -> tuple[Endpoint, str]:
        """A new endpoint, and its secret, which nobody is shown again.

        Raises :class:`InputRefused` (``url_malformed``, ``url_port``, ``url_private``,
        ``webhook_url_insecure``, ``unknown_event_type``), :class:`Refused` (``too_many_webhooks``).
        """
        self._check(url)
        now = self._context.clock.now()
        name = self._context.event_id(now)
        secret, sealed = webhook_secrets.fresh(self._context, name)
        made = Endpoint(name, by, url, checked_types(types), sealed, now)
        with self._database.write() as connection:
            if not webhooks.insert(connection, made):
                raise Refused(
                    f"a party has at most {MAX_ENDPOINTS} webhooks; delete one", code="too_many_webhooks"
                )
        return made, secret

    def all_of(self, by: bytes) -> list[Standing]:
        """The endpoints of a party, oldest first."""
        with self._database.read() as connection:
            found = webhooks.of_parties(connection, self._names(connection, by))
            return [Standing(one, webhook_queue.waiting(connection, one.id)) for one in found]

    def remove(self, by: bytes, endpoint: bytes) -> None:
        """Forget an endpoint; raises :class:`NotFound` (``unknown_webhook``), as all the following do."""
        with self._database.write() as connection:
            webhooks.remove(connection, self._own(connection, by, endpoint).id)

    def disable(self, by: bytes, endpoint: bytes) -> Endpoint:
        """Send nothing more; what waits goes on waiting."""
        with self._database.write() as connection:
            found = self._own(connection, by, endpoint)
            webhooks.disable(connection, found.id, "owner", self._context.clock.now())
            return self._own(connection, by, endpoint)

    def enable(self, by: bytes, endpoint: bytes) -> Endpoint:
        """Send again, with a clean record; what was published meanwhile comes by :meth:`replay`."""
        with self._database.write() as connection:
            found = self._own(connection, by, endpoint)
            clean = {"failures": 0, "failing_since": None, "rest_until": 0}
            webhooks.change(connection, found.id, disabled_at=None, disabled_by=None, **clean)
            return self._own(connection, by, endpoint)

    def rotate(self, by: bytes, endpoint: bytes) -> tuple[Endpoint, str]:
        """A new secret; for a day the one before it signs too."""
        with self._database.write() as connection:
            found = self._own(connection, by, endpoint)
            secret, sealed = webhook_secrets.fresh(self._context, found.id)
            until = self._context.clock.now() + webhook_secrets.OVERLAP_MS
            webhooks.change(connection, found.id, secret=sealed, old_secret=found.secret, old_until=until)
            return self._own(connection, by, endpoint), secret

    def test(self, by: bytes, endpoint: bytes) -> bytes:
        """Send a ``webhook.test``; the id of its message.

        Raises also :class:`LimitReached` (``webhook_queue_full``), :class:`Refused` (``webhook_disabled``).
        """
        with self._database.write() as connection:
            found = self._enabled(connection, by, endpoint)
            if webhook_queue.waiting(connection, found.id) >= MAX_TESTS:
                raise LimitReached(
                    "much waits for this endpoint already", code="webhook_queue_full", retry_after=60
                )
            return enqueue(self._context, connection, found.party, TEST_TYPE, {}, [found.id])

    def replay_message(self, by: bytes, endpoint: bytes, message: bytes) -> None:
        """Send a message again; raises also :class:`NotFound` (``unknown_message``)."""
        with self._database.write() as connection:
            found = self._enabled(connection, by, endpoint)
            if webhook_queue.message(connection, self._names(connection, by), message) is None:
                raise NotFound("no such message, or it is older than 30 days", code="unknown_message")
            webhook_queue.replay(connection, found.id, [message], self._context.clock.now())

    def replay(self, by: bytes, endpoint: bytes, since: int, until: int) -> int:
        """Send what the endpoint wants of *since* to before *until* (ms), again or at last; how many.

        Raises also :class:`InputRefused` (``replay_too_large``): nothing is sent then.
        """
        with self._database.write() as connection:
            found = self._enabled(connection, by, endpoint)
            names = self._names(connection, by)
            told = webhook_queue.between(connection, names, since, until, MAX_REPLAY + 1)
            if len(told) > MAX_REPLAY:
                raise InputRefused(
                    f"more than {MAX_REPLAY} messages lie in that time; ask for less of it",
                    code="replay_too_large",
                    limit=MAX_REPLAY,
                )
            chosen = [message for message, type in told if wants(found.types, type)]
            for at in range(0, len(chosen), _CHUNK):
                webhook_queue.replay(
                    connection, found.id, chosen[at : at + _CHUNK], self._context.clock.now()
                )
        return len(chosen)

    def attempts(self, by: bytes, endpoint: bytes, before: int, limit: int) -> list[tuple[Attempt, str]]:
        """Attempts before a time (ms), newest first, with the types of their messages; no bodies."""
        with self._database.read() as connection:
            found = self._own(connection, by, endpoint)
            return webhook_queue.attempts_at(connection, found.id, before, limit)

    def purge(self) -> int:
        """Forget messages of more than 30 days; how many, some hundred at a time."""
        with self._database.write() as connection:
            before = self._context.clock.now() - KEPT_MS
            return webhook_queue.purge(connection, before, _PURGED_AT_ONCE)

    def _check(self, url: str) -> None:
        parsed = Url.parse(url)
        if self._private_networks:
            if parsed.user is not None:
                raise InputRefused("the address bears no user or password", code="url_malformed")
            return
        require_public(parsed)
        if not parsed.secure:
            raise InputRefused("a webhook's address begins with https://", code="webhook_url_insecure")

    def _names(self, connection: Connection, by: bytes) -> list[bytes]:
        return list(parties.names_of(connection, by))

    def _own(self, connection: Connection, by: bytes, endpoint: bytes) -> Endpoint:
        found = webhooks.by_id(connection, endpoint)
        if found is None or found.party not in self._names(connection, by):
            raise NotFound("no such webhook of yours", code="unknown_webhook")
        return found

    def _enabled(self, connection: Connection, by: bytes, endpoint: bytes) -> Endpoint:
        found = self._own(connection, by, endpoint)
        if found.disabled_at is not None:
            raise Refused("the webhook is disabled; enable it first", code="webhook_disabled")
        return found
