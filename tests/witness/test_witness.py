"""A witness: cosigns what it replayed, remembers it, and can be talked into nothing else."""

from __future__ import annotations

import http.client
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from provenance.audit.source import LogSource
from provenance.core import merkle, notes, succession
from provenance.core.addcheckpoint import AddCheckpoint
from provenance.core.entries import EntryType, KeyReason
from provenance.core.notes import Note, sign_checkpoint, verifier_key
from provenance.core.policy import Policy
from provenance.core.tilepaths import entries_path, tile_path
from provenance.errors import Conflict, Unavailable
from provenance.witness.server import MAX_CONNECTIONS, WitnessServer
from provenance.witness.state import Remembered, held
from provenance.witness.witness import Answer, Witness, WitnessKey
from tests.audit.log_world import ORIGIN, SUPPLIER, LogWorld, MemoryFetcher, lived_in, use_of
from tests.support.pipes import held_pipe

T = EntryType
KEY = WitnessKey("witness.example/one", bytes(range(100, 132)))
NOW = 1_800_000_000


class Watched:
    """A log and a witness that watches it."""

    def __init__(self, world: LogWorld, folder: Path) -> None:
        self.world = world
        self.fetcher = MemoryFetcher(world.files())
        self.folder = folder
        self.restart()

    def restart(self) -> None:
        self.witness = Witness(KEY, self.world.log_key, LogSource(self.fetcher), self.folder, lambda: NOW)

    def ask(self, old: int, size: int | None = None, note: Note | None = None) -> Answer:
        """Serve the world as it is and submit its checkpoint."""
        self.fetcher.files = self.world.files()
        leaves = [merkle.leaf_hash(raw) for raw in self.world.raws()[:size]]
        proof = merkle.consistency_path(leaves, old) if 0 < old <= len(leaves) else ()
        submitted = note or self.world.note(size)
        return self.witness.add_checkpoint(AddCheckpoint(old, proof, submitted).encode())


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(lived_in(), tmp_path / "witness")


def cosigned(world: LogWorld, answer: Answer, size: int | None = None) -> int:
    note = Note.parse(world.note(size).encode() + answer.body)
    return notes.verify_cosignature(note, KEY.verifier)


def test_a_lawful_log_is_replayed_and_cosigned(watched: Watched) -> None:
    answer = watched.ask(0)
    assert answer.status == 200
    assert cosigned(watched.world, answer) == NOW
    assert watched.witness.replay.size == len(watched.world.entries)


def test_it_goes_on_from_what_it_signed_and_remembers_it_over_a_restart(watched: Watched) -> None:
    size = len(watched.world.entries)
    watched.ask(0)
    watched.witness.save()
    watched.restart()
    watched.fetcher.asked.clear()
    watched.world.add(T.QUALIFICATION, bytes(32))
    assert watched.ask(0) == Answer(409, b"%d\n" % size, "text/x.tlog.size")
    answer = watched.ask(size)
    assert cosigned(watched.world, answer) == NOW
    assert watched.witness.replay.counts.entries == size + 1


def test_the_same_checkpoint_is_cosigned_again(watched: Watched) -> None:
    size = len(watched.world.entries)
    watched.ask(0)
    assert watched.ask(size).status == 200


def test_a_log_that_breaks_the_law_is_never_cosigned_again(watched: Watched) -> None:
    size = len(watched.world.entries)
    watched.ask(0)
    batch = next(iter(watched.world.manifests))
    watched.world.act(T.SELL, batch, 0, SUPPLIER, use_of(500))
    answer = watched.ask(size)
    assert answer.status == 403
    assert b"[redeemed]" in answer.body and b"entry %d" % size in answer.body
    watched.restart()
    watched.world.entries.pop()
    watched.world.add(T.QUALIFICATION, bytes(32))
    assert watched.ask(size).status == 403


def test_a_forged_state_is_not_cosigned(tmp_path: Path) -> None:
    world = lived_in()
    world.add(T.QUALIFICATION, bytes(32))
    world.state(root=b"\x66" * 32)
    answer = Watched(world, tmp_path).ask(0)
    assert answer.status == 403
    assert b"state_wrong" in answer.body


