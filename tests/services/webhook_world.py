"""A receiver that verifies by other people's library and behaves as told; a service that sends to it."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from provenance.core.entries import PartyReason
from provenance.net.http import Bounds
from provenance.services.webhook_delivery import WebhookDelivery
from provenance.services.webhook_endpoints import WebhookService
from provenance.services.webhooks import publish
from provenance.store import parties, webhooks
from provenance.store.parties import Party
from tests.services.registration_world import SettableClock, make_context

QUICK = Bounds(connect_seconds=1, silence_seconds=0.3, total_seconds=0.5, answer_bytes=4_096, cut=True)
SHOP, OTHER = b"\x01" * 20, b"\x02" * 20
DAY_MS = 86_400_000


@dataclass
class Heard:
    id: str
    body: dict[str, Any]
    headers: dict[str, str]
    raw: bytes


class Receiver(ThreadingHTTPServer):
    """Answers every path by its own rule, 204 where there is none, and keeps what it heard."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[str, Heard]] = []
        self.rules: dict[str, int | str] = {}
        self.headers: dict[str, str] = {}
        self.released = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"

    def at(self, path: str) -> list[Heard]:
        return [one for where, one in self.heard if where == path]

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        path = self.path.strip("/")
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        told = {name.lower(): value for name, value in self.headers.items()}
        self.server.heard.append((path, Heard(told["webhook-id"], json.loads(raw), told, raw)))
        rule = self.server.rules.get(path, 204)
        if rule == "hang":
            self.server.released.wait(30)
        elif rule == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            self.connection.close()
        elif rule == "flood":
            self.send_response(200)
            self.send_header("Content-Length", str(10 << 20))
            self.end_headers()
            self.wfile.write(b"A" * (10 << 20))
        else:
            assert isinstance(rule, int)
            self.send_response(rule)
            for name, value in self.server.headers.items():
                self.send_header(name, value)
            self.end_headers()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@dataclass
class World:
    """Two shops, the service and one worker's sender; the clock stands at the real time."""

    url: str
    clock: SettableClock = field(default_factory=lambda: SettableClock(time.time_ns() // 1_000_000))

    def __post_init__(self) -> None:
        self.context = make_context(self.url, clock=self.clock)
        self.service = WebhookService(self.context, private_networks=True)
        self.delivery = self.sender()
        self.receiver = Receiver()
        self.secrets: dict[bytes, str] = {}
        with self.context.database.write() as connection:
            for address in (SHOP, OTHER):
                party = Party(address, "shop", frozenset({PartyReason.PLATFORM}), False, 1)
                parties.put(connection, party)

    def sender(self, **options: Any) -> WebhookDelivery:
        return WebhookDelivery(self.context, **{"private_networks": True, "bounds": QUICK, **options})

    def listen(self, path: str, *types: str, party: bytes = SHOP) -> bytes:
        made, secret = self.service.create(party, self.receiver.url(path), types or ("*",))
        self.secrets[made.id] = secret
        return made.id

    def publish(self, number: int, party: bytes = SHOP, type: str = "order.paid") -> None:
        self.clock.time += 1  # what happens at one moment has no order
        with self.context.database.write() as connection:
            publish(self.context, connection, party, type, {"number": number})

    def beat(self, times: int = 1) -> None:
        """Send what is due, and wait for it."""
        for _ in range(times):
            self.delivery.beat()
            assert self.delivery.settle() == []

    def endpoint(self, endpoint: bytes) -> webhooks.Endpoint:
        with self.context.database.read() as connection:
            found = webhooks.by_id(connection, endpoint)
        assert found is not None
        return found

    def waiting(self, endpoint: bytes) -> int:
        return next(one.waiting for one in self.service.all_of(SHOP) if one.endpoint.id == endpoint)

    def errors(self, endpoint: bytes) -> list[str | None]:
        """Of every attempt, the oldest first."""
        found = self.service.attempts(SHOP, endpoint, 1 << 50, 1_000)
        return [one.error for one, _ in reversed(found)]

    def close(self) -> None:
        self.receiver.stop()
        self.delivery.close()
        self.context.database.dispose()


def verified(secret: str, heard: Heard) -> Any:
    """As a stranger's receiver would: raises unless signature and time are good."""
    return Webhook(secret).verify(heard.raw, heard.headers)
