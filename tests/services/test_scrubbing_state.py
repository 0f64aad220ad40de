"""The slow walk over the state tree: a whole one is clean in all its versions, a damaged one never."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from provenance.audit.findings import Findings
from provenance.core.entries import Entry, EntryType
from provenance.services import statekeeping
from provenance.services.alarm import Alarm
from provenance.services.scrubbing import Cursor, scrub_step
from provenance.services.scrubbing_state import STATE_START, scrub_state
from provenance.store.database import Connection, Database
from tests.services.ledger_world import World
from tests.services.test_state_keeping import anchored_round

BIG = 70_000
"""Three levels of tiles, a complete one and an unfinished one on the lower two."""
SIZES = (BIG, 256, 1, 300)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path)
    database.dispose()


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(sqlite_url)
    made = World(database, tmp_path)
    lived(made, rounds=3)
    yield made
    database.dispose()


def lived(world: World, rounds: int) -> None:
    """Batches of several sizes, and *rounds* anchored STATEs with life between them."""
    chance = random.Random(rounds)
    sequencer = world.sequencer()
    for number, size in enumerate(SIZES):
        world.enter(entry(world, EntryType.COMMISSION, number, 0, size))
    for _ in range(rounds):
        for _ in range(40):
            spread, near, last = chance.randrange(BIG), chance.randrange(600), BIG - 1 - chance.randrange(200)
            world.enter(entry(world, EntryType.VOID, 0, chance.choice([spread, near, last]), 1))
            world.enter(entry(world, EntryType.VOID, 1, chance.randrange(256), 1))
        anchored_round(world, sequencer)
    sequencer.stop()


def entry(world: World, kind: EntryType, batch: int, first: int, count: int) -> Entry:
    world.clock.pass_ms(1)
    return Entry(kind, world.clock.now(), bytes([batch]) * 32, bytes(20), first, count)


def walked(connection: Connection) -> list[str]:
    """What a walk past all tiles and all batches finds."""
    rows = connection.execute(text("SELECT count(*) FROM state_tile")).scalar_one()
    findings, cursor = Findings(), STATE_START
    for _ in range(rows // 4 + len(SIZES) + 2):
        cursor = scrub_state(connection, cursor, findings)
    return [one.message for one in findings.found]


def test_a_whole_tree_is_clean_before_while_and_after_old_versions_are_pruned(world: World) -> None:
    lived(world, rounds=5)
    world.enter(entry(world, EntryType.VOID, 3, 299, 1))
    sequencer = world.sequencer()
    sequencer.sequence()
    sequencer.stop()
    with world.database.write() as connection:
        versions = connection.execute(text("SELECT count(DISTINCT version) FROM state_tile")).scalar_one()
        assert versions > 2
        assert walked(connection) == []
        while statekeeping.prune(connection, 7):
            assert walked(connection) == []
        statekeeping.rebuild(connection)
        assert walked(connection) == []


def places(world: World) -> list[tuple[int, ...]]:
    """Every stored tile in its newest version."""
    query = "SELECT tree, level, idx, max(version) FROM state_tile GROUP BY tree, level, idx"
    with world.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def earlier_complete(world: World) -> list[tuple[int, ...]]:
    """Complete tiles of the great batch in versions that were superseded."""
    query = f"""SELECT tree, level, idx, version FROM state_tile AS one WHERE tree = 1 AND level = 0
        AND idx < {BIG // 256} AND EXISTS (SELECT 1 FROM state_tile AS later WHERE later.tree = 1
        AND later.level = 0 AND later.idx = one.idx AND later.version > one.version)"""
    with world.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE state_tile SET cells = CAST(substr(cells, 1, length(cells) - 32) || zeroblob(32) AS BLOB)",
        "UPDATE state_tile SET cells = CAST(substr(cells, 1, length(cells) - 1) AS BLOB)",
        "DELETE FROM state_tile",
    ],
    ids=["a hash", "a byte less", "the tile"],
)
def test_whichever_tile_is_damaged_it_is_found(small: World, damage: str) -> None:
    newest, earlier = places(small), earlier_complete(small)
    assert {(tree, level) for tree, level, _, _ in newest} == {
        (0, 0), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1),
    }  # fmt: skip
    assert len(earlier) > 3
    missed = []
    with small.database.write() as connection:
        assert walked(connection) == []
        for place in newest + earlier:
            undo = connection.begin_nested()
            where = "tree = {} AND level = {} AND idx = {} AND version = {}".format(*place)
            assert connection.execute(text(f"{damage} WHERE {where}")).rowcount == 1
            if not walked(connection):
                missed.append(place)
            undo.rollback()
    assert missed == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE state_batch SET keys_root = zeroblob(32) WHERE position = 1", "do not add up to its root"),
        ("UPDATE state_batch SET range_chain = zeroblob(32) WHERE position = 2", "is not its leaf"),
        ("DELETE FROM state_batch WHERE position = 1", "the batch in place 1 of the state tree is missing"),
        ("DELETE FROM state_batch WHERE position = 3", "the batch in place 3 of the state tree is missing"),
    ],
)
def test_a_damaged_row_of_a_batch_is_found(small: World, damage: str, said: str) -> None:
    with small.database.write() as connection:
        assert connection.execute(text(damage)).rowcount == 1
        assert any(said in one for one in walked(connection)), walked(connection)


def test_what_the_walk_finds_in_the_state_tree_stops_signing(small: World, tmp_path: Path) -> None:
    alarm = Alarm(tmp_path / "alarm.json")
    with small.database.write() as connection:
        connection.execute(text("DELETE FROM state_tile WHERE tree = 1 AND level = 2"))
    cursor = Cursor()
    for _ in range(80):
        cursor = scrub_step(small.context, alarm, cursor)
    told = alarm.told()
    assert told is not None
    assert {one["rule"] for one in told["findings"]} == {"state_wrong"}
