"""Let a product stand in several categories.

Revision: 0012, after 0011.
"""

from alembic import op

from shop.migrations.columns import big_id, create_indexes, create_table, reference

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "product_categories",
        ("product_category_id",),
        big_id("product_category_id"),
        big_id("product_id"),
        big_id("category_id"),
        reference("product_categories", "product_id", "products.product_id", on_delete="CASCADE"),
        reference("product_categories", "category_id", "categories.category_id", on_delete="CASCADE"),
    )
    create_indexes(
        "product_categories", ("category_id", "product_id"), ("product_id",), ("updated_at", "product_category_id")
    )


def downgrade() -> None:
    op.drop_table("product_categories")
