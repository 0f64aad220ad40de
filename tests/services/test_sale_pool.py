"""Sales that share a transaction: everybody gets his own answer, and nobody waits without end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provenance.core.lives import State
from provenance.errors import LimitReached, ProvenanceError, StoreUnavailable
from provenance.services.sale import Sold, Wish
from provenance.services.sale_pool import SalePool
from tests.services.auditing import audit
from tests.services.custody_world import OTHER_SHOP, POOLED, SHOP, Trade, key_of, order
from tests.services.racing import race, real_trade, sellers
from tests.services.test_races import require_one_winner

WISHES = [Wish(SHOP, key_of(number), order(f"O-{number}")) for number in range(12)]


class Gate:
    """A set of sales that waits to be let through, and remembers who was in it."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.sets: list[list[Wish]] = []
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.failure = failure

    def __call__(self, wishes: Sequence[Wish]) -> dict[int, Sold]:
        self.sets.append(list(wishes))
        self.entered.release()
        assert self.open.wait(30)
        if self.failure is not None:
            raise self.failure
        return {}


def waiting(pool: SalePool, count: int) -> None:
    """Returns once that many callers wait behind the set that is under way."""
    end = threading.Event()
    for _ in range(3_000):
        if len(pool._waiting) == count:
            return
        end.wait(0.01)
    raise AssertionError("the callers did not come")


def test_a_lonely_sale_is_a_set_of_its_own_at_once() -> None:
    gate = Gate()
    gate.open.set()
    assert SalePool(gate).sell(WISHES[0]) is None
    assert gate.sets == [[WISHES[0]]]


def test_who_comes_while_a_set_is_sold_is_in_the_next_one() -> None:
    gate = Gate()
    pool = SalePool(gate)
    with ThreadPoolExecutor(12) as threads:
        threads.submit(pool.sell, WISHES[0])
        assert gate.entered.acquire(timeout=30)
        rest = [threads.submit(pool.sell, wish) for wish in WISHES[1:]]
        waiting(pool, 11)
        gate.open.set()
        assert [one.result(30) for one in rest] == [None] * 11
    assert [len(one) for one in gate.sets] == [1, 11]
    assert {wish.order.number for wish in gate.sets[1]} == {wish.order.number for wish in WISHES[1:]}


def test_a_full_queue_refuses_at_once_and_a_long_wait_ends() -> None:
    gate = Gate()
    pool = SalePool(gate, queue=1, wait_seconds=0.2)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(pool.sell, WISHES[0])
        assert gate.entered.acquire(timeout=30)
        second = threads.submit(pool.sell, WISHES[1])
        waiting(pool, 1)
        with pytest.raises(LimitReached) as full:
            pool.sell(WISHES[2])
        with pytest.raises(LimitReached) as late:
            second.result(30)
        gate.open.set()
        assert first.result(30) is None
    assert [(one.value.code, one.value.facts["retry_after"]) for one in (full, late)] == [
        ("queue_full", 1)
    ] * 2
    assert gate.sets == [[WISHES[0]]]
    assert pool.sell(WISHES[3]) is None


def test_a_database_that_is_down_is_told_to_all_of_the_set_and_the_next_set_is_tried() -> None:
    gate = Gate(StoreUnavailable("down"))
    gate.open.set()
    pool = SalePool(gate)
    for wish in WISHES[:3]:
        with pytest.raises(StoreUnavailable):
            pool.sell(wish)
    assert len(gate.sets) == 3


@pytest.fixture
def world(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trade]:
    monkeypatch.setenv(POOLED, "1")
    made = real_trade(database_url, tmp_path, admit=True)
    yield made
    made.database.dispose()


def test_callers_of_one_key_in_one_pool_get_one_sale_and_its_refusals(world: Trade) -> None:
    batch = world.batch(8, holder=SHOP)

    def caller(number: int) -> str:
        seller = OTHER_SHOP if number % 8 == 7 else SHOP
        try:
            sold = world.selling.sell(seller, key_of(number % 4), order(f"P-{number // 8}-{number % 4}"))
        except ProvenanceError as refused:
            return refused.code
        return "again" if sold.replayed else "won"

    with ThreadPoolExecutor(16) as threads:
        codes = Counter(threads.map(caller, range(64)))
    assert codes["won"] == 4
    assert set(codes) <= {"won", "again", "sold", "not_holder"}
    states = audit(world.database).custody
    assert [states[batch, index].state is State.SOLD for index in range(8)] == [True] * 4 + [False] * 4


@pytest.mark.race
@pytest.mark.timeout(900)
def test_pools_of_several_processes_sell_each_key_once(
    world: Trade, database_url: str, tmp_path: Path
) -> None:
    rounds = 6
    batch = world.batch(rounds, holder=SHOP)
    work = [(database_url, tmp_path, batch, rounds, name, 16) for name in range(4)]
    found = [one for answer in race(sellers, work) for one in answer]
    audited = audit(world.database)
    for index in range(rounds):
        require_one_winner([one for at, one in found if at == index], audited.custody[batch, index].last_time)
