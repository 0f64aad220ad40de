"""orders of a supplier, found without reading all of them"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_warranty_order_supplier", "warranty_order", ["supplier", "created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_warranty_order_supplier", table_name="warranty_order")
