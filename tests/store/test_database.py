"""What the database refuses, in words of ours: a full pool, a lock that is never won."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from provenance.errors import Conflict, StoreUnavailable
from provenance.store import database as module
from provenance.store.database import Connection, Database, Patience
from provenance.store.quick import Line


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


def patient(url: str, **most: int) -> Database:
    return Database(url, patience=Patience(**most))


def the_setting(connection: Connection, name: str) -> str:
    value: str = connection.exec_driver_sql(f"SHOW {name}").scalar_one()
    return value


def test_postgresql_waits_for_nobody_for_ever(postgres_url: str) -> None:
    opened = Database(postgres_url)
    with opened.read() as connection:
        assert the_setting(connection, "lock_timeout") == "20s"
        assert the_setting(connection, "idle_in_transaction_session_timeout") == "5min"
        assert the_setting(connection, "statement_timeout") == "30min"
    opened.dispose()


def test_options_of_the_operators_own_url_come_first(postgres_url: str) -> None:
    sign = "&" if "?" in postgres_url else "?"
    opened = Database(f"{postgres_url}{sign}options=-c%20lock_timeout%3D7s")
    with opened.read() as connection:
        assert the_setting(connection, "lock_timeout") == "7s"
        assert the_setting(connection, "statement_timeout") == "30min"
    opened.dispose()


def test_a_row_that_another_transaction_keeps_is_contended_and_not_a_defect(postgres_url: str) -> None:
    opened = patient(postgres_url, lock=50)
    work = "INSERT INTO setting (name, value) VALUES ('one', 'value')"
    with opened.write() as first:
        first.exec_driver_sql(work)
        with pytest.raises(Conflict) as refused:
            opened.retrying(lambda second: second.exec_driver_sql(work))
        assert refused.value.code == "contended"
    with opened.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM setting").scalar_one() == 1
    opened.dispose()


def test_a_transaction_that_sleeps_gives_its_locks_back_and_leaves_nothing(postgres_url: str) -> None:
    opened = patient(postgres_url, idle=50)
    with pytest.raises(StoreUnavailable), opened.write() as connection:
        connection.exec_driver_sql("INSERT INTO setting (name, value) VALUES ('one', 'value')")
        time.sleep(0.5)
        connection.exec_driver_sql("SELECT 1")
    with pytest.raises(StoreUnavailable), opened.write() as connection:
        connection.exec_driver_sql("INSERT INTO setting (name, value) VALUES ('one', 'value')")
        time.sleep(0.5)
    with opened.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM setting").scalar_one() == 0
    opened.dispose()


def test_a_statement_that_never_ends_is_a_part_that_is_down(postgres_url: str) -> None:
    opened = patient(postgres_url, statement=50)
    with pytest.raises(StoreUnavailable), opened.read() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(30)")
    with opened.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    opened.dispose()


@pytest.mark.parametrize("is_quick", [False, True])
def test_a_commit_that_no_standby_confirmed_is_no_success(postgres_url: str, is_quick: bool) -> None:
    """Whoever ends its waiting by hand: the server itself then says that it went well."""
    opened = Database(postgres_url)
    with opened.write() as connection:
        connection.exec_driver_sql("CREATE TABLE told (what text)")
    _name_standbys(opened, "SET synchronous_standby_names = 'nobody'")
    try:
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(_write_until_it_waits, opened, is_quick)
            while not writing.done():
                _cancel_who_waits(opened)
    finally:
        _name_standbys(opened, "RESET synchronous_standby_names")
    refused = writing.exception()
    assert isinstance(refused, StoreUnavailable)
    assert refused.code == "commit_unconfirmed"
    opened.dispose()


def _name_standbys(opened: Database, how: str) -> None:
    with opened.read() as connection:
        connection.exec_driver_sql(f"ALTER SYSTEM {how}")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


def _write_until_it_waits(opened: Database, is_quick: bool) -> None:
    """A server takes up its new settings a moment after it was asked to."""

    def work(connection: Connection | Line) -> None:
        run = connection.run if isinstance(connection, Line) else connection.exec_driver_sql
        for statement in ("SET LOCAL synchronous_commit = on", "INSERT INTO told VALUES ('something')"):
            run(statement.encode() if is_quick else statement)

    for _ in range(10_000):
        (opened.retrying_quickly if is_quick else opened.retrying)(work)


def _cancel_who_waits(opened: Database) -> None:
    with opened.read() as connection:
        connection.exec_driver_sql(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        )


def test_a_server_that_may_only_be_read_is_a_part_that_is_down(postgres_url: str) -> None:
    opened = Database(f"{postgres_url}&options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(StoreUnavailable), opened.write() as connection:
        connection.exec_driver_sql("CREATE TABLE told (what text)")
    opened.dispose()


def test_an_end_that_vanishes_is_given_up_within_a_dozen_seconds(postgres_url: str) -> None:
    opened = Database(postgres_url)
    with opened.read() as connection:
        assert the_setting(connection, "tcp_keepalives_idle") in ("2", "0"), "0 on a Unix socket"
    assert Patience().keepalives() == {
        "tcp_user_timeout": 10_000, "keepalives_idle": 2, "keepalives_interval": 2, "keepalives_count": 4,
    }  # fmt: skip
    opened.dispose()
