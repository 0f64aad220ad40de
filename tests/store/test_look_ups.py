"""Every look-up of a request goes into an index: its time does not grow with what others have stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, insert

from provenance.core.entries import Entry, EntryType
from provenance.core.lives import State
from provenance.store import batches, entries, holdings, keys, orders, parties
from provenance.store.batches import BatchRow, Status
from provenance.store.database import Connection, Database
from provenance.store.holdings import Holding
from provenance.store.schema import card_key

HASH, ADDRESS, OTHER, EVENT = bytes(32), b"\x01" * 20, b"\x02" * 20, bytes(16)
TOUCHED = "USING INDEX ix_card_key_touched"
LOOK_UPS: dict[str, tuple[Callable[[Connection], Any], str]] = {
    "keys by handle": (lambda c: keys.by_handles(c, [(HASH, 1), (HASH, 2)]), "batch=? AND idx=?"),
    "keys by tag": (lambda c: keys.by_tags(c, [HASH]), "tag=?"),
    "touched keys": (lambda c: list(keys.touched_in(c, 1, 0, 9)), f"{TOUCHED} (batch=? AND idx>? AND idx<?)"),
    "newest of a range": (lambda c: keys.newest_time_in(c, 1, 0, 9), f"{TOUCHED} (batch=? AND idx>?"),
    "gone of a range": (lambda c: keys.count_gone_in(c, 1, 0, 9), f"{TOUCHED} (batch=? AND idx>?"),
    "names of a party": (lambda c: parties.names_of(c, ADDRESS), "successor=?"),
    "credentials": (lambda c: parties.credentials_of(c, ADDRESS), "ix_credential_party (party=?)"),
    "batches": (lambda c: batches.of_suppliers(c, [ADDRESS], (9, 9), 9), "supplier=? AND created_at<?"),
    "entries of a key": (lambda c: entries.of_key(c, HASH, 1), "is_range=? AND first=?"),
    "ranges over a key": (lambda c: entries.of_key(c, HASH, 1), "is_range=? AND first<?"),
    "entries by a party": (lambda c: entries.under_address(c, ADDRESS, (5, EVENT), 9), "actor=? AND time>?"),
    "entries on a party": (lambda c: entries.under_address(c, ADDRESS, (5, EVENT), 9), "party=? AND time>?"),
    "rare entries": (lambda c: entries.of_type(c, EntryType.KEY), "type=?"),
    "holdings": (lambda c: holdings.over(c, 1, [0]), "batch=? AND first>? AND first<?"),
    "order lines": (lambda c: orders.line_of_unit(c, [ADDRESS], HASH, 1), "seller=? AND order=? AND unit=?"),
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.mark.parametrize("name", LOOK_UPS)
def test_a_look_up_searches_by_an_index_and_scans_no_table(sqlite_url: str, name: str) -> None:
    look_up, columns = LOOK_UPS[name]
    database = Database(sqlite_url)
    made: list[tuple[str, Any]] = []
    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *said: made.append((said[2], said[3])))
        if name == "holdings":
            with pytest.raises(RuntimeError, match="do not cover"):
                look_up(connection)
        else:
            look_up(connection)
        statement, parameters = made[0]
        plan = [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)]
    database.dispose()
    assert any(step.startswith("SEARCH") and columns in step for step in plan), plan
    tables = ("card_key", "entry", "holding", "order_line", "batch", "party", "credential")
    assert not [step for step in plan if step.split()[0] == "SCAN" and step.split()[1] in tables], plan


def noted(connection: Connection, place: int, time: int, actor: bytes, party: bytes) -> bytes:
    entry = Entry(EntryType.TRANSFER, time, HASH, actor, place, 1, party)
    entries.insert(connection, place.to_bytes(16), entry, None)
    return place.to_bytes(16)


def test_a_partys_feed_is_turned_page_by_page_and_names_each_event_once(database: Database) -> None:
    with database.write() as connection:
        mine = [noted(connection, n, 10 + n // 3, ADDRESS, OTHER) for n in range(0, 40, 4)]
        mine += [noted(connection, n, 10 + n // 3, OTHER, ADDRESS) for n in range(1, 40, 4)]
        mine += [noted(connection, n, 10 + n // 3, ADDRESS, ADDRESS) for n in range(2, 40, 4)]
        for n in range(3, 40, 4):
            noted(connection, n, 10 + n // 3, OTHER, OTHER)
    read: list[bytes] = []
    after = (0, EVENT)
    with database.read() as connection:
        while page := entries.under_address(connection, ADDRESS, after, 7):
            assert len(page) <= 7
            read += [stored.event for stored in page]
            after = page[-1].entry.time, page[-1].event
    assert read == sorted(mine)


def test_of_a_range_the_touched_keys_are_read_all_and_in_order_however_many(database: Database) -> None:
    batch = BatchRow(
        1,
        HASH,
        ADDRESS,
        HASH,
        2_000,
        1,
        0,
        "{}",
        "steam",
        False,
        b"",
        Status.LIVE,
        0,
        "{}",
        None,
        1,
        ADDRESS,
        0,
    )
    touched = [n for n in range(2_000) if n % 3]
    with database.write() as connection:
        batches.insert_one(connection, batch)
        rows = [
            {
                "tag": n.to_bytes(32), "epoch": 1, "batch": 1, "idx": n, "entries": int(n % 3 > 0),
                "state": int(State.VOID if n % 3 == 2 else State.REGISTERED),
            }
            for n in reversed(range(2_000))
        ]  # fmt: skip
        connection.execute(insert(card_key), rows)
    with database.read() as connection:
        read = [row.index for row in keys.touched_in(connection, 1, 10, 1_900)]
        gone = keys.count_gone_in(connection, 1, 10, 1_900)
    assert read == [n for n in touched if 10 <= n < 1_910]
    assert gone == sum(1 for n in range(10, 1_910) if n % 3 == 2)


@pytest.mark.postgres
@pytest.mark.race
def test_an_heir_gets_the_pieces_too_of_a_holding_that_was_split_while_he_waited(postgres_url: str) -> None:
    database, heir = Database(postgres_url), b"\x03" * 20
    with database.write() as connection:
        holdings.insert_one(connection, Holding(1, 0, 100, ADDRESS, last_time=1))

    def succeed() -> None:
        with database.write() as connection:
            holdings.hand_on(connection, ADDRESS, heir)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as recall:
            (held,) = holdings.lock_range(recall, 1, 40, 20)
            waiting = pool.submit(succeed)
            wait_for_a_lock(database)
            holdings.put(recall, replace(holdings.carve(recall, held, 40, 20), voided_at=2))
        waiting.result(timeout=60)
    with database.read() as connection:
        found = [(one.first, one.count, one.holder) for one in holdings.all_of(connection, 1)]
    database.dispose()
    assert found == [(0, 40, heir), (40, 20, heir), (60, 40, heir)]


def wait_for_a_lock(database: Database) -> None:
    """Return once somebody in this database waits for a lock."""
    waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    end = time.monotonic() + 60
    with database.read() as connection:
        while connection.exec_driver_sql(waits).first() is None:
            assert time.monotonic() < end, "nobody waits"
            time.sleep(0.01)
