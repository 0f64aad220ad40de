"""What a remedy cost, asked back from the supplier who answers for it."""

from __future__ import annotations

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import reserve_answers
from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_RECOURSES
from api.schemas.reserve import Dispute, RecoursePage, RecoursePath, Ruling, Settlement
from api.wire import answer
from provenance.core.entries import PartyReason

blueprint = APIBlueprint(
    "recourses", __name__, url_prefix="/v1/recourses", abp_tags=[TAG_RECOURSES], abp_security=SECURED
)


@blueprint.get("", responses={200: {}})
@allow("sell", "register", "read")
def listed(query: RecoursePage) -> Response:
    """One's recourses on either side, by when they last moved: one that moves comes again."""
    found = services().recourses.listed(principal().address, query.after, query.limit)
    return answer({"recourses": [reserve_answers.recourse(one) for one in found]})


@blueprint.get("/<claim_id>", responses={200: {}})
@allow("sell", "register", "read")
def get(path: RecoursePath) -> Response:
    """The recourse of one claim."""
    found = services().recourses.get(principal().address, bytes.fromhex(path.claim_id))
    return answer(reserve_answers.recourse(found))


@blueprint.post("/<claim_id>/accept", responses={200: {}})
@allow("register", roles=(PartyReason.SUPPLIER,))
def accept(path: RecoursePath) -> Response:
    """The supplier agrees to pay."""
    moved = services().recourses.accept(principal().address, bytes.fromhex(path.claim_id))
    return answer(reserve_answers.recourse(moved))


@blueprint.post("/<claim_id>/dispute", responses={200: {}})
@allow("register", roles=(PartyReason.SUPPLIER,))
def dispute(path: RecoursePath, body: Dispute) -> Response:
    """The supplier disagrees, by evidence that was handed in to the order."""
    digests = [bytes.fromhex(one) for one in body.evidence]
    moved = services().recourses.dispute(principal().address, bytes.fromhex(path.claim_id), digests)
    return answer(reserve_answers.recourse(moved))


@blueprint.post("/<claim_id>/settle", responses={200: {}})
@allow("sell", roles=(PartyReason.PLATFORM,))
def settle(path: RecoursePath, body: Settlement) -> Response:
    """The platform was paid, exactly what was asked."""
    claim_id = bytes.fromhex(path.claim_id)
    moved = services().recourses.settled(principal().address, claim_id, body.money)
    return answer(reserve_answers.recourse(moved))


@blueprint.post("/<claim_id>/rule", responses={200: {}})
@allow("review")
def rule(path: RecoursePath, body: Ruling) -> Response:
    """A reviewer who belongs to neither side rules on a dispute."""
    reviewer = services().reviewers.of(principal())
    moved = services().recourses.rule(reviewer, bytes.fromhex(path.claim_id), body.for_supplier)
    return answer(reserve_answers.recourse(moved))
