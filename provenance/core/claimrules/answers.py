"""An issuer that takes back what it said: then a person looks, for one of the answers was not true."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provenance.core.claimrules.facts import IssuerReport
from provenance.core.claimrules.issuer import IssuerAnswer

_ENDS: Final = frozenset(
    {IssuerAnswer.ALREADY_USED, IssuerAnswer.VOIDED, IssuerAnswer.COUNTERFEIT, IssuerAnswer.EXPIRED}
)
"""After one of these a key does not come back to life."""
_ALIVE: Final = frozenset({IssuerAnswer.GOOD, IssuerAnswer.NOT_ACTIVATED})


def contradict(reports: Iterable[IssuerReport]) -> bool:
    """Whether a key was called ended and later alive, or used at two different moments.

    The moment of use decides who is liable, so whoever moves it moves the liability.
    """
    ended, uses = False, set()
    for report in sorted(reports, key=lambda one: one.at):
        if ended and report.answer in _ALIVE:
            return True
        ended = ended or report.answer in _ENDS
        if report.used_at is not None:
            uses.add(report.used_at)
    return len(uses) > 1
