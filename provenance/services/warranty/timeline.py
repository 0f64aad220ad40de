"""What happened to an order, oldest first: its key in the log, what was reported, its claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from provenance.core.claims import ClaimReason, RemedyReason
from provenance.core.entries import ZERO_ADDRESS, EntryType
from provenance.services.context import Context
from provenance.services.opening import recorded_from
from provenance.services.warranty import facts
from provenance.store import claims as claim_store
from provenance.store import entries, warranty_orders
from provenance.store.claims import ClaimRow
from provenance.store.database import Connection
from provenance.store.entries import StoredEntry
from provenance.store.warranty_orders import OrderRow


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: when (ms), what, and where it stands in the log, if it does.

    ``id`` is unique within the order and stays the same; ``index`` is ``None`` until it is sequenced,
    and for what was only reported. ``said`` holds codes, amounts and digests, no persons and no keys.
    """

    id: str
    time: int
    what: str
    index: int | None
    said: dict[str, Any] = field(default_factory=dict)


def of_order(context: Context, connection: Connection, order: OrderRow) -> list[Happening]:
    """The whole timeline of *order*, the acts of other buyers of a shared key left out."""
    claims = claim_store.of_order(connection, order.id)
    found = [*_of_key(connection, order), *_reported(connection, order)]
    for row in claims:
        found += of_claim(context, connection, row)
    return sorted(found, key=lambda one: (one.time, one.id))


def _of_key(connection: Connection, order: OrderRow) -> list[Happening]:
    row = facts.key_of(connection, order)
    stored = entries.of_key(connection, row.batch.batch_id, row.index)
    ours = [one for one in stored if one.entry.party in (order.party, ZERO_ADDRESS)]
    shown = ours if row.batch.max_uses > 1 else stored
    return [
        Happening(
            one.event.hex(),
            one.entry.time,
            one.entry.type.name.lower(),
            one.index,
            {"reason": one.entry.reason, "actor": "0x" + one.entry.actor.hex()},
        )
        for one in shown
    ]


def _reported(connection: Connection, order: OrderRow) -> list[Happening]:
    return [
        Happening(
            event.kind.name.lower(),
            event.at,
            event.kind.name.lower(),
            None,
            {"record": event.digest.hex(), "source": event.source},
        )
        for event in warranty_orders.events_of(connection, order.id).values()
    ]


def of_claim(context: Context, connection: Connection, row: ClaimRow) -> list[Happening]:
    """The steps of one claim, oldest first."""
    return [_step(context, one) for one in steps_of(connection, row.id)]


def steps_of(connection: Connection, claim_id: bytes) -> Sequence[StoredEntry]:
    """The CLAIM and REMEDY entries of a claim, oldest first."""
    return entries.about(connection, claim_id, (EntryType.CLAIM, EntryType.REMEDY))


def _step(context: Context, stored: StoredEntry) -> Happening:
    entry = stored.entry
    names = ClaimReason if entry.type is EntryType.CLAIM else RemedyReason
    details = recorded_from(context, stored).details or {}
    what = f"{entry.type.name.lower()}.{names(entry.reason).name.lower()}"
    return Happening(stored.event.hex(), entry.time, what, stored.index, details)
