"""What is answered about a key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provenance.services.moments import AsOf


class VerdictCode(StrEnum):
    """The stable answers; the last four are all that a stranger ever sees."""

    REGISTERED = "REGISTERED"
    RESERVED = "RESERVED"
    SOLD = "SOLD"
    SOLD_TO_YOU = "SOLD_TO_YOU"
    SOLD_BEFORE = "SOLD_BEFORE"
    DELIVERED = "DELIVERED"
    REDEEMED = "REDEEMED"
    SUSPECT_DUPLICATE = "SUSPECT_DUPLICATE"
    VOID = "VOID"
    EXPIRED = "EXPIRED"
    UNCERTAIN = "UNCERTAIN"
    CLEAN = "CLEAN"
    NOT_CLEAN = "NOT_CLEAN"
    UNKNOWN = "UNKNOWN"
    TOKEN_NEEDED = "TOKEN_NEEDED"  # noqa: S105 - an answer, no secret


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer. ``registry_status`` is ours, ``issuer_status`` what an issuer said; never mixed.

    ``facts`` are JSON-ready (handle, holder, uses, last event …) and empty in a coarse verdict.
    """

    code: VerdictCode
    registry_status: str | None
    issuer_status: dict[str, Any] | None
    facts: dict[str, Any]
    as_of: AsOf | None = None
    """Set where a replica answered: what happened later may be missing."""

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of the log that it tells of, each to be told with its time bracket."""
        told = (self.issuer_status, self.facts.get("last_event"))
        return [one for one in told if one is not None and "index" in one]
