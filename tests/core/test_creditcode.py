"""Unified social credit codes by GB 32100: the check symbol finds what a typing error makes."""

from __future__ import annotations

import pytest

from provenance.core import creditcode
from provenance.core.creditcode import CreditCode
from provenance.errors import InputRefused

# The example of the standard itself, and codes that large listed companies print on their sites.
KNOWN = ["91350100M000100Y43", "91440300708461136T", "91330100799655058B", "91100000100003962T"]


def code_of(text: str) -> str:
    with pytest.raises(InputRefused) as refused:
        creditcode.parse(text)
    return refused.value.code


@pytest.mark.parametrize("text", KNOWN)
def test_known_codes_hold(text: str) -> None:
    assert str(creditcode.parse(f" {text.lower()}\n")) == text


def test_the_parts_of_a_code_can_be_told() -> None:
    code = CreditCode(KNOWN[0])
    assert (code.authority, code.division) == ("9", "350100")


@pytest.mark.parametrize("text", KNOWN)
def test_one_wrong_symbol_anywhere_is_found(text: str) -> None:
    for place in range(18):
        for symbol in creditcode.ALPHABET:
            if symbol == text[place]:
                continue
            wrong = text[:place] + symbol + text[place + 1 :]
            assert code_of(wrong) in ("credit_code_check_failed", "credit_code_malformed")


@pytest.mark.parametrize("text", KNOWN)
def test_two_exchanged_neighbours_are_found(text: str) -> None:
    for place in range(17):
        exchanged = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        if exchanged != text:
            assert code_of(exchanged) in ("credit_code_check_failed", "credit_code_malformed")


@pytest.mark.parametrize(
    "text",
    [
        "",
        KNOWN[0][:17],
        KNOWN[0] + "0",
        "9135010OM000100Y43",
        "９1350100M000100Y43",
        "91350100M000100Y4З",
        "0" * 18,
    ],
)
def test_what_is_no_code_is_refused_by_its_form(text: str) -> None:
    assert code_of(text) == "credit_code_malformed"


def test_the_check_symbol_by_the_letter_of_the_standard() -> None:
    weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    for text in KNOWN:
        values = [creditcode.ALPHABET.index(symbol) for symbol in text]
        rest = 31 - sum(w * v for w, v in zip(weights, values[:17], strict=True)) % 31
        assert values[17] == (0 if rest == 31 else rest)
