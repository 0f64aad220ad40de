"""What issuers said about keys: one row for each answer, never changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, PrimaryKeyConstraint, Table, Text

from provenance.store.schema import metadata

issuer_report = Table(
    "issuer_report",
    metadata,
    Column("batch", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("issuer", LargeBinary(20), nullable=False),
    Column("at", BigInteger, nullable=False, comment="when the issuer said it"),
    Column("answer", Text, nullable=False, comment="the canonical enumeration"),
    Column("used_at", BigInteger, comment="when the key was used, if the issuer said so"),
    Column("evidence", LargeBinary(32), nullable=False, comment="SHA-256 of the raw answer"),
    Column("asked", Boolean, nullable=False, comment="we asked; else the issuer reported by itself"),
    Column("received_at", BigInteger, nullable=False),
    # The primary key IS the rule that an issuer says one thing of a key at one moment.
    PrimaryKeyConstraint("batch", "idx", "issuer", "at"),
)
