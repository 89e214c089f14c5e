"""A small WooCommerce database, with order tables (HPOS) or with orders in posts, and made-up rows."""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.support.foreign_shops.foreign_shop import START, ForeignShop, cents, round_to_pieces, write_local
from tests.support.foreign_shops.woocommerce_schema import SCHEMA

PREFIX = "wp7_"
STATUSES = {
    "wc-completed": "delivered",
    "wc-processing": "paid",
    "wc-on-hold": "placed",
    "wc-pending": "cancelled",
    "wc-cancelled": "cancelled",
    "wc-refunded": "cancelled",
}
BREAD = 3_000_015
"""A category of a large number: in the key of a pair, product 103 in 15 must not be 100 in this one."""
ABOVE = {16: 15}
"""Categories that lie below another one."""
BASKETS, REFUNDS = "baskets that never became an order", "refunds"
LINES_OF = {BASKETS: "lines of baskets that never became an order", REFUNDS: "lines of refunds"}
PARTS, UNNAMED, GONE = (
    "parts of bundles",
    "lines without a product",
    "lines of nothing, and those that were refunded whole",
)


def make_hpos_shop() -> ForeignShop:
    """Make a shop with order tables."""
    return make_woocommerce_shop("woocommerce", add_order_row, "wc_orders", "id", "status", "date_updated_gmt")


def make_posts_shop() -> ForeignShop:
    """Make a shop whose orders are posts."""
    return make_woocommerce_shop("woocommerce-posts", add_order_post, "posts", "ID", "post_status", "post_modified_gmt")


def make_woocommerce_shop(
    mapping: str,
    add_row: Callable[[ForeignShop, dict[str, Any]], None],
    table: str,
    key: str,
    status: str,
    changed: str,
) -> ForeignShop:
    """Make a shop with guests, refunds, drafts, bundles, and products that are hidden, sold out, unpriced."""

    def change(shop: ForeignShop) -> list[str]:
        return change_woocommerce_shop(
            shop, f"UPDATE {PREFIX}{table} SET {status} = '{{}}', {changed} = UTC_TIMESTAMP() WHERE {key} = {{}}"
        )

    text = f'extends = "{mapping}"\n[variables]\nprefix = "{PREFIX}"\nuploads = "https://shop.example/up"'
    rng, shop = random.Random(7), ForeignShop(text, SCHEMA, change, prefix=PREFIX)
    add_categories(shop)
    for user in range(1, 13):
        created_at = START + timedelta(days=user)
        shop.add("users", ID=user, user_login=f"u{user}", user_pass="", user_email="", display_name=f"고객 {user} 🌸",
                 user_registered=write_local(created_at))  # fmt: skip
        shop.see("users", user, nickname=f"고객 {user} 🌸", created_at=created_at)
    for product in range(100, 124):
        add_product(shop, rng, product)
    for order in range(5000, 5090):
        add_order(shop, rng, order, add_row)
    for review in range(1, 17):
        add_review(shop, rng, review)
    return shop


def change_woocommerce_shop(shop: ForeignShop, set_status: str) -> list[str]:
    """Let an order be delivered, a line of another be refunded, a product sell out, and a review go."""
    delivered = next(key for key, order in shop.seen["orders"].items() if order["status"] == "placed")
    refunded = next(key for key, order in shop.seen["orders"].items() if order["status"] == "paid")
    line = next(key for key, one in shop.seen["order_items"].items() if one["order_id"] == refunded)
    shop.see("orders", delivered, status="delivered")
    del shop.seen["order_items"][line]
    shop.see("products", 101, price=Decimal("12.35"), stock=0)
    review, _fields = shop.seen["product_reviews"].popitem()
    meta = f"INSERT INTO {PREFIX}woocommerce_order_itemmeta (order_item_id, meta_key, meta_value) VALUES "
    return [
        set_status.format("wc-completed", delivered),
        set_status.format("wc-processing", refunded),
        f"{meta} (9999999, '_refunded_item_id', '{line}'), (9999999, '_qty', '-9')",
        f"UPDATE {PREFIX}wc_product_meta_lookup SET min_price = 12.345, stock_status = 'outofstock' "
        "WHERE product_id = 101",
        f"DELETE FROM {PREFIX}comments WHERE comment_ID = {review}",
    ]


def add_categories(shop: ForeignShop) -> None:
    terms = [(15, "Tea &amp; Coffee", "product_cat"), (16, "과자", "product_cat"), (BREAD, "Bread", "product_cat"),
             (30, "Corner", "product_brand"), (31, "Fizz", "product_brand"),
             (40, "exclude-from-catalog", "product_visibility"), (50, "Other", "category")]  # fmt: skip
    for key, name, taxonomy in terms:
        shop.add("terms", term_id=key, name=name, slug=f"t{key}")
        shop.add("term_taxonomy", term_taxonomy_id=key + 1000, term_id=key, taxonomy=taxonomy, parent=ABOVE.get(key, 0))
        if taxonomy == "product_cat":
            shop.see("categories", key, name=name.replace("&amp;", "&"))


