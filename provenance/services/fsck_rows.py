"""What the service decides by, row by row, against the entries that it was made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from provenance.audit.findings import Findings
from provenance.audit.replay import Replay
from provenance.core.commitments import order_use, use_party
from provenance.core.digests import sha256
from provenance.core.entries import Entry, EntryType, PartyReason, commit_details
from provenance.core.parties import ADMISSIONS
from provenance.core.stateproof import BlockHeader
from provenance.errors import InputRefused, ProvenanceError
from provenance.services.context import Context
from provenance.services.opening import recorded_from
from provenance.store import checking, parties
from provenance.store.checking import Offered
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.holdings import Holding
from provenance.store.transfers import TransferStatus

Piece = tuple[bytes, int, int, bytes, bytes]
"""Batch id, first, count, and who handed over to whom, by the addresses that stand for them now."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the PARTY entries about an address add up to, as the service keeps it."""

    roles: frozenset[PartyReason] = frozenset()
    suspended: bool = False
    since: int = 0
    successor: bytes | None = None


def check_parties(connection: Connection, entries: Iterable[Entry], findings: Findings) -> None:
    """Roles, suspension, successor and newest time of every party are those of its PARTY entries."""
    told: dict[bytes, _Standing] = {}
    for entry in entries:
        about = entry.subject[12:]
        was = replace(told.get(about, _Standing()), since=entry.time)
        if entry.reason in ADMISSIONS:
            kept = frozenset[PartyReason]() if was.suspended else was.roles
            told[about] = replace(was, roles=kept | {PartyReason(entry.reason)}, suspended=False)
        elif entry.reason == PartyReason.SUSPENDED:
            told[about] = replace(was, suspended=True)
        else:
            told[about] = replace(was, successor=entry.party)
            told[entry.party] = replace(told.get(entry.party, _Standing()), since=entry.time)
    for party in parties.everyone(connection):
        stands = _Standing(party.roles, party.suspended, party.since, party.successor)
        if told.pop(party.address, None) != stands:
            said = f"the row of 0x{party.address.hex()} is not what its PARTY entries add up to"
            findings.add("party_wrong", said)
    for address in told:
        findings.add("party_wrong", f"PARTY entries name 0x{address.hex()}, and there is no row of it")


def check_sales(context: Context, connection: Connection, findings: Findings) -> None:
    """Every SELL has its order line and every line its SELL; token and use are those that are derived."""
    for line in checking.order_lines(connection):
        if line.raw is None or line.batch_id is None:
            said = "an order line names an entry or a batch that there is not"
            findings.add("order_line_wrong", said, batch=line.batch_id, key=line.index)
            continue
        token = context.vault.order_token(line.seller, line.order, line.batch_id, line.index)
        use = use_party(order_use(token, line.batch_id, line.index))
        entry = _decoded(line.raw)
        sold = None if entry is None else (entry.type, entry.actor, entry.subject, entry.first, entry.party)
        if sold != (EntryType.SELL, line.seller, line.batch_id, line.index, use):
            said = "the order line is not that of the SELL it names"
            findings.add("order_line_wrong", said, batch=line.batch_id, key=line.index)
        elif line.token != sha256(token):
            said = "the hash of the order token is not that of the token"
            findings.add("order_line_wrong", said, batch=line.batch_id, key=line.index)
    for index, batch_id, key in checking.sells_without_line(connection):
        said = "a SELL has no order line: its payment, told again, would be a second sale"
        findings.add("order_line_missing", said, index, batch=batch_id, key=key)


def check_seals(context: Context, connection: Connection, findings: Findings) -> None:
    """What is sealed beside an entry opens, and is what the entry is committed to."""
    for row in checking.sealed(connection):
        entry = _decoded(row.raw)
        if entry is None:
            continue  # said already, of its row
        try:
            opened = recorded_from(context, StoredEntry(row.event, row.index, entry, row.details))
            is_right = commit_details(opened.salt or b"", opened.details or {}) == entry.detail
        except (ProvenanceError, ValueError):
            is_right = False
        if not is_right:
            said = "its sealed details do not open, or are not those that the entry is committed to"
            findings.add("details_wrong", said, row.index)


def check_transfers(
    rows: list[Offered], handed: Counter[Piece], taken: Counter[Piece], replay: Replay, findings: Findings
) -> None:
    """Each range offered has its TRANSFER, each accepted its RECEIVE, and the other way round."""
    heir = replay.parties.heir
    offered: Counter[Piece] = Counter()
    accepted: Counter[Piece] = Counter()
    for row in rows:
        piece = (row.batch_id or b"", row.first, row.count, heir(row.sender), heir(row.recipient))
        offered[piece] += 1
        accepted[piece] += row.status == TransferStatus.ACCEPTED
    for name, stored, logged in (("TRANSFER", offered, handed), ("RECEIVE", accepted, taken)):
        for piece in sorted(stored.keys() | logged.keys()):
            if stored[piece] != logged[piece]:
                said = f"the log has {logged[piece]} {name} of this range, the transfers say {stored[piece]}"
                findings.add("transfer_wrong", said, batch=piece[0] or None, key=piece[1])


def check_offers(
    batch_id: bytes, held: list[Holding], offers: dict[bytes, list[Offered]], findings: Findings
) -> None:
    """A holding that an offer closes is part of that offer, which is open, and closes when it says."""
    for holding in held:
        if holding.offer is None and holding.offer_until is None:
            continue
        pieces = offers.get(holding.offer or b"", [])
        if not any(
            one.batch_id == batch_id
            and one.first <= holding.first
            and holding.stop <= one.first + one.count
            and (one.status, one.until) == (TransferStatus.OPEN, holding.offer_until)
            for one in pieces
        ):
            said = "the offer that closes it is not open, or not of it"
            findings.add("holding_wrong", said, batch=batch_id, key=holding.first)


def check_headers(connection: Connection, beacons: dict[bytes, int], findings: Findings) -> None:
    """Every kept header is that of its hash, and has the number that the BEACON on it names."""
    for block_hash, raw in checking.headers(connection):
        try:
            header = BlockHeader.parse(raw)
        except InputRefused:
            findings.add("header_wrong", f"what is kept as header of 0x{block_hash.hex()} is none")
            continue
        if header.hash != block_hash or beacons.get(block_hash) != header.number:
            said = f"the header kept for 0x{block_hash.hex()} is another's, or no BEACON names it"
            findings.add("header_wrong", said)


def _decoded(raw: bytes) -> Entry | None:
    try:
        return Entry.decode(raw)
    except InputRefused:
        return None
