"""What issuers tell us by themselves."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_openapi.blueprint import APIBlueprint

from api import acting, render
from api.access import allow, client_address
from api.current import principal, services, visitor
from api.documents import SECURED, TAG_ISSUERS
from api.naming import each_once
from api.problems import told_briefly
from api.schemas.issuers import AskIssuer, Reports
from api.wire import answer
from provenance.core.claimrules.answering import IssuerAnswerReport
from provenance.core.entries import PartyReason
from provenance.core.keyformats import CardKey
from provenance.services.budgets import public_checks
from provenance.services.issuer_reports import Taken
from provenance.services.verification import Viewer

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


@blueprint.post("/ask", responses={200: {}})
@allow("verify", "sell", "redeem", strangers=True)
def ask(body: AskIssuer) -> Response:
    """What the issuer says of a key now: one of its official answers, or that there was none, and why."""
    if body.order_token is None:
        acting.must_be_someone()
    if visitor() is None:
        hourly = services().settings.public_checks_per_hour
        services().budgets.spend(public_checks(hourly), client_address())
    token = None if body.order_token is None else bytes.fromhex(body.order_token)
    key = each_once([body.key], ["/key"])[0]
    assert isinstance(key, CardKey)  # noqa: S101 - a shown key is never a handle
    return answer(_answered(services().issuer_desk.ask(Viewer(visitor(), token), key)))


def _answered(one: IssuerAnswerReport) -> dict[str, Any]:
    return {
        "issuer_status": one.answer or "uncertain",
        "why": one.why,
        "source": render.address(one.issuer),
        "time": one.answered_at,
        "used_at": one.used_at,
        "evidence": None if one.evidence is None else one.evidence.hex(),
    }


def _told(one: Taken) -> dict[str, Any]:
    if one.refusal is not None:
        return {"status": "refused", "error": told_briefly(one.refusal)}
    return {"status": "kept" if one.is_new else "known"}
