"""A platform's record: figures, reviews and monthly reports, which an outsider reckons again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from provenance.audit.record import Published, RecordAudit
from provenance.audit.run import Auditor
from provenance.audit.source import LogSource
from provenance.core.reportfile import Report
from provenance.services.warranty.reports import ReportService
from provenance.store.schema import entry as entries
from tests.api.desk import DAY, HOUR, STRANGERS, Desk
from tests.api.record import MONTH, lived_in, report, review
from tests.api.world import START_MS, World
from tests.audit.record_world import ClientFetcher, audited, published


def figures(world: World, **query: str) -> dict[str, Any]:
    told: dict[str, Any] = world.get(None, f"/platforms/{world.shop.hex}/figures", query_string=query).json
    return told["figures"]


def test_a_months_report_stands_in_the_log_and_an_outsider_comes_to_every_figure(world: World) -> None:
    desk = lived_in(world)
    (digest,) = report(desk)
    served = world.get(None, f"/reports/{digest}")
    assert hashlib.sha256(served.data).hexdigest() == digest
    told = served.json["figures"]
    assert told["sales"] == {
        "all": 2, "under_terms": 2, "covered_permille": 1000, "replacements": 1, "undone": 0,
    }  # fmt: skip
    assert told["claims"]["by_cause"] == {"late_delivery": 1}
    assert told["given"] == {"CNY": {"paid": "0.00", "voucher": "1.00", "goods": "49.50"}}
    assert told["times"]["reissue"]["count"] == 1
    assert told["reviews"] == {"count": 1, "stars": {"1": 0, "2": 0, "3": 0, "4": 1, "5": 0}, "refused": 0}
    assert told["tenure"]["since_ms"] < START_MS + DAY
    log, (verdict,) = audited(world.client, published(world.client, world.shop.address), world.shop.address)
    assert (log.is_clean, verdict.is_proven, verdict.index is not None) == (True, True, True)
    assert verdict.figures > 40


def test_a_month_is_reported_once_and_only_an_hour_after_its_end(world: World) -> None:
    desk = lived_in(world)
    assert report(desk, after=HOUR - 10_000) == []
    first = report(desk)
    assert len(first) == 1
    # A worker that begins anew, and one that was looking at the same time.
    ReportService(world.context).make(world.shop.address, *MONTH)
    assert report(desk) == first
    assert len(report(desk, after=31 * DAY)) == 2


def test_a_month_waits_for_every_entry_of_its_time(quick: World) -> None:
    desk = lived_in(quick)
    sold = desk.sell(2)
    quick.clock.time = MONTH[1] + HOUR
    assert sold.status_code == 201
    ReportService(quick.context).beat()
    assert quick.get(None, f"/platforms/{quick.shop.hex}/reports").json["reports"] == []
    (digest,) = report(desk)
    assert quick.get(None, f"/reports/{digest}").json["figures"]["sales"]["all"] == 3


def edited(one: Published, figure: list[str], value: Any) -> Published:
    """The report as a platform with a bad month would rather have it."""
    told = json.loads(one.report.encode())
    place = told["figures"]
    for name in figure[:-1]:
        place = place[name]
    place[figure[-1]] = value
    return replace(one, report=rewritten(told))


def rewritten(told: dict[str, Any]) -> Report:
    return Report.parse(json.dumps(told, separators=(",", ":"), sort_keys=True).encode())


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (["sales", "all"], 3),
        (["claims", "opened"], 0),
        (["claims", "by_cause", "late_delivery"], 0),
        (["times", "reissue", "p50_ms"], 1),
        (["given", "CNY", "goods"], "495.00"),
        (["reviews", "stars", "4"], 400),
        (["tenure", "since_ms"], 1),
    ],
    ids=lambda one: ".".join(one) if isinstance(one, list) else "",
)
def test_one_figure_edited_is_found_and_named(record: World, figure: list[str], value: Any) -> None:
    (one,) = published(record.client, record.shop.address)
    _, (verdict,) = audited(record.client, [edited(one, figure, value)])
    assert [each.figure for each in verdict.differences if each.is_wrong] == [".".join(figure)]
    assert {each.rule for each in verdict.findings.found} == {"report_not_in_log"}


def test_a_figure_left_out_of_the_report_is_found(record: World) -> None:
    (one,) = published(record.client, record.shop.address)
    told = json.loads(one.report.encode())
    del told["figures"]["breaches"], told["figures"]["given"]
    short = replace(
        one, report=Report.parse(json.dumps(told, separators=(",", ":"), sort_keys=True).encode())
    )
    _, (verdict,) = audited(record.client, [short])
    assert "given.CNY.goods" in [each.figure for each in verdict.differences]


def test_an_opening_withheld_or_changed_is_found_at_its_entry(record: World) -> None:
    (one,) = published(record.client, record.shop.address)
    index, opening = next(iter(one.openings.items()))
    less = {at: each for at, each in one.openings.items() if at != index}
    other = {**one.openings, index: replace(opening, details={**opening.details, "origin": "filed"})}
    for openings, rule in ((less, "opening_missing"), (other, "opening_wrong")):
        _, (verdict,) = audited(record.client, [replace(one, openings=openings)])
        assert [(each.rule, each.index) for each in verdict.findings.found] == [(rule, index)]


def test_a_report_that_is_not_shown_is_missed(record: World) -> None:
    log, verdicts = audited(record.client, [], all_of=record.shop.address)
    assert verdicts == []
    assert [each.rule for each in log.findings] == ["report_hidden"]


class TwoFaced(LogSource):
    """Shows the log as it is, and at a second look with its claims undone."""

    def bundle(self, index: int, width: int) -> tuple[bytes, ...]:
        found = super().bundle(index, width)
        looks = self.__dict__.setdefault("looks", set())
        if index not in looks:
            looks.add(index)
            return found
        return tuple(raw[:1] + b"\x20" + raw[2:] if raw[1] in (35, 36) else raw for raw in found)


def test_a_log_that_shows_others_entries_at_the_second_look_is_caught(record: World) -> None:
    (one,) = published(record.client, record.shop.address)
    source = TwoFaced(ClientFetcher(record.client, "/v1/log/"))
    log, _ = RecordAudit(source, Auditor()).run([edited(one, ["claims", "opened"], 0)])
    assert [each.rule for each in log.findings] == ["root_wrong"]


def test_what_was_erased_makes_a_figure_unproven_and_not_wrong(quick: World) -> None:
    desk = lived_in(quick)
    report(desk)
    (one,) = published(quick.client, quick.shop.address)
    first = min(index for index, each in one.openings.items() if "causes" in each.details)
    with quick.database.write() as connection:
        connection.execute(update(entries).where(entries.c.log_index == first).values(details=None))
    (again,) = published(quick.client, quick.shop.address)
    _, (verdict,) = audited(quick.client, [again])
    assert (verdict.is_wrong, verdict.is_proven, verdict.erased) == (False, False, 1)
    assert {each.figure for each in verdict.differences} == {
        "claims.by_cause.late_delivery", "claims.by_cause.erased", "claims.detected",
    }  # fmt: skip
    _, (lied,) = audited(quick.client, [edited(again, ["claims", "detected"], 3)])
    assert [each.figure for each in lied.differences if each.is_wrong] == ["claims.detected"]


def test_figures_of_the_moment_are_in_the_form_of_a_report_and_check_out_like_one(record: World) -> None:
    path = f"/platforms/{record.shop.hex}/figures"
    raw = record.get(None, path, query_string={"month": "2027-01"}).data
    (month,) = published(record.client, record.shop.address)
    now = Report.parse(raw)
    assert now.figures == month.report.figures
    _, (verdict,) = audited(record.client, [Published(now, month.openings, is_anchored=False)])
    assert verdict.is_proven
    (only,) = record.get(None, "/platforms").json["platforms"][:1]
    assert set(only) == {"address", "name", "suspended"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/platforms/0x" + "77" * 20 + "/figures", 404, "unknown_platform"),
        ("/platforms/0x" + "77" * 20 + "/reports", 404, "unknown_platform"),
        ("/platforms/{shop}/figures?month=2027-13", 422, "invalid_request"),
        ("/platforms/{shop}/openings?start=2&end=1&size=3", 422, "report_malformed"),
        ("/platforms/{shop}/openings?start=0&end=1&size=99999", 422, "openings_malformed"),
        ("/reports/" + "00" * 32, 404, "unknown_report"),
    ],
)
def test_what_nobody_can_be_told_is_refused_by_code(record: World, path: str, status: int, code: str) -> None:
    refused = record.get(None, path.format(shop=record.shop.hex))
    assert (refused.status_code, refused.json["code"]) == (status, code)


def test_a_review_needs_a_delivery_receipt_and_is_given_once(world: World) -> None:
    desk = Desk(world)
    sold = desk.bought(0)
    assert review(world, sold, 5).json["code"] == "order_not_delivered"
    desk.deliver(sold)
    (before,) = desk.status(sold["order_token"]).json["orders"]
    first = review(world, sold, 5)
    (after,) = desk.status(sold["order_token"]).json["orders"]
    assert (before["review"], after["review"]) == ({"stars": None, "may": True}, {"stars": 5, "may": False})
    assert (first.status_code, first.json["stars"]) == (201, 5)
    assert review(world, sold, 5).json["event"] == first.json["event"]
    assert review(world, sold, 1).json["code"] == "order_reviewed"
    world.sequence()
    assert figures(world)["reviews"]["count"] == 1
    with world.database.read() as connection:
        made = select(entries.c.event).where(entries.c.type == 33)
        assert len(connection.execute(made).all()) == 1


@pytest.mark.parametrize("stars", [0, 6, -1, 4.5, "5", True, None])
def test_stars_that_are_none_are_refused(record: World, stars: Any) -> None:
    sold = {"order_token": STRANGERS, "order": "11" * 32}
    assert review(record, sold, stars).json["code"] == "invalid_request"


def test_a_stranger_reviews_nothing(record: World) -> None:
    refused = review(record, {"order_token": STRANGERS, "order": "11" * 32}, 5)
    assert (refused.status_code, refused.json["code"]) == (404, "unknown_order")


@pytest.fixture(scope="module")
def record(sqlite_databases: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A shop with a reported month, which nothing changes any more."""
    made = World(sqlite_databases.migrated(), tmp_path_factory.mktemp("record"))
    report(lived_in(made))
    yield made
    made.close()
