"""Sending what is due: at least once, one request at a time to an endpoint, whatever the endpoint does.

A worker holds an endpoint by a lease, sends, and only then notes that it did. Killed in between, it leaves
a message that is sent again under the same ``webhook-id``. An endpoint that fails rests, so that it costs
one request now and then, and a party has some of the senders, never all: nobody waits for another's server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

from provenance.errors import InputRefused, NetworkUnavailable, ProvenanceError
from provenance.net.http import Answer, Bounds, Peer
from provenance.net.urls import Url
from provenance.services import alerts, webhook_secrets
from provenance.services.context import Context
from provenance.store import webhook_queue, webhooks
from provenance.store.database import Connection
from provenance.store.webhook_queue import Attempt, DeliveryStatus, Due
from provenance.store.webhooks import Endpoint

SCHEDULE_MS: Final = tuple(
    1_000 * seconds for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Between two tries of one message (Standard Webhooks, "Retries"): ten in three days and five hours."""
HORIZON_MS: Final = 2 * 86_400_000
"""Nothing is ever put off further; what says so was written under a clock that ran ahead."""
LEASE_MS: Final = 60_000
BOUNDS: Final = Bounds(
    connect_seconds=5.0, silence_seconds=10.0, total_seconds=15.0, answer_bytes=4_096, cut=True
)
FAILING_MS: Final = 5 * 86_400_000
"""An endpoint that never answered well for this long, and for as many tries as a message has, is disabled."""

