"""The record of a platform: figures, the openings to reckon them again, monthly reports."""

from __future__ import annotations

import json
from typing import Any, Final

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api.access import public
from api.current import services
from api.documents import TAG_PLATFORMS
from api.schemas.common import PartyPath
from api.schemas.platforms import FiguresQuery, OpeningsQuery, ReportPath
from api.wire import answer
from provenance.services.warranty.figures import last_days
from provenance.services.warranty.reports import ReportRow

blueprint = APIBlueprint("platforms", __name__, url_prefix="/v1", abp_tags=[TAG_PLATFORMS])

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_LINES: Final[dict[Any, Any]] = {200: {"content": {"application/x-ndjson": {}}}}


@blueprint.get("/platforms", responses={200: {}})
@public()
def every() -> Response:
    """Every platform."""
    found = services().warranty.figures.platforms()
    told = [
        {"address": "0x" + one.address.hex(), "name": one.name, "suspended": one.suspended} for one in found
    ]
    return _open(answer({"platforms": told}))


@blueprint.get("/platforms/<address>/figures", responses={200: {}})
@public()
def figures(path: PartyPath, query: FiguresQuery) -> Response:
    """Figures of a month or of the last ninety days, in the form of a report that is not anchored."""
    start, end = query.span() or last_days(services().context.clock.now())
    found = services().warranty.figures.over(_address(path), start, end)
    return _open(Response(found.encode(), mimetype="application/json"))


@blueprint.get("/platforms/<address>/openings", responses=_LINES)
@public()
def openings(path: PartyPath, query: OpeningsQuery) -> Response:
    """Salt and details of the entries that a report rests on, one a line; ask on until none comes."""
    found = services().warranty.figures.openings(_address(path), query.span(), query.after)
    return _open(Response(b"".join(one.encode() for one in found), mimetype="application/x-ndjson"))


@blueprint.get("/platforms/<address>/reports", responses={200: {}})
@public()
def reports(path: PartyPath) -> Response:
    """The monthly reports of a platform, the newest first."""
    found = services().warranty.reports.of_platform(_address(path))
    return _open(answer({"reports": [_told(one) for one in found]}))


@blueprint.get("/reports/<report>", responses={200: {}})
@public()
def report(path: ReportPath) -> Response:
    """The monthly report of that hash, in the very bytes that have it (RFC 8785, SHA-256)."""
    found = services().warranty.reports.one(bytes.fromhex(path.report))
    response = Response(found.document, mimetype="application/json")
    response.headers["Cache-Control"] = _FOR_EVER
    return _open(response)


def _told(row: ReportRow) -> dict[str, Any]:
    span = json.loads(row.document)["span"]
    return {
        "platform": "0x" + row.platform.hex(),
        "start": span["start"],
        "end": span["end"],
        "hash": row.hash.hex(),
        "made_at": row.made_at,
        "event": row.event.hex(),
        "index": row.index,
    }


def _address(path: PartyPath) -> bytes:
    return bytes.fromhex(path.address[2:])


def _open(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
