"""The real server under what strangers do to it: slow bodies, broken ones, large files, watchers, a stop."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.api.server import Server
from tests.api.world import FORMAT
from tests.support.ports import free_port

pytestmark = pytest.mark.slow

STALLED = 300
"""Connections that stall: forty times the threads there are."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"), free_port())
    try:
        made.start()
        yield made
    finally:
        made.stop()


def head(server: Server, path: str, *lines: str, token: bool = True) -> bytes:
    said = [f"POST /v1{path} HTTP/1.1", "Host: x", *lines]
    if token:
        said.append(f"Authorization: Bearer {server.token}")
    return "\r\n".join([*said, "", ""]).encode()


def read_all(connection: socket.socket) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            got += piece
    return got


def peak_memory(server: Server) -> int:
    """Bytes that the largest process of the server ever held."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    peaks = []
    for child in children:
        status = Path(f"/proc/{child}/status").read_text()
        peaks += [int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM")]
    return max(peaks)


def test_hundreds_of_stalled_bodies_stop_nobody(server: Server) -> None:
    json = head(server, "/keys/verify", "Content-Type: application/json", "Content-Length: 1000") + b'{"key"'
    text = head(server, f"/batches?format={FORMAT}", "Content-Type: text/plain", "Content-Length: 1000")
    unknown = head(server, "/keys/sell", "Content-Type: application/json", "Content-Length: 9", token=False)
    with contextlib.ExitStack() as stack:
        for number in range(STALLED):
            stalled = stack.enter_context(server.raw())
            stalled.sendall((json, unknown, text)[2 if number < 6 else number % 2])
        began = time.monotonic()
        for _ in range(20):
            assert server.call("GET", "/me").status_code == 200
            assert server.call("POST", "/keys/verify", json={}).status_code == 422
        assert time.monotonic() - began < 10
    whole = server.call(
        "POST",
        f"/batches?format={FORMAT}",
        data=b"QQ00000000000001\n",
        headers={"Content-Type": "text/plain"},
    )
    assert whole.status_code == 202


@pytest.mark.parametrize(
    "body", [b"ZZ\r\n{}\r\n0\r\n\r\n", b"2\r\n{}XX", b"-1\r\n", b"ffffffffffffffff1\r\n{}"]
)
def test_malformed_chunks_are_refused_with_a_problem(server: Server, body: bytes) -> None:
    with server.raw() as connection:
        asked = head(server, "/keys/verify", "Content-Type: application/json", "Transfer-Encoding: chunked")
        connection.sendall(asked + body)
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400 ") and b'"code":"bad_request"' in answer


def test_two_lengths_make_no_second_request(server: Server) -> None:
    """Whoever counts by Content-Length and whoever counts by chunks must not see different requests."""
    asked = head(
        server, "/keys/verify", "Content-Type: application/json", "Content-Length: 4",
        "Transfer-Encoding: chunked",
    )  # fmt: skip
    with server.raw() as connection:
        connection.sendall(asked + b"0\r\n\r\nGET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.settimeout(5)
        answer = read_all(connection)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_four_hundred_megabytes_are_taken_in_at_constant_memory(server: Server) -> None:
    size = 400 << 20
    server.call("POST", f"/batches?format={FORMAT}", data=b"\n", headers={"Content-Type": "text/plain"})
    before = peak_memory(server)
    line = b" " * 4_000 + b"\n"

    def lines() -> Iterator[bytes]:
        piece = line * 200
        for _ in range(size // len(piece)):
            yield piece

    length = size // (len(line) * 200) * (len(line) * 200)
    headers = {"Content-Type": "text/plain", "Content-Length": str(length)}
    connection = requests.Session()
    prepared = connection.prepare_request(
        requests.Request(
            "POST",
            server.url + f"/v1/batches?format={FORMAT}",
            headers={**headers, "Authorization": f"Bearer {server.token}"},
        )
    )
    prepared.body = lines()  # type: ignore[assignment]
    answer = connection.send(prepared, timeout=120)
    assert (answer.status_code, answer.json()["code"]) == (422, "file_blank")
    assert peak_memory(server) - before < 40 << 20


def test_watchers_hold_no_thread_and_leave_no_trace(server: Server) -> None:
    asked = b"GET /v1/log/watch HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(3):
        with contextlib.ExitStack() as stack:
            watchers = [stack.enter_context(server.raw()) for _ in range(8)]
            for one in watchers:
                one.sendall(asked)
            assert all(b"text/event-stream" in one.recv(4_096) for one in watchers)
            assert server.call("GET", "/me").status_code == 200
        time.sleep(0.3)


def test_a_stop_ends_streams_and_slow_bodies_and_answers_what_is_under_way(tmp_path: Path) -> None:
    server = Server(tmp_path, free_port())
    server.start()
    try:
        with server.raw() as watcher, server.raw() as slow, ThreadPoolExecutor(1) as pool:
            watcher.sendall(b"GET /v1/log/watch HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in watcher.recv(4_096)
            slow.sendall(
                head(server, "/keys/verify", "Content-Type: application/json", "Content-Length: 9") + b"{"
            )
            began = threading.Event()
            upload = pool.submit(upload_slowly, server, began)
            assert began.wait(10)
            stopped = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - stopped < 20
            assert b'"code":"body_too_slow"' in read_all(slow)
            assert read_all(watcher).endswith(b"0\r\n\r\n")
            assert upload.result() == 202
    finally:
        server.stop()


def upload_slowly(server: Server, began: threading.Event) -> int:
    """A file whose last line comes after the server was told to stop."""

    def lines() -> Iterator[bytes]:
        yield b"RR00000000000001\n"
        began.set()
        time.sleep(1)
        yield b"RR00000000000002\n"

    request = requests.Request(
        "POST",
        server.url + f"/v1/batches?format={FORMAT}",
        headers={
            "Authorization": f"Bearer {server.token}",
            "Content-Type": "text/plain",
            "Content-Length": "34",
        },
    )
    prepared = request.prepare()
    prepared.body = lines()  # type: ignore[assignment]
    return requests.Session().send(prepared, timeout=60).status_code
