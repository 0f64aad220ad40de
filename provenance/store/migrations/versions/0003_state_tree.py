"""state tree: sparse versioned tiles, batches in order of COMMISSION, how far the log is folded"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "state_tile",
        sa.Column(
            "tree", sa.BigInteger(), nullable=False, comment="0 the batches, else position of the batch + 1"
        ),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "cells", sa.LargeBinary(), nullable=False, comment="bitmap of 32 bytes, then the touched hashes"
        ),
        sa.PrimaryKeyConstraint("tree", "level", "idx", "version", name=op.f("pk_state_tile")),
    )
    op.create_table(
        "state_superseded",
        sa.Column("by", sa.BigInteger(), nullable=False, comment="the version that took its place"),
        sa.Column("tree", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("by", "tree", "level", "idx", name=op.f("pk_state_superseded")),
    )
    op.create_table(
        "state_batch",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("range_chain", sa.LargeBinary(length=32), nullable=False),
        sa.Column("keys_root", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_state_batch")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_state_batch_batch_id")),
    )
    op.create_table(
        "state_progress",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "folded", sa.BigInteger(), nullable=False, comment="entries of the log that are in the tree"
        ),
        sa.Column(
            "version", sa.BigInteger(), nullable=False, comment="what is folded now is written under this"
        ),
        sa.Column(
            "floor", sa.BigInteger(), nullable=False, comment="STATEs below this index are no longer provable"
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_state_progress_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_progress")),
    )


def downgrade() -> None:
    for table in ("state_progress", "state_batch", "state_superseded", "state_tile"):
        op.drop_table(table)
