"""The tables of the escrow: offers that platforms sign, deposits as the chain tells, how far it was read.

Amounts on the chain reach 2^128 and stand here as decimal text; times of the chain are unix seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from provenance.store import schema_warranty  # noqa: F401 - the orders are its tables
from provenance.store.schema import metadata

escrow_offer = Table(
    "escrow_offer",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True, comment="EIP-712: what the platform signs"),
    Column("order", ForeignKey("warranty_order.id"), nullable=False),
    Column("deposit", LargeBinary(32), nullable=False, comment="hash of batch, index, party, platform"),
    Column("struct", Text, nullable=False, comment="the WarrantyOrder as JSON"),
    Column("valid_until", BigInteger, nullable=False, comment="unix seconds"),
    Column("made_at", BigInteger, nullable=False),
    Column("signature", LargeBinary(65)),
    Index("ix_escrow_offer_order", "order", "made_at"),
    Index("ix_escrow_offer_deposit", "deposit"),
)

escrow_deposit = Table(
    "escrow_deposit",
    metadata,
    Column("order", ForeignKey("warranty_order.id"), primary_key=True),
    Column("deposit", LargeBinary(32), nullable=False, unique=True),
    Column("struct", Text, nullable=False, comment="the WarrantyOrder that was paid, as JSON"),
    Column("is_offered", Boolean, nullable=False, comment="whether it is an offer that was made here"),
    Column(
        "state", SmallInteger, nullable=False, comment="1 funded, 2 delivered, 3 frozen, 4 proven, 5 closed"
    ),
    Column("deadline", BigInteger, nullable=False, comment="unix seconds"),
    Column("fault", BigInteger, comment="log index of the entry that an answer has to undo"),
    Column("refund", Text, nullable=False, comment="of the price, to the buyer, once closed"),
    Column("compensation", Text, nullable=False, comment="from the bond, to the buyer, once closed"),
    Column("block", BigInteger, nullable=False, comment="of the newest event"),
    Column("tx", LargeBinary(32), nullable=False, comment="of the newest event"),
    Column("position", Integer, nullable=False, comment="log index of the newest event in its block"),
    Column("due", BigInteger, comment="when the keeper looks at it next, ms; null: nothing is left to do"),
    Column("trouble", Text, comment="code by which the chain last refused"),
    Index(
        "ix_escrow_deposit_due",
        "due",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
)

escrow_event = Table(
    "escrow_event",
    metadata,
    Column("block", BigInteger, nullable=False),
    Column("position", Integer, nullable=False, comment="log index in the block"),
    Column("order", ForeignKey("warranty_order.id"), nullable=False),
    Column("tx", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False, comment="of the block, unix seconds"),
    Column("name", Text, nullable=False),
    Column("facts", Text, nullable=False, comment="members of the event as JSON"),
    PrimaryKeyConstraint("block", "position"),
    Index("ix_escrow_event_order", "order"),
)

escrow_cursor = Table(
    "escrow_cursor",
    metadata,
    Column("escrow", LargeBinary(20), primary_key=True),
    Column("block", BigInteger, nullable=False, comment="up to which its events are read"),
    Column("hash", LargeBinary(32), nullable=False, comment="of that block: another one is another chain"),
)