@pytest.mark.parametrize(
    ("bend", "status"),
    [
        (lambda body: b"old 01\n" + body.split(b"\n", 1)[1], 400),
        (lambda body: body.replace(b"old 0", b"old 999999", 1), 400),
        (lambda body: b"", 400),
        (lambda body: b"old 0\n" + b"AAAA\n" * 64 + body.split(b"\n", 1)[1], 400),
        (lambda body: body.replace(ORIGIN.encode(), b"log.example/else"), 404),
        (lambda body: body[:-12] + b"not base64!\n", 400),
    ],
    ids=["leading zero", "old above new", "empty", "64 hashes", "another log", "not base64"],
)  # fmt: skip
def test_a_malformed_request_is_refused_by_the_status_of_the_specification(
    watched: Watched, bend: object, status: int
) -> None:
    body = AddCheckpoint(0, (), watched.world.note()).encode()
    assert callable(bend)
    assert watched.witness.add_checkpoint(bend(body)).status == status


def test_a_checkpoint_that_the_log_did_not_sign_is_forbidden(watched: Watched) -> None:
    stranger = sign_checkpoint(watched.world.checkpoint(), bytes(32))
    assert watched.ask(0, note=stranger).status == 403


def test_another_history_is_refused_whatever_its_size(watched: Watched) -> None:
    size = len(watched.world.entries)
    watched.ask(0)
    watched.world.entries[-2] = watched.world.entries[1]
    assert watched.ask(size).status == 409
    watched.world.add(T.QUALIFICATION, bytes(32))
    assert watched.ask(size).status == 422


def test_entries_that_cannot_be_had_now_are_a_matter_of_later(watched: Watched) -> None:
    body = AddCheckpoint(0, (), watched.world.note()).encode()
    kept = dict(watched.fetcher.files)
    for name in [name for name in kept if name.startswith("tile/entries")]:
        del watched.fetcher.files[name]
    assert watched.witness.add_checkpoint(body).status == 503
    watched.fetcher.files = kept
    assert watched.witness.add_checkpoint(body).status == 200


def _without(watched: Watched, *starts: str) -> dict[str, bytes]:
    kept = dict(watched.fetcher.files)
    for name in [name for name in kept if name.startswith(starts)]:
        del watched.fetcher.files[name]
    return kept


@pytest.mark.parametrize("withheld", ["batch/", "tile/0/", "tile/entries/"])
def test_what_is_withheld_is_a_matter_of_later_and_no_breach(watched: Watched, withheld: str) -> None:
    body = AddCheckpoint(0, (), watched.world.note()).encode()
    kept = _without(watched, withheld)
    assert watched.witness.add_checkpoint(body).status == 503
    watched.restart()
    assert watched.witness.remembered == Remembered()
    watched.fetcher.files = kept
    assert watched.witness.add_checkpoint(body).status == 200


def test_a_double_sale_is_never_cosigned_while_its_manifest_is_withheld_nor_after(tmp_path: Path) -> None:
    world = LogWorld().begin()
    batch = world.batch()
    world.act(T.SELL, batch, 3, SUPPLIER)
    world.act(T.SELL, batch, 3, SUPPLIER, use_of(99))
    watched = Watched(world, tmp_path)
    world.serves_manifests = False
    for _ in range(2):
        assert watched.ask(0).status == 503
    world.serves_manifests = True
    assert watched.ask(0).status == 403


def test_a_file_damaged_on_its_way_is_asked_for_again(watched: Watched) -> None:
    body = AddCheckpoint(0, (), watched.world.note()).encode()
    kept = dict(watched.fetcher.files)
    for name in [name for name in kept if name.startswith(("tile/", "batch/"))]:
        watched.fetcher.files = {**kept, name: bytes([kept[name][0] ^ 1]) + kept[name][1:]}
        assert watched.witness.add_checkpoint(body).status == 503
    watched.fetcher.files = kept
    assert watched.witness.add_checkpoint(body).status == 200


def test_a_smaller_checkpoint_is_replayed_from_the_wider_partials_that_took_its_place(
    watched: Watched,
) -> None:
    world = watched.world
    size = len(world.entries)
    small = world.note(size)
    world.add(T.QUALIFICATION, bytes(32))
    files = world.files()
    assert entries_path(0, size) not in files and tile_path(0, 0, size) not in files
    assert watched.ask(0, size, small).status == 200


NEW_SEED, OTHER_SEED = bytes(range(200, 232)), bytes(range(201, 233))


