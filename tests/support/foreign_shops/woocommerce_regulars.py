"""A WooCommerce database of any size: regular customers with tastes and habits, and a year of their orders."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.support.foreign_shops.foreign_shop import ForeignShop, cents, write_local
from tests.support.foreign_shops.woocommerce import add_item, add_order_row, add_post, make_hpos_shop

TREE = {
    "Drinks": ("Green tea", "Black tea", "Coffee", "Juice"),
    "Bakery": ("Rolls", "Cakes", "Biscuits"),
    "Dairy": ("Cheese", "Yoghurt"),
    "Home": ("Candles", "Soap"),
}
"""Categories, each with those below it, in which the products stand."""
STYLES = ("Alpine", "Classic", "Coastal", "Country", "Garden", "Golden", "Little", "Morning", "Old town", "Royal")
FIRST_CATEGORY, FIRST_USER, FIRST_PRODUCT, FIRST_ORDER = 201, 1_001, 30_001, 200_001
STATUSES = ("wc-completed", "wc-processing", "wc-cancelled")
MEANINGS = {"wc-completed": "delivered", "wc-processing": "paid", "wc-cancelled": "cancelled"}


@dataclass(frozen=True)
class Ware:
    """A product that regular customers buy."""

    key: int
    price: Decimal


def make_busy_shop(
    num_regulars: int = 800, num_products: int = 440, *, until: datetime | None = None, seed: int = 7
) -> ForeignShop:
    """Make the small shop with order tables, and beside its odd rows the trade of regular customers.

    Args:
        num_regulars: customers, of 6 to 24 orders each.
        num_products: in the eleven categories at the ends of the tree.
        until: the year of orders ends here; now if not given.
        seed: of all chance.
    """
    rng, shop = random.Random(seed), make_hpos_shop()
    end = (until or datetime.now(UTC)).replace(microsecond=0)
    kinds = add_catalogue(shop, rng, num_products, end - timedelta(days=500))
    order = FIRST_ORDER
    for user in range(FIRST_USER, FIRST_USER + num_regulars):
        registered = end - timedelta(days=rng.randint(366, 900))
        shop.add("users", ID=user, user_login=f"u{user}", user_pass="", user_email="", display_name=f"Regular {user}",
                 user_registered=write_local(registered))  # fmt: skip
        shop.see("users", user, nickname=f"Regular {user}", created_at=registered)
        liked = rng.sample(kinds, rng.randint(2, 3))
        favourites = [choose(rng, kind) for kind in liked for _ in range(3)]
        for at in draw_visits(rng, end):
            add_visit(shop, rng, order, user, at, choose_basket(rng, favourites, liked))
            order += 1
    return shop


def add_catalogue(
    shop: ForeignShop, rng: random.Random, num_products: int, created_at: datetime
) -> list[Sequence[Ware]]:
    """Write the tree and its products, and return the products of each category at its ends."""
    names = [(top, kind) for top, kinds in TREE.items() for kind in (None, *kinds)]
    keys = {(top, kind): FIRST_CATEGORY + place for place, (top, kind) in enumerate(names)}
    for (top, kind), key in keys.items():
        shop.add("terms", term_id=key, name=kind or top, slug=f"t{key}")
        shop.add("term_taxonomy", term_taxonomy_id=key + 1000, term_id=key, taxonomy="product_cat",
                 parent=keys[top, None] if kind else 0)  # fmt: skip
        shop.see("categories", key, name=kind or top)
    ends = [pair for pair in names if pair[1]]
    wares: dict[int, list[Ware]] = {keys[pair]: [] for pair in ends}
    for number in range(num_products):
        top, kind = ends[number % len(ends)]
        place = number // len(ends)
        title = f"{STYLES[place % len(STYLES)]} {kind} No. {1 + place // len(STYLES)}"
        ware = Ware(FIRST_PRODUCT + number, Decimal(rng.randint(150, 2_999)) / 100)
        add_ware(shop, ware, title, (keys[top, kind], keys[top, None]), created_at)
        wares[keys[top, kind]].append(ware)
    return list(wares.values())


def add_ware(shop: ForeignShop, ware: Ware, title: str, category_and_above: tuple[int, int], at: datetime) -> None:
    """Write a product that can be bought, in one category."""
    category, _above = category_and_above
    add_post(shop, ware.key, "product", "publish", post_title=title, post_date_gmt=at)
    shop.add("wc_product_meta_lookup", product_id=ware.key, min_price=ware.price, max_price=ware.price,
             stock_quantity=50, stock_status="instock")  # fmt: skip
    shop.add("term_relationships", object_id=ware.key, term_taxonomy_id=category + 1000)
    shop.see("products", ware.key, category_id=category, title=title, brand=None, price=ware.price, stock=50,
             is_visible=True)  # fmt: skip
    shop.see_categories(ware.key, category_and_above)


def choose(rng: random.Random, wares: Sequence[Ware]) -> Ware:
    """Choose a product of a category; the first ones sell best."""
    return rng.choices(wares, [1 / place for place in range(1, len(wares) + 1)])[0]


def choose_basket(rng: random.Random, favourites: Sequence[Ware], liked: Sequence[Sequence[Ware]]) -> list[Ware]:
    """Choose one to five different products: four of five are favourites, the others of a kind that is liked."""
    basket: dict[int, Ware] = {}
    for _ in range(rng.randint(1, 5)):
        ware = rng.choice(favourites) if rng.random() < 0.8 else choose(rng, rng.choice(liked))
        basket[ware.key] = ware
    return list(basket.values())


def draw_visits(rng: random.Random, end: datetime) -> list[datetime]:
    """Draw the instants of a customer's orders within a year, at an interval of the customer's own."""
    days = 365 / rng.randint(6, 24)
    at, visits = end - timedelta(days=365 - rng.uniform(0, days)), []
    while at < end:
        visits.append(at.replace(microsecond=0))
        at += timedelta(days=days * rng.uniform(0.6, 1.4))
    return visits


def add_visit(shop: ForeignShop, rng: random.Random, key: int, user: int, at: datetime, basket: list[Ware]) -> None:
    """Write an order with its lines."""
    status = rng.choices(STATUSES, (85, 10, 5))[0]
    pieces = [rng.choice((1, 1, 1, 2, 3)) for _ in basket]
    total = sum((ware.price * number for ware, number in zip(basket, pieces, strict=True)), Decimal(0))
    add_order_row(shop, {"id": key, "customer_id": user, "type": "shop_order", "status": status, "at": at,
                         "total": total})  # fmt: skip
    shop.see("orders", key, user_id=user, status=MEANINGS[status], ordered_at=at, total_amount=total)
    for number, (ware, count) in enumerate(zip(basket, pieces, strict=True)):
        item, paid = key * 10 + number, ware.price * count
        add_item(shop, item, key, "line_item", _product_id=ware.key, _variation_id=0, _qty=count,
                 _line_subtotal=paid, _line_total=paid)  # fmt: skip
        shop.see("order_items", item, order_id=key, product_id=ware.key, quantity=count, unit_price=cents(ware.price),
                 discount_amount=Decimal(0))  # fmt: skip
