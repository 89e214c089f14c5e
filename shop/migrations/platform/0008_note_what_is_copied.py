"""Note how far the copy of a shop has been read, so that the next round reads only what changed since.

Revision: 0008, after 0007.
"""

from alembic import op

from shop.migrations.columns import instant, text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = "catalogue_copies"


def upgrade() -> None:
    for column in (
        instant("read_until", nullable=True),
        instant("compared_at", nullable=True),
        text("fingerprint", 64, nullable=True),
    ):
        op.add_column(TABLE, column)


def downgrade() -> None:
    for name in ("fingerprint", "compared_at", "read_until"):
        op.drop_column(TABLE, name)
