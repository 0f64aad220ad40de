"""Registering a file: taken up again wherever it broke off, and never signed on the service's word."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import pytest

from provenance.cli import journal
from tests.cli import files
from tests.cli.conftest import PASSWORD, World
from tests.support.faultproxy import Fault, fault_proxy

Alter = Callable[[str, dict[str, Any]], None]


def test_a_file_becomes_a_live_batch(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 20)
    told = world.shell.json(*world.register_arguments(file, "--product", "充值卡 50元", "--face-value", "50"))
    assert told["status"] == "live"
    assert told["manifest"]["size"] == 20
    assert told["manifest"]["supplier"] == world.supplier
    assert told["details"]["product"] == "充值卡 50元"


def test_registered_twice_is_registered_once(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 5)
    first = world.shell.json(*world.register_arguments(file))
    assert world.shell.json(*world.register_arguments(file)) == first


def test_the_journal_holds_no_key_no_seed_and_no_token(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 5)
    world.shell.run(*world.register_arguments(file))
    path = journal.path_of(file)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_text())) == {"fingerprint", "stage", "batch", "attempt"}
    assert world.token("Acme").read_text().strip() not in path.read_text()


@pytest.mark.parametrize("shuffle", ["--shuffle", "--no-shuffle"])
def test_the_root_is_found_again_in_any_order(world: World, shuffle: str) -> None:
    told = world.shell.json(*world.register_arguments(files.write(world.folder / "keys.txt", 50), shuffle))
    assert told["status"] == "live"
    assert told["shuffled"] is (shuffle == "--shuffle")


def test_a_bad_line_is_named_by_file_line_and_reason(world: World) -> None:
    bad = files.key_line(9)[:-1]
    file = files.write(world.folder / "keys.txt", 3, bad)
    told = world.shell.run(*world.register_arguments(file), code=1)
    assert f"error[lines_rejected]: {file}" in told.stderr
    assert re.search(r"line 4: \[\w+\] ", told.stderr)
    assert "--proceed" in told.stderr
    assert bad not in told.output


def test_the_good_lines_can_be_registered_alone(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 3, "nonsense", files.key_line(1), files.key_line(3))
    told = world.shell.run(*world.register_arguments(file, "--proceed"))
    assert "4 keys" in told.stdout
    assert f"{file}:4" in told.stderr
    assert f"{file}:5" in told.stderr
    batch = json.loads(journal.path_of(file).read_text())["batch"]
    listed = world.shell.json("batch", "rejects", batch, "--token-file", world.token("Acme"))
    assert [one["line"] for one in listed] == [4, 5]


def test_an_empty_file_is_refused_by_name(world: World) -> None:
    file = world.folder / "empty.txt"
    file.write_bytes(b"")
    assert f"error[file_empty]: {file}" in world.shell.run(*world.register_arguments(file), code=1).stderr


def test_a_wrong_password_sends_nothing(world: World) -> None:
    world.password_file.write_text("wrong\n")
    file = files.write(world.folder / "keys.txt", 3)
    told = world.shell.run(*world.register_arguments(file), code=1)
    assert "error[keystore_password_wrong]" in told.stderr
    assert PASSWORD not in told.output
    assert not journal.path_of(file).exists()


def test_a_lost_answer_to_the_upload_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = files.write(world.folder / "keys.txt", 10)
    with fault_proxy(world.service.port) as proxy:
        monkeypatch.setenv("PROVENANCE_URL", proxy.url)
        proxy.fault = Fault.LOSE_ANSWER
        told = world.shell.run(*world.register_arguments(file), code=3)
        assert "error[service_unreachable]" in told.stderr
        known = journal.read(file)
        assert known is not None
        assert known.stage == "uploading"
        proxy.fault = Fault.NONE
        assert world.shell.json(*world.register_arguments(file))["manifest"]["size"] == 10


def test_interrupted_before_the_signature_it_goes_on_from_there(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 10)
    with lying(world.url, refuse_signature) as url:
        world.shell.run(*world.register_arguments(file), "--url", url, code=3)
    known = journal.read(file)
    assert known is not None
    assert known.stage == "staged"
    told = world.shell.json(*world.register_arguments(file))
    assert (told["batch"], told["status"]) == (known.batch, "live")


def test_a_lost_answer_to_the_signature_changes_nothing(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 10)
    with lying(world.url, lose_signed_answer) as url:
        world.shell.run(*world.register_arguments(file), "--url", url, code=3)
    assert world.shell.json(*world.register_arguments(file))["status"] == "live"


def test_a_batch_given_up_can_be_registered_again(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 10)
    with lying(world.url, refuse_signature) as url:
        world.shell.run(*world.register_arguments(file), "--url", url, code=3)
    known = journal.read(file)
    assert known is not None
    world.shell.run("batch", "abandon", known.batch, "--token-file", world.token("Acme"))
    told = world.shell.run(*world.register_arguments(file), code=1)
    assert "Run the same command again" in told.stderr
    assert world.shell.json(*world.register_arguments(file))["status"] == "live"


def test_a_file_changed_while_its_batch_is_staged_is_noticed(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 10)
    with lying(world.url, refuse_signature) as url:
        world.shell.run(*world.register_arguments(file), "--url", url, code=3)
    files.write(file, 11)
    told = world.shell.run(*world.register_arguments(file), code=1)
    assert "error[journal_of_another]" in told.stderr


def test_a_file_corrected_after_a_refusal_is_simply_registered(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 3, "nonsense")
    world.shell.run(*world.register_arguments(file), code=1)
    files.write(file, 3)
    assert world.shell.json(*world.register_arguments(file))["manifest"]["size"] == 3


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"stage": "live"}', "\x00", "[" * 5000])
def test_a_damaged_journal_is_refused_by_name(world: World, content: str) -> None:
    file = files.write(world.folder / "keys.txt", 3)
    journal.path_of(file).write_text(content)
    told = world.shell.run(*world.register_arguments(file), code=1)
    assert f"error[journal_malformed]: {journal.path_of(file)}" in told.stderr


def another_root(path: str, told: dict[str, Any]) -> None:
    told["manifest"]["root"] = "00" * 32


def another_seed(path: str, told: dict[str, Any]) -> None:
    told["seed"] = "11" * 32


def one_key_more(path: str, told: dict[str, Any]) -> None:
    told["manifest"]["size"] += 1


def another_supplier(path: str, told: dict[str, Any]) -> None:
    told["manifest"]["supplier"] = "0x" + "ab" * 20


def more_uses(path: str, told: dict[str, Any]) -> None:
    told["manifest"]["max_uses"] = 5


def another_product(path: str, told: dict[str, Any]) -> None:
    told["details"]["product"] = "another"


def another_end(path: str, told: dict[str, Any]) -> None:
    told["manifest"]["expires_at"] = 1


def another_chain(path: str, told: dict[str, Any]) -> None:
    told["domain"]["chain_id"] = 1


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (another_root, "root_differs"),
        (another_seed, "root_differs"),
        (one_key_more, "size_differs"),
        (another_supplier, "supplier_differs"),
        (more_uses, "max_uses_differs"),
        (another_product, "details_differs"),
        (another_end, "expires_at_differs"),
        (another_chain, "network_differs"),
    ],
)
def test_a_manifest_that_lies_is_not_signed(world: World, lie: Alter, code: str) -> None:
    file = files.write(world.folder / "keys.txt", 10)
    network = ("--chain-id", 31337, "--registry", "0x5fbdb2315678afecb367f032d93f642f64180aa3")
    signed: list[str] = []

    def alter(path: str, told: dict[str, Any]) -> None:
        signed.extend([path] if path.endswith("/signature") else [])
        if path == "/v1/batches":
            lie(path, told)

    with lying(world.url, alter) as url:
        told = world.shell.run(*world.register_arguments(file, *network), "--url", url, code=1)
    assert f"error[{code}]" in told.stderr
    assert "not signed" in told.stderr
    assert signed == []


def test_lines_left_out_against_the_wish_are_not_signed(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 10)

    def alter(path: str, told: dict[str, Any]) -> None:
        if path == "/v1/batches":
            told["counts"]["rejected"] = 1

    with lying(world.url, alter, rejects=b'{"line": 2, "code": "x", "message": "y"}\n') as url:
        told = world.shell.run(*world.register_arguments(file), "--url", url, code=1)
    assert "error[rejects_differs]" in told.stderr


@pytest.mark.parametrize("answer", [{}, {"manifest": 1}, {"manifest": {}, "details": []}])
def test_an_answer_of_another_form_is_no_batch(world: World, answer: dict[str, Any]) -> None:
    def alter(path: str, told: dict[str, Any]) -> None:
        if path == "/v1/batches":
            told.clear()
            told.update(answer)

    with lying(world.url, alter) as url:
        file = files.write(world.folder / "keys.txt", 3)
        told = world.shell.run(*world.register_arguments(file), "--url", url, code=3)
    assert "error[answer_malformed]" in told.stderr


def test_another_party_may_not_register(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 3)
    told = world.shell.run(*world.register_arguments(file), "--token-file", world.token("Shop"), code=1)
    assert re.search(r"error\[(scope|role)_missing\]", told.stderr)


def test_no_key_is_in_output_log_or_database(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 8, "nonsense", files.key_line(2))
    told = world.shell.run(*world.register_arguments(file, "--proceed"))
    everything = told.output.encode() + world.service.log.getvalue().encode()
    for path in world.shell.home.rglob("*"):
        if path.is_file() and "secrets" not in path.parts:
            everything += path.read_bytes()
    assert [number for number in range(8) if files.secret(number).encode() in everything] == []


def refuse_signature(path: str, told: dict[str, Any]) -> None:
    """The connection ends when the staged batch was told."""
    if path.endswith("/rejects") or path.endswith("/signature"):
        raise ConnectionError


def lose_signed_answer(path: str, told: dict[str, Any]) -> None:
    if path.endswith("/signature") and told:
        raise ConnectionError


class Quiet(ThreadingHTTPServer):
    """Says nothing of a client that is gone, for the test's own standard error is what is looked at."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Silence."""


