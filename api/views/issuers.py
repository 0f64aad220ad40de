"""What issuers tell us by themselves."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_openapi.blueprint import APIBlueprint

from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_ISSUERS
from api.naming import each_once
from api.problems import told_briefly
from api.schemas.issuers import Reports
from api.wire import answer
from provenance.core.entries import PartyReason
from provenance.services.issuer_reports import Taken

blueprint = APIBlueprint(
    "issuers", __name__, url_prefix="/v1/issuer", abp_tags=[TAG_ISSUERS], abp_security=SECURED
)


@blueprint.post("/reports", responses={200: {}})
@allow("redeem", roles=(PartyReason.ISSUER,))
def reports(body: Reports) -> Response:
    """Keep what the issuer says of keys, with its time and the digest of its record; moves no key."""
    pointers = [f"/reports/{place}/key" for place in range(len(body.reports))]
    refs = each_once([one.key for one in body.reports], pointers)
    g.keys_pointer = "/reports"
    said = [one.said(ref) for one, ref in zip(body.reports, refs, strict=True)]
    taken = services().issuer_reports.take(principal().address, said, proceed=body.on_error == "proceed")
    return answer({"results": [_told(one) for one in taken]})


def _told(one: Taken) -> dict[str, Any]:
    if one.refusal is not None:
        return {"status": "refused", "error": told_briefly(one.refusal)}
    return {"status": "kept" if one.is_new else "known"}
