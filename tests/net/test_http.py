"""One question to a server that lies, hangs, drips, floods, resets, redirects or leads elsewhere."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from provenance.errors import InputRefused, NetworkUnavailable
from provenance.net.http import Bounds, Peer
from provenance.net.urls import Url
from tests.net.peers import Answer, certified, hangs, repeats, resets, says, server_that
from tests.support.network import OutsideWorld
from tests.support.ports import free_port

QUICK = Bounds(connect_seconds=0.5, silence_seconds=0.3, total_seconds=0.6, answer_bytes=65_536)


def peer(port: int, bounds: Bounds = QUICK) -> Peer:
    return Peer(Url.parse(f"http://127.0.0.1:{port}/hook"), bounds)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (hangs, "host_timeout"),
        (repeats(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"A"), "host_timeout"),
        (repeats(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"A"), "host_timeout"),
        (repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000, 0), "host_timeout"),
        (repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "host_timeout"),
        (repeats(b"HTTP/1.1 200 OK\r\n", b"X"), "host_timeout"),
        (repeats(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0), "host_answer_malformed"),
        (repeats(b"HTTP/1.1 200 OK\r\n", b"X" * 65_536, 0), "host_answer_malformed"),
        (
            repeats(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"T: t\r\n", 0),
            "host_timeout",
        ),
        (repeats(b"HTTP/1.1 200 OK\r\n\r\n", b"A" * 65_536, 0), "host_answer_too_large"),
        (says("200 OK\r\nContent-Length: 999999999", b"A" * 70_000), "host_answer_too_large"),
        (says("200 OK\r\nContent-Length: 500", b"short"), "host_answer_malformed"),
        (says("200 OK\r\nTransfer-Encoding: chunked", b"ffffffffff\r\nA"), "host_answer_malformed"),
        (lambda connection: connection.sendall(b"SSH-2.0-x\r\n"), "host_answer_malformed"),
        (lambda connection: None, "host_answer_malformed"),
        (resets, "host_unreachable"),
    ],
)
def test_what_is_no_whole_answer_within_the_bounds_is_named(answer: Answer, code: str) -> None:
    with server_that(answer) as port:
        began = time.monotonic()
        with pytest.raises(NetworkUnavailable) as refused:
            peer(port).ask("POST", body=b"{}")
        assert time.monotonic() - began < 3
    # Closing with the request unread is a reset or an end, as the kernel pleases.
    told = {code, "host_unreachable"} if code == "host_answer_malformed" else {code}
    assert refused.value.code in told


def test_who_looks_at_the_status_alone_is_not_given_the_flood() -> None:
    cut = Bounds(silence_seconds=0.3, total_seconds=1, answer_bytes=1_000, cut=True)
    with server_that(repeats(b"HTTP/1.1 200 OK\r\n\r\n", b"A" * 65_536, 0)) as port:
        answer = peer(port, cut).ask("POST", body=b"{}")
    assert (answer.status, len(answer.body)) == (200, 1_000)


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    asked = threading.Event()
    with server_that(lambda connection: asked.set()) as inner:
        head = f"302 Found\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0"
        with server_that(says(head)) as port:
            answer = peer(port).ask("GET")
    assert answer.status == 302 and answer.headers["location"].endswith(f":{inner}/")
    assert not asked.is_set()


def test_nobody_there_is_unreachable_and_the_error_names_the_host_alone() -> None:
    url = f"http://user:hunter2@127.0.0.1:{free_port()}/key?token=feedbeef"
    with pytest.raises(NetworkUnavailable) as refused:
        Peer(Url.parse(url), QUICK).ask("GET")
    assert refused.value.code == "host_unreachable"
    shown = f"{refused.value!r} {refused.value.facts} {refused.value.__cause__!r}"
    assert not any(secret in shown for secret in ("hunter2", "feedbeef", "key"))


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with server_that(says("204 No Content")) as port:
        assert peer(port).ask("GET").status == 204


def test_connections_are_kept_where_asked_and_opened_anew_after_an_error() -> None:
    opened = []

    def serve(connection: socket.socket) -> None:
        opened.append(1)
        while request := connection.recv(65536):
            status = b"500 No" if b"/bad" in request else b"200 OK"
            connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nok" % status)

    with server_that(serve) as port:
        kept = Peer(Url.parse(f"http://127.0.0.1:{port}/"), QUICK, keep=True)
        for target in ("/a", "/b", "/bad", "/c"):
            kept.ask("GET", target)
        kept.close()
    assert len(opened) == 2


def test_a_name_that_leads_into_a_private_network_is_refused_without_a_connection() -> None:
    asked = threading.Event()
    with server_that(lambda connection: asked.set()) as port:
        for found in (("127.0.0.1",), ("1.1.1.1", "10.0.0.1"), ("::ffff:127.0.0.1",), ("fe80::1%lo",)):
            url = Url.parse(f"http://rebound.example:{port}/")
            stranger = Peer(url, QUICK, public_only=True, resolve=lambda host, seconds, found=found: found)
            with pytest.raises(InputRefused) as refused:
                stranger.ask("POST")
            assert refused.value.code == "url_private"
    assert not asked.is_set()


def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    # A name server that says something public first and loopback ever after.
    said = iter([("1.1.1.1",), ("127.0.0.1",), ("127.0.0.1",)])
    asked = threading.Event()
    with server_that(lambda connection: asked.set()) as port:
        url = Url.parse(f"http://rebound.example:{port}/")
        rebound = Peer(url, QUICK, public_only=True, resolve=lambda host, seconds: next(said))
        # The tests' own guard is who stops the connection to 1.1.1.1.
        with pytest.raises(OutsideWorld, match=r"1\.1\.1\.1"):
            rebound.ask("POST")
    assert not asked.is_set() and len(list(said)) == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/", "http://u:p@a.example/"])
def test_a_strangers_private_address_is_refused_at_birth(url: str) -> None:
    with pytest.raises(InputRefused):
        Peer(Url.parse(url), QUICK, public_only=True)


def test_tls_is_verified_against_the_name_though_the_address_was_looked_up_before(tmp_path: Path) -> None:
    heard: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    server, client = certified("receiver.example", tmp_path)
    with server_that(serve, server) as port:

        def asking(name: str, tls: object) -> int:
            url = Url.parse(f"https://{name}:{port}/")
            at_home = lambda host, seconds: ("127.0.0.1",)  # noqa: E731
            return Peer(url, QUICK, tls=tls, resolve=at_home).ask("GET").status  # type: ignore[arg-type]

        assert asking("receiver.example", client) == 200
        assert f"Host: receiver.example:{port}\r\n".encode() in heard[0]
        for name, tls in (("other.example", client), ("receiver.example", None)):
            with pytest.raises(NetworkUnavailable) as refused:
                asking(name, tls)
            assert refused.value.code == "host_unreachable"
    assert len(heard) == 1


def test_a_handshake_that_never_ends_is_cut() -> None:
    with server_that(repeats(b"", b"\x16\x03\x01\x3f")) as port:
        began = time.monotonic()
        with pytest.raises(NetworkUnavailable):
            Peer(Url.parse(f"https://127.0.0.1:{port}/"), QUICK).ask("GET")
    assert time.monotonic() - began < 3
