"""Keep the numbers that stand for ids of text.

Revision: 0008, after 0007.
"""

from alembic import op

from shop.migrations.columns import big_id, create_table, text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table("text_ids", ("kind", "number"), text("kind", 32), big_id("number"), text("text"))


def downgrade() -> None:
    op.drop_table("text_ids")
