"""Let the copy of a shop keep which products are variants of one thing, unless the shop's own tables are here.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import big_id, create_indexes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if has_copy():
        op.add_column("products", big_id("family_id", nullable=True))
        create_indexes("products", ("family_id",))


def downgrade() -> None:
    if has_copy():
        op.drop_index("ix_products_family_id", "products")
        op.drop_column("products", "family_id")


def has_copy() -> bool:
    """Return whether `products` is the copy's: the shop's own tables have `checkouts` beside them."""
    return not sa.inspect(op.get_bind()).has_table("checkouts")
