"""Find products by words.

Revision: 0013, after 0012.
"""

from shop.migrations.search_index import create_search_index, drop_search_index

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_search_index()


def downgrade() -> None:
    drop_search_index()
