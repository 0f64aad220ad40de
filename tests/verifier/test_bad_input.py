"""Hostile input, item by item: where each is refused, that all verifiers are asked, and within which bound.

The corpus goes through Python, Node and Chromium (``test_corpus``, ``test_page``); what is too large to keep
in it, and what only comes over a wire, is here. Witnesses and tile servers that misbehave are Python's
alone, for no page of ours talks to one: ``tests/witness/test_witnessing.py``, ``tests/audit/test_fetch.py``.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from provenance.core.proofs import ReaderContext, verify
from provenance.errors import ProofRejected
from tests.verifier import corpus
from tests.verifier.test_page import GOLDEN_FILE, PAGE

ITEMS: dict[str, tuple[str, ...]] = {
    "more than 16 MiB": ("form-16-mib",),
    "10,000 path elements": ("form-path-65", "form-path-10000"),
    "nested 10,000 deep": ("form-depth-17", "form-depth-10000", "form-depth-open"),
    "sizes beyond 2^53": ("form-past-2-53", "form-past-2-53-odd", "form-digits"),
    "a file of nothing but commas": ("form-commas",),
    "more entries than a life has": (
        "form-custody-10006",
        "form-parties-10002",
        "form-beacons-10001",
        "form-anchors-10002",
    ),
    "duplicate keys": ("form-duplicate", "form-duplicate-escaped", "form-order"),
    "unknown fields": (
        "form-unknown",
        "form-unknown-in-key",
        "form-unknown-in-entry",
        "form-unknown-in-details",
    ),
    "base64 with garbage": (
        "form-base64-space",
        "form-base64-newline",
        "form-base64-unpadded",
        "form-base64-bits",
    ),
    "small-order Ed25519 keys": tuple(f"form-key-small-order-{order}" for order in (1, 2, 4, 8, "sign")),
    "non-canonical Ed25519 keys": ("form-key-not-canonical",),
    "malleable secp256k1": ("supplier-high-s", "supplier-high-s-only"),
    "a note with 10,000 signatures": ("form-note-17-signatures", "form-note-10000-signatures"),
}


@pytest.mark.parametrize("item", ITEMS)
def test_the_corpus_asks_every_verifier_about_it(item: str) -> None:
    rows = {row["id"]: row for row in corpus.read_cases()}
    for name in ITEMS[item]:
        expected = rows[name]["expect"]
        assert (expected["verdict"], expected["code"] != "") == ("rejected", True)
        assert expected["step"] == (3 if name.startswith("supplier") else 0)


def test_a_bundle_of_100_mb_is_refused_by_its_size_alone() -> None:
    huge = bytes(100_000_000)
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(ProofRejected) as refused:
        verify(huge, ReaderContext())
    taken, (_, peak) = time.perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (refused.value.step, refused.value.facts["cause"]) == (0, "json_too_large")
    assert taken < 1 and peak < 1_000_000


Answer = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


def flood(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    for _ in range(1_000):  # 64 MB, if anybody took them
        connection.sendall(b" " * 65_536)
    raise AssertionError("the page read on and on")


def hang(connection: socket.socket) -> None:
    connection.recv(1)


def reset(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 9000\r\n\r\n{")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def lie(connection: socket.socket) -> None:
    body = GOLDEN_FILE.read_bytes().replace(b"SELL", b"SOLD") + b" "
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


@contextmanager
def page_and(answer: Answer) -> Iterator[str]:
    """A server of the page, whose proof is *answer*."""
    listening = socket.create_server(("127.0.0.1", 0))
    faults: list[BaseException] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = connection.recv(65_536)
            if b"verify.html" in request:
                body = PAGE.read_bytes()
                head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: "
                connection.sendall(head + b"%d\r\n\r\n" % len(body) + body)
            elif b"proof.json" in request:
                try:
                    answer(connection)
                except AssertionError as fault:
                    faults.append(fault)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
    assert faults == []


@pytest.mark.browser
@pytest.mark.parametrize(
    ("answer", "said"),
    [(flood, "没能取回文件"), (hang, "没能取回文件"), (reset, "没能取回文件"), (lie, "指纹不符")],
    ids=["flood", "hang", "reset", "lie"],
)
def test_a_server_of_proofs_that_misbehaves_is_given_up_by_the_page(
    browser: Any, answer: Answer, said: str
) -> None:
    digest = hashlib.sha256(GOLDEN_FILE.read_bytes()).hexdigest()
    context = browser.new_context(locale="zh-CN")
    with page_and(answer) as origin:
        opened = context.new_page()
        opened.clock.install()
        opened.goto(f"{origin}/verify.html#bundle={origin}/proof.json&sha256={digest}")
        opened.click("#fetch")
        if answer is hang:
            opened.clock.fast_forward(31_000)
        opened.wait_for_function(
            "said => document.querySelector('#status').textContent.includes(said)", arg=said
        )
        assert opened.locator("#result").is_hidden()
        context.close()
