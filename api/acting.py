"""From a request to an act on keys: whose it is, which sale is meant, one key or many."""

from __future__ import annotations

from typing import Any

from api import reasons, render
from api.access import client_address
from api.current import principal, services, visitor
from api.naming import named
from api.schemas.keys import Act as ActBody
from api.schemas.keys import BuyersAct
from provenance.core.commitments import use_party
from provenance.core.entries import EntryType
from provenance.errors import AccessDenied, NotFound
from provenance.services.acts import Act
from provenance.services.budgets import public_checks
from provenance.services.lawbook import Handle, KeyRef
from provenance.services.verification import Viewer


def made(kind: EntryType, use: str | None, reason: int, details: dict[str, Any] | None) -> Act:
    """The act of the party that is speaking."""
    party = None if use is None else use_party(bytes.fromhex(use))
    return Act(kind, principal().address, party, reasons.named(kind, reason), details)


def act(kind: EntryType, body: ActBody) -> dict[str, Any]:
    """Do it to one key or to many, as *body* says; the members of the answer."""
    wanted = made(kind, body.use, body.reason, body.details)
    custody = services().custody
    if body.is_single:
        return render.event(custody.act(named(body)[0], wanted))
    done = custody.act_on_many(named(body), wanted, proceed=body.on_error == "proceed")
    return render.outcomes(done)


def act_or_buy(kind: EntryType, body: BuyersAct) -> dict[str, Any]:
    """The same, or, with an order token, in the buyer's own name."""
    if body.order_token is None:
        return act(kind, body)
    token, ref, reason = bytes.fromhex(body.order_token), named(body)[0], reasons.named(kind, body.reason)
    _must_have_bought(token, ref)
    return render.event(services().custody.act_as_buyer(ref, kind, token, reason))


def _must_have_bought(token: bytes, ref: KeyRef) -> None:
    """To everybody but the buyer, keys that are unknown and keys of others look alike."""
    if visitor() is None:
        allowance = public_checks(services().settings.public_checks_per_hour)
        services().budgets.spend(allowance, client_address())
    verdict = services().newest.verify(Viewer(None, token), [ref])[0]
    if verdict.registry_status is None:
        raise NotFound("this order token did not buy this key", code="unknown")


def place_of(ref: KeyRef) -> Handle:
    """The place of a key of the caller's own trade; raises :class:`NotFound`."""
    if isinstance(ref, Handle):
        return ref
    verdict = services().newest.verify(Viewer(principal()), [ref])[0]
    if not verdict.facts:
        raise NotFound("no such key, or not yours to see", code="unknown")
    return Handle(bytes.fromhex(verdict.facts["batch"]), verdict.facts["index"])


def must_be_someone() -> None:
    """Raise :class:`AccessDenied` unless a credential was shown."""
    if visitor() is None:
        raise AccessDenied("this needs a credential or an order token", code="credential_missing")
