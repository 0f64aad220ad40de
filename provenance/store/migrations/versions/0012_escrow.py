"""escrow: offers, deposits, their events, and how far the chain was read"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "escrow_offer",
        sa.Column(
            "digest", sa.LargeBinary(length=32), nullable=False, comment="EIP-712: what the platform signs"
        ),
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "deposit",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="hash of batch, index, party, platform",
        ),
        sa.Column("struct", sa.Text(), nullable=False, comment="the WarrantyOrder as JSON"),
        sa.Column("valid_until", sa.BigInteger(), nullable=False, comment="unix seconds"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=65), nullable=True),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_escrow_offer_order")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_escrow_offer")),
    )
    op.create_index("ix_escrow_offer_order", "escrow_offer", ["order", "made_at"])
    op.create_index("ix_escrow_offer_deposit", "escrow_offer", ["deposit"])
    _deposit()
    op.create_table(
        "escrow_event",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="log index in the block"),
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tx", sa.LargeBinary(length=32), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False, comment="of the block, unix seconds"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False, comment="members of the event as JSON"),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_escrow_event_order")),
        sa.PrimaryKeyConstraint("block", "position", name=op.f("pk_escrow_event")),
    )
    op.create_index("ix_escrow_event_order", "escrow_event", ["order"])
    op.create_table(
        "escrow_cursor",
        sa.Column("escrow", sa.LargeBinary(length=20), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False, comment="up to which its events are read"),
        sa.Column(
            "hash",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="of that block: another one is another chain",
        ),
        sa.PrimaryKeyConstraint("escrow", name=op.f("pk_escrow_cursor")),
    )


def _deposit() -> None:
    op.create_table(
        "escrow_deposit",
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("deposit", sa.LargeBinary(length=32), nullable=False),
        sa.Column("struct", sa.Text(), nullable=False, comment="the WarrantyOrder that was paid, as JSON"),
        sa.Column(
            "is_offered", sa.Boolean(), nullable=False, comment="whether it is an offer that was made here"
        ),
        sa.Column(
            "state",
            sa.SmallInteger(),
            nullable=False,
            comment="1 funded, 2 delivered, 3 frozen, 4 proven, 5 closed",
        ),
        sa.Column("deadline", sa.BigInteger(), nullable=False, comment="unix seconds"),
        sa.Column(
            "fault",
            sa.BigInteger(),
            nullable=True,
            comment="log index of the entry that an answer has to undo",
        ),
        sa.Column("refund", sa.Text(), nullable=False, comment="of the price, to the buyer, once closed"),
        sa.Column(
            "compensation", sa.Text(), nullable=False, comment="from the bond, to the buyer, once closed"
        ),
        sa.Column("block", sa.BigInteger(), nullable=False, comment="of the newest event"),
        sa.Column("tx", sa.LargeBinary(length=32), nullable=False, comment="of the newest event"),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="log index of the newest event in its block"
        ),
        sa.Column(
            "due",
            sa.BigInteger(),
            nullable=True,
            comment="when the keeper looks at it next, ms; null: nothing is left to do",
        ),
        sa.Column("trouble", sa.Text(), nullable=True, comment="code by which the chain last refused"),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_escrow_deposit_order")),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_escrow_deposit")),
        sa.UniqueConstraint("deposit", name=op.f("uq_escrow_deposit_deposit")),
    )
    op.create_index(
        "ix_escrow_deposit_due",
        "escrow_deposit",
        ["due"],
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )


def downgrade() -> None:
    for table in ("escrow_cursor", "escrow_event", "escrow_deposit", "escrow_offer"):
        op.drop_table(table)
