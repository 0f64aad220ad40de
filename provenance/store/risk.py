"""Counts of the last days, from which a risk score is reckoned; every query is by an index."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, func, or_, select

from provenance.core.entries import EntryType
from provenance.store.database import Connection
from provenance.store.schema import alert as alerts
from provenance.store.schema import entry as entries
from provenance.store.schema_risk import order_risk as scores
from provenance.store.schema_warranty import claim as claims
from provenance.store.schema_warranty import recourse as recourses
from provenance.store.schema_warranty import warranty_order as orders
from provenance.store.upsert import added

_REMEDIED = ("reissued", "recovered", "refunded", "voucher", "compensated", "debt")


def orders_of_suppliers(connection: Connection, suppliers: Sequence[bytes], since: int) -> int:
    """Orders under warranty on keys of *suppliers*, made since (ms)."""
    return _count(
        connection, select(func.count()).where(orders.c.supplier.in_(suppliers), orders.c.created_at >= since)
    )


def faults_of_suppliers(connection: Connection, suppliers: Sequence[bytes], since: int) -> int:
    """Remedies that *suppliers* were asked to answer for since (ms)."""
    query = select(func.count()).where(recourses.c.supplier.in_(suppliers), recourses.c.since >= since)
    return _count(connection, query)


def orders_of_platforms(connection: Connection, platforms: Sequence[bytes], since: int) -> int:
    """Orders under warranty of *platforms*, made since (ms)."""
    return _count(
        connection, select(func.count()).where(orders.c.platform.in_(platforms), orders.c.created_at >= since)
    )


def faults_of_platforms(connection: Connection, platforms: Sequence[bytes], since: int) -> int:
    """Remedied claims on orders of *platforms* since (ms) for which no supplier was asked."""
    joined = claims.outerjoin(recourses, recourses.c.claim == claims.c.id)
    query = select(func.count()).select_from(joined)
    return _count(
        connection,
        query.where(
            claims.c.platform.in_(platforms),
            claims.c.opened_at >= since,
            or_(claims.c.outcome.in_(_REMEDIED), claims.c.state == "remedied"),
            recourses.c.claim.is_(None),
        ),
    )


def sales_since(connection: Connection, sellers: Sequence[bytes], since: int, before: int) -> int:
    """SELL entries of *sellers* in [since, before) ms."""
    query = select(func.count()).where(
        entries.c.actor.in_(sellers),
        entries.c.time >= since,
        entries.c.time < before,
        entries.c.type == int(EntryType.SELL),
    )
    return _count(connection, query)


def scans_near(connection: Connection, supplier: bytes, batch_id: bytes, since: int) -> int:
    """Alarms that somebody tried neighbours of keys of that batch, since (ms)."""
    query = select(func.count()).where(
        alerts.c.party == supplier,
        alerts.c.time >= since,
        alerts.c.kind == "neighbour_scan",
        alerts.c.facts.contains(batch_id.hex()),
    )
    return _count(connection, query)


def rejected_under_token(connection: Connection, token: bytes) -> int:
    """Rejected claims on orders of one order token (its SHA-256)."""
    joined = claims.join(orders, and_(orders.c.id == claims.c.order, orders.c.token == token))
    return _count(connection, select(func.count()).select_from(joined).where(claims.c.outcome == "rejected"))


def keep_score(connection: Connection, order: bytes, points: int, at: int) -> bool:
    """Keep the score of a new order; ``False`` if it has one already."""
    return added(connection, scores, {"order": order, "points": points, "at": at})


def has_score(connection: Connection, order: bytes) -> bool:
    """Whether the order was scored before."""
    return connection.execute(select(scores.c.points).where(scores.c.order == order)).first() is not None


def _count(connection: Connection, query: object) -> int:
    counted: int = connection.execute(query).scalar_one()  # type: ignore[call-overload]
    return counted
