"""Date the rows of the copy, and take guests' orders in: where a shop has ids of text, the sync reads the copy.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import create_indexes, instant, is_sqlite, redeclare_on_sqlite

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEYS = {
    "categories": "category_id",
    "users": "user_id",
    "products": "product_id",
    "product_images": "image_id",
    "coupons": "coupon_id",
    "orders": "order_id",
    "order_items": "order_item_id",
    "user_coupons": "user_coupon_id",
    "product_reviews": "review_id",
}


def upgrade() -> None:
    if not is_ours():
        return
    for table, key in KEYS.items():
        if table != "product_reviews":
            op.add_column(table, instant("created_at", nullable=True))
        op.add_column(table, instant("updated_at", nullable=True))
        create_indexes(table, ("updated_at", key))
    if is_sqlite():
        redeclare_on_sqlite("orders", "user_id INTEGER NOT NULL", "user_id INTEGER")
    else:
        op.alter_column("orders", "user_id", existing_type=sa.BigInteger(), nullable=True)


def downgrade() -> None:
    if not is_ours():
        return
    op.execute("DELETE FROM orders WHERE user_id IS NULL")
    if is_sqlite():
        redeclare_on_sqlite("orders", "user_id INTEGER", "user_id INTEGER NOT NULL")
    else:
        op.alter_column("orders", "user_id", existing_type=sa.BigInteger(), nullable=False)
    for table, key in KEYS.items():
        op.drop_index(op.f(f"ix_{table}_updated_at_{key}"), table)
        op.drop_column(table, "updated_at")
        if table != "product_reviews":
            op.drop_column(table, "created_at")


def is_ours() -> bool:
    """Tell whether the tables are the copy's, not the shop's own, which has this one beside them."""
    return not sa.inspect(op.get_bind()).has_table("checkouts")
