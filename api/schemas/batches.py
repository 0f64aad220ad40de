"""What a supplier says about a file, beside it or with the keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.common import MAX_SAFE, Body, FormatId, Line, Signature, Text
from provenance.services.registration import StageOptions

Money = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,8})?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
MaxUses = Annotated[int, Field(ge=1, le=1_000)]
ExpiresAt = Annotated[int, Field(ge=0, le=MAX_SAFE // 1000, description="unix seconds, 0 for never")]
OnError = Literal["rollback", "proceed"]
FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f/\\]*$", max_length=200)]
Alphabet = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]


class Chosen(BaseModel):
    """What a supplier chooses for a batch, however its keys come."""

    max_uses: MaxUses = 1
    expires_at: ExpiresAt = 0
    shuffle: bool | None = None
    on_error: OnError = "rollback"
    product: Line = ""
    face_value: Money = "0"
    currency: Currency = "CNY"
    supplier_reference: Line = ""
    alphabet: Alphabet | None = None


class BatchQuery(Text, Chosen):
    """Of a file. ``format`` is needed unless the body is JSON."""

    format: FormatId | None = None
    filename: FileName | None = None

    def options(self, format_id: str, content_type: str | None) -> StageOptions:
        """The service's own options; raises :class:`InputRefused`."""
        members = self.model_dump(exclude={"format"})
        return StageOptions(format=format_id, content_type=content_type, **members)


class BatchBody(Body, Chosen):
    """Keys as JSON: one line of text each, as they would stand in a file."""

    format: FormatId
    keys: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[^\x00\r\n]*$", max_length=4_096)]],
        Field(min_length=1, max_length=100_000, repr=False),
    ]

    def options(self) -> StageOptions:
        """The service's own options; raises :class:`InputRefused`."""
        return StageOptions(**self.model_dump(exclude={"keys"}), content_type="text/plain")


class SignatureBody(Body):
    signature: Signature


class RejectsQuery(Text):
    after: Annotated[int, Field(ge=0, le=MAX_SAFE)] = 0
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1_000


class BatchesQuery(Text):
    """Newest first: those staged before a time (ms), and after the last one seen in this order."""

    before: Annotated[int, Field(ge=0, le=MAX_SAFE)] = MAX_SAFE
    after_batch: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
