"""The tables of what a platform's record says in the open: monthly reports, and reviews of buyers."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from provenance.store import schema_warranty  # noqa: F401 - the orders are its tables
from provenance.store.schema import metadata

platform_report = Table(
    "platform_report",
    metadata,
    Column("platform", LargeBinary(20), nullable=False),
    Column("start", BigInteger, nullable=False, comment="first ms of the month (UTC)"),
    Column("hash", LargeBinary(32), nullable=False, unique=True, comment="SHA-256 of the document"),
    Column("document", Text, nullable=False, comment="RFC 8785 JSON"),
    Column("made_at", BigInteger, nullable=False),
    Column("event", ForeignKey("entry.event"), nullable=False, comment="its QUALIFICATION entry"),
    # The primary key IS the rule that a month is reported once.
    PrimaryKeyConstraint("platform", "start"),
)

buyer_review = Table(
    "buyer_review",
    metadata,
    # The primary key IS the rule that an order is reviewed once.
    Column("order", ForeignKey("warranty_order.id"), primary_key=True),
    Column("stars", SmallInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("event", ForeignKey("entry.event"), nullable=False, comment="its QUALIFICATION entry"),
)
