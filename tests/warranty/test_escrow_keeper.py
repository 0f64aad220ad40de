"""The keeper on a real node: what the chain is paid and pays is in the order's ledger, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.chain.escrow import DepositState
from provenance.core.claims import PostingKind
from provenance.core.terms import State
from provenance.services.warranty.orders import EventKind
from provenance.store import warranty_orders
from tests.chain.conftest import LocalChain, bare_chain, local, node_url
from tests.chain.escrow_world import PRICE
from tests.warranty.escrow_shop import EscrowShop, escrow_shop
from tests.warranty.world import MINUTE, money

__all__ = ["bare_chain", "local", "node_url"]


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path, local: LocalChain) -> Iterator[EscrowShop]:
    made = escrow_shop(sqlite_url, tmp_path, local)
    yield made
    made.database.dispose()


def test_a_platform_that_does_not_pay_is_ruled_to_and_the_ledger_says_what_the_buyer_got(
    shop: EscrowShop,
) -> None:
    batch = shop.registered()
    shop.anchor()
    opened = shop.bought(batch)
    keeper = shop.keeper()
    assert shop.round(keeper) == []
    with shop.database.read() as connection:
        assert EventKind.PAID in warranty_orders.events_of(connection, opened.order.id)
    assert shop.ledger(opened).total(PostingKind.PAID) == money("49.50")

    shop.deliver(opened)
    shop.anchor()
    assert shop.round(keeper, 10) == []
    assert shop.deposit(opened).state == DepositState.DELIVERED

    shop.used_before(opened)
    shop.anchor()
    shop.round(keeper)
    assert shop.claim_of(opened).claim.state is State.PAYING
    shop.freeze(opened)
    shop.later(31 * MINUTE)
    assert shop.round(keeper, 3) == []
    assert shop.deposit(opened).state == DepositState.CLOSED
    claim = shop.claim_of(opened).claim
    assert claim.state is State.REMEDIED
    assert [one.kind for one in shop.ledger(opened).postings] == [PostingKind.PAID, PostingKind.REFUNDED]
    assert shop.withdrawn() == PRICE
