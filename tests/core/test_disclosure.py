"""Papers that a party shows: their form, their days, and how they stand at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core import creditcode
from provenance.core.disclosure import (
    EXPIRES_SOON_DAYS,
    NUMBERS,
    REGISTERS,
    Disclosure,
    DisclosureStatus,
    DisclosureType,
    day_in_china,
    read_day,
)
from provenance.core.papers import JPEG, MAX_PAPER_BYTES, PDF, PNG, media_type
from provenance.errors import InputRefused
from tests.support.papers import EXECUTABLE, jpeg, pdf, png

CODE = creditcode.parse("91350100M000100Y43")
ICP = Disclosure(
    DisclosureType.ICP, "闽ICP备12345678号-1", CODE, b"\x01" * 32, date(2024, 1, 1), date(2026, 1, 1),
    date(2026, 6, 30),
)  # fmt: skip


def refused(**changes: Any) -> str:
    with pytest.raises(InputRefused) as caught:
        replace(ICP, **changes)
    return caught.value.code


def china(*moment: int) -> int:
    """That moment in China, as UTC ms."""
    return int(datetime(*moment, tzinfo=timezone(timedelta(hours=8))).timestamp() * 1000)  # type: ignore[misc,arg-type]


def test_a_paper_is_good_until_the_last_millisecond_of_its_last_day_in_china() -> None:
    end = china(2026, 7, 1)
    assert ICP.status(end - 1) is DisclosureStatus.EXPIRES_SOON
    assert ICP.status(end) is DisclosureStatus.EXPIRED
    soon = end - EXPIRES_SOON_DAYS * 86_400_000
    assert ICP.status(soon - 1) is DisclosureStatus.VALID
    assert ICP.status(soon) is DisclosureStatus.EXPIRES_SOON
    assert replace(ICP, expires_on=None).status(china(2199, 1, 1)) is DisclosureStatus.VALID


@given(st.integers(0, 10**13))
def test_the_day_in_china_is_that_of_its_clock(now: int) -> None:
    moment = datetime.fromtimestamp(now / 1000, UTC)
    assert day_in_china(now) == moment.astimezone(timezone(timedelta(hours=8))).date()


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("icp", "京ICP备2021000123号"), ("icp", "粤ICP备05012345号-12"),
        ("telecom_licence", "京ICP证030173号"), ("telecom_licence", "粤B2-20090059"),
        ("telecom_licence", "B1.B2-20040057"), ("security_filing", "京公网安备 11000002000001号"),
        ("brand_authorisation", "Letter 7"), ("upstream_contract", "HT-2026/004"),
        ("business_licence", str(CODE)),
    ],
)  # fmt: skip
def test_numbers_as_papers_have_them_are_taken(kind: str, number: str) -> None:
    assert replace(ICP, type=DisclosureType(kind), number=number).number == number


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("icp", "ICP备12345678号"), ("icp", "闽ICP备12345678"), ("icp", "闽ICP备１２３４５号"),
        ("icp", "see our site"),
        ("telecom_licence", "B3-20040057"), ("security_filing", "京公网安备1号"),
        ("business_licence", "91440300708461136T"),
    ],
)  # fmt: skip
def test_numbers_of_another_form_are_refused(kind: str, number: str) -> None:
    assert refused(type=DisclosureType(kind), number=number) == "disclosure_number"


def test_days_out_of_order_and_missing_parts_are_refused() -> None:
    assert refused(expires_on=date(2023, 12, 31)) == "disclosure_dates"
    assert refused(expires_on=date(2025, 12, 31)) == "disclosure_dates"
    assert refused(attested_on=date(2023, 12, 31)) == "disclosure_dates"
    assert refused(document=b"\x01" * 31) == "disclosure_malformed"
    assert refused(number="") == "disclosure_malformed"
    assert refused(number="a\nb") == "disclosure_malformed"
    for text in ("2026-02-30", "20260101", "2026-1-1", "2026-01-01T00", "２０２６-01-01", ""):
        with pytest.raises(InputRefused) as caught:
            read_day(text)
        assert caught.value.code == "disclosure_dates"


def test_what_is_written_is_read_again() -> None:
    for one in (ICP, replace(ICP, expires_on=None)):
        assert Disclosure.from_json(one.to_json()) == one
    for missing in ICP.to_json().keys() - {"expires_on"}:
        told = {name: value for name, value in ICP.to_json().items() if name != missing}
        with pytest.raises(InputRefused):
            Disclosure.from_json(told)


def test_every_type_has_a_register_and_numbers_are_of_known_types() -> None:
    assert set(REGISTERS) == set(DisclosureType)
    assert set(NUMBERS) <= set(DisclosureType)
    assert all(url.startswith("https://") and ".gov.cn/" in url for url in REGISTERS.values())


def test_a_paper_is_what_its_bytes_are() -> None:
    assert [media_type(one) for one in (pdf(), png(), jpeg())] == [PDF, PNG, JPEG]


@pytest.mark.parametrize(
    "content",
    [
        b"", EXECUTABLE, b"%PDF-1.7\n", b"%PDF-1.7\n" + EXECUTABLE, pdf()[:-6], b" " + pdf(), png()[:-1],
        png() + b"PK\x03\x04", png().replace(b"IEND", b"IENX"), jpeg()[:-1], jpeg() + EXECUTABLE,
        b"<html><script>alert(1)</script>", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + b"\xff" * 40,
        b"\x7fELF" + bytes(200), b"#!/bin/sh\n%PDF-1.7 %%EOF",
    ],
)  # fmt: skip
def test_what_only_calls_itself_a_paper_is_refused(content: bytes) -> None:
    with pytest.raises(InputRefused) as caught:
        media_type(content)
    assert caught.value.code == "paper_type"


@given(st.integers(8, len(png()) - 1), st.integers(0, 7))
def test_every_flipped_bit_of_a_png_is_seen(place: int, bit: int) -> None:
    broken = bytearray(png())
    broken[place] ^= 1 << bit
    with pytest.raises(InputRefused):
        media_type(bytes(broken))


def test_a_paper_past_ten_mebibytes_is_refused() -> None:
    filling = b"\x00" * (MAX_PAPER_BYTES - len(jpeg(b"")))
    assert media_type(jpeg(filling)) == JPEG
    with pytest.raises(InputRefused) as caught:
        media_type(jpeg(filling + b"\x00"))
    assert caught.value.code == "paper_too_large"
