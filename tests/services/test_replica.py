"""Verify from a replica: which of the two databases answers, and what the verdict says about it.

That a real standby follows, falls behind and is promoted is shown in ``tests/system/test_many_machines.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api import render
from provenance.errors import StoreUnavailable
from provenance.services.parties import PartyService
from provenance.services.replica import ReplicaVerification
from provenance.services.verification import VerdictCode, Viewer
from provenance.store.database import Database
from provenance.store.processes import free_port
from tests.services.custody_world import SHOP, Trade, key_of, trade

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(postgres_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(postgres_url, tmp_path)
    made.batch(2, holder=SHOP)
    yield made
    made.database.dispose()


@pytest.fixture
def nowhere() -> Iterator[Database]:
    database = Database(f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/gone")
    yield database
    database.dispose()


def asked(world: Trade, primary: Database, replica: Database) -> ReplicaVerification:
    return ReplicaVerification(replace(world.context, database=primary), replica, lag_ms=5_000)


def test_a_verdict_of_the_replica_says_as_of_when(world: Trade) -> None:
    world.sequencer(holder="one").sequence()
    viewer = Viewer(world.principal(SHOP))
    verdict = asked(world, world.database, world.database).verify(viewer, [key_of(0)])[0]
    assert verdict.as_of is not None
    assert verdict.as_of.log_size > 0
    told = render.verdict(verdict)
    assert told["as_of"]["time"] == world.clock.now()
    assert told["as_of"]["log_size"] == verdict.as_of.log_size


def test_without_the_replica_the_primary_answers_and_says_nothing_of_a_moment(
    world: Trade, nowhere: Database
) -> None:
    viewer = Viewer(world.principal(SHOP))
    verdict = asked(world, world.database, nowhere).verify_together([(viewer, key_of(0))])[0]
    assert verdict.code is VerdictCode.REGISTERED
    assert verdict.as_of is None
    assert "as_of" not in render.verdict(verdict)


def test_without_the_primary_the_replica_answers_and_knows_who_asks(world: Trade, nowhere: Database) -> None:
    _, token = world.parties.issue(SHOP, "till", ["verify"])
    parties = PartyService(replace(world.context, database=nowhere), world.database)
    viewer = Viewer(parties.authenticate(token))
    verdict = asked(world, nowhere, world.database).verify(viewer, [key_of(1)])[0]
    assert verdict.code is VerdictCode.REGISTERED
    assert verdict.as_of is not None


def test_without_either_the_caller_is_told_that_the_database_is_away(world: Trade, nowhere: Database) -> None:
    viewer = Viewer(world.principal(SHOP))
    with pytest.raises(StoreUnavailable):
        asked(world, nowhere, nowhere).verify(viewer, [key_of(0)])
