"""The sealed reserve and the supplier's recourse."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from api.schemas.common import MAX_KEYS, MAX_SAFE, Body, Hash, Text
from api.schemas.keys import KeyHandle, OnError, ShownKey
from provenance.core.money import Money, parse
from provenance.services.warranty.recourses import MAX_EVIDENCE

Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}(\.[0-9]{1,4})?$", max_length=21)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Deposit(Body):
    """Keys that the caller holds, as they stand on their cards: a place alone would not be a key."""

    keys: Annotated[list[ShownKey], Field(min_length=1, max_length=MAX_KEYS)]
    on_error: OnError = "rollback"


class Withdraw(Body):
    """Keys by their places, or up to ``count`` of a ``product``, those that lie longest."""

    keys: Annotated[list[KeyHandle], Field(min_length=1, max_length=MAX_KEYS)] | None = None
    product: Hash | None = None
    count: Annotated[int, Field(ge=1, le=MAX_KEYS)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Withdraw:
        is_counted = self.keys is not None and self.count is not None
        if (self.keys is None) == (self.product is None) or is_counted:
            raise ValueError("give keys, or product and count")
        return self


class RecoursePath(Text):
    claim_id: Hash


class RecoursePage(Text):
    """A place among recourses by when they last moved: the time (ms) and claim of the last one seen."""

    after_time: Annotated[int, Field(ge=0, le=MAX_SAFE)] = 0
    after_claim: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100

    @property
    def after(self) -> tuple[int, bytes]:
        return self.after_time, bytes.fromhex(self.after_claim)


class Dispute(Body):
    """``evidence``: SHA-256 of pieces that were handed in to the order."""

    evidence: Annotated[list[Hash], Field(max_length=MAX_EVIDENCE)]


class Settlement(Body):
    """What was paid: a decimal string with all the places of its currency."""

    amount: Amount
    currency: Currency

    @property
    def money(self) -> Money:
        return parse(self.amount, self.currency)


class Ruling(Body):
    for_supplier: bool
