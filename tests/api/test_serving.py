"""The real server on loopback: several processes, streamed uploads, chunked bodies, shared metrics."""

from __future__ import annotations

import hashlib
import secrets
import socket
import time
from collections.abc import Iterator

import orjson
import pytest
import requests
from sqlalchemy import insert

from provenance.store.database import Database
from provenance.store.schema_warranty import warranty_order
from tests.api.server import Server
from tests.api.world import FORMAT
from tests.services.evidence_world import MP4
from tests.support.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"), free_port())
    try:
        made.start()
        yield made
    finally:
        made.stop()


def numbered(count: int, prefix: str) -> Iterator[bytes]:
    for number in range(count):
        yield f"{prefix}{number:014d}\n".encode()


def test_a_file_is_taken_with_its_length_and_refused_without(server: Server) -> None:
    query = {"format": FORMAT}
    headers = {"Content-Type": "text/plain"}
    whole = server.call(
        "POST", "/batches", params=query, headers=headers, data=b"".join(numbered(2_000, "AA"))
    )
    assert (whole.status_code, whole.json()["counts"]["accepted"]) == (202, 2_000)
    chunked = server.call("POST", "/batches", params=query, headers=headers, data=numbered(2_000, "BB"))
    assert (chunked.status_code, chunked.json()["code"]) == (411, "length_required")


def bought(server: Server) -> str:
    """The token of an order made by hand, which the supplier also sold."""
    token = secrets.token_bytes(32)
    settings = server.settings
    address = bytes(19) + b"\x01"
    values = {
        "id": secrets.token_bytes(32), "platform": address, "seller": address, "supplier": address,
        "batch": 1, "idx": 0, "party": secrets.token_bytes(20), "sell": bytes(16),
        "token": hashlib.sha256(token).digest(), "price": 9_900, "currency": "CNY", "terms": bytes(32),
        "product": bytes(32), "created_at": 1,
    }  # fmt: skip
    database = Database(settings.url)
    with database.write() as connection:
        connection.execute(insert(warranty_order), values)
    database.dispose()
    return token.hex()


def test_a_video_comes_through_whole_and_one_of_five_gigabytes_is_refused_before_it_comes(
    server: Server,
) -> None:
    token = bought(server)
    video = MP4 + bytes(9 << 20)

    def announced(size: int) -> requests.Response:
        body = {"order_token": token, "type": "video", "size": size}
        return requests.post(server.url + "/v1/evidence/uploads", json=body, timeout=60)

    refused = announced(5 << 30)
    assert (refused.status_code, refused.json()["code"]) == (413, "evidence_too_large")
    path = "/v1/evidence/uploads/" + announced(len(video)).json()["upload"]
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nContent-Length: {5 << 30}\r\n\r\n"
    with server.raw() as raw:
        raw.sendall(head.encode())
        assert b"evidence_size_differs" in raw.recv(1 << 16) + raw.recv(1 << 16)
    kept = requests.put(server.url + path, data=video, timeout=60)
    digest = hashlib.sha256(video).hexdigest()
    assert (kept.status_code, kept.json()["digest"]) == (201, digest)
    body = {"order_token": token, "digest": digest}
    got = requests.post(server.url + "/v1/evidence/download", json=body, timeout=60)
    assert got.content == video and got.headers["Content-Length"] == str(len(video))


def test_json_in_chunks_is_bounded_too(server: Server) -> None:
    headers = {"Content-Type": "application/json"}
    small = server.call("POST", "/keys/verify", headers=headers, data=iter([b'{"key":', b"1}"]))
    assert small.status_code == 422

    def endless() -> Iterator[bytes]:
        yield b'{"a": "'
        for _ in range(80):
            yield b"x" * (1 << 16)
        yield b'"}'

    large = server.call("POST", "/keys/verify", headers=headers, data=endless())
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")


def test_problems_and_headers_come_through_the_real_server(server: Server) -> None:
    missing = requests.get(server.url + "/nothing", headers={"Accept-Language": "zh-CN"}, timeout=10)
    assert (missing.status_code, missing.json()["title"]) == (404, "没有找到")
    assert missing.headers["Content-Type"] == "application/problem+json"
    assert missing.headers["X-Content-Type-Options"] == "nosniff"
    page = requests.get(server.url + "/docs", timeout=10)
    assert page.status_code == 200


def test_any_process_answers_for_the_metrics_of_all(server: Server) -> None:
    for _ in range(20):
        server.call("GET", "/batches")
    counted = 'provenance_http_requests_total{method="GET",route="/v1/batches",status="200"} 20.0'
    for _ in range(6):
        assert counted in server.call("GET", "/metrics").text


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Content-Length: 1000000", b"CC00000000000001\n"),
        ("Transfer-Encoding: chunked", b"11\r\nDD00000000000001\n\r\n"),
    ],
    ids=["with a length", "in chunks"],
)
def test_a_file_cut_off_half_way_stages_nothing(server: Server, header: str, body: bytes) -> None:
    before = server.call("GET", "/batches").json()
    head = (
        f"POST /v1/batches?format={FORMAT} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
        f"Authorization: Bearer {server.token}\r\n{header}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.settings.port)) as raw:
        raw.sendall(head.encode() + body)
    time.sleep(0.5)
    assert server.call("GET", "/batches").json() == before


def test_the_log_is_json_lines_without_the_token(server: Server) -> None:
    server.call("GET", "/me")
    lines = [line for line in server.log.read_bytes().splitlines() if line.startswith(b"{")]
    assert any(orjson.loads(line).get("route") == "/v1/me" for line in lines)
    assert server.token.encode() not in server.log.read_bytes()
