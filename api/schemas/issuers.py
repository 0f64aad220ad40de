"""What an issuer reports of keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.schemas.common import MAX_KEYS, MAX_SAFE, Body, Hash, OrderToken
from api.schemas.keys import OnError, Reference, ShownKey
from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.services.issuer_reports import Said
from provenance.services.lawbook import KeyRef

_AT = Field(ge=0, le=MAX_SAFE, description="UTC milliseconds since 1970")


class Report(Body):
    """One answer about one key. ``evidence`` is the SHA-256 of the issuer's own record of it."""

    key: Reference
    answer: Annotated[IssuerAnswer, Field(strict=False)]
    at: Annotated[int, _AT]
    used_at: Annotated[int, _AT] | None = None
    evidence: Hash

    def said(self, ref: KeyRef) -> Said:
        """The report on the key that was read."""
        return Said(ref, self.answer, self.at, bytes.fromhex(self.evidence), self.used_at)


class Reports(Body):
    """Up to 1,000 reports, all of them or none; with ``on_error`` *proceed* those that can be kept."""

    reports: Annotated[list[Report], Field(min_length=1, max_length=MAX_KEYS)]
    on_error: OnError = "rollback"


class AskIssuer(Body):
    """The key itself, for it is not kept; a buyer shows the order's token instead of a credential."""

    key: ShownKey
    order_token: OrderToken | None = Field(None, repr=False)
