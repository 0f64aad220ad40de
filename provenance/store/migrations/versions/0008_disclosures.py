"""disclosures: which entries they are, what follows on what, and the documents"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disclosure",
        sa.Column("event", sa.LargeBinary(length=16), nullable=False),
        sa.Column("party", sa.LargeBinary(length=20), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("follows", sa.LargeBinary(length=16), comment="the disclosure that this one ends"),
        sa.ForeignKeyConstraint(["event"], ["entry.event"], name=op.f("fk_disclosure_event")),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_disclosure")),
        sa.UniqueConstraint("follows", name=op.f("uq_disclosure_follows")),
    )
    op.create_index("ix_disclosure_party", "disclosure", ["party", "time"], unique=False)
    op.create_table(
        "disclosure_paper",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the content"),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_disclosure_paper")),
    )


def downgrade() -> None:
    op.drop_table("disclosure_paper")
    op.drop_index("ix_disclosure_party", table_name="disclosure")
    op.drop_table("disclosure")
