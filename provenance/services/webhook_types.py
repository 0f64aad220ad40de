"""Every type of event that a webhook can be told, by name, with what it means."""

from __future__ import annotations

from typing import Final

FAMILIES: Final = ("alert", "order", "claim")
"""What can be asked for whole, as ``alert.*``."""

TEST_TYPE: Final = "webhook.test"

TYPES: Final[dict[str, str]] = {
    "alert.duplicate_other_party": "a key was registered, or tried, that another party has registered",
    "alert.duplicate_other_format": "the same key under another format",
    "alert.similar_other_format": "a key that looks like one under another format",
    "alert.same_serial": "another key with the serial of one that is registered",
    "alert.same_serial_in_file": "a serial that comes more than once in a file",
    "alert.neighbour_scan": "somebody tries many keys beside yours",
    "alert.order_at_risk": "an order looks risky, and why",
    "alert.reserve_key_bad": "the issuer calls a key in your reserve bad: it was taken out",
    "alert.webhook_disabled": "an endpoint of yours is sent nothing more",
    "order.opened": "a key was sold under warranty, or replaces one that was",
    "order.paid": "it was paid, by a record of the payment service or by an escrow",
    "order.submitted": "it was handed to the carrier",
    "order.arrived": "it arrived with the buyer, says the carrier or the platform",
    "order.cancelled": "it was paid back before anything was wrong",
    "order.delivered": "its key was delivered",
    "order.redeemed": "its key was used",
    "order.reinstated": "its sale or the use of its key was taken back",
    "claim.claim_opened": "a claim was made",
    "claim.evidence_asked": "evidence is wanted, by a time",
    "claim.review_wanted": "a claim waits for a reviewer",
    "claim.second_review_wanted": "a claim waits for a second reviewer",
    "claim.escalated": "a claim went to whoever decides last",
    "claim.approved": "a claim was approved",
    "claim.rejected": "a claim was rejected",
    "claim.appealed": "a decision was appealed",
    "claim.clock_paused": "the time of a claim stands still",
    "claim.clock_resumed": "the time of a claim runs again",
    "claim.remedied": "a claim was remedied",
    "claim.payment_overdue": "a payment is late",
    "claim.debt_published": "a debt that was not paid is told to everybody",
    "claim.closed": "a claim is over",
    "claim.recourse_charged": "what a remedy cost is asked back from the supplier",
    "claim.recourse_disputed": "the supplier disputes it",
    "claim.recourse_settled": "it was paid back",
    "claim.recourse_waived": "it is no longer asked for",
    "claim.recourse_debt": "it was not paid back in time",
}
