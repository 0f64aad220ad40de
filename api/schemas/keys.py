"""How a request names keys, and what it wants done to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from api.refusals import Fault, KeysUnreadable
from api.schemas.common import (
    MAX_KEYS,
    Body,
    Count,
    Details,
    FormatId,
    Hash,
    Id,
    Index,
    LogIndex,
    Name,
    OrderToken,
    Reason,
    Use,
)
from provenance.core.keyformats import format_by_id, parse, parse_parts
from provenance.errors import InputRefused, ProvenanceError
from provenance.services.lawbook import Handle, KeyRef

RawText = Annotated[str, StringConstraints(max_length=4_096)]
OnError = Literal["rollback", "proceed"]


class KeyText(Body):
    """A key as one line in any rendering of its format."""

    format: FormatId
    text: RawText = Field(repr=False)

    def read(self) -> tuple[KeyRef, tuple[str, ...]]:
        found = parse(format_by_id(self.format), self.text)
        return found.key, found.notes


class KeyParts(Body):
    """A key whose serial and secret stand apart."""

    format: FormatId
    serial: RawText | None = Field(None, repr=False)
    secret: RawText = Field(repr=False)

    def read(self) -> tuple[KeyRef, tuple[str, ...]]:
        found = parse_parts(format_by_id(self.format), self.serial, self.secret)
        return found.key, found.notes


class KeyHandle(Body):
    """A key by its place; names it without being it."""

    batch: Hash
    index: Index

    def read(self) -> tuple[KeyRef, tuple[str, ...]]:
        return Handle(bytes.fromhex(self.batch), self.index), ()


def _kind(value: Any) -> str | None:
    if isinstance(value, Body):
        return {KeyText: "by_text", KeyParts: "by_parts", KeyHandle: "by_handle"}.get(type(value))
    if not isinstance(value, dict):
        return None
    if "batch" in value or "index" in value:
        return "by_handle"
    return "by_text" if "text" in value else "by_parts"


ShownKey = Annotated[
    Annotated[KeyText, Tag("by_text")] | Annotated[KeyParts, Tag("by_parts")], Discriminator(_kind)
]
"""A key itself, not its place."""
Reference = Annotated[
    Annotated[KeyText, Tag("by_text")]
    | Annotated[KeyParts, Tag("by_parts")]
    | Annotated[KeyHandle, Tag("by_handle")],
    Discriminator(_kind),
]
References = Annotated[list[Reference], Field(min_length=1, max_length=MAX_KEYS)]


def read_all(references: Sequence[Any], pointers: Sequence[str]) -> list[KeyRef]:
    """The keys that *references* at *pointers* mean; raises :class:`KeysUnreadable`, naming each."""
    read: list[KeyRef] = []
    faults: list[Fault] = []
    for reference, pointer in zip(references, pointers, strict=True):
        try:
            read.append(reference.read()[0])
        except InputRefused as error:
            faults.append(Fault(pointer, error))
    if faults:
        raise KeysUnreadable(faults)
    return read


def read_each(references: Sequence[Any]) -> list[tuple[KeyRef, tuple[str, ...]] | ProvenanceError]:
    """The same, each for itself: the key and the notes of its reading, or why it cannot be read."""
    return [_read_one(reference) for reference in references]


def _read_one(reference: Any) -> tuple[KeyRef, tuple[str, ...]] | ProvenanceError:
    try:
        found: tuple[KeyRef, tuple[str, ...]] = reference.read()
    except InputRefused as error:
        return error
    return found


class OneOrMany(Body):
    """``key``, or up to 1,000 ``keys``; exactly one of them."""

    key: Reference | None = None
    keys: References | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> OneOrMany:
        if sum(given is not None for given in self._ways()) != 1:
            raise ValueError("give exactly one of " + ", ".join(self._names()))
        return self

    def _names(self) -> tuple[str, ...]:
        return ("key", "keys")

    def _ways(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._names())

    @property
    def is_single(self) -> bool:
        return self.key is not None

    @property
    def references(self) -> list[Any]:
        return [self.key] if self.key is not None else list(self.keys or ())


class Verify(OneOrMany):
    """``order_token`` shows the buyer's use: he gets the full verdict on what he bought."""

    order_token: OrderToken | None = Field(None, repr=False)


class OneOrManyOrAny(OneOrMany):
    """Or ``any_of``: the first that can be had."""

    any_of: References | None = None

    def _names(self) -> tuple[str, ...]:
        return ("key", "keys", "any_of")


class Reserve(OneOrManyOrAny):
    ttl_seconds: Annotated[int, Field(ge=0, le=10**6)] | None = None

    @property
    def ttl_ms(self) -> int | None:
        return None if self.ttl_seconds is None else self.ttl_seconds * 1000


class Extend(Body):
    reservation: Id
    ttl_seconds: Annotated[int, Field(ge=0, le=10**6)] | None = None

    @property
    def ttl_ms(self) -> int | None:
        return None if self.ttl_seconds is None else self.ttl_seconds * 1000


class Release(Body):
    reservation: Id


class Sell(OneOrManyOrAny):
    """``order`` is the shop's own number: the same order and key get the first answer again, for ever.

    ``unit`` numbers the units of an order where ``any_of`` lets the service choose.
    """

    order: Name
    unit: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    details: Details = Field(default_factory=dict)
    reservation: Id | None = None
    on_error: OnError = "rollback"


class Act(OneOrMany):
    """``use`` says which sale of a shared key is meant (64 hex digits; it came with the order token)."""

    use: Use | None = Field(None, repr=False)
    reason: Reason = 0
    details: Details | None = None
    on_error: OnError = "rollback"


class BuyersAct(Act):
    """With ``order_token`` and without a credential it is the buyer who acts, on one key."""

    order_token: OrderToken | None = Field(None, repr=False)

    @model_validator(mode="after")
    def _one_for_buyers(self) -> BuyersAct:
        if self.order_token is not None and (self.key is None or self.use is not None or self.details):
            raise ValueError("with an order token, give key alone")
        return self


class KeyRange(Body):
    first: Index
    count: Count


class RangeOfBatch(KeyRange):
    batch: Hash


class Void(Act):
    """By key, or, for the supplier, a whole ``range`` of a batch."""

    range: RangeOfBatch | None = None

    def _names(self) -> tuple[str, ...]:
        return ("key", "keys", "range")


class Reissue(Body):
    """``replacement`` is the key that the buyer got instead."""

    key: Reference
    replacement: Reference
    use: Use | None = Field(None, repr=False)
    reason: Reason = 0


class Correct(Body):
    """``event_index`` is the log index of the entry on this key that is corrected."""

    key: Reference
    event_index: LogIndex
    details: Details
