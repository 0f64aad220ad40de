"""Who may decide a claim, and what a decision may say: conflicts of interest, two people, typed refusals."""

from __future__ import annotations

from typing import Final

from provenance.core.claimrules.claim import Claim
from provenance.core.claimrules.deciding import Rejection
from provenance.core.claimrules.events import Reviewer
from provenance.core.claimrules.facts import Evidence
from provenance.core.termsrules.words import SHARED_EVIDENCE, RejectionCode
from provenance.errors import Refused

MAX_EVIDENCE: Final = 64
"""So many digests fit into the details of one entry, with room to spare (FORMATS §5: 16 KiB)."""


def check_reviewer(claim: Claim, reviewer: Reviewer) -> None:
    """Raises :class:`Refused` (``reviewer_conflict``, ``reviewer_decided_before``)."""
    order = claim.order
    if reviewer.parties & {order.platform, order.supplier, order.buyer}:
        raise Refused(
            "this reviewer belongs to a party of the claim; someone else decides it",
            code="reviewer_conflict",
        )
    if reviewer.id in claim.deciders:
        raise Refused(
            "this reviewer has decided here before; the second opinion is another person's",
            code="reviewer_decided_before",
        )


def check_rejection(claim: Claim, rejection: Rejection) -> None:
    """Whether the terms of *claim* allow exactly this refusal.

    Raises :class:`Refused`: ``exclusion_not_in_terms``, ``wrong_clause``, ``exclusion_evidence_missing``,
    ``rejection_evidence_untrusted`` or ``evidence_never_asked``.
    """
    code = rejection.code
    if code is RejectionCode.EVIDENCE_MISSING:
        _check_missing(claim, rejection)
    elif code is RejectionCode.FAULT_NOT_FOUND:
        _check_clause(rejection, claim.rule.clause.number)
        if not any(each.is_trusted for each in rejection.evidence):
            raise Refused(
                "that there was no fault is shown by the log, the issuer, the carrier or the payment service",
                code="rejection_evidence_untrusted",
            )
    else:
        _check_exclusion(claim, rejection)


def check_evidence(
    claim_evidence: tuple[Evidence, ...], new: tuple[Evidence, ...], used_elsewhere: frozenset[bytes]
) -> tuple[Evidence, ...]:
    """All the evidence, the new behind the old.

    Raises :class:`Refused`: ``evidence_already_used`` by another claim (one receipt serves one claim),
    ``evidence_repeated`` in this one, ``evidence_too_much``.
    """
    if any(each.digest in used_elsewhere and each.type not in SHARED_EVIDENCE for each in new):
        raise Refused("this evidence already serves another claim", code="evidence_already_used")
    if len(claim_evidence) + len(new) > MAX_EVIDENCE:
        raise Refused(f"a claim takes at most {MAX_EVIDENCE} pieces of evidence", code="evidence_too_much")
    digests = [each.digest for each in (*claim_evidence, *new)]
    if len(set(digests)) != len(digests):
        raise Refused("the same evidence was handed in before", code="evidence_repeated")
    return (*claim_evidence, *new)


def _check_missing(claim: Claim, rejection: Rejection) -> None:
    _check_clause(rejection, claim.rule.clause.number)
    have = {each.type for each in claim.evidence}
    if not claim.asked or set(claim.asked) <= have:
        raise Refused(
            "evidence is missing only where it was asked for and not given; ask for it first",
            code="evidence_never_asked",
        )


def _check_exclusion(claim: Claim, rejection: Rejection) -> None:
    exclusion = claim.terms.exclusion(rejection.code.value)
    if exclusion is None or claim.causes[0] not in exclusion.causes:
        raise Refused(
            "the terms that this order pinned do not have that exclusion for this cause",
            code="exclusion_not_in_terms",
        )
    _check_clause(rejection, exclusion.clause.number)
    missing = set(exclusion.evidence) - {each.type for each in rejection.evidence}
    if missing:
        raise Refused(
            "this exclusion needs evidence that is not there; show all of it or grant the claim",
            code="exclusion_evidence_missing",
            needed=sorted(missing),
        )


def _check_clause(rejection: Rejection, number: str) -> None:
    if rejection.clause != number:
        raise Refused(
            f"this code rests on clause {number} of the terms; cite that one",
            code="wrong_clause",
            clause=number,
        )
