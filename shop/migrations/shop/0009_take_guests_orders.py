"""Let an order be a guest's: of nobody that the shop knows. Going back, guests' orders are lost.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import is_sqlite, redeclare_on_sqlite

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REQUIRED, OPTIONAL = "user_id INTEGER NOT NULL", "user_id INTEGER"


def upgrade() -> None:
    if is_sqlite():
        redeclare_on_sqlite("orders", REQUIRED, OPTIONAL)
    else:
        op.alter_column("orders", "user_id", existing_type=sa.BigInteger, nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM orders WHERE user_id IS NULL")
    if is_sqlite():
        redeclare_on_sqlite("orders", OPTIONAL, REQUIRED)
    else:
        op.alter_column("orders", "user_id", existing_type=sa.BigInteger, nullable=False)