def add_post(shop: ForeignShop, key: int, kind: str, status: str, **more: Any) -> None:
    row = {"post_title": "", "post_content": "", "post_date_gmt": START, "post_modified_gmt": START, **more}
    dates = {name: write_local(row[name]) for name in ("post_date_gmt", "post_modified_gmt")}
    shop.add("posts", ID=key, post_type=kind, post_status=status, **{**row, **dates})


def add_product(shop: ForeignShop, rng: random.Random, key: int) -> None:
    """Make a product and a variation of it."""
    categories = sorted(rng.sample([15, 16, BREAD], rng.randint(1, 2)))
    brand = rng.choice([None, (30, "Corner"), (31, "Fizz")])
    price = None if key % 11 == 0 else Decimal(rng.randint(100, 9999)) / 100
    quantity, stock_status = rng.choice([(None, "instock"), (7, "instock"), (0, "outofstock"), (-2, "onbackorder")])
    status, is_hidden = rng.choice(["publish", "publish", "publish", "draft", "trash"]), key % 7 == 0
    add_post(shop, key, "product", status, post_title=f"상품 {key} &amp; more", post_content=f"<p>{key}\n</p>")
    add_pictures(shop, key)
    shop.see_categories(key, {*categories, *(ABOVE[one] for one in categories if one in ABOVE)})
    add_post(shop, key + 10_000, "product_variation", "publish", post_title="a variation")
    shop.add("wc_product_meta_lookup", product_id=key, min_price=price, max_price=price, stock_quantity=quantity,
             stock_status=stock_status)  # fmt: skip
    shop.add("wc_product_meta_lookup", product_id=key + 10_000, min_price=price, stock_status="instock")
    regular = {0: None, 1: "", 2: "120.5"}[key % 3]
    if regular is not None:
        shop.add("postmeta", post_id=key, meta_key="_regular_price", meta_value=regular)
    for term in [*categories, *([brand[0]] if brand else []), *([40] if is_hidden else [])]:
        shop.add("term_relationships", object_id=key, term_taxonomy_id=term + 1000)
    shop.see(
        "products",
        key,
        category_id=next(one for one in categories if one not in {ABOVE.get(below) for below in categories}),
        title=f"상품 {key} & more",
        brand=brand[1] if brand else None,
        price=price or Decimal("0.00"),
        regular_price=Decimal("120.50") if regular else None,
        stock=0 if stock_status == "outofstock" else max(1, quantity or 1),
        is_visible=status == "publish" and price is not None and not is_hidden,
    )


def add_pictures(shop: ForeignShop, key: int) -> None:
    """Give a product no picture, one of its own, a gallery of up to seven of which five are shown, or both."""
    gallery = [key * 100 + place for place in range(1, 1 + key % 8)]
    own = key * 100 if key % 3 else None
    for picture in [*([own] if own else []), *gallery]:
        shop.add("postmeta", post_id=picture, meta_key="_wp_attached_file", meta_value=f"2026/{picture}.jpg")
        if picture <= key * 100 + 5:
            shop.see("product_images", key * 10 + picture - key * 100, product_id=key, position=picture - key * 100,
                     image_url=f"https://shop.example/up/2026/{picture}.jpg")  # fmt: skip
    values = {"_product_image_gallery": ",".join(map(str, gallery)), **({"_thumbnail_id": str(own)} if own else {})}
    for name, value in values.items():
        shop.add("postmeta", post_id=key, meta_key=name, meta_value=value)


