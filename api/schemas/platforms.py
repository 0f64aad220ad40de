"""What is asked of a platform's record, and a buyer's review."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.common import MAX_SAFE, Body, Hash, Text
from api.schemas.orders import Token, example
from provenance.core.reportfile import month_of
from provenance.core.reporting import Span

Month = Annotated[
    str,
    StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$"),
    Field(description="a calendar month (UTC), YYYY-MM"),
]


class FiguresQuery(Text):
    """Without a month the last ninety days, today among them."""

    month: Month | None = None

    def span(self) -> tuple[int, int] | None:
        """First ms of the month, and first ms after it."""
        if self.month is None:
            return None
        first = datetime(int(self.month[:4]), int(self.month[5:]), 1, tzinfo=UTC)
        return month_of(int(first.timestamp()) * 1000)


class OpeningsQuery(Text):
    """The span of a report, as it stands in it; ``after`` is the last log index that was read."""

    start: Annotated[int, Field(ge=0, le=MAX_SAFE)]
    end: Annotated[int, Field(ge=0, le=MAX_SAFE)]
    size: Annotated[int, Field(ge=0, le=MAX_SAFE)]
    after: Annotated[int, Field(ge=-1, le=MAX_SAFE)] = -1

    def span(self) -> Span:
        """Raises :class:`provenance.errors.InputRefused` (``report_malformed``)."""
        return Span(self.start, self.end, self.size)


class ReportPath(Text):
    report: Hash


class NewReview(Body):
    """Stars for an order; no words, which would be the place for advertising and for slander."""

    model_config = example(order_token="ab" * 32, order="11" * 32, stars=5)

    order_token: Token
    order: Hash
    stars: Annotated[int, Field(ge=1, le=5)]
