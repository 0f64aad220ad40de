"""What a verdict tells of a key's past is what the law tells of it, whichever way it was found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.entries import EntryType
from provenance.services import lawbook, stories
from provenance.services.acts import Act
from provenance.services.lawbook import Handle
from provenance.services.stories import Story
from tests.services.custody_world import (
    ISSUER,
    OPERATOR,
    OTHER_SHOP,
    SHOP,
    SUPPLIER,
    Trade,
    key_of,
    order,
    trade,
)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Trade]:
    made = trade(database_url, tmp_path)
    yield made
    made.database.dispose()


def both_ways(world: Trade, batch_id: bytes, size: int) -> list[tuple[Story | None, Story]]:
    """Of each key of a batch: what its few entries tell, and what the law does."""
    seen = lawbook.find_seen(world.context, [Handle(batch_id, n) for n in range(size)])
    known = [one for one in seen if one is not None]
    with world.database.read() as connection:
        books = lawbook.histories(connection, [row for row, _, _ in known])
    assert len(known) == size
    return [
        (stories.of_few(row, held, own), stories.of_book(books[row.number, row.index]))
        for row, held, own in known
    ]


def test_a_sale_its_delivery_and_its_redemption_by_the_buyer_need_no_law(world: Trade) -> None:
    batch_id = world.batch(4, holder=SHOP)
    for number in (1, 2, 3):
        token = world.selling.sell(SHOP, key_of(number), order(f"A-{number}")).token
        if number > 1:
            world.custody.act(key_of(number), Act(EntryType.DELIVER, SHOP))
    world.custody.act_as_buyer(key_of(3), EntryType.REDEEM, token)
    world.clock.pass_ms(10)
    world.sequencer().sequence()
    world.custody.act(key_of(1), Act(EntryType.DELIVER, SHOP))
    (untouched, _), *touched = both_ways(world, batch_id, 4)
    assert untouched == Story()
    assert [few for few, _ in touched] == [law for _, law in touched]
    places = [few.last_event["index"] for few, _ in touched if few is not None and few.last_event]
    assert places[0] is None and None not in places[1:]


def test_a_life_that_can_have_gone_two_ways_is_left_to_the_law(world: Trade) -> None:
    batch_id = world.batch(9, holder=SHOP)
    for number in range(7):
        world.selling.sell(SHOP, key_of(number), order(f"A-{number}"))
    for number in range(1, 4):
        world.custody.act(key_of(number), Act(EntryType.DELIVER, SHOP))
    world.custody.act(key_of(0), Act(EntryType.REINSTATE, SHOP))
    world.custody.act(key_of(1), Act(EntryType.REDEEM, SHOP))
    world.custody.act(key_of(2), Act(EntryType.REDEEM, ISSUER, reason=1))
    world.custody.act(key_of(3), Act(EntryType.VOID, SHOP))
    world.custody.act(key_of(4), Act(EntryType.REDEEM, ISSUER))
    world.recalls.recall(SUPPLIER, batch_id, [(5, 2)])
    world.transfers.offer(SHOP, OTHER_SHOP, batch_id, [(7, 1)])
    world.custody.act(key_of(8), Act(EntryType.VOID, SHOP))
    assert [few for few, _ in both_ways(world, batch_id, 9)] == [None] * 9


def test_shared_keys_and_those_with_many_entries_are_left_to_the_law(world: Trade) -> None:
    shared = world.batch(1, max_uses=2, holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order())
    eventful = world.batch(1)
    for sender, recipient in ((SUPPLIER, SHOP), (SHOP, OTHER_SHOP), (OTHER_SHOP, SHOP)):
        offer = world.transfers.offer(sender, recipient, eventful, [(0, 1)])
        world.transfers.accept(recipient, offer.transfer.id)
    world.selling.sell(SHOP, key_of(1), order())
    assert both_ways(world, shared, 1)[0][0] is None
    assert both_ways(world, eventful, 1)[0][0] is None


def test_after_a_succession_the_old_sellers_sale_is_told_as_the_law_tells_it(world: Trade) -> None:
    batch_id = world.batch(2, holder=SHOP)
    world.selling.sell(SHOP, key_of(0), order())
    heir = b"\x21" * 20
    world.parties.succeed(OPERATOR, SHOP, heir)
    world.custody.act(key_of(0), Act(EntryType.DELIVER, heir))
    world.selling.sell(heir, key_of(1), order())
    for few, law in both_ways(world, batch_id, 2):
        assert few == law
