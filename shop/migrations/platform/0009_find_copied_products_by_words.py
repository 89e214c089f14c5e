"""Find products of the copy by words, unless the shop's own tables are here.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.search_index import create_search_index, drop_search_index

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if has_copy():
        create_search_index()


def downgrade() -> None:
    if has_copy():
        drop_search_index()


def has_copy() -> bool:
    """Return whether `products` is the copy's: the shop's own tables have `checkouts` beside them."""
    return not sa.inspect(op.get_bind()).has_table("checkouts")