def rotated(world: LogWorld, new_seed: bytes = NEW_SEED, *, is_announced: bool = True) -> tuple[Note, Note]:
    """The old key is succeeded after the newest checkpoint: the note of it, and a checkpoint by the new."""
    note = succession.make(world.checkpoint(), world.seed, new_seed)
    if is_announced:
        world.add(T.KEY, verifier_key(ORIGIN, new_seed).public, bytes(20), reason=KeyReason.LOG)
        world.add(T.KEY, world.log_key.public, bytes(20), reason=KeyReason.RETIRED)
    else:
        world.add(T.QUALIFICATION, bytes(32))
    return note, sign_checkpoint(world.checkpoint(), new_seed)


def test_a_successor_of_the_log_key_is_followed_and_a_stranger_is_not(watched: Watched) -> None:
    world, size = watched.world, len(watched.world.entries)
    watched.ask(0)
    note, signed = rotated(world)
    assert watched.ask(size, note=signed).status == 403
    world.successions.append(note)
    assert watched.ask(size, note=signed).status == 200


def test_a_key_signs_nothing_beyond_the_end_of_its_reign(watched: Watched) -> None:
    world, size = watched.world, len(watched.world.entries)
    watched.ask(0)
    world.successions.append(succession.make(world.checkpoint(), world.seed, NEW_SEED))
    assert watched.ask(size).status == 200
    world.add(T.QUALIFICATION, bytes(32))
    answer = watched.ask(size)
    assert (answer.status, b"succeeded" in answer.body) == (403, True)


@pytest.mark.parametrize("serves_another", [False, True])
def test_a_succession_once_followed_is_not_undone_by_serving_none_or_another(
    watched: Watched, serves_another: bool
) -> None:
    world, size = watched.world, len(watched.world.entries)
    watched.ask(0)
    before = world.checkpoint()
    note, signed = rotated(world)
    world.successions.append(note)
    assert watched.ask(size, note=signed).status == 200
    size = len(world.entries)
    world.successions = [succession.make(before, world.seed, OTHER_SEED)] if serves_another else []
    world.add(T.QUALIFICATION, bytes(32))
    watched.restart()
    by_the_thief = sign_checkpoint(world.checkpoint(), OTHER_SEED if serves_another else world.seed)
    assert watched.ask(size, note=by_the_thief).status == (503 if serves_another else 403)
    assert watched.ask(size, note=sign_checkpoint(world.checkpoint(), NEW_SEED)).status == (
        503 if serves_another else 200
    )


def test_a_rotation_is_followed_only_by_its_entries_in_the_log(watched: Watched) -> None:
    world, size = watched.world, len(watched.world.entries)
    watched.ask(0)
    note, signed = rotated(world, is_announced=False)
    world.successions.append(note)
    answer = watched.ask(size, note=signed)
    assert (answer.status, b"does not announce" in answer.body) == (503, True)
    world.add(T.KEY, verifier_key(ORIGIN, NEW_SEED).public, bytes(20), reason=KeyReason.LOG)
    assert watched.ask(size, note=sign_checkpoint(world.checkpoint(), NEW_SEED)).status == 200


def test_a_key_that_the_log_retires_is_cosigned_no_more_even_without_a_successor(watched: Watched) -> None:
    world, size = watched.world, len(watched.world.entries)
    watched.ask(0)
    world.add(T.KEY, world.log_key.public, bytes(20), reason=KeyReason.RETIRED)
    answer = watched.ask(size)
    assert (answer.status, b"has retired" in answer.body) == (403, True)


def test_a_succession_that_ends_a_reign_before_what_was_cosigned_is_refused(watched: Watched) -> None:
    world, size = watched.world, len(watched.world.entries)
    earlier = world.checkpoint(size - 3)
    assert watched.ask(0).status == 200
    world.successions.append(succession.make(earlier, world.seed, OTHER_SEED))
    world.add(T.KEY, verifier_key(ORIGIN, OTHER_SEED).public, bytes(20), reason=KeyReason.LOG)
    answer = watched.ask(size, note=sign_checkpoint(world.checkpoint(), OTHER_SEED))
    assert (answer.status, b"before what was cosigned" in answer.body) == (403, True)
    world.successions = []
    assert watched.ask(size).status == 200


def test_while_the_successions_cannot_be_read_nobody_knows_whose_reign_it_is(watched: Watched) -> None:
    body = AddCheckpoint(0, (), watched.world.note()).encode()
    watched.fetcher.files["successions"] = b"[" * 60_000
    assert watched.witness.add_checkpoint(body).status == 503
    del watched.fetcher.files["successions"]
    assert watched.witness.add_checkpoint(body).status == 200


