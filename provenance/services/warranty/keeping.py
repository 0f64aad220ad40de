"""Claims in and out of the database: a value of the core as JSON, beside the columns that are searched."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import msgspec

from provenance.core.claims import Claim, due
from provenance.core.money import Money
from provenance.core.terms import Terms
from provenance.errors import Conflict, NotFound
from provenance.services.warranty import terms as published
from provenance.store import claims as store
from provenance.store.claims import ClaimRow
from provenance.store.database import Connection
from provenance.store.warranty_orders import OrderRow


def price_of(order: OrderRow) -> Money:
    """What the buyer paid."""
    return Money(order.price, order.currency)


def encoded(claim: Claim) -> str:
    """The claim as JSON without its terms: those are one document for thousands of claims."""
    values: dict[str, Any] = msgspec.to_builtins(claim)
    del values["terms"]
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def decoded(value: str, terms: Terms) -> Claim:
    """The claim that :func:`encoded` wrote, under the terms that its order pinned."""
    values = json.loads(value)
    values["terms"] = _builtins(terms)
    return msgspec.convert(values, Claim)


@lru_cache(maxsize=256)
def _builtins(terms: Terms) -> Any:
    return msgspec.to_builtins(terms)


def load(connection: Connection, row: ClaimRow, order: OrderRow) -> Claim:
    """The claim of *row*."""
    return decoded(row.value, published.pinned(connection, order.terms))


def row_of(claim: Claim, *, last_time: int, version: int) -> ClaimRow:
    """The row of a claim after *version* steps."""
    return ClaimRow(
        id=claim.claim_id,
        order=claim.order.order_id,
        platform=claim.order.platform,
        state=claim.state.value,
        causes=" ".join(cause.value for cause in claim.causes),
        origin=claim.origin.value,
        outcome=None if claim.outcome is None else claim.outcome.value,
        opened_at=claim.opened_at,
        last_time=last_time,
        due=due(claim),
        version=version,
        value=encoded(claim),
    )


def must_find(connection: Connection, claim_id: bytes) -> ClaimRow:
    """The row of a claim; raises :class:`NotFound` (``unknown_claim``)."""
    row = store.by_id(connection, claim_id)
    if row is None:
        raise unknown_claim()
    return row


def unknown_claim() -> NotFound:
    """One refusal for claims that do not exist and claims of others."""
    return NotFound("no such claim, or not yours to see", code="unknown_claim")


def put(connection: Connection, row: ClaimRow, seen: int) -> None:
    """Store a step; raises :class:`Conflict` (``contended``) when another one came before it."""
    if not store.put(connection, row, seen):
        raise Conflict("somebody else moved this claim meanwhile; look again", code="contended")
