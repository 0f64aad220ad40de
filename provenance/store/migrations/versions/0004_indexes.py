"""indexes: a party by its successor, credentials by party, the touched keys of a batch"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TOUCHED = sa.text("entries > 0 OR reservation IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_party_successor", "party", ["successor"], unique=False)
    op.create_index("ix_credential_party", "credential", ["party"], unique=False)
    op.create_index(
        "ix_card_key_touched",
        "card_key",
        ["batch", "idx"],
        unique=False,
        sqlite_where=_TOUCHED,
        postgresql_where=_TOUCHED,
    )


def downgrade() -> None:
    op.drop_index("ix_card_key_touched", table_name="card_key")
    op.drop_index("ix_credential_party", table_name="credential")
    op.drop_index("ix_party_successor", table_name="party")
