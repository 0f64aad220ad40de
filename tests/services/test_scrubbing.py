"""The slow walk comes by the tiles of every batch and by the newest note, and sounds the alarm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.tiles import TreeBuilder
from provenance.services.alarm import Alarm
from provenance.services.scrubbing import Cursor, scrub_step
from tests.audit.service_world import Service, service


@pytest.fixture
def running(sqlite_url: str, tmp_path: Path) -> Iterator[Service]:
    made = service(sqlite_url, tmp_path, keys=1_600)
    yield made
    made.trade.database.dispose()


@pytest.fixture
def alarm(tmp_path: Path) -> Alarm:
    return Alarm(tmp_path / "alarm.json")


def spoil(running: Service, statement: str) -> None:
    with running.trade.database.write() as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1


def walk(running: Service, alarm: Alarm, steps: int) -> list[Cursor]:
    cursors = [Cursor()]
    for _ in range(steps):
        cursors.append(scrub_step(running.trade.context, alarm, cursors[-1]))
    return cursors


def told(alarm: Alarm) -> list[str]:
    found = alarm.told()
    return [] if found is None else [one["rule"] for one in found["findings"]]


def test_a_whole_batch_is_gone_through_a_few_tiles_a_step_and_begun_again(
    running: Service, alarm: Alarm
) -> None:
    cursors = walk(running, alarm, 4)
    tiles = len(TreeBuilder().add_many(bytes(32 * 1_600))) + 2
    assert tiles == 8, "six full ones, and the unfinished ones of two levels"
    assert [cursor.after[1:] for cursor in cursors] == [(0, 0), (0, 3), (1, 0), (0, 0), (0, 3)]
    assert told(alarm) == []


@pytest.mark.parametrize(("level", "index"), [(0, 0), (0, 2), (0, 5), (0, 6), (1, 0)])
def test_a_turned_bit_in_any_tile_of_a_batch_is_found(
    running: Service, alarm: Alarm, level: int, index: int
) -> None:
    spoil(
        running,
        "UPDATE tile SET hashes = CAST(zeroblob(1) || substr(hashes, 2) AS BLOB)"
        f" WHERE tree > 0 AND level = {level} AND idx = {index}",
    )
    walk(running, alarm, 3)
    assert "batch_tile_wrong" in told(alarm)


def test_a_newest_note_that_no_log_key_signed_is_found(running: Service, alarm: Alarm) -> None:
    spoil(running, "UPDATE checkpoint SET note = replace(note, 'log.example/test', 'log.example/tess')")
    walk(running, alarm, 1)
    assert told(alarm) == ["note_wrong"]
