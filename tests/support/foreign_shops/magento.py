"""A small Magento 2 database with made-up rows: two websites, two store views, prices of the catalogue with tax."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.support.foreign_shops.foreign_shop import START, ForeignShop, cents, read_local, round_to_pieces, write_local
from tests.support.foreign_shops.magento_schema import (
    ATTRIBUTES,
    ENTITY_TYPES,
    IMAGE,
    MANUFACTURER,
    NAME,
    NAME_OF_CATEGORY,
    PRICE,
    SCHEMA,
    STATUS,
    VISIBILITY,
)

WEBSITE, STORE = 2, 3
"""The website whose orders count, and one of its two store views; view 1 is of another website."""
MAPPING = f"""
extends = "magento"
[variables]
prefix = "m2_"
website = {WEBSITE}
store = {STORE}
images = "https://shop.example/media/catalog/product"
price = "base_price_incl_tax"
"""
STATES = {"new": "placed", "holded": "placed", "payment_review": "placed", "processing": "paid",
          "complete": "delivered", "pending_payment": "cancelled", "closed": "cancelled",
          "canceled": "cancelled"}  # fmt: skip
TREE = {10: 2, 11: 3, 12: 4, 20: 2, 3_000_012: 3}
"""Categories with their levels; the shop's root is of level 1."""
PATHS = {10: "/10", 11: "/10/11", 12: "/10/11/12", 20: "/20", 3_000_012: "/20/3000012"}
"""Those above each, with itself."""
OTHERS, LINES_OF_OTHERS = "orders of other websites", "lines of other websites"
PARTS, GONE = "parts of other lines", "lines that were cancelled or refunded whole"


def make_magento_shop() -> ForeignShop:
    """Make a shop with guests, refunds, configurable products and their parts, odd products, and another website."""
    rng, shop = random.Random(9), ForeignShop(MAPPING, SCHEMA, change_magento_shop, prefix="m2_")
    for store, website in {1: 1, 2: WEBSITE, STORE: WEBSITE}.items():
        shop.add("store", store_id=store, code=f"s{store}", website_id=website)
    for key in range(1, 13):
        created_at = START + timedelta(days=key)
        name = None if key == 5 else f"고객 {key} 🌸"
        shop.add("customer_entity", entity_id=key, website_id=WEBSITE, email="", created_at=write_local(created_at),
                 updated_at=write_local(created_at), firstname=name)  # fmt: skip
        shop.see("users", key, nickname=name or "", created_at=created_at)
    add_attributes(shop)
    add_categories(shop)
    for key in range(100, 124):
        add_product(shop, rng, key)
    for key in range(5000, 5090):
        add_order(shop, rng, key)
    add_reviews(shop, rng)
    return shop


def change_magento_shop(shop: ForeignShop) -> list[str]:
    """Let an order be closed, a line of another be refunded, a guest's order find its customer, and a price move."""
    closed = next(key for key, order in shop.seen["orders"].items() if order["status"] == "delivered")
    line = next(key for key, one in shop.seen["order_items"].items() if one["order_id"] != closed)
    guests = next(key for key, order in shop.seen["orders"].items() if order["user_id"] is None)
    shop.see("orders", guests, user_id=1)
    shop.see("orders", closed, status="cancelled")
    del shop.seen["order_items"][line]
    shop.see("products", 101, price=Decimal("7.50"))
    shop.see("users", 1, nickname="새 이름")
    return [
        f"UPDATE m2_sales_order SET state = 'closed' WHERE entity_id = {closed}",
        f"UPDATE m2_sales_order_item SET qty_refunded = qty_ordered WHERE item_id = {line}",
        f"UPDATE m2_sales_order SET customer_id = 1 WHERE entity_id = {guests}",
        f"UPDATE m2_catalog_product_index_price SET min_price = 7.5 WHERE entity_id = 101 AND website_id = {WEBSITE}",
        "UPDATE m2_customer_entity SET firstname = '새 이름' WHERE entity_id = 1",
    ]


def add_attributes(shop: ForeignShop) -> None:
    for code, key in ENTITY_TYPES.items():
        shop.add("eav_entity_type", entity_type_id=key, entity_type_code=code)
    for key, (entity, code) in ATTRIBUTES.items():
        shop.add("eav_attribute", attribute_id=key, entity_type_id=ENTITY_TYPES[entity], attribute_code=code)
    for store, value in {0: "Fizz", STORE: "피즈"}.items():
        shop.add("eav_attribute_option_value", option_id=6, store_id=store, value=value)


