"""The tables of the warranty: published terms, orders, evidence, claims, reserves and what is owed.

The same conventions as in :mod:`provenance.store.schema`. Amounts are integers of minor units beside
their currency. What may happen once is a key here: one open claim an order, one claim a receipt, one
payment of a kind a claim.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from provenance.store.schema import metadata

published_terms = Table(
    "published_terms",
    metadata,
    Column("platform", LargeBinary(20), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, comment="SHA-256 of the RFC 8785 form"),
    Column("document", Text, nullable=False, comment="RFC 8785 JSON"),
    Column("tier", Text, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("event", LargeBinary(16), nullable=False, comment="its TERMS entry"),
    PrimaryKeyConstraint("platform", "hash"),
)

warranty_order = Table(
    "warranty_order",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),
    Column("platform", LargeBinary(20), nullable=False, comment="who answers to the buyer"),
    Column(
        "seller", LargeBinary(20), nullable=False, comment="actor of the SELL; a supplier's reserve sells too"
    ),
    Column("supplier", LargeBinary(20), nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("party", LargeBinary(20), nullable=False, comment="the buyer's use, as in the SELL"),
    Column("sell", LargeBinary(16), nullable=False, comment="event of the SELL"),
    Column("token", LargeBinary(32), nullable=False, comment="SHA-256 of the order token"),
    Column("price", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("terms", LargeBinary(32), nullable=False),
    Column("product", LargeBinary(32), nullable=False, comment="what can replace it: see reserve.product"),
    Column("created_at", BigInteger, nullable=False),
    Column("cover_from", BigInteger, comment="of a replacement: the delivery of what it replaces"),
    Column("replaces", LargeBinary(32)),
    Column("due", BigInteger, comment="when the watch has to look at it next, ms"),
    Column("claims", Integer, nullable=False, server_default="0", comment="guard: claims ever opened"),
    # A sale has one order, however often it is asked for.
    UniqueConstraint("batch", "idx", "party"),
    Index("ix_warranty_order_platform", "platform", "created_at"),
    Index("ix_warranty_order_supplier", "supplier", "created_at"),
    Index("ix_warranty_order_token", "token"),
    Index("ix_warranty_order_replaces", "replaces"),
    Index(
        "ix_warranty_order_due",
        "due",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
)

order_event = Table(
    "order_event",
    metadata,
    Column("order", ForeignKey("warranty_order.id"), nullable=False),
    Column(
        "kind",
        SmallInteger,
        nullable=False,
        comment="1 paid, 2 submitted to the carrier, 3 arrived, 4 cancelled",
    ),
    Column("at", BigInteger, nullable=False, comment="when it happened, ms"),
    Column("recorded_at", BigInteger, nullable=False),
    Column("by", LargeBinary(20), nullable=False),
    Column("type", Text, nullable=False, comment="type of the evidence"),
    Column("source", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("order", "kind"),
)
"""What happened to an order outside the log, with what shows it. Deliveries and uses are in the log."""

evidence = Table(
    "evidence",
    metadata,
    Column("order", ForeignKey("warranty_order.id"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of the plain bytes"),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("by", LargeBinary(20), nullable=False, comment="who handed it in: a party, or the buyer's use"),
    Column("at", BigInteger, nullable=False),
    Column("media", Text, nullable=False, comment="media type, found by looking at the bytes"),
    Column("size", BigInteger, nullable=False),
    Column("file", Text, comment="name of the sealed file; null once it is erased"),
    Column("key", LargeBinary, comment="its key, sealed; null once it is erased"),
    PrimaryKeyConstraint("order", "digest"),
    Index("ix_evidence_digest", "digest"),
)

evidence_use = Table(
    "evidence_use",
    metadata,
    # The primary key IS the rule that one receipt serves one claim.
    Column("digest", LargeBinary(32), primary_key=True),
    Column("claim", LargeBinary(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_evidence_use_claim", "claim"),
)

claim = Table(
    "claim",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),
    Column("order", ForeignKey("warranty_order.id"), nullable=False),
    Column("platform", LargeBinary(20), nullable=False),
    Column("state", Text, nullable=False),
    Column("causes", Text, nullable=False, comment="space separated, the one it is decided by first"),
    Column("origin", Text, nullable=False),
    Column("outcome", Text, comment="null while it is open"),
    Column("opened_at", BigInteger, nullable=False),
    Column("last_time", BigInteger, nullable=False, comment="of its newest entry, ms"),
    Column("due", BigInteger, comment="when the default of its state happens, ms; null once closed"),
    Column("version", Integer, nullable=False, comment="steps so far: the guard of every change"),
    Column("value", Text, nullable=False, comment="the claim as JSON, without its terms"),
    Index("ix_claim_order", "order"),
    Index("ix_claim_platform", "platform", "opened_at"),
    Index(
        "ix_claim_due", "due", sqlite_where=text("due IS NOT NULL"), postgresql_where=text("due IS NOT NULL")
    ),
    # One claim on an order is open at a time: so no order is remedied twice.
    Index(
        "uq_claim_open",
        "order",
        unique=True,
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    ),
)

claim_record = Table(
    "claim_record",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("claim", ForeignKey("claim.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="facts of a decision, request for evidence, payment"),
    Column("at", BigInteger, nullable=False),
    Column("document", Text, nullable=False, comment="RFC 8785 JSON: times, codes and digests, no persons"),
    Index("ix_claim_record_claim", "claim"),
)
"""What was decided from, kept by hash: the entries of the claim name it."""

claim_task = Table(
    "claim_task",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("claim", ForeignKey("claim.id"), nullable=False),
    Column("order", LargeBinary(32), nullable=False),
    Column("kind", Text, nullable=False, comment="freeze, release, draw, recover"),
    Column("amount", BigInteger),
    Column("currency", Text),
    Column("at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Index(
        "ix_claim_task_open",
        "at",
        sqlite_where=text("done_at IS NULL"),
        postgresql_where=text("done_at IS NULL"),
    ),
    Index("ix_claim_task_claim", "claim"),
)
"""What a claim asks of others than the database: of the escrow, of people. Written with its step."""

reserve = Table(
    "reserve",
    metadata,
    Column("tag", LargeBinary(32), primary_key=True),
    Column("owner", LargeBinary(20), nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column(
        "product", LargeBinary(32), nullable=False, comment="format, product, face value and currency, hashed"
    ),
    Column("sealed", LargeBinary, comment="the key; opened once, then null"),
    Column("deposited_at", BigInteger, nullable=False),
    Column("claim", LargeBinary(32), comment="which took it"),
    Column("taken_at", BigInteger),
    Index(
        "ix_reserve_free",
        "owner",
        "product",
        "deposited_at",
        sqlite_where=text("taken_at IS NULL"),
        postgresql_where=text("taken_at IS NULL"),
    ),
)
"""Keys for reissue: the one exception to "no key is stored" (FORMATS §2)."""

delivered_key = Table(
    "delivered_key",
    metadata,
    Column("order", ForeignKey("warranty_order.id"), primary_key=True),
    Column(
        "sealed", LargeBinary, comment="the replacement, sealed under the order's token; null once erased"
    ),
    Column("at", BigInteger, nullable=False),
)

payment = Table(
    "payment",
    metadata,
    Column("claim", ForeignKey("claim.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="refund, voucher, bond"),
    Column("order", LargeBinary(32), nullable=False),
    Column("platform", LargeBinary(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", SmallInteger, nullable=False, comment="0 owed, 1 paid, 2 stopped"),
    Column("ordered_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("record", LargeBinary(32), comment="digest of what shows it"),
    PrimaryKeyConstraint("claim", "kind"),
    Index("ix_payment_platform", "platform", "state"),
)

posting = Table(
    "posting",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("order", ForeignKey("warranty_order.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("claim", LargeBinary(32)),
    Index("ix_posting_order", "order"),
)

recourse = Table(
    "recourse",
    metadata,
    Column("claim", ForeignKey("claim.id"), primary_key=True),
    Column("order", LargeBinary(32), nullable=False),
    Column("supplier", LargeBinary(20), nullable=False),
    Column("platform", LargeBinary(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("evidence", Text, nullable=False, comment="JSON"),
    Index("ix_recourse_supplier", "supplier", "since"),
    Index("ix_recourse_platform", "platform", "since"),
    Index(
        "ix_recourse_due",
        "due",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
)

reviewer = Table(
    "reviewer",
    metadata,
    Column("credential", ForeignKey("credential.id"), primary_key=True),
    Column("person", Text, nullable=False, comment="the same for every credential of one person"),
    Column(
        "parties", Text, nullable=False, comment="addresses of whom the person works for or owns, as JSON"
    ),
    Column("signer", LargeBinary(20), comment="address of the key that signs reviews before a sale"),
    Column("added_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
)

warranty_progress = Table(
    "warranty_progress",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""How far the watch has read: entries of the log, reports of issuers."""
