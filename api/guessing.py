"""A refusal answers a guess: about keys that are not the caller's business it costs what a check costs.

Acts on keys have to tell *unknown* from *sold* and *not yours* (DESIGN §4, the order of refusals),
so an account could ask by them what it may not ask by the checks. Whatever the code: a refusal about a
key of which a check would tell this caller only the coarse verdict is paid for from the budget of
checks that miss, before it is told. Where nothing is left it is withheld, and the caller is barred until
there is something again. The budget is the party's, who may make itself as many credentials as it
likes; counting is shared by all processes, barring is each one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from flask import Flask, Response, current_app, g

from api import problems
from api.current import services, visitor
from api.limits import LIMITER
from provenance.errors import LimitReached
from provenance.services.budgets import CREDENTIAL_MISSES
from provenance.services.lawbook import KeyRef
from provenance.services.parties import Principal
from provenance.services.verification import Viewer

_SAYS_NOTHING: Final = frozenset({400, 401, 429})
"""Refusals from before any key was looked up."""
_REFUSED: Final = b'"status":"refused"'


def register(app: Flask) -> None:
    """Charge every guess of *app*'s callers."""
    app.after_request(_charge)


def _charge(response: Response) -> Response:
    someone = visitor()
    refs: list[KeyRef] = g.pop("named", [])
    if someone is None or not refs:
        return response
    if 400 <= response.status_code < 500 and response.status_code not in _SAYS_NOTHING:
        return _paid_whole(response, someone, refs)
    if response.status_code < 300:
        return _paid_each(response, someone, refs)
    return response


def _paid_whole(response: Response, someone: Principal, refs: Sequence[KeyRef]) -> Response:
    """One refusal for all keys: told if the budget reaches for every foreign one among them."""
    foreign = len(_foreign(someone, refs, range(len(refs))))
    if foreign and _granted(someone, foreign) < foreign:
        return problems.problem(_withheld(someone))
    return response


def _paid_each(response: Response, someone: Principal, refs: Sequence[KeyRef]) -> Response:
    """A refusal for some of many keys: as many are told as the budget reaches for."""
    if _REFUSED not in response.get_data():
        return response
    told: dict[str, Any] = orjson.loads(response.get_data())
    results = told.get("results", [])
    refused = [position for position, one in enumerate(results) if one.get("error")]
    foreign = _foreign(someone, refs, refused)
    granted = _granted(someone, len(foreign)) if foreign else 0
    if granted < len(foreign):
        instead = problems.told_briefly(_withheld(someone))
        for position in foreign[granted:]:
            results[position]["error"] = instead
        response.set_data(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))
    return response


def _foreign(someone: Principal, refs: Sequence[KeyRef], positions: Sequence[int]) -> list[int]:
    """Those *positions* of which a check would tell *someone* no more than a stranger."""
    if not positions:
        return []
    verdicts = services().newest.verify(Viewer(someone), [refs[position] for position in positions])
    return [place for place, one in zip(positions, verdicts, strict=True) if one.registry_status is None]


def _granted(someone: Principal, wanted: int) -> int:
    budgets = services().budgets
    granted = budgets.grant(CREDENTIAL_MISSES, someone.address.hex(), wanted)
    wait = budgets.debit(CREDENTIAL_MISSES, someone.address.hex(), 0)
    if wait:
        # No longer than until the next answer: a mistake in one list must not close a shop for hours.
        at_most = -(-CREDENTIAL_MISSES.each_ms // 1000)
        current_app.extensions[LIMITER].bar(someone.credential, min(wait, at_most))
    return granted


def _withheld(someone: Principal) -> LimitReached:
    wait = services().budgets.debit(CREDENTIAL_MISSES, someone.address.hex(), 0)
    return LimitReached(
        "too many of your requests name keys that are not yours; check your list, and come back later",
        code="budget_spent",
        retry_after=max(1, wait),
    )
