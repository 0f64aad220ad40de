"""Money as decimal strings outside and integers of minor units inside; never a float.

Consensus-critical where amounts are hashed: one amount has one spelling (FORMATS, conventions).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from provenance.errors import InputRefused

EXPONENTS: Final[Mapping[str, int]] = MappingProxyType(
    {"CNY": 2, "EUR": 2, "GBP": 2, "HKD": 2, "JPY": 0, "KRW": 0, "MOP": 2, "SGD": 2, "TWD": 2, "USD": 2}
)
"""Decimal places of each currency known here (ISO 4217); append-only."""
MAX_MINOR: Final = 10**15
"""Bound on an amount in minor units: ten trillion yuan, and exact in every JSON reader."""

_AMOUNT: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,4}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount that is not negative, in *minor* units of an ISO 4217 *currency*.

    Raises :class:`InputRefused` (``currency_unknown``, ``money_negative``, ``money_too_large``).
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        if self.minor < 0:
            raise InputRefused("an amount is not negative", code="money_negative")
        if self.minor > MAX_MINOR:
            raise InputRefused(f"an amount is at most {MAX_MINOR} minor units", code="money_too_large")

    def __str__(self) -> str:
        """The decimal string, with all the places of the currency: ``"12.30"``, in yen ``"12"``."""
        places = exponent(self.currency)
        if places == 0:
            return str(self.minor)
        whole, rest = divmod(self.minor, 10**places)
        return f"{whole}.{rest:0{places}d}"

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """The difference; raises ``money_negative`` where *other* is more."""
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __gt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor > other.minor

    def percent(self, percent: int) -> Money:
        """*percent* hundredths of the amount; a broken minor unit is rounded up, for the buyer."""
        if percent < 0:
            raise InputRefused("a percentage is not negative", code="money_negative")
        return Money(-(-self.minor * percent // 100), self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InputRefused(
                f"{self.currency} and {other.currency} do not add up; use one currency for an order",
                code="currency_mismatch",
            )


def exponent(currency: str) -> int:
    """Decimal places of *currency*; raises :class:`InputRefused` (``currency_unknown``)."""
    found = EXPONENTS.get(currency)
    if found is None:
        known = ", ".join(EXPONENTS)
        raise InputRefused(f"unknown currency; use one of {known}", code="currency_unknown")
    return found


def parse(text: str, currency: str) -> Money:
    """The amount that a decimal string says, with exactly the places of its currency.

    ``"1.5"`` and ``"01.50"`` are refused: two spellings of one amount would have two hashes.
    Raises :class:`InputRefused` (``money_malformed`` and those of :class:`Money`).
    """
    places = exponent(currency)
    read = _AMOUNT.fullmatch(text)
    if read is None or len(read[3] or "") != places:
        form = "0" if places == 0 else "0." + "0" * places
        raise InputRefused(
            f"write an amount of {currency} as a decimal string like {form!r}", code="money_malformed"
        )
    if read[1]:
        raise InputRefused("an amount is not negative", code="money_negative")
    return Money(int(read[2] + (read[3] or "")), currency)


def zero(currency: str) -> Money:
    """Nothing, in *currency*."""
    return Money(0, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of *amounts*, all in *currency* (``currency_mismatch``)."""
    return sum(amounts, start=zero(currency))
