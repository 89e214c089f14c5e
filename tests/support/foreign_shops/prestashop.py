"""A small PrestaShop 8 database: the public schema's columns that the mapping reads, and made-up rows.

It runs in Seoul's time, takes a second currency, and is the second of two shops, in the second of two languages.
"""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.support.foreign_shops.foreign_shop import START, ForeignShop, cents, read_local, write_local

ZONE, SHOP, LANGUAGE = "Asia/Seoul", 2, 3
MAPPING = f"""
extends = "prestashop"
time_zone = "{ZONE}"
[variables]
prefix = "kr_"
shop = {SHOP}
language = {LANGUAGE}
images = "https://shop.example/img/p"
[product_reviews]
select = \"\"\"
SELECT r.id_product_comment, r.id_product, r.id_customer, r.content, r.date_add, c.is_guest, r.validate, r.deleted,
    CAST(ROUND(r.grade) AS SIGNED) AS grade
FROM {{prefix}}product_comment AS r LEFT JOIN {{prefix}}customer AS c ON c.id_customer = r.id_customer
\"\"\"
[product_reviews.left_out]
"guests' reviews" = "is_guest <> 0 OR is_guest IS NULL"
"reviews not shown" = "validate <> 1 OR deleted <> 0"
[product_reviews.columns]
review_id = "id_product_comment"
product_id = "id_product"
user_id = "id_customer"
rating = "grade"
body = "content"
created_at = "date_add"
"""
STATES = {
    1: ("placed", 0, 0, 0), 2: ("paid", 1, 0, 1), 3: ("paid", 1, 0, 1), 4: ("shipped", 1, 1, 1),
    5: ("delivered", 1, 1, 1), 6: ("cancelled", 0, 0, 0), 7: ("cancelled", 0, 0, 0), 8: ("cancelled", 0, 0, 0),
    9: ("paid", 0, 0, 1), 20: ("shipped", 1, 1, 1), 21: ("placed", 1, 0, 0),
}  # fmt: skip
"""Order states, two of the shop's own among them: what they mean, and their flags logable, shipped and paid."""
NESTED = {1: (1, 10), 2: (2, 9), 20: (3, 6), 21: (4, 5), 3_000_020: (7, 8)}
"""Categories as nested sets."""
GUEST, DELETED = 40, 99
"""A customer who is a guest, and one who is no more."""

