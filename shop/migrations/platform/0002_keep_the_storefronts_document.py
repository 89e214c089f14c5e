"""Keep what a merchant says of the storefront, unless it is there: revision 0006 of the shop put it there.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import create_table, text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not sa.inspect(op.get_bind()).has_table("storefront_documents"):
        create_table("storefront_documents", ("name",), text("name", 32), text("document"))


def downgrade() -> None:
    op.drop_table("storefront_documents")
