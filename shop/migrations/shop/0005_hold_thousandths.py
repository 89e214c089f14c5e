"""Let amounts have three decimals, as the dinars have.

SQLite needs no change: its columns hold any number. MySQL copies the tables. Going back rounds to hundredths.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import is_sqlite

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AMOUNTS = {
    "products": {"price": None},
    "orders": {"total_amount": None},
    "order_items": {"unit_price": None, "discount_amount": "0"},
    "coupons": {"discount_value": None},
}
"""Columns by table, with their defaults."""


def upgrade() -> None:
    declare(sa.Numeric(13, 3))


def downgrade() -> None:
    declare(sa.Numeric(12, 2))


def declare(kind: sa.Numeric[object]) -> None:
    """Give every column of amounts a type, all of a table in one go."""
    if is_sqlite():
        return
    for table, columns in AMOUNTS.items():
        with op.batch_alter_table(table) as batch:
            for name, default in columns.items():
                batch.alter_column(name, type_=kind, existing_nullable=False, existing_server_default=default)
