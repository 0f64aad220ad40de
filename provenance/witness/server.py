"""The witness over HTTP: one path, bounded bodies, bounded time. For more, put a web server before it."""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from provenance.core.addcheckpoint import MAX_REQUEST
from provenance.witness.witness import Answer, Witness

SILENCE_SECONDS: Final = 10.0
"""A client that says nothing for so long is cut off."""
REQUEST_SECONDS: Final = 30.0
"""So is one whose request is not whole by then, though it sends a byte now and then."""
MAX_CONNECTIONS: Final = 64
"""Each has a thread; what comes on top is closed unread. A log needs one, and asks again later."""
_LEFT_BYTES: Final = 16 << 20
"""Read of a body that was refused by its size, so that its sender hears why; no more of it."""


class WitnessServer(ThreadingHTTPServer):
    """Serves *witness* at ``POST /add-checkpoint``; ``GET /`` says its key and what it signed last.

    *silence_seconds* and *request_seconds* bound the pauses and the whole of a request on its way in.
    """

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(
        self,
        address: tuple[str, int],
        witness: Witness,
        key: str,
        *,
        silence_seconds: float = SILENCE_SECONDS,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        super().__init__(address, _Handler)
        self.witness = witness
        self.key = key
        self.silence_seconds = silence_seconds
        self.request_seconds = request_seconds
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silence: a client that went away is nothing to print."""


class _Incoming(io.RawIOBase):
    """What a client sends, until it is silent or its request takes too long: then ``TimeoutError``."""

    def __init__(self, connection: socket.socket, silence_seconds: float) -> None:
        self._connection = connection
        self._silence_seconds = silence_seconds
        self.deadline = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request takes too long")
        self._connection.settimeout(min(self._silence_seconds, left))
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self._incoming = _Incoming(self.connection, self.server.silence_seconds)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        self._incoming.deadline = time.monotonic() + self.server.request_seconds
        super().handle_one_request()

    def do_POST(self) -> None:
        if self.path.rstrip("/") != "/add-checkpoint":
            self._answer_last(Answer(404, b"not here\n"))
            return
        text = self.headers.get("Content-Length", "")
        # Of ten thousand digits Python makes no number, but an error.
        if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > MAX_REQUEST:
            self._answer_last(Answer(413, f"at most {MAX_REQUEST} bytes, with a Content-Length\n".encode()))
            return
        body = self.rfile.read(int(text))
        if len(body) < int(text):  # the client went away
            self.close_connection = True
            return
        self._answer(self.server.witness.add_checkpoint(body))

    def do_GET(self) -> None:
        last = self.server.witness.remembered
        text = "" if last.checkpoint is None else last.checkpoint.text
        self._answer(Answer(200, f"{self.server.key}\n{text}".encode()))

    def log_message(self, format: str, *args: object) -> None:
        """Silence: what a stranger sends is nothing to print."""

    def _answer(self, answer: Answer) -> None:
        self.connection.settimeout(self.server.silence_seconds)
        self.send_response(HTTPStatus(answer.status))
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def _answer_last(self, answer: Answer) -> None:
        """Answer a request whose body nobody reads; what is in flight of it must not drown the answer."""
        self.close_connection = True
        self._answer(answer)
        left = _LEFT_BYTES
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while left > 0 and (piece := self.rfile.read1(64 * 1024)):
                left -= len(piece)
