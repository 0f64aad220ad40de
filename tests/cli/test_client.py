"""The HTTP client: bounded, without redirects, and honest about who it speaks to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from provenance.client import ProvenanceClient, Transport, transport
from provenance.client.problems import error_of
from provenance.errors import (
    AccessDenied,
    InputRefused,
    LimitReached,
    NotFound,
    ProvenanceError,
    Refused,
    Unavailable,
)
from tests.support.ports import free_port


class Server(ThreadingHTTPServer):
    """Answers everything with the same status, headers and body, and remembers what was asked."""

    daemon_threads = True
    status = 200
    body = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    asked: list[dict[str, str]]

    def handle_error(self, request: object, client_address: object) -> None:
        """Silence: a client that cuts an answer off is what is tested."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
        self.send_response(self.server.status)
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.asked = []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join(timeout=5)
    made.server_close()


def client(url: str, token: str | None = "secret-token") -> ProvenanceClient:
    return ProvenanceClient(Transport(url, token))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InputRefused),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, NotFound),
        (409, Refused),
        (413, InputRefused),
        (422, InputRefused),
        (429, LimitReached),
        (500, Unavailable),
        (503, Unavailable),
        (302, InputRefused),
    ],
)
def test_a_status_is_an_error_of_the_tree(status: int, kind: type[ProvenanceError]) -> None:
    error = error_of(status, {"code": "some_code", "detail": "words", "trace_id": "t"}, "7")
    assert isinstance(error, kind)
    assert (error.code, error.message) == ("some_code", "words")
    assert error.facts == {"trace_id": "t", "retry_after": 7}


@pytest.mark.parametrize("problem", [None, [], "text", {}, {"code": 5}])
def test_a_refusal_that_is_no_problem_document_keeps_its_status(problem: object) -> None:
    error = error_of(503, problem, None)
    assert isinstance(error, Unavailable)
    assert error.facts["status"] == 503


def test_evidence_and_facts_become_facts() -> None:
    error = error_of(409, {"code": "sold", "detail": "d", "evidence": {"event": "e", "code": "x"}}, None)
    assert error.facts == {"event": "e"}
    assert error.code == "sold"


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.status, server.headers = 302, (("Location", server.url + "/elsewhere"),)
    with pytest.raises(InputRefused):
        client(server.url).health()
    assert [one["path"] for one in server.asked] == ["/v1/health"]


def test_an_answer_that_is_not_json_is_not_the_service(server: Server) -> None:
    server.body = b"<html>hello</html>"
    with pytest.raises(Unavailable, match="not JSON"):
        client(server.url).health()


def test_an_endless_answer_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 10)
    server.body = json.dumps({"status": "x" * 100}).encode()
    with pytest.raises(Unavailable) as caught:
        client(server.url).health()
    assert caught.value.code == "answer_too_large"


def test_nobody_there_is_said_plainly() -> None:
    with pytest.raises(Unavailable) as caught:
        client(f"http://127.0.0.1:{free_port()}").health()
    assert caught.value.code == "service_unreachable"


def test_the_token_goes_into_its_header_and_nowhere_else(server: Server) -> None:
    client(server.url).post("/keys/sell", {"order": "A"}, key="k")
    (asked,) = server.asked
    assert asked["authorization"] == "Bearer secret-token"
    assert "secret-token" not in asked["path"]
    assert asked["idempotency-key"] == "k"
    assert "secret-token" not in repr(Transport(server.url, "secret-token"))


def test_without_a_token_nothing_is_taken_from_elsewhere(server: Server) -> None:
    client(server.url, None).health()
    assert "authorization" not in server.asked[0]


def test_every_post_has_a_fresh_idempotency_key(server: Server) -> None:
    for _ in range(2):
        client(server.url).post("/keys/verify")
    assert len({one["idempotency-key"] for one in server.asked}) == 2


@pytest.mark.parametrize(
    "url", ["", "ftp://host", "http://", "host:80", "http://user@host", "http://host/?a=b", "http://[::1"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputRefused) as caught:
        Transport(url)
    assert caught.value.code == "url_malformed"


def test_a_token_does_not_travel_in_the_clear() -> None:
    with pytest.raises(InputRefused) as caught:
        Transport("http://shop.example", "secret-token")
    assert caught.value.code == "url_insecure"
    for harmless in (
        Transport("http://shop.example"),
        Transport("https://shop.example", "secret-token"),
        Transport("http://shop.example", "secret-token", allow_http=True),
        Transport("http://localhost:1", "secret-token"),
        Transport("http://[::1]:1", "secret-token"),
    ):
        harmless.close()


def test_rejected_lines_are_read_page_by_page(server: Server) -> None:
    server.body = b'{"line": 3}\n{"line": 9}\n'
    assert list(client(server.url).rejects("ab")) == [{"line": 3}, {"line": 9}]
    assert len(server.asked) == 1