def add_categories(shop: ForeignShop) -> None:
    for key, level in {1: 0, 2: 1, **TREE}.items():
        shop.add(
            "catalog_category_entity",
            entity_id=key,
            parent_id=2,
            path=f"1/2{PATHS.get(key, '')}",
            position=key,
            level=level,
        )
        for store in (0,) if key == 11 else (0, STORE):
            shop.add("catalog_category_entity_varchar", attribute_id=NAME_OF_CATEGORY, store_id=store, entity_id=key,
                     value=f"Tee & {key}/{store}")  # fmt: skip
        if level > 1:
            shop.see("categories", key, name=f"Tee & {key}/{0 if key == 11 else STORE}", position=key)
    shop.see("categories", 0, name="Other", position=2**31 - 1)


def add_value(shop: ForeignShop, table: str, attribute: int, key: int, value: Any, store: int = 0) -> None:
    shop.add(f"catalog_product_entity_{table}", attribute_id=attribute, store_id=store, entity_id=key, value=value)


def add_product(shop: ForeignShop, rng: random.Random, key: int) -> None:
    """Make a simple product, or a configurable one without a price of its own; one that nobody sees is behind it."""
    is_configurable, price = key % 3 == 0, Decimal(rng.randint(10**6, 10**8)) / 10**6
    categories = [] if key % 8 == 0 else sorted(rng.sample(list(TREE), rng.randint(1, 3)))
    status, visibility, is_here = 1 if key % 6 else 2, rng.choice([2, 3, 4, 4]), key % 7 != 0
    is_indexed, stock_status, quantity = key % 5 != 0, rng.choice([0, 1, 1]), Decimal(rng.choice(["0", "7.5", "-2"]))
    for row, kind in {key: "configurable" if is_configurable else "simple", key + 1000: "simple"}.items():
        shop.add("catalog_product_entity", entity_id=row, type_id=kind, sku=f"S-{row}", created_at=write_local(START),
                 updated_at=write_local(START))  # fmt: skip
        add_value(shop, "varchar", NAME, row, f"Product {row}")
        add_value(shop, "int", STATUS, row, 1)
        add_value(shop, "int", VISIBILITY, row, visibility if row == key else 1)
        shop.add("catalog_product_website", product_id=row, website_id=WEBSITE if is_here else 1)
        shop.add("cataloginventory_stock_status", product_id=row, website_id=0, stock_id=1, qty=quantity,
                 stock_status=stock_status)  # fmt: skip
    add_pictures(shop, key)
    if is_configurable:
        shop.add("catalog_product_super_link", product_id=key + 1000, parent_id=key)
    add_value(shop, "varchar", NAME, key, f"상품 {key}", STORE)
    add_value(shop, "int", STATUS, key, status, STORE)
    add_value(shop, "int", MANUFACTURER, key, 6 if key % 2 else None)
    if not is_configurable:
        add_value(shop, "decimal", PRICE, key, price + 1)
    for website, more in {1: 5, WEBSITE: 0}.items() if is_indexed else ():
        for group in (0, 1):
            shop.add("catalog_product_index_price", entity_id=key, customer_group_id=group, website_id=website,
                     price=price + website + 1, final_price=price, min_price=price + more + group)  # fmt: skip
    shop.see_categories(key, {int(above) for one in categories for above in PATHS[one].split("/")[1:]})
    for category in [2, *categories]:
        shop.add("catalog_category_product", category_id=category, product_id=key, position=0)
    stock = max(1, int(quantity)) if stock_status else 0
    fallback = Decimal(0) if is_configurable else price + 1
    shop.see(
        "products",
        key,
        category_id=min(categories, key=lambda one: (-TREE[one], one), default=0),
        title=f"상품 {key}",
        brand="Fizz" if key % 2 else None,
        price=cents(price if is_indexed else fallback),
        regular_price=cents(price + WEBSITE + 1) if is_indexed else None,
        stock=stock,
        is_visible=status == 1 and is_here and visibility in (2, 4),
        family_id=key,
        created_at=START,
    )
    shop.see("products", key + 1000, category_id=0, title=f"Product {key + 1000}", is_visible=False, stock=stock,
             family_id=key if is_configurable else key + 1000)  # fmt: skip


def add_pictures(shop: ForeignShop, key: int) -> None:
    """Give a product four pictures: its base image, another one, one that is disabled, and a film."""
    add_value(shop, "varchar", IMAGE, key, f"/p/{key}-0.jpg" if key % 2 else "no_selection")
    for place, kind in enumerate(("image", "image", "image", "external-video")):
        value, disabled = key * 10 + place, int(place == 2)
        shop.add("catalog_product_entity_media_gallery", value_id=value, attribute_id=90, media_type=kind,
                 value=f"/p/{key}-{place}.jpg", disabled=0)  # fmt: skip
        for store, hidden in {0: disabled, STORE: 1}.items():
            shop.add("catalog_product_entity_media_gallery_value", value_id=value, store_id=store, entity_id=key,
                     position=None if place else 3, disabled=hidden, record_id=value * 2 + min(store, 1))  # fmt: skip
        if place < 2:
            position = (0 if key % 2 else 4) if not place else 1
            shop.see("product_images", value * 2, product_id=key, position=position,
                     image_url=f"https://shop.example/media/catalog/product/p/{key}-{place}.jpg")  # fmt: skip


