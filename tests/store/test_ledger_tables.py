"""Tiles, leases, heads and the outbox on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from provenance.store import anchors, checkpoints, leases, marks, outbox, tiles
from provenance.store.anchors import AnchorKind, AnchorStatus, size_ref
from provenance.store.database import Database
from provenance.store.outbox import StoredTransaction, TxStatus


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.dispose()


def transaction(number: int, nonce: int, status: TxStatus = TxStatus.STORED) -> StoredTransaction:
    return StoredTransaction(
        bytes([number]) * 32, b"\x01" * 20, nonce, b"raw", AnchorKind.CHECKPOINT, size_ref(nonce + 1), status,
        100 + number, 1, number,
    )  # fmt: skip


class TestTiles:
    def test_a_wider_tile_takes_the_place_of_its_prefix_and_never_the_other_way(
        self, database: Database
    ) -> None:
        wide, narrow = bytes(range(96)), bytes(range(64))
        for content in (narrow, wide, narrow):
            with database.write() as connection:
                tiles.write(connection, 7, [(0, 0, content)])
        with database.read() as connection:
            assert tiles.hashes(connection, 7, 0, 0) == wide
            assert tiles.reader(connection, 7)(0, 0, 2) == narrow

    def test_trees_do_not_mix(self, database: Database) -> None:
        with database.write() as connection:
            for tree in (tiles.LOG_TREE, 8):
                tiles.write(connection, tree, [(0, 0, bytes([tree]) * 32), (1, 0, bytes(32))])
        with database.read() as connection:
            assert tiles.hashes(connection, 7, 0, 0) == b""
            assert tiles.hashes(connection, 8, 0, 0) == bytes([8]) * 32

    def test_more_tiles_than_one_statement_takes_are_all_written(self, database: Database) -> None:
        rows = [(0, index, index.to_bytes(32)) for index in range(1_201)]
        with database.write() as connection:
            tiles.write(connection, 7, rows)
        with database.read() as connection:
            assert all(tiles.hashes(connection, 7, *row[:2]) == row[2] for row in rows)


class TestLeases:
    def test_a_free_lease_is_taken_once(self, database: Database) -> None:
        def take(number: int) -> int | None:
            with database.write() as connection:
                return leases.acquire(connection, "job", f"worker {number}", 60_000)

        with ThreadPoolExecutor(8) as pool:
            terms = list(pool.map(take, range(16)))
        assert sorted(terms, key=str) == [1, *[None] * 15]

    def test_every_change_of_hands_raises_the_term(self, database: Database) -> None:
        with database.write() as connection:
            assert leases.acquire(connection, "job", "one", 0) == 1
            assert leases.acquire(connection, "job", "two", 60_000) == 2
            assert not leases.renew(connection, "job", "one", 1, 60_000)
            assert leases.renew(connection, "job", "two", 2, 60_000)
            assert leases.acquire(connection, "job", "one", 60_000) is None
            leases.release(connection, "job", "two", 2)
            assert leases.acquire(connection, "job", "one", 60_000) == 3

    def test_a_holder_that_comes_back_need_not_wait_but_has_a_new_term(self, database: Database) -> None:
        with database.write() as connection:
            assert leases.acquire(connection, "job", "one", 60_000) == 1
            assert leases.acquire(connection, "job", "one", 60_000) == 2
            assert not leases.renew(connection, "job", "one", 1, 60_000)

    def test_only_the_holder_releases(self, database: Database) -> None:
        with database.write() as connection:
            leases.acquire(connection, "job", "one", 60_000)
            leases.release(connection, "job", "two", 1)
            leases.release(connection, "job", "one", 9)
            assert leases.acquire(connection, "job", "two", 60_000) is None


class TestHeads:
    def test_the_newest_signed_head_may_be_behind_the_newest(self, database: Database) -> None:
        with database.write() as connection:
            for size in (3, 9, 300):
                checkpoints.add(connection, size, bytes([size % 256]) * 32, size)
            assert checkpoints.set_note(connection, 9, bytes([9]) * 32, "note")
            assert not checkpoints.set_note(connection, 9, bytes([9]) * 32, "another")
            assert not checkpoints.set_note(connection, 300, bytes(32), "of another root")
        with database.read() as connection:
            newest, signed = checkpoints.newest(connection), checkpoints.newest_signed(connection)
        assert newest is not None
        assert signed is not None
        assert (newest.size, signed.size, signed.note) == (300, 9, "note")


class TestOutbox:
    def test_one_living_transaction_a_nonce(self, database: Database) -> None:
        with database.write() as connection:
            outbox.add(connection, transaction(1, 0))
        with pytest.raises(Exception, match=r"(?i)unique"), database.write() as connection:
            outbox.add(connection, transaction(2, 0))
        with database.write() as connection:
            outbox.set_status(connection, [bytes([1]) * 32], TxStatus.REPLACED)
            outbox.add(connection, transaction(2, 0))
        with database.read() as connection:
            attempts = outbox.attempts(connection, AnchorKind.CHECKPOINT, size_ref(1))
        assert [one.status for one in attempts] == [TxStatus.REPLACED, TxStatus.STORED]

    def test_lost_bytes_that_are_signed_again_live_again(self, database: Database) -> None:
        with database.write() as connection:
            outbox.add(connection, transaction(1, 0))
            outbox.set_sent(connection, bytes([1]) * 32, 5)
            outbox.lose_all(connection)
            assert outbox.held_nonces(connection, b"\x01" * 20, 0) == []
            outbox.add(connection, replace(transaction(1, 0), created_at=9))
            (living,) = outbox.attempts(connection, AnchorKind.CHECKPOINT, size_ref(1))
        assert (living.status, living.sent_at, living.created_at) == (TxStatus.STORED, None, 9)

    def test_held_nonces_are_those_of_the_living(self, database: Database) -> None:
        states = (TxStatus.STORED, TxStatus.SENT, TxStatus.MINED, TxStatus.FAILED, TxStatus.LOST)
        with database.write() as connection:
            for nonce, status in enumerate(states):
                outbox.add(connection, transaction(nonce, nonce, status))
            assert sorted(outbox.held_nonces(connection, b"\x01" * 20, 1)) == [1, 2]
            assert outbox.held_nonces(connection, b"\x02" * 20, 0) == []


class TestAnchors:
    def test_sizes_sort_as_numbers(self, database: Database) -> None:
        with database.write() as connection:
            for size in (255, 65_536, 2, 256):
                anchors.want(connection, AnchorKind.CHECKPOINT, size_ref(size), bytes(32), 1)
                anchors.want(connection, AnchorKind.CHECKPOINT, size_ref(size), bytes(32), 2)
            found = anchors.unsettled(connection, AnchorKind.CHECKPOINT, 9)
            assert [one.size for one in found] == [2, 255, 256, 65_536]
            for one in found[1:3]:
                anchors.set_status(connection, one, AnchorStatus.FINAL)
            covering = anchors.first_covering(connection, 255)
            newest = anchors.newest_on_chain(connection)
            assert covering is not None
            assert newest is not None
            assert (covering.size, newest.size) == (256, 256)
            assert anchors.first_covering(connection, 256) is None

    def test_a_header_is_kept_once(self, database: Database) -> None:
        with database.write() as connection:
            assert marks.header_of(connection, bytes(32)) is None
            marks.keep_header(connection, bytes(32), b"header")
            marks.keep_header(connection, bytes(32), b"other")
            assert marks.header_of(connection, bytes(32)) == b"header"
