"""PostgreSQL servers that follow one another, each on its host, from the packaged programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from bench.scale.hosts import Host
from provenance.store.postgres_install import find_install, unprivileged

DATABASE = "provenance"
_PATIENCE_SECONDS = 60.0
_SETTINGS = {
    "timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "log_min_error_statement": "panic",
    "hot_standby": "on",
    # A cut is noticed in seconds; the defaults are a minute each.
    "wal_receiver_timeout": "5s",
    "wal_sender_timeout": "5s",
    "wal_retrieve_retry_interval": "1s",
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "4",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class Server:
    """One server over *folder*; its password is *password*, for programs of these measurements alone."""

    def __init__(self, host: Host, folder: Path, password: str, *, durable: bool = True) -> None:
        self.host = host
        self.folder = folder / host.name
        self.port = host.port("postgres", 5432)
        self._password = password
        self._durable = durable
        self._identity = unprivileged()
        self._install = find_install(self._identity)
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, self.folder):
            path.chmod(0o711)

    @property
    def name(self) -> str:
        return self.host.name

    def create(self) -> None:
        """A new cluster that lets replicas in."""
        secret = self.folder / "password"
        secret.write_text(self._password)
        secret.chmod(0o600)
        self._own_folder()
        self._identity.own(secret)
        options = ["--username=postgres", "--auth-local=reject", "--auth-host=scram-sha-256", "--no-sync"]
        self._run(
            "initdb", *options, "--encoding=UTF8", "--locale=C", f"--pwfile={secret}", "-D", str(self._data)
        )
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write("host all,replication postgres 0.0.0.0/0 scram-sha-256\n")

    def follow(self, primary: Server) -> None:
        """Be a fresh copy of *primary* that streams from it; whatever was here before is gone."""
        shutil.rmtree(self._data, ignore_errors=True)
        self._own_folder()
        where = f"host={primary.host.address} port={primary.port} user=postgres application_name={self.name}"
        self._run(
            "pg_basebackup",
            "-d",
            where,
            "-D",
            str(self._data),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        )
        # -R writes the password down; the next primary is asked under the same one.

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = (self.folder / "postgres.log").open("ab")
        self._process = subprocess.Popen(
            self._as_user("postgres", "-D", str(self._data), *self._settings()),
            env=self._environment(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        log.close()
        self.wait_until("SELECT 1", 1)

    def kill(self) -> None:
        """As a machine that loses power: the whole group by SIGKILL."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            # Its children are in groups of their own and end when they see that it is gone.
            self._process = None

    def promote(self) -> None:
        """Let it write; returns when it does."""
        self.run("SELECT pg_promote(true, 60)")
        self.run("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.run("SELECT pg_reload_conf()")

    def require_copy(self, standby: Server) -> None:
        """From now on nothing is committed that *standby* has not written down too."""
        self.run(f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({standby.name})'")
        self.run("SELECT pg_reload_conf()")
        state = f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{standby.name}'"
        self.wait_until(state, "sync")

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """The rows of one statement, in autocommit."""
        with self._connected(database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def wait_until(self, statement: str, expected: object) -> None:
        """Ask until the first value is *expected*; raises ``TimeoutError``."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(psycopg.OperationalError):
                rows = self.run(statement)
                if rows and rows[0][0] == expected:
                    return
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise TimeoutError(
            f"{self.name}: {statement!r} never gave {expected!r}; see {self.folder}/postgres.log"
        )

    @contextlib.contextmanager
    def _connected(self, database: str) -> Iterator[psycopg.Connection]:
        connection = psycopg.connect(
            host=self.host.address, port=self.port, user="postgres", password=self._password, dbname=database,
            autocommit=True, connect_timeout=5,
        )  # fmt: skip
        try:
            yield connection
        finally:
            connection.close()

    def _settings(self) -> list[str]:
        settings = {
            **_SETTINGS,
            **({} if self._durable else _NOT_DURABLE),
            "listen_addresses": self.host.address,
            "port": str(self.port),
            "unix_socket_directories": "",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _own_folder(self) -> None:
        self._identity.own(self.folder)

    def _as_user(self, program: str, *arguments: str) -> list[str]:
        words = [str(self._install.program(program)), *arguments]
        if self._identity.changes:
            who = (
                "setpriv",
                f"--reuid={self._identity.uid}",
                f"--regid={self._identity.gid}",
                "--clear-groups",
            )
            words = [*who, "--", *words]
        return self.host.command(*words)

    def _environment(self) -> dict[str, str]:
        return {**self._install.environment(), "PGPASSWORD": self._password}

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            self._as_user(program, *arguments), env=self._environment(), cwd=self.folder,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')[-600:]}")


def url_of(servers: list[Server], password: str, wanted: str = "read-write", database: str = DATABASE) -> str:
    """The SQLAlchemy URL of whichever of *servers* is the one wanted (libpq's ``target_session_attrs``)."""
    hosts = "&".join(f"host={one.host.address}:{one.port}" for one in servers)
    return f"postgresql+psycopg://postgres:{password}@/{database}?{hosts}&target_session_attrs={wanted}"