SCHEMA = """
CREATE TABLE {prefix}customer (id_customer INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id_shop INT(11) UNSIGNED NOT NULL, firstname VARCHAR(255) NOT NULL, email VARCHAR(255) NOT NULL,
    active TINYINT(1) UNSIGNED NOT NULL, is_guest TINYINT(1) NOT NULL, deleted TINYINT(1) NOT NULL,
    date_add DATETIME NOT NULL, date_upd DATETIME NOT NULL, KEY id_shop (id_shop, date_add));
CREATE TABLE {prefix}category (id_category INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id_parent INT(10) UNSIGNED NOT NULL, level_depth TINYINT(3) UNSIGNED NOT NULL, nleft INT(10) UNSIGNED NOT NULL,
    nright INT(10) UNSIGNED NOT NULL,    active TINYINT(1) UNSIGNED NOT NULL, KEY category_parent (id_parent));
CREATE TABLE {prefix}category_lang (id_category INT(10) UNSIGNED NOT NULL, id_shop INT(11) UNSIGNED NOT NULL,
    id_lang INT(10) UNSIGNED NOT NULL, name VARCHAR(128) NOT NULL, PRIMARY KEY (id_category, id_shop, id_lang));
CREATE TABLE {prefix}category_product (id_category INT(10) UNSIGNED NOT NULL, id_product INT(10) UNSIGNED NOT NULL,
    position INT(10) UNSIGNED NOT NULL DEFAULT 0, PRIMARY KEY (id_category, id_product), KEY id_product (id_product));
CREATE TABLE {prefix}manufacturer (id_manufacturer INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(64) NOT NULL);
CREATE TABLE {prefix}product (id_product INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id_manufacturer INT(10) UNSIGNED NULL, id_category_default INT(10) UNSIGNED NULL, reference VARCHAR(64) NULL,
    price DECIMAL(20, 6) NOT NULL, state INT(11) UNSIGNED NOT NULL, date_add DATETIME NOT NULL);
CREATE TABLE {prefix}product_shop (id_product INT(10) UNSIGNED NOT NULL, id_shop INT(10) UNSIGNED NOT NULL,
    id_category_default INT(10) UNSIGNED NULL, price DECIMAL(20, 6) NOT NULL, active TINYINT(1) UNSIGNED NOT NULL,
    available_for_order TINYINT(1) NOT NULL, visibility ENUM('both', 'catalog', 'search', 'none') NOT NULL,
    PRIMARY KEY (id_product, id_shop), KEY id_category_default (id_category_default));
CREATE TABLE {prefix}product_lang (id_product INT(10) UNSIGNED NOT NULL, id_shop INT(11) UNSIGNED NOT NULL,
    id_lang INT(10) UNSIGNED NOT NULL, name VARCHAR(128) NOT NULL, PRIMARY KEY (id_product, id_shop, id_lang));
CREATE TABLE {prefix}image (id_image INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id_product INT(10) UNSIGNED NOT NULL, position SMALLINT(2) UNSIGNED NOT NULL, cover TINYINT(1) UNSIGNED NULL,
    UNIQUE KEY id_product_cover (id_product, cover));
CREATE TABLE {prefix}image_shop (id_product INT(10) UNSIGNED NOT NULL, id_image INT(10) UNSIGNED NOT NULL,
    id_shop INT(11) UNSIGNED NOT NULL, cover TINYINT(1) UNSIGNED NULL, PRIMARY KEY (id_image, id_shop));
CREATE TABLE {prefix}stock_available (id_stock_available INT(11) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id_product INT(11) UNSIGNED NOT NULL, id_product_attribute INT(11) UNSIGNED NOT NULL,
    id_shop INT(11) UNSIGNED NOT NULL, id_shop_group INT(11) UNSIGNED NOT NULL, quantity INT(10) NOT NULL,
    out_of_stock TINYINT(1) UNSIGNED NOT NULL,
    UNIQUE KEY product_sqlstock (id_product, id_product_attribute, id_shop, id_shop_group));
CREATE TABLE {prefix}order_state (id_order_state INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    logable TINYINT(1) NOT NULL, shipped TINYINT(1) UNSIGNED NOT NULL, paid TINYINT(1) UNSIGNED NOT NULL);
CREATE TABLE {prefix}orders (id_order INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id_shop INT(11) UNSIGNED NOT NULL, id_customer INT(10) UNSIGNED NOT NULL, current_state INT(10) UNSIGNED NOT NULL,
    conversion_rate DECIMAL(13, 6) NOT NULL, total_paid_tax_excl DECIMAL(20, 6) NOT NULL, date_add DATETIME NOT NULL,
    date_upd DATETIME NOT NULL, KEY id_customer (id_customer), KEY date_add (date_add));
CREATE TABLE {prefix}order_detail (id_order_detail INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id_order INT(10) UNSIGNED NOT NULL, product_id INT(10) UNSIGNED NOT NULL,
    product_attribute_id INT(10) UNSIGNED NULL, product_quantity INT(10) UNSIGNED NOT NULL,
    product_quantity_refunded INT(10) UNSIGNED NOT NULL, product_quantity_return INT(10) UNSIGNED NOT NULL,
    unit_price_tax_incl DECIMAL(20, 6) NOT NULL, unit_price_tax_excl DECIMAL(20, 6) NOT NULL,
    KEY order_detail_order (id_order));
CREATE TABLE {prefix}product_comment (id_product_comment INT(11) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id_product INT(11) UNSIGNED NOT NULL, id_customer INT(11) UNSIGNED NOT NULL, content TEXT NOT NULL,
    grade FLOAT UNSIGNED NOT NULL, validate TINYINT(1) NOT NULL, deleted TINYINT(1) NOT NULL,
    date_add DATETIME NOT NULL)
"""


def make_prestashop_shop() -> ForeignShop:
    """Make a shop with guests, refunds, combinations, odd products, and another shop, currency and language."""
    rng, shop = random.Random(8), ForeignShop(MAPPING, SCHEMA, change_prestashop_shop, prefix="kr_")
    for state, (_meaning, logable, shipped, paid) in STATES.items():
        shop.add("order_state", id_order_state=state, logable=logable, shipped=shipped, paid=paid)
    for key in (*range(1, 13), GUEST):
        add_customer(shop, key)
    add_categories(shop)
    for key in range(100, 124):
        add_product(shop, rng, key)
    for key in range(5000, 5090):
        add_order(shop, rng, key)
    for key in range(1, 13):
        add_review(shop, rng, key)
    return shop


