"""The facts of an order: what the log, the issuer and the carrier say, as the rules want to know it.

Deliveries, uses and recalls are read from the log itself, never from a button. Who may say what:
a report that starts a clock against the platform is its own admission and counts as the payment
service's or the carrier's; one that would stop a clock counts as such only from an issuer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from provenance.core.claims import (
    MEANINGS,
    Act,
    Claim,
    Evidence,
    IssuerAnswer,
    IssuerReport,
    KeyEvent,
    Moment,
    OrderFacts,
    Pause,
    Whose,
    evidence_json,
)
from provenance.core.digests import sha256
from provenance.core.entries import ZERO_ADDRESS, Entry, EntryType, RedeemReason
from provenance.core.terms import EvidenceType, ExclusionCode, Source
from provenance.errors import NotFound
from provenance.services import acts
from provenance.store import claims as claim_store
from provenance.store import entries, issuer_reports, keys, parties
from provenance.store import warranty_orders as orders
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.keys import KeyRow
from provenance.store.warranty_orders import EventKind, OrderEvent, OrderRow

STOLEN: Final = 2
"""The reason of a VOID that says the key was stolen (docs/formats.md)."""
PAUSE_RECORD: Final = "pause"


def of_order(connection: Connection, order: OrderRow, claim: Claim | None = None) -> OrderFacts:
    """What is known of *order* now, with what was handed in for *claim*."""
    row = key_of(connection, order)
    stored = entries.of_key(connection, row.batch.batch_id, row.index)
    reported = orders.events_of(connection, order.id)
    issuer = _issuers(connection, order)
    given = () if claim is None else claim.evidence
    shown = (*given, *(_evidence(one) for one in reported.values()), *(one.evidence for one in issuer))
    return OrderFacts(
        paid=_moment(reported.get(EventKind.PAID)),
        submitted=_moment(reported.get(EventKind.SUBMITTED)),
        delivered=_delivered(stored, order.party),
        arrived=_moment(reported.get(EventKind.ARRIVED)),
        key_events=key_events(stored, row, order.party),
        issuer=issuer,
        evidence=tuple({one.digest: one for one in shown}.values()),
        pauses=(*_maintenance(issuer), *_declared(connection, claim)),
        max_uses=row.batch.max_uses,
        expires_at=row.batch.expires_at * 1000 or None,
    )


def key_of(connection: Connection, order: OrderRow) -> KeyRow:
    """The row of the order's key; raises :class:`NotFound` (``unknown``)."""
    row = keys.by_place(connection, order.batch, order.idx)
    if row is None:
        raise NotFound("the order's key is missing from the database; run fsck", code="unknown")
    return row


def delivered_at(connection: Connection, order: OrderRow) -> int | None:
    """From when the cover runs, in ms: of a replacement, from the delivery of what it replaces."""
    if order.cover_from is not None:
        return order.cover_from
    row = key_of(connection, order)
    found = _delivered(entries.of_key(connection, row.batch.batch_id, row.index), order.party)
    return None if found is None else found.at


def log_evidence(entry: Entry) -> Evidence:
    """An entry as evidence: its 124 bytes by hash, and the log's own word."""
    return Evidence(EvidenceType.LOG_ENTRY, sha256(entry.encode()), Source.LOG, entry.time)


def key_events(stored: Sequence[StoredEntry], row: KeyRow, party: bytes) -> tuple[KeyEvent, ...]:
    """The acts on a key as this order's buyer sees them, *party* being his use."""
    events: list[tuple[Entry, KeyEvent]] = []
    sellers = {one.entry.actor for one in stored if one.entry.type is EntryType.SELL}
    for one in stored:
        entry = one.entry
        if entry.type is EntryType.REINSTATE:
            undone = _undone(events, entry)
            if undone is not None and undone[1].act is Act.REDEEM:
                # A use that was taken back harms nobody.
                events.remove(undone)
                continue
        act = _act(entry, row, sellers)
        if act is not None:
            seen = KeyEvent(act, entry.time, _whose(entry, party), log_evidence(entry))
            events.append((entry, seen))
    return tuple(event for _, event in events)


def _undone(events: Iterable[tuple[Entry, KeyEvent]], entry: Entry) -> tuple[Entry, KeyEvent] | None:
    same = [one for one in events if one[0].party == entry.party and one[1].act in (Act.SELL, Act.REDEEM)]
    return same[-1] if same else None