def test_two_witnesses_of_one_memory_do_not_cosign_two_histories(watched: Watched, tmp_path: Path) -> None:
    other = Watched(lived_in(), watched.folder)
    other.world.add(T.QUALIFICATION, bytes(32))
    size = len(watched.world.entries)
    assert watched.ask(0).status == 200
    assert other.ask(0) == Answer(409, b"%d\n" % size, "text/x.tlog.size")


def test_a_folder_is_held_by_one_witness_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    with held(folder), pytest.raises(Conflict) as refused, held(folder):
        raise AssertionError("two hold it")
    assert refused.value.code == "witness_folder_busy"
    with held(folder):
        assert folder.is_dir()


def test_two_of_three_witnesses_satisfy_a_policy_and_one_does_not(tmp_path: Path) -> None:
    world = lived_in()
    note = world.note()
    keys = [WitnessKey(f"witness.example/{n}", bytes([n]) * 32) for n in (1, 2, 3)]
    policy = Policy.flat(world.log_key, [key.verifier for key in keys], 2)
    for key in keys[:2]:
        source = LogSource(MemoryFetcher(world.files()))
        witness = Witness(key, world.log_key, source, tmp_path / key.name.replace("/", "-"), lambda: NOW)
        answer = witness.add_checkpoint(AddCheckpoint(0, (), world.note()).encode())
        note = Note.parse(note.encode() + answer.body)
    assert world.audit({**world.files(), "checkpoint": note.encode()}, policy=policy).is_clean
    one = Note(note.text, note.signatures[:2])
    report = world.audit({**world.files(), "checkpoint": one.encode()}, policy=policy)
    assert [finding.rule for finding in report.findings] == ["policy_not_met"]


@contextmanager
def served(witness: Witness, **bounds: float) -> Iterator[str]:
    server = WitnessServer(("127.0.0.1", 0), witness, KEY.verifier.encode(), **bounds)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("length", ["9" * 5_000, "99999999", "-1", "1e3", ""])
def test_a_body_whose_length_is_no_number_or_too_large_is_not_read(watched: Watched, length: str) -> None:
    with served(watched.witness) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
        connection.putrequest("POST", "/add-checkpoint")
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_ten_megabytes_are_refused_and_their_sender_hears_why(watched: Watched) -> None:
    with served(watched.witness) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
        connection.request("POST", "/add-checkpoint", bytes(10_000_000))
        assert connection.getresponse().status == 413
        connection.close()


def connected(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_a_request_that_drips_is_cut_off_like_one_that_stops(watched: Watched) -> None:
    with served(watched.witness, silence_seconds=20, request_seconds=0.2) as url, connected(url) as client:
        client.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 60000\r\n\r\n")
        began = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - began < 20:
                client.sendall(b"a")
                if client in select.select([client], [], [], 0.02)[0]:
                    break
        assert time.monotonic() - began < 10
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""


def test_more_connections_than_it_has_room_for_are_closed_unread(watched: Watched) -> None:
    with served(watched.witness) as url, ExitStack() as held:
        for _ in range(MAX_CONNECTIONS):
            held.enter_context(connected(url))
        with connected(url) as one_more, suppress(ConnectionResetError):
            assert one_more.recv(1) == b""
        held.close()
        body = AddCheckpoint(0, (), watched.world.note()).encode()
        for _ in range(100):  # until the server has seen that they left
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
                connection.request("POST", "/add-checkpoint", body)
                assert connection.getresponse().status == 200
                connection.close()
                break
        else:
            pytest.fail("nobody was served again")


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"checkpoint":"x","findings":[]}', b"[" * 100_000])
def test_a_damaged_memory_stops_the_witness_by_its_code(watched: Watched, content: bytes) -> None:
    watched.folder.mkdir(exist_ok=True)
    (watched.folder / "cosigned.json").write_bytes(content)
    with pytest.raises(Unavailable) as refused:
        watched.restart()
    assert refused.value.code == "witness_state_damaged"


def test_a_pipe_in_the_place_of_its_memory_stops_the_witness_at_once(watched: Watched) -> None:
    watched.folder.mkdir(exist_ok=True)
    with held_pipe(watched.folder / "cosigned.json"), pytest.raises(Unavailable) as refused:
        watched.restart()
    assert refused.value.code == "witness_state_damaged"
