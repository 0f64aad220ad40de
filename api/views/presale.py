"""Goods that are reviewed before they are sold: asked for by platforms, signed by reviewers."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import handing, render
from api.access import allow
from api.current import principal, services
from api.documents import EVIDENCE_FILE, SECURED, TAG_PRESALE
from api.schemas.evidence import (
    NewReview,
    ReviewDecision,
    ReviewFile,
    ReviewFilePath,
    ReviewPath,
    ReviewsQuery,
)
from api.wire import answer
from provenance.core import money
from provenance.core.entries import PartyReason
from provenance.core.money import Money
from provenance.services.lawbook import Handle

blueprint = APIBlueprint(
    "presale", __name__, url_prefix="/v1/presale/reviews", abp_tags=[TAG_PRESALE], abp_security=SECURED
)
_PLATFORM: Final = (PartyReason.PLATFORM,)


@blueprint.post("", responses={201: {}})
@allow("sell", roles=_PLATFORM)
def ask(body: NewReview) -> Response:
    """Ask that a key be reviewed for a sale under graded terms, at up to a price."""
    place = Handle(bytes.fromhex(body.key.batch), body.key.index)
    price = money.parse(body.price, body.currency)
    made = services().showing.presale.request(principal().address, place, bytes.fromhex(body.terms), price)
    return answer(_told(made), 201)


@blueprint.get("", responses={200: {}})
@allow("sell", "read", roles=_PLATFORM)
def listed(query: ReviewsQuery) -> Response:
    """The newest reviews that one asked for."""
    found = services().showing.presale.listed(principal().address, query.limit)
    return answer({"reviews": [_told(one) for one in found]})


@blueprint.get("/waiting", responses={200: {}})
@allow("review")
def waiting(query: ReviewsQuery) -> Response:
    """For a reviewer: what waits for a signature and is not his own party's, the oldest first."""
    found = services().showing.presale.waiting(principal(), query.limit)
    return answer({"reviews": [_told(one) for one in found]})


@blueprint.get("/<review_id>", responses={200: {}})
@allow("sell", "read", "review")
def one(path: ReviewPath) -> Response:
    """A review, its files, who signed, and the approval as a wallet signs it (``eth_signTypedData_v4``)."""
    look = services().showing.looking.look(principal(), bytes.fromhex(path.review_id))
    domain = services().context.domain
    return answer(
        _told(look.review)
        | {
            "files": [_file(each) for each in look.files],
            "signatures": [_signed(each) for each in look.decisions],
            "record": None if look.to_sign is None else look.to_sign.to_json(),
            "typed_data": None if look.to_sign is None else look.to_sign.typed_data(domain),
        }
    )


@blueprint.post("/<review_id>/uploads", responses={201: {}})
@allow("sell", roles=_PLATFORM)
def announce(path: ReviewPath, body: ReviewFile) -> Response:
    """Announce the video or a paper; its bytes go to ``PUT /v1/evidence/uploads/ID``."""
    text, ticket = services().showing.desk.announce_for_review(
        principal(), bytes.fromhex(path.review_id), body.type, body.size
    )
    return answer(handing.ticket_told(text, ticket), 201)


@blueprint.get("/<review_id>/files/<digest>", responses=EVIDENCE_FILE)
@allow("sell", "read", "review")
def file(path: ReviewFilePath) -> Response:
    """The bytes of one file of a review, to be saved."""
    review, digest = bytes.fromhex(path.review_id), bytes.fromhex(path.digest)
    return handing.download(services().showing.looking.open_(principal(), review, digest))


@blueprint.post("/<review_id>/decision", responses={200: {}})
@allow("review", writes=True)
def decide(path: ReviewPath, body: ReviewDecision) -> Response:
    """Sign: an approval when no item of the checklist failed, else a rejection that names them."""
    signature = bytes.fromhex(body.signature[2:])
    done = services().showing.presale.decide(
        principal(), bytes.fromhex(path.review_id), body.failed, signature
    )
    entered = {} if done.recorded is None else render.event(done.recorded)
    return answer(_told(done.review) | entered)


@blueprint.post("/<review_id>/withdraw", responses={200: {}})
@allow("sell", roles=_PLATFORM)
def withdraw(path: ReviewPath) -> Response:
    """Take a request back."""
    return answer(
        _told(services().showing.presale.withdraw(principal().address, bytes.fromhex(path.review_id)))
    )


def _told(one: Any) -> dict[str, Any]:
    return {
        "review": one.id.hex(),
        "key": {"batch": one.batch_id.hex(), "index": one.idx},
        "platform": render.address(one.platform),
        "terms": one.terms.hex(),
        "price": str(Money(one.price, one.currency)),
        "currency": one.currency,
        "single_up_to": str(Money(one.single_up_to, one.currency)),
        "state": one.state.name.lower(),
        "approvals": one.approvals,
        "video": None if one.video is None else one.video.hex(),
        "requested_at": one.requested_at,
        "valid_until": one.valid_until,
        "decided_at": one.decided_at,
        "event": None if one.event is None else one.event.hex(),
    }


def _file(one: Any) -> dict[str, Any]:
    return {
        "digest": one.digest.hex(), "type": one.type, "at": one.at, "media": one.media, "size": one.size,
        "erased": one.file is None,
    }  # fmt: skip


def _signed(one: Any) -> dict[str, Any]:
    return {
        "reviewer": one.person, "signer": render.address(one.signer), "verdict": one.verdict,
        "signature": "0x" + one.signature.hex(), "at": one.at,
    }  # fmt: skip
