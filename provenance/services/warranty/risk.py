"""The risk of an order, as known from the registry: it warns, and refuses nobody."""

from __future__ import annotations

from typing import Final

from provenance.core.claimrules.answers import contradict
from provenance.errors import NotFound
from provenance.services import acts, alerts
from provenance.services.context import Context
from provenance.services.parties import Principal
from provenance.services.warranty import facts, riskscore
from provenance.services.warranty.riskscore import Level, RiskFacts, Score
from provenance.store import issuer_reports, parties, warranty_orders
from provenance.store import risk as store
from provenance.store.database import Connection
from provenance.store.warranty_orders import OrderRow

_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR
_MINUTE: Final = 60_000
SPAN: Final = 30 * _DAY
"""How far back a party's history is counted."""
KIND: Final = "order_at_risk"


class RiskService:
    """Scores on demand, for the platform of an order."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def of_order(self, principal: Principal, order_id: bytes) -> Score:
        """The score of an order now; raises :class:`NotFound` (``unknown_order``)."""
        with self._context.database.snapshot() as connection:
            order = warranty_orders.by_id(connection, order_id)
            # To its supplier the record of the platform is no business.
            names = parties.names_of(connection, principal.address)
            if order is None or order.platform not in names:
                raise NotFound("no such order, or not yours to see", code="unknown_order")
            return riskscore.score(known(connection, order, self._context.clock.now()))


def warn(context: Context, connection: Connection, order: OrderRow, now: int) -> Score | None:
    """Score a new order once, and tell its platform where the risk is high; ``None`` if it was before."""
    if store.has_score(connection, order.id):
        return None
    found = riskscore.score(known(connection, order, now))
    store.keep_score(connection, order.id, found.points, now)
    if found.level is Level.HIGH:
        told = {
            "order": order.id.hex(),
            "points": found.points,
            "reasons": [reason.code for reason in found.reasons],
        }
        alerts.tell(context, connection, acts.heir(connection, order.platform), KIND, now, told)
    return found


def known(connection: Connection, order: OrderRow, now: int) -> RiskFacts:
    """What is known of an order at *now* (ms), itself and its own claims left out of the histories."""
    row = facts.key_of(connection, order)
    supplier = acts.heir(connection, order.supplier)
    suppliers = parties.names_of(connection, supplier)
    platforms = parties.names_of(connection, acts.heir(connection, order.platform))
    since, sold_at = now - SPAN, order.created_at
    place = (order.batch, order.idx)
    expires = row.batch.expires_at * 1_000
    return RiskFacts(
        supplier_orders=store.orders_of_suppliers(connection, suppliers, since) - 1,
        supplier_faults=store.faults_of_suppliers(connection, suppliers, since),
        platform_orders=store.orders_of_platforms(connection, platforms, since) - 1,
        platform_faults=store.faults_of_platforms(connection, platforms, since),
        burst=store.sales_since(connection, platforms, sold_at - _MINUTE, sold_at),
        per_minute=store.sales_since(connection, platforms, since, sold_at) * _MINUTE / SPAN,
        scans=store.scans_near(connection, supplier, row.batch.batch_id, now - _DAY),
        is_suspect=row.suspect,
        sold_before=row.sold_before,
        hours_left=None if expires == 0 else (expires - now) / _HOUR,
        contradicted=contradict(
            one.fact() for one in issuer_reports.of_places(connection, [place]).get(place, ())
        ),
        rejected=store.rejected_under_token(connection, order.token),
    )
