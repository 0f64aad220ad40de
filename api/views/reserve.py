"""The sealed reserve: keys that wait to replace others."""

from __future__ import annotations

from typing import Final

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import render, reserve_answers
from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_RESERVE
from api.naming import shown
from api.schemas.reserve import Deposit, Withdraw
from api.wire import answer
from provenance.core.entries import PartyReason
from provenance.services.lawbook import Handle
from provenance.services.warranty.reserves import MAX_AT_ONCE

blueprint = APIBlueprint(
    "reserve", __name__, url_prefix="/v1/reserve", abp_tags=[TAG_RESERVE], abp_security=SECURED
)
_OWNERS: Final = (PartyReason.PLATFORM, PartyReason.SUPPLIER)


@blueprint.post("", responses={200: {}})
@allow("sell", "register", roles=_OWNERS)
def deposit(body: Deposit) -> Response:
    """Put keys aside, sealed, that replace faulty ones by themselves; all of them, or none."""
    proceed = body.on_error == "proceed"
    kept = services().reserves.deposit(principal().address, shown(body.keys), proceed=proceed)
    return answer(reserve_answers.deposits(kept))


@blueprint.get("", responses={200: {}})
@allow("sell", "register", "read")
def listed() -> Response:
    """What one has in reserve, by product: how many can be taken, and how many were."""
    found = services().reserves.counts(principal().address)
    return answer({"products": [reserve_answers.stock(one) for one in found]})


@blueprint.post("/withdraw", responses={200: {}})
@allow("sell", "register", roles=_OWNERS)
def withdraw(body: Withdraw) -> Response:
    """Take keys back; their sealed bytes are erased. Those taken meanwhile, or not there, are left out."""
    if body.product is not None:
        product, count = bytes.fromhex(body.product), body.count or MAX_AT_ONCE
        gone = services().reserves.withdraw(principal().address, product, count)
    else:
        places = [Handle(bytes.fromhex(one.batch), one.index) for one in body.keys or ()]
        gone = services().reserves.withdraw(principal().address, places)
    return answer({"withdrawn": [render.handle(one) for one in gone]})
