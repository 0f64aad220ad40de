"""Every table that the log speaks of is held against it: one changed value of each is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.digests import keccak256
from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, PartyReason, split_number
from provenance.services.acts import Act
from provenance.services.fsck import Fsck
from provenance.services.lawbook import Handle
from provenance.store import marks
from tests.audit.service_world import SUPPLIER, Service, service
from tests.services.custody_world import OPERATOR, OTHER_SHOP, SHOP, order

HEIR = b"\x21" * 20
HEADER = (
    bytes([0xC0 + 47]) + b"\x80" * 3 + b"\xa0" + bytes(32) + b"\x80" * 4 + b"\x05\x80\x80\x06" + b"\x80" * 3
)


@pytest.fixture
def running(sqlite_url: str, tmp_path: Path) -> Iterator[Service]:
    yield from traded(sqlite_url, tmp_path)


@pytest.fixture
def on_either(database_url: str, tmp_path: Path) -> Iterator[Service]:
    yield from traded(database_url, tmp_path)


def traded(url: str, folder: Path) -> Iterator[Service]:
    """A trade with everything in it that rows are made of: recall, open offer, beacon, state."""
    made = service(url, folder)
    trade = made.trade
    trade.clock.pass_ms(10)
    trade.recalls.recall(SUPPLIER, made.batch_id, [(30, 5)])
    trade.clock.pass_ms(10)
    trade.transfers.offer(SUPPLIER, OTHER_SHOP, made.batch_id, [(20, 4)])
    trade.clock.pass_ms(10)
    trade.parties.suspend(OPERATOR, OTHER_SHOP, "no answer")
    made.sell(3)
    trade.clock.pass_ms(10)
    first, count = split_number(5)
    trade.enter(Entry(EntryType.BEACON, trade.clock.now(), keccak256(HEADER), ZERO_ADDRESS, first, count))
    with trade.database.write() as connection:
        marks.keep_header(connection, keccak256(HEADER), HEADER)
    made.sequence(with_state=True)
    yield made
    trade.database.dispose()


def spoil(running: Service, *statements: str) -> None:
    with running.trade.database.write() as connection:
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount >= 1


def rules(running: Service) -> set[str]:
    return {finding.rule for finding in Fsck(running.trade.context).run().found}


def test_a_whole_database_has_nothing_wrong_before_and_after_a_succession(on_either: Service) -> None:
    running = on_either
    assert Fsck(running.trade.context).run().found == []
    running.sell(5)
    running.trade.clock.pass_ms(10)
    running.trade.parties.succeed(OPERATOR, SHOP, HEIR)
    running.trade.clock.pass_ms(10)
    running.trade.parties.succeed(OPERATOR, SUPPLIER, b"\x22" * 20)
    running.trade.parties.admit(OPERATOR, "again", PartyReason.ISSUER, address=OTHER_SHOP)
    assert Fsck(running.trade.context).run().found == [], "what waits for its place counts as well"
    running.sequence(with_state=True)
    assert Fsck(running.trade.context).run().found == []


BATCH_BITS = "tree IN (SELECT number FROM batch)"


def test_what_is_lawful_and_unusual_is_not_found_wrong(running: Service) -> None:
    trade = running.trade
    trade.parties.admit(OPERATOR, "shop two", PartyReason.PLATFORM, address=OTHER_SHOP)

    def offer(first: int, count: int) -> bytes:
        trade.clock.pass_ms(10)
        offered = trade.transfers.offer(SHOP, OTHER_SHOP, running.batch_id, [(first, count)])
        trade.clock.pass_ms(10)
        return offered.transfer.id

    trade.transfers.refuse(OTHER_SHOP, offer(6, 2))
    trade.transfers.withdraw(SHOP, offer(6, 2))
    trade.transfers.accept(OTHER_SHOP, offer(6, 1))
    offer(8, 3)
    trade.clock.pass_ms(trade.limits.offer_ms + 1)
    trade.transfers.accept(OTHER_SHOP, offer(9, 2))
    sold = trade.selling.sell(SHOP, Handle(running.batch_id, 12), order("O-12"))
    trade.clock.pass_ms(10)
    party = sold.recorded.entry.party
    trade.custody.act(Handle(running.batch_id, 12), Act(EntryType.REINSTATE, SHOP, party))
    trade.selling.sell(SHOP, Handle(running.batch_id, 12), order("O-12b"))
    trade.clock.pass_ms(10)
    trade.custody.act(Handle(running.batch_id, 11), Act(EntryType.VOID, SHOP))
    running.sequence(with_state=True)
    assert Fsck(trade.context).run().found == []


CHANGES = [  # one statement a line, however long
    ("UPDATE checkpoint SET note = replace(note, 'log.example/test', 'log.example/tess')", "note_wrong"),
    ("UPDATE checkpoint SET note = substr(note, 1, length(note) - 9) || 'AAAAAAA=' || char(10)", "note_wrong"),  # noqa: E501
    ("UPDATE checkpoint SET note = 'x'", "note_wrong"),
    ("UPDATE checkpoint SET root = zeroblob(32) WHERE size = (SELECT min(size) FROM checkpoint)", "root_wrong"),  # noqa: E501
    ("UPDATE batch SET signature = zeroblob(65)", "batch_wrong"),
    ("UPDATE batch SET expires_at = 1900000000", "batch_wrong"),
    ("UPDATE batch SET max_uses = 2", "batch_wrong"),
    ("UPDATE batch SET chain_id = 1", "batch_wrong"),
    ("DELETE FROM card_key WHERE idx = 39", "batch_wrong"),
    (f"UPDATE tile SET hashes = CAST(x'00' || substr(hashes, 2) AS BLOB) WHERE {BATCH_BITS}", "batch_tile_wrong"),  # noqa: E501
    ("UPDATE entry SET details = CAST(substr(details, 1, 40) AS BLOB) WHERE type = 4 AND first = 1", "details_wrong"),  # noqa: E501
    (
        "UPDATE entry SET details = (SELECT details FROM entry WHERE type = 4 AND first = 2)"
        " WHERE type = 4 AND first = 1",
        "details_wrong",
    ),
    ("UPDATE order_line SET token = zeroblob(32) WHERE idx = 1", "order_line_wrong"),
    ('UPDATE order_line SET "order" = zeroblob(32) WHERE idx = 1', "order_line_wrong"),
    ("UPDATE order_line SET seller = zeroblob(20) WHERE idx = 1", "order_line_wrong"),
    ("UPDATE order_line SET idx = 9 WHERE idx = 1", "order_line_wrong"),
    ("UPDATE order_line SET event = zeroblob(16) WHERE idx = 1", "order_line_wrong"),
    ("DELETE FROM order_line WHERE idx = 1", "order_line_missing"),
    ("UPDATE holding SET voided_at = NULL WHERE first = 30", "holding_wrong"),
    ("UPDATE holding SET voided_at = voided_at + 1 WHERE first = 30", "holding_wrong"),
    ("UPDATE holding SET voided_at = last_time WHERE first = 0", "holding_wrong"),
    ("UPDATE holding SET offer = zeroblob(16) WHERE first = 20", "holding_wrong"),
    ("UPDATE holding SET offer_until = offer_until + 1 WHERE first = 20", "holding_wrong"),
    ("UPDATE party SET roles = roles | 64 WHERE address = x'0202020202020202020202020202020202020202'", "party_wrong"),  # noqa: E501
    ("UPDATE party SET suspended = 0 WHERE suspended", "party_wrong"),
    ("UPDATE party SET since = since - 1 WHERE suspended", "party_wrong"),
    ("UPDATE party SET successor = zeroblob(20) WHERE suspended", "party_wrong"),
    ("UPDATE state_tile SET cells = CAST(substr(cells, 1, 32) || zeroblob(32) AS BLOB) WHERE level = 0", "state_wrong"),  # noqa: E501
    ("DELETE FROM state_tile WHERE level = 0 AND tree = 1", "state_wrong"),
    ("UPDATE state_batch SET range_chain = zeroblob(32)", "state_wrong"),
    ("UPDATE state_batch SET keys_root = zeroblob(32)", "state_wrong"),
    ("UPDATE state_progress SET folded = folded + 1", "state_wrong"),
    ("UPDATE block_header SET header = CAST(header || x'00' AS BLOB)", "header_wrong"),
    ("UPDATE block_header SET hash = zeroblob(32)", "header_wrong"),
    ("UPDATE transfer SET status = 1 WHERE status = 0", "transfer_wrong"),
    ("UPDATE transfer SET status = 2 WHERE status = 1", "transfer_wrong"),
    ("UPDATE transfer SET recipient = zeroblob(20) WHERE status = 0", "transfer_wrong"),
    ("UPDATE transfer SET sender = zeroblob(20) WHERE status = 1", "transfer_wrong"),
    ("UPDATE transfer_range SET count = count - 1 WHERE first = 20", "transfer_wrong"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "rule"), CHANGES)
def test_one_changed_value_is_found(running: Service, statement: str, rule: str) -> None:
    spoil(running, statement)
    assert rule in rules(running)


def test_a_live_batch_that_was_never_commissioned_is_found(running: Service) -> None:
    spoil(running, "UPDATE batch SET batch_id = zeroblob(32)")
    assert {"batch_missing", "batch_stray"} <= rules(running)


def test_what_is_wrong_is_told_with_its_block_and_a_damaged_beacon_brackets_nothing(running: Service) -> None:
    with running.trade.database.read() as connection:
        beacon = marks.newest_beacon(connection)
    assert beacon is not None
    spoil(running, f"UPDATE entry SET first = first + 1 WHERE log_index = {beacon[0] + 1}")
    (finding,) = Fsck(running.trade.context).run().found
    unanchored = "before no anchor known here"
    assert finding.moment == f"after block 5 (1970-01-01T00:00:06Z, not checked), {unanchored}"
    spoil(running, f"UPDATE entry SET raw = zeroblob(124) WHERE log_index = {beacon[0]}")
    found = Fsck(running.trade.context).run().found
    assert {one.moment for one in found if one.index is not None} == {f"after no beacon, {unanchored}"}
