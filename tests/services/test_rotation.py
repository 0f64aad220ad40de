"""A key of the log is followed only after it reigned, and no refusal costs the operator a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance import keyfiles
from provenance.core.succession import Succession
from provenance.errors import Conflict, NotFound, Unavailable
from provenance.services.ledger import Sequencer
from provenance.services.rotation import rotate
from provenance.store.database import Database
from tests.services.ledger_world import LOG_SEED, Crash, World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(Database(database_url), tmp_path)
    yield made
    made.database.dispose()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    keyfiles.create(folder, LOG_SEED, "log.key")
    return folder


def sign_some(world: World, secrets: Path, holder: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(keyfiles.load(secrets, "log.key"))
    sequencer = Sequencer(world.context, key, world.head_file, holder)
    assert sequencer.sequence() is not None
    sequencer.stop()


def turn(world: World, secrets: Path) -> Succession:
    old = keyfiles.load(secrets, "log.key")
    return rotate(world.context, old, lambda seed: keyfiles.stage(secrets, seed, "log.key"))


def entries_of(world: World) -> int:
    with world.database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM entry").scalar_one())


def test_a_key_file_of_another_log_stops_the_worker_and_is_not_announced(world: World, secrets: Path) -> None:
    sign_some(world, secrets, "one")
    before = entries_of(world)
    foreign = Ed25519PrivateKey.from_private_bytes(bytes(32))
    for step in ("start", "sequence"):
        sequencer = Sequencer(world.context, foreign, world.head_file, step)
        with pytest.raises(Unavailable) as refused:
            getattr(sequencer, step)()
        assert refused.value.code == "log_key_foreign"
        sequencer.stop()
    assert entries_of(world) == before


def test_a_second_rotation_waits_until_the_first_new_key_has_signed(world: World, secrets: Path) -> None:
    sign_some(world, secrets, "one")
    first = turn(world, secrets)
    kept, committed = keyfiles.load(secrets, "log.key"), entries_of(world)
    with pytest.raises(Conflict) as refused:
        turn(world, secrets)
    assert refused.value.code == "rotation_too_soon"
    assert (keyfiles.load(secrets, "log.key"), entries_of(world)) == (kept, committed)
    assert not (secrets / "log.key.next").exists()
    sign_some(world, secrets, "two")
    second = turn(world, secrets)
    assert second.old == first.new
    assert second.last.size > first.last.size


def test_a_rotation_before_any_checkpoint_is_refused(world: World, secrets: Path) -> None:
    with pytest.raises(NotFound) as refused:
        turn(world, secrets)
    assert refused.value.code == "log_empty"
    assert not (secrets / "log.key.next").exists()


def test_after_a_crash_the_announced_key_is_not_written_over(world: World, secrets: Path) -> None:
    sign_some(world, secrets, "one")

    def crashing(seed: bytes) -> Callable[[], None]:
        keyfiles.stage(secrets, seed, "log.key")

        def crash() -> None:
            raise Crash

        return crash

    with pytest.raises(Crash):
        rotate(world.context, LOG_SEED, crashing)
    announced = keyfiles.load(secrets, "log.key.next")
    with pytest.raises(Conflict) as refused:
        turn(world, secrets)
    assert refused.value.code == "log_key_retired"
    assert keyfiles.load(secrets, "log.key.next") == announced
