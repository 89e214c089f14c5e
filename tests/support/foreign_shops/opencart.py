"""A small OpenCart 4 database: the public schema's columns that the mapping reads, and made-up rows.

It runs in Berlin's time, in the second of two languages, and is the second of two stores.
"""

import random
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.foreign_shops.foreign_shop import START, ForeignShop, cents, read_local, write_local

ZONE, STORE, LANGUAGE = "Europe/Berlin", 1, 2
MAPPING = f"""
extends = "opencart"
time_zone = "{ZONE}"
[variables]
prefix = "shop_"
store = {STORE}
images = "https://shop.example/image"
language = {LANGUAGE}
[orders.columns.status.values]
17 = "placed"
"""
STATUSES = {1: "placed", 2: "paid", 3: "shipped", 5: "delivered", 7: "cancelled", 11: "cancelled", 17: "placed"}
BASKETS, OTHER_STORES = "baskets that never became an order", "orders of other stores"
LINES_OF = {BASKETS: "lines of baskets that never became an order", OTHER_STORES: "lines of other stores"}
TREE = {20: (), 21: (20,), 22: (20, 21), 30: (), 3_000_021: (30,)}
"""Categories with those above them."""
PENDING, COMPLETE, REPLACED = 1, 3, 3
"""Two statuses of returns, and an action after which pieces are not given back."""

SCHEMA = """
CREATE TABLE {prefix}customer (customer_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, store_id INT(11) NOT NULL,
    firstname VARCHAR(32) NOT NULL, lastname VARCHAR(32) NOT NULL, email VARCHAR(96) NOT NULL,
    status TINYINT(1) NOT NULL, date_added DATETIME NOT NULL);
CREATE TABLE {prefix}category (category_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, parent_id INT(11) NOT NULL,
    sort_order INT(3) NOT NULL, status TINYINT(1) NOT NULL, KEY parent_id (parent_id));
CREATE TABLE {prefix}category_description (category_id INT(11) NOT NULL, language_id INT(11) NOT NULL,
    name VARCHAR(255) NOT NULL, PRIMARY KEY (category_id, language_id), KEY name (name(191)));
CREATE TABLE {prefix}category_path (category_id INT(11) NOT NULL, path_id INT(11) NOT NULL, level INT(11) NOT NULL,
    PRIMARY KEY (category_id, path_id));
CREATE TABLE {prefix}manufacturer (manufacturer_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(64) NOT NULL);
CREATE TABLE {prefix}product (product_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, master_id INT(11) NOT NULL,
    model VARCHAR(64) NOT NULL, quantity INT(4) NOT NULL, manufacturer_id INT(11) NOT NULL,
    price DECIMAL(15, 4) NOT NULL, date_available DATE NOT NULL, subtract TINYINT(1) NOT NULL,
    status TINYINT(1) NOT NULL, date_added DATETIME NOT NULL, date_modified DATETIME NOT NULL,
    image VARCHAR(255) NULL);
CREATE TABLE {prefix}product_image (product_image_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
    product_id INT(11) NOT NULL, image VARCHAR(255) NOT NULL, sort_order INT(3) NOT NULL, KEY product_id (product_id));
CREATE TABLE {prefix}product_description (product_id INT(11) NOT NULL, language_id INT(11) NOT NULL,
    name VARCHAR(255) NOT NULL, description TEXT NOT NULL, PRIMARY KEY (product_id, language_id), KEY name (name(191)));
CREATE TABLE {prefix}product_to_category (product_id INT(11) NOT NULL, category_id INT(11) NOT NULL,
    PRIMARY KEY (product_id, category_id), KEY category_id (category_id));
CREATE TABLE {prefix}product_to_store (product_id INT(11) NOT NULL, store_id INT(11) NOT NULL,
    PRIMARY KEY (product_id, store_id));
CREATE TABLE `{prefix}order` (order_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, store_id INT(11) NOT NULL,
    customer_id INT(11) NOT NULL, total DECIMAL(15, 4) NOT NULL, order_status_id INT(11) NOT NULL,
    currency_code VARCHAR(3) NOT NULL, currency_value DECIMAL(15, 8) NOT NULL, date_added DATETIME NOT NULL,
    date_modified DATETIME NOT NULL);
CREATE TABLE {prefix}order_product (order_product_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id INT(11) NOT NULL, product_id INT(11) NOT NULL, quantity INT(4) NOT NULL, price DECIMAL(15, 4) NOT NULL,
    total DECIMAL(15, 4) NOT NULL, tax DECIMAL(15, 4) NOT NULL, KEY order_id (order_id));
CREATE TABLE `{prefix}return` (return_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id INT(11) NOT NULL,
    product_id INT(11) NOT NULL, customer_id INT(11) NOT NULL, quantity INT(4) NOT NULL, opened TINYINT(1) NOT NULL,
    return_reason_id INT(11) NOT NULL, return_action_id INT(11) NOT NULL, return_status_id INT(11) NOT NULL,
    date_added DATETIME NOT NULL, date_modified DATETIME NOT NULL);
CREATE TABLE {prefix}review (review_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, product_id INT(11) NOT NULL,
    customer_id INT(11) NOT NULL, text TEXT NOT NULL, rating INT(1) NOT NULL, status TINYINT(1) NOT NULL,
    date_added DATETIME NOT NULL, KEY product_id (product_id))
"""


