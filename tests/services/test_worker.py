"""The worker: a chore in trouble stops no other, and SIGTERM ends it between two rounds."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import structlog

from provenance.errors import ChainUnavailable, Unavailable
from provenance.services.logreader import LogReader
from provenance.store.database import Database
from provenance.worker import Chore, Pace, Worker, make_worker
from tests.services.ledger_world import HandClock, World

ROOT = Path(__file__).resolve().parents[2]


def chore(name: str, done: list[str], failure: Exception | None = None) -> Chore:
    def work() -> list[str]:
        done.append(name)
        if failure is not None:
            raise failure
        return []

    return Chore(name, 0.001, work)


def test_a_chore_that_fails_stops_no_other() -> None:
    done: list[str] = []
    failures = [ChainUnavailable("down"), RuntimeError("secret-in-a-foreign-message")]
    chores = [
        chore("one", done, failures[0]),
        chore("two", done, failures[1]),
        chore("three", done),
    ]
    worker = Worker(chores, HandClock())
    with structlog.testing.capture_logs() as logs:
        worker.tick()
        worker.tick()
    assert done == ["one", "two", "three"] * 2
    assert [log["codes"] for log in logs] == [["chain_unavailable"], ["RuntimeError"]]
    assert "secret" not in str(logs)


def test_lasting_trouble_is_logged_once_a_minute_and_its_end_once() -> None:
    clock = HandClock()
    codes: list[str] = ["chain_unavailable"]
    worker = Worker([Chore("anchor", 1, lambda: codes)], clock)
    with structlog.testing.capture_logs() as logs:
        for _ in range(120):
            worker.tick()
            clock.pass_ms(1_000)
        codes.clear()
        worker.tick()
        worker.tick()
    assert [log["event"] for log in logs] == ["chore_in_trouble", "chore_in_trouble", "chore_recovered"]


def test_it_runs_until_stopped_and_says_farewell() -> None:
    stop = threading.Event()
    done: list[str] = []
    rounds = threading.Semaphore(0)

    def work() -> list[str]:
        rounds.release()
        return []

    worker = Worker([Chore("beat", 0.001, work)], HandClock(), stop, [lambda: done.append("farewell")])
    thread = threading.Thread(target=worker.run)
    thread.start()
    for _ in range(3):
        assert rounds.acquire(timeout=30)
    assert done == []
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert done == ["farewell"]


class Purger:
    def __init__(self) -> None:
        self.calls = 0

    def purge_expired(self) -> int:
        self.calls += 1
        return 0


def test_a_deployment_without_a_chain_sequences_and_purges(sqlite_url: str, tmp_path: Path) -> None:
    world = World(Database(sqlite_url), tmp_path)
    purger = Purger()
    worker = make_worker(world.clock, world.sequencer(), None, purger, pace=Pace())
    world.enter()
    worker.tick()
    assert LogReader(world.context).size() == 3
    assert purger.calls == 1
    world.database.dispose()


def test_with_a_past_that_was_rolled_back_no_worker_starts(sqlite_url: str, tmp_path: Path) -> None:
    world = World(Database(sqlite_url), tmp_path)
    world.sequencer().sequence()
    with world.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoint")
    with pytest.raises(Unavailable) as refused:
        make_worker(world.clock, world.sequencer(), None, None)
    assert refused.value.code == "rolled_back"
    world.database.dispose()


def test_another_worker_takes_over_at_once_after_a_farewell(sqlite_url: str, tmp_path: Path) -> None:
    world = World(Database(sqlite_url), tmp_path)
    stop = threading.Event()
    stop.set()
    first: Any = make_worker(world.clock, world.sequencer("one"), None, None, stop=stop)
    first.tick()
    first.run()
    world.enter()
    assert world.sequencer("two").sequence() is not None
    world.database.dispose()


@pytest.mark.slow
def test_sigterm_ends_the_process_cleanly(sqlite_url: str, tmp_path: Path) -> None:
    script = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from provenance.store.database import Database\n"
        "from provenance.worker import make_worker, stop_on_signals\n"
        "from tests.services.ledger_world import World\n"
        "world = World(Database(sys.argv[1]), Path(sys.argv[2]))\n"
        "stop = threading.Event()\n"
        "stop_on_signals(stop)\n"
        "worker = make_worker(world.clock, world.sequencer(), None, None, stop=stop)\n"
        "print('ready', flush=True)\n"
        "worker.run()\n"
        "print('done', flush=True)\n"
    )
    command = [sys.executable, "-c", script, sqlite_url, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "done\n"
        assert process.wait(30) == 0
