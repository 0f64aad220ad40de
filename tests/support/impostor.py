"""A node of which the test decides every byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHAIN_ID = 31337


class Impostor(ThreadingHTTPServer):
    """A node of which the test decides every byte it answers."""

    daemon_threads = True
    answer: Callable[[dict[str, Any]], bytes]
    status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def says(self, **results: Any) -> None:
        """Answer each method with its result (``null`` if none is given), the chain id truthfully."""
        known = {"eth_chainId": hex(CHAIN_ID), **results}
        self.answer = lambda asked: json.dumps(
            {"jsonrpc": "2.0", "id": asked["id"], "result": known.get(asked["method"])}
        ).encode()


class AnswerHandler(BaseHTTPRequestHandler):
    """Passes every request to its server's ``answer``."""

    server: Impostor

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = self.server.answer(asked)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the test says what it saw."""
