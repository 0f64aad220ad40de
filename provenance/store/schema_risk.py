"""The table of risk scores: what was known of an order when it was made."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, SmallInteger, Table

from provenance.store import schema_warranty  # noqa: F401 - the orders are its tables
from provenance.store.schema import metadata

order_risk = Table(
    "order_risk",
    metadata,
    Column("order", ForeignKey("warranty_order.id"), primary_key=True),
    Column("points", SmallInteger, nullable=False, comment="0 to 100"),
    Column("at", BigInteger, nullable=False),
)
