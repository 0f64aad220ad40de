"""reports: the monthly figures of platforms, and the reviews of buyers"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "platform_report",
        sa.Column("platform", sa.LargeBinary(length=20), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False, comment="first ms of the month (UTC)"),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the document"),
        sa.Column("document", sa.Text(), nullable=False, comment="RFC 8785 JSON"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.LargeBinary(length=16), nullable=False, comment="its QUALIFICATION entry"),
        sa.ForeignKeyConstraint(["event"], ["entry.event"], name=op.f("fk_platform_report_event")),
        sa.PrimaryKeyConstraint("platform", "start", name=op.f("pk_platform_report")),
        sa.UniqueConstraint("hash", name=op.f("uq_platform_report_hash")),
    )
    op.create_table(
        "buyer_review",
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("stars", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.LargeBinary(length=16), nullable=False, comment="its QUALIFICATION entry"),
        sa.ForeignKeyConstraint(["event"], ["entry.event"], name=op.f("fk_buyer_review_event")),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_buyer_review_order")),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_buyer_review")),
    )


def downgrade() -> None:
    op.drop_table("buyer_review")
    op.drop_table("platform_report")
