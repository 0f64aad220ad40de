"""The escrow: a platform's offers for its orders, and where a deposit stands, for platform and buyer."""

from __future__ import annotations

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import repeats
from api.access import allow, public
from api.buying import as_buyer
from api.current import principal, services
from api.documents import SECURED, TAG_ESCROW
from api.schemas.escrow import NewOffer, OfferPath, SignedOffer
from api.schemas.orders import OrderPath, ShownToken
from api.wire import answer
from provenance.services.escrow import telling

blueprint = APIBlueprint("escrow", __name__, url_prefix="/v1/escrow", abp_tags=[TAG_ESCROW])


@blueprint.get("", responses={200: {}})
@public()
def seat() -> Response:
    """The contract, its chain, and who rules unless an offer names another."""
    return answer(telling.seat(services().escrow.seat))


@blueprint.post("/offers", security=SECURED, responses={201: {}})
@allow("sell", writes=True)
def offer(body: NewOffer) -> Response:
    """Offer the deposit of an order of one's own: what comes back is to be signed, and paid by the buyer."""
    desk = services().escrow
    made = desk.made(desk.offers.make(principal(), body.read()))
    told = telling.offer(made, desk.seat) | {"typed_data": telling.typed_data(made.struct, desk.seat)}
    return answer(told, 201)


@blueprint.post("/offers/<digest>/signature", security=SECURED, responses={200: {}})
@allow("sell", writes=True)
def sign(path: OfferPath, body: SignedOffer) -> Response:
    """Sign an offer with the account that it names as the platform."""
    desk, signature = services().escrow, bytes.fromhex(body.signature[2:])
    signed = desk.offers.sign(principal(), bytes.fromhex(path.digest), signature)
    return answer(telling.offer(desk.made(signed), desk.seat))


@blueprint.get("/orders/<order_id>", security=SECURED, responses={200: {}})
@allow("sell", "read", "warranty")
def of_order(path: OrderPath) -> Response:
    """Offers and deposit of an order, to its platform."""
    desk = services().escrow
    found = desk.of_order(principal(), bytes.fromhex(path.order_id))
    return answer(telling.standing(found, desk.seat))


@blueprint.post("/status", responses={200: {}})
@allow(strangers=True)
@repeats.reads
def of_token(body: ShownToken) -> Response:
    """Offers and deposit of everything that a token bought, with what its buyer's wallet sends."""
    desk = services().escrow
    found = as_buyer(body.order_token, desk.of_token)
    return answer({"orders": [telling.standing(one, desk.seat) for one in found]})
