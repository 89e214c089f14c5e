"""Let the copy of a shop keep what products cost when they are not reduced, unless the shop's own tables are here.

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.change_log import drop_change_log

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if has_copy():
        op.add_column("products", sa.Column("regular_price", sa.Numeric(13, 3), nullable=True))


def downgrade() -> None:
    if has_copy():
        drop_change_log(op.get_bind())
        op.drop_column("products", "regular_price")


def has_copy() -> bool:
    """Return whether `products` is the copy's: the shop's own tables have `checkouts` beside them."""
    return not sa.inspect(op.get_bind()).has_table("checkouts")
