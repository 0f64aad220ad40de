"""risk: the score that an order had when it was made"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_risk",
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("points", sa.SmallInteger(), nullable=False, comment="0 to 100"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_order_risk_order")),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_order_risk")),
    )


def downgrade() -> None:
    op.drop_table("order_risk")
