"""Note where an event's shelf stood and how likely that was, and keep with a batch what became of shelves.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import integer, json

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", integer("place", nullable=True))
    thousandths = sa.Numeric(13, 3).with_variant(sa.Numeric(12, 2), "sqlite")  # where declarations hold nothing back
    op.add_column("events", sa.Column("propensity", thousandths, nullable=True))
    op.add_column("recommendation_batches", json("shelf_statistics", nullable=True))


def downgrade() -> None:
    op.drop_column("recommendation_batches", "shelf_statistics")
    op.drop_column("events", "propensity")
    op.drop_column("events", "place")
