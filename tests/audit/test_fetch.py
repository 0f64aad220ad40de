"""Servers that lie, hang, reset, flood and redirect: each a clear refusal within its bounds."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from provenance.audit.fetch import CachingFetcher, FolderFetcher, HttpBounds, HttpFetcher, parsed_url
from provenance.audit.run import Audit, Auditor
from provenance.audit.source import LogSource
from provenance.core.entries import EntryType
from provenance.errors import InputRefused, NotFound, Unavailable
from tests.audit.log_world import LogWorld, lived_in
from tests.support.pipes import held_pipe

QUICK = HttpBounds(silence_seconds=0.3, fetch_seconds=0.6, attempts=2, pause_seconds=0)
Answer = Callable[[socket.socket], None]


@contextmanager
def server_that(answer: Answer) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    asked = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            asked.set()
            with connection:
                try:
                    connection.recv(65536)
                    answer(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
    assert asked.is_set()


def says(head: str, body: bytes = b"") -> Answer:
    return lambda connection: connection.sendall(f"HTTP/1.1 {head}\r\n\r\n".encode() + body)


def hang(connection: socket.socket) -> None:
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        time.sleep(0.02)
        connection.sendall(b"A")


def drip_then_close(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        time.sleep(0.02)
        connection.sendall(b"A")


def put_off(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)


def put_off_slowly(connection: socket.socket) -> None:
    while True:
        time.sleep(0.02)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        time.sleep(0.02)
        connection.sendall(b"X")


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        connection.sendall(b"A" * 65536)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (hang, "source_unreachable"),
        (drip, "source_unreachable"),
        (drip_then_close, "source_unreachable"),
        (put_off, "source_unreachable"),
        (put_off_slowly, "source_unreachable"),
        (drip_headers, "source_unreachable"),
        (flood, "source_too_large"),
        (lambda connection: None, "source_unreachable"),
        (says("200 OK\r\nContent-Length: 500", b"short"), "source_unreachable"),
        (says("302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0"), "source_refuses"),
        (says("503 Busy\r\nContent-Length: 0"), "source_refuses"),
        (says("200 OK\r\nContent-Length: 999999999", b"A" * 70_000), "source_too_large"),
    ],
    ids=[
        "hang",
        "drip",
        "drip and close",
        "put off",
        "put off slowly",
        "drip headers",
        "flood",
        "close",
        "cut",
        "redirect",
        "busy",
        "too long",
    ],
)
def test_a_server_that_does_not_give_the_file_is_given_up_within_bounds(answer: Answer, code: str) -> None:
    with server_that(answer) as url:
        with pytest.raises(Unavailable) as refused:
            HttpFetcher(url, QUICK).fetch("checkpoint", 65_536)
    assert refused.value.code == code


def test_a_missing_file_is_missing_and_asked_for_once() -> None:
    with server_that(says("404 Not Found\r\nContent-Length: 0")) as url:
        with pytest.raises(NotFound):
            HttpFetcher(url, QUICK).fetch("tile/0/000", 8192)


@pytest.mark.parametrize("url", ["ftp://a", "http://", "http://a/?q", "http://u:p@a", "http://a:99999", "x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parsed_url(url)
    assert refused.value.code == "url_malformed"


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def static_site(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def laid_out(world: LogWorld, folder: Path) -> Path:
    for name, content in world.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_any_static_web_server_will_do_and_a_cache_spares_it_the_second_time(tmp_path: Path) -> None:
    world = lived_in()
    for _ in range(600):
        world.add(EntryType.QUALIFICATION, bytes(32))
    site = laid_out(world, tmp_path / "site")
    cache = tmp_path / "cache"
    for _ in range(2):
        with static_site(site) as url:
            source = LogSource(CachingFetcher(HttpFetcher(url), cache))
            report = Audit(source, Auditor(log_key=world.log_key)).run()
            source.close()
        assert (report.findings, report.entries) == ((), len(world.entries))
    assert (cache / "tile/entries/001").is_file() and not list(cache.rglob("*.p"))


def test_a_full_tile_serves_where_its_partial_is_gone(tmp_path: Path) -> None:
    world = LogWorld().begin()
    for _ in range(300):
        world.add(EntryType.QUALIFICATION, bytes(32))
    source = LogSource(FolderFetcher(laid_out(world, tmp_path)))
    assert source.bundle(0, 12) == tuple(world.raws()[:12])
    assert len(source.tile(0, 0, 12)) == 12 * 32
    assert source.entry(299) == world.raws()[299] if source.bundle(1, 50) else False


def test_a_source_that_changes_its_answers_is_told_so() -> None:
    world = LogWorld().begin()
    batch = world.batch()
    first = world.act(EntryType.SELL, batch, 0, b"\x21" * 20)
    audit = world.auditing(log_key=world.log_key)
    audit.run()
    book = audit.replay.keys.batches[batch]
    changed = world.raws()
    changed[first] = changed[first][:-1] + b"\x01"
    audit.replay.keys._entry_at = changed.__getitem__
    with pytest.raises(Unavailable) as refused:
        audit.replay.keys.custody(book, 0)
    assert refused.value.code == "entries_changed"


def test_a_pipe_in_the_place_of_a_file_of_the_log_keeps_no_auditor_waiting(tmp_path: Path) -> None:
    with held_pipe(tmp_path / "checkpoint"), pytest.raises(Unavailable) as refused:
        FolderFetcher(tmp_path).fetch("checkpoint", 10)
    assert refused.value.code == "source_unreadable"
