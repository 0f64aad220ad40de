"""What no part of the terms can see alone: windows that contradict each other, promises nobody can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provenance.core.termsrules.checking import check_unique, refused
from provenance.core.termsrules.words import Cause, RemedyKind, State

if TYPE_CHECKING:
    from provenance.core.termsrules.values import CauseTerms, Terms


def check_whole(terms: Terms) -> None:
    """Raises :class:`InputRefused` (``terms_*``) for parts that do not go together."""
    if not terms.causes:
        raise refused("terms_causes", "terms that cover no cause promise nothing; name at least one")
    check_unique("causes", (each.cause for each in terms.causes))
    check_unique("exclusions", (each.code for each in terms.exclusions))
    check_unique("clause numbers", (clause.number for clause in terms.clauses))
    covered = {each.cause for each in terms.causes}
    for exclusion in terms.exclusions:
        if not set(exclusion.causes) <= covered:
            raise refused("terms_exclusion", f"{exclusion.code} excludes a cause that is not covered anyway")
    for cause in terms.causes:
        _check_cause(terms, cause)
    _check_clocks(terms)
    _check_currency(terms)


def _check_cause(terms: Terms, cause: CauseTerms) -> None:
    if cause.window_s > terms.cover.seconds:
        raise refused("terms_windows", f"{cause.cause}: its window ends after the cover; shorten it")
    if cause.threshold_s is not None and cause.threshold_s >= cause.window_s:
        raise refused("terms_windows", f"{cause.cause}: the window is over before the threshold is reached")
    kinds = {remedy.kind for remedy in cause.remedies}
    if cause.reissue_s is not None and RemedyKind.REISSUE not in kinds:
        raise refused("terms_windows", f"{cause.cause}: reissue_s without a reissue among the remedies")
    if RemedyKind.RECOVERY in kinds and cause.cause not in (Cause.OWNERSHIP_RECLAIMED, Cause.STOLEN):
        raise refused("terms_remedy", f"{cause.cause}: recovery is for what was taken from the buyer")


def _check_clocks(terms: Terms) -> None:
    reissue, pay = terms.deadline(State.REISSUING).within_s, terms.deadline(State.PAYING).within_s
    if reissue + pay > terms.clocks.remedy_s:
        raise refused(
            "terms_windows",
            "reissuing and then paying takes longer than remedy_s promises; shorten reissuing or paying",
        )
    if terms.deadline(State.SECOND_REVIEW).within_s < terms.deadline(State.REVIEW).within_s:
        raise refused("terms_windows", "second_review counts from the filing: it ends no earlier than review")
    if terms.deadline(State.OPENED).within_s > terms.deadline(State.REVIEW).within_s:
        raise refused("terms_windows", "the first response comes no later than the decision")


def _check_currency(terms: Terms) -> None:
    amounts = [terms.limits.automatic_up_to, terms.limits.two_person_over]
    amounts += [remedy.amount for each in terms.causes for remedy in each.remedies if remedy.amount]
    if {amount.currency for amount in amounts} != {terms.currency}:
        raise refused("currency_mismatch", "all amounts of the terms are in their one currency")