def make_opencart_shop() -> ForeignShop:
    """Make a shop with guests, baskets, refunds, returns, odd products, and another store and language beside it."""
    rng, shop = random.Random(7), ForeignShop(MAPPING, SCHEMA, change_opencart_shop, prefix="shop_")
    add_categories(shop)
    for key in range(1, 13):
        created_at = START + timedelta(days=key)
        shop.add("customer", customer_id=key, store_id=0, firstname=f"고객 {key} 🌸", lastname="", email="", status=1,
                 date_added=write_local(created_at, ZONE))  # fmt: skip
        shop.see("users", key, nickname=f"고객 {key} 🌸", created_at=created_at)
    for key in range(100, 124):
        add_product(shop, rng, key)
    for key in range(5000, 5090):
        add_order(shop, rng, key)
    for key in range(1, 13):
        add_review(shop, rng, key)
    return shop


def change_opencart_shop(shop: ForeignShop) -> list[str]:
    """Let a basket become an order, an order be refunded, pieces come back, a product sell out, and a review go."""
    basket = next(one for one in shop.rows["order"] if find_reasons(one) == {BASKETS})
    refunded = next(key for key, order in shop.seen["orders"].items() if order["status"] == "delivered")
    basket["order_status_id"] = 2
    see_order(shop, basket)
    see_lines(shop, basket)
    shop.see("orders", refunded, status="cancelled")
    awaited = [one for one in shop.rows["return"] if one["return_status_id"] == PENDING]
    back = next(one for one in awaited if one["order_id"] in shop.seen["orders"])
    back |= {"return_status_id": COMPLETE, "return_action_id": 2}
    see_lines(shop, next(one for one in shop.rows["order"] if one["order_id"] == back["order_id"]))
    shop.see("products", 101, stock=0)
    review, _fields = shop.seen["product_reviews"].popitem()
    later = "date_modified = UTC_TIMESTAMP() + INTERVAL 1 HOUR"
    return [
        f"UPDATE shop_order SET order_status_id = 2, {later} WHERE order_id = {basket['order_id']}",
        f"UPDATE shop_order SET order_status_id = 11, {later} WHERE order_id = {refunded}",
        f"UPDATE shop_return SET return_status_id = {COMPLETE}, return_action_id = 2, {later} "
        f"WHERE return_id = {back['return_id']}",
        "UPDATE shop_product SET quantity = -3, subtract = 1 WHERE product_id = 101",
        f"DELETE FROM shop_review WHERE review_id = {review}",
    ]


def add_categories(shop: ForeignShop) -> None:
    for position, (key, above) in enumerate(TREE.items()):
        shop.add("category", category_id=key, parent_id=above[-1] if above else 0, sort_order=position, status=1)
        for language in (1, LANGUAGE):
            shop.add("category_description", category_id=key, language_id=language, name=f"Tee &amp; {key}/{language}")
        for level, path in enumerate([*above, key]):
            shop.add("category_path", category_id=key, path_id=path, level=level)
        shop.see("categories", key, name=f"Tee & {key}/{LANGUAGE}", position=position)
    shop.see("categories", 0, name="Other", position=2**31 - 1)
    shop.add("manufacturer", manufacturer_id=3, name="Fizz")


