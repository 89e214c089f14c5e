"""A small WooCommerce database with HPOS: the public schema's tables that the mapping reads, and made-up rows.

Rows are made as the platform should see them, and written in WooCommerce's own terms.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, text

START = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
CENT = Decimal("0.01")
STATUSES = {
    "wc-completed": "delivered",
    "wc-processing": "paid",
    "wc-on-hold": "placed",
    "wc-pending": "cancelled",
    "wc-cancelled": "cancelled",
    "wc-refunded": "cancelled",
}

SCHEMA = """
CREATE TABLE wp_users (ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, user_login VARCHAR(60) NOT NULL,
    user_pass VARCHAR(255) NOT NULL, user_email VARCHAR(100) NOT NULL, user_registered DATETIME NOT NULL,
    display_name VARCHAR(250) NOT NULL, KEY user_login_key (user_login), KEY user_email (user_email));
CREATE TABLE wp_terms (term_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(200) NOT NULL,
    slug VARCHAR(200) NOT NULL, KEY slug (slug(191)), KEY name (name(191)));
CREATE TABLE wp_term_taxonomy (term_taxonomy_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    term_id BIGINT UNSIGNED NOT NULL, taxonomy VARCHAR(32) NOT NULL, parent BIGINT UNSIGNED NOT NULL DEFAULT 0,
    UNIQUE KEY term_id_taxonomy (term_id, taxonomy), KEY taxonomy (taxonomy));
CREATE TABLE wp_term_relationships (object_id BIGINT UNSIGNED NOT NULL, term_taxonomy_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (object_id, term_taxonomy_id), KEY term_taxonomy_id (term_taxonomy_id));
CREATE TABLE wp_posts (ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, post_date_gmt DATETIME NOT NULL,
    post_content LONGTEXT NOT NULL, post_title TEXT NOT NULL, post_status VARCHAR(20) NOT NULL,
    post_modified_gmt DATETIME NOT NULL, post_type VARCHAR(20) NOT NULL, post_parent BIGINT UNSIGNED NOT NULL DEFAULT 0,
    KEY type_status_date (post_type, post_status, post_date_gmt, ID), KEY post_parent (post_parent));
CREATE TABLE wp_wc_product_meta_lookup (product_id BIGINT NOT NULL PRIMARY KEY, sku VARCHAR(100) NULL,
    min_price DECIMAL(19, 4) NULL, max_price DECIMAL(19, 4) NULL, stock_quantity DOUBLE NULL,
    stock_status VARCHAR(100) NULL DEFAULT 'instock', KEY stock_status (stock_status));
CREATE TABLE wp_wc_orders (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, status VARCHAR(20) NULL, currency VARCHAR(10) NULL,
    type VARCHAR(20) NULL, tax_amount DECIMAL(26, 8) NULL, total_amount DECIMAL(26, 8) NULL,
    customer_id BIGINT UNSIGNED NULL, date_created_gmt DATETIME NULL, date_updated_gmt DATETIME NULL,
    parent_order_id BIGINT UNSIGNED NULL, KEY status (status), KEY date_created (date_created_gmt),
    KEY customer_id (customer_id), KEY date_updated (date_updated_gmt));
CREATE TABLE wp_woocommerce_order_items (order_item_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_item_name TEXT NOT NULL, order_item_type VARCHAR(200) NOT NULL, order_id BIGINT UNSIGNED NOT NULL,
    KEY order_id (order_id));
CREATE TABLE wp_woocommerce_order_itemmeta (meta_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_item_id BIGINT UNSIGNED NOT NULL, meta_key VARCHAR(255) NULL, meta_value LONGTEXT NULL,
    KEY order_item_id (order_item_id), KEY meta_key (meta_key(32)));
CREATE TABLE wp_comments (comment_ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    comment_post_ID BIGINT UNSIGNED NOT NULL, comment_date_gmt DATETIME NOT NULL, comment_content TEXT NOT NULL,
    comment_approved VARCHAR(20) NOT NULL, comment_type VARCHAR(20) NOT NULL, user_id BIGINT UNSIGNED NOT NULL,
    KEY comment_post_ID (comment_post_ID));
