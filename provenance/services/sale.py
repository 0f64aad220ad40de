"""What a sale is asked with and answered by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from provenance.core.entries import SaleReason
from provenance.errors import ProvenanceError
from provenance.services.context import Recorded
from provenance.services.lawbook import Handle, KeyRef
from provenance.store.database import Connection
from provenance.store.keys import KeyRow


@dataclass(frozen=True, slots=True)
class Order:
    """What is sold to whom: ``number`` is the shop's own; ``details`` are sealed (money, people).

    ``unit`` numbers the units of one order where the service chooses among several keys. ``beside`` writes
    what belongs into the transaction of the sale (its warranty); it is called once, never for a replay.
    """

    number: str
    details: dict[str, Any]
    reservation: bytes | None = None
    unit: int = 1
    reason: SaleReason = SaleReason.NONE
    beside: Callable[[Connection, KeyRow, Sold], None] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """One key that *seller* wants to sell in an order."""

    seller: bytes
    ref: KeyRef
    order: Order

    def __repr__(self) -> str:
        return f"Wish(seller={self.seller.hex()})"


@dataclass(frozen=True, slots=True)
class Sold:
    """A sold unit: its entry, its place, and the order token that the buyer gets (32 bytes, secret)."""

    recorded: Recorded
    handle: Handle
    token: bytes
    use: bytes
    replayed: bool

    def __repr__(self) -> str:
        return f"Sold(event={self.recorded.event.hex()})"


@dataclass(frozen=True, slots=True)
class SaleOutcome:
    """What became of one of many."""

    sold: Sold | None
    refusal: ProvenanceError | None
