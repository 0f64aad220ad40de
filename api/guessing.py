"""A refusal that says `unknown` answers a guess: who makes many of them is barred for a while.

Acts on keys have to tell *unknown* from *not yours* (DESIGN §4, the order of refusals), so an
account could ask by them what it may not ask by the checks. Counting is shared by all processes,
barring is each one's own, at the caller's next guess there.
"""

from __future__ import annotations

from flask import Flask, Response, current_app, g

from api.current import services, visitor
from api.limits import LIMITER
from provenance.errors import ProvenanceError
from provenance.services.budgets import CREDENTIAL_MISSES


def register(app: Flask) -> None:
    """Charge every guess of *app*'s callers."""
    app.after_request(_charge)


def note(error: ProvenanceError) -> None:
    """Remember that this request was answered `unknown` once more."""
    if error.code == "unknown":
        g.guesses = g.get("guesses", 0) + 1


def _charge(response: Response) -> Response:
    someone = visitor()
    guesses = g.pop("guesses", 0)
    if someone is not None and guesses:
        wait = services().budgets.debit(CREDENTIAL_MISSES, someone.credential, guesses)
        if wait:
            current_app.extensions[LIMITER].bar(someone.credential, wait)
    return response
