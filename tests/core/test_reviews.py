"""A review counts once a buyer and only with the receipt that it names; a report reads back whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provenance.core.claims import ClaimReason
from provenance.core.entries import Entry, EntryType, PartyReason, QualificationReason
from provenance.core.reportfile import Opening, Report, months
from provenance.core.reporting import ERASED, Span, names_at, reckon
from provenance.core.reviews import Review
from provenance.errors import InputRefused

SHOP, OTHER, BUYER, STRANGER = (bytes([n]) * 20 for n in (2, 3, 7, 8))
NAMES = frozenset({SHOP})
SPAN = Span(1_000, 2_000, 100)
DELIVER = Entry(EntryType.DELIVER, 1_100, bytes(32), SHOP, 0, 1, BUYER)


def review(delivery: int = 3, stars: int = 4, platform: bytes = SHOP) -> Review:
    return Review(platform, delivery, stars, bytes(16))


def entry_of(one: Review, actor: bytes = BUYER, time: int = 1_200) -> Entry:
    reason = int(QualificationReason.BUYER_REVIEW)
    return Entry(EntryType.QUALIFICATION, time, one.hash, actor, party=SHOP, reason=reason)


def reviews(log: list[tuple[int, Entry]], openings: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = reckon(NAMES, SPAN, log, openings)["reviews"]
    return told


def test_a_review_of_a_delivery_counts_by_its_stars() -> None:
    told = reviews([(3, DELIVER), (5, entry_of(review()))], {5: review().to_json()})
    assert told == {"count": 1, "stars": {"1": 0, "2": 0, "3": 0, "4": 1, "5": 0}, "refused": 0}


@pytest.mark.parametrize(
    ("receipt", "said", "entered"),
    [
        pytest.param(None, review(), entry_of(review()), id="no receipt"),
        pytest.param(replace(DELIVER, party=STRANGER), review(), entry_of(review()), id="another's receipt"),
        pytest.param(replace(DELIVER, type=EntryType.SELL), review(), entry_of(review()), id="a sale alone"),
        pytest.param(DELIVER, review(4), entry_of(review(4)), id="another entry"),
        pytest.param(DELIVER, review(stars=5), entry_of(review()), id="stars edited"),
        pytest.param(DELIVER, review(platform=OTHER), entry_of(review(platform=OTHER)), id="another shop"),
    ],
)
def test_a_review_without_its_own_receipt_is_refused(
    receipt: Entry | None, said: Review, entered: Entry
) -> None:
    log = [] if receipt is None else [(3, receipt)]
    told = reviews([*log, (5, entered)], {5: said.to_json()})
    assert (told["count"], told["refused"]) == (0, 1)


def test_a_buyer_is_counted_once_for_one_order() -> None:
    again = review(stars=1)
    log = [(3, DELIVER), (5, entry_of(review())), (6, entry_of(again, time=1_300))]
    told = reviews(log, {5: review().to_json(), 6: again.to_json()})
    assert (told["stars"]["4"], told["stars"]["1"], told["refused"]) == (1, 0, 1)


def test_a_review_outside_the_span_is_not_counted_and_still_uses_up_the_order() -> None:
    log = [(3, DELIVER), (5, entry_of(review(), time=999)), (6, entry_of(review(), time=1_300))]
    told = reviews(log, {5: review().to_json(), 6: review().to_json()})
    assert (told["count"], told["refused"]) == (0, 1)


def test_a_review_left_unopened_stops_the_reckoning() -> None:
    with pytest.raises(InputRefused) as refused:
        reviews([(3, DELIVER), (5, entry_of(review()))], {})
    assert refused.value.code == "report_opening_missing"


@pytest.mark.parametrize("stars", [0, 6, -1, True])
def test_stars_are_one_to_five(stars: int) -> None:
    with pytest.raises(InputRefused, match="one to five"):
        review(stars=stars)


def test_a_claim_whose_details_were_erased_counts_as_erased() -> None:
    claim = Entry(EntryType.CLAIM, 1_500, bytes(32), SHOP, 0, 1, SHOP, int(ClaimReason.DETECTED))
    figures = reckon(NAMES, SPAN, [(5, claim)], {5: ERASED})
    assert figures["claims"]["opened"] == 1
    assert figures["claims"]["by_cause"] == figures["claims"]["by_outcome"] == {"erased": 1}


def test_a_claim_begun_before_the_span_needs_no_opening_and_counts_nowhere() -> None:
    begun = Entry(EntryType.CLAIM, 999, bytes(32), SHOP, 0, 1, SHOP, int(ClaimReason.DETECTED))
    later = replace(begun, time=1_500, reason=int(ClaimReason.DECIDED))
    assert reckon(NAMES, SPAN, [(5, begun), (6, later)], {})["claims"]["opened"] == 0


def test_a_platform_stands_for_whoever_it_succeeded_and_whoever_they_had_succeeded() -> None:
    def succeeded(old: bytes, new: bytes) -> Entry:
        return Entry(EntryType.PARTY, 1, bytes(12) + old, STRANGER, party=new, reason=PartyReason.SUCCEEDED)

    first = [succeeded(OTHER, BUYER), succeeded(BUYER, SHOP)]
    assert names_at(SHOP, first) == {OTHER, BUYER, SHOP}
    assert names_at(SHOP, [*first, succeeded(SHOP, STRANGER)]) == {SHOP}


def test_a_report_reads_back_as_written_and_an_edited_one_has_another_hash() -> None:
    made = Report("log.example", SHOP, NAMES, SPAN, bytes(32), reckon(NAMES, SPAN, [], {}))
    assert Report.parse(made.encode()) == made
    edited = made.encode().replace(b'"opened":0', b'"opened":1')
    assert Report.parse(edited).hash != made.hash


@pytest.mark.parametrize("old, new", [(b'"names"', b'"nymes"'), (b"report/v1", b"report/v2"), (b"{", b"{ ")])
def test_what_is_no_report_is_refused(old: bytes, new: bytes) -> None:
    made = Report("log.example", SHOP, NAMES, SPAN, bytes(32), {})
    with pytest.raises(InputRefused):
        Report.parse(made.encode().replace(old, new, 1))


def test_a_platform_that_is_not_among_its_names_has_no_report() -> None:
    with pytest.raises(InputRefused):
        Report("log.example", OTHER, NAMES, SPAN, bytes(32), {})


@pytest.mark.parametrize("opening", [Opening(5, b"s" * 16, {"a": 1}), Opening(6, None, ERASED)])
def test_an_opening_reads_back_as_written(opening: Opening) -> None:
    assert Opening.parse(opening.encode()) == opening


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"{}", b'{"index":"5"}', b'{"index":5}', b'{"index":5,"salt":"00","details":{}}',
     b'{"index":5,"salt":"' + b"00" * 16 + b'","details":[]}', b'{"index":5,"erased":false}'],
)  # fmt: skip
def test_a_line_that_opens_nothing_is_refused(line: bytes) -> None:
    with pytest.raises(InputRefused) as refused:
        Opening.parse(line)
    assert refused.value.code == "openings_malformed"


def test_a_month_is_there_once_it_has_ended() -> None:
    def at(*day: int) -> int:
        return int(datetime(*day, tzinfo=UTC).timestamp()) * 1000  # type: ignore[arg-type, misc]

    since = at(2026, 11, 25)
    assert list(months(since, at(2026, 12, 1) - 1)) == []
    assert list(months(since, at(2027, 1, 1))) == [
        (at(2026, 11, 1), at(2026, 12, 1)),
        (at(2026, 12, 1), at(2027, 1, 1)),
    ]