def add_order(shop: ForeignShop, rng: random.Random, key: int) -> None:
    placed = write_local(START + timedelta(hours=26 * (key - 5000)))
    order = {
        "entity_id": key,
        "state": rng.choice(list(STATES)),
        "store_id": rng.choice([None, 1, 2, STORE, STORE, STORE]),
        "customer_id": rng.choice([None, *shop.seen["users"]]),
        "base_grand_total": Decimal(rng.randint(10_000, 990_000)) / 10_000,
        "created_at": placed,
        "updated_at": placed,
    }
    shop.add("sales_order", **order)
    is_others = shop.leave_out("orders", OTHERS, holds=order["store_id"] not in (2, STORE))
    if not is_others:
        see_order(shop, order)
    for number in range(rng.randint(1, 3)):
        add_line(shop, rng, key * 100 + number * 2, order, is_others)


def add_line(shop: ForeignShop, rng: random.Random, key: int, order: dict[str, Any], is_others: bool) -> None:
    """Write a line, and behind that of a configurable product the line of its part, which has no price."""
    product, price = rng.choice(range(100, 124)), Decimal(rng.randint(10_000, 200_000)) / 10_000
    line = {"item_id": key, "order_id": order["entity_id"], "parent_item_id": None, "product_id": product,
            "qty_ordered": Decimal(rng.choice(["1", "2", "0.4"])), "qty_canceled": rng.choice([0, 0, 0, 1]),
            "qty_refunded": rng.choice([None, 0, 1]), "base_price": price, "base_price_incl_tax": price * 2,
            "base_discount_amount": rng.choice([None, Decimal("0.5")]), "created_at": order["created_at"],
            "updated_at": order["created_at"]}  # fmt: skip
    part = {**line, "item_id": key + 1, "parent_item_id": key, "product_id": product + 1000, "base_price": 0,
            "base_price_incl_tax": None}  # fmt: skip
    for row in (line, part) if product % 3 == 0 else (line,):
        shop.add("sales_order_item", **row)
        is_part = shop.leave_out("order_items", PARTS, holds=row["parent_item_id"] is not None)
        shop.leave_out("order_items", LINES_OF_OTHERS, holds=is_others)
        is_gone = shop.leave_out("order_items", GONE, holds=not count_left(row))
        if not is_others and not is_part and not is_gone:
            see_line(shop, row)


def count_left(line: dict[str, Any]) -> int:
    """Count the pieces of a line that were kept."""
    left = Decimal(line["qty_ordered"]) - line["qty_canceled"] - (line["qty_refunded"] or 0)
    return round_to_pieces(max(left, Decimal(0)))


def see_order(shop: ForeignShop, order: dict[str, Any]) -> None:
    shop.see("orders", order["entity_id"], user_id=order["customer_id"], status=STATES[order["state"]],
             ordered_at=read_local(order["created_at"]), total_amount=cents(order["base_grand_total"]))  # fmt: skip


def see_line(shop: ForeignShop, line: dict[str, Any]) -> None:
    shop.see("order_items", line["item_id"], order_id=line["order_id"], product_id=line["product_id"],
             quantity=count_left(line), unit_price=cents(line["base_price_incl_tax"]),
             discount_amount=line["base_discount_amount"] or Decimal(0))  # fmt: skip


def add_reviews(shop: ForeignShop, rng: random.Random) -> None:
    shop.add("review_entity", entity_id=1, entity_code="product")
    shop.add("review_entity", entity_id=3, entity_code="category")
    for key in range(1, 17):
        customer, status, entity = rng.choice([None, 1, 2]), rng.choice([1, 1, 2, 3]), rng.choice([1, 1, 1, 3])
        votes = rng.choice([[], [4], [5, 4, 4], [1, 2, 2]])
        shop.add("review", review_id=key, created_at=write_local(START), entity_id=entity, entity_pk_value=100 + key,
                 status_id=status)  # fmt: skip
        shop.add("review_detail", review_id=key, detail=f"좋아요 {key}", customer_id=customer)
        for value in votes:
            shop.add("rating_option_vote", review_id=key, value=value)
        if entity != 1 or not votes:
            continue
        is_guest = shop.leave_out("product_reviews", "guests' reviews", holds=customer is None)
        is_new = shop.leave_out("product_reviews", "reviews that nobody approved", holds=status != 1)
        if not is_guest and not is_new:
            rating = round(sum(votes) / len(votes))
            shop.see(
                "product_reviews", key, product_id=100 + key, user_id=customer, rating=rating, body=f"좋아요 {key}"
            )
