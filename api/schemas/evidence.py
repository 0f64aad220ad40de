"""Evidence of orders, and reviews before a sale."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from api.schemas.common import MAX_SAFE, Body, Hash, Id, Index, OrderToken, Signature, Text
from provenance.core.claims import EvidenceType
from provenance.core.presale import Check
from provenance.services.warranty.evidencedesk import MAX_TICKET

_SIZE: Final = "bytes of the file; what comes has exactly as many"
Size = Annotated[int, Field(ge=0, le=MAX_SAFE, description=_SIZE)]
Type = Annotated[EvidenceType, Field(strict=False)]
Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}(\.[0-9]{1,4})?$", max_length=21)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Named(Body):
    """An order: for its buyer by the token (and ``order`` where that bought several), else by its id."""

    order_token: OrderToken | None = Field(None, repr=False)
    order: Hash | None = None

    @model_validator(mode="after")
    def _named(self) -> Named:
        if self.order_token is None and self.order is None:
            raise ValueError("give order_token or order")
        return self

    @property
    def order_id(self) -> bytes | None:
        return None if self.order is None else bytes.fromhex(self.order)


class Announcement(Named):
    """A file that is about to be handed in."""

    type: Type
    size: Size


class NamedPiece(Named):
    """One piece of an order's evidence."""

    digest: Hash


class Piece(Body):
    order: Hash
    digest: Hash


class UploadPath(Text):
    upload_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{40,600}$", max_length=MAX_TICKET)]


class Place(Body):
    batch: Hash
    index: Index


class NewReview(Body):
    """``price``: up to which it will be sold, as decimal text with the places of its currency."""

    key: Place
    terms: Hash
    price: Amount
    currency: Currency


class ReviewFile(Body):
    type: Type
    size: Size


class ReviewDecision(Body):
    """``failed``: the items of the checklist that do not hold; none of them is an approval."""

    failed: Annotated[list[Annotated[Check, Field(strict=False)]], Field(max_length=32)]
    signature: Signature


class ReviewPath(Text):
    review_id: Id


class ReviewFilePath(ReviewPath):
    digest: Hash


class ReviewsQuery(Text):
    limit: Annotated[int, Field(ge=1, le=500)] = 100