def change_prestashop_shop(shop: ForeignShop) -> list[str]:
    """Let an order be delivered, another be refunded, a guest become a customer, and a product be hidden."""
    delivered = next(key for key, order in shop.seen["orders"].items() if order["status"] == "placed")
    refunded = next(key for key, order in shop.seen["orders"].items() if order["status"] == "paid")
    lines = [key for key, line in shop.seen["order_items"].items() if line["order_id"] == refunded]
    hidden = next(key for key, product in shop.seen["products"].items() if product["is_visible"])
    shop.see("orders", delivered, status="delivered")
    shop.see("orders", refunded, status="cancelled")
    for line in lines:
        del shop.seen["order_items"][line]
    shop.see("products", hidden, is_visible=False)
    shop.see("users", 1, nickname="새 이름")
    shop.see("users", GUEST, nickname=f"고객 {GUEST}")
    for row in shop.rows["orders"]:
        if row["id_customer"] == GUEST and row["id_shop"] == SHOP:
            shop.see("orders", row["id_order"], user_id=GUEST)
    now = "date_upd = UTC_TIMESTAMP() + INTERVAL 9 HOUR"
    return [
        f"UPDATE kr_orders SET current_state = 5, {now} WHERE id_order = {delivered}",
        f"UPDATE kr_order_detail SET product_quantity_refunded = product_quantity WHERE id_order = {refunded}",
        f"UPDATE kr_orders SET current_state = 7, {now} WHERE id_order = {refunded}",
        f"UPDATE kr_product_shop SET visibility = 'search' WHERE id_product = {hidden}",
        f"UPDATE kr_customer SET firstname = '새 이름', {now} WHERE id_customer = 1",
        f"UPDATE kr_customer SET is_guest = 0, {now} WHERE id_customer = {GUEST}",
    ]


def list_above(category: int) -> list[int]:
    """List a category with those above it."""
    return [key for key, (left, right) in NESTED.items() if left <= NESTED[category][0] <= right]


def add_pictures(shop: ForeignShop, key: int) -> None:
    """Give a product three pictures: the last is its cover, and the second belongs to the other shop."""
    for place, picture in enumerate((key - 90, key, key * 1000), 1):
        cover = 1 if place == 3 else None
        shop.add("image", id_image=picture, id_product=key, position=place, cover=cover)
        shop.add("image_shop", id_product=key, id_image=picture, id_shop=1 if place == 2 else SHOP, cover=cover)
        if place != 2:
            folders = "/".join(str(picture))
            shop.see("product_images", picture, product_id=key, position=0 if cover else place,
                     image_url=f"https://shop.example/img/p/{folders}/{picture}.jpg")  # fmt: skip


def add_customer(shop: ForeignShop, key: int) -> None:
    created_at = START + timedelta(days=key)
    shop.add("customer", id_customer=key, id_shop=SHOP, firstname=f"고객 {key}", email="", active=1, deleted=0,
             is_guest=int(key == GUEST), date_add=write_local(created_at, ZONE),
             date_upd=write_local(created_at, ZONE))  # fmt: skip
    if not shop.leave_out("users", "guests' accounts", holds=key == GUEST):
        shop.see("users", key, nickname=f"고객 {key}", created_at=created_at)


def add_categories(shop: ForeignShop) -> None:
    for key, (left, right) in NESTED.items():
        shop.add("category", id_category=key, id_parent=0, level_depth=0, nleft=left, nright=right, active=1)
        for one in (1, SHOP):
            for language in (1, LANGUAGE):
                shop.add("category_lang", id_category=key, id_shop=one, id_lang=language,
                         name=f"차 & {key}/{one}/{language}")  # fmt: skip
        shop.see("categories", key, name=f"차 & {key}/{SHOP}/{LANGUAGE}", position=left)
    shop.see("categories", 0, name="Other", position=2**31 - 1)
    shop.add("manufacturer", id_manufacturer=3, name="Fizz")


