"""Terms, orders and claims as JSON members: for their buyer, their platform, their supplier."""

from __future__ import annotations

from typing import Any

from api.render import address
from provenance.core.claims import (
    MOVES,
    Appealed,
    Claim,
    Confirmed,
    EvidenceGiven,
    Withdrawn,
    due,
    evidence_json,
)
from provenance.core.money import Money
from provenance.core.terms import Cause, CauseTerms, Clause, Remedy, State, Terms, Text, terms_hash
from provenance.services.warranty.desks import SeenClaim
from provenance.services.warranty.orders import OrderEvent, OrderRow
from provenance.services.warranty.riskscore import Score
from provenance.services.warranty.status import OrderStatus, Payment
from provenance.services.warranty.terms import Published
from provenance.services.warranty.timeline import Happening
from provenance.services.warranty.watching import Progress

_BUYERS = {"evidence": EvidenceGiven, "appeal": Appealed, "withdraw": Withdrawn, "confirm": Confirmed}


def text(one: Text) -> dict[str, str]:
    return {"zh-CN": one.zh, "en": one.en}


def published(one: Published) -> dict[str, Any]:
    """Terms in a list; the document itself is at ``/v1/terms/HASH``."""
    return {
        "hash": one.row.hash.hex(),
        "platform": address(one.row.platform),
        **_named(one.terms),
        "published_at": one.row.published_at,
        "event": one.row.event.hex(),
    }


def _named(terms: Terms) -> dict[str, Any]:
    named = {"id": terms.id, "version": terms.version, "tier": terms.tier.value}
    return named | {"currency": terms.currency, "title": text(terms.title)}


def order(one: OrderRow) -> dict[str, Any]:
    """What an order is, to its platform."""
    return {
        "order": one.id.hex(),
        "platform": address(one.platform),
        "seller": address(one.seller),
        "price": str(Money(one.price, one.currency)),
        "currency": one.currency,
        **suppliers_order(one),
    }


def suppliers_order(one: OrderRow) -> dict[str, Any]:
    """What an order is, to whoever supplied its key: nothing of the buyer, and nothing of the price."""
    return {
        "order": one.id.hex(),
        "supplier": address(one.supplier),
        "sale": one.sell.hex(),
        "terms": one.terms.hex(),
        "product_id": one.product.hex(),
        "created_at": one.created_at,
        "replaces": None if one.replaces is None else one.replaces.hex(),
        "claims": one.claims,
    }


def event(one: OrderEvent) -> dict[str, Any]:
    return {
        "order": one.order.hex(),
        "kind": one.kind.name.lower(),
        "at": one.at,
        "recorded_at": one.recorded_at,
        "source": one.source,
        "record": one.digest.hex(),
    }


def platforms_view(one: OrderStatus) -> dict[str, Any]:
    """An order as its platform sees it: everything but what is the buyer's alone."""
    payments = [_payment(payment, None) for payment in one.payments]
    return order(one.order) | _standing(one) | {"payments": payments}


def suppliers_view(one: OrderStatus) -> dict[str, Any]:
    """An order as its supplier sees it: which key, under which terms, and where its claims stand."""
    claims = [claim(each) for each in one.claims]
    return suppliers_order(one.order) | {"key": _key(one), "product": one.product, "claims": claims}


def buyers_view(one: OrderStatus) -> dict[str, Any]:
    """An order as its buyer sees it, voucher codes and all."""
    payments = [_payment(payment, one.vouchers.get(payment.claim)) for payment in one.payments]
    review = {"stars": one.stars, "may": one.may_review}
    return (
        order(one.order) | _standing(one) | {"payments": payments, "has_key": one.has_key, "review": review}
    )


def _standing(one: OrderStatus) -> dict[str, Any]:
    until = one.cover_until
    return {
        "key": _key(one),
        "product": one.product,
        "terms": {"hash": one.order.terms.hex(), **_named(one.terms)},
        "replacement": None if one.replacement is None else one.replacement.id.hex(),
        "cover": {
            "from": one.cover_from,
            "until": until,
            "left_ms": None if until is None else max(0, until - one.now),
        },
        "covered": [_cause(each, one) for each in one.terms.causes],
        "clocks": [
            {"cause": clock.cause.value, "since": clock.since, "until": clock.until, "left_ms": clock.left}
            for clock in one.clocks
        ],
        "claims": [claim(each) for each in one.claims],
        "timeline": [happening(each) for each in one.timeline],
        "deposit": None if one.deposit is None else {
            "state": one.deposit.state,
            "deadline": one.deposit.deadline,
            "is_offered": one.deposit.is_offered,
        },
        "now": one.now,
    }  # fmt: skip


