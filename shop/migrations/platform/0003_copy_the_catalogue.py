"""Make room for a copy of what pages read of a shop, unless the shop's own tables are here.

The copy has the canonical tables' names and columns, and neither foreign keys nor checks: it holds what the shop has,
and a row that waits for another one stops nothing.

Revision: 0003, after 0002.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from shop.migrations.columns import (
    MYSQL_OPTIONS,
    big_id,
    create_indexes,
    create_table,
    instant,
    integer,
    text,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "categories",
    "users",
    "products",
    "product_images",
    "coupons",
    "orders",
    "order_items",
    "user_coupons",
    "product_reviews",
)


def upgrade() -> None:
    create_table("catalogue_copies", ("name",), text("name", 32), instant("copied_at"), big_id("num_set_aside"))
    if not sa.inspect(op.get_bind()).has_table("products"):
        create_catalogue()
        create_sales()
        create_coupons_and_reviews()


def downgrade() -> None:
    op.drop_table("catalogue_copies")
    if not sa.inspect(op.get_bind()).has_table("checkouts"):  # which the shop's own tables have beside them
        for table in TABLES:
            op.drop_table(table)


def create_catalogue() -> None:
    create_copy("categories", big_id("category_id"), text("name", 500), integer("position"))
    create_copy(
        "products",
        big_id("product_id"),
        big_id("category_id"),
        text("title", 500),
        text("brand", 500, nullable=True),
        text("product_type", 500, nullable=True),
        text("size", 500, nullable=True),
        amount("price"),
        big_id("stock"),
        sa.Column("is_visible", sa.Boolean, nullable=False),
        long_text("description"),
    )
    create_indexes("products", ("category_id", "is_visible", "product_id"))
    create_copy("product_images", big_id("image_id"), big_id("product_id"), text("image_url", 500), integer("position"))
    create_indexes("product_images", ("product_id", "position"))


def create_sales() -> None:
    create_copy("users", big_id("user_id"), text("nickname", 500))
    create_copy(
        "orders",
        big_id("order_id"),
        big_id("user_id"),
        text("status", 16),
        instant("ordered_at"),
        amount("total_amount"),
    )
    create_indexes("orders", ("user_id", "ordered_at", "order_id"))
    create_copy(
        "order_items",
        big_id("order_item_id"),
        big_id("order_id"),
        big_id("product_id"),
        integer("quantity"),
        amount("unit_price"),
        amount("discount_amount"),
    )
    create_indexes("order_items", ("order_id",))


def create_coupons_and_reviews() -> None:
    create_copy(
        "coupons",
        big_id("coupon_id"),
        text("code", 500),
        text("name", 500),
        text("discount_type", 16),
        amount("discount_value"),
        instant("valid_from"),
        instant("valid_until"),
        big_id("product_id", nullable=True),
        big_id("category_id", nullable=True),
    )
    create_copy(
        "user_coupons",
        big_id("user_coupon_id"),
        big_id("user_id"),
        big_id("coupon_id"),
        instant("issued_at"),
        instant("used_at", nullable=True),
        big_id("order_id", nullable=True),
    )
    create_indexes("user_coupons", ("user_id", "used_at"))
    create_copy(
        "product_reviews",
        big_id("review_id"),
        big_id("product_id"),
        big_id("user_id"),
        integer("rating"),
        long_text("body"),
        instant("created_at"),
    )
    create_indexes("product_reviews", ("product_id", "created_at"))


def create_copy(name: str, key: sa.Column[Any], *columns: sa.Column[Any]) -> None:
    """Create a table of the copy, whose first column is its key."""
    primary = sa.PrimaryKeyConstraint(key.name, name=op.f(f"pk_{name}"))
    key.autoincrement = False
    op.create_table(name, key, *columns, primary, **MYSQL_OPTIONS)


def amount(name: str) -> sa.Column[Any]:
    """Declare an exact amount in thousandths."""
    return sa.Column(name, sa.Numeric(13, 3), nullable=False)


def long_text(name: str) -> sa.Column[Any]:
    """Declare text of any length, also beyond the 64 KiB that MySQL's TEXT holds."""
    return sa.Column(name, sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"), nullable=True)
