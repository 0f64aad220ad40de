"""webhooks: endpoints, messages, deliveries and their attempts"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WAITING = sa.text("status = 0")


def upgrade() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("party", sa.LargeBinary(length=20), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False, comment="space separated; family.* for all of one"),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="sealed"),
        sa.Column("old_secret", sa.LargeBinary(), comment="sealed; signs beside the new one until old_until"),
        sa.Column("old_until", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.Column("disabled_by", sa.Text(), comment="owner, gone or failing"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="since the last success"),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column(
            "rest_until", sa.BigInteger(), nullable=False, comment="after a failure nothing is sent before"
        ),
        sa.Column("holder", sa.LargeBinary(length=16), comment="the worker that sends now"),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
        sa.UniqueConstraint("party", "slot", name=op.f("uq_webhook_endpoint_party_slot")),
    )
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("party", sa.LargeBinary(length=20), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="the JSON that is signed and sent, no secrets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_message")),
    )
    op.create_index("ix_webhook_message_party", "webhook_message", ["party", "time"], unique=False)
    op.create_index("ix_webhook_message_time", "webhook_message", ["time"], unique=False)
    _deliveries()


def _deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("endpoint", sa.LargeBinary(length=16), nullable=False),
        sa.Column("message", sa.LargeBinary(length=16), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False, comment="0 waiting, 1 delivered, 2 given up"),
        sa.Column("tries", sa.Integer(), nullable=False, comment="since it was first due, or replayed"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="ever"),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint"],
            ["webhook_endpoint.id"],
            name=op.f("fk_webhook_delivery_endpoint"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message"], ["webhook_message.id"], name=op.f("fk_webhook_delivery_message"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("endpoint", "message", name=op.f("pk_webhook_delivery")),
    )
    op.create_index("ix_webhook_delivery_message", "webhook_delivery", ["message"], unique=False)
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["endpoint", "due_at"],
        unique=False,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("endpoint", sa.LargeBinary(length=16), nullable=False),
        sa.Column("message", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), comment="HTTP; null where nobody answered"),
        sa.Column("error", sa.Text(), comment="a code; null after a success"),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message"], ["webhook_message.id"], name=op.f("fk_webhook_attempt_message"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("endpoint", "message", "number", name=op.f("pk_webhook_attempt")),
    )
    op.create_index("ix_webhook_attempt_message", "webhook_attempt", ["message"], unique=False)
    op.create_index("ix_webhook_attempt_endpoint", "webhook_attempt", ["endpoint", "time"], unique=False)


def downgrade() -> None:
    for table in ("webhook_attempt", "webhook_delivery", "webhook_message", "webhook_endpoint"):
        op.drop_table(table)
