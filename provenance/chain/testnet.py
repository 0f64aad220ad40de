"""The local testnet: a Hardhat node on loopback, started and stopped by us, its chain gone when it stops.

Three files in the state folder say what is going on, and none of them can lie after a crash:
``testnet.lock`` is held (flock) by the node itself through an inherited descriptor, so the lock is
held exactly while the node lives, whatever became of who started it; ``testnet.pid`` is written by
the process that becomes the node; ``testnet.log`` is its output, which names its port.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from provenance.chain.toolchain import hardhat_command, hardhat_environment
from provenance.errors import ChainMismatch, ChainUnavailable, InputRefused

TESTNET_CHAIN_ID = 31337
"""Where the well-known accounts are allowed."""

TESTNET_DEPLOYER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
"""Account 0 of the testnet: deploys the registry, and does nothing else."""

TESTNET_ANCHORER = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
"""Account 1 of the testnet: anchors checkpoints."""

TESTNET_REGISTRY = "0x5fbdb2315678afecb367f032d93f642f64180aa3"
"""Where the registry comes to lie: deployed by account 0 at nonce 0."""

START_TIMEOUT_SECONDS = 90.0
"""Two seconds on an idle machine; a loaded one gets its time."""

STOP_TIMEOUT_SECONDS = 5.0
"""The node keeps nothing that it would have to save: after this it is killed."""

_POLL_SECONDS = 0.05
_ANSWER_SECONDS = 5.0
_LAST_WORDS = 600
_LISTENING = re.compile(r"JSON-RPC server at http://127\.0\.0\.1:(\d{1,5})/")

# The shell becomes the node (exec), so the number it writes is the node's, and no moment exists in
# which a node runs whose number nobody wrote down.
_LAUNCHER = 'echo $$ > "$0" && exec "$@"'


class LocalTestnet:
    """A Hardhat node of chain id 31337 on 127.0.0.1, one for each *state_dir*.

    *project_dir* is the checkout with hardhat.config.js and node_modules; *port* 0 takes a free
    one. Whoever starts it again with the same *state_dir* gets the one that runs already, also
    after its first owner was killed; whoever stops it stops it for all.
    """

    def __init__(self, project_dir: Path, port: int = 0, state_dir: Path | None = None) -> None:
        if not 0 <= port <= 65535:
            raise InputRefused("A port lies between 0 (any free one) and 65535.", code="invalid_setting")
        # Absolute, without following links: a checkout may be reached through one on purpose.
        self._project = project_dir.absolute()
        self._port = port
        self._state = (state_dir or self._project / "var" / "testnet").absolute()
        self._pid_file = self._state / "testnet.pid"
        self._log = self._state / "testnet.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LocalTestnet:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it answers JSON-RPC. Raises ChainUnavailable (``testnet_not_running``)."""
        port = self._listening_port() if self.is_running else None
        if port is None:
            raise ChainUnavailable(
                "The local testnet is not running: start it first.", code="testnet_not_running"
            )
        return f"http://127.0.0.1:{port}"

    @property
    def is_running(self) -> bool:
        """Whether the node's process lives, whoever started it."""
        if not self._state.is_dir():
            return False
        lock = self._try_lock(fcntl.LOCK_SH)
        if lock is None:
            return True
        os.close(lock)
        return False

    def start(self) -> str:
        """Starts the node unless it runs, waits until it answers, and gives its URL.

        Raises ChainUnavailable (``hardhat_missing``, ``node_missing``, ``testnet_failed``) and
        ChainMismatch where it runs on another port than the one asked for.
        """
        command = self._command()
        self._make_state_folder()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        launched = False
        while time.monotonic() < deadline:
            lock = self._try_lock(fcntl.LOCK_EX)
            if lock is None:
                port = self._listening_port()
                if port is not None and _chain_id(port) == TESTNET_CHAIN_ID:
                    return self._welcome(port)
            elif launched:
                self._reap()
                os.close(lock)
                raise ChainUnavailable(
                    f"The local testnet did not start; its last words: {self._last_words()}",
                    code="testnet_failed",
                )
            else:
                self._launch(command, lock)
                launched = True
            time.sleep(_POLL_SECONDS)
        if launched:
            self.stop()
        raise ChainUnavailable(
            f"The local testnet did not answer within {START_TIMEOUT_SECONDS:.0f} s; see {self._log}.",
            code="testnet_failed",
        )

    def stop(self) -> None:
        """Stops the node and everything it started, whoever started it; nothing to do is no error."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
            while self.is_running and time.monotonic() < deadline:
                self._signal(number)
                time.sleep(_POLL_SECONDS)
        if self.is_running:
            raise ChainUnavailable(
                f"The local testnet in {self._state} does not stop; end it by hand.", code="testnet_failed"
            )
        self._reap()
        self._forget()

    def wipe(self) -> str:
        """Starts over with an empty chain on the same port, and gives its URL."""
        port = self._listening_port() if self.is_running else None
        self.stop()
        asked, self._port = self._port, port or self._port
        try:
            return self.start()
        finally:
            self._port = asked

    def _make_state_folder(self) -> None:
        try:
            self._state.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable() from error

    def _unwritable(self) -> ChainUnavailable:
        return ChainUnavailable(
            f"The state folder {self._state} of the local testnet cannot be written.", code="testnet_failed"
        )

    def _command(self) -> list[str]:
        # By default Hardhat listens to the whole network where it believes to be in a container.
        return hardhat_command(self._project, "node", "--hostname", "127.0.0.1", "--port", str(self._port))

    def _launch(self, command: list[str], lock: int) -> None:
        self._reap()
        self._pid_file.unlink(missing_ok=True)
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", _LAUNCHER, str(self._pid_file), *command],
                    cwd=self._project,
                    env=hardhat_environment(self._state / "home"),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # A group of its own: a Ctrl-C meant for us must not end the chain under the others,
                    # and stopping reaches all of it.
                    start_new_session=True,
                    pass_fds=(lock,),
                )
        finally:
            os.close(lock)

    def _welcome(self, port: int) -> str:
        if self._port not in (0, port):
            raise ChainMismatch(
                f"The local testnet of {self._state} runs on port {port}, not {self._port}: stop it first, "
                "or use another state folder.",
                code="testnet_elsewhere",
            )
        # A line for every call would fill the disk.
        _call(port, "hardhat_setLoggingEnabled", False)
        return f"http://127.0.0.1:{port}"

    def _try_lock(self, kind: int) -> int | None:
        """A descriptor that holds the lock, or None while the node does."""
        try:
            descriptor = os.open(self._state / "testnet.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable() from error
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _reap(self) -> None:
        """Takes leave of a node of ours whose lock is free, so that it is gone or about to be."""
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _forget(self) -> None:
        """Removes the number of a node that is gone; under the lock, for another may be starting."""
        lock = self._try_lock(fcntl.LOCK_EX) if self._state.is_dir() else None
        if lock is not None:
            self._pid_file.unlink(missing_ok=True)
            os.close(lock)

    def _signal(self, number: signal.Signals) -> None:
        """To the node's whole group. The lock is held, so the number written down is not a stranger's."""
        with contextlib.suppress(OSError, ValueError):
            group = int(self._pid_file.read_text())
            if group > 1:
                os.killpg(group, number)

    def _listening_port(self) -> int | None:
        with contextlib.suppress(OSError):
            found = _LISTENING.search(self._log.read_text(encoding="utf-8", errors="replace"))
            return int(found[1]) if found else None
        return None

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return self._log.read_text(encoding="utf-8", errors="replace").strip()[-_LAST_WORDS:]
        return "(none)"


def _call(port: int, method: str, *parameters: Any) -> Any:
    """The result of one JSON-RPC call, or None if there is none; never through a proxy."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer.get("result") if isinstance(answer, dict) else None


def _chain_id(port: int) -> int | None:
    answer = _call(port, "eth_chainId")
    return int(answer, 16) if isinstance(answer, str) and re.fullmatch(r"0x[0-9a-f]{1,16}", answer) else None
