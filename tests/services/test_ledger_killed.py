"""A sequencer process killed with SIGKILL between any two writes, and the one that comes after it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.merkle import leaf_hash, root
from provenance.core.notes import Checkpoint, Note, verify
from provenance.services.logreader import LogReader
from provenance.store import entries as entry_store
from provenance.store.database import Database
from tests.services.ledger_world import World

pytestmark = [pytest.mark.crash, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
POINTS = ["indexed", "before_commit", "committed", "filed", "signed", "published"]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path)
    database.dispose()


def killed_at(database_url: str, world: World, point: str) -> None:
    command = [sys.executable, "-m", "tests.services.sequencer_process", database_url, str(world.folder)]
    with subprocess.Popen([*command, point], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == point
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_sequencer_leaves_what_its_successor_can_finish(
    database_url: str, world: World, point: str
) -> None:
    world.sequencer().sequence()
    promised = [one.entry.encode() for one in world.enter_many(300)]
    killed_at(database_url, world, point)
    late = [one.entry.encode() for one in world.enter_many(2)]
    world.sequencer().sequence()
    with world.database.read() as connection:
        entries = [stored.entry.encode() for stored in entry_store.between(connection, 0, 1_000)]
    assert entries[2:] == promised + late
    note = Note.parse(LogReader(world.context).checkpoint())
    verify(note, world.log_key)
    head = Checkpoint.parse(note.text)
    assert (head.size, head.root) == (len(entries), root([leaf_hash(entry) for entry in entries]))
    filed = world.head_file.read()
    assert filed is not None
    assert filed.size == head.size
