"""What the registry knows of keys: for those entitled in full, for all others coarsely."""

from __future__ import annotations

import time
from typing import Any, Final

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from api import render
from api.access import allow, client_address
from api.current import services, visitor
from api.documents import SECURED, TAG_KEYS, TAG_PUBLIC
from api.problems import told_briefly
from api.schemas.common import KeyPath
from api.schemas.keys import Verify, read_all, read_each
from api.schemas.trade import PublicCheck
from api.wire import answer
from provenance.errors import AccessDenied, ProvenanceError
from provenance.services.budgets import CREDENTIAL_MISSES, public_checks, public_misses
from provenance.services.lawbook import Handle, KeyRef
from provenance.services.verification import Verdict, VerdictCode, Viewer

blueprint = APIBlueprint("verify", __name__, url_prefix="/v1")

_FLOOR_SECONDS: Final = 0.03
"""No public answer comes sooner: the time taken must not tell a hit from a miss."""
_MISSES: Final = (VerdictCode.UNKNOWN, VerdictCode.TOKEN_NEEDED)


@blueprint.post("/keys/verify", tags=[TAG_KEYS], security=SECURED, responses={200: {}})
@allow("verify", "sell", strangers=True)
def verify(body: Verify) -> Response:
    """The verdicts on a key, or on up to 1,000, in their order; a key that cannot be read gets its error."""
    viewer = _viewer(body.order_token)
    read = read_each(body.references)
    _spend(len(read))
    refs = [one[0] for one in read if not isinstance(one, ProvenanceError)]
    verdicts = services().verification.verify(viewer, refs)
    _count_misses(verdicts)
    return answer({"verdicts": _told(read, verdicts)})


@blueprint.get("/keys/<batch_id>/<index>", tags=[TAG_KEYS], security=SECURED, responses={200: {}})
@allow()
def custody(path: KeyPath) -> Response:
    """Every event of a key so far, to supplier, holder, sellers and issuer."""
    place = Handle(bytes.fromhex(path.batch_id), path.index)
    return answer({"custody": services().verification.custody(_viewer(None), place)})


@blueprint.post("/public/check", tags=[TAG_PUBLIC], responses={200: {}})
@allow(strangers=True)
def check(body: PublicCheck) -> Response:
    """CLEAN, NOT_CLEAN or UNKNOWN, for everybody; more for whoever shows the order token."""
    began = time.monotonic()
    refs = read_all([body.key], ["/key"])
    hourly = services().settings.public_checks_per_hour
    services().budgets.require(public_misses(hourly), client_address())
    services().budgets.spend(public_checks(hourly), client_address())
    found = _judged(body.order_token, refs)
    services().budgets.debit(public_misses(hourly), client_address(), int(found.code in _MISSES))
    time.sleep(max(0.0, _FLOOR_SECONDS - (time.monotonic() - began)))
    return answer(render.verdict(found))


def _judged(order_token: str | None, refs: list[KeyRef]) -> Verdict:
    token = None if order_token is None else bytes.fromhex(order_token)
    return services().verification.verify(Viewer(None, token), refs)[0]


def _viewer(order_token: str | None) -> Viewer:
    viewer = Viewer(visitor(), None if order_token is None else bytes.fromhex(order_token))
    if viewer.principal is None and viewer.token is None:
        raise AccessDenied(
            "this needs a credential or an order token; strangers ask /public/check",
            code="credential_missing",
        )
    return viewer


def _spend(keys: int) -> None:
    """A stranger pays for every key; a party only for what turns out not to be its business."""
    if visitor() is None:
        hourly = services().settings.public_checks_per_hour
        services().budgets.spend(public_checks(hourly), client_address(), keys)


def _count_misses(verdicts: list[Verdict]) -> None:
    """Before a coarse verdict is given, hit or miss alike: is there still a budget to guess with?"""
    someone = visitor()
    coarse = [one for one in verdicts if one.registry_status is None]
    if someone is None or not coarse:
        return
    services().budgets.require(CREDENTIAL_MISSES, someone.address.hex())
    missed = sum(one.code in _MISSES for one in coarse)
    services().budgets.debit(CREDENTIAL_MISSES, someone.address.hex(), missed)


def _told(read: list[Any], verdicts: list[Verdict]) -> list[dict[str, Any]]:
    following = iter(verdicts)
    told = []
    for one in read:
        if isinstance(one, ProvenanceError):
            told.append({"error": told_briefly(one)})
        else:
            told.append(render.verdict(next(following)) | {"read": list(one[1])})
    return told
