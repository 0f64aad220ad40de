"""issuer reports: what issuers said about keys, beside what the registry knows"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "issuer_report",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.LargeBinary(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the issuer said it"),
        sa.Column("answer", sa.Text(), nullable=False, comment="the canonical enumeration"),
        sa.Column("used_at", sa.BigInteger(), comment="when the key was used, if the issuer said so"),
        sa.Column("evidence", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the raw answer"),
        sa.Column(
            "asked", sa.Boolean(), nullable=False, comment="we asked; else the issuer reported by itself"
        ),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "idx", "issuer", "at", name=op.f("pk_issuer_report")),
    )


def downgrade() -> None:
    op.drop_table("issuer_report")
