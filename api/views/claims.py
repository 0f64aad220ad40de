"""Claims, for those who handle them: platforms, suppliers, reviewers, the operator."""

from __future__ import annotations

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import warranty_answers
from api.access import allow
from api.current import principal, services
from api.documents import SECURED, TAG_CLAIMS
from api.schemas.claims import (
    Approve,
    AskEvidence,
    ClaimPath,
    ClaimsQuery,
    PaidClaim,
    PauseClock,
    Recovered,
    Reject,
    raw,
)
from api.wire import answer
from provenance.core.claims import Reviewer
from provenance.core.entries import PartyReason
from provenance.services.warranty.claims import Kept

blueprint = APIBlueprint(
    "claims", __name__, url_prefix="/v1/claims", abp_tags=[TAG_CLAIMS], abp_security=SECURED
)
_READS = ("sell", "register", "read", "warranty", "review")


@blueprint.get("", responses={200: {}})
@allow(*_READS)
def listed(query: ClaimsQuery) -> Response:
    """Claims of one's orders, as platform or as supplier of their keys; all, for those who decide."""
    of = None if query.side == "all" else (query.side, principal())
    if of is None and not _decides():
        services().reviewers.of(principal())  # says what is missing
    states = [] if query.state is None else [query.state.value]
    found = services().warranty.desks.claims(of, states, query.after, query.limit)
    return answer({"claims": [warranty_answers.seen_claim(one) for one in found]})


@blueprint.get("/<claim_id>", responses={200: {}})
@allow(*_READS)
def one(path: ClaimPath) -> Response:
    """Where a claim stands; to whoever handles it also its steps, and what a decision can cite."""
    seen = services().warranty.desks.claim(principal(), bytes.fromhex(path.claim_id), decides=_decides())
    return answer(warranty_answers.seen_claim(seen))


@blueprint.post("/<claim_id>/paid", responses={200: {}})
@allow("warranty", roles=(PartyReason.PLATFORM,), writes=True)
def paid(path: ClaimPath, body: PaidClaim) -> Response:
    """The platform has paid its buyer, exactly what is owed, as a record shows that pays no other claim."""
    claim_id, record = bytes.fromhex(path.claim_id), bytes.fromhex(body.record)
    return _told(services().warranty.claims.paid(principal(), claim_id, body.money, record))


@blueprint.post("/<claim_id>/approve", responses={200: {}})
@allow("review", writes=True)
def approve(path: ClaimPath, body: Approve) -> Response:
    """A reviewer grants the claim; above the limit of its terms a second one has to agree."""
    return _told(services().warranty.claims.approve(*_reviewing(path), body.liability))


@blueprint.post("/<claim_id>/reject", responses={200: {}})
@allow("review", writes=True)
def reject(path: ClaimPath, body: Reject) -> Response:
    """A reviewer refuses the claim, by code, clause and evidence; there is no other way to refuse."""
    reviewing = _reviewing(path)
    return _told(services().warranty.claims.reject(*reviewing, body.code, body.clause, raw(body.evidence)))


@blueprint.post("/<claim_id>/ask-evidence", responses={200: {}})
@allow("review", writes=True)
def ask_evidence(path: ClaimPath, body: AskEvidence) -> Response:
    """A reviewer asks the buyer for evidence, once a claim."""
    return _told(services().warranty.claims.ask_evidence(*_reviewing(path), tuple(body.types)))


@blueprint.post("/<claim_id>/pause", responses={200: {}})
@allow("review", writes=True)
def pause(path: ClaimPath, body: PauseClock) -> Response:
    """A reviewer stops the clock, for a reason of the terms and with its evidence."""
    return _told(services().warranty.claims.pause(*_reviewing(path), body.code, raw(body.evidence)))


@blueprint.post("/<claim_id>/resume", responses={200: {}})
@allow("review", writes=True)
def resume(path: ClaimPath) -> Response:
    """A reviewer lets the clock run on."""
    return _told(services().warranty.claims.resume(*_reviewing(path)))


@blueprint.post("/<claim_id>/recovered", responses={200: {}})
@allow("review", writes=True)
def recovered(path: ClaimPath, body: Recovered) -> Response:
    """A reviewer has seen that the buyer has the account back."""
    return _told(services().warranty.claims.recovered(*_reviewing(path), bytes.fromhex(body.evidence)))


def _reviewing(path: ClaimPath) -> tuple[Reviewer, bytes, bytes]:
    """Who decides, in whose name, and which claim."""
    return services().reviewers.of(principal()), principal().address, bytes.fromhex(path.claim_id)


def _decides() -> bool:
    """Whether the caller looks after the claims of all: the operator, and whoever is registered to review."""
    return principal().party.has(PartyReason.OPERATOR) or services().reviewers.knows(principal())


def _told(kept: Kept) -> Response:
    return answer(warranty_answers.claim(kept.claim))
