"""What the database refuses, in words of ours: a full pool, a lock that is never won."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from provenance.errors import Conflict, StoreUnavailable
from provenance.store import database as module
from provenance.store.database import Connection, Database


@pytest.fixture
def database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(module, "RETRIES", 3)
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


class Deadlock(Exception):
    sqlstate = "40P01"


def test_a_pool_without_a_free_connection_is_a_part_that_is_down(database: Database) -> None:
    with pytest.raises(StoreUnavailable), database.read():
        raise PoolTimeout("QueuePool limit of size 8 overflow 8 reached")


def test_work_that_deadlocks_is_done_again_and_then_counts_once(database: Database) -> None:
    tries = []

    def work(connection: Connection) -> int:
        tries.append(connection)
        if len(tries) < 3:
            raise OperationalError("UPDATE", None, Deadlock())
        return len(tries)

    assert database.retrying(work) == 3


def test_work_that_deadlocks_for_ever_is_refused_and_not_a_defect(database: Database) -> None:
    def work(_connection: Connection) -> None:
        raise OperationalError("UPDATE", None, Deadlock())

    with pytest.raises(Conflict) as refused:
        database.retrying(work)
    assert refused.value.code == "contended"