def add_product(shop: ForeignShop, rng: random.Random, key: int) -> None:
    price, quantity, allows = Decimal(rng.randint(10**6, 10**8)) / 10**6, rng.choice([0, -2, 7]), rng.choice([0, 1, 2])
    category, visibility = (
        rng.choice([20, 21, 3_000_020, 77]),
        rng.choice(["both", "both", "catalog", "search", "none"]),
    )
    active, is_for_sale, state = int(key % 6 != 0), int(key % 7 != 0), int(key % 13 != 0)
    is_here, has_name = key % 9 != 0, key % 11 != 0
    shop.add("product", id_product=key, id_manufacturer=3 if key % 2 else None, id_category_default=20, state=state,
             reference=f"R-{key}", price=price + 1, date_add=write_local(START, ZONE))  # fmt: skip
    for one in (1, SHOP) if is_here else (1,):
        shop.add("product_shop", id_product=key, id_shop=one, id_category_default=category, price=price + SHOP - one,
                 active=active, available_for_order=is_for_sale, visibility=visibility)  # fmt: skip
    for language in (1, LANGUAGE) if has_name else (1,):
        shop.add("product_lang", id_product=key, id_shop=SHOP, id_lang=language, name=f'상품 "{key}" {language}')
    add_pictures(shop, key)
    stands_in = {category, 3_000_020} if key % 2 else {category}
    for one in stands_in:
        shop.add("category_product", id_category=one, id_product=key)
    shop.see_categories(key, {above for one in stands_in & NESTED.keys() for above in list_above(one)})
    is_shared = key % 4 == 0
    for combination in (0, 1):
        shop.add("stock_available", id_product=key, id_product_attribute=combination, quantity=quantity + combination,
                 id_shop=0 if is_shared else SHOP, id_shop_group=int(is_shared), out_of_stock=allows)  # fmt: skip
    is_visible = is_here and active and is_for_sale and state and visibility in ("both", "catalog")
    shop.see(
        "products",
        key,
        category_id=20 if not is_here else 0 if category == 77 else category,
        title=f'상품 "{key}" {LANGUAGE}' if has_name else f"R-{key}",
        brand="Fizz" if key % 2 else None,
        price=cents(price if is_here else price + 1),
        stock=max(quantity, int(allows == 1), 0),
        is_visible=bool(is_visible),
        created_at=START,
    )


def add_order(shop: ForeignShop, rng: random.Random, key: int) -> None:
    placed = write_local(START + timedelta(hours=26 * (key - 5000)), ZONE)
    order = {
        "id_order": key,
        "id_shop": rng.choice([1, SHOP, SHOP, SHOP]),
        "id_customer": rng.choice([GUEST, DELETED, *shop.seen["users"]]),
        "current_state": rng.choice(list(STATES)),
        "conversion_rate": rng.choice([Decimal(1), Decimal("1.25")]),
        "total_paid_tax_excl": Decimal(rng.randint(10**6, 10**8)) / 10**6,
        "date_add": placed,
        "date_upd": placed,
    }
    shop.add("orders", **order)
    is_others, customer = order["id_shop"] != SHOP, order["id_customer"]
    shop.leave_out("orders", "orders of other shops", holds=is_others)
    if not is_others:
        shop.see("orders", key, user_id=None if customer in (GUEST, DELETED) else customer,
                 status=STATES[order["current_state"]][0],
                 ordered_at=read_local(placed, ZONE),
                 total_amount=cents(order["total_paid_tax_excl"] / order["conversion_rate"]))  # fmt: skip
    for number in range(rng.randint(1, 4)):
        add_line(shop, rng, key * 10 + number, order, is_others)


def add_line(shop: ForeignShop, rng: random.Random, key: int, order: dict[str, Any], is_others: bool) -> None:
    product, price = rng.choice(list(shop.seen["products"])), Decimal(rng.randint(10**6, 10**7)) / 10**6
    quantity, refunded, returned = rng.randint(1, 3), rng.choice([0, 0, 1]), rng.choice([0, 0, 1])
    shop.add("order_detail", id_order_detail=key, id_order=order["id_order"], product_id=product,
             product_attribute_id=rng.choice([0, 1]), product_quantity=quantity, product_quantity_refunded=refunded,
             product_quantity_return=returned, unit_price_tax_incl=price * 2, unit_price_tax_excl=price)  # fmt: skip
    left = quantity - max(refunded, returned)
    shop.leave_out("order_items", "lines of other shops", holds=is_others)
    is_gone = shop.leave_out("order_items", "lines that were refunded whole", holds=left < 1)
    if not is_gone and not is_others:
        shop.see("order_items", key, order_id=order["id_order"], product_id=product, quantity=left,
                 unit_price=cents(price / order["conversion_rate"]))  # fmt: skip


def add_review(shop: ForeignShop, rng: random.Random, key: int) -> None:
    customer, product = rng.choice([0, 1, 2, GUEST]), rng.choice(list(shop.seen["products"]))
    validate, deleted, grade = rng.choice([0, 1, 1, 1]), rng.choice([0, 0, 0, 1]), rng.choice([1, 4.4, 4.6])
    shop.add("product_comment", id_product_comment=key, id_product=product, id_customer=customer, content=f"글 {key}",
             grade=grade, validate=validate, deleted=deleted, date_add=write_local(START, ZONE))  # fmt: skip
    is_guest = shop.leave_out("product_reviews", "guests' reviews", holds=customer in (0, GUEST))
    is_hidden = shop.leave_out("product_reviews", "reviews not shown", holds=validate != 1 or deleted != 0)
    if not is_guest and not is_hidden:
        shop.see("product_reviews", key, product_id=product, user_id=customer, rating=round(grade), body=f"글 {key}")
