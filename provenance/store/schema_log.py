"""The tables of the log and of the chain: tiles, heads, leases, anchors and the transaction outbox.

They name no key and no party; the same conventions as in :mod:`provenance.store.schema`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from provenance.store.schema import metadata

LOG_TREE: Final = 0
"""The tree number of the log among the tiles; batch numbers are never 0."""

tile = Table(
    "tile",
    metadata,
    Column("tree", BigInteger, nullable=False, comment="0 the log, else a batch number"),
    Column("level", SmallInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False, comment="up to 256 hashes of 32 bytes"),
    PrimaryKeyConstraint("tree", "level", "idx"),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("note", Text, comment="the signed note; null until the head file has moved to it"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("term", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, comment="by the database's clock"),
)

anchor = Table(
    "anchor",
    metadata,
    Column("kind", SmallInteger, nullable=False, comment="1 batch, 2 checkpoint"),
    Column("ref", LargeBinary(32), nullable=False, comment="batch id, or the size in 32 bytes"),
    Column("root", LargeBinary(32), nullable=False),
    Column("status", SmallInteger, nullable=False, comment="0 wanted, 1 sent, 2 confirmed, 3 final"),
    Column("tx_hash", LargeBinary(32)),
    Column("block_number", BigInteger),
    Column("block_hash", LargeBinary(32)),
    Column("block_time", BigInteger, comment="unix seconds, as the contract stored it"),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "ref"),
    Index("ix_anchor_status", "status", "created_at"),
)

chain_tx = Table(
    "chain_tx",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("sender", LargeBinary(20), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("ref", LargeBinary(32), nullable=False),
    Column(
        "status",
        SmallInteger,
        nullable=False,
        comment="0 stored, 1 sent, 2 mined, 3 replaced, 4 failed, 5 lost",
    ),
    Column("max_fee", BigInteger, nullable=False),
    Column("max_priority_fee", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Index("ix_chain_tx_nonce", "sender", "nonce"),
    # One living transaction a nonce, whichever worker signs it.
    Index(
        "uq_chain_tx_living",
        "sender",
        "nonce",
        unique=True,
        sqlite_where=text("status < 3"),
        postgresql_where=text("status < 3"),
    ),
    Index("ix_chain_tx_ref", "kind", "ref"),
)

block_header = Table(
    "block_header",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("header", LargeBinary, nullable=False, comment="RLP"),
)
"""The headers of the blocks that BEACONs name: a proof shows their time even after the chain is gone."""
