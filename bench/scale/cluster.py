"""A whole service over several machines: two databases that follow one another, APIs, workers, a shop."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.scale.clients import Clients
from bench.scale.hosts import Host
from bench.scale.postgres import DATABASE, Server, url_of
from bench.scale.service import ORIGIN, Common, Process, initialised
from bench.shop import stocked
from provenance import keyfiles
from provenance.bootstrap import build_context
from provenance.core.notes import verifier_key
from provenance.services.identity import verify_identity


@dataclass(slots=True)
class Cluster:
    """What runs; ``primary`` and ``standby`` change places when the standby is promoted."""

    common: Common
    password: str
    primary: Server
    standby: Server
    apis: list[Process]
    workers: list[Process]
    clients: Clients
    keys: int

    def leader(self) -> Process | None:
        """The worker that holds the sequencer's lease, by its process id."""
        rows = self.primary.run(
            "SELECT holder FROM lease WHERE name = 'sequencer' AND expires_at > 0", DATABASE
        )
        pid = int(str(rows[0][0]).split("/")[1]) if rows else None
        return next((worker for worker in self.workers if pid is not None and worker.pid == pid), None)

    def lead_taken_after(self, worker: Process) -> None:
        """Wait until another worker than *worker* leads; raises ``TimeoutError``."""
        until(lambda: self.leader() not in (None, worker), "nobody took the lead", 60)

    def goes(self) -> None:
        """Wait until all of it is at work: sales, verdicts from the replica, some checkpoints."""
        self.replica_serves()
        until(lambda: len(self.clients.records.heads) >= 3, "the log does not grow", 60)

    def replica_serves(self) -> None:
        """Wait until a verdict came from a replica; raises ``TimeoutError``."""
        before = self.clients.records.from_replica
        until(lambda: self.clients.records.from_replica > before, "no verdict came from the replica", 60)


@dataclass(frozen=True, slots=True)
class Plan:
    """How large: keys of the shop, APIs, workers; ``durable`` is fsync."""

    keys: int = 20_000
    apis: int = 2
    workers: int = 2
    sellers: int = 4
    durable: bool = True


@contextlib.contextmanager
def running(folder: Path, host: Callable[[str], Host], plan: Plan) -> Iterator[Cluster]:
    """Bring everything up on machines that *host* makes by name, and everything down again."""
    folder.mkdir(parents=True, exist_ok=True)
    password = secrets.token_hex(12)
    primary, standby = (Server(host(name), folder, password, durable=plan.durable) for name in ("db1", "db2"))
    processes: list[Process] = []
    try:
        primary.create()
        primary.start()
        primary.run(f"CREATE DATABASE {DATABASE}")
        common = _common(folder, password, primary, standby)
        token = _stocked(common, plan.keys)
        standby.follow(primary)
        standby.start()
        primary.require_copy(standby)
        apis = [Process(host(f"api{n + 1}"), common, "serve") for n in range(plan.apis)]
        workers = [Process(host(f"worker{n + 1}"), common, "worker") for n in range(plan.workers)]
        processes += [*apis, *workers]
        for process in processes:
            process.start()
        for api in apis:
            api.wait()
        key = verifier_key(ORIGIN, keyfiles.load(common.secrets, "log.key"))
        clients = Clients([api.url for api in apis], token, plan.keys, key, sellers=plan.sellers)
        yield Cluster(common, password, primary, standby, apis, workers, clients, plan.keys)
    finally:
        for one in (*processes, primary, standby):
            one.kill()


def _common(folder: Path, password: str, *servers: Server) -> Common:
    return Common(
        folder,
        {
            "DATABASE_URL": url_of(list(servers), password),
            "REPLICA_URL": url_of(list(servers), password, "prefer-standby"),
            "HEAD_FILE": str(folder / "head" / "head.json"),
        },
    )


def _stocked(common: Common, keys: int) -> str:
    """Initialise the service and register a shop's keys; its bearer token."""
    context = build_context(initialised(common))
    try:
        verify_identity(context)
        return stocked(context, keys)
    finally:
        context.database.dispose()


def until(is_so: Callable[[], bool], what: str, seconds: float) -> None:
    """Wait until *is_so*; raises ``TimeoutError``."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)
