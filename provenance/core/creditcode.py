"""The unified social credit code of a Chinese legal entity: 18 symbols, the last a check (GB 32100-2015)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provenance.errors import InputRefused

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Symbols for the values 0–30: no I, O, S, V, Z (GB 32100-2015, table 3)."""
REGISTER: Final = "https://www.gsxt.gov.cn/"
"""Where anyone may look a code up: 国家企业信用信息公示系统. It takes no code in its address."""

_FORM: Final = re.compile(f"[1-9ANY][{ALPHABET}][0-9]{{6}}[{ALPHABET}]{{8}}[0-9X][{ALPHABET}]", re.ASCII)


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A code whose form and check symbol hold; that the entity exists only the register can say.

    Raises :class:`InputRefused` (``credit_code_malformed``, ``credit_code_check_failed``).
    """

    text: str

    def __post_init__(self) -> None:
        if not _FORM.fullmatch(self.text):
            raise InputRefused(
                "a unified social credit code has 18 symbols: authority, category, 6 digits of the place, "
                "9 of the entity, 1 check; no I, O, S, V, Z",
                code="credit_code_malformed",
            )
        if check_symbol(self.text[:17]) != self.text[17]:
            raise InputRefused(
                "the check symbol of the unified social credit code is wrong; copy it from the licence",
                code="credit_code_check_failed",
            )

    def __str__(self) -> str:
        return self.text

    @property
    def authority(self) -> str:
        """Who registered the entity: ``9`` market regulation, ``5`` civil affairs, … (table 1)."""
        return self.text[0]

    @property
    def division(self) -> str:
        """The administrative division of the register, six digits (GB/T 2260)."""
        return self.text[2:8]


def parse(text: str) -> CreditCode:
    """The code that *text* says, white space around it dropped and letters upper-cased.

    Upper-casing happens after the ASCII gate: ``ı`` would become ``I``.
    """
    trimmed = text.strip()
    return CreditCode(trimmed.upper() if trimmed.isascii() else trimmed)


def check_symbol(body: str) -> str:
    """The 18th symbol for the first 17: weights 3^i, the sum completed to a multiple of 31."""
    weighed = sum(ALPHABET.index(symbol) * pow(3, place, 31) for place, symbol in enumerate(body))
    return ALPHABET[-weighed % 31]
