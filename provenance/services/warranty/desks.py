"""What parties see of orders and claims: their own, as platform or as supplier; who decides sees all claims.

A buyer is a pseudonym here. What is his alone (the order token, a replacement's key, a voucher's code) does
not pass through this desk; it is shown to whoever shows the order token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from provenance.core.claims import Claim
from provenance.services.context import Context
from provenance.services.parties import Principal
from provenance.services.warranty import facts, keeping, timeline
from provenance.services.warranty.orders import may_see
from provenance.services.warranty.timeline import Happening
from provenance.store import claims as store
from provenance.store import parties, warranty_orders
from provenance.store.claims import ClaimRow
from provenance.store.database import Connection
from provenance.store.warranty_orders import OrderRow

Side = Literal["platform", "supplier"]
"""As whom a party looks."""


@dataclass(frozen=True, slots=True)
class SeenClaim:
    """A claim with its order, and, for those who handle it, its steps and the facts of its order now."""

    claim: Claim
    order: OrderRow
    row: ClaimRow
    steps: tuple[Happening, ...] = ()
    facts: dict[str, Any] | None = None


class DeskService:
    """Reads only."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def orders(
        self, principal: Principal, side: Side, before: tuple[int, bytes], limit: int
    ) -> list[OrderRow]:
        """The party's orders on one side, the newest first, before that (time in ms, id)."""
        with self._context.database.read() as connection:
            names = parties.names_of(connection, principal.address)
            return warranty_orders.of_party(connection, names, side, before, limit)

    def claims(
        self,
        of: tuple[Side, Principal] | None,
        states: Sequence[str],
        after: tuple[int, bytes],
        limit: int,
    ) -> list[SeenClaim]:
        """Claims after that (time opened in ms, id), oldest first: of a party on one side, or of all."""
        with self._context.database.snapshot() as connection:
            names = None if of is None else parties.names_of(connection, of[1].address)
            side = None if of is None else of[0]
            rows = store.listed(
                connection,
                platforms=names if side == "platform" else None,
                suppliers=names if side == "supplier" else None,
                states=states,
                after=after,
                limit=limit,
            )
            return [self._seen(connection, row) for row in rows]

    def claim(self, principal: Principal, claim_id: bytes, *, decides: bool) -> SeenClaim:
        """One claim; a party's own, or any for who *decides*; raises :class:`NotFound` (``unknown_claim``).

        A supplier sees where it stands, whoever handles it also what it was and will be decided from.
        """
        with self._context.database.snapshot() as connection:
            seen = self._seen(connection, keeping.must_find(connection, claim_id))
            if not decides and not may_see(connection, principal, seen.order):
                raise keeping.unknown_claim()
            names = parties.names_of(connection, principal.address)
            if not decides and seen.order.platform not in names:
                return seen
            known = facts.of_order(connection, seen.order, seen.claim)
            steps = timeline.of_claim(self._context, connection, seen.row)
            return SeenClaim(seen.claim, seen.order, seen.row, tuple(steps), facts.to_json(known))

    def _seen(self, connection: Connection, row: ClaimRow) -> SeenClaim:
        order = warranty_orders.by_id(connection, row.order)
        if order is None:
            raise keeping.unknown_claim()
        return SeenClaim(keeping.load(connection, row, order), order, row)
