"""Keep which products are variants of one thing.

Revision: 0011, after 0010.
"""

from alembic import op

from shop.migrations.columns import big_id, create_indexes

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", big_id("family_id", nullable=True))
    create_indexes("products", ("family_id",))


def downgrade() -> None:
    op.drop_index("ix_products_family_id", "products")
    op.drop_column("products", "family_id")