def add_product(shop: ForeignShop, rng: random.Random, key: int) -> None:
    categories = [] if key % 8 == 0 else sorted(rng.sample(list(TREE), rng.randint(1, 3)))
    quantity, subtract, status = rng.choice([0, -2, 7]), rng.choice([0, 1]), int(key % 5 != 0)
    available = START + timedelta(days=20_000 if key % 7 == 0 else 0)
    stores = [0] if key % 9 == 0 else [0, STORE]
    has_name, price = key % 11 != 0, Decimal(rng.randint(10_000, 990_000)) / 10_000
    master = 100 if key == 110 else 0
    shop.add("product", product_id=key, master_id=master, model=f"M-{key}", quantity=quantity, price=price,
             manufacturer_id=3 * (key % 2), date_available=available.date(), subtract=subtract, status=status,
             date_added=write_local(START, ZONE), date_modified=write_local(START, ZONE),
             image=("", f"catalog/{key}.jpg", None)[key % 3])  # fmt: skip
    if key % 3 == 1:
        see_picture(shop, key * 2, key, 0)
    if key % 2:
        shop.add("product_image", product_image_id=key, product_id=key, image=f"catalog/{key}.jpg", sort_order=2)
        see_picture(shop, key * 2 + 1, key, 3)
    for language in (1, LANGUAGE) if has_name else (1,):
        shop.add("product_description", product_id=key, language_id=language, description="",
                 name=f"상품 &quot;{key}&quot; &amp; {language}")  # fmt: skip
    shop.see_categories(key, {above for one in categories for above in (one, *TREE[one])})
    for category in categories:
        shop.add("product_to_category", product_id=key, category_id=category)
    for store in stores:
        shop.add("product_to_store", product_id=key, store_id=store)
    shop.see(
        "products",
        key,
        category_id=min(categories, key=lambda one: (-len(TREE[one]), one), default=0),
        title=f'상품 "{key}" & {LANGUAGE}' if has_name else f"M-{key}",
        brand="Fizz" if key % 2 else None,
        price=cents(price),
        stock=max(quantity, 0 if subtract else 1),
        is_visible=bool(status) and available == START and STORE in stores,
        family_id=master or key,
        created_at=START,
    )


def see_picture(shop: ForeignShop, image: int, product: int, position: int) -> None:
    url = f"https://shop.example/image/catalog/{product}.jpg"
    shop.see("product_images", image, product_id=product, image_url=url, position=position)


def add_order(shop: ForeignShop, rng: random.Random, key: int) -> None:
    placed = write_local(START + timedelta(hours=26 * (key - 5000)), ZONE)
    order = {
        "order_id": key,
        "store_id": rng.choice([0, STORE, STORE, STORE]),
        "customer_id": rng.choice([0, *shop.seen["users"]]),
        "total": Decimal(rng.randint(10_000, 990_000)) / 10_000,
        "order_status_id": rng.choice([0, 0, *STATUSES]),
        "currency_code": "EUR",
        "currency_value": 1,
        "date_added": placed,
        "date_modified": placed,
    }
    shop.add("order", **order)
    reasons = find_reasons(order)
    add_lines(shop, rng, order)
    add_return(shop, rng, order)
    for reason in (BASKETS, OTHER_STORES):
        shop.leave_out("orders", reason, holds=reason in reasons)
    for kept in keep_pieces(shop, key).values():
        for reason in (BASKETS, OTHER_STORES):
            shop.leave_out("order_items", LINES_OF[reason], holds=reason in reasons)
        shop.leave_out("order_items", "lines of nothing, and those that came back whole", holds=not kept)
    if not reasons:
        see_order(shop, order)
        see_lines(shop, order)