@contextmanager
def lying(target: str, alter: Alter, *, rejects: bytes | None = None) -> Iterator[str]:
    """A service between: it forwards, and alters JSON answers; an error of *alter* drops the connection.

    *alter* is called before forwarding too, with nothing told yet, for what must not arrive at all.
    """

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            path = self.path.partition("?")[0]
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if rejects is not None and path.endswith("/rejects"):
                self.reply(200, rejects)
                return
            try:
                if alter is refuse_signature:
                    alter(path, {})
                status, content = forwarded(target + self.path, self.command, body, dict(self.headers))
                told = json.loads(content) if content.startswith(b"{") else {}
                alter(path, told)
            except ConnectionError:
                self.close_connection = True
                return
            self.reply(status, json.dumps(told).encode() if content.startswith(b"{") else content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def reply(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


def forwarded(url: str, method: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    kept = {
        name: value
        for name, value in headers.items()
        if name.lower() not in ("host", "connection", "accept-encoding")
    }
    request = Request(url, data=body or None, headers=kept, method=method)
    with urlopen(request) as answer:
        return answer.status, answer.read()


def test_a_process_killed_in_the_middle_leaves_nothing_half_done(world: World) -> None:
    """A real process, killed while the service reads its file; then the same command again."""
    file = files.write(world.folder / "keys.txt", 2000)
    held = threading.Event()

    def alter(path: str, told: dict[str, Any]) -> None:
        if path == "/v1/batches":
            held.set()
            threading.Event().wait(1)

    with lying(world.url, alter) as url:
        command = [
            sys.executable,
            "-m",
            "provenance",
            *map(str, world.register_arguments(file)),
            "--url",
            url,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert held.wait(30)
        process.kill()
        process.wait(10)
    assert world.shell.json(*world.register_arguments(file))["manifest"]["size"] == 2000


def test_the_journal_of_one_file_is_not_that_of_a_copy(world: World) -> None:
    file = files.write(world.folder / "keys.txt", 3)
    world.shell.run(*world.register_arguments(file))
    copy = world.folder / "copy.txt"
    shutil.copy(file, copy)
    told = world.shell.run(*world.register_arguments(copy), code=1)
    assert "duplicate_own" in told.stderr