def progress(one: Progress) -> dict[str, Any]:
    """What a stream tells: what happened and where the claims stand; nothing that is worth money."""
    return {
        "order": one.order_id.hex(),
        "timeline": [happening(each) for each in one.timeline],
        "claims": [claim(each) for each in one.claims],
        "now": one.now,
    }


def _key(one: OrderStatus) -> dict[str, Any]:
    return {"batch": one.key.batch.batch_id.hex(), "index": one.key.index, "format": one.key.format}


def _cause(rule: CauseTerms, one: OrderStatus) -> dict[str, Any]:
    began = one.cover_from
    return {
        "cause": rule.cause.value,
        "in_time": rule.cause in one.covered,
        "until": None if began is None else began + rule.window_s * 1_000,
        "clause": _clause(rule.clause),
        "evidence": [each.value for each in rule.evidence],
        "remedies": [_remedy(each) for each in rule.remedies],
    }


def _clause(one: Clause) -> dict[str, Any]:
    return {"number": one.number, "text": text(one.text)}


def _remedy(one: Remedy) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": one.kind.value}
    if one.percent is not None:
        told["percent"] = one.percent
    if one.amount is not None:
        told |= {"amount": str(one.amount), "currency": one.amount.currency}
    return told


def happening(one: Happening) -> dict[str, Any]:
    return {"id": one.id, "time": one.time, "what": one.what, "index": one.index, "said": one.said}


def _payment(one: Payment, voucher: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "claim": one.claim.hex(),
        "kind": one.kind,
        "amount": str(Money(one.amount, one.currency)),
        "currency": one.currency,
        "state": one.state.name.lower(),
        "ordered_at": one.ordered_at,
        "settled_at": one.settled_at,
    }
    return told | ({"voucher": voucher} if one.kind == "voucher" and voucher is not None else {})


def claim(one: Claim) -> dict[str, Any]:
    """A claim as everybody sees it who may: where it stands, until when, and what then happens by itself."""
    at, given = due(one), one.given
    return {
        "claim": one.claim_id.hex(),
        "order": one.order.order_id.hex(),
        "state": one.state.value,
        "causes": [cause.value for cause in one.causes],
        "origin": one.origin.value,
        "opened_at": one.opened_at,
        "changed_at": one.changed_at,
        "deadline": None if at is None else at - 1,
        "by_default": None if one.state is State.CLOSED else one.terms.deadline(one.state).default.value,
        "is_paused": one.paused_since is not None,
        "asked": [each.value for each in one.asked],
        "evidence": evidence_json(one.evidence),
        "needs_two": one.needs_two,
        "was_appealed": one.was_appealed,
        "liability": None if one.liability is None else one.liability.value,
        "rejection": _rejection(one),
        "owed": str(one.owed) if one.state in (State.PAYING, State.UNPAID) else None,
        "remedy": None if given is None else {
            "kind": given.kind.value, "at": given.at, "paid": str(given.paid),
            "voucher": str(given.voucher), "goods": str(given.goods), "currency": given.paid.currency,
        },
        "breaches": [each.value for each in one.breaches],
        "outcome": None if one.outcome is None else one.outcome.value,
        "buyer_may": [name for name, kind in _BUYERS.items() if (one.state, kind) in MOVES],
    }  # fmt: skip


def _rejection(one: Claim) -> dict[str, Any] | None:
    found = one.rejection
    if found is None:
        return None
    clause = next((each for each in one.terms.clauses if each.number == found.clause), None)
    return {
        "code": found.code.value,
        "clause": {"number": found.clause} if clause is None else _clause(clause),
        "evidence": evidence_json(found.evidence),
    }


def seen_claim(one: SeenClaim) -> dict[str, Any]:
    """A claim as a party or a reviewer sees it; with its steps and facts where they are due."""
    told = claim(one.claim) | {"platform": address(one.order.platform)}
    if one.facts is None:
        return told
    return told | {
        "supplier": address(one.order.supplier),
        "terms": terms_hash(one.claim.terms).hex(),
        "clause": _clause(one.claim.rule.clause),
        "exclusions": _exclusions(one.claim, one.claim.causes[0]),
        "steps": [happening(each) for each in one.steps],
        "facts": one.facts,
    }


def _exclusions(one: Claim, cause: Cause) -> list[dict[str, Any]]:
    """What the terms let a decision cite: each reason with its clause and the evidence that it needs."""
    return [
        {
            "code": each.code.value,
            "clause": _clause(each.clause),
            "evidence": [kind.value for kind in each.evidence],
            "pauses": each.pauses,
        }
        for each in one.terms.exclusions
        if cause in each.causes
    ]


def risk(one: Score) -> dict[str, Any]:
    reasons = [
        {"code": each.code, "value": round(each.value, 3), "contribution": round(each.contribution, 3)}
        for each in one.reasons
    ]
    return {"points": one.points, "level": one.level.value, "reasons": reasons}
