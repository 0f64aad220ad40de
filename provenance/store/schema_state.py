"""The tables of the state tree (FORMATS §6), beside those of ``schema``.

A *version* is the log index from which on a tile may be what it says: one more than the index of the
STATE before it, 0 before the first. So the state as of the STATE at index v is, tile by tile, the
newest version up to v, and what is folded since lies above it without being in its way.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
)

from provenance.store.schema import metadata

state_tile = Table(
    "state_tile",
    metadata,
    Column("tree", BigInteger, nullable=False, comment="0 the batches, else position of the batch + 1"),
    Column("level", SmallInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("cells", LargeBinary, nullable=False, comment="bitmap of 32 bytes, then the touched hashes"),
    PrimaryKeyConstraint("tree", "level", "idx", "version"),
)

state_superseded = Table(
    "state_superseded",
    metadata,
    Column("by", BigInteger, nullable=False, comment="the version that took its place"),
    Column("tree", BigInteger, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("by", "tree", "level", "idx"),
)
"""What may go once no anchored state before ``by`` is to be proven any more, found without a search."""

state_batch = Table(
    "state_batch",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("batch_id", LargeBinary(32), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("range_chain", LargeBinary(32), nullable=False),
    Column("keys_root", LargeBinary(32), nullable=False),
)
"""Batches in order of COMMISSION, with what the entries folded so far add up to."""

state_progress = Table(
    "state_progress",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("folded", BigInteger, nullable=False, comment="entries of the log that are in the tree"),
    Column("version", BigInteger, nullable=False, comment="what is folded now is written under this"),
    Column("floor", BigInteger, nullable=False, comment="STATEs below this index are no longer provable"),
    CheckConstraint("id = 1", name="one_row"),
)
