"""Reserving and selling keys, and everything that follows a sale."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import acting, reasons, render, repeats
from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_KEYS
from api.naming import candidates, each_once, named
from api.schemas.keys import (
    Act,
    BuyersAct,
    Correct,
    Extend,
    Reissue,
    Release,
    Reserve,
    Sell,
    Void,
)
from api.wire import answer
from provenance.core.commitments import order_use
from provenance.core.entries import EntryType
from provenance.services.lawbook import Handle
from provenance.services.selling import Order

blueprint = APIBlueprint("keys", __name__, url_prefix="/v1/keys", abp_tags=[TAG_KEYS], abp_security=SECURED)
_ANSWERS: dict[Any, Any] = {200: {}}


@blueprint.post("/reserve", responses=_ANSWERS)
@allow("sell")
def reserve(body: Reserve) -> Response:
    """Hold keys for one checkout, for 15 minutes unless said otherwise; all of them, or none."""
    if body.any_of is not None:
        found = services().reserving.reserve_any(principal().address, candidates(body), body.ttl_ms)
    else:
        found = services().reserving.reserve(principal().address, named(body), body.ttl_ms)
    return answer(render.reservation(found))


@blueprint.post("/extend", responses=_ANSWERS)
@allow("sell")
def extend(body: Extend) -> Response:
    """Hold reserved keys for longer."""
    reservation = bytes.fromhex(body.reservation)
    until = services().reserving.extend(principal().address, reservation, body.ttl_ms)
    return answer({"reservation": body.reservation, "until": until})


@blueprint.post("/release", responses=_ANSWERS)
@allow("sell")
def release(body: Release) -> Response:
    """Give reserved keys free."""
    released = services().reserving.release(principal().address, bytes.fromhex(body.reservation))
    return answer({"reservation": body.reservation, "released": released})


def _restore_tokens(given: dict[str, Any], stored: dict[str, Any]) -> None:
    for one in stored.get("results", [stored]):
        if "order_token" in one:
            place = Handle(bytes.fromhex(one["key"]["batch"]), one["key"]["index"])
            token = services().selling.token_of(principal().address, given["order"], place)
            one["order_token"] = token.hex()
            one["use"] = order_use(token, place.batch_id, place.index).hex()


@blueprint.post("/sell", responses=_ANSWERS)
@allow("sell", writes=True)
@repeats.restores(_restore_tokens)
def sell(body: Sell) -> Response:
    """Sell keys in one order: verify and claim in one step. The loser of a race gets the earlier event."""
    reservation = None if body.reservation is None else bytes.fromhex(body.reservation)
    order = Order(body.order, body.details, reservation, body.unit)
    seller, selling = principal().address, services().selling
    if body.any_of is not None:
        return answer(render.sold(selling.sell_any(seller, candidates(body), order)))
    if body.is_single:
        return answer(render.sold(selling.sell(seller, named(body)[0], order)))
    proceed = body.on_error == "proceed"
    return answer(render.sales(selling.sell_many(seller, named(body), order, proceed=proceed)))


@blueprint.post("/deliver", responses=_ANSWERS)
@allow("sell", writes=True)
def deliver(body: Act) -> Response:
    """Note that sold keys were shown to their buyer."""
    return answer(acting.act(EntryType.DELIVER, body))


@blueprint.post("/redeem", responses=_ANSWERS)
@allow("redeem", "sell", strangers=True, writes=True)
def redeem(body: BuyersAct) -> Response:
    """Note that keys were used: by their seller, an issuer, or the buyer with the order token."""
    return answer(acting.act_or_buy(EntryType.REDEEM, body))


@blueprint.post("/reinstate", responses=_ANSWERS)
@allow("sell", "redeem", strangers=True, writes=True)
def reinstate(body: BuyersAct) -> Response:
    """Undo an own sale or redemption, within ten days, once."""
    return answer(acting.act_or_buy(EntryType.REINSTATE, body))


@blueprint.post("/void", responses=_ANSWERS)
@allow("sell", "register", writes=True)
def void(body: Void) -> Response:
    """End keys for good: single ones, or, by their supplier, a whole range."""
    if body.range is None:
        return answer(acting.act(EntryType.VOID, body))
    recalled = services().recalls.recall(
        principal().address,
        bytes.fromhex(body.range.batch),
        [(body.range.first, body.range.count)],
        reasons.named(EntryType.VOID, body.reason),
        body.details,
    )
    return answer({"events": [render.event(recorded) for recorded in recalled]})


@blueprint.post("/reissue", responses=_ANSWERS)
@allow("sell", "register", writes=True)
def reissue(body: Reissue) -> Response:
    """Note which key replaced a void or redeemed one."""
    given, ref = each_once([body.replacement, body.key], ["/replacement", "/key"])
    replacement = acting.place_of(given)
    act = acting.made(EntryType.REISSUE, body.use, body.reason, {"replacement": render.handle(replacement)})
    return answer(render.event(services().custody.act(ref, act)))


@blueprint.post("/correct", responses=_ANSWERS)
@allow("sell", "redeem", "register", "transfer", writes=True)
def correct(body: Correct) -> Response:
    """Put something right that an earlier event of one's own says wrongly; changes no state."""
    ref = each_once([body.key], ["/key"])[0]
    recorded = services().custody.correct(ref, principal().address, body.event_index, body.details)
    return answer(render.event(recorded))
