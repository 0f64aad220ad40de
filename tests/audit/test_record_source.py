"""A service that lies about reports and openings is told so; none makes its reader wait or run for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from provenance.audit.recordsource import MAX_REPORTS, RecordSource, read_openings
from provenance.core.digests import sha256
from provenance.core.reportfile import Opening, Report
from provenance.core.reporting import Span, reckon
from provenance.errors import InputRefused, NotFound, Unavailable
from tests.audit.log_world import MemoryFetcher

SHOP = bytes([2]) * 20
LIST = f"platforms/0x{SHOP.hex()}/reports"
REPORT = Report(
    "log.example", SHOP, frozenset({SHOP}), Span(1, 2, 9), bytes(32),
    reckon(frozenset({SHOP}), Span(1, 2, 9), [], {}),
)  # fmt: skip


def opening(index: int) -> bytes:
    return Opening(index, b"s" * 16, {"a": 1}).encode()


@dataclass
class Pages:
    """Answers to the questions for openings, each as *page* makes it of what was asked."""

    page: Callable[[str], bytes]
    asked: list[str] = field(default_factory=list)

    def fetch(self, path: str, limit: int) -> bytes:
        self.asked.append(path)
        return self.page(path)


def test_openings_are_asked_for_until_none_comes() -> None:
    pages = {-1: opening(1) + opening(4), 4: opening(7), 7: b""}
    source = Pages(lambda path: pages[int(path.partition("after=")[2])])
    assert list(RecordSource(source).openings(REPORT)) == [1, 4, 7]
    assert len(source.asked) == 3
    assert "start=1&end=2&size=9" in source.asked[0]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(opening(1), id="the same page for ever"),
        pytest.param(opening(4) + opening(1), id="backwards"),
        pytest.param(opening(4) + opening(4), id="twice"),
        pytest.param(opening(9), id="past the size"),
        pytest.param(b'{"index":-1,"salt":"' + b"00" * 16 + b'","details":{}}\n', id="before the first"),
        pytest.param(b"<html>", id="a page for people"),
    ],
)
def test_openings_out_of_order_are_refused_at_once(page: bytes) -> None:
    source = Pages(lambda path: page)
    with pytest.raises(InputRefused) as refused:
        RecordSource(source).openings(REPORT)
    assert refused.value.code == "openings_malformed"
    assert len(source.asked) <= 2


def test_the_report_served_has_the_hash_that_was_asked_for() -> None:
    raw = REPORT.encode()
    name = f"reports/{REPORT.hash.hex()}"
    assert RecordSource(MemoryFetcher({name: raw})).report(REPORT.hash) == REPORT
    other = raw.replace(b'"opened":0', b'"opened":1')
    with pytest.raises(InputRefused) as refused:
        RecordSource(MemoryFetcher({name: other})).report(REPORT.hash)
    assert refused.value.code == "report_malformed"
    with pytest.raises(InputRefused):
        RecordSource(MemoryFetcher({f"reports/{sha256(b'{}').hex()}": b"{}"})).report(sha256(b"{}"))


@pytest.mark.parametrize(
    "told",
    [
        None, [], {}, {"reports": 5}, {"reports": [5]}, {"reports": [{"start": 1}]},
        {"reports": [{"start": 1, "hash": "00"}]}, {"reports": [{"start": "x", "hash": "00" * 32}]},
        {"reports": [{"start": 1, "hash": 5}]},
        {"reports": [{"start": 1, "hash": "00" * 32}] * (MAX_REPORTS + 1)},
    ],
)  # fmt: skip
def test_a_list_of_another_form_is_refused(told: Any) -> None:
    with pytest.raises(InputRefused) as refused:
        RecordSource(MemoryFetcher({LIST: json.dumps(told).encode()})).hashes(SHOP)
    assert refused.value.code == "report_malformed"


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 50_000, b"\xff"])
def test_a_list_that_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(InputRefused) as refused:
        RecordSource(MemoryFetcher({LIST: raw})).hashes(SHOP)
    assert refused.value.code == "report_malformed"


def test_what_is_missing_or_too_large_is_the_sources_own_word() -> None:
    with pytest.raises(NotFound):
        RecordSource(MemoryFetcher({})).hashes(SHOP)
    with pytest.raises(Unavailable):
        RecordSource(MemoryFetcher({LIST: b" " * (1 << 21)})).hashes(SHOP)


def test_blank_lines_open_nothing_and_the_last_one_needs_no_end() -> None:
    assert [one.index for one in read_openings(opening(1) + b"\n" + opening(2).rstrip())] == [1, 2]
