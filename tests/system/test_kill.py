"""Power cuts: API, worker and testnet are killed while others register, sell and anchor.

Afterwards every promise that was made stands: each receipt's entry is in the log once, the log
extends what was signed before, and every key's custody is lawful.
"""

from __future__ import annotations

import base64
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from provenance.core.notes import Checkpoint, Note
from provenance.demo.command import set_the_stage
from provenance.demo.registering import register
from provenance.demo.stage import Stage
from provenance.demo.story import Story
from provenance.demo.trading import hand_over
from provenance.demo.world import World

pytestmark = [
    pytest.mark.node, pytest.mark.crash, pytest.mark.timeout(600),
]  # fmt: skip
ROUNDS = ("api", "worker", "testnet", "api", "worker")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    stage = Stage(tmp_path / "stage")
    try:
        made = set_the_stage(Story(quiet=True), stage, 1_000, 7)
        register(made)
        hand_over(made)
        yield made
    finally:
        stage.close()


def test_no_promise_is_lost_or_doubled_whatever_is_killed(world: World) -> None:
    sellers = Sellers(world)
    sellers.start()
    signed: list[Checkpoint] = []
    for victim in ROUNDS:
        time.sleep(1.5)
        signed.append(checkpoint(world))
        kill_and_restart(world, victim)
    time.sleep(1.5)
    sellers.stop()
    assert len(sellers.receipts) >= 20, "too few sales to mean anything"
    log = the_whole_log(world, sellers.receipts)
    for receipt in sellers.receipts:
        assert log.count(receipt["receipt"]["entry"]) == 1
    for earlier, later in itertools.pairwise(signed):
        assert earlier.size <= later.size
    sold = [entry for entry in log if base64.b64decode(entry)[1] == 4]
    places = [base64.b64decode(entry)[12:48] for entry in sold]
    assert len(places) == len(set(places)), "a key was sold twice"
    replayed(world)


class Sellers:
    """Two shops that sell key after key, each order with its Idempotency-Key until it is answered."""

    def __init__(self, world: World) -> None:
        self.receipts: list[dict[str, Any]] = []
        self._world = world
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._sell, args=(n,)) for n in range(2)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _sell(self, number: int) -> None:
        shop, file = self._world.shops[number], self._world.files[number]
        for index in range(len(file.keys)):
            body = {"key": file.key(index), "order": f"K-{number}-{index}", "details": {"price": "1.00"}}
            while not self._done.is_set():
                try:
                    answer = shop.post("/keys/sell", body, key=f"k-{number}-{index}")
                except requests.RequestException:
                    time.sleep(0.2)
                    continue
                if answer.status == 200:
                    self.receipts.append(answer.body)
                    break
                # In flight when its process died, or the service is coming up: ask again.
                assert answer.status in (409, 429, 503), (answer.status, answer.code)
                time.sleep(0.2)


def kill_and_restart(world: World, victim: str) -> None:
    stage = world.stage
    if victim == "testnet":
        # What it held is gone: the worker finds an empty chain and anchors everything again.
        stage.testnet.wipe()
        return
    stage.kill(victim)
    time.sleep(0.3)
    (stage.raise_api if victim == "api" else stage.raise_worker)()


def checkpoint(world: World) -> Checkpoint:
    answer = requests.get(f"{world.stage.url}/v1/log/checkpoint", timeout=10)
    return Checkpoint.parse(Note.parse(answer.content).text)


def the_whole_log(world: World, receipts: list[dict[str, Any]]) -> list[str]:
    """Every entry of the log in order, once the sequencer has caught up with *receipts*."""
    wanted = {receipt["receipt"]["entry"] for receipt in receipts}
    end = time.monotonic() + 60
    while time.monotonic() < end:
        size = checkpoint(world).size
        log = [entry(world, index) for index in range(size)]
        if wanted <= set(log):
            return log
        time.sleep(0.5)
    raise AssertionError("a promised entry is missing from the log")


def entry(world: World, index: int) -> str:
    answer = requests.get(f"{world.stage.url}/v1/log/entries/{index}", timeout=10)
    answer.raise_for_status()
    return base64.b64encode(answer.content).decode()


def replayed(world: World) -> None:
    """The custody of every sold key is lawful, and the chain holds the newest size again."""
    world.stage.run("anchor", "--json")
    for file, shop in zip(world.files[:2], world.shops, strict=True):
        told = shop.get(f"/keys/{file.batch}/0").ok()["custody"]
        assert [step["type"] for step in told][-1] == "SELL"
