"""The commands as processes: served by granian, anchored on a real chain, and verified with it gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from provenance.chain.toolchain import is_installed
from provenance.client import ProvenanceClient, Transport
from provenance.errors import Unavailable
from tests.cli.conftest import Shell, World
from tests.support.parts import missing_part
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "vectors" / "golden.json"


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``provenance …`` as a process of its own, ended with the block."""
    command = [sys.executable, "-m", "provenance", *arguments]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.wait(10)


def outside(*arguments: str) -> dict[str, Any]:
    """The answer of a command in a process of its own: what it starts outlives it."""
    command = [sys.executable, "-m", "provenance", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return ProvenanceClient(Transport(url)).health()["status"] == "ok"
    except Unavailable:
        return False


def is_open(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_the_api_serves_until_it_is_told_to_stop(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.run("init")
    port = free_port()
    monkeypatch.setenv("PROVENANCE_PORT", str(port))
    monkeypatch.setenv("PROVENANCE_API_WORKERS", "1")
    with process("serve") as serving:
        until(lambda: answers(f"http://127.0.0.1:{port}"))
        serving.send_signal(signal.SIGTERM)
        output, words = serving.communicate(timeout=30)
    assert serving.returncode == 0
    assert "Traceback" not in output + words


@pytest.mark.slow
def test_a_witness_saves_its_replay_when_it_is_told_to_stop(shell: Shell, tmp_path: Path) -> None:
    log_key, port = json.loads(GOLDEN.read_text("utf-8"))["bundle"]["log"]["key"], free_port()
    shell.run("witness", "init", "--folder", tmp_path, "--name", "w.example/one")
    asked = (
        "--folder",
        str(tmp_path),
        "--name",
        "w.example/one",
        "--log",
        str(tmp_path),
        "--log-key",
        log_key,
    )
    with process("witness", "run", *asked, "--port", str(port)) as witnessing:
        until(lambda: is_open(port))
        witnessing.send_signal(signal.SIGTERM)
        _, words = witnessing.communicate(timeout=30)
    assert (witnessing.returncode, "Traceback" in words) == (0, False)
    assert (tmp_path / "replay.snapshot").exists()


@pytest.mark.slow
def test_the_worker_sequences_until_it_is_told_to_stop(shell: Shell) -> None:
    shell.run("init")
    with process("worker") as working:
        until((shell.home / "head" / "head.json").exists)
        working.send_signal(signal.SIGTERM)
        output, words = working.communicate(timeout=30)
    assert working.returncode == 0
    assert output == ""
    assert "Traceback" not in words


@pytest.mark.slow
def test_what_was_meant_for_a_reader_who_left_is_no_traceback(shell: Shell) -> None:
    shell.run("init")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        command = [sys.executable, "-m", "provenance", "party", "list"]
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert "Traceback" not in done.stderr


@pytest.fixture
def chain_url(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A testnet started and stopped by the commands, the registry deployed."""
    if not is_installed(ROOT):
        missing_part("Hardhat", "run `make setup`")
    url = outside("chain", "up", "--port", "0", "--project", str(ROOT))["url"]
    monkeypatch.setenv("PROVENANCE_CHAIN_URL", url)
    monkeypatch.setenv("PROVENANCE_CONFIRMATIONS", "1")
    try:
        deployed = shell.json("chain", "deploy")
        assert deployed["transaction"]
        yield url
    finally:
        shell.run("chain", "down", "--project", ROOT)


@pytest.mark.node
def test_a_proof_anchored_on_a_real_chain_is_checked_by_node_and_by_block_hash(
    chain_url: str, world: World, registered: Callable[[int], str]
) -> None:
    batch = registered(3)
    assert world.shell.json("anchor", "--here", "--timeout", 60)["anchored"]
    out = world.folder / "proof.json"
    made = ("proof", "make", "--handle", f"{batch}/1", "--anchored", "--state-proof", "--out", out)
    world.shell.run(*made, "--token-file", world.token("Acme"))
    status = world.shell.json("chain", "status")["chain"]
    network = ("--chain-id", status["chain_id"], "--registry", status["registry"])
    by_node = world.shell.json("proof", "verify", out, *network, "--node", chain_url)
    assert by_node["anchoring"] == "anchored"
    header = json.loads(out.read_text())["state_proof"]["header"]
    trusted = block_hash(bytes.fromhex(header))
    by_hash = world.shell.json("proof", "verify", out, *network, "--block-hash", trusted)
    assert by_hash["anchoring"] == "anchored"
    other = ("proof", "verify", out, *network, "--block-hash", "00" * 32)
    assert "step 7" in world.shell.run(*other, code=1).stderr


def block_hash(header: bytes) -> str:
    from provenance.core.digests import keccak256

    return keccak256(header).hex()


@pytest.mark.node
def test_a_wiped_chain_is_deployed_to_the_same_address(chain_url: str, shell: Shell) -> None:
    before = shell.json("chain", "deploy")
    assert before["transaction"] is None
    assert outside("chain", "wipe", "--project", str(ROOT))["url"] == chain_url
    problem = shell.json("chain", "status")["chain"]["problem"]
    assert problem["code"] == "registry_missing"
    again = shell.json("chain", "deploy")
    assert again["registry"] == before["registry"]
    assert again["transaction"]
