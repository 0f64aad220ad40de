"""Guessing from many places: misses are counted where they fall, and strangers' proofs cost what checks cost.

The budgets of ``views.verify`` bar an address or an account. Here every coarse answer, whoever got
it, is counted in the neighbourhood of its key (``services.neighbours``), which bars nobody.
"""

from __future__ import annotations

from typing import Final

import orjson
from flask import Flask, Response, request

from api.access import client_address
from api.current import services, visitor
from api.forms import validated
from api.schemas.keys import OneOrMany, Verify, read_each
from api.schemas.trade import PublicCheck
from provenance.core.keyformats import CardKey
from provenance.errors import ProvenanceError
from provenance.services.budgets import public_checks, public_misses
from provenance.services.neighbours import NeighbourWatch

_CHECK: Final = "verify.check"
_VERIFY: Final = "verify.verify"
_PROOF: Final = "proofs.make"
_MISSES: Final = ("UNKNOWN", "TOKEN_NEEDED")


def register(app: Flask, watch: NeighbourWatch) -> None:
    """Watch every answer of *app* about a key that is not the asker's."""

    def watched(response: Response) -> Response:
        if response.status_code == 200 and request.endpoint in (_CHECK, _VERIFY):
            watch.note(_coarse(response))
        elif request.endpoint == _PROOF and visitor() is None:
            hourly = services().settings.public_checks_per_hour
            services().budgets.debit(
                public_misses(hourly), client_address(), int(response.status_code == 404)
            )
        return response

    app.before_request(_proofs_cost)
    app.after_request(watched)


def _proofs_cost() -> None:
    """A stranger's wish for a proof is a question about a key, with whatever token he shows."""
    if request.endpoint == _PROOF and visitor() is None:
        hourly = services().settings.public_checks_per_hour
        services().budgets.require(public_misses(hourly), client_address())
        services().budgets.spend(public_checks(hourly), client_address())


def _coarse(response: Response) -> list[tuple[CardKey, bool]]:
    """The keys that were answered coarsely, each with whether it was a miss."""
    answered = orjson.loads(response.get_data())
    verdicts = answered.get("verdicts", [answered])
    if all("registry_status" in one for one in verdicts):
        return []
    pairs = zip(_asked(), verdicts, strict=True)
    return [
        (read[0], one["verdict"] in _MISSES)
        for read, one in pairs
        if not isinstance(read, ProvenanceError)
        and isinstance(read[0], CardKey)
        and "registry_status" not in one
    ]


def _asked() -> list[tuple[object, tuple[str, ...]] | ProvenanceError]:
    body = request.get_json()
    if request.endpoint == _CHECK:
        return list(read_each([validated(PublicCheck, body).key]))
    given: OneOrMany = validated(Verify, body)
    return list(read_each(given.references))
