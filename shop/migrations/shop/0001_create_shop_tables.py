"""Create the shop's tables.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import (
    big_id,
    check,
    create_indexes,
    create_table,
    instant,
    integer,
    json,
    money,
    reference,
    text,
    unique,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "users",
    "categories",
    "products",
    "product_images",
    "product_reviews",
    "orders",
    "order_items",
    "coupons",
    "user_coupons",
    "events",
    "recommendation_batches",
    "recommendations",
    "popular_lists",
    "product_neighbours",
    "batch_pointer",
    "audit_log",
)


def upgrade() -> None:
    create_people_and_catalogue()
    create_sales()
    create_coupons()
    create_events()
    create_publishing()
    create_audit_log()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def create_people_and_catalogue() -> None:
    create_table("users", ("user_id",), big_id("user_id"), text("nickname", 100))
    create_indexes("users", ("updated_at", "user_id"))
    create_table(
        "categories", ("category_id",), big_id("category_id"), text("name", 200), integer("position", default=0)
    )
    create_indexes("categories", ("updated_at", "category_id"))
    create_table(
        "products",
        ("product_id",),
        big_id("product_id"),
        big_id("category_id"),
        text("title", 500),
        text("brand", 200, nullable=True),
        text("product_type", 200, nullable=True),
        text("size", 100, nullable=True),
        money("price"),
        integer("stock", default=0),
        sa.Column("is_visible", sa.Boolean, nullable=False, server_default=sa.text("1")),
        text("description", nullable=True),
        reference("products", "category_id", "categories.category_id"),
        check("ck_products_price_not_negative", "price >= 0"),
        check("ck_products_stock_not_negative", "stock >= 0"),
        check("ck_products_is_visible_boolean", "is_visible IN (0, 1)"),
    )
    create_indexes("products", ("category_id", "is_visible", "product_id"), ("updated_at", "product_id"))
    create_table(
        "product_images",
        ("image_id",),
        big_id("image_id"),
        big_id("product_id"),
        text("image_url", 500),
        integer("position", default=0),
        reference("product_images", "product_id", "products.product_id", on_delete="CASCADE"),
        unique("product_images", "product_id", "position"),
        check("ck_product_images_position_not_negative", "position >= 0"),
    )
    create_indexes("product_images", ("updated_at", "image_id"))
    create_table(
        "product_reviews",
        ("review_id",),
        big_id("review_id"),
        big_id("product_id"),
        big_id("user_id"),
        integer("rating"),
        text("body", nullable=True),
        reference("product_reviews", "product_id", "products.product_id", on_delete="CASCADE"),
        reference("product_reviews", "user_id", "users.user_id", on_delete="CASCADE"),
        check("ck_product_reviews_rating_one_to_five", "rating BETWEEN 1 AND 5"),
    )
    create_indexes("product_reviews", ("product_id", "created_at"), ("user_id",), ("updated_at", "review_id"))


def create_sales() -> None:
    create_table(
        "orders",
        ("order_id",),
        big_id("order_id"),
        big_id("user_id"),
        text("status", 16, default="placed"),
        instant("ordered_at"),
        money("total_amount"),
        reference("orders", "user_id", "users.user_id"),
        check("ck_orders_status_known", "status IN ('placed', 'paid', 'shipped', 'delivered', 'cancelled')"),
        check("ck_orders_total_amount_not_negative", "total_amount >= 0"),
    )
    create_indexes("orders", ("user_id", "ordered_at", "order_id"), ("updated_at", "order_id"))
    create_table(
        "order_items",
        ("order_item_id",),
        big_id("order_item_id"),
        big_id("order_id"),
        big_id("product_id"),
        integer("quantity"),
        money("unit_price"),
        money("discount_amount", default="0"),
        reference("order_items", "order_id", "orders.order_id", on_delete="CASCADE"),
        reference("order_items", "product_id", "products.product_id"),
        check("ck_order_items_quantity_positive", "quantity > 0"),
        check("ck_order_items_unit_price_not_negative", "unit_price >= 0"),
        check("ck_order_items_discount_amount_not_negative", "discount_amount >= 0"),
    )
    create_indexes("order_items", ("order_id",), ("product_id",), ("updated_at", "order_item_id"))


def create_coupons() -> None:
    create_table(
        "coupons",
        ("coupon_id",),
        big_id("coupon_id"),
        text("code", 64),
        text("name", 200),
        text("discount_type", 16),
        money("discount_value"),
        instant("valid_from"),
        instant("valid_until"),
        big_id("product_id", nullable=True),
        big_id("category_id", nullable=True),
        reference("coupons", "product_id", "products.product_id", on_delete="CASCADE"),
        reference("coupons", "category_id", "categories.category_id", on_delete="CASCADE"),
        unique("coupons", "code"),
        check("ck_coupons_discount_type_known", "discount_type IN ('percent', 'amount')"),
        check(
            "ck_coupons_discount_value_range",
            "discount_value >= 0 AND (discount_type <> 'percent' OR discount_value <= 100)",
        ),
        check("ck_coupons_valid_until_after_valid_from", "valid_until > valid_from"),
    )
    create_indexes("coupons", ("product_id",), ("category_id",), ("updated_at", "coupon_id"))
    create_table(
        "user_coupons",
        ("user_coupon_id",),
        big_id("user_coupon_id"),
        big_id("user_id"),
        big_id("coupon_id"),
        instant("issued_at"),
        instant("used_at", nullable=True),
        big_id("order_id", nullable=True),
        reference("user_coupons", "user_id", "users.user_id", on_delete="CASCADE"),
        reference("user_coupons", "coupon_id", "coupons.coupon_id", on_delete="CASCADE"),
        reference("user_coupons", "order_id", "orders.order_id"),
    )
    create_indexes(
        "user_coupons", ("user_id", "used_at"), ("coupon_id",), ("order_id",), ("updated_at", "user_coupon_id")
    )


def create_events() -> None:
    create_table(
        "events",
        ("event_id",),
        big_id("event_id"),
        text("event_key", 100),
        big_id("user_id", nullable=True),
        text("event_type", 16),
        big_id("product_id"),
        text("request_id", 64),
        integer("position", nullable=True),
        text("batch_id", 64, nullable=True),
        text("model_version", 32, nullable=True),
        instant("occurred_at"),
        unique("events", "event_key"),
        check("ck_events_event_type_known", "event_type IN ('impression', 'click', 'cart', 'order')"),
        check("ck_events_position_not_negative", "position IS NULL OR position >= 0"),
    )
    create_indexes("events", ("user_id", "occurred_at"), ("occurred_at",), ("updated_at", "event_id"))


def create_publishing() -> None:
    create_table(
        "recommendation_batches",
        ("batch_id",),
        text("batch_id", 64),
        big_id("epoch"),
        instant("as_of"),
        text("model_version", 32),
        text("alias", 64, nullable=True),
        text("state", 16, default="writing"),
        integer("num_users", default=0),
        big_id("num_rows", server_default="0"),
        text("checksum", 64, nullable=True),
        json("audit", nullable=True),
        unique("recommendation_batches", "epoch"),
        check(
            "ck_recommendation_batches_state_known",
            "state IN ('writing', 'audited', 'published', 'refused', 'retired')",
        ),
        check("ck_recommendation_batches_counts_not_negative", "num_users >= 0 AND num_rows >= 0"),
    )
    create_indexes("recommendation_batches", ("state", "epoch"))
    create_batch_table("recommendations", ("user_id",), big_id("user_id", autoincrement=False))
    create_batch_table(
        "popular_lists",
        ("scope", "category_id"),
        text("scope", 16),
        big_id("category_id", autoincrement=False, server_default="0"),
        check("ck_popular_lists_scope_known", "scope IN ('global', 'category', 'newest')"),
        check("ck_popular_lists_category_id_of_scope", "scope = 'category' OR category_id = 0"),
    )
    create_batch_table("product_neighbours", ("product_id",), big_id("product_id", autoincrement=False))
    create_table(
        "batch_pointer",
        ("name",),
        text("name", 64),
        text("batch_id", 64),
        big_id("epoch"),
        instant("moved_at", now=True),
        reference("batch_pointer", "batch_id", "recommendation_batches.batch_id"),
    )
    create_indexes("batch_pointer", ("batch_id",))


def create_batch_table(name: str, key: tuple[str, ...], *items: sa.schema.SchemaItem) -> None:
    """Create a table of product lists that belongs to a batch and goes with it."""
    belongs = reference(name, "batch_id", "recommendation_batches.batch_id", on_delete="CASCADE")
    create_table(name, ("batch_id", *key), text("batch_id", 64), *items, json("products"), belongs)


def create_audit_log() -> None:
    create_table(
        "audit_log",
        ("audit_id",),
        big_id("audit_id"),
        instant("occurred_at", now=True),
        text("actor", 100),
        text("action", 64),
        text("subject", 200),
        text("from_value", 200, nullable=True),
        text("to_value", 200, nullable=True),
        text("reason", nullable=True),
        json("details", nullable=True),
    )
    create_indexes("audit_log", ("occurred_at",))
