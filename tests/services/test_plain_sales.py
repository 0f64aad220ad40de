"""Sales as one set: what is plain goes in at once, and everything else is answered as ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.core.entries import EntryType
from provenance.core.lives import State
from provenance.errors import ManyRefused
from provenance.services import lawbook
from provenance.services.acts import Act
from provenance.services.lawbook import Handle, KeyRef
from provenance.services.plainsales import sell_plain
from provenance.services.sale import Wish
from tests.services.auditing import audit
from tests.services.custody_world import OTHER_SHOP, SHOP, SUPPLIER, Trade, key_of, order, trade


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    made.database.dispose()


def plain(world: Trade, wishes: list[Wish]) -> set[int]:
    tags = lawbook.tags_alone(world.context, [wish.ref for wish in wishes])
    return set(world.database.retrying_quickly(lambda line: sell_plain(world.context, line, wishes, tags)))


def test_untouched_keys_are_sold_as_one_set_by_key_or_by_place(world: Trade) -> None:
    batch = world.batch(6, holder=SHOP)
    refs: list[KeyRef] = [Handle(batch, 4), key_of(1), key_of(3), Handle(batch, 0)]
    assert plain(world, [Wish(SHOP, ref, order()) for ref in refs]) == {0, 1, 2, 3}
    audited = audit(world.database)
    assert [audited.custody[batch, index].state is State.SOLD for index in range(6)] == [
        True, True, False, True, True, False
    ]  # fmt: skip


def test_what_is_not_plain_is_left_out_of_a_set(world: Trade) -> None:
    batch = world.batch(9, holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order("before"))
    world.reserving.reserve(SHOP, [key_of(1)])
    world.transfers.offer(SHOP, OTHER_SHOP, batch, [(2, 1)])
    world.custody.act(key_of(3), Act(EntryType.VOID, SHOP))
    world.recalls.recall(SUPPLIER, batch, [(4, 2)])
    refs: list[KeyRef] = [*(key_of(n) for n in range(7)), key_of(999), Handle(batch, 99), key_of(6)]
    wishes = [Wish(SHOP, ref, order("set")) for ref in refs]
    others = [Wish(OTHER_SHOP, key_of(7), order("other")), Wish(b"\x63" * 20, key_of(8), order("nobody"))]
    assert plain(world, wishes + others) == {6}


def test_a_reserved_key_is_plain_for_its_reservation_alone(world: Trade) -> None:
    world.batch(3, holder=SHOP)
    held = world.reserving.reserve(SHOP, [key_of(0), key_of(1)])
    wishes = [Wish(SHOP, key_of(n), order(reservation=held.id if n == 0 else None)) for n in range(3)]
    assert plain(world, wishes) == {0, 2}


def test_a_suspended_party_sells_nothing_in_a_set_with_others(world: Trade) -> None:
    world.batch(2, holder=SHOP)
    world.batch(2, holder=OTHER_SHOP)
    world.parties.suspend(b"\x09" * 20, OTHER_SHOP, "late")
    wishes = [Wish(SHOP, key_of(0), order()), Wish(OTHER_SHOP, key_of(2), order())]
    assert plain(world, wishes) == {0}


def test_details_that_cannot_be_committed_to_do_not_stop_the_rest_of_a_set(world: Trade) -> None:
    world.batch(2, holder=SHOP)
    bad = order()
    bad.details["price"] = "9" * 20_000
    assert plain(world, [Wish(SHOP, key_of(0), bad), Wish(SHOP, key_of(1), order("B"))]) == {1}


def test_all_or_nothing_sells_nothing_when_one_key_is_gone(world: Trade) -> None:
    batch = world.batch(4, holder=SHOP)
    world.selling.sell(SHOP, key_of(2), order("before"))
    with pytest.raises(ManyRefused) as refused:
        world.selling.sell_many(SHOP, [key_of(n) for n in range(4)], order("all"))
    assert [(position, error.code) for position, error in refused.value.errors] == [(2, "sold")]
    states = audit(world.database).custody
    assert [states[batch, n].state for n in range(4)].count(State.SOLD) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.integers(0, 7), min_size=1, max_size=12), gone=st.sets(st.integers(0, 7)))
def test_a_set_gives_each_key_the_answer_that_it_gets_alone(
    world: Trade, asked: list[int], gone: set[int]
) -> None:
    first = world.made
    world.batch(8, holder=SHOP)
    twin = world.made
    world.batch(8, holder=SHOP)
    for start in (first, twin):
        for number in gone:
            world.selling.sell(SHOP, key_of(start + number), order(f"before-{start}"))
    refs = [key_of(first + number) for number in asked]
    together = world.selling.sell_many(SHOP, refs, order(f"set-{first}"), proceed=True)
    for number, outcome in zip(asked, together, strict=True):
        alone = world.selling.sell_many(SHOP, [key_of(twin + number)], order(f"one-{twin}"), proceed=True)[0]
        assert (outcome.sold is None) == (alone.sold is None)
        if outcome.sold and alone.sold:
            assert outcome.sold.replayed == alone.sold.replayed
        if outcome.refusal and alone.refusal:
            assert outcome.refusal.code == alone.refusal.code
