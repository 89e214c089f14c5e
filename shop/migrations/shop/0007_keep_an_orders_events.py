"""Keep an order's events beside it until the platform's database has them.

Revision: 0007, after 0006.
"""

from alembic import op

from shop.migrations.columns import big_id, create_table, json, reference

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "pending_order_events",
        ("order_id",),
        big_id("order_id", autoincrement=False),
        json("events"),
        reference("pending_order_events", "order_id", "orders.order_id", on_delete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("pending_order_events")
