"""warranty: terms, orders, evidence, claims, reserves, payments, recourse"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence_use",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("claim", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_evidence_use")),
    )
    op.create_index("ix_evidence_use_claim", "evidence_use", ["claim"], unique=False)
    op.create_table(
        "published_terms",
        sa.Column("platform", sa.LargeBinary(length=20), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the RFC 8785 form"),
        sa.Column("document", sa.Text(), nullable=False, comment="RFC 8785 JSON"),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.LargeBinary(length=16), nullable=False, comment="its TERMS entry"),
        sa.PrimaryKeyConstraint("platform", "hash", name=op.f("pk_published_terms")),
    )
    op.create_table(
        "reserve",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("owner", sa.LargeBinary(length=20), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column(
            "product",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="format, product, face value and currency, hashed",
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=True, comment="the key; opened once, then null"),
        sa.Column("deposited_at", sa.BigInteger(), nullable=False),
        sa.Column("claim", sa.LargeBinary(length=32), nullable=True, comment="which took it"),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_reserve")),
    )
    op.create_index(
        "ix_reserve_free",
        "reserve",
        ["owner", "product", "deposited_at"],
        unique=False,
        sqlite_where=sa.text("taken_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_table(
        "warranty_order",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("platform", sa.LargeBinary(length=20), nullable=False, comment="who answers to the buyer"),
        sa.Column(
            "seller",
            sa.LargeBinary(length=20),
            nullable=False,
            comment="actor of the SELL; a supplier's reserve sells too",
        ),
        sa.Column("supplier", sa.LargeBinary(length=20), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column(
            "party", sa.LargeBinary(length=20), nullable=False, comment="the buyer's use, as in the SELL"
        ),
        sa.Column("sell", sa.LargeBinary(length=16), nullable=False, comment="event of the SELL"),
        sa.Column("token", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the order token"),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("terms", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "product",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="what can replace it: see reserve.product",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "cover_from",
            sa.BigInteger(),
            nullable=True,
            comment="of a replacement: the delivery of what it replaces",
        ),
        sa.Column("replaces", sa.LargeBinary(length=32), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=True, comment="when the watch has to look at it next, ms"),
        sa.Column(
            "claims", sa.Integer(), server_default="0", nullable=False, comment="guard: claims ever opened"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warranty_order")),
        sa.UniqueConstraint("batch", "idx", "party", name=op.f("uq_warranty_order_batch_idx_party")),
    )
    op.create_index(
        "ix_warranty_order_due",
        "warranty_order",
        ["due"],
        unique=False,
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.create_index("ix_warranty_order_platform", "warranty_order", ["platform", "created_at"], unique=False)
    op.create_index("ix_warranty_order_replaces", "warranty_order", ["replaces"], unique=False)
    op.create_index("ix_warranty_order_token", "warranty_order", ["token"], unique=False)
    op.create_table(
        "warranty_progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_warranty_progress")),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("platform", sa.LargeBinary(length=20), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "causes", sa.Text(), nullable=False, comment="space separated, the one it is decided by first"
        ),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True, comment="null while it is open"),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("last_time", sa.BigInteger(), nullable=False, comment="of its newest entry, ms"),
        sa.Column(
            "due",
            sa.BigInteger(),
            nullable=True,
            comment="when the default of its state happens, ms; null once closed",
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="steps so far: the guard of every change"),
        sa.Column("value", sa.Text(), nullable=False, comment="the claim as JSON, without its terms"),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_claim_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    op.create_index(
        "ix_claim_due",
        "claim",
        ["due"],
        unique=False,
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.create_index("ix_claim_order", "claim", ["order"], unique=False)
    op.create_index("ix_claim_platform", "claim", ["platform", "opened_at"], unique=False)
    op.create_index(
        "uq_claim_open",
        "claim",
        ["order"],
        unique=True,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "delivered_key",
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="the replacement, sealed under the order's token; null once erased",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_delivered_key_order")),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_delivered_key")),
    )
    op.create_table(
        "evidence",
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the plain bytes"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "by",
            sa.LargeBinary(length=20),
            nullable=False,
            comment="who handed it in: a party, or the buyer's use",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False, comment="media type, found by looking at the bytes"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column(
            "file", sa.Text(), nullable=True, comment="name of the sealed file; null once it is erased"
        ),
        sa.Column("key", sa.LargeBinary(), nullable=True, comment="its key, sealed; null once it is erased"),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_evidence_order")),
        sa.PrimaryKeyConstraint("order", "digest", name=op.f("pk_evidence")),
    )
    op.create_index("ix_evidence_digest", "evidence", ["digest"], unique=False)
    op.create_table(
        "order_event",
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.SmallInteger(),
            nullable=False,
            comment="1 paid, 2 submitted to the carrier, 3 arrived, 4 cancelled",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it happened, ms"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.LargeBinary(length=20), nullable=False),
        sa.Column("type", sa.Text(), nullable=False, comment="type of the evidence"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_order_event_order")),
        sa.PrimaryKeyConstraint("order", "kind", name=op.f("pk_order_event")),
    )
    op.create_table(
        "posting",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("claim", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(["order"], ["warranty_order.id"], name=op.f("fk_posting_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
    )
    op.create_index("ix_posting_order", "posting", ["order"], unique=False)
    op.create_table(
        "claim_record",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("claim", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="facts of a decision, request for evidence, payment"
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "document",
            sa.Text(),
            nullable=False,
            comment="RFC 8785 JSON: times, codes and digests, no persons",
        ),
        sa.ForeignKeyConstraint(["claim"], ["claim.id"], name=op.f("fk_claim_record_claim")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_claim_record")),
    )
    op.create_index("ix_claim_record_claim", "claim_record", ["claim"], unique=False)
    op.create_table(
        "claim_task",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("claim", sa.LargeBinary(length=32), nullable=False),
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="freeze, release, draw, recover"),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["claim"], ["claim.id"], name=op.f("fk_claim_task_claim")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_task")),
    )
    op.create_index("ix_claim_task_claim", "claim_task", ["claim"], unique=False)
    op.create_index(
        "ix_claim_task_open",
        "claim_task",
        ["at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "payment",
        sa.Column("claim", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="refund, voucher, bond"),
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("platform", sa.LargeBinary(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False, comment="0 owed, 1 paid, 2 stopped"),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("record", sa.LargeBinary(length=32), nullable=True, comment="digest of what shows it"),
        sa.ForeignKeyConstraint(["claim"], ["claim.id"], name=op.f("fk_payment_claim")),
        sa.PrimaryKeyConstraint("claim", "kind", name=op.f("pk_payment")),
    )
    op.create_index("ix_payment_platform", "payment", ["platform", "state"], unique=False)
    op.create_table(
        "recourse",
        sa.Column("claim", sa.LargeBinary(length=32), nullable=False),
        sa.Column("order", sa.LargeBinary(length=32), nullable=False),
        sa.Column("supplier", sa.LargeBinary(length=20), nullable=False),
        sa.Column("platform", sa.LargeBinary(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False, comment="JSON"),
        sa.ForeignKeyConstraint(["claim"], ["claim.id"], name=op.f("fk_recourse_claim")),
        sa.PrimaryKeyConstraint("claim", name=op.f("pk_recourse")),
    )
    op.create_index(
        "ix_recourse_due",
        "recourse",
        ["due"],
        unique=False,
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.create_index("ix_recourse_platform", "recourse", ["platform", "since"], unique=False)
    op.create_index("ix_recourse_supplier", "recourse", ["supplier", "since"], unique=False)
    op.create_table(
        "reviewer",
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False, comment="the same for every credential of one person"),
        sa.Column(
            "parties",
            sa.Text(),
            nullable=False,
            comment="addresses of whom the person works for or owns, as JSON",
        ),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["credential"], ["credential.id"], name=op.f("fk_reviewer_credential")),
        sa.PrimaryKeyConstraint("credential", name=op.f("pk_reviewer")),
    )


def downgrade() -> None:
    op.drop_table("reviewer")
    op.drop_index("ix_recourse_supplier", table_name="recourse")
    op.drop_index("ix_recourse_platform", table_name="recourse")
    op.drop_index(
        "ix_recourse_due",
        table_name="recourse",
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.drop_table("recourse")
    op.drop_index("ix_payment_platform", table_name="payment")
    op.drop_table("payment")
    op.drop_index(
        "ix_claim_task_open",
        table_name="claim_task",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_index("ix_claim_task_claim", table_name="claim_task")
    op.drop_table("claim_task")
    op.drop_index("ix_claim_record_claim", table_name="claim_record")
    op.drop_table("claim_record")
    op.drop_index("ix_posting_order", table_name="posting")
    op.drop_table("posting")
    op.drop_table("order_event")
    op.drop_index("ix_evidence_digest", table_name="evidence")
    op.drop_table("evidence")
    op.drop_table("delivered_key")
    op.drop_index(
        "uq_claim_open",
        table_name="claim",
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.drop_index("ix_claim_platform", table_name="claim")
    op.drop_index("ix_claim_order", table_name="claim")
    op.drop_index(
        "ix_claim_due",
        table_name="claim",
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.drop_table("claim")
    op.drop_table("warranty_progress")
    op.drop_index("ix_warranty_order_token", table_name="warranty_order")
    op.drop_index("ix_warranty_order_replaces", table_name="warranty_order")
    op.drop_index("ix_warranty_order_platform", table_name="warranty_order")
    op.drop_index(
        "ix_warranty_order_due",
        table_name="warranty_order",
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.drop_table("warranty_order")
    op.drop_index(
        "ix_reserve_free",
        table_name="reserve",
        sqlite_where=sa.text("taken_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.drop_table("reserve")
    op.drop_table("published_terms")
    op.drop_index("ix_evidence_use_claim", table_name="evidence_use")
    op.drop_table("evidence_use")
