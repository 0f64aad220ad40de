"""The quick look finds what any other statement finds, and outlives its connections."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text

from provenance.errors import StoreUnavailable
from provenance.store.database import Database

pytestmark = pytest.mark.postgres
_SAME = "SELECT v, length(v), pg_backend_pid() FROM unnest($1::bytea[]) AS v"


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    yield opened
    opened.dispose()


def test_values_of_every_length_come_back_as_they_went(database: Database) -> None:
    values = [bytes(range(256))[:length] for length in (0, 1, 32, 255)] + [b"\0" * 70_000]
    found = database.quick(_SAME).rows(values)
    assert [(row[0], row[1]) for row in found] == [(value, len(value)) for value in values]
    assert database.quick(_SAME).rows([]) == []


def test_threads_that_look_at_once_have_connections_of_their_own(database: Database) -> None:
    look = database.quick("SELECT pg_backend_pid(), pg_sleep(0.05) FROM unnest($1::bytea[])")
    with ThreadPoolExecutor(4) as threads:
        backends = {rows[0][0] for rows in threads.map(look.rows, [[b"x"]] * 4)}
    assert len(backends) > 1


def test_a_look_is_made_again_when_its_connection_was_ended(database: Database) -> None:
    (_, _, first), *_ = database.quick(_SAME).rows([b"a"])
    with database.read() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    (_, _, second), *_ = database.quick(_SAME).rows([b"a"])
    assert second != first


def test_a_database_that_is_away_is_said_to_be(database: Database) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailable):
        away.quick(_SAME).rows([b"a"])


def test_a_statement_that_is_wrong_is_a_defect_and_no_outage(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        database.quick("SELECT 1 FROM nothing WHERE tag = ANY($1)").rows([b"a"])


def test_the_patience_of_other_connections_and_the_urls_own_options_hold_here_too(postgres_url: str) -> None:
    mark = "&" if "?" in postgres_url else "?"
    told = Database(f"{postgres_url}{mark}options=-c%20lock_timeout%3D7s")
    shown = "current_setting('lock_timeout'), current_setting('plan_cache_mode')"
    (lock, plan), *_ = told.quick(f"SELECT {shown} FROM unnest($1::bytea[])").rows([b"a"])
    assert (lock, plan) == ("7s", "force_generic_plan")
    told.dispose()
