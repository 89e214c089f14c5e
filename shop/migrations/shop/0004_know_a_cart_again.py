"""Note with an order's key which cart was ordered, so that the same key with another cart is refused.

Revision: 0004, after 0003.
"""

from alembic import op

from shop.migrations.columns import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checkouts", text("cart_hash", 64, nullable=True))


def downgrade() -> None:
    op.drop_column("checkouts", "cart_hash")
