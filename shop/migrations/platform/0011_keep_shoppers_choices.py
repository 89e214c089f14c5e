"""Keep what shoppers say of their recommendations.

Revision: 0011, after 0010.
"""

from alembic import op

from shop.migrations.columns import big_id, check, create_indexes, create_table, instant, text, unique

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "shopper_choices",
        ("choice_id",),
        big_id("choice_id"),
        big_id("user_id"),
        text("choice_key", 250),
        text("kind", 32),
        big_id("product_id"),
        text("product_type", 200, nullable=True),
        big_id("category_id"),
        big_id("order_id", server_default="0"),
        instant("made_at"),
        instant("undone_at", nullable=True),
        unique("shopper_choices", "user_id", "choice_key"),
        check("ck_shopper_choices_kind_known", "kind IN ('not_interested_product', 'not_interested_type', 'gift')"),
    )
    create_indexes("shopper_choices", ("updated_at", "choice_id"))


def downgrade() -> None:
    op.drop_table("shopper_choices")
