"""A month is reported once: after crashes, by several workers, and whoever the platform is by then."""

from __future__ import annotations

import json
import threading

import pytest

from provenance.core.entries import EntryType, QualificationReason
from provenance.core.reportfile import Report, month_of
from provenance.errors import Conflict
from provenance.services.warranty.reports import ReportService
from provenance.store import entries
from tests.audit.record_world import audited, client_over, published
from tests.services.custody_world import OPERATOR, SHOP, key_of
from tests.services.ledger_world import START_MS, Crash
from tests.warranty.month import crashing
from tests.warranty.world import DAY, HOUR, SECOND, WarrantyTrade

HEIR = b"\x21" * 20
MONTH = month_of(START_MS)
NEXT = month_of(MONTH[1])


def a_month_ends(trade: WarrantyTrade) -> None:
    """A late order in it, and its last hour is over."""
    trade.batch(4, holder=SHOP)
    trade.buy(key_of(0), trade.publish())
    trade.tick(301 * SECOND)
    trade.clock.time = MONTH[1] + HOUR
    trade.log.sequence()


def anchored(trade: WarrantyTrade) -> list[bytes]:
    """The subjects of the entries that anchor reports of the shop."""
    with trade.database.read() as connection:
        found = entries.of_type(connection, EntryType.QUALIFICATION)
    reports = [one.entry for one in found if one.entry.reason == QualificationReason.REPORT]
    return [one.subject for one in reports if one.party == SHOP]


def rows(trade: WarrantyTrade, address: bytes = SHOP) -> list[bytes]:
    return [one.hash for one in trade.reports.of_platform(address)]


def test_a_worker_killed_between_any_two_statements_leaves_no_half_of_a_report(trade: WarrantyTrade) -> None:
    a_month_ends(trade)
    crashes = 0
    for statement in range(1, 60):
        with crashing(trade, statement):
            try:
                trade.reports.beat()
            except Crash:
                crashes += 1
                assert anchored(trade) == rows(trade)
                continue
        break
    assert crashes > 5
    assert anchored(trade) == rows(trade)
    assert len(rows(trade)) == 1


def test_workers_that_beat_together_make_one_report(trade: WarrantyTrade) -> None:
    a_month_ends(trade)
    together = threading.Barrier(4)
    troubles: list[str] = []

    def work() -> None:
        service = ReportService(trade.context)
        together.wait()
        troubles.extend(service.beat())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert anchored(trade) == rows(trade)
    assert len(rows(trade)) == 1


def test_a_second_report_of_a_month_is_refused_with_its_entry(trade: WarrantyTrade) -> None:
    a_month_ends(trade)
    trade.reports.beat()
    trade.log.sequence()
    (known,) = trade.reports.of_platform(SHOP)
    other = Report.parse(known.document.encode())
    with pytest.raises(Conflict) as refused, trade.database.write() as connection:
        trade.reports._enter(connection, other)
    assert refused.value.code == "month_reported"
    assert anchored(trade) == rows(trade) == [known.hash]


def test_a_platform_that_took_over_from_another_reports_on_for_both(trade: WarrantyTrade) -> None:
    a_month_ends(trade)
    trade.reports.beat()
    first = rows(trade)
    trade.clock.pass_ms(SECOND)
    trade.parties.succeed(OPERATOR, SHOP, HEIR)
    trade.tick(SECOND)
    trade.buy(key_of(1), trade.publish(by=HEIR), by=HEIR)
    trade.clock.time = NEXT[1] + HOUR
    trade.log.sequence()
    assert list(trade.reports.beat()) == []
    newest, *earlier = trade.reports.of_platform(HEIR)
    assert [one.hash for one in earlier if one.platform == SHOP] == first
    told = json.loads(newest.document)
    assert set(told["names"]) == {"0x" + SHOP.hex(), "0x" + HEIR.hex()}
    assert told["figures"]["sales"]["all"] == 1
    assert told["figures"]["tenure"]["since_ms"] < START_MS + DAY
    assert rows(trade, SHOP) == rows(trade, HEIR)
    # The old report is opened under its own address, as it was made.
    old = Report.parse(earlier[-1].document.encode())
    assert len(trade.figures.openings(old.platform, old.span)) > 0
    trade.log.sequence()
    client = client_over(trade.context, trade.folder)
    log, verdicts = audited(client, published(client, HEIR), HEIR)
    assert log.is_clean
    assert [one.is_proven for one in verdicts] == [True, True]
