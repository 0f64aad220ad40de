"""Reviews before the sale of graded goods: requests, signed decisions, and the evidence they rest on."""

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

presale_review = Table(
    "presale_review",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("batch", BigInteger, nullable=False),
    Column("batch_id", LargeBinary(32), nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("platform", LargeBinary(20), nullable=False, comment="who will sell it, and asked for the review"),
    Column("supplier", LargeBinary(20), nullable=False),
    Column("terms", LargeBinary(32), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("single_up_to", BigInteger, nullable=False, comment="a dearer sale takes two people"),
    Column("requested_at", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False, comment="0 open, 1 approved, 2 rejected, 3 withdrawn"),
    Column("approvals", Integer, nullable=False, server_default="0"),
    Column("video", LargeBinary(32), comment="digest of the one video that is signed for"),
    Column("decided_at", BigInteger),
    Column("event", LargeBinary(16), comment="its QUALIFICATION entry"),
    Index("ix_presale_review_key", "batch", "idx", "terms"),
    Index("ix_presale_review_platform", "platform", "requested_at"),
    # One review of a key under the same terms runs at a time.
    Index(
        "uq_presale_review_open",
        "batch",
        "idx",
        "terms",
        unique=True,
        sqlite_where=text("state = 0"),
        postgresql_where=text("state = 0"),
    ),
)

presale_decision = Table(
    "presale_decision",
    metadata,
    Column("review", ForeignKey("presale_review.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("signer", LargeBinary(20), nullable=False),
    Column("signature", LargeBinary(65), nullable=False),
    Column("verdict", SmallInteger, nullable=False),
    Column("failed", Integer, nullable=False, comment="bits of the checklist"),
    Column("at", BigInteger, nullable=False),
    # The keys ARE the rule of two people: nobody decides twice, and one signing key is one person.
    PrimaryKeyConstraint("review", "person"),
    UniqueConstraint("review", "signer"),
)

presale_evidence = Table(
    "presale_evidence",
    metadata,
    Column("review", ForeignKey("presale_review.id"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of the plain bytes"),
    Column("type", Text, nullable=False),
    Column("by", LargeBinary(20), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("media", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("file", Text, comment="name of the sealed file; null once it is erased"),
    Column("key", LargeBinary, comment="its key, sealed; null once it is erased"),
    PrimaryKeyConstraint("review", "digest"),
)