def _act(entry: Entry, row: KeyRow, sellers: set[bytes]) -> Act | None:
    if entry.type is EntryType.SELL:
        return Act.SELL
    if entry.type is EntryType.REINSTATE:
        return Act.REINSTATE
    if entry.type is EntryType.REDEEM:
        # The seller's own word that the key was used proves nothing for or against his buyer.
        return None if entry.actor in sellers else Act.REDEEM
    if entry.type is EntryType.VOID:
        if entry.reason == STOLEN:
            return Act.THEFT
        if entry.count > 1:
            return Act.RECALL
        return Act.VOID_BY_SUPPLIER if entry.actor == row.batch.supplier else Act.VOID_BY_SELLER
    return None


def _whose(entry: Entry, party: bytes) -> Whose:
    if entry.type is EntryType.REDEEM and entry.reason == RedeemReason.USED_BEFORE_SALE:
        return Whose.NOBODY
    if entry.party == party:
        return Whose.OURS
    return Whose.NOBODY if entry.party == ZERO_ADDRESS else Whose.ANOTHER


def _delivered(stored: Sequence[StoredEntry], party: bytes) -> Moment | None:
    for one in stored:
        if one.entry.type is EntryType.DELIVER and one.entry.party == party:
            return Moment(one.entry.time, log_evidence(one.entry))
    return None


def _moment(event: OrderEvent | None) -> Moment | None:
    return None if event is None else Moment(event.at, _evidence(event))


def _evidence(event: OrderEvent) -> Evidence:
    return Evidence(EvidenceType(event.type), event.digest, Source(event.source), event.at)


def _issuers(connection: Connection, order: OrderRow) -> tuple[IssuerReport, ...]:
    """What issuers said of the key. One that has a stake is believed against itself, not for itself."""
    place = (order.batch, order.idx)
    kept = issuer_reports.of_places(connection, [place]).get(place, ())
    interested = {
        name: source
        for address, source in ((order.supplier, Source.SUPPLIER), (order.platform, Source.PLATFORM))
        for name in parties.names_of(connection, acts.heir(connection, address))
    }
    reports = []
    for one in kept:
        fact = one.fact()
        if MEANINGS[one.answer].cause is None and one.issuer in interested:
            fact = replace(fact, evidence=replace(fact.evidence, source=interested[one.issuer]))
        reports.append(fact)
    return tuple(reports)


def _maintenance(issuer: Sequence[IssuerReport]) -> Iterable[Pause]:
    """From each answer "under maintenance" to the next answer of another kind."""
    reports = sorted(issuer, key=lambda report: report.at)
    for place, report in enumerate(reports):
        if report.answer is IssuerAnswer.OPERATOR_MAINTENANCE:
            end = next((later.at for later in reports[place + 1 :]), None)
            yield Pause(ExclusionCode.ISSUER_MAINTENANCE, report.at, end, (report.evidence,))


def _declared(connection: Connection, claim: Claim | None) -> Iterable[Pause]:
    """The pauses that were granted on the claim itself."""
    if claim is None:
        return
    for _, kind, _, document in claim_store.records_of(connection, claim.claim_id):
        if kind == PAUSE_RECORD:
            yield pause_from(json.loads(document))


def pause_json(pause: Pause) -> dict[str, Any]:
    """A pause as it is kept."""
    return {
        "code": pause.code.value,
        "start": pause.start,
        "end": pause.end,
        "evidence": evidence_json(pause.evidence),
    }


def pause_from(said: dict[str, Any]) -> Pause:
    """What :func:`pause_json` wrote."""
    shown = tuple(evidence_from(one) for one in said["evidence"])
    return Pause(ExclusionCode(said["code"]), said["start"], said["end"], shown)


def evidence_from(said: dict[str, Any]) -> Evidence:
    """One piece of evidence as :func:`provenance.core.claims.evidence_json` writes it."""
    return Evidence(
        EvidenceType(said["type"]), bytes.fromhex(said["digest"]), Source(said["source"]), said["at"]
    )


def to_json(facts: OrderFacts) -> dict[str, Any]:
    """The facts as JSON: what a decision was made from, so that anybody entitled can make it again."""
    moments = {name: getattr(facts, name) for name in ("paid", "submitted", "delivered", "arrived")}
    return {
        **{
            name: None if one is None else evidence_json((one.evidence,))[0] | {"at": one.at}
            for name, one in moments.items()
        },
        "key_events": [
            {
                "act": event.act.value,
                "at": event.at,
                "whose": event.whose.value,
                "entry": event.evidence.digest.hex(),
            }
            for event in facts.key_events
        ],
        "issuer": [
            {
                "answer": report.answer.value,
                "at": report.at,
                "used_at": report.used_at,
                "digest": report.evidence.digest.hex(),
            }
            for report in facts.issuer
        ],
        "evidence": evidence_json(facts.evidence),
        "pauses": [pause_json(pause) for pause in facts.pauses],
        "max_uses": facts.max_uses,
        "expires_at": facts.expires_at,
    }
