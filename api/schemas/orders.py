"""Terms and orders under warranty."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.schemas.common import MAX_SAFE, Body, Details, Hash, Id, Name, OrderToken, Text
from api.schemas.keys import Reference, References, ShownKey
from api.schemas.reserve import Amount, Currency
from provenance.core.money import parse
from provenance.services.warranty.orders import EventKind, Reported, Warranty

AT: Final = Field(ge=0, le=MAX_SAFE, description="UTC milliseconds since 1970")
Token = Annotated[OrderToken, Field(repr=False)]
Kind = Literal["submitted", "arrived", "cancelled"]


def example(**members: Any) -> ConfigDict:
    """The configuration of a body that shows one of itself."""
    return ConfigDict(json_schema_extra={"examples": [members]})


class TermsPath(Text):
    hash: Hash


class OrderPath(Text):
    order_id: Hash


class Paid(Body):
    """When the buyer paid, and the SHA-256 of the payment service's record."""

    at: Annotated[int, AT]
    record: Hash

    def read(self) -> Reported:
        return Reported(EventKind.PAID, self.at, bytes.fromhex(self.record))


class NewOrder(Body):
    """One key sold under terms: ``key``, or the first of ``any_of`` that can be had.

    ``number`` is the shop's own: the same one and key get the first answer again, for ever. ``paid`` is
    left out only where an escrow says it. ``price`` has all the places of its currency.
    """

    model_config = example(
        key={"batch": "00" * 32, "index": 7},
        number="A-1001",
        price="49.50",
        currency="CNY",
        terms="11" * 32,
        paid={"at": 1_800_000_000_000, "record": "22" * 32},
    )

    key: Reference | None = None
    any_of: References | None = None
    number: Name
    unit: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    price: Amount
    currency: Currency
    terms: Hash
    paid: Paid | None = None
    details: Details = Field(default_factory=dict)
    reservation: Id | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> NewOrder:
        if (self.key is None) == (self.any_of is None):
            raise ValueError("give exactly one of key, any_of")
        return self

    def warranty(self) -> Warranty:
        """What the order pins; raises :class:`provenance.errors.InputRefused`."""
        paid = None if self.paid is None else self.paid.read()
        return Warranty(bytes.fromhex(self.terms), parse(self.price, self.currency), paid)


class OrderEvent(Body):
    """What happened to an order outside the log, and the SHA-256 of the record that shows it."""

    model_config = example(kind="submitted", at=1_800_000_060_000, record="22" * 32)

    kind: Kind
    at: Annotated[int, AT]
    record: Hash

    def read(self) -> Reported:
        return Reported(EventKind[self.kind.upper()], self.at, bytes.fromhex(self.record))


class OrdersQuery(Text):
    """Newest first; for older ones give time and id of the last one seen."""

    side: Literal["platform", "supplier"] = "platform"
    before_time: Annotated[int, Field(ge=0, le=MAX_SAFE)] = MAX_SAFE
    before_id: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100

    @property
    def before(self) -> tuple[int, bytes]:
        return self.before_time, bytes.fromhex(self.before_id)


class StreamQuery(Text):
    """A ticket from ``stream-ticket``."""

    ticket: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{40,200}$")]


class ShownToken(Body):
    """The order token that came with the key: whoever shows it is the buyer."""

    model_config = example(order_token="33" * 32)

    order_token: Token


class ShownOrder(ShownToken):
    """The order token, and which of its orders is meant."""

    model_config = example(order_token="33" * 32, order="44" * 32)

    order: Hash


class PackWish(ShownOrder):
    """With ``key``, the key itself, the proof in the pack opens it: who has the pack then has the key."""

    key: ShownKey | None = Field(None, repr=False)
