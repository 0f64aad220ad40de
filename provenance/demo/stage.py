"""The stage: a local testnet, a worker and an API as processes of their own, all below one folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

import requests

from provenance.chain.registry import expected_address
from provenance.chain.signer import Signer
from provenance.chain.testnet import LocalTestnet
from provenance.chain.toolchain import ensure_node_modules
from provenance.demo.story import PromiseBroken
from provenance.errors import InputRefused

PROJECT: Final = Path(__file__).resolve().parents[2]
MARKER: Final = ".card-key-provenance-demo"
"""Lies in a folder that a demo made: only such a one may be emptied by the next."""
ORIGIN: Final = "demo.example/log"
ESCROW: Final = "0x" + expected_address(Signer.test_account(0).address, 1).hex()
"""Where the worker puts the escrow of a local chain: transaction 1 of the registry's deployer."""
_PATIENCE_SECONDS: Final = 60.0


class Stage:
    """Everything the demo starts; *folder* is emptied first. Stopping it leaves only files.

    Raises :class:`InputRefused` (``folder_not_empty``) for a folder that holds what no demo made.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder = folder.absolute()
        self._clear()
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True)
        self.home = self.folder / "home"
        self.testnet = LocalTestnet(PROJECT, state_dir=self.folder / "testnet")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._files: list[IO[bytes]] = []

    def raise_chain(self) -> str:
        """Start the local testnet; its JSON-RPC address."""
        ensure_node_modules(PROJECT)
        return self.testnet.start()

    def initialise(self) -> str:
        """``provenance init`` and a credential for its operator; the bearer token."""
        operator = json.loads(self.run("init", "--json"))["operator"]
        return str(
            json.loads(self.run("credential", "issue", operator, "--label", "demo", "--json"))["token"]
        )

    def raise_worker(self) -> None:
        """Start the worker and leave it to its beat."""
        self._start("worker", "worker")

    def raise_api(self) -> None:
        """Start the API; return when it answers."""
        self._start("api", "serve")
        self._until_it_answers()

    def run(self, *arguments: str, code: int = 0) -> str:
        """One ``provenance`` command to its end, which is *code*; its output.

        Raises :class:`PromiseBroken`.
        """
        done = subprocess.run(
            [sys.executable, "-m", "provenance", *arguments],
            env=self.environment(),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode != code:
            said = done.stderr.strip()[-800:]
            raise PromiseBroken(f"provenance {arguments[0]} ended with {done.returncode}: {said}")
        return done.stdout

    def stop(self, *names: str) -> None:
        """Stop the named processes, or all of them."""
        for name in names or tuple(reversed(self._processes)):
            process = self._processes.pop(name, None)
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def kill(self, name: str) -> None:
        """SIGKILL to a process and all of its children, as a machine that loses power."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """Stop everything, the testnet too."""
        self.stop()
        self.testnet.stop()
        for file in self._files:
            file.close()

    def environment(self) -> dict[str, str]:
        """The settings of this stage, as every process of it gets them."""
        settings = {
            "HOME": str(self.home),
            "ORIGIN": ORIGIN,
            "PORT": str(self.port),
            "API_WORKERS": "2",
            "CHAIN_ID": "31337",
            "CONFIRMATIONS": "1",
            "CHECKPOINT_SECONDS": "0.2",
            "BEACON_SECONDS": "0",
            "PUBLIC_CHECKS_PER_HOUR": "1000",
        }
        if self.testnet.is_running:
            settings |= {"CHAIN_URL": self.testnet.url, "ESCROW": ESCROW}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PROVENANCE_")}
        return inherited | {f"PROVENANCE_{name}": value for name, value in settings.items()}

    def _start(self, name: str, *command: str) -> None:
        log = (self.logs / f"{name}.log").open("ab")
        self._files.append(log)
        self._processes[name] = subprocess.Popen(
            [sys.executable, "-m", "provenance", *command],
            env=self.environment(),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _until_it_answers(self) -> None:
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            if self._processes["api"].poll() is not None:
                break
            try:
                if requests.get(f"{self.url}/v1/health", timeout=2).status_code < 500:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        raise PromiseBroken(f"the API does not answer; see {self.logs / 'api.log'}")

    def _clear(self) -> None:
        _require_ours(self.folder)
        # A testnet that an earlier, killed demo left behind would go on writing into the folder.
        if (self.folder / "testnet").exists():
            LocalTestnet(PROJECT, state_dir=self.folder / "testnet").stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MARKER).touch()


def _require_ours(folder: Path) -> None:
    if (folder / MARKER).is_file() or not folder.exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise InputRefused(
            f"{folder} holds things that no demo made, and the demo empties its folder; name an empty one",
            code="folder_not_empty",
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