SENDERS: Final = 16
OF_ONE_PARTY: Final = 4
_ROUND: Final = 20
"""Messages to one endpoint before others have their turn."""
_CANDIDATES: Final = 200
_LONGEST_REST_MS: Final = 300_000
_GONE: Final = 410
_MOST_RETRY_AFTER: Final = 3_600


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request; ``error`` is None after a success."""

    status: int | None
    error: str | None
    retry_after_ms: int = 0


class WebhookDelivery:
    """The sender of one worker. *private_networks* lets it reach them: for tests and demonstrations.

    *hook* is called with the name of a point after which a crash would hurt.
    """

    def __init__(
        self,
        context: Context,
        *,
        private_networks: bool = False,
        bounds: Bounds = BOUNDS,
        hook: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._context = context
        self._database = context.database
        self._public_only = not private_networks
        self._bounds = bounds
        self._hook = hook
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook")
        self._running: dict[bytes, tuple[bytes, Future[None]]] = {}

    def beat(self) -> Sequence[str]:
        """Set senders to work on what is due, without waiting for them; the codes of earlier troubles."""
        troubles = self._reap()
        free = SENDERS - len(self._running)
        if free:
            now = self._context.clock.now()
            with self._database.read() as connection:
                found = webhooks.with_work(connection, now, HORIZON_MS, _CANDIDATES)
            busy = Counter(party for party, _ in self._running.values())
            for endpoint, party in found:
                if free and endpoint not in self._running and busy[party] < OF_ONE_PARTY:
                    self._running[endpoint] = party, self._pool.submit(self.serve, endpoint)
                    busy[party] += 1
                    free -= 1
        return troubles

    def settle(self) -> Sequence[str]:
        """Wait until every sender is back; the codes of their troubles."""
        for _, future in self._running.values():
            future.exception()
        return self._reap()

    def close(self) -> None:
        """Let the senders finish their round."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def serve(self, endpoint_id: bytes) -> None:
        """Send a round of what is due at an endpoint, in order, until something fails."""
        holder = self._context.entropy(16)
        try:
            for _ in range(_ROUND):
                taken = self._take(endpoint_id, holder)
                if taken is None:
                    return
                endpoint, due = taken
                began = self._context.clock.now()
                outcome = self._send(endpoint, due)
                self._hook("sent")
                self._note(endpoint, due, outcome, began)
                if outcome.error is not None:
                    return
        finally:
            with self._database.write() as connection:
                webhooks.let_go(connection, endpoint_id, holder, self._context.clock.now())

    def _reap(self) -> list[str]:
        done = [endpoint for endpoint, (_, future) in self._running.items() if future.done()]
        failures = [self._running.pop(endpoint)[1].exception() for endpoint in done]
        return sorted(
            {
                failure.code if isinstance(failure, ProvenanceError) else type(failure).__name__
                for failure in failures
                if failure is not None
            }
        )

    def _take(self, endpoint_id: bytes, holder: bytes) -> tuple[Endpoint, Due] | None:
        now = self._context.clock.now()
        with self._database.write() as connection:
            if not webhooks.hold(connection, endpoint_id, holder, now, LEASE_MS, HORIZON_MS):
                return None
            endpoint = webhooks.by_id(connection, endpoint_id)
            due = webhook_queue.due(connection, endpoint_id, now, HORIZON_MS)
        return None if endpoint is None or due is None else (endpoint, due)

    def _send(self, endpoint: Endpoint, due: Due) -> Outcome:
        try:
            peer = Peer(Url.parse(endpoint.url), self._bounds, public_only=self._public_only)
            answer = peer.ask("POST", body=due.message.body.encode(), headers=self._headers(endpoint, due))
        except (NetworkUnavailable, InputRefused) as error:
            return Outcome(None, error.code)
        if 200 <= answer.status < 300:
            return Outcome(answer.status, None)
        if answer.status == _GONE:
            return Outcome(answer.status, "webhook_gone")
        if 300 <= answer.status < 400:
            return Outcome(answer.status, "webhook_redirected")
        return Outcome(answer.status, "webhook_refused", _retry_after_ms(answer))

    def _headers(self, endpoint: Endpoint, due: Due) -> dict[str, str]:
        now = self._context.clock.now() // 1_000
        name = f"msg_{due.message.id.hex()}"
        moment = datetime.fromtimestamp(now, UTC)
        signatures = [
            Webhook(secret).sign(name, moment, due.message.body)
            for secret in webhook_secrets.unsealed(self._context, endpoint)
        ]
        return {
            "Content-Type": "application/json",
            "User-Agent": "provenance-webhooks",
            "webhook-id": name,
            "webhook-timestamp": str(now),
            "webhook-signature": " ".join(signatures),
        }

    def _note(self, endpoint: Endpoint, due: Due, outcome: Outcome, began: int) -> None:
        now = self._context.clock.now()
        took = min(max(0, now - began), LEASE_MS)  # whatever the clock did meanwhile
        attempt = Attempt(endpoint.id, due.message.id, now, outcome.status, outcome.error, took)

        def work(connection: Connection) -> None:
            if outcome.error is None:
                webhook_queue.note(connection, attempt, DeliveryStatus.DELIVERED, now, due.tries + 1)
                if endpoint.failures:
                    webhooks.change(connection, endpoint.id, failures=0, failing_since=None, rest_until=0)
                return
            wait = self._wait(due.tries)
            status = DeliveryStatus.GIVEN_UP if wait is None else DeliveryStatus.WAITING
            webhook_queue.note(connection, attempt, status, now + (wait or 0), due.tries + 1)
            self._fail(connection, endpoint, outcome, now)

        self._database.retrying(work)

    def _wait(self, tries: int) -> int | None:
        """How long until a message that failed once more is tried again, in ms; None: never.

        Up to a tenth longer, by chance, so that what failed together does not come back together.
        """
        if tries >= len(SCHEDULE_MS):
            return None
        wait = SCHEDULE_MS[tries]
        return wait + wait * int.from_bytes(self._context.entropy(2)) // 655_360

    def _fail(self, connection: Connection, endpoint: Endpoint, outcome: Outcome, now: int) -> None:
        failures = endpoint.failures + 1
        since = now if endpoint.failing_since is None else min(endpoint.failing_since, now)
        rest = max(min(_LONGEST_REST_MS, SCHEDULE_MS[0] << min(failures - 1, 10)), outcome.retry_after_ms)
        webhooks.change(
            connection, endpoint.id, failures=failures, failing_since=since, rest_until=now + rest
        )
        why = None
        if outcome.error == "webhook_gone":
            why = "gone"
        elif now - since >= FAILING_MS and failures > len(SCHEDULE_MS):
            why = "failing"
        if why is not None and webhooks.disable(connection, endpoint.id, why, now):
            facts = {"endpoint": endpoint.id.hex(), "host": Url.parse(endpoint.url).host, "why": why}
            alerts.tell(self._context, connection, endpoint.party, "webhook_disabled", now, facts)


def _retry_after_ms(answer: Answer) -> int:
    """How long the receiver wants to be left alone, if it says so in seconds."""
    said = answer.headers.get("retry-after", "")
    is_number = said.isascii() and said.isdecimal() and len(said) < 9
    return 1_000 * min(int(said), _MOST_RETRY_AFTER) if is_number else 0
