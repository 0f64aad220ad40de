"""Reserves and recourses as JSON members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.problems import told_briefly
from api.render import address, handle
from provenance.core.claims import evidence_json
from provenance.services.warranty.recourses import Standing
from provenance.services.warranty.reserves import DepositOutcome, Stock


def deposits(outcomes: Sequence[DepositOutcome]) -> dict[str, Any]:
    """Where each key lies and as what it counts, or why it was not taken."""
    return {"results": [_deposit(one) for one in outcomes]}


def _deposit(one: DepositOutcome) -> dict[str, Any]:
    if one.deposited is None:
        return {"status": "refused", "error": one.refusal and told_briefly(one.refusal)}
    kept = one.deposited
    return {
        "status": "kept",
        "key": handle(kept.handle),
        "product": kept.product.hex(),
        "again": kept.again,
    }


def stock(one: Stock) -> dict[str, Any]:
    """One product: its name, what it is in words, and how many."""
    return {"id": one.product.hex(), **one.words, "free": one.free, "taken": one.taken}


def recourse(one: Standing) -> dict[str, Any]:
    """A recourse, the same for both sides."""
    asked = one.recourse
    return {
        "claim": asked.claim_id.hex(),
        "order": one.order_id.hex(),
        "supplier": address(asked.supplier),
        "platform": address(asked.platform),
        "amount": str(asked.amount),
        "currency": asked.amount.currency,
        "state": asked.state.value,
        "since": asked.since,
        "due": one.due,
        "evidence": evidence_json(asked.evidence),
    }
