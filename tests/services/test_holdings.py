"""Custody of ranges: splits, offers that lapse, successions, and looks that came too early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.core.commitments import order_use, use_party
from provenance.core.entries import EntryType, PartyReason
from provenance.core.lives import State
from provenance.errors import CustodyRefused, ManyRefused, ProvenanceError
from provenance.services import acts, lawbook
from provenance.services.acts import Act
from provenance.services.lawbook import Handle
from provenance.services.parties import Principal
from provenance.services.verification import VerdictCode, Viewer
from provenance.store import holdings
from provenance.store.holdings import Holding
from provenance.store.keys import KeyRow
from tests.services.auditing import audit
from tests.services.custody_world import OPERATOR, OTHER_SHOP, SHOP, SUPPLIER, Trade, key_of, order, trade
from tests.support.databases import SqliteDatabases

WEEK_MS = 7 * 86_400_000


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    audit(made.database)
    made.database.dispose()


def refused(doing: Callable[[], Any]) -> ProvenanceError:
    with pytest.raises(ProvenanceError) as caught:
        doing()
    return caught.value


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.tuples(st.integers(0, 15), st.integers(1, 16)), max_size=12))
def test_however_it_is_carved_a_batch_stays_covered_exactly_once(
    sqlite_databases: SqliteDatabases, tmp_path: Path, cuts: list[tuple[int, int]]
) -> None:
    world = trade(sqlite_databases.migrated(), tmp_path)
    world.batch(16)
    number = 1000
    owner: list[bytes] = [SUPPLIER] * 16
    with world.database.write() as connection:
        for turn, (first, count) in enumerate(cuts):
            stop = min(first + count, 16)
            for held in holdings.lock_range(connection, number, first, stop - first):
                start, end = max(first, held.first), min(stop, held.stop)
                piece = holdings.carve(connection, held, start, end - start)
                assert (piece.first, piece.stop) == (start, end)
                holdings.put(connection, Holding(number, start, end - start, bytes([turn]) * 20, turn))
            owner[first:stop] = [bytes([turn]) * 20] * (stop - first)
        everything = holdings.all_of(connection, number)
        assert [index for held in everything for index in range(held.first, held.stop)] == list(range(16))
        covering = holdings.lock_shared(connection, number, range(16))
        assert [covering[index].holder for index in range(16)] == owner
    world.database.dispose()


def test_a_successors_hand_over_in_the_same_millisecond_comes_after_the_succession(world: Trade) -> None:
    batch = world.batch()
    offer = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 4), (6, 1)]).transfer
    heir = b"\x22" * 20
    last = world.parties.succeed(OPERATOR, SUPPLIER, heir)[-1]
    settled = world.transfers.accept(SHOP, offer.id)
    assert {one.entry.party for one in settled.recorded} == {heir}
    assert all(one.entry.time > last.entry.time for one in settled.recorded)
    assert audit(world.database).custody[batch, 6].holder == SHOP


def test_the_heir_of_a_recipient_takes_what_was_offered(world: Trade) -> None:
    batch = world.batch()
    offer = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 4)]).transfer
    heir = b"\x22" * 20
    world.parties.succeed(OPERATOR, SHOP, heir)
    assert refused(lambda: world.transfers.accept(SHOP, offer.id)).code == "party_suspended"
    world.transfers.accept(heir, offer.id)
    world.selling.sell(heir, key_of(2), order())
    assert audit(world.database).custody[batch, 2].state is State.SOLD


def test_an_heir_finds_what_was_handed_over_under_the_old_address(world: Trade) -> None:
    batch = world.batch()
    settled = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 2)]).transfer
    world.transfers.accept(SHOP, settled.id)
    standing = world.transfers.offer(SUPPLIER, SHOP, batch, [(4, 2)]).transfer
    heir = b"\x22" * 20
    world.parties.succeed(OPERATOR, SHOP, heir)
    assert {one.id for one in world.transfers.listed(heir)} == {settled.id, standing.id}
    assert world.transfers.get(heir, settled.id).recipient == SHOP
    assert world.transfers.listed(OTHER_SHOP) == []
    assert refused(lambda: world.transfers.get(OTHER_SHOP, settled.id)).code == "unknown_transfer"


def test_a_payment_notified_again_after_a_succession_is_not_sold_twice(world: Trade) -> None:
    world.batch(holder=SHOP)
    pool = [key_of(n) for n in range(4)]
    one = world.selling.sell(SHOP, key_of(5), order("A-1"))
    unit = world.selling.sell_any(SHOP, pool, order("A-2"))
    middle, heir = b"\x22" * 20, b"\x23" * 20
    world.parties.succeed(OPERATOR, SHOP, middle)
    world.parties.succeed(OPERATOR, middle, heir)
    again = world.selling.sell(heir, key_of(5), order("A-1"))
    assert again.replayed and (again.recorded, again.token) == (one.recorded, one.token)
    assert world.selling.token_of(heir, "A-1", one.handle) == one.token
    again = world.selling.sell_any(heir, list(reversed(pool)), order("A-2"))
    assert again.replayed and (again.recorded, again.token) == (unit.recorded, unit.token)


def test_an_heir_sees_what_was_sold_and_supplied_under_the_address_it_stands_for(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order("A-1"))
    world.transfers.accept(OTHER_SHOP, world.transfers.offer(SHOP, OTHER_SHOP, batch, [(1, 1)]).transfer.id)
    seller, supplier, stranger = b"\x22" * 20, b"\x23" * 20, b"\x24" * 20
    world.parties.succeed(OPERATOR, SHOP, seller)
    world.parties.succeed(OPERATOR, SUPPLIER, supplier)
    world.parties.admit(OPERATOR, "stranger", PartyReason.PLATFORM, address=stranger)
    handle = Handle(batch, 0)
    for heir in (seller, supplier):
        viewer = Viewer(Principal(world.parties.get(heir), "c", frozenset()))
        assert world.verification.verify(viewer, [handle])[0].code is VerdictCode.SOLD
        assert world.verification.custody(viewer, handle)[-1]["type"] == "SELL"
    told = world.verification.custody(Viewer(Principal(world.parties.get(seller), "c", frozenset())), handle)
    assert told[-1]["details"]["order"] == "A-1"
    nobody = Viewer(Principal(world.parties.get(stranger), "c", frozenset()))
    assert world.verification.verify(nobody, [handle])[0].code is VerdictCode.UNKNOWN


def test_an_offer_that_lapsed_by_a_faster_clock_is_not_accepted_by_a_slower_one(world: Trade) -> None:
    batch = world.batch()
    offer = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 4)]).transfer
    world.clock.pass_ms(WEEK_MS)
    sold = world.selling.sell(SUPPLIER, key_of(1), order())
    world.clock.pass_ms(-2)
    assert refused(lambda: world.transfers.accept(SHOP, offer.id)).code == "transfer_lapsed"
    assert audit(world.database).custody[batch, 1].state is State.SOLD
    assert sold.recorded.entry.actor == SUPPLIER


def test_nor_is_one_whose_keys_were_offered_again(world: Trade) -> None:
    batch = world.batch()
    first = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 4)]).transfer
    world.clock.pass_ms(WEEK_MS)
    second = world.transfers.offer(SUPPLIER, OTHER_SHOP, batch, [(1, 2)]).transfer
    world.clock.pass_ms(-2)
    assert refused(lambda: world.transfers.accept(SHOP, first.id)).code == "transfer_lapsed"
    world.transfers.withdraw(SUPPLIER, first.id)
    world.transfers.accept(OTHER_SHOP, second.id)
    custody = audit(world.database).custody
    assert [custody[batch, n].holder for n in range(4)] == [SUPPLIER, OTHER_SHOP, OTHER_SHOP, SUPPLIER]


def test_withdrawing_an_old_offer_leaves_the_newer_one_closed(world: Trade) -> None:
    batch = world.batch()
    first = world.transfers.offer(SUPPLIER, SHOP, batch, [(0, 4)]).transfer
    world.clock.pass_ms(WEEK_MS)
    world.transfers.offer(SUPPLIER, OTHER_SHOP, batch, [(1, 2)])
    world.transfers.withdraw(SUPPLIER, first.id)
    assert refused(lambda: world.selling.sell(SUPPLIER, key_of(1), order())).code == "in_transfer"
    world.selling.sell(SUPPLIER, key_of(3), order())


def test_a_correction_leaves_the_reservation_of_a_checkout_alone(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.sequencer().sequence()
    held = world.reserving.reserve(SHOP, [key_of(0)])
    index = world.replay((1000).to_bytes(32), 0).steps[1].index
    assert index is not None
    world.custody.correct(key_of(0), SUPPLIER, index, {"note": "wrong pallet"})
    assert refused(lambda: world.selling.sell(SHOP, key_of(0), order())).code == "reserved"
    world.selling.sell(SHOP, key_of(0), order(reservation=held.id))


def test_all_or_nothing_names_the_position_even_of_the_first(world: Trade) -> None:
    world.batch(holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order("A-1"))
    for doing in (
        lambda: world.selling.sell_many(SHOP, [key_of(0), key_of(1)], order("A-2")),
        lambda: world.selling.sell_any(SHOP, [key_of(0)] * 2, order("A-2")),
        lambda: world.reserving.reserve(SHOP, [key_of(0), key_of(1)]),
        lambda: world.custody.act_on_many([key_of(0), key_of(1)], Act(EntryType.DELIVER, OTHER_SHOP)),
    ):
        found = refused(doing)
        assert isinstance(found, ManyRefused)
        assert found.errors[0][0] == 0
    alone = refused(lambda: world.selling.sell_many(SHOP, [key_of(0)], order("A-2")))
    assert isinstance(alone, CustodyRefused)


def test_whoever_is_not_the_holder_is_told_the_last_event(world: Trade) -> None:
    batch = world.batch(holder=SHOP)
    received = world.replay(batch, 0).last_time
    for doing in (
        lambda: world.selling.sell(OTHER_SHOP, key_of(0), order()),
        lambda: world.reserving.reserve(OTHER_SHOP, [key_of(0)]),
    ):
        found = refused(doing)
        assert found.code == "not_holder"
        assert (found.facts["type"], found.facts["time"]) == ("RECEIVE", received)
        assert len(bytes.fromhex(found.facts["event"])) == 16


def test_a_key_that_went_to_another_unit_of_the_order_is_named_with_its_event(world: Trade) -> None:
    world.batch(holder=SHOP)
    first = world.selling.sell_any(SHOP, [key_of(0)], order("A-1", unit=1))
    found = refused(lambda: world.selling.sell_any(SHOP, [key_of(0)], order("A-1", unit=2)))
    assert (found.code, found.facts["event"]) == ("sold", first.recorded.event.hex())


@pytest.mark.parametrize(
    "kind", [EntryType.COMMISSION, EntryType.TRANSFER, EntryType.RECEIVE, EntryType.SELL]
)
def test_no_sale_and_no_hand_over_slips_in_as_another_act(world: Trade, kind: EntryType) -> None:
    world.batch(holder=SHOP)
    found = refused(lambda: world.custody.act(key_of(0), Act(kind, SHOP, OTHER_SHOP)))
    assert found.code == "unknown_act"


def look(world: Trade, handle: Handle) -> KeyRow:
    with world.database.read() as connection:
        row = lawbook.find(world.context, connection, [handle])[0]
    assert row is not None
    return row


@pytest.mark.parametrize("touched", [False, True], ids=["new key", "key sold before"])
def test_a_sale_that_looked_too_early_is_told_the_sale_and_not_its_own_time(
    world: Trade, touched: bool
) -> None:
    batch = world.batch(holder=SHOP)
    handle = Handle(batch, 0)
    if touched:
        world.selling.sell(SHOP, handle, order("A-0"))
        world.custody.act(handle, Act(EntryType.REINSTATE, SHOP))
    early = look(world, handle)
    winner = world.selling.sell(SHOP, handle, order("A-1"))
    act = Act(EntryType.SELL, SHOP, use_party(order_use(bytes(32), batch, 0)))

    def too_late() -> None:
        with world.database.write() as connection:
            acts.perform(world.context, connection, early, act, lambda: look(world, handle), None)

    found = refused(too_late)
    assert (found.code, found.facts["event"]) == ("sold", winner.recorded.event.hex())


def test_a_shared_key_looked_at_too_early_is_sold_all_the_same(world: Trade) -> None:
    batch = world.batch(size=2, max_uses=3, holder=SHOP)
    handle = Handle(batch, 0)
    world.selling.sell(SHOP, handle, order("A-0"))
    early = look(world, handle)
    world.selling.sell(SHOP, handle, order("A-1"))
    act = Act(EntryType.SELL, SHOP, use_party(order_use(bytes(32), batch, 0)))
    with world.database.write() as connection:
        again = lawbook.find(world.context, connection, [handle])[0]
        acts.perform(world.context, connection, early, act, lambda: again, None)
        connection.rollback()
    assert len(audit(world.database).custody[batch, 0].lives) == 2


@pytest.mark.postgres
@pytest.mark.race
def test_a_sale_outlasts_a_queue_of_hand_overs_from_the_same_range(postgres_url: str, tmp_path: Path) -> None:
    world = trade(postgres_url, tmp_path)
    batch = world.batch(size=64)
    turn = threading.Barrier(9)

    def hand_over(worker: int) -> None:
        turn.wait()
        for index in range(worker, 56, 8):
            world.transfers.offer(SUPPLIER, SHOP, batch, [(index, 1)])

    def sell() -> None:
        turn.wait()
        for index in range(63, 55, -1):
            world.selling.sell(SUPPLIER, Handle(batch, index), order(f"A-{index}"))

    with ThreadPoolExecutor(9) as pool:
        running = [pool.submit(hand_over, worker) for worker in range(8)] + [pool.submit(sell)]
        for one in running:
            one.result()
    custody = audit(world.database).custody
    assert sum(key.state is State.SOLD for key in custody.values()) == 8
    assert sum(len(key.offers) for key in custody.values()) == 56
    world.database.dispose()
