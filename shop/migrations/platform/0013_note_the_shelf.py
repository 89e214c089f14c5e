"""Note on which shelf an event's product stood.

Revision: 0013, after 0011.
"""

from alembic import op

from shop.migrations.columns import text

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", text("shelf", 32, nullable=True))


def downgrade() -> None:
    op.drop_column("events", "shelf")
