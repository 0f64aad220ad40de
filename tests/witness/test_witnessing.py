"""Our log asks witnesses: honest ones over HTTP, and strangers that hang, reset, flood and lie."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from provenance.audit.source import LogSource
from provenance.core import notes
from provenance.core.notes import COSIGNATURE, Note, verifier_key
from provenance.core.policy import Policy
from provenance.services.anchoring import want_checkpoint
from provenance.services.asking import KnownWitness
from provenance.services.logreader import LogReader
from provenance.services.witnessing import WitnessingService
from provenance.store import checkpoints
from provenance.witness.server import WitnessServer
from provenance.witness.witness import Witness, WitnessKey
from tests.audit.service_world import ServedFetcher, Service, service

KEYS = [WitnessKey(f"witness.example/{n}", bytes([n]) * 32) for n in (1, 2, 3)]
NOW = 1_800_000_000


@pytest.fixture
def running(sqlite_url: str, tmp_path: Path) -> Iterator[Service]:
    made = service(sqlite_url, tmp_path / "service")
    yield made
    made.trade.database.dispose()


@contextmanager
def honest(running: Service, key: WitnessKey, folder: Path) -> Iterator[KnownWitness]:
    source = LogSource(ServedFetcher(running.trade))
    witness = Witness(key, running.trade.log_key, source, folder / key.name[-1], lambda: NOW)
    server = WitnessServer(("127.0.0.1", 0), witness, key.verifier.encode())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield KnownWitness(key.verifier, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def stranger(key: WitnessKey, answer: Callable[[socket.socket], None]) -> Iterator[KnownWitness]:
    """A machine that takes the request and then does what *answer* does."""
    listening = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    answer(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield KnownWitness(key.verifier, f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        done.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n")
    for _ in range(160):
        connection.sendall(b"A" * 65536)


def hang(connection: socket.socket) -> None:
    connection.recv(1 << 20)
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n")
    wait = threading.Event()
    while not wait.wait(0.05):
        connection.sendall(b"A")


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def say(body: bytes, status: str = "200 OK") -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(
        b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
        % (status.encode(), len(body), body)
    )


def checkpoint(running: Service) -> Note:
    return Note.parse(LogReader(running.trade.context).checkpoint())


def test_cosignatures_are_kept_in_the_note_that_is_served(running: Service, tmp_path: Path) -> None:
    with ExitStack() as stack:
        known = [stack.enter_context(honest(running, key, tmp_path)) for key in KEYS]
        asking = WitnessingService(running.trade.context, known)
        report = asking.beat()
        assert (report.kept, report.problems) == (3, [])
        policy = Policy.flat(running.trade.log_key, [key.verifier for key in KEYS], 3)
        assert len(policy.verify(checkpoint(running))) == 3
        assert asking.beat().kept == 0
        running.trade.enter_many(3)
        running.sequence()
        assert asking.beat().kept == 3
        assert len(policy.verify(checkpoint(running))) == 3


def test_a_witness_that_remembers_another_size_is_asked_again_from_there(
    running: Service, tmp_path: Path
) -> None:
    with honest(running, KEYS[0], tmp_path) as known:
        WitnessingService(running.trade.context, [known]).beat()
        running.trade.enter()
        running.sequence()
        assert WitnessingService(running.trade.context, [known]).beat().kept == 1


def test_the_checkpoint_to_be_anchored_is_cosigned_before_a_newer_one(
    running: Service, tmp_path: Path
) -> None:
    wanted = want_checkpoint(running.trade.context)
    running.trade.enter()
    running.sequence()
    with honest(running, KEYS[0], tmp_path) as known:
        assert WitnessingService(running.trade.context, [known]).beat().kept >= 1
    assert wanted is not None
    with running.trade.database.read() as connection:
        head = checkpoints.at(connection, checkpoints_wanted(running))
    assert head is not None and head.note is not None
    notes.verify_cosignature(Note.parse(head.note.encode()), KEYS[0].verifier)


def checkpoints_wanted(running: Service) -> int:
    from provenance.store import anchors

    with running.trade.database.read() as connection:
        newest = anchors.newest_wanted(connection)
    assert newest is not None
    return newest.size


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (flood, "source_too_large"),
        (hang, "witness_unreachable"),
        (drip, "witness_unreachable"),
        (reset, "witness_unreachable"),
        (say(b""), "witness_answer_malformed"),
        (say(b"\xe2\x80\x94 witness.example/1 AAAA\n"), "witness_answer_malformed"),
        (say(b"\xe2\x80\x94 a b\n" * 10_000), "source_too_large"),
        (say(b"no", "500 Oops"), "witness_refuses"),
        (say(b"7\n", "409 Conflict"), "witness_refuses"),
        (say(b"999999999\n", "409 Conflict"), "witness_ahead"),
        (say(b"much\n", "409 Conflict"), "witness_refuses"),
    ],
    ids=["flood", "hang", "drip", "reset", "empty", "short line", "lines", "500", "stuck", "ahead", "words"],
)
def test_whatever_a_stranger_answers_the_others_are_heard_and_it_rests(
    running: Service, tmp_path: Path, answer: Callable[[socket.socket], None], code: str
) -> None:
    with ExitStack() as stack:
        bad = stack.enter_context(stranger(KEYS[0], answer))
        good = stack.enter_context(honest(running, KEYS[1], tmp_path))
        asking = WitnessingService(running.trade.context, [bad, good], answer_seconds=0.5)
        report = asking.beat()
        assert report.kept == 1
        assert report.problems == [code]
        assert asking.beat().problems == [], "it is left alone for a while"
    notes.verify_cosignature(checkpoint(running), KEYS[1].verifier)


def test_a_cosignature_by_another_key_or_over_another_text_is_not_kept(
    running: Service, tmp_path: Path
) -> None:
    note = checkpoint(running)
    other = verifier_key(KEYS[1].name, KEYS[1].seed, COSIGNATURE)
    for text, key in ((note.text, KEYS[1]), (note.text.replace("\n", "x\n", 1), KEYS[0])):
        line = notes.cosign(text, key.name, key.seed, NOW)
        body = Note("\n", (line,)).encode().split(b"\n\n", 1)[1]
        with stranger(KEYS[0], say(body)) as known:
            report = WitnessingService(running.trade.context, [known]).beat()
        assert (report.kept, report.problems) == (0, ["witness_answer_malformed"])
    assert not any(line.is_by(other) for line in checkpoint(running).signatures)
