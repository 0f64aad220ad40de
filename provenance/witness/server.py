"""The witness over HTTP: one path, bounded bodies, bounded time. For more, put a web server before it."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from provenance.core.addcheckpoint import MAX_REQUEST
from provenance.witness.witness import Answer, Witness

SILENCE_SECONDS: Final = 10.0
"""A client that says nothing for so long is cut off."""


class WitnessServer(ThreadingHTTPServer):
    """Serves *witness* at ``POST /add-checkpoint``; ``GET /`` says its key and what it signed last."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], witness: Witness, key: str) -> None:
        super().__init__(address, _Handler)
        self.witness = witness
        self.key = key


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    timeout = SILENCE_SECONDS
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        if self.path.rstrip("/") != "/add-checkpoint":
            self._answer(Answer(404, b"not here\n"))
            return
        text = self.headers.get("Content-Length", "")
        # Of ten thousand digits Python makes no number, but an error.
        if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > MAX_REQUEST:
            self.close_connection = True
            self._answer(Answer(413, f"at most {MAX_REQUEST} bytes, with a Content-Length\n".encode()))
            return
        self._answer(self.server.witness.add_checkpoint(self.rfile.read(int(text))))

    def do_GET(self) -> None:
        last = self.server.witness.remembered
        text = "" if last.checkpoint is None else last.checkpoint.text
        self._answer(Answer(200, f"{self.server.key}\n{text}".encode()))

    def log_message(self, format: str, *args: object) -> None:
        """Silence: what a stranger sends is nothing to print."""

    def _answer(self, answer: Answer) -> None:
        self.send_response(HTTPStatus(answer.status))
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
