"""Keep what a product costs when it is not reduced.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.change_log import drop_change_log
from shop.migrations.columns import is_sqlite

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NOT_NEGATIVE = "regular_price IS NULL OR regular_price >= 0"
NAME = "ck_products_regular_price_not_negative"


def upgrade() -> None:
    if is_sqlite():  # whose tables take no condition later
        op.execute(
            f"ALTER TABLE products ADD COLUMN regular_price NUMERIC(12, 2) CONSTRAINT {NAME} CHECK ({NOT_NEGATIVE})"
        )
    else:
        op.add_column("products", sa.Column("regular_price", sa.Numeric(13, 3), nullable=True))
        op.create_check_constraint(op.f(NAME), "products", NOT_NEGATIVE)


def downgrade() -> None:
    drop_change_log(op.get_bind())
    if not is_sqlite():
        op.drop_constraint(op.f(NAME), "products", type_="check")
    op.drop_column("products", "regular_price")
