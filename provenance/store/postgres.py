"""An embedded PostgreSQL: a private server from a package, for a machine that has none installed.

The server listens on a Unix socket in a folder that only its own user can enter, and there trusts who comes;
on request also on a loopback port, with a random password. Started by root, it runs as an unprivileged
user: PostgreSQL refuses to be root. It lives no longer than its launcher, however that one ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote

from provenance.errors import StoreUnavailable
from provenance.store.postgres_install import data_folder, find_install, socket_folder, unprivileged
from provenance.store.processes import alive, end_group, first_number, free_port, private

START_SECONDS = 60.0
"""How long a server may take to come up; crash recovery on a busy disk is the slow case."""

_SETTINGS = {
    # A failing statement in the log would show its values, and those may be card keys.
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "max_connections": "200",
    "timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One PostgreSQL server over the folder *data_dir*, made there on first start.

    ``durable=False`` turns fsync off: for tests, never for data that matters. ``tcp=True`` adds a loopback
    port. Every failure is a ``StoreUnavailable`` that says what to do.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, tcp: bool = False) -> None:
        self._identity = unprivileged()
        self.data_dir = data_folder(data_dir.absolute(), self._identity, durable=durable)
        self._durable = durable
        self._port = free_port() if tcp else 5432
        self._tcp = tcp
        self._cluster = self.data_dir / "cluster"
        self._install = find_install(self._identity)
        self._server: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._socket_dir: Path | None = None
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the server, which leads its own process group; ``None`` when it is stopped."""
        return self._server.pid if self._server is not None else None

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of *database* over the Unix socket; holds no secret."""
        if self._socket_dir is None:
            raise StoreUnavailable("This PostgreSQL is not running: start it first.", code="postgres_stopped")
        host = quote(str(self._socket_dir), safe="")
        return f"postgresql+psycopg://postgres@/{quote(database)}?host={host}&port={self._port}"

    def tcp_url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of *database* over the loopback port. It holds the password: do not log it."""
        if not self._tcp or self._server is None:
            raise StoreUnavailable("No loopback port: start with tcp=True.", code="postgres_stopped")
        password = (self.data_dir / "password").read_text(encoding="ascii")
        return f"postgresql+psycopg://postgres:{password}@127.0.0.1:{self._port}/{quote(database)}"

    def start(self) -> None:
        """Bring the server up, recovering from whatever the last one left; returns once it answers."""
        if self._server is not None:
            return
        self._take_folder()
        try:
            self._clear_leftover()
            if not (self._cluster / "PG_VERSION").exists():
                self._create_cluster()
            self._socket_dir = self._new_socket_folder()
            self._launch(self._socket_dir)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down: connections are cut, what was committed is kept. Stopping twice is harmless."""
        if self._watcher is not None:
            end_group(self._watcher)
            self._watcher = None
        if self._server is not None:
            self._shut_down(self._server)
            self._server = None
        if self._socket_dir is not None:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL to its whole group); ``start`` recovers it."""
        if self._server is not None:
            end_group(self._server)
        self._server = None
        self.stop()

    # -- the folder -----------------------------------------------------------------------------

    def _take_folder(self) -> None:
        """Hold a lock for the launcher's life, so that a server found running is known to be nobody's."""
        # The folder stays the launcher's, with only the cluster inside given away: root must not be led by
        # a link that the server's user planted where root is about to write.
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o711 if self._identity.changes else 0o700)
        lock = open(self.data_dir / "launcher.lock", "ab", opener=private)  # noqa: SIM115 - held for the launcher's life
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise StoreUnavailable(
                f"Another process runs PostgreSQL over {self.data_dir}: stop it, or use its URL.",
                code="postgres_in_use",
            ) from error
        self._lock = lock

    def _clear_leftover(self) -> None:
        """Stop the server of a launcher that was killed; forget a process id that is now someone else's."""
        pid_file = self._cluster / "postmaster.pid"
        pid = first_number(pid_file)
        if pid is None or not alive(pid):
            return  # PostgreSQL clears a dead one's file itself, after it has checked the shared memory
        if self._is_ours(pid):
            self._run("pg_ctl", "stop", "-D", str(self._cluster), "-m", "fast", "-t", "60")
        else:
            pid_file.unlink()

    def _new_socket_folder(self) -> Path:
        """A folder for this run's socket; that of a run that was killed is removed first."""
        note = self.data_dir / "socket-folder"
        if note.exists():
            shutil.rmtree(note.read_text(encoding="utf-8"), ignore_errors=True)
        folder = socket_folder(self._identity)
        note.write_text(str(folder), encoding="utf-8")
        return folder

    def _is_ours(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return os.fsencode(self._cluster) in words
        listed = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return str(self._cluster) in listed.stdout

    def _create_cluster(self) -> None:
        shutil.rmtree(self._cluster, ignore_errors=True)  # a half-made one has no PG_VERSION yet
        password = self.data_dir / "password"
        password.unlink(missing_ok=True)
        with open(password, "w", encoding="ascii", opener=private) as file:
            file.write(secrets.token_urlsafe(24))
        draft = self.data_dir / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        for path in (password, draft):
            self._identity.own(path)
        options = ["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256"]
        options += ["--encoding=UTF8", "--locale=C", f"--pwfile={password}"]
        self._run("initdb", *options, *([] if self._durable else ["--no-sync"]), "-D", str(draft))
        draft.rename(self._cluster)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._install.program(program)), *arguments],
            **self._as_server_user(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            tail = done.stderr.decode(errors="replace").strip()[-600:]
            raise StoreUnavailable(f"PostgreSQL's {program} failed: {tail}", code="postgres_failed")

    def _as_server_user(self) -> dict[str, Any]:
        return {**self._identity.options(), "env": self._install.environment(), "cwd": self.data_dir}

    # -- the processes --------------------------------------------------------------------------

    def _launch(self, socket_dir: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._server = self._spawn(socket_dir)
            if self._wait_ready(self._server, deadline):
                break
            self._server = None
            # The backends of a killed server need a moment to notice and let go of its shared memory.
            if "shared memory block" not in self._log_tail() or time.monotonic() > deadline:
                raise StoreUnavailable(
                    f"PostgreSQL did not start: {self._log_tail()}", code="postgres_failed"
                )
            time.sleep(0.2)
        self._watch(socket_dir)

    def _spawn(self, socket_dir: Path) -> subprocess.Popen[bytes]:
        settings = dict(_SETTINGS) if self._durable else {**_SETTINGS, **_NOT_DURABLE}
        settings["unix_socket_directories"] = str(socket_dir)
        settings["listen_addresses"] = "127.0.0.1" if self._tcp else ""
        settings["port"] = str(self._port)
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with open(self.data_dir / "postgres.log", "wb", opener=private) as log:
            return subprocess.Popen(
                [str(self._install.program("postgres")), "-D", str(self._cluster), *flags],
                **self._as_server_user(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C at the launcher must not cut the database first
            )

    def _wait_ready(self, server: subprocess.Popen[bytes], deadline: float) -> bool:
        """Whether *server* came to accept connections: its ``postmaster.pid`` then ends in ``ready``."""
        pid_file = self._cluster / "postmaster.pid"
        while server.poll() is None:
            with contextlib.suppress(OSError):
                lines = pid_file.read_text(encoding="utf-8").splitlines()
                if lines[:1] == [str(server.pid)] and lines[-1].strip() == "ready":
                    return True
            if time.monotonic() > deadline:
                end_group(server)
                raise StoreUnavailable(
                    "PostgreSQL took too long to start: try again.", code="postgres_failed"
                )
            time.sleep(0.02)
        return False

    def _watch(self, socket_dir: Path) -> None:
        """Have the server stopped when this process dies, even by SIGKILL.

        A shell waits on a pipe that only this process holds open.
        """
        stop = [str(self._install.program("pg_ctl")), "stop", "-s", "-D", str(self._cluster), "-m", "fast"]
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", f"read -r line; {shlex.join(stop)}; rmdir {shlex.quote(str(socket_dir))}"],
            **self._as_server_user(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _shut_down(self, server: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            server.send_signal(signal.SIGINT)  # "fast": cut the connections, write a checkpoint
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            end_group(server)

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError):
            return (self.data_dir / "postgres.log").read_text(errors="replace").strip()[-600:]
        return "it left no log"
