"""presale: reviews before the sale of graded goods; the signing key of a reviewer"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 0")


def upgrade() -> None:
    op.add_column(
        "reviewer",
        sa.Column(
            "signer", sa.LargeBinary(length=20), comment="address of the key that signs reviews before a sale"
        ),
    )
    _review()
    op.create_table(
        "presale_decision",
        sa.Column("review", sa.LargeBinary(length=16), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("signer", sa.LargeBinary(length=20), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=65), nullable=False),
        sa.Column("verdict", sa.SmallInteger(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False, comment="bits of the checklist"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["review"], ["presale_review.id"], name=op.f("fk_presale_decision_review")),
        sa.PrimaryKeyConstraint("review", "person", name=op.f("pk_presale_decision")),
        sa.UniqueConstraint("review", "signer", name=op.f("uq_presale_decision_review_signer")),
    )
    op.create_table(
        "presale_evidence",
        sa.Column("review", sa.LargeBinary(length=16), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the plain bytes"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("by", sa.LargeBinary(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), comment="name of the sealed file; null once it is erased"),
        sa.Column("key", sa.LargeBinary(), comment="its key, sealed; null once it is erased"),
        sa.ForeignKeyConstraint(["review"], ["presale_review.id"], name=op.f("fk_presale_evidence_review")),
        sa.PrimaryKeyConstraint("review", "digest", name=op.f("pk_presale_evidence")),
    )


def _review() -> None:
    op.create_table(
        "presale_review",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column(
            "platform",
            sa.LargeBinary(length=20),
            nullable=False,
            comment="who will sell it, and asked for the review",
        ),
        sa.Column("supplier", sa.LargeBinary(length=20), nullable=False),
        sa.Column("terms", sa.LargeBinary(length=32), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("single_up_to", sa.BigInteger(), nullable=False, comment="a dearer sale takes two people"),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.SmallInteger(),
            nullable=False,
            comment="0 open, 1 approved, 2 rejected, 3 withdrawn",
        ),
        sa.Column("approvals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("video", sa.LargeBinary(length=32), comment="digest of the one video that is signed for"),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("event", sa.LargeBinary(length=16), comment="its QUALIFICATION entry"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presale_review")),
    )
    op.create_index("ix_presale_review_key", "presale_review", ["batch", "idx", "terms"])
    op.create_index("ix_presale_review_platform", "presale_review", ["platform", "requested_at"])
    op.create_index(
        "uq_presale_review_open",
        "presale_review",
        ["batch", "idx", "terms"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    op.drop_table("presale_evidence")
    op.drop_table("presale_decision")
    op.drop_index("uq_presale_review_open", table_name="presale_review")
    op.drop_index("ix_presale_review_platform", table_name="presale_review")
    op.drop_index("ix_presale_review_key", table_name="presale_review")
    op.drop_table("presale_review")
    op.drop_column("reviewer", "signer")
