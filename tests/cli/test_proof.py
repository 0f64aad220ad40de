"""A proof verified with nothing but its file; what was not brought is never passed."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from provenance.core.proofs import MAX_BUNDLE_SIZE, STEP_TITLES
from tests.cli import files
from tests.cli.conftest import Shell, World
from tests.support.pipes import held_pipe

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
PROOF = VECTORS / "golden.provenance.json"
GOLDEN: dict[str, Any] = json.loads((VECTORS / "golden.json").read_text("utf-8"))
LOG_KEY = GOLDEN["bundle"]["log"]["key"]
NETWORK = ("--chain-id", GOLDEN["chain_id"], "--registry", GOLDEN["registry"])
KNOWN = (*NETWORK, "--log-key", LOG_KEY)
CONSISTENT = 4


def golden_key() -> str:
    key = GOLDEN["keys"][GOLDEN["bundle"]["key"]["index"]]
    return f"{key['serial']}----{key['secret']}"


def test_the_golden_proof_holds_and_the_chain_is_not_checked(shell: Shell) -> None:
    told = shell.json("proof", "verify", PROOF, *KNOWN)
    assert told["verified"] is True
    assert told["state"] == "REDEEMED"
    assert told["anchoring"] == "anchored, not checked"
    assert {one["step"] for one in told["not_checked"]} >= {1, 5, 7}


def test_what_the_reader_brings_is_checked(shell: Shell, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(golden_key() + "\n")
    told = shell.json("proof", "verify", PROOF, *KNOWN, "--key-file", key)
    status = {one["step"]: one["status"] for one in told["steps"]}
    assert (status[0], status[2], status[6]) == ("established", "established", "established")
    assert "the leaf is the reader's key" not in [one["what"] for one in told["not_checked"]]


def test_it_is_drawn_step_by_step_with_its_timeline(shell: Shell) -> None:
    drawn = shell.run("proof", "verify", PROOF, *KNOWN).stdout
    assert "key 3" in drawn
    for word in ("Established", "Not checked", "COMMISSION", "REDEEM", "Completeness", "replayed by nobody"):
        assert word in drawn
    for number in range(len(STEP_TITLES)):
        assert f"\n {number:>2}  " in drawn or f"\n{number:>2} " in drawn or f" {number}  " in drawn


def test_it_is_drawn_in_chinese(shell: Shell) -> None:
    drawn = shell.run("--lang", "zh-CN", "proof", "verify", PROOF, *KNOWN).stdout
    assert "证明成立" in drawn
    assert "时间线" in drawn


def test_it_comes_from_standard_input_too(shell: Shell) -> None:
    assert shell.json("proof", "verify", "-", *KNOWN, stdin=PROOF.read_text("utf-8"))["verified"] is True


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        ('"path":["4dfc', '"path":["5dfc', 2),
        ('"size":7', '"size":8', 3),
        ('"face_value":"50.00"', '"face_value":"500.0"', 3),
        ('"index":6', '"index":7', 4),
        ('"type":"card-key-provenance/proof/v1"', '"type":"card-key-provenance/proof/v2"', 0),
        ("keys.example/log\\n14", "keys.example/log\\n15", 4),
    ],
)
def test_a_tampered_proof_names_the_step(shell: Shell, tmp_path: Path, old: str, new: str, step: int) -> None:
    text = PROOF.read_text("utf-8")
    assert old in text
    file = tmp_path / "tampered.json"
    file.write_text(text.replace(old, new, 1), "utf-8")
    told = shell.run("proof", "verify", file, "--json", code=1)
    error = json.loads(told.stdout)["error"]
    assert error["step"] == step
    assert f"step {step}:" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--chain-id", "1", "--registry", GOLDEN["registry"]), "wrong_network"),
        (("--chain-id", "31337", "--registry", "0x" + "ab" * 20), "wrong_network"),
        (("--log-key", "other.example/log+00000000+AAAA"), "note_key_malformed"),
        (("--log-key", GOLDEN["receipt_key"]), "wrong_log"),
        (("--block-hash", "12", *map(str, NETWORK)), "block_hash_malformed"),
        (("--block-hash", "xy", *map(str, NETWORK)), "block_hash_malformed"),
        (("--block-hash", "00" * 32), "no_network"),
        (("--threshold", "1"), "witness_policy"),
        (("--chain-id", "31337", "--registry", "0x12"), "invalid_address"),
    ],
)
def test_what_the_reader_means_must_fit(shell: Shell, arguments: tuple[str, ...], code: str) -> None:
    told = shell.run("proof", "verify", PROOF, *arguments, code=1).stderr
    assert f"error[{code}]" in told or f"({code})" in told


@pytest.mark.parametrize("arguments", [("--chain-id", "1"), ("--node", "http://127.0.0.1:9")])
def test_half_a_network_is_a_wrong_call(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell.run("proof", "verify", PROOF, *arguments, code=2)


def test_a_node_that_is_down_is_no_verdict(shell: Shell) -> None:
    told = shell.run("proof", "verify", PROOF, *NETWORK, "--node", "http://127.0.0.1:9", code=3)
    assert "error[chain_unavailable]" in told.stderr


def test_another_key_is_rejected_without_being_repeated(shell: Shell) -> None:
    other = files.key_line(5)
    told = shell.run("proof", "verify", PROOF, "--key-file", "-", stdin=other, code=1)
    assert "step 1" in told.stderr
    assert other not in told.output
    assert files.secret(5) not in told.output


@pytest.mark.parametrize("text", ["", "two\nlines", "no key at all", "123\x00456"])
def test_what_is_no_key_is_refused_without_being_repeated(shell: Shell, text: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    told = shell.run("proof", "verify", PROOF, "--key-file", file, code=1)
    assert str(file) in told.stderr
    assert not text or text not in told.output


def test_a_missing_file_is_named(shell: Shell, tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"
    told = shell.run("proof", "verify", missing, code=1)
    assert "error[file_missing]" in told.stderr
    assert str(missing) in told.stderr


def test_an_oversized_file_is_refused_at_the_door(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    with file.open("wb") as large:
        large.truncate(MAX_BUNDLE_SIZE + 1)
    assert "error[bundle_too_large]" in shell.run("proof", "verify", file, code=1).stderr


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 4000, b"\xff\xfe", b'{"type":1,"type":1}', b"null"])
def test_what_is_no_proof_fails_at_step_0(shell: Shell, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "no.json"
    file.write_bytes(content)
    assert json.loads(shell.run("proof", "verify", file, "--json", code=1).stdout)["error"]["step"] == 0


def test_two_things_cannot_come_from_one_standard_input(shell: Shell) -> None:
    shell.run("proof", "verify", "-", "--key-file", "-", stdin="x", code=2)


def test_a_proof_is_made_checked_and_verified(world: World, registered: Callable[[int], str]) -> None:
    batch = registered(4)
    world.shell.run("worker", "--once")
    out = world.folder / "proof.json"
    made = world.shell.json(
        "proof", "make", "--handle", f"{batch}/2", "--out", out, "--token-file", world.token("Acme")
    )
    assert made["anchoring"] == "pending"
    told = world.shell.json("proof", "verify", out, code=CONSISTENT)
    assert (told["batch"], told["index"], told["state"]) == (batch, 2, "REGISTERED")
    assert files.secret(2) not in out.read_text()
    again = ("proof", "make", "--handle", f"{batch}/2", "--out", out, "--token-file", world.token("Acme"))
    assert "error[file_exists]" in world.shell.run(*again, code=1).stderr
    world.shell.run(*again, "--force")


def test_a_proof_that_opens_its_key_is_for_its_owner_alone(
    world: World, registered: Callable[[int], str]
) -> None:
    registered(4)
    world.shell.run("worker", "--once")
    out = world.folder / "proof.json"
    shown = ("--key-file", "-", "--format", files.FORMAT)
    told = world.shell.run(
        *("proof", "make", "--opening", *shown, "--out", out, "--token-file", world.token("Acme")),
        stdin=files.key_line(1),
    )
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "has the key" in told.stderr
    assert files.secret(1) in out.read_text()
    assert files.secret(1) not in told.output
    verify = ("proof", "verify", out, "--key-file", "-")
    world.shell.run(*verify, stdin=files.key_line(1), code=CONSISTENT)
    assert "step 1" in world.shell.run(*verify, stdin=files.key_line(2), code=1).stderr


def test_a_proof_too_early_says_so(world: World, registered: Callable[[int], str]) -> None:
    batch = registered(2)
    arguments = ("proof", "make", "--handle", f"{batch}/0", "--token-file", world.token("Acme"))
    assert "error[not_sequenced_yet]" in world.shell.run(*arguments, code=1).stderr
    world.shell.run("worker", "--once")
    assert "error[not_anchored_yet]" in world.shell.run(*arguments, "--anchored", code=1).stderr


class _Liar(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        told = {
            "id": "x",
            "key": {"batch": "../elsewhere/0000", "index": "/../../lie"},
            "bundle": json.loads(PROOF.read_text("utf-8")),
        }
        answer = json.dumps(told).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def liar() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Liar)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_pipe_is_no_file_to_wait_for(shell: Shell, tmp_path: Path) -> None:
    pipe = tmp_path / "key.provenance.json"
    with held_pipe(pipe):
        for asked in (("proof", "verify", pipe), ("proof", "verify", PROOF, "--key-file", pipe)):
            told = shell.json(*asked, code=1)["error"]
            assert (told["code"], "not a regular file" in told["message"]) == ("file_unusable", True)


def test_what_a_shell_hands_over_is_read(shell: Shell) -> None:
    reading, writing = os.pipe()
    os.write(writing, golden_key().encode())
    os.close(writing)
    with os.fdopen(reading):
        told = shell.json("proof", "verify", PROOF, *KNOWN, "--key-file", f"/dev/fd/{reading}")
    assert "the leaf is the reader's key" not in [one["what"] for one in told["not_checked"]]


def made_by(liar: str, shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch, index: int) -> Any:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PROVENANCE_TOKEN", "ckp_test")
    batch = shell.json("proof", "verify", PROOF, *KNOWN)["batch"]
    code = 0 if index == GOLDEN["bundle"]["key"]["index"] else 1
    return batch, shell.run("proof", "make", "--handle", f"{batch}/{index}", "--url", liar, code=code)


def test_a_service_does_not_choose_where_the_proof_is_written(
    liar: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    batch, _ = made_by(liar, shell, folder, monkeypatch, 3)
    assert [path.name for path in folder.iterdir()] == [f"{batch[:16]}-3.provenance.json"]


def test_the_proof_of_another_key_is_not_taken_for_the_one_asked_for(
    liar: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, told = made_by(liar, shell, tmp_path, monkeypatch, 2)
    assert "error[proof_of_another_key]" in told.stderr
    assert list(tmp_path.glob("*.provenance.json")) == []
