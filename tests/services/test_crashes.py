"""kill -9 in the middle of a burst of sales: what was promised is there, nothing is half there."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.lives import State
from provenance.services.lawbook import Handle
from tests.services.auditing import Audit, audit
from tests.services.custody_world import OTHER_SHOP, SHOP, Trade, order
from tests.services.racing import real_trade

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SIZE, RECALLED = 400, 8
AFTER = {"sold": State.SOLD, "delivered": State.DELIVERED, "redeemed": State.REDEEMED}


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = real_trade(database_url, tmp_path, admit=True)
    yield made
    made.database.dispose()


def killed_after(promises: int, url: str, folder: Path, batch: bytes) -> list[list[str]]:
    """The promises of a seller that was killed soon after it had made so many."""
    command = [sys.executable, "-m", "tests.services.crashing", url, str(folder), batch.hex(), str(SIZE)]
    seller = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert seller.stdout is not None
    try:
        lines = [seller.stdout.readline() for _ in range(promises)]
    finally:
        # Somewhere within the acts under way, another place every time.
        time.sleep(promises % 7 / 1_000)
        seller.send_signal(signal.SIGKILL)
        assert seller.wait() == -signal.SIGKILL
    lines += seller.stdout.read().splitlines(keepends=True)
    seller.stdout.close()
    made = [line.decode().split() for line in lines if line.endswith(b"\n")]
    assert len(made) >= promises
    assert {one[0] for one in made} <= {"sold", "delivered", "redeemed", "received"}, made
    return made


@pytest.mark.parametrize("promises", [1, 25, 60])
def test_after_a_kill_every_promise_is_kept_and_nothing_is_half_done(
    world: Trade, database_url: str, tmp_path: Path, promises: int
) -> None:
    batch = world.batch(SIZE + RECALLED, holder=SHOP)
    made = killed_after(promises, database_url, tmp_path, batch)
    found = audit(world.database)
    require_kept(found, batch, made)
    for kind, index, *rest in made:
        if kind == "sold":
            again = world.selling.sell(SHOP, Handle(batch, int(index)), order(f"A-{index}"))
            assert again.replayed
            assert [again.recorded.event.hex(), again.token.hex()] == rest
    assert audit(world.database).log == found.log


def require_kept(found: Audit, batch: bytes, made: list[list[str]]) -> None:
    """Every promise is in the log, and of what was not promised each thread left one act at most."""
    promised: dict[int, str] = {int(index): kind for kind, index, *_ in made}
    unpromised = 0
    for index in range(SIZE):
        key = found.custody[batch, index]
        kind = promised.get(index)
        if kind == "received":
            assert key.holder == OTHER_SHOP
        elif kind is not None:
            assert key.state >= AFTER[kind]
            unpromised += key.state > AFTER[kind]
        else:
            unpromised += key.state is not State.REGISTERED or bool(key.offers) or key.holder != SHOP
    assert unpromised <= 4
    recalled = {found.custody[batch, index].state for index in range(SIZE, SIZE + RECALLED)}
    assert len(recalled) == 1, "a recall is whole or not at all"


def test_what_a_killed_seller_left_undone_is_done_by_the_next(
    world: Trade, database_url: str, tmp_path: Path
) -> None:
    batch = world.batch(SIZE + RECALLED, holder=SHOP)
    for promises in (10, 20, 30):
        # The same orders again from the start: what was sold is answered, what was not is sold.
        made = killed_after_repeats(promises, database_url, tmp_path, batch)
        assert made
        audit(world.database)
    found = audit(world.database)
    sold = [key for key in found.custody.values() if key.state is not State.REGISTERED and key.lives]
    assert sold
    assert world.sequencer().sequence() is not None
    assert audit(world.database).sequenced >= len(found.log)


def killed_after_repeats(promises: int, url: str, folder: Path, batch: bytes) -> list[bytes]:
    command = [sys.executable, "-m", "tests.services.crashing", url, str(folder), batch.hex(), str(SIZE)]
    seller = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert seller.stdout is not None
    lines = [seller.stdout.readline() for _ in range(promises)]
    seller.kill()
    assert seller.wait() == -signal.SIGKILL
    seller.stdout.close()
    return lines
