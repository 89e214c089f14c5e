"""Keep the numbers that stand for ids of text.

Revision: 0004, after 0003.
"""

from alembic import op

from shop.migrations.columns import big_id, create_table, text, unique

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "shop_ids",
        ("kind", "number"),
        text("kind", 32),
        big_id("number"),
        text("digest", 64),
        text("text"),
        unique("shop_ids", "kind", "digest"),
    )


def downgrade() -> None:
    op.drop_table("shop_ids")
