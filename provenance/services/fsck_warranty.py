"""What the warranty keeps beside the log, against the entries that it names: none invented, none deleted."""

from __future__ import annotations

from provenance.audit.findings import Findings
from provenance.core.digests import sha256
from provenance.core.entries import Entry, EntryType, SaleReason
from provenance.errors import InputRefused
from provenance.store import checking_warranty as checking
from provenance.store.database import Connection


def check_warranty(connection: Connection, findings: Findings) -> None:
    """Orders against SELLs, terms against TERMS, claims against CLAIMs, both ways."""
    _check_orders(connection, findings)
    for one in checking.terms(connection):
        told = _decoded(one.raw)
        is_named = told is not None and (told.type, told.subject, told.actor) == (
            EntryType.TERMS, one.hash, one.platform,
        )  # fmt: skip
        if not is_named or sha256(one.document.encode()) != one.hash:
            findings.add("terms_wrong", f"the terms {one.hash.hex()} are not those that were published")
    for claim_id in checking.claims_without_entry(connection):
        findings.add("claim_wrong", f"no entry tells of the claim {claim_id.hex()}")
    for index, claim_id in checking.claims_without_row(connection):
        findings.add(
            "claim_missing", f"the log tells of the claim {claim_id.hex()}, which is kept no more", index
        )


def _check_orders(connection: Connection, findings: Findings) -> None:
    for order in checking.ordered_sales(connection):
        told = _decoded(order.raw)
        sold = None if told is None else (told.type, told.actor, told.subject, told.first, told.party)
        if sold != (EntryType.SELL, order.seller, order.batch_id, order.index, order.party):
            said = "a warranty order is not that of the SELL it names"
            findings.add("warranty_order_wrong", said, batch=order.batch_id, key=order.index)
    for index, raw in checking.sells_without_order(connection):
        told = _decoded(raw)
        if told is not None and told.reason != SaleReason.NONE:
            said = "a SELL under warranty has no order: nobody could claim on it"
            findings.add("warranty_order_missing", said, index, batch=told.subject, key=told.first)


def _decoded(raw: bytes | None) -> Entry | None:
    try:
        return None if raw is None else Entry.decode(raw)
    except InputRefused:
        return None  # said already, of its row
