"""Note which user buckets of a batch are written, with what an audit needs to know of them.

Revision: 0002, after 0001.
"""

from alembic import op

from shop.migrations.columns import big_id, check, create_table, integer, json, reference, text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "batch_buckets",
        ("batch_id", "bucket"),
        text("batch_id", 64),
        integer("bucket"),
        integer("num_users"),
        big_id("num_rows"),
        text("checksum", 64),
        json("facts"),
        check("ck_batch_buckets_counts_not_negative", "bucket >= 0 AND num_users >= 0 AND num_rows >= 0"),
        reference("batch_buckets", "batch_id", "recommendation_batches.batch_id", on_delete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("batch_buckets")
