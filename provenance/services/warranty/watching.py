"""Watching an order live: tickets for a stream, and what changed since a watcher last saw it.

A browser opens a stream by its address alone, and an order token must not stand in one: it opens vouchers
and replacement keys, for ever. A ticket stands there instead. It is sealed under our master key, names one
order, ends after ten minutes, and shows nothing but what happened.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from provenance.core.claims import Claim
from provenance.core.digests import sha256
from provenance.errors import NotFound, ProvenanceError
from provenance.services.context import Context
from provenance.services.parties import Principal
from provenance.services.vault import SealBroken
from provenance.services.warranty import facts, keeping, timeline
from provenance.services.warranty.status import bought, unknown_order
from provenance.services.warranty.timeline import Happening
from provenance.store import claims as claim_store
from provenance.store import entries, parties, warranty_orders
from provenance.store.database import Connection
from provenance.store.warranty_orders import OrderRow

TICKET_MS: Final = 600_000
MAX_TICKET: Final = 200
_SEALED_FOR: Final = b"order stream"


@dataclass(frozen=True, slots=True)
class Progress:
    """An order at one moment, as a stream tells it; *mark* changes whenever anything of it does."""

    mark: str
    order_id: bytes
    timeline: tuple[Happening, ...]
    claims: tuple[Claim, ...]
    now: int


class WatchingService:
    """Reads only; nothing is stored of a ticket."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def buyers_ticket(self, token: bytes, order_id: bytes) -> tuple[str, int]:
        """A ticket for an order that *token* bought, and until when (ms); raises :class:`NotFound`."""
        with self._context.database.read() as connection:
            order = bought(connection, token, order_id)
        return self._ticket(order)

    def platforms_ticket(self, principal: Principal, order_id: bytes) -> tuple[str, int]:
        """A ticket for an order of the platform's own; raises :class:`NotFound` (``unknown_order``)."""
        with self._context.database.read() as connection:
            order = warranty_orders.by_id(connection, order_id)
            names = parties.names_of(connection, principal.address)
        if order is None or order.platform not in names:
            raise unknown_order()
        return self._ticket(order)

    def order_of(self, ticket: str) -> bytes:
        """The id of the order that *ticket* opens; raises :class:`NotFound` (``unknown_ticket``)."""
        try:
            raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
            told = self._context.vault.unseal(raw, _SEALED_FOR)
        except (binascii.Error, ValueError, SealBroken):
            raise _no_ticket() from None
        if int.from_bytes(told[32:]) < self._context.clock.now():
            raise _no_ticket()
        return told[:32]

    def news(self, order_id: bytes, mark: str) -> Progress | None:
        """The order as it is now, if it has another mark; ``None`` also where it cannot be read just now."""
        try:
            with self._context.database.snapshot() as connection:
                return self._changed(connection, order_id, mark)
        except ProvenanceError:
            # One order in trouble keeps nobody else from his news; the next beat tries again.
            return None

    def _ticket(self, order: OrderRow) -> tuple[str, int]:
        until = self._context.clock.now() + TICKET_MS
        sealed = self._context.vault.seal(order.id + until.to_bytes(8), _SEALED_FOR)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("="), until

    def _changed(self, connection: Connection, order_id: bytes, mark: str) -> Progress | None:
        order = warranty_orders.by_id(connection, order_id)
        if order is None:
            return None
        now_at = _mark(connection, order)
        if now_at == mark:
            return None
        rows = claim_store.of_order(connection, order.id)
        return Progress(
            now_at,
            order.id,
            tuple(timeline.of_order(self._context, connection, order)),
            tuple(keeping.load(connection, row, order) for row in rows),
            self._context.clock.now(),
        )


def _mark(connection: Connection, order: OrderRow) -> str:
    """16 hex digits of everything that a timeline is made from, without opening anything sealed."""
    row = facts.key_of(connection, order)
    on_key = entries.of_key(connection, row.batch.batch_id, row.index)
    reported = warranty_orders.events_of(connection, order.id)
    claims = claim_store.of_order(connection, order.id)
    said = [f"{one.event.hex()} {one.index}" for one in on_key]
    said += [f"{kind} {one.recorded_at}" for kind, one in sorted(reported.items())]
    said += [f"{one.id.hex()} {one.version}" for one in claims]
    # The steps of a claim get their places in the log after its version has moved.
    steps = [one for row in claims for one in timeline.steps_of(connection, row.id)]
    said += [f"{one.event.hex()} {one.index}" for one in steps]
    return sha256("\n".join(said).encode()).hex()[:16]


def _no_ticket() -> NotFound:
    return NotFound("this ticket opens nothing, or its time is over; get another", code="unknown_ticket")
