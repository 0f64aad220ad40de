"""The JSON details of CLAIM and REMEDY entries: what happened, typed; nothing in it is free text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from provenance.core.claimrules import events as e
from provenance.core.claimrules.claim import Claim
from provenance.core.claimrules.deciding import Rejection
from provenance.core.claimrules.effects import ClaimReason
from provenance.core.claimrules.facts import Evidence
from provenance.core.termsrules.writing import terms_hash

REASONS: Final[Mapping[type[e.Event], ClaimReason]] = {
    e.Decided: ClaimReason.DECIDED,
    e.EvidenceAsked: ClaimReason.EVIDENCE_ASKED,
    e.EvidenceGiven: ClaimReason.EVIDENCE_GIVEN,
    e.Approved: ClaimReason.APPROVED,
    e.Rejected: ClaimReason.REJECTED,
    e.Appealed: ClaimReason.APPEALED,
    e.Withdrawn: ClaimReason.WITHDRAWN,
    e.ClockPaused: ClaimReason.PAUSED,
    e.ClockResumed: ClaimReason.RESUMED,
    e.Confirmed: ClaimReason.CONFIRMED,
    e.DeadlinePassed: ClaimReason.DEFAULTED,
}
"""The CLAIM entry of each event; the others write a REMEDY entry."""


def opening_details(claim: Claim) -> dict[str, Any]:
    """What the first entry of a claim says."""
    return {
        **_ids(claim),
        "terms": terms_hash(claim.terms).hex(),
        "causes": [cause.value for cause in claim.causes],
        "origin": claim.origin.value,
        "clause": claim.rule.clause.number,
        "evidence": evidence_json(claim.evidence),
    }


def claim_details(before: Claim, after: Claim, event: e.Event) -> dict[str, Any]:
    """What the entry of one transition says."""
    return {
        **_ids(after),
        "event": event_name(event),
        "from": before.state.value,
        "to": after.state.value,
        **_of_event(event),
        **({"outcome": after.outcome.value} if after.outcome else {}),
        **({"breaches": [each.value for each in after.breaches]} if after.breaches else {}),
        **(_rejection(after.rejection) if after.rejection is not before.rejection else {}),
    }


def remedy_details(claim: Claim, event: e.Event) -> dict[str, Any]:
    """What the entry of a remedy says: one that was given, or a rung that could not be."""
    given = claim.given
    said = {**_ids(claim), "event": event_name(event), "to": claim.state.value, **_of_event(event)}
    if given is not None:
        said["remedy"] = {
            "kind": given.kind.value,
            "paid": str(given.paid),
            "voucher": str(given.voucher),
            "goods": str(given.goods),
            "currency": given.paid.currency,
        }
    if claim.liability is not None:
        said["liability"] = claim.liability.value
    return said


def event_name(event: e.Event) -> str:
    """``DeadlinePassed`` → ``deadline_passed``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()


def evidence_json(evidence: tuple[Evidence, ...]) -> list[dict[str, Any]]:
    """Evidence as JSON: type, source, time and digest."""
    return [
        {"type": each.type.value, "source": each.source.value, "at": each.at, "digest": each.digest.hex()}
        for each in evidence
    ]


def _ids(claim: Claim) -> dict[str, Any]:
    return {"claim": claim.claim_id.hex(), "order": claim.order.order_id.hex()}


def _of_event(event: e.Event) -> dict[str, Any]:
    match event:
        case e.Decided(decision=decision, record=record):
            return {
                "finding": decision.finding.value,
                "clause": decision.clause,
                "liability": decision.liability.value,
                "evidence": evidence_json((*decision.evidence, record)),
            }
        case e.EvidenceAsked(reviewer=reviewer, types=types, request=request):
            asked = {"asked": [each.value for each in types], "evidence": evidence_json((request,))}
            return {"reviewer": reviewer.id, **asked}
        case e.EvidenceGiven(evidence=evidence) | e.Appealed(evidence=evidence):
            return {"evidence": evidence_json(evidence)}
        case e.Approved(reviewer=reviewer, liability=liability):
            return {"reviewer": reviewer.id, "liability": liability.value}
        case e.Rejected(reviewer=reviewer):
            return {"reviewer": reviewer.id}
        case e.ClockPaused(pause=pause):
            return {"pause": pause.code.value, "evidence": evidence_json(pause.evidence)}
        case e.Reissued(event=event_id):
            return {"replacement": event_id.hex()}
        case e.Recovered(evidence=one) | e.Paid(evidence=one):
            return {"evidence": evidence_json((one,))}
        case e.RemedyImpossible(why=why):
            return {"why": why.value}
    return {}


def _rejection(rejection: Rejection | None) -> dict[str, Any]:
    if rejection is None:
        return {}
    said = {"code": rejection.code.value, "clause": rejection.clause}
    return {"rejection": {**said, "evidence": evidence_json(rejection.evidence)}}