def add_order(
    shop: ForeignShop, rng: random.Random, key: int, add_row: Callable[[ForeignShop, dict[str, Any]], None]
) -> None:
    """Write an order with its lines, and sometimes a refund of some of its pieces."""
    order = {"id": key, "customer_id": rng.choice([0, *shop.seen["users"]]), "type": "shop_order",
             "status": rng.choice([*STATUSES, "wc-checkout-draft"]), "at": START + timedelta(hours=26 * (key - 5000)),
             "total": Decimal(rng.randint(100, 99_900)) / 100}  # fmt: skip
    reasons = {BASKETS: order["status"] == "wc-checkout-draft", REFUNDS: False}
    add_row(shop, order)
    leave_out(shop, "orders", reasons)
    if not any(reasons.values()):
        shop.see("orders", key, user_id=order["customer_id"] or None, status=STATUSES[order["status"]],
                 ordered_at=order["at"], total_amount=order["total"])  # fmt: skip
    lines: dict[int, Decimal | int] = {key * 10 + number: rng.randint(1, 3) for number in range(rng.randint(1, 4))}
    lines |= {key * 10 + 5: Decimal("1.6"), key * 10 + 6: -2, key * 10 + 7: 0} if key % 10 == 0 else {}
    refund = {"id": key + 2000, "customer_id": None, "type": "shop_order_refund", "status": "wc-completed",
              "at": order["at"], "total": Decimal(-1)}  # fmt: skip
    has_refund = rng.random() < 0.3
    if has_refund:
        add_row(shop, refund)
        leave_out(shop, "orders", {REFUNDS: True})
    for number, (item, pieces) in enumerate(lines.items()):
        back = rng.randint(1, int(pieces)) if has_refund and not number else 0
        add_line(shop, rng, item, key, pieces, back, reasons)
        if back:
            add_item(shop, item + 20_000, key + 2000, "line_item", _product_id=100, _qty=-back, _line_subtotal=-1,
                     _line_total=-1, _refunded_item_id=item)  # fmt: skip
            leave_out(shop, "order_items", {REFUNDS: True, PARTS: False, GONE: False})
    add_item(shop, key * 10 + 9, key, "shipping", cost="4.90")


def leave_out(shop: ForeignShop, table: str, reasons: dict[str, bool]) -> None:
    """Count what a row is left out for."""
    for reason, holds in reasons.items():
        shop.leave_out(table, LINES_OF.get(reason, reason) if table == "order_items" else reason, holds=holds)


def add_line(
    shop: ForeignShop,
    rng: random.Random,
    item: int,
    order: int,
    pieces: Decimal | int,
    back: int,
    reasons: dict[str, bool],
) -> None:
    product = rng.choice([0, *shop.seen["products"]])
    full = Decimal(rng.randint(100, 2000) * pieces) / 100
    paid = full - (Decimal("0.50") if rng.random() < 0.3 else 0)
    is_part = order % 6 == 0 and item % 10 == 1
    marks = {"_bundled_by": "8f14e", "_composite_parent": "45c48"} if is_part else {}
    add_item(shop, item, order, "line_item", _product_id=product, _variation_id=0, _qty=pieces, _line_subtotal=full,
             _line_total=paid, **marks)  # fmt: skip
    found = {**reasons, PARTS: is_part, UNNAMED: product == 0, GONE: back == pieces}
    leave_out(shop, "order_items", found)
    if not any(found.values()):
        shop.see("order_items", item, order_id=order, product_id=product, quantity=round_to_pieces(pieces - back),
                 unit_price=cents(paid / pieces), discount_amount=full - paid)  # fmt: skip


def add_item(shop: ForeignShop, item: int, order: int, kind: str, **meta: Any) -> None:
    shop.add("woocommerce_order_items", order_item_id=item, order_id=order, order_item_type=kind, order_item_name="x")
    for name, value in meta.items():
        shop.add("woocommerce_order_itemmeta", order_item_id=item, meta_key=name, meta_value=str(value))


def add_order_row(shop: ForeignShop, order: dict[str, Any]) -> None:
    at = write_local(order["at"])
    shop.add("wc_orders", id=order["id"], status=order["status"], type=order["type"], currency="KRW",
             total_amount=order["total"], customer_id=order["customer_id"], date_created_gmt=at,
             date_updated_gmt=at)  # fmt: skip


def add_order_post(shop: ForeignShop, order: dict[str, Any]) -> None:
    """Write an order as a post; a refund has no buyer of its own."""
    add_post(
        shop, order["id"], order["type"], order["status"], post_date_gmt=order["at"], post_modified_gmt=order["at"]
    )
    for name, value in {"_customer_user": order["customer_id"], "_order_total": order["total"]}.items():
        if value is not None:
            shop.add("postmeta", post_id=order["id"], meta_key=name, meta_value=str(value))


def add_review(shop: ForeignShop, rng: random.Random, key: int) -> None:
    user, product, rating = rng.choice([0, 1, 2]), rng.choice(list(shop.seen["products"])), rng.randint(1, 5)
    approved, kind = rng.choice(["1", "1", "0", "spam"]), rng.choice(["review", "review", "comment"])
    shop.add("comments", comment_ID=key, comment_post_ID=product, comment_date_gmt=write_local(START), user_id=user,
             comment_content=f"좋아요 {key}", comment_approved=approved, comment_type=kind)  # fmt: skip
    shop.add("commentmeta", comment_id=key, meta_key="rating", meta_value=str(rating))
    if kind == "review":
        is_guest = shop.leave_out("product_reviews", "guests' reviews", holds=not user)
        is_new = shop.leave_out("product_reviews", "reviews that nobody approved", holds=approved != "1")
        if not is_guest and not is_new:
            shop.see("product_reviews", key, product_id=product, user_id=user, rating=rating, body=f"좋아요 {key}")
