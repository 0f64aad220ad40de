"""Details are whatever somebody committed to: a reckoning ends in figures or in a coded refusal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core import canonical
from provenance.core.claims import ClaimReason, RemedyReason
from provenance.core.entries import Entry, EntryType, QualificationReason
from provenance.core.reportfile import MAX_REPORT_BYTES, Opening, Report
from provenance.core.reporting import Span, reckon
from provenance.errors import InputRefused

SHOP, BUYER = bytes([2]) * 20, bytes([7]) * 20
SPAN = Span(1_000, 2_000, 100)
LOG = [
    (3, Entry(EntryType.DELIVER, 1_100, bytes(32), SHOP, 0, 1, BUYER)),
    (5, Entry(EntryType.CLAIM, 1_500, bytes(32), SHOP, 0, 1, SHOP, int(ClaimReason.DETECTED))),
    (6, Entry(EntryType.CLAIM, 1_501, bytes(32), SHOP, 0, 1, SHOP, int(ClaimReason.DECIDED))),
    (7, Entry(EntryType.REMEDY, 1_502, bytes(32), SHOP, 0, 1, SHOP, int(RemedyReason.REFUNDED))),
    (8, Entry(EntryType.QUALIFICATION, 1_503, bytes(32), BUYER, party=SHOP,
              reason=int(QualificationReason.BUYER_REVIEW))),
]  # fmt: skip
WORDS = st.sampled_from(
    ["causes", "origin", "to", "outcome", "breaches", "remedy", "rejection", "code", "currency", "paid",
     "voucher", "goods", "erased", "type", "delivery", "stars", "card-key-provenance/review/v1", "CNY",
     "1.00"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)
DETAILS = st.dictionaries(WORDS, VALUES, max_size=6)


@given(st.tuples(DETAILS, DETAILS, DETAILS, DETAILS))
@settings(max_examples=100)
def test_no_details_break_a_reckoning(details: tuple[dict[str, Any], ...]) -> None:
    openings = dict(zip((5, 6, 7, 8), details, strict=True))
    try:
        figures = reckon(frozenset({SHOP}), SPAN, LOG, openings)
    except InputRefused as refused:
        assert refused.code
        return
    # What came out can be written down, and read again.
    made = Report("log.example", SHOP, frozenset({SHOP}), SPAN, bytes(32), figures)
    assert Report.parse(made.encode()).figures == figures


@settings(max_examples=50)
@given(st.binary(max_size=80) | VALUES.map(lambda one: canonical.encode(one)))
def test_no_bytes_break_a_reader(raw: bytes) -> None:
    for read in (Opening.parse, Report.parse):
        try:
            read(raw)
        except InputRefused as refused:
            assert refused.code


def test_a_report_too_large_is_refused_unread() -> None:
    with pytest.raises(InputRefused) as refused:
        Report.parse(b" " * (MAX_REPORT_BYTES + 1))
    assert refused.value.code == "json_too_large"
