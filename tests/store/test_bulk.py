"""Filling tables in bulk, and searching the staging area: the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select

from provenance.store import bulk, bulk_search
from provenance.store.bulk_search import Hit
from provenance.store.database import Database
from provenance.store.schema import alias as aliases
from provenance.store.schema import batch as batches
from provenance.store.schema import card_key as keys
from provenance.store.schema import reject as rejects

ME, OTHER = b"\x01" * 20, b"\x02" * 20


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.dispose()


def batch_row(number: int, supplier: bytes, format: str = "opaque", status: int = 1) -> dict[str, object]:
    return {
        "number": number, "batch_id": number.to_bytes(32), "supplier": supplier, "root": bytes(32), "size": 1,
        "max_uses": 1, "expires_at": 0, "details": "{}", "format": format, "shuffled": False, "seed": b"",
        "status": status, "staged_until": 0, "counts": "{}", "chain_id": 1, "registry": bytes(20),
        "created_at": 0, "range_entries": 0,
    }  # fmt: skip


def digest(number: int) -> bytes:
    return number.to_bytes(16)


def test_every_awkward_value_survives_the_fill(database: Database) -> None:
    wanted = [
        (7, 1, None, "a", "plain"),
        (7, 2, 3, "b", "tab\there, newline\nthere, back\\slash, 'quote', \"double\", \\N and 卡密 ☃"),
        (7, 3, 0, "", ""),
    ]
    with database.write() as connection:
        connection.execute(insert(batches), batch_row(7, ME))
        bulk.fill(connection, rejects, wanted)
        found = connection.execute(select(rejects).order_by(rejects.c.line)).all()
    assert [tuple(row) for row in found] == wanted


def test_bytes_of_every_value_survive_the_fill(database: Database) -> None:
    wanted = bytes(range(256))
    with database.write() as connection:
        bulk.open_area(connection)
        bulk.fill(connection, bulk.staged_key, [(0, 1, wanted)])
        assert bytes(connection.execute(select(bulk.staged_key.c.tag)).scalar_one()) == wanted


def test_a_taken_tag_leaves_no_key_and_a_transaction_that_goes_on(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(batches), batch_row(7, OTHER))
        connection.execute(insert(keys), {"tag": b"taken", "epoch": 1, "batch": 7, "idx": 0})
        bulk.open_area(connection)
        bulk.load(connection, [(0, 1, b"fresh"), (1, 2, b"taken")], [])
        assert bulk.place_in_order(connection) == 2
        assert not bulk.write_keys(connection, 8, 1)
        bulk.clear_places(connection)
        bulk_search.search(connection, {ME}, "opaque")
        assert [(each.line, each.hit) for each in bulk_search.refusals(connection)] == [(2, Hit.OTHER_PARTY)]
        assert bulk.place_in_order(connection) == 1
        assert bulk.write_keys(connection, 8, 1)
        bulk.close_area(connection)
    with database.read() as connection:
        found = connection.execute(select(keys.c.tag, keys.c.batch, keys.c.idx).order_by(keys.c.batch)).all()
    assert [(bytes(tag), number, index) for tag, number, index in found] == [
        (b"taken", 7, 0),
        (b"fresh", 8, 0),
    ]


def test_a_line_is_refused_once_and_for_its_first_reason(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(batches), [batch_row(7, OTHER), batch_row(8, ME, "psn")])
        connection.execute(insert(keys), {"tag": b"taken", "epoch": 1, "batch": 7, "idx": 5})
        connection.execute(insert(aliases), {"digest": digest(1), "kind": bulk.SECRET, "batch": 8, "idx": 2})
        bulk.open_area(connection)
        probes = [(rank, bulk.SECRET, digest(1), 1) for rank in range(2)]
        bulk.load(connection, [(0, 10, b"taken"), (1, 20, b"taken")], probes)
        bulk_search.search(connection, {ME}, "opaque")
        found = list(bulk_search.refusals(connection))
    assert [(each.line, each.hit, each.earlier) for each in found] == [
        (10, Hit.OTHER_PARTY, None),
        (20, Hit.IN_FILE, 10),
    ]


def test_abandoned_batches_refuse_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(batches), batch_row(7, OTHER, "psn", status=2))
        connection.execute(insert(aliases), {"digest": digest(1), "kind": bulk.SECRET, "batch": 7, "idx": 0})
        bulk.open_area(connection)
        bulk.load(connection, [(0, 1, b"tag")], [(0, bulk.SECRET, digest(1), 1)])
        bulk_search.search(connection, {ME}, "opaque")
        assert list(bulk_search.refusals(connection)) == []
        assert bulk_search.batches_hit(connection) == []


def test_many_lines_on_one_alias_hit_one_key_each_and_not_every_key(database: Database) -> None:
    # The file of a hostile supplier: all its keys share one short alias, and so do all keys of another.
    with database.write() as connection:
        connection.execute(insert(batches), [batch_row(7, ME, "psn"), batch_row(8, OTHER, "psn")])
        bulk.fill(
            connection,
            aliases,
            [(digest(1), bulk.SHORT_SECRET, number, index) for number in (7, 8) for index in range(2_000)],
        )
        bulk.open_area(connection)
        bulk.load(
            connection,
            [(rank, rank + 1, rank.to_bytes(32)) for rank in range(2_000)],
            [(rank, bulk.SHORT_SECRET, digest(1), 1) for rank in range(2_000)],
        )
        bulk_search.search(connection, {ME}, "opaque")
        known = list(bulk_search.known_keys(connection))
    assert len(known) == 2_000
    assert {(each.hit, each.number, each.index, each.foreign) for each in known} == {
        (Hit.SIMILAR, 8, 0, True)
    }


def test_refusals_come_in_the_order_of_lines_across_pages(database: Database) -> None:
    with database.write() as connection:
        bulk.open_area(connection)
        bulk.load(connection, [(rank, rank + 1, b"same") for rank in range(11_000)], [])
        bulk_search.search(connection, {ME}, "opaque")
        found = [each.line for each in bulk_search.refusals(connection)]
    assert found == list(range(2, 11_001))


def test_the_staging_area_goes_with_its_transaction(database: Database) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError), database.write() as connection:
            bulk.open_area(connection)
            raise RuntimeError
    with database.write() as connection:
        bulk.open_area(connection)
        bulk.close_area(connection)