def add_lines(shop: ForeignShop, rng: random.Random, order: dict[str, Any]) -> None:
    """Write the lines of an order, of which the last may be of the first one's product."""
    products = rng.sample(list(shop.seen["products"]), rng.randint(1, 4))
    for number, product in enumerate([*products, products[0]] if rng.random() < 0.5 else products):
        price, quantity = Decimal(rng.randint(10_000, 200_000)) / 10_000, rng.choice([-1, 0, 1, 1, 2, 3])
        shop.add("order_product", order_product_id=order["order_id"] * 10 + number, order_id=order["order_id"],
                 product_id=product, quantity=quantity, price=price, total=price * quantity, tax=price / 5)  # fmt: skip


def add_return(shop: ForeignShop, rng: random.Random, order: dict[str, Any]) -> None:
    """Write what a buyer sends back of the last line: it is awaited, back for money or credit, or was replaced."""
    for number in range(rng.choice([0, 0, 1, 2])):
        line = shop.rows["order_product"][-1]
        shop.add("return", return_id=order["order_id"] * 2 + number, order_id=order["order_id"],
                 product_id=line["product_id"], customer_id=order["customer_id"], quantity=rng.randint(1, 3), opened=0,
                 return_reason_id=1, return_status_id=rng.choice([PENDING, COMPLETE, COMPLETE]),
                 return_action_id=rng.choice([0, 1, 2, REPLACED]), date_added=order["date_added"],
                 date_modified=order["date_added"])  # fmt: skip


def find_reasons(order: dict[str, Any]) -> set[str]:
    """Name the reasons for which an order is left out."""
    found = {BASKETS: order["order_status_id"] == 0, OTHER_STORES: order["store_id"] != STORE}
    return {reason for reason, holds in found.items() if holds}


def see_order(shop: ForeignShop, order: dict[str, Any]) -> None:
    shop.see(
        "orders",
        order["order_id"],
        user_id=order["customer_id"] or None,
        status=STATUSES[order["order_status_id"]],
        ordered_at=read_local(order["date_added"], ZONE),
        total_amount=order["total"].quantize(Decimal("0.001"), ROUND_HALF_UP),
    )


def keep_pieces(shop: ForeignShop, order: int) -> dict[int, int]:
    """Return what each line of an order has left after the returns of its product, which the first one bears."""
    lines = [line for line in shop.rows["order_product"] if line["order_id"] == order]
    kept = {line["order_product_id"]: line["quantity"] for line in lines}
    for product in {line["product_id"] for line in lines}:
        keys = [line["order_product_id"] for line in lines if line["product_id"] == product]
        back = sum(
            one["quantity"]
            for one in shop.rows.get("return", [])
            if (one["order_id"], one["product_id"], one["return_status_id"]) == (order, product, COMPLETE)
            and one["return_action_id"] != REPLACED
        )
        kept[min(keys)] -= min(back, max(0, sum(kept[key] for key in keys)))
    return kept


def see_lines(shop: ForeignShop, order: dict[str, Any]) -> None:
    """Say what the platform should see of an order's lines: those of which something was kept, or taken back."""
    kept, seen = keep_pieces(shop, order["order_id"]), shop.seen.setdefault("order_items", {})
    for line in shop.rows["order_product"]:
        key = line["order_product_id"]
        if kept.get(key):
            shop.see("order_items", key, order_id=line["order_id"], product_id=line["product_id"], quantity=kept[key],
                     unit_price=cents(line["price"]), created_at=read_local(order["date_added"], ZONE))  # fmt: skip
        elif key in kept:
            seen.pop(key, None)


def add_review(shop: ForeignShop, rng: random.Random, key: int) -> None:
    customer, product, status = rng.choice([0, 1, 2]), rng.choice(list(shop.seen["products"])), rng.choice([0, 1, 1])
    shop.add("review", review_id=key, product_id=product, customer_id=customer, text=f"좋아요 {key}", rating=4,
             status=status, date_added=write_local(START, ZONE))  # fmt: skip
    is_guest = shop.leave_out("product_reviews", "guests' reviews", holds=customer == 0)
    is_new = shop.leave_out("product_reviews", "reviews that nobody approved", holds=status != 1)
    if not is_guest and not is_new:
        shop.see("product_reviews", key, product_id=product, user_id=customer, rating=4, body=f"좋아요 {key}")
