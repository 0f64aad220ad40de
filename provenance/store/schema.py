"""The tables. Rules that must never break are constraints here, not code elsewhere.

Binary ids: addresses 20 bytes, hashes 32, event/transfer/reservation ids 16. Times are UTC
milliseconds since 1970 in 64 bits, as in the entries. A batch has a random 63-bit ``number``
beside its 32-byte id, so that a key's row stays a few dozen bytes.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

party = Table(
    "party",
    metadata,
    Column("address", LargeBinary(20), primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Integer, nullable=False, comment="bit r set: admitted with reason r"),
    Column("suspended", Boolean, nullable=False, default=False),
    Column("since", BigInteger, nullable=False, comment="time of the newest PARTY entry about it"),
    Column("successor", LargeBinary(20)),
    Index("ix_party_successor", "successor"),
)

credential = Table(
    "credential",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", ForeignKey("party.address"), nullable=False),
    Column("label", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True, comment="HMAC of the bearer token"),
    Column("scopes", Text, nullable=False, comment="space separated"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Index("ix_credential_party", "party"),
)

batch = Table(
    "batch",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("batch_id", LargeBinary(32), nullable=False, unique=True),
    Column("supplier", LargeBinary(20), nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("max_uses", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False, comment="unix seconds, 0 for never"),
    Column("details", Text, nullable=False, comment="RFC 8785 JSON"),
    Column("format", Text, nullable=False),
    Column("shuffled", Boolean, nullable=False),
    Column("seed", LargeBinary, nullable=False, comment="S_batch, sealed"),
    Column("status", SmallInteger, nullable=False, comment="0 staged, 1 live, 2 abandoned"),
    Column("staged_until", BigInteger, nullable=False),
    Column("counts", Text, nullable=False, comment="accepted, rejected, duplicates, as JSON"),
    Column("signature", LargeBinary(65)),
    Column("chain_id", BigInteger, nullable=False, comment="of the domain it is signed for"),
    Column("registry", LargeBinary(20), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("commissioned_at", BigInteger),
    Column("range_entries", Integer, nullable=False, default=0),
    Index("ix_batch_supplier", "supplier", "created_at"),
)

reject = Table(
    "reject",
    metadata,
    Column("batch", ForeignKey("batch.number", ondelete="CASCADE"), nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("column", Integer),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    PrimaryKeyConstraint("batch", "line"),
)

TOUCHED: Final = "entries > 0 OR reservation IS NOT NULL"
"""Of a row in ``card_key``: not as it was registered; few of a batch that is handed over whole."""

card_key = Table(
    "card_key",
    metadata,
    # The primary key IS the rule that a key is registered once.
    Column("tag", LargeBinary(32), primary_key=True),
    Column("epoch", SmallInteger, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False, server_default="0"),
    # Every entry on this key alone adds one: the guard of every change of its state.
    Column("entries", Integer, nullable=False, server_default="0"),
    Column("last_time", BigInteger),
    Column("sold_before", Boolean),
    Column("suspect", Boolean, comment="somebody else tried to register it, or its serial or alias"),
    Column("reserved_until", BigInteger),
    Column("reserved_by", LargeBinary(20)),
    Column("reservation", LargeBinary(16)),
    UniqueConstraint("batch", "idx"),
    Index(
        "ix_card_key_reservation",
        "reservation",
        sqlite_where=text("reservation IS NOT NULL"),
        postgresql_where=text("reservation IS NOT NULL"),
    ),
    Index("ix_card_key_touched", "batch", "idx", sqlite_where=text(TOUCHED), postgresql_where=text(TOUCHED)),
)

alias = Table(
    "alias",
    metadata,
    Column("digest", LargeBinary(16), nullable=False, comment="first half of the 32-byte tag"),
    Column("kind", SmallInteger, nullable=False, comment="0 serial, 1 whole, 2 secret; 3, 4 short 1, 2"),
    Column("batch", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    PrimaryKeyConstraint("digest", "kind", "batch", "idx"),
    Index("ix_alias_batch", "batch"),
    sqlite_with_rowid=False,
)
"""What a key is also known by, across formats; looked up, never unique."""

holding = Table(
    "holding",
    metadata,
    Column("batch", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("holder", LargeBinary(20), nullable=False),
    Column("last_time", BigInteger, nullable=False, comment="of the newest range entry over it"),
    Column("voided_at", BigInteger, comment="time of the first VOID on a range over it"),
    Column("offer", LargeBinary(16), comment="the open transfer that closes it to sales"),
    Column("offer_until", BigInteger),
    PrimaryKeyConstraint("batch", "first"),
)
"""Who holds which keys, by ranges that never overlap: handing over 100,000 keys touches a few rows."""

entry = Table(
    "entry",
    metadata,
    Column("event", LargeBinary(16), primary_key=True),
    Column("log_index", BigInteger, unique=True),
    Column("time", BigInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("subject", LargeBinary(32), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("is_range", Boolean, nullable=False),
    Column("actor", LargeBinary(20), nullable=False),
    Column("party", LargeBinary(20), nullable=False),
    Column("raw", LargeBinary(124), nullable=False),
    Column("details", LargeBinary, comment="salt and canonical JSON, sealed"),
    Index("ix_entry_subject", "subject", "is_range", "first"),
    Index("ix_entry_actor", "actor", "time"),
    Index("ix_entry_party", "party", "time"),
    Index(
        "ix_entry_waiting",
        "time",
        "event",
        sqlite_where=text("log_index IS NULL"),
        postgresql_where=text("log_index IS NULL"),
    ),
    # BEACON, KEY and the like are few among many; each is looked up by its type, newest first.
    Index(
        "ix_entry_not_on_keys",
        "type",
        "log_index",
        sqlite_where=text("type >= 32"),
        postgresql_where=text("type >= 32"),
    ),
)

order_line = Table(
    "order_line",
    metadata,
    Column("seller", LargeBinary(20), nullable=False),
    Column("order", LargeBinary(32), nullable=False, comment="keyed fingerprint of the order number"),
    Column("batch", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("event", LargeBinary(16), nullable=False),
    Column("token", LargeBinary(32), nullable=False, comment="SHA-256 of the order token"),
    Column("unit", Integer, comment="which unit of the order, where the shop let us choose the key"),
    PrimaryKeyConstraint("seller", "order", "batch", "idx"),
    # A repeated payment notification can never take a second key for the same unit.
    UniqueConstraint("seller", "order", "unit"),
    Index("ix_order_line_token", "token"),
)

transfer = Table(
    "transfer",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("batch", BigInteger, nullable=False),
    Column("sender", LargeBinary(20), nullable=False),
    Column("recipient", LargeBinary(20), nullable=False),
    Column("status", SmallInteger, nullable=False, comment="0 open, 1 accepted, 2 refused, 3 withdrawn"),
    Column("created_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("ix_transfer_recipient", "recipient", "status"),
    Index("ix_transfer_sender", "sender", "status"),
)

transfer_range = Table(
    "transfer_range",
    metadata,
    Column("transfer", ForeignKey("transfer.id"), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("transfer", "first"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", LargeBinary(32), primary_key=True, comment="credential, method, path and key, hashed"),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("status", SmallInteger, comment="HTTP status; null while in flight"),
    Column("answer", Text, comment="JSON without secrets"),
    Column("locked_until", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_idempotency_expires", "expires_at"),
)

alert = Table(
    "alert",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("party", LargeBinary(20), nullable=False),
    Column("kind", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("facts", Text, nullable=False, comment="JSON, no secrets"),
    Index("ix_alert_party", "party", "time"),
)

budget = Table(
    "budget",
    metadata,
    Column("key", LargeBinary(32), primary_key=True, comment="keyed fingerprint of whose budget it is"),
    Column("full_at", BigInteger, nullable=False, comment="GCRA: when the budget is whole again, ms"),
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts that must outlive a process: origin, chain id, registry, K_tag fingerprints by epoch."""
