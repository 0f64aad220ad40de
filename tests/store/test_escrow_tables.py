"""Offers, deposits and what was read of the chain, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert

from provenance.store import claims, escrow
from provenance.store.claims import Task
from provenance.store.database import Database
from provenance.store.escrow import DepositRow, EventRow, OfferRow
from provenance.store.schema_warranty import claim as claim_table
from provenance.store.schema_warranty import warranty_order

ORDER, OTHER, CLAIM = (bytes([n]) * 32 for n in (1, 2, 3))
HUGE = 2**128 - 1


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    with made.write() as connection:
        for place, order in enumerate((ORDER, OTHER)):
            party = bytes([place + 1]) * 20
            connection.execute(
                insert(warranty_order),
                {
                    "id": order, "platform": party, "seller": party, "supplier": party, "batch": 1,
                    "idx": place, "party": party, "sell": bytes(16), "token": order, "price": 1,
                    "currency": "CNY",
                    "terms": bytes(32), "product": bytes(32), "created_at": 1, "due": None,
                },
            )  # fmt: skip
    yield made
    made.dispose()


def offer(digest: int, at: int) -> OfferRow:
    return OfferRow(bytes([digest]) * 32, ORDER, b"\x0d" * 32, "{}", 100, at)


def deposit(order: bytes, due: int | None) -> DepositRow:
    return DepositRow(order, order, "{}", True, 1, 50, None, HUGE, HUGE, 7, b"\x11" * 32, 3, due=due)


def claimed(database: Database, outcome: str | None, state: str = "unpaid") -> None:
    with database.write() as connection:
        connection.execute(
            insert(claim_table),
            {
                "id": CLAIM, "order": ORDER, "platform": bytes(20), "state": state, "causes": "x",
                "origin": "filed", "outcome": outcome, "opened_at": 1, "last_time": 1, "due": None,
                "version": 1, "value": "{}",
            },
        )  # fmt: skip
        claims.add_task(connection, Task(b"\x07" * 16, CLAIM, ORDER, "draw", 5, "CNY", 1))


def test_an_offer_is_kept_once_signed_once_and_the_newest_comes_first(database: Database) -> None:
    with database.write() as connection:
        assert escrow.add_offer(connection, offer(1, 10))
        assert not escrow.add_offer(connection, offer(1, 11))
        assert escrow.add_offer(connection, offer(2, 20))
        assert [row.made_at for row in escrow.offers_of(connection, ORDER)] == [20, 10]
        assert escrow.sign_offer(connection, bytes([1]) * 32, b"s" * 65)
        assert not escrow.sign_offer(connection, bytes([1]) * 32, b"t" * 65)
        signed = escrow.offer(connection, bytes([1]) * 32)
        assert signed is not None and signed.signature == b"s" * 65
        assert escrow.order_of(connection, b"\x0d" * 32) == ORDER
        assert escrow.order_of(connection, b"\x0e" * 32) is None


def test_amounts_beyond_any_column_of_numbers_come_back_and_the_longest_due_first(database: Database) -> None:
    with database.write() as connection:
        escrow.put_deposit(connection, deposit(ORDER, 9))
        escrow.put_deposit(connection, deposit(OTHER, 5))
        assert [row.order for row in escrow.due(connection, 9, 10)] == [OTHER, ORDER]
        assert [row.order for row in escrow.due(connection, 9, 1)] == [OTHER]
        assert escrow.due(connection, 4, 10) == []
        moved = replace(deposit(ORDER, None), state=5, fault=2**40, trouble="escrow_short")
        escrow.put_deposit(connection, moved)
        assert escrow.deposit_of(connection, ORDER) == moved
        escrow.wake(connection, ORDER, 3)
        assert [row.order for row in escrow.due(connection, 4, 10)] == [ORDER]
        escrow.look_again(connection, ORDER, None, None)
        assert escrow.due(connection, 4, 10) == []


def test_an_event_is_read_once_and_a_forgotten_chain_leaves_the_offers(database: Database) -> None:
    event = EventRow(7, 3, ORDER, b"\x11" * 32, 60, "Deposited", "{}")
    with database.write() as connection:
        escrow.add_offer(connection, offer(1, 10))
        assert escrow.add_event(connection, event)
        assert not escrow.add_event(connection, event)
        escrow.add_event(connection, replace(event, block=6, position=9))
        assert [one.block for one in escrow.events_of(connection, ORDER)] == [6, 7]
        escrow.put_deposit(connection, deposit(ORDER, 9))
        escrow.has_read(connection, b"\xec" * 20, 7, b"\x01" * 32)
        escrow.has_read(connection, b"\xec" * 20, 8, b"\x02" * 32)
        assert escrow.read_up_to(connection, b"\xec" * 20) == (8, b"\x02" * 32)
        escrow.forget_chain(connection)
        assert escrow.read_up_to(connection, b"\xec" * 20) is None
        assert escrow.events_of(connection, ORDER) == []
        assert escrow.deposit_of(connection, ORDER) is None
        assert len(escrow.offers_of(connection, ORDER)) == 1


def test_what_a_closed_claim_asks_ends_by_itself_but_not_beside_an_open_deposit(database: Database) -> None:
    claimed(database, "debt", "closed")
    with database.write() as connection:
        escrow.put_deposit(connection, deposit(ORDER, 9))
        assert escrow.end_idle_tasks(connection, 20, 10) == 0
        assert [task.kind for task in claims.tasks_of(connection, [CLAIM])] == ["draw"]
        escrow.put_deposit(connection, replace(deposit(ORDER, None), state=escrow.CLOSED))
        assert escrow.end_idle_tasks(connection, 20, 10) == 1
        assert claims.tasks_of(connection, [CLAIM]) == []


def test_what_an_open_claim_asks_stays_asked(database: Database) -> None:
    claimed(database, None)
    with database.write() as connection:
        assert escrow.end_idle_tasks(connection, 20, 10) == 0
