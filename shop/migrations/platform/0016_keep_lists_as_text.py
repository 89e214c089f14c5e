"""Keep published lists as text on MySQL, which writes its own JSON anew at each read. The tables are copied once.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from shop.migrations.columns import is_sqlite

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("recommendations", "popular_lists", "product_neighbours")


def upgrade() -> None:
    declare_products(mysql.LONGTEXT())


def downgrade() -> None:
    declare_products(sa.JSON())


def declare_products(kind: sa.types.TypeEngine[object]) -> None:
    """Declare the column of lists anew. SQLite keeps JSON as text whatever is declared."""
    if not is_sqlite():
        for table in TABLES:
            op.alter_column(table, "products", type_=kind, existing_nullable=False, nullable=False)
