"""Handing keys over: an offer, and its answer."""

from __future__ import annotations

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import render
from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_TRANSFERS
from api.naming import listed as keys_of
from api.schemas.trade import Offer, TransferPath
from api.wire import answer

blueprint = APIBlueprint(
    "transfers", __name__, url_prefix="/v1/transfers", abp_tags=[TAG_TRANSFERS], abp_security=SECURED
)


@blueprint.post("", responses={201: {}})
@allow("transfer", writes=True)
def offer(body: Offer) -> Response:
    """Offer keys of one batch to another party; they are closed to sales until it has answered."""
    sender, recipient = principal().address, bytes.fromhex(body.recipient[2:])
    if body.keys is not None:
        made = services().transfers.offer_keys(sender, recipient, keys_of(body.keys))
    else:
        pieces = [(one.first, one.count) for one in body.ranges or ()]
        made = services().transfers.offer(sender, recipient, bytes.fromhex(body.batch or ""), pieces)
    return answer(render.settled(made), 201)


@blueprint.get("", responses={200: {}})
@allow("transfer", "read")
def listed() -> Response:
    """The newest 100 offers that one made or got."""
    found = services().transfers.listed(principal().address)
    return answer({"transfers": [render.transfer(one) for one in found]})


@blueprint.get("/<transfer_id>", responses={200: {}})
@allow("transfer", "read")
def get(path: TransferPath) -> Response:
    """One offer."""
    found = services().transfers.get(principal().address, bytes.fromhex(path.transfer_id))
    return answer(render.transfer(found))


@blueprint.post("/<transfer_id>/accept", responses={200: {}})
@allow("transfer", writes=True)
def accept(path: TransferPath) -> Response:
    """Take the keys over; from here on only the recipient may sell them."""
    done = services().transfers.accept(principal().address, bytes.fromhex(path.transfer_id))
    return answer(render.settled(done))


@blueprint.post("/<transfer_id>/refuse", responses={200: {}})
@allow("transfer")
def refuse(path: TransferPath) -> Response:
    """Refuse an offer that one got."""
    done = services().transfers.refuse(principal().address, bytes.fromhex(path.transfer_id))
    return answer(render.settled(done))


@blueprint.post("/<transfer_id>/withdraw", responses={200: {}})
@allow("transfer")
def withdraw(path: TransferPath) -> Response:
    """Take an offer back that one made."""
    done = services().transfers.withdraw(principal().address, bytes.fromhex(path.transfer_id))
    return answer(render.settled(done))
