"""What a racing process does: its own connections, its own clock, and a line of starters at each round."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from provenance.errors import ManyRefused, ProvenanceError
from provenance.services.lawbook import Handle
from provenance.store.database import Database
from tests.services.custody_world import OTHER_SHOP, SHOP, SUPPLIER, Trade, order
from tests.services.ledger_world import WallClock

SPAWN = multiprocessing.get_context("spawn")
START_S = 60
"""Long enough for interpreters to start on a busy machine."""


@dataclass(frozen=True)
class Tried:
    """What one racer got: an event and its time, or a refusal with its facts."""

    who: bytes
    order: str
    code: str
    event: str | None
    time: int | None
    kind: str | None = None
    secret: bytes | None = None
    index: int | None = None


def real_trade(url: str, folder: Path, *, admit: bool = False) -> Trade:
    """The services as one server process has them: a real clock, a pool of its own."""
    made = Trade(Database(url), folder, WallClock())
    if admit:
        made.admit_everyone()
    return made


def race(target: Callable[..., None], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Run *target* in one new process for each of *arguments*; what they put in their queue, in any order."""
    queue: Any = SPAWN.Queue()
    barrier = SPAWN.Barrier(len(arguments))
    runners: list[SpawnProcess] = [
        SPAWN.Process(target=_reporting, args=(target, queue, barrier, *rest)) for rest in arguments
    ]
    for runner in runners:
        runner.start()
    try:
        answers = [queue.get(timeout=600) for _ in runners]
    finally:
        for runner in runners:
            runner.join(timeout=START_S)
            if runner.is_alive():
                runner.kill()
    failures = [answer for answer in answers if isinstance(answer, str)]
    assert not failures, failures[0]
    return answers


def _reporting(target: Callable[..., Any], queue: Any, barrier: Any, *rest: Any) -> None:
    try:
        queue.put(target(barrier, *rest))
    except BaseException as error:
        barrier.abort()
        queue.put(f"{type(error).__name__}: {error}")
        raise


def tried(who: bytes, number: str, doing: Callable[[], Any]) -> Tried:
    """The outcome of one attempt; a refusal is an outcome, anything else is a failure of the test."""
    try:
        sold = doing()
    except ProvenanceError as refused:
        facts = refused.facts
        return Tried(who, number, refused.code, facts.get("event"), facts.get("time"), facts.get("type"))
    entry, event = sold.recorded.entry, sold.recorded.event.hex()
    code = "again" if sold.replayed else "won"
    return Tried(who, number, code, event, entry.time, "SELL", sold.token, entry.first)


def sellers(
    barrier: Any, url: str, folder: Path, batch: bytes, rounds: int, name: int, threads: int
) -> list[Any]:
    """*threads* sellers of this process, every second of the other shop, all on key after key of *batch*."""
    world = real_trade(url, folder)
    gate = threading.Barrier(threads, action=lambda: barrier.wait(START_S))

    def seller(thread: int) -> list[tuple[int, Tried]]:
        who = SHOP if thread % 2 == 0 else OTHER_SHOP
        done = []
        for index in range(rounds):
            number = f"{name}-{thread}-{index}"
            gate.wait(START_S)
            doing = tried(
                who, number, lambda i=index, n=number: world.selling.sell(who, Handle(batch, i), order(n))
            )  # type: ignore[misc]
            done.append((index, doing))
        return done

    with ThreadPoolExecutor(threads) as pool:
        found = [one for done in pool.map(seller, range(threads)) for one in done]
    world.database.dispose()
    return found


def notified(
    barrier: Any, url: str, folder: Path, batch: bytes, name: int, threads: int, any_of: bool, rounds: int
) -> list[Any]:
    """The same payment notification, by *threads* of this process; with *any_of* each begins elsewhere."""
    world = real_trade(url, folder)
    gate = threading.Barrier(threads, action=lambda: barrier.wait(START_S))

    def notification(thread: int) -> list[tuple[int, Tried]]:
        done = []
        for turn in range(rounds):
            number = f"PAID-{turn}"
            pool = [Handle(batch, 8 * turn + n) for n in range(8)]
            begin = (name * threads + thread) % 8
            refs = pool[begin:] + pool[:begin]
            gate.wait(START_S)
            if any_of:
                doing = partial(world.selling.sell_any, SHOP, refs, order(number))
            else:
                doing = partial(world.selling.sell, SHOP, pool[0], order(number))
            done.append((turn, tried(SHOP, number, doing)))
        return done

    with ThreadPoolExecutor(threads) as executor:
        found = [one for done in executor.map(notification, range(threads)) for one in done]
    world.database.dispose()
    return found


