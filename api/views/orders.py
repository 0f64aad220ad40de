"""Orders under warranty, for platforms and suppliers, and for carriers who report."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import render, repeats, warranty_answers
from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_ORDERS
from api.naming import candidates, each_once
from api.schemas.orders import NewOrder, OrderEvent, OrderPath, OrdersQuery
from api.wire import answer
from provenance.core.commitments import order_use
from provenance.services.lawbook import Handle
from provenance.services.sale import Order

blueprint = APIBlueprint(
    "orders", __name__, url_prefix="/v1/orders", abp_tags=[TAG_ORDERS], abp_security=SECURED
)


def _restore_token(given: dict[str, Any], stored: dict[str, Any]) -> None:
    place = Handle(bytes.fromhex(stored["key"]["batch"]), stored["key"]["index"])
    token = services().selling.token_of(principal().address, given["number"], place)
    stored["order_token"] = token.hex()
    stored["use"] = order_use(token, place.batch_id, place.index).hex()


@blueprint.post("", responses={201: {}})
@allow("sell", writes=True)
@repeats.restores(_restore_token)
def sell(body: NewOrder) -> Response:
    """Sell a key under warranty: sale, price, payment and pinned terms in one step, or none of it."""
    refs = candidates(body) if body.any_of is not None else each_once([body.key], ["/key"])
    reservation = None if body.reservation is None else bytes.fromhex(body.reservation)
    order = Order(body.number, body.details, reservation, body.unit)
    opened = services().warranty.orders.open(principal().address, refs, order, body.warranty())
    return answer(render.sold(opened.sold) | warranty_answers.order(opened.order), 201)


@blueprint.get("", responses={200: {}})
@allow("sell", "register", "read", "warranty")
def listed(query: OrdersQuery) -> Response:
    """One's orders as platform, or as supplier of their keys; the newest first."""
    found = services().warranty.desks.orders(principal(), query.side, query.before, query.limit)
    told = warranty_answers.suppliers_order if query.side == "supplier" else warranty_answers.order
    return answer({"orders": [told(one) for one in found]})


@blueprint.get("/<order_id>", responses={200: {}})
@allow("sell", "register", "read", "warranty")
def one(path: OrderPath) -> Response:
    """An order and its warranty, to its platform; to its supplier the key, the terms and the claims."""
    found = services().warranty.status.of_order(principal(), bytes.fromhex(path.order_id))
    is_platforms = found.order.platform in services().parties.names(principal().address)
    told = warranty_answers.platforms_view if is_platforms else warranty_answers.suppliers_view
    return answer(told(found))


@blueprint.post("/<order_id>/stream-ticket", responses={200: {}})
@allow("sell", "read", "warranty")
@repeats.reads
def stream_ticket(path: OrderPath) -> Response:
    """A ticket for the stream of an order of one's own, for `GET /v1/orders/stream`."""
    order_id = bytes.fromhex(path.order_id)
    ticket, until = services().warranty.watching.platforms_ticket(principal(), order_id)
    return answer({"ticket": ticket, "until": until})


@blueprint.get("/<order_id>/risk", responses={200: {}})
@allow("sell", "read", "warranty")
def risk(path: OrderPath) -> Response:
    """How likely a fault is, 0 to 100, and why; it warns, and no sale, claim or remedy looks at it."""
    found = services().warranty.risk.of_order(principal(), bytes.fromhex(path.order_id))
    return answer(warranty_answers.risk(found))


@blueprint.post("/<order_id>/events", responses={200: {}})
@allow("sell", "redeem")
def report(path: OrderPath, body: OrderEvent) -> Response:
    """Report what happened outside the log, as its platform or as the carrier; the first report stands."""
    event = services().warranty.orders.report(principal(), bytes.fromhex(path.order_id), body.read())
    return answer(warranty_answers.event(event))
