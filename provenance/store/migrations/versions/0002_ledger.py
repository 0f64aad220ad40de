"""ledger: rare entries by type, one living transaction a nonce, headers of beacons"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block_header",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False, comment="RLP"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_block_header")),
    )
    op.create_index(
        "ix_entry_not_on_keys",
        "entry",
        ["type", "log_index"],
        unique=False,
        sqlite_where=sa.text("type >= 32"),
        postgresql_where=sa.text("type >= 32"),
    )
    op.create_index(
        "uq_chain_tx_living",
        "chain_tx",
        ["sender", "nonce"],
        unique=True,
        sqlite_where=sa.text("status < 3"),
        postgresql_where=sa.text("status < 3"),
    )


def downgrade() -> None:
    op.drop_index("uq_chain_tx_living", table_name="chain_tx")
    op.drop_index("ix_entry_not_on_keys", table_name="entry")
    op.drop_table("block_header")