class Rounds:
    """Keeps two processes at the same round, without waiting longer than the other takes."""

    def __init__(self) -> None:
        self._at = [SPAWN.Value("i", -1, lock=False), SPAWN.Value("i", -1, lock=False)]

    def meet(self, me: int, turn: int) -> None:
        self._at[me].value = turn
        end = time.monotonic() + START_S
        while self._at[1 - me].value < turn:
            if time.monotonic() > end:
                raise TimeoutError("the other racer is gone")
            time.sleep(0.0001)


GROUP = 4
"""Keys that change hands, or are recalled, in one stroke, while the other racer sells them one by one."""


def hand_over_against_sale(
    barrier: Any, url: str, folder: Path, me: int, meeting: Rounds, batches: Sequence[bytes], each: int
) -> list[str]:
    """Racer 0 hands group after group of keys to the shop; racer 1 sells them, as shop or as supplier."""
    world = real_trade(url, folder)
    barrier.wait(START_S)
    outcomes = [f"{me}"]
    for turn in range(len(batches) * each):
        batch, first = batches[turn // each], turn % each * GROUP
        meeting.meet(me, turn)
        if me == 0:
            outcomes.append(_hand_over(world, batch, first))
            continue
        for n in range(GROUP):
            # The supplier's turn comes early or late: before the offer, while it stands, after it.
            seller = SUPPLIER if n == turn % GROUP else SHOP
            outcomes.append(_sale(world, seller, batch, first + n))
    world.database.dispose()
    return outcomes


def recall_against_sale(
    barrier: Any, url: str, folder: Path, me: int, meeting: Rounds, batches: Sequence[bytes], each: int
) -> list[str]:
    """Racer 0 recalls group after group of keys; racer 1 sells them one by one."""
    world = real_trade(url, folder)
    barrier.wait(START_S)
    outcomes = [f"{me}"]
    for turn in range(len(batches) * each):
        batch, first = batches[turn // each], turn % each * GROUP
        meeting.meet(me, turn)
        if me == 1:
            outcomes += [_sale(world, SHOP, batch, first + n) for n in range(GROUP)]
            continue
        if turn % 2:
            # A recall is faster than a sale; every second time it waits until some are under way.
            time.sleep(turn % 10 / 1_000)
        world.recalls.recall(SUPPLIER, batch, [(first, GROUP)])
        outcomes.append("recalled")
    world.database.dispose()
    return outcomes


def opposite_orders(
    barrier: Any, url: str, folder: Path, me: int, batches: Sequence[bytes], size: int
) -> list[str]:
    """The same keys of two batches in one order each, forwards or backwards, all or nothing."""
    world = real_trade(url, folder)
    outcomes = []
    for turn in range(size // GROUP):
        refs = [Handle(batch, turn * GROUP + n) for batch in batches for n in range(GROUP)]
        if me:
            refs.reverse()
        barrier.wait(START_S)
        try:
            world.selling.sell_many(SHOP, refs, order(f"{me}-{turn}"))
            outcomes.append("won")
        except ManyRefused as refused:
            outcomes.append(" ".join(sorted({error.code for _, error in refused.errors})))
            assert len(refused.errors) == len(refs)
    world.database.dispose()
    return outcomes


def _hand_over(world: Trade, batch: bytes, first: int) -> str:
    try:
        offer = world.transfers.offer(SUPPLIER, SHOP, batch, [(first, GROUP)]).transfer
        world.transfers.accept(SHOP, offer.id)
    except ProvenanceError as refused:
        return refused.code
    return "received"


def _sale(world: Trade, seller: bytes, batch: bytes, index: int) -> str:
    number = f"{batch.hex()}-{index}"
    return tried(seller, number, lambda: world.selling.sell(seller, Handle(batch, index), order(number))).code
