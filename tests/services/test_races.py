"""Many at once, in several processes: one wins, everybody else is told, and the log is always lawful."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.lives import State
from tests.services.auditing import audit
from tests.services.custody_world import SHOP, SUPPLIER, Trade
from tests.services.racing import (
    GROUP,
    Rounds,
    Tried,
    hand_over_against_sale,
    notified,
    opposite_orders,
    race,
    real_trade,
    recall_against_sale,
    sellers,
)  # fmt: skip

pytestmark = [pytest.mark.race, pytest.mark.timeout(900)]

ROUNDS = int(os.environ.get("PROVENANCE_RACE_ROUNDS", "2000"))
"""Keys whose SELL races a RECEIVE or a recall, for each test and database.

Two thousand are half a minute on a busy machine with two cores, where every commit of SQLite waits
for its disk; PROVENANCE_RACE_ROUNDS=10000 takes the time for a proof of its own.
"""
PROCESSES = 4


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = real_trade(database_url, tmp_path, admit=True)
    yield made
    made.database.dispose()


def test_of_64_sellers_in_two_shops_one_wins_and_all_others_are_told(
    world: Trade, database_url: str, tmp_path: Path
) -> None:
    rounds, threads = 6, 64 // PROCESSES
    batch = world.batch(rounds, holder=SHOP)
    work = [(database_url, tmp_path, batch, rounds, name, threads) for name in range(PROCESSES)]
    found = [one for answer in race(sellers, work) for one in answer]
    audited = audit(world.database)
    for index in range(rounds):
        require_one_winner([one for at, one in found if at == index], audited.custody[batch, index].last_time)
        steps = audited.custody[batch, index].steps
        assert [step.entry.type.name for step in steps] == ["COMMISSION", "TRANSFER", "RECEIVE", "SELL"]


def require_one_winner(tried: list[Tried], sold_at: int) -> None:
    assert len(tried) == 64
    (winner,) = [one for one in tried if one.code == "won"]
    assert (winner.who, winner.time) == (SHOP, sold_at)
    for loser in tried:
        if loser is winner:
            continue
        told = (loser.code, loser.event, loser.time, loser.kind)
        by_the_sale = ("sold", winner.event, winner.time, "SELL")
        if loser.who == SHOP:
            assert told == by_the_sale
        elif told != by_the_sale:
            # Before the sale: the last event is how the key came to its holder.
            assert (loser.code, loser.kind) == ("not_holder", "RECEIVE")
            assert loser.event is not None and loser.time is not None


@pytest.mark.parametrize("any_of", [False, True], ids=["one key", "any of eight"])
def test_a_payment_notified_many_times_at_once_is_one_sale_and_equal_answers(
    world: Trade, database_url: str, tmp_path: Path, any_of: bool
) -> None:
    rounds, threads = 6, 8 if any_of else 5
    batch = world.batch(8 * rounds, holder=SHOP)
    work = [(database_url, tmp_path, batch, name, threads, any_of, rounds) for name in range(2)]
    found = [one for answer in race(notified, work) for one in answer]
    for turn in range(rounds):
        answers = [one for at, one in found if at == turn]
        assert len(answers) == 2 * threads
        assert Counter(one.code for one in answers) == {"won": 1, "again": 2 * threads - 1}
        assert len({(one.event, one.time, one.secret, one.index) for one in answers}) == 1
    sold = [place for place, key in audit(world.database).custody.items() if key.state is State.SOLD]
    assert len(sold) == rounds


def batches_of_groups(world: Trade, holder: bytes | None) -> tuple[list[bytes], int]:
    """Batches for that many rounds, a key each, and the groups of each batch.

    Small ones: a batch pays for 960 entries on ranges, and every refusal reads those of its batch.
    """
    each = min(50, ROUNDS // GROUP)
    return [world.batch(GROUP * each, holder=holder) for _ in range(ROUNDS // GROUP // each)], each


def require_a_race(outcomes: list[str]) -> None:
    assert len(set(outcomes)) > 1, "every round went the same way: this was no race"


def test_receive_against_sale_leaves_a_lawful_log(world: Trade, database_url: str, tmp_path: Path) -> None:
    batches, each = batches_of_groups(world, None)
    meeting = Rounds()
    work = [(database_url, tmp_path, me, meeting, batches, each) for me in (0, 1)]
    answers = {answer[0]: answer[1:] for answer in race(hand_over_against_sale, work)}
    assert set(answers["0"]) <= {"received", "sold"}
    assert set(answers["1"]) <= {"won", "not_holder", "in_transfer"}
    audited = audit(world.database)
    for turn, handed in enumerate(answers["0"]):
        for n, outcome in enumerate(answers["1"][turn * GROUP : turn * GROUP + GROUP]):
            key = audited.custody[batches[turn // each], turn % each * GROUP + n]
            assert key.state is (State.SOLD if outcome == "won" else State.REGISTERED)
            assert key.holder == (SHOP if handed == "received" else SUPPLIER)
            assert outcome != "won" or key.lives[0].sell.entry.actor == key.holder  # type: ignore[union-attr]
    require_a_race(answers["0"])
    require_a_race(answers["1"])


def test_recall_against_sale_leaves_a_lawful_log(world: Trade, database_url: str, tmp_path: Path) -> None:
    batches, each = batches_of_groups(world, SHOP)
    meeting = Rounds()
    work = [(database_url, tmp_path, me, meeting, batches, each) for me in (0, 1)]
    answers = {answer[0]: answer[1:] for answer in race(recall_against_sale, work)}
    assert set(answers["0"]) == {"recalled"}
    assert set(answers["1"]) <= {"won", "void"}
    audited = audit(world.database)
    for place, outcome in enumerate(answers["1"]):
        key = audited.custody[batches[place // (GROUP * each)], place % (GROUP * each)]
        assert key.state is State.VOID
        lived = [step.entry.type.name for step in key.steps[3:]]
        assert lived == (["SELL", "VOID"] if outcome == "won" else ["VOID"])
    require_a_race(answers["1"])


def test_orders_of_the_same_keys_in_opposite_order_never_deadlock(
    world: Trade, database_url: str, tmp_path: Path
) -> None:
    size = 40 * GROUP
    batches = [world.batch(size, holder=SHOP) for _ in range(2)]
    work = [(database_url, tmp_path, me, batches, size) for me in (0, 1)]
    forwards, backwards = race(opposite_orders, work)
    for pair in zip(forwards, backwards, strict=True):
        assert sorted(pair) == ["sold", "won"]
    assert all(key.state is State.SOLD for key in audit(world.database).custody.values())
