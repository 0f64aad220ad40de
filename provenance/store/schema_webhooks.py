"""Where parties want to be told things, what there is to tell, and how the telling goes.

A message is written in the transaction of its event, with a delivery for every endpoint that wants it;
a worker that holds an endpoint sends what is due, and notes each attempt.
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

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("party", LargeBinary(20), nullable=False),
    # Ten places for a party: the constraint IS the limit, however many requests come at once.
    Column("slot", SmallInteger, nullable=False),
    Column("url", Text, nullable=False),
    Column("types", Text, nullable=False, comment="space separated; family.* for all of one"),
    Column("secret", LargeBinary, nullable=False, comment="sealed"),
    Column("old_secret", LargeBinary, comment="sealed; signs beside the new one until old_until"),
    Column("old_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Column("disabled_by", Text, comment="owner, gone or failing"),
    Column("failures", Integer, nullable=False, comment="since the last success"),
    Column("failing_since", BigInteger),
    Column("rest_until", BigInteger, nullable=False, comment="after a failure nothing is sent before"),
    Column("holder", LargeBinary(16), comment="the worker that sends now"),
    Column("held_until", BigInteger, nullable=False),
    UniqueConstraint("party", "slot"),
)

webhook_message = Table(
    "webhook_message",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("party", LargeBinary(20), nullable=False),
    Column("type", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("body", Text, nullable=False, comment="the JSON that is signed and sent, no secrets"),
    Index("ix_webhook_message_party", "party", "time"),
    Index("ix_webhook_message_time", "time"),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("endpoint", ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), nullable=False),
    Column("message", ForeignKey("webhook_message.id", ondelete="CASCADE"), nullable=False),
    Column("status", SmallInteger, nullable=False, comment="0 waiting, 1 delivered, 2 given up"),
    Column("tries", Integer, nullable=False, comment="since it was first due, or replayed"),
    Column("attempts", Integer, nullable=False, comment="ever"),
    Column("due_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("endpoint", "message"),
    Index("ix_webhook_delivery_message", "message"),
    Index(
        "ix_webhook_delivery_due",
        "endpoint",
        "due_at",
        sqlite_where=text("status = 0"),
        postgresql_where=text("status = 0"),
    ),
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("endpoint", LargeBinary(16), nullable=False),
    Column("message", ForeignKey("webhook_message.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("status", SmallInteger, comment="HTTP; null where nobody answered"),
    Column("error", Text, comment="a code; null after a success"),
    Column("took_ms", Integer, nullable=False),
    PrimaryKeyConstraint("endpoint", "message", "number"),
    Index("ix_webhook_attempt_message", "message"),
    Index("ix_webhook_attempt_endpoint", "endpoint", "time"),
)
