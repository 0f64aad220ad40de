"""The quick look finds what any other statement finds, and outlives its connections."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InternalError

from provenance.errors import StoreUnavailable
from provenance.store.database import Connection, Database
from provenance.store.quick import Line, bytea_array

pytestmark = pytest.mark.postgres
_SAME = b"SELECT v, length(v), pg_backend_pid() FROM unnest($1::bytea[]) AS v"


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    yield opened
    opened.dispose()


def test_values_of_every_length_come_back_as_they_went(database: Database) -> None:
    values = [bytes(range(256))[:length] for length in (0, 1, 32, 255)] + [b"\0" * 70_000]
    found = database.look(_SAME, values)
    assert [(row[0], row[1]) for row in found] == [(value, len(value)) for value in values]
    assert database.look(_SAME, []) == []


def test_threads_that_look_at_once_have_connections_of_their_own(database: Database) -> None:
    slow = b"SELECT pg_backend_pid(), pg_sleep(0.05) FROM unnest($1::bytea[])"
    with ThreadPoolExecutor(4) as threads:
        backends = {rows[0][0] for rows in threads.map(database.look, [slow] * 4, [[b"x"]] * 4)}
    assert len(backends) > 1


def test_a_look_is_made_again_when_its_connection_was_ended(database: Database) -> None:
    (_, _, first), *_ = database.look(_SAME, [b"a"])
    with database.read() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    (_, _, second), *_ = database.look(_SAME, [b"a"])
    assert second != first


def test_a_database_that_is_away_is_said_to_be(database: Database) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailable):
        away.look(_SAME, [b"a"])


def test_a_statement_that_is_wrong_is_a_defect_and_no_outage(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        database.look(b"SELECT 1 FROM nothing WHERE tag = ANY($1)", [b"a"])


def test_the_patience_of_other_connections_and_the_urls_own_options_hold_here_too(postgres_url: str) -> None:
    mark = "&" if "?" in postgres_url else "?"
    told = Database(f"{postgres_url}{mark}options=-c%20lock_timeout%3D7s")
    shown = (
        b"SELECT current_setting('lock_timeout'), current_setting('plan_cache_mode') FROM unnest($1::bytea[])"
    )
    (lock, plan), *_ = told.look(shown, [b"a"])
    assert (lock, plan) == ("7s", "force_generic_plan")
    told.dispose()


def test_a_transaction_is_committed_as_a_whole_or_leaves_nothing(database: Database) -> None:
    put = (
        b"INSERT INTO setting (name, value) SELECT encode(v, 'escape'), '' "
        b"FROM unnest($1::bytea[]) v RETURNING name"
    )

    def work(line: Connection | Line, name: bytes, *, fails: bool) -> None:
        assert isinstance(line, Line)
        line.rows(put, [bytea_array([name])])
        if fails:
            raise KeyError

    def swallowing(line: Connection | Line) -> None:
        work(line, b"two", fails=False)
        with suppress(psycopg.IntegrityError):
            work(line, b"one", fails=False)

    database.retrying_quickly(lambda line: work(line, b"one", fails=False))
    with pytest.raises(KeyError):
        database.retrying_quickly(lambda line: work(line, b"two", fails=True))
    with pytest.raises(IntegrityError):
        database.retrying_quickly(lambda line: work(line, b"one", fails=False))
    with pytest.raises(InternalError):
        # Whoever swallows a failure is told that nothing of it was kept.
        database.retrying_quickly(swallowing)
    database.retrying_quickly(lambda line: work(line, b"three", fails=False))
    with database.read() as connection:
        found = connection.execute(text("SELECT name FROM setting WHERE name IN ('one', 'two', 'three')"))
        assert {row[0] for row in found} == {"one", "three"}


def test_a_transaction_begins_on_a_new_line_where_the_old_one_was_ended(database: Database) -> None:
    backend = b"SELECT pg_backend_pid() FROM unnest($1::bytea[])"

    def asked(line: Connection | Line) -> int:
        assert isinstance(line, Line)
        number: int = line.rows(backend, [bytea_array([b"a"])])[0][0]
        return number

    first = database.retrying_quickly(asked)
    assert database.retrying_quickly(asked) == first
    with database.read() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    assert database.retrying_quickly(asked) != first
