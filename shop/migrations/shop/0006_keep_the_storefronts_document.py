"""Keep what a merchant says of the storefront.

Revision: 0006, after 0005.
"""

from alembic import op

from shop.migrations.columns import create_table, text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table("storefront_documents", ("name",), text("name", 32), text("document"))


def downgrade() -> None:
    op.drop_table("storefront_documents")
