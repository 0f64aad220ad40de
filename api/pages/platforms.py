"""The public page of a platform: its figures drawn, its claims listed, and how to check all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Response, request
from pydantic import ValidationError

from api.access import public
from api.current import services
from api.pages import charts
from api.pages.site import blueprint, page
from api.pages.words import language_of, order_words, platform_words
from api.schemas.platforms import FiguresQuery
from provenance.core import canonical
from provenance.errors import InputRefused, NotFound
from provenance.services.disclosure_view import badge
from provenance.services.warranty.figures import Party, last_days
from provenance.services.warranty.reports import ReportRow

__all__ = ["blueprint"]

_MONTHS: Final = 12
"""So many columns fit on a phone."""
_DAY_MS: Final = 86_400_000
_HOLDS: Final = frozenset({"valid", "expires_soon"})


@blueprint.get("/platforms")
@public()
def platforms() -> Response:
    """Every platform, by name."""
    words = platform_words(language_of(request))
    return page("platforms.html", p=words, platforms=services().warranty.figures.platforms())


@blueprint.get("/platform/<named>")
@public()
def platform(named: str) -> Response:
    """One platform: of the last ninety days, or of ``?month=YYYY-MM``."""
    address = _address(named)
    language = language_of(request)
    words = platform_words(language)
    warranty, now = services().warranty, services().context.clock.now()
    party = warranty.figures.platform(address)
    month = _month(request.args.get("month"))
    start, end = month.span() or last_days(now)
    report, reports = warranty.figures.over(party.address, start, end), warranty.reports.of_platform(address)
    return page(
        "platform.html",
        p=words,
        o=order_words(language),
        party=party,
        report=report,
        f=report.figures,
        month=month.month,
        drawn=_drawn(report.figures, words, order_words(language)),
        columns=charts.columns(_by_month(reports)),
        papers=_papers(party, now),
        claims=warranty.figures.claims(party.address),
        reports=reports,
        days=_days(report.figures, now),
        day=charts.day,
        month_of=charts.month,
    )


@blueprint.errorhandler(NotFound)
def lost(error: NotFound) -> Response:
    """What is not there, said to a person."""
    words = platform_words(language_of(request))
    response = page("lost.html", p=words, said=words["lost"].get(error.code, words["lost"]["other"]))
    response.status_code = 404
    return response


def _address(named: str) -> bytes:
    try:
        return canonical.decode_hex(named.lower(), 20, prefix="0x")
    except InputRefused as error:
        raise NotFound("no platform has this address", code="unknown_platform") from error


def _month(asked: str | None) -> FiguresQuery:
    """The month that the address asks for; whatever is none is as if it were not there."""
    try:
        return FiguresQuery(month=asked)
    except ValidationError:
        return FiguresQuery()


def _drawn(figures: Mapping[str, Any], words: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    claims = figures["claims"]
    erased = {"erased": words["erased"]}
    stars = {code: words["stars"].replace("{count}", code) for code in figures["reviews"]["stars"]}
    by_stars = dict(sorted(figures["reviews"]["stars"].items(), reverse=True))
    return {
        "causes": charts.bars(claims["by_cause"], order["causes"] | erased),
        "outcomes": charts.bars(claims["by_outcome"], order["outcomes"] | words["outcomes"] | erased),
        "rejections": charts.bars(claims["rejections"], order["rejections"]),
        "breaches": charts.bars(figures["breaches"], words["breaches"]),
        "times": charts.spreads(figures["times"], words["times"], order["duration"]),
        "stars": charts.bars(by_stars, stars, by_count=False),
        "average": _average(figures["reviews"]),
    }


def _average(reviews: dict[str, Any]) -> str:
    total = sum(int(stars) * count for stars, count in reviews["stars"].items())
    return f"{total / reviews['count']:.1f}" if reviews["count"] else "–"


def _by_month(reports: Sequence[ReportRow]) -> list[tuple[str, int, int]]:
    told = []
    for one in reversed(reports[:_MONTHS]):
        figures = json.loads(one.document)["figures"]
        told.append((charts.month(one.start), figures["sales"]["all"], figures["claims"]["opened"]))
    return told


def _papers(party: Party, now: int) -> list[tuple[str, str, bool]]:
    """Each paper that a platform has to show, how it stands, and whether that is well."""
    standing = badge(party.roles, services().disclosures.of(party.address, now))
    told = [(kind.value, "none" if status is None else status.value) for kind, status in standing.items()]
    return [(kind, status, status in _HOLDS) for kind, status in told]


def _days(figures: Mapping[str, Any], now: int) -> int | None:
    since = figures["tenure"]["since_ms"]
    return None if since is None else max(0, now - since) // _DAY_MS
