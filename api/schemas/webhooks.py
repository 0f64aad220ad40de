"""Webhooks: where to tell, what of, and what to tell again."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from api.schemas.common import MAX_SAFE, Body, Id, Text

# Longer than any address that is taken, so that the refusal is the one that says why.
_URL: Final = StringConstraints(min_length=1, max_length=65_536)
Type = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z]{1,20}\.(\*|[a-z0-9_]{1,40}))$", max_length=61)]
Time = Annotated[int, Field(ge=0, le=MAX_SAFE, description="UTC milliseconds since 1970")]


class NewWebhook(Body):
    """An https address, and the types of events it is told: ``*``, ``alert.*`` or ``alert.same_serial``."""

    url: Annotated[str, _URL]
    types: Annotated[list[Type], Field(min_length=1, max_length=50)] = Field(["*"])


class WebhookPath(Text):
    webhook_id: Id


class AttemptsQuery(Text):
    """Newest first; for older ones give the time of the last one seen."""

    before: Annotated[int, Field(ge=0, le=MAX_SAFE)] = MAX_SAFE
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class Replay(Body):
    """One ``message``, or all from ``since`` to before ``until``."""

    message: Id | None = None
    since: Time | None = None
    until: Time | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Replay:
        if (self.message is None) != (self.since is not None and self.until is not None):
            raise ValueError("give message, or since and until")
        if self.message is not None and (self.since is not None or self.until is not None):
            raise ValueError("give message, or since and until")
        return self
