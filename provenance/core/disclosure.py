"""What a platform or supplier shows of itself: filings, licences, contracts, each with its day of expiry.

The types and spellings stand in entries of the log: append-only, never changed. Days are days in China
(UTC+8); a paper is good until the end of its last day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from provenance.core import creditcode
from provenance.core.creditcode import CreditCode
from provenance.errors import InputRefused

EXPIRES_SOON_DAYS: Final = 30
MAX_NUMBER: Final = 100
_EPOCH: Final = date(1970, 1, 1)
_CHINA_MS: Final = 8 * 3_600_000
_DAY_MS: Final = 86_400_000
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PLACE: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


class DisclosureType(StrEnum):
    """What kind of paper it is."""

    ICP = "icp"
    BUSINESS_LICENCE = "business_licence"
    UPSTREAM_CONTRACT = "upstream_contract"
    TELECOM_LICENCE = "telecom_licence"
    SECURITY_FILING = "security_filing"
    BRAND_AUTHORISATION = "brand_authorisation"


NUMBERS: Final[dict[DisclosureType, re.Pattern[str]]] = {
    DisclosureType.ICP: re.compile(rf"[{_PLACE}]ICP备[0-9]{{5,10}}号(-[0-9]{{1,4}})?"),
    DisclosureType.TELECOM_LICENCE: re.compile(
        rf"[{_PLACE}]ICP证[0-9]{{6,8}}号|[{_PLACE}]?[AB][12](\.?[AB][12])*-[0-9]{{8}}"
    ),
    DisclosureType.SECURITY_FILING: re.compile(rf"[{_PLACE}]公网安备 ?[0-9]{{14}}号"),
}
"""How numbers of these types are written; a business licence's is its credit code, others are free."""

REGISTERS: Final[dict[DisclosureType, str]] = {
    DisclosureType.ICP: "https://beian.miit.gov.cn/",
    DisclosureType.BUSINESS_LICENCE: creditcode.REGISTER,
    DisclosureType.UPSTREAM_CONTRACT: creditcode.REGISTER,
    DisclosureType.TELECOM_LICENCE: "https://tsm.miit.gov.cn/",
    DisclosureType.SECURITY_FILING: "https://beian.mps.gov.cn/",
    DisclosureType.BRAND_AUTHORISATION: creditcode.REGISTER,
}
"""The state's own register in which anyone looks the number, or the entity, up."""

PLATFORM_SHOWS: Final = (
    DisclosureType.ICP,
    DisclosureType.BUSINESS_LICENCE,
    DisclosureType.UPSTREAM_CONTRACT,
)
"""What a platform has to show for its badge: 公示ICP备案、营业执照、上游供应商合作协议."""
SUPPLIER_SHOWS: Final = (DisclosureType.BUSINESS_LICENCE,)


class DisclosureStatus(StrEnum):
    """How a disclosure stands at a moment."""

    VALID = "valid"
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Withdrawal(StrEnum):
    """Why a disclosure no longer holds."""

    ENDED = "ended"
    REVOKED = "revoked"
    MISTAKEN = "mistaken"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One paper as its holder attests it; ``document`` is the SHA-256 of the paper itself.

    ``credit_code`` names the entity on it: of an upstream contract the supplier, else the publisher.
    Raises :class:`InputRefused` (``disclosure_malformed``, ``disclosure_number``, ``disclosure_dates``).
    """

    type: DisclosureType
    number: str
    credit_code: CreditCode
    document: bytes
    issued_on: date
    attested_on: date
    expires_on: date | None = None

    def __post_init__(self) -> None:
        if (
            len(self.document) != 32
            or not 1 <= len(self.number) <= MAX_NUMBER
            or not self.number.isprintable()
        ):
            raise InputRefused(
                f"a disclosure has the SHA-256 of its document and a number of 1 to {MAX_NUMBER} characters",
                code="disclosure_malformed",
            )
        if not self._number_fits():
            raise InputRefused(
                f"no {self.type.value} is numbered like this; copy the number from the paper",
                code="disclosure_number",
                type=self.type.value,
            )
        last = self.expires_on
        if self.attested_on < self.issued_on or (
            last is not None and last < max(self.attested_on, self.issued_on)
        ):
            raise InputRefused(
                "a paper is issued first, then attested, then expires; correct the days",
                code="disclosure_dates",
            )

    def status(self, now: int) -> DisclosureStatus:
        """How it stands at *now* (ms), if it was not withdrawn."""
        if self.expires_on is None:
            return DisclosureStatus.VALID
        left = self.expires_on - day_in_china(now)
        if left < timedelta(0):
            return DisclosureStatus.EXPIRED
        soon = left < timedelta(days=EXPIRES_SOON_DAYS)
        return DisclosureStatus.EXPIRES_SOON if soon else DisclosureStatus.VALID

    def to_json(self) -> dict[str, Any]:
        """The typed details of its QUALIFICATION entry."""
        told = {
            "type": self.type.value,
            "number": self.number,
            "credit_code": str(self.credit_code),
            "document": self.document.hex(),
            "issued_on": self.issued_on.isoformat(),
            "attested_on": self.attested_on.isoformat(),
        }
        return told if self.expires_on is None else told | {"expires_on": self.expires_on.isoformat()}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Disclosure:
        """Read what :meth:`to_json` wrote; raises :class:`InputRefused`."""
        last = told.get("expires_on")
        try:
            return cls(
                DisclosureType(told["type"]),
                told["number"],
                creditcode.parse(told["credit_code"]),
                bytes.fromhex(told["document"]),
                read_day(told["issued_on"]),
                read_day(told["attested_on"]),
                None if last is None else read_day(last),
            )
        except (KeyError, TypeError, ValueError):
            raise InputRefused("not the details of a disclosure", code="disclosure_malformed") from None

    def _number_fits(self) -> bool:
        if self.type is DisclosureType.BUSINESS_LICENCE:
            return self.number == str(self.credit_code)
        form = NUMBERS.get(self.type)
        return form is None or form.fullmatch(self.number) is not None


def day_in_china(now: int) -> date:
    """The day that it is in China at *now* (UTC ms since 1970)."""
    return _EPOCH + timedelta(days=(now + _CHINA_MS) // _DAY_MS)


def read_day(text: str) -> date:
    """A day as YYYY-MM-DD; raises :class:`InputRefused` (``disclosure_dates``)."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise InputRefused("a day is written YYYY-MM-DD", code="disclosure_dates") from None
