"""What a buyer sees and does with nothing but his order token, which travels in bodies alone."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import feeds, repeats, warranty_answers
from api.access import allow, client_address, public
from api.buying import as_buyer
from api.current import services
from api.documents import PACK_FILE, TAG_CLAIMS, TAG_ORDERS
from api.front import live
from api.handing import saved
from api.naming import shown
from api.schemas.claims import Appeal, ClaimPath, MoreEvidence, NewClaim, raw
from api.schemas.orders import PackWish, ShownOrder, ShownToken, StreamQuery
from api.schemas.platforms import NewReview
from api.wire import answer
from provenance.core.keyformats import CardKey
from provenance.services.budgets import Allowance
from provenance.services.warranty.claims import Kept
from provenance.services.warranty.status import OrderStatus

blueprint = APIBlueprint("buyers", __name__, url_prefix="/v1")
_PACKS: Final = Allowance("complaint-pack", 20)
"""How many an hour of one order: each is some tenths of a second of work."""
_STREAM: Final[dict[Any, Any]] = {200: {"content": {live.MEDIA_TYPE: {}}}}


@blueprint.post("/orders/status", tags=[TAG_ORDERS], responses={200: {}})
@allow(strangers=True)
@repeats.reads
def status(body: ShownToken) -> Response:
    """The warranty of everything that a token bought: days left, cover, clocks, claims, what happened."""
    found: list[OrderStatus] = as_buyer(body.order_token, services().warranty.status.of_token)
    return answer({"orders": [warranty_answers.buyers_view(one) for one in found]})


@blueprint.post("/orders/replacement-key", tags=[TAG_ORDERS], responses={200: {}})
@allow(strangers=True)
@repeats.reads
def replacement_key(body: ShownOrder) -> Response:
    """The key of a replacement, to the buyer of what it replaces."""
    order_id = bytes.fromhex(body.order)
    found: CardKey = as_buyer(
        body.order_token, lambda token: services().warranty.status.replacement_key(token, order_id)
    )
    return answer({"format": found.format_id, "serial": found.serial, "secret": found.secret})


@blueprint.post("/orders/pack", tags=[TAG_ORDERS], responses=PACK_FILE)
@allow(strangers=True)
@repeats.reads
def pack(body: PackWish) -> Response:
    """The complaint pack of an order: a PDF in Chinese, the proof, its verifier, the evidence, in one ZIP."""
    order_id, packs = bytes.fromhex(body.order), services().showing.packs
    found: OrderStatus = as_buyer(body.order_token, lambda token: packs.find(token, order_id))
    opening = None if body.key is None else shown([body.key], ["/key"])[0]
    services().budgets.spend(_PACKS, body.order)
    return saved(packs.make(found, opening))


@blueprint.post("/orders/stream-ticket", tags=[TAG_ORDERS], responses={200: {}})
@allow(strangers=True)
@repeats.reads
def stream_ticket(body: ShownOrder) -> Response:
    """A ticket for one order's stream, good for ten minutes: an address must not hold a token."""
    order_id, watching = bytes.fromhex(body.order), services().warranty.watching
    ticket, until = as_buyer(body.order_token, lambda token: watching.buyers_ticket(token, order_id))
    return answer({"ticket": ticket, "until": until})


@blueprint.post("/orders/review", tags=[TAG_ORDERS], responses={201: {}})
@allow(strangers=True, writes=True)
def review(body: NewReview) -> Response:
    """Give one to five stars to an order that was delivered, once; an entry of the log, for ever."""
    order_id, reviews = bytes.fromhex(body.order), services().warranty.reviews
    given = as_buyer(body.order_token, lambda token: reviews.give(token, order_id, body.stars))
    return answer(
        {"order": body.order, "stars": given.stars, "at": given.at, "event": given.event.hex()}, 201
    )


@blueprint.get("/orders/stream", tags=[TAG_ORDERS], responses=_STREAM)
@public()
def stream(query: StreamQuery) -> Response:
    """An order each time that it changes, as server-sent events: timeline and claims."""
    order_id = services().warranty.watching.order_of(query.ticket)
    return live.stream(feeds.ORDERS, order_id.hex(), client_address())


@blueprint.post("/claims", tags=[TAG_CLAIMS], responses={201: {}})
@allow(strangers=True, writes=True)
def file(body: NewClaim) -> Response:
    """File a claim on one's own order, by the causes of its terms; decided at once where that is clear."""
    order_id, causes, digests = bytes.fromhex(body.order), tuple(body.causes), raw(body.evidence)
    desk = services().warranty.claims
    kept = as_buyer(body.order_token, lambda token: desk.file(token, order_id, causes, digests))
    return _told(kept, 201)


@blueprint.post("/claims/<claim_id>/evidence", tags=[TAG_CLAIMS], responses={200: {}})
@allow(strangers=True, writes=True)
def give_evidence(path: ClaimPath, body: MoreEvidence) -> Response:
    """Add evidence that was handed in to the order."""
    claim_id, digests = _id(path), raw(body.evidence)
    desk = services().warranty.claims
    return _told(as_buyer(body.order_token, lambda token: desk.give_evidence(token, claim_id, digests)))


@blueprint.post("/claims/<claim_id>/appeal", tags=[TAG_CLAIMS], responses={200: {}})
@allow(strangers=True, writes=True)
def appeal(path: ClaimPath, body: Appeal) -> Response:
    """Appeal a rejection, once; somebody else decides."""
    claim_id, digests = _id(path), raw(body.evidence)
    desk = services().warranty.claims
    return _told(as_buyer(body.order_token, lambda token: desk.appeal(token, claim_id, digests)))


@blueprint.post("/claims/<claim_id>/withdraw", tags=[TAG_CLAIMS], responses={200: {}})
@allow(strangers=True, writes=True)
def withdraw(path: ClaimPath, body: ShownToken) -> Response:
    """Take a claim back."""
    claim_id = _id(path)
    desk = services().warranty.claims
    return _told(as_buyer(body.order_token, lambda token: desk.withdraw(token, claim_id)))


@blueprint.post("/claims/<claim_id>/confirm", tags=[TAG_CLAIMS], responses={200: {}})
@allow(strangers=True, writes=True)
def confirm(path: ClaimPath, body: ShownToken) -> Response:
    """Say that all is well."""
    claim_id = _id(path)
    desk = services().warranty.claims
    return _told(as_buyer(body.order_token, lambda token: desk.confirm(token, claim_id)))


def _id(path: ClaimPath) -> bytes:
    return bytes.fromhex(path.claim_id)


def _told(kept: Kept, status: int = 200) -> Response:
    told: dict[str, Any] = warranty_answers.claim(kept.claim)
    return answer(told, status)
