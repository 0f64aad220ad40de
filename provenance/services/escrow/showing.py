"""What the log shows the escrow: entries on an order's key, and their paths to an anchored root."""

from __future__ import annotations

from typing import Final

from provenance.chain.escrow_calls import (
    Call,
    Evidence,
    deliver_call,
    prove_sold_twice_call,
    prove_used_call,
)
from provenance.chain.escrow_order import WarrantyOrder
from provenance.core import tiles
from provenance.core.entries import PartyReason
from provenance.core.logfaults import LogFault, Placed
from provenance.errors import NotFound
from provenance.store import entries
from provenance.store import tiles as tile_store
from provenance.store.database import Connection

MAX_SUCCESSIONS: Final = 8


def placed(connection: Connection, struct: WarrantyOrder, size: int) -> list[Placed]:
    """The single entries on the key of *struct* within the first *size* of the log, in its order."""
    found = entries.of_key(connection, struct.batch_id, struct.index)
    within = [Placed(one.index, one.entry) for one in found if one.index is not None and one.index < size]
    return sorted((one for one in within if one.entry.count == 1), key=lambda one: one.index)


def delivering(connection: Connection, struct: WarrantyOrder, shown: Placed, size: int) -> Call | None:
    """The call that shows the delivery; ``None`` if who delivered does not stand for the seller."""
    heirs = _successions(connection, struct.seller, shown, size)
    if heirs is None:
        return None
    return deliver_call(struct.id, _evidence(connection, shown.index, size), heirs)


def accusing(
    connection: Connection, struct: WarrantyOrder, known: list[Placed], fault: LogFault, size: int
) -> Call | None:
    """The call that proves *fault*; ``None`` if who redeemed does not stand for the deposit's issuer."""
    shown = _evidence(connection, fault.index, size)
    if fault.later is not None:
        return prove_sold_twice_call(struct.id, shown, _evidence(connection, fault.later, size))
    entry = next(one for one in known if one.index == fault.index)
    heirs = _successions(connection, struct.issuer, entry, size)
    return None if heirs is None else prove_used_call(struct.id, shown, heirs)


def _evidence(connection: Connection, index: int, size: int) -> Evidence:
    stored = entries.by_index(connection, index)
    if stored is None:
        raise NotFound("an entry of the log is missing; run fsck", code="unknown")
    read = tile_store.path_reader(connection, tile_store.LOG_TREE, index, size)
    return Evidence(size, index, stored.entry.encode(), tiles.inclusion_at(read, index, size).path)


def _successions(connection: Connection, expected: bytes, shown: Placed, size: int) -> list[Evidence] | None:
    """By what entries the actor of *shown* came to stand for *expected* before it, oldest first."""
    chain: list[Evidence] = []
    for _ in range(MAX_SUCCESSIONS):
        if expected == shown.entry.actor:
            return chain
        heirs = [
            (one.index, one.entry.party)
            for one in entries.about_parties(connection, [expected])
            if one.entry.reason == PartyReason.SUCCEEDED and one.index is not None and one.index < shown.index
        ]
        if not heirs:
            return None
        index, expected = heirs[-1]
        chain.append(_evidence(connection, index, size))
    return None
