"""Which entries are disclosures of whom, what follows on what, and the documents themselves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from provenance.store.schema import metadata

disclosure = Table(
    "disclosure",
    metadata,
    Column("event", ForeignKey("entry.event"), primary_key=True),
    Column("party", LargeBinary(20), nullable=False),
    Column("time", BigInteger, nullable=False),
    # Unique: a disclosure is superseded or withdrawn once, and never both.
    Column("follows", LargeBinary(16), unique=True, comment="the disclosure that this one ends"),
    Index("ix_disclosure_party", "party", "time"),
)
"""The details stand in the entries alone. Rows are added and never changed."""

disclosure_paper = Table(
    "disclosure_paper",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True, comment="SHA-256 of the content"),
    Column("media", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
