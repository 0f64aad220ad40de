"""A reference issuer: a real HTTP server with cards, official codes, and every bad day an issuer can have."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECRET = "an-issuer-secret-7"
PARTY = "0x" + "04" * 20
CODES = {
    "0000": "good", "1001": "malformed", "1002": "too_many_tries", "1003": "unsupported_type",
    "1004": "wrong_secret", "1005": "invalid", "1006": "insufficient_balance", "1007": "processing",
    "1008": "already_used", "1009": "counterfeit", "1010": "operator_maintenance", "1011": "does_not_exist",
    "1012": "voided", "1013": "frozen", "1014": "not_activated", "1015": "expired",
}  # fmt: skip
OFFICIAL = {answer: code for code, answer in CODES.items()}

Mood = Callable[["Handler", dict[str, Any]], None]
"""What the issuer does instead of answering; it is given the body of the question."""


@dataclass
class ReferenceIssuer:
    """Cards by serial, or by secret where a format has none, as (answer, time of use in ms).

    ``moods`` are used up one a question.
    """

    cards: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    moods: list[Mood] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    scheme: str = "bearer"
    port: int = 0

    def reply(self, question: dict[str, Any]) -> dict[str, Any]:
        """The honest answer."""
        card = question["card"]
        serial = card.get("serial", card["secret"])
        answer, used_at = self.cards.get(serial, ("does_not_exist", None))
        found = None if answer == "does_not_exist" else {"serial": serial, "usedAt": used_at}
        return {"code": OFFICIAL[answer], "requestId": question["requestId"], "data": found}

    def is_ours(self, path: str, headers: dict[str, str], body: bytes) -> bool:
        """Whether the question came from somebody with the secret."""
        if self.scheme == "bearer":
            return headers.get("authorization") == f"Bearer {SECRET}"
        signed = f"POST\n{path}\n{headers.get('x-timestamp')}\n{hashlib.sha256(body).hexdigest()}"
        made = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        return headers.get("x-key-id") == "shop-7" and hmac.compare_digest(
            made, headers.get("x-signature", "")
        )


class Handler(BaseHTTPRequestHandler):
    """One question to the issuer of its server."""

    protocol_version = "HTTP/1.1"
    issuer: ReferenceIssuer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.issuer.asked.append((self.path, headers, body))
        if not self.issuer.is_ours(self.path, headers, body):
            self.says(401, b'{"code":"9001"}')
            return
        question = json.loads(body)
        if self.issuer.moods:
            self.issuer.moods.pop(0)(self, question)
        else:
            self.says(200, json.dumps(self.issuer.reply(question)).encode())

    def says(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest's own output is enough."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that had enough is no news."""


@contextmanager
def running(issuer: ReferenceIssuer) -> Iterator[ReferenceIssuer]:
    """*issuer* behind a free port of loopback."""
    handler = type("OfOneIssuer", (Handler,), {"issuer": issuer})
    server = _Server(("127.0.0.1", 0), handler)
    issuer.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def raw(body: bytes, status: int = 200, **headers: str) -> Mood:
    """Says these bytes."""
    return lambda handler, _question: handler.says(status, body, **headers)


def lies(**changes: Any) -> Mood:
    """Answers honestly but for *changes* to the members; ``data`` is merged."""

    def mood(handler: Handler, question: dict[str, Any]) -> None:
        told = handler.issuer.reply(question)
        told["data"] = (told["data"] or {}) | changes.get("data", {})
        told |= {name: value for name, value in changes.items() if name != "data"}
        handler.says(200, json.dumps(told).encode())

    return mood


def hangs(handler: Handler, _question: dict[str, Any]) -> None:
    """Never answers, as far as anybody waits."""
    time.sleep(3)
    handler.close_connection = True


def truncates(handler: Handler, question: dict[str, Any]) -> None:
    """Promises more than it sends, though what it sends is a whole answer."""
    body = json.dumps(handler.issuer.reply(question)).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body) + 50))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


def hangs_up(handler: Handler, _question: dict[str, Any]) -> None:
    """Closes without a word."""
    handler.close_connection = True


def settings(issuer: ReferenceIssuer, folder: Path, **changes: str) -> Path:
    """The file that says how to ask it; *changes* are whole lines by what they begin with."""
    secret = folder / "issuer.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    codes = "\n".join(f'"{code}" = "{answer}"' for code, answer in CODES.items())
    text = _FILE.format(port=issuer.port, party=PARTY, kind=issuer.scheme, codes=codes)
    for beginning, line in changes.items():
        lines = text.splitlines()
        place = next(i for i, one in enumerate(lines) if one.startswith(f"{beginning} ="))
        lines[place] = line
        text = "\n".join(lines) + "\n"
    file = folder / "issuer.toml"
    file.write_text(text)
    return file


_FILE = """\
party = "{party}"
name = "Reference issuer"
formats = ["cmcc-national"]
address = "http://127.0.0.1:{port}/v2/cards/query?v=2"
private_network = true
timeout_ms = 2000

[authentication]
kind = "{kind}"
secret_file = "issuer.secret"
key_id = "shop-7"

[request]
serial = "/card/serial"
secret = "/card/secret"
nonce = "/requestId"
fixed = {{ "/merchant" = "7" }}

[retry]
idempotent = true
tries = 3
wait_ms = 10

[rate]
per_minute = 60000

[answer]
code = ["/code"]
serial = "/data/serial"
nonce = "/requestId"
used_at = "/data/usedAt"
used_at_form = "unix_ms"
status_codes = {{ "503" = "operator_maintenance" }}

[answer.codes]
{codes}
"""