CREATE TABLE wp_commentmeta (meta_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    comment_id BIGINT UNSIGNED NOT NULL, meta_key VARCHAR(255) NULL, meta_value LONGTEXT NULL,
    KEY comment_id (comment_id), KEY meta_key (meta_key(191)))
"""


@dataclass
class WooCommerceShop:
    """What the platform should see, by key, and what WooCommerce's own tables hold."""

    categories: dict[int, str] = field(default_factory=dict)
    users: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    products: dict[int, tuple[int, str, str | None, Decimal, int, bool]] = field(default_factory=dict)
    orders: dict[int, tuple[int, str, datetime, Decimal]] = field(default_factory=dict)
    order_items: dict[int, tuple[int, int, int, Decimal, Decimal]] = field(default_factory=dict)
    reviews: dict[int, tuple[int, int, int, str]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        """Put a row into one of WooCommerce's tables."""
        self.rows.setdefault(table, []).append(row)

    def fill(self, engine: Engine) -> None:
        """Make the tables and write all rows."""
        with engine.begin() as connection:
            for statement in SCHEMA.split(";\n"):
                connection.exec_driver_sql(f"{statement} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4")
            for table, rows in self.rows.items():
                for row in rows:
                    names = ", ".join(row)
                    values = ", ".join(f":{name}" for name in row)
                    connection.execute(text(f"INSERT INTO wp_{table} ({names}) VALUES ({values})"), row)


def make_woocommerce_shop(
    seed: int = 7, num_users: int = 20, num_products: int = 30, num_orders: int = 120
) -> WooCommerceShop:
    """Make a shop with guests, refunds, drafts, and products that are hidden, sold out, unpriced, in two categories."""
    rng, shop = random.Random(seed), WooCommerceShop()
    add_categories(shop)
    for key in range(1, num_users + 1):
        shop.users[key] = (f"고객 {key} 🌸", START + timedelta(days=key))
        shop.add("users", ID=key, user_login=f"u{key}", user_pass="", user_email="", display_name=shop.users[key][0],
                 user_registered=naive(shop.users[key][1]))  # fmt: skip
    for key in range(100, 100 + num_products):
        add_product(shop, rng, key)
    for key in range(5000, 5000 + num_orders):
        add_order(shop, rng, key)
    add_reviews(shop, rng)
    return shop


def add_categories(shop: WooCommerceShop) -> None:
    terms = [(15, "Tea &amp; Coffee", "product_cat"), (16, "과자", "product_cat"), (17, "Bread", "product_cat"),
             (30, "Corner", "product_brand"), (31, "Fizz", "product_brand"),
             (40, "exclude-from-catalog", "product_visibility"), (50, "Other", "category")]  # fmt: skip
    for key, name, taxonomy in terms:
        shop.add("terms", term_id=key, name=name, slug=f"t{key}")
        shop.add("term_taxonomy", term_taxonomy_id=key + 1000, term_id=key, taxonomy=taxonomy)
    shop.categories = {15: "Tea & Coffee", 16: "과자", 17: "Bread"}


def add_product(shop: WooCommerceShop, rng: random.Random, key: int) -> None:
    categories = sorted(rng.sample([15, 16, 17], rng.randint(1, 2)))
    brand = rng.choice([None, (30, "Corner"), (31, "Fizz")])
    price = None if key % 11 == 0 else Decimal(rng.randint(100, 9999)) / 100
    quantity, stock_status = rng.choice([(None, "instock"), (7, "instock"), (0, "outofstock"), (-2, "onbackorder")])
    status = rng.choice(["publish", "publish", "publish", "draft", "trash"])
    is_hidden = key % 7 == 0
    shop.add("posts", ID=key, post_title=f"상품 {key} &amp; more", post_content=f"<p>{key}\n</p>", post_status=status,
             post_type="product", post_date_gmt=naive(START), post_modified_gmt=naive(START))  # fmt: skip
    shop.add("posts", ID=key + 10_000, post_title="a variation", post_content="", post_status="publish",
             post_type="product_variation", post_parent=key, post_date_gmt=naive(START),
             post_modified_gmt=naive(START))  # fmt: skip
    shop.add("wc_product_meta_lookup", product_id=key, min_price=price, max_price=price, stock_quantity=quantity,
             stock_status=stock_status)  # fmt: skip
    shop.add("wc_product_meta_lookup", product_id=key + 10_000, min_price=price, stock_status="instock")
    terms = [*categories, *([brand[0]] if brand else []), *([40] if is_hidden else [])]
    for term in terms:
        shop.add("term_relationships", object_id=key, term_taxonomy_id=term + 1000)
    stock = 0 if stock_status == "outofstock" else max(1, quantity or 1)
    is_visible = status == "publish" and price is not None and not is_hidden
    shop.products[key] = (
        categories[0], f"상품 {key} & more", brand[1] if brand else None, price or Decimal("0.00"), stock, is_visible,
    )  # fmt: skip


def add_order(shop: WooCommerceShop, rng: random.Random, key: int) -> None:
    customer = rng.choice([0, *shop.users])
    kind = "shop_order_refund" if key % 17 == 0 else "shop_order"
    status = rng.choice([*STATUSES, "wc-checkout-draft"])
    ordered_at = START + timedelta(hours=7 * (key - 5000))
    is_seen = customer > 0 and kind == "shop_order" and status != "wc-checkout-draft"
    total = Decimal(0)
    for line in range(rng.randint(1, 4)):
        item, product, quantity = key * 10 + line, rng.choice(list(shop.products)), rng.randint(1, 3)
        full = Decimal(rng.randint(100, 2000) * quantity) / 100
        paid = full - (Decimal("0.50") if rng.random() < 0.3 else 0)
        total += paid
        amounts = {"_line_subtotal": full, "_line_total": paid}
        add_line(shop, item, key, "line_item", _product_id=product, _variation_id=0, _qty=quantity, **amounts)
        if is_seen:
            shop.order_items[item] = (
                key,
                product,
                quantity,
                (paid / quantity).quantize(CENT, "ROUND_HALF_UP"),
                full - paid,
            )
    add_line(shop, key * 10 + 9, key, "shipping", cost="4.90")
    shop.add("wc_orders", id=key, status=status, type=kind, currency="KRW", total_amount=total, customer_id=customer,
             date_created_gmt=naive(ordered_at), date_updated_gmt=naive(ordered_at))  # fmt: skip
    if is_seen:
        shop.orders[key] = (customer, STATUSES[status], ordered_at, total)


def add_line(shop: WooCommerceShop, item: int, order: int, kind: str, **meta: Any) -> None:
    shop.add("woocommerce_order_items", order_item_id=item, order_id=order, order_item_type=kind, order_item_name="x")
    for name, value in meta.items():
        shop.add("woocommerce_order_itemmeta", order_item_id=item, meta_key=name, meta_value=str(value))


def add_reviews(shop: WooCommerceShop, rng: random.Random) -> None:
    for key in range(1, 21):
        user, product, rating = rng.choice([0, 1, 2]), rng.choice(list(shop.products)), rng.randint(1, 5)
        approved, kind = rng.choice(["1", "1", "0", "spam"]), rng.choice(["review", "review", "comment"])
        shop.add("comments", comment_ID=key, comment_post_ID=product, comment_date_gmt=naive(START), user_id=user,
                 comment_content=f"좋아요 {key}", comment_approved=approved, comment_type=kind)  # fmt: skip
        shop.add("commentmeta", comment_id=key, meta_key="rating", meta_value=str(rating))
        if user and approved == "1" and kind == "review":
            shop.reviews[key] = (product, user, rating, f"좋아요 {key}")


def naive(instant: datetime) -> datetime:
    """Write an instant as WordPress's GMT columns have it."""
    return instant.replace(tzinfo=None)
