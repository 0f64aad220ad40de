"""What requests are made of: strict, closed, and silent about what they refuse."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from provenance.core import canonical
from provenance.core.entries import MAX_DETAIL_SIZE
from provenance.errors import InputRefused

MAX_KEYS: Final = 1_000
MAX_U32: Final = 2**32 - 1
MAX_SAFE: Final = 2**53 - 1


class Body(BaseModel):
    """A JSON body: no conversions, no unknown members."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Text(BaseModel):
    """A query or a path: everything arrives as text there."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _hex(size: int, prefix: str = "") -> Any:
    return StringConstraints(pattern=rf"^{prefix}[0-9a-f]{{{2 * size}}}$", min_length=1)


Hash = Annotated[str, _hex(32)]
Id = Annotated[str, _hex(16)]
Address = Annotated[str, _hex(20, "0x")]
Signature = Annotated[str, _hex(65, "0x")]
OrderToken = Annotated[str, _hex(32)]
Use = Annotated[str, _hex(32)]
Index = Annotated[int, Field(ge=0, le=MAX_U32)]
Count = Annotated[int, Field(ge=1, le=MAX_U32)]
LogIndex = Annotated[int, Field(ge=0, le=MAX_SAFE)]
FormatId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
PLAIN_TEXT: Final = r"^[^\x00-\x1f\x7f]*$"
NOT_BLANK: Final = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(pattern=NOT_BLANK, min_length=1, max_length=200)]
Line = Annotated[str, StringConstraints(pattern=PLAIN_TEXT, max_length=200)]
Reason = Annotated[int, Field(ge=0, le=0xFFFF, description="enumerated reason, 0 for none")]


def _details(value: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(canonical.encode(value))
    except InputRefused as refused:
        raise ValueError(refused.message) from None
    if size > MAX_DETAIL_SIZE - 512:  # room for the order number beside it
        raise ValueError("more than 15.5 KiB of details")
    return value


Details = Annotated[
    dict[str, Any],
    AfterValidator(_details),
    Field(description="sealed beside the event: integers, text, lists, objects; money as decimal text"),
]


class BatchPath(Text):
    batch_id: Hash


class KeyPath(BatchPath):
    index: Index


class EventPath(Text):
    event_id: Id


class PartyPath(Text):
    address: Address


class Page(Text):
    """A place in a feed that only grows: the time (ms) and id of the last one seen."""

    after_time: Annotated[int, Field(ge=0, le=MAX_SAFE)] = 0
    after_id: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{32})?$")] = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100

    @property
    def after(self) -> tuple[int, bytes]:
        return self.after_time, bytes.fromhex(self.after_id)
