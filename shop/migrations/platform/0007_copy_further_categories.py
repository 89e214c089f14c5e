"""Let the copy of a shop list products in several categories, unless the shop's own tables are here.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import MYSQL_OPTIONS, big_id, create_indexes, instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = "product_categories"


def upgrade() -> None:
    if has_copy():
        op.create_table(
            TABLE,
            big_id("product_category_id", autoincrement=False),
            big_id("product_id"),
            big_id("category_id"),
            instant("created_at", nullable=True),
            instant("updated_at", nullable=True),
            sa.PrimaryKeyConstraint("product_category_id", name=op.f(f"pk_{TABLE}")),
            **MYSQL_OPTIONS,
        )
        create_indexes(TABLE, ("category_id", "product_id"), ("updated_at", "product_category_id"))


def downgrade() -> None:
    if has_copy():
        op.drop_table(TABLE)


def has_copy() -> bool:
    """Return whether `products` is the copy's: the shop's own tables have `checkouts` beside them."""
    return not sa.inspect(op.get_bind()).has_table("checkouts")
