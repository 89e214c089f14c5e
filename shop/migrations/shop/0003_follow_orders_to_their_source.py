"""Note the rungs and the arm that showed a product, and the key under which a storefront placed an order.

Revision: 0003, after 0002.
"""

from alembic import op

from shop.migrations.columns import big_id, create_table, reference, text, unique

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", text("rung", 100, nullable=True))
    op.add_column("events", text("arm", 64, nullable=True))
    create_table(
        "checkouts",
        ("order_key",),
        text("order_key", 64),
        big_id("order_id"),
        reference("checkouts", "order_id", "orders.order_id", on_delete="CASCADE"),
        unique("checkouts", "order_id"),
    )


def downgrade() -> None:
    op.drop_table("checkouts")
    op.drop_column("events", "arm")
    op.drop_column("events", "rung")
