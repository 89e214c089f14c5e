"""A shop of any size with known structure, the same for the same seed; made in chunks of users, so memory is bounded.

The structure that a recommender can find: each user has a taste over categories, a price level, and staples that come
back every few orders; products have popularity, some are launched late, some die. Weekends and the end of the year
are mildly busier.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from shop.loaders.synthetic.catalogue import (
    Floats,
    Integers,
    SyntheticCatalogue,
    build_catalogue,
    make_category_frame,
    make_product_frame,
)
from shop.loaders.synthetic.rows import (
    PERIOD,
    OrderLines,
    make_image_frame,
    make_item_frame,
    make_order_frame,
    make_user_frame,
)
from shop.loaders.writing import RowBatch

ORDERS_PER_CHUNK = 400_000
NUM_STAPLES = 6
MAX_STAPLE_PERIOD = 6
"""A staple comes back every 1 to 6 orders of its user."""
MEAN_EXTRAS = 2.0
TASTE_CONCENTRATION = 0.3


@dataclass(frozen=True)
class SyntheticShape:
    """How much of everything."""

    num_users: int
    num_products: int
    num_orders: int


def build_synthetic_shop(shape: SyntheticShape, seed: int, end_date: date) -> Iterator[RowBatch]:
    """Hand over the shop piece by piece: users, categories, products, then orders with their items.

    Args:
        shape: how many users, products and orders; an order has about five items.
        seed: same seed, same shop.
        end_date: the last day of the year that the orders span.
    """
    rng = np.random.default_rng([seed, 0])
    start = datetime.combine(end_date + timedelta(days=1), time(), UTC) - PERIOD
    catalogue = build_catalogue(shape.num_products, rng)
    registered = np.sort(rng.random(shape.num_users) ** 2 * 0.95)  # most are old customers
    num_orders = rng.multinomial(shape.num_orders, rng.dirichlet(np.full(shape.num_users, 1.5)))
    yield RowBatch("users", make_user_frame(registered, start))
    yield RowBatch("categories", make_category_frame(catalogue, start))
    yield RowBatch("products", make_product_frame(catalogue, start, PERIOD.total_seconds()))
    yield RowBatch("product_images", make_image_frame(catalogue, start))
    next_order, next_item = 1, 1
    for number, chunk in enumerate(_split_users(num_orders), start=1):
        chunk_rng = np.random.default_rng([seed, number])
        users, order_at = _draw_orders(chunk, num_orders, registered, chunk_rng)
        lines = _draw_lines(users - chunk.start, order_at, num_orders[chunk], catalogue, chunk_rng)
        items = make_item_frame(lines, catalogue, next_order, next_item, start, chunk_rng)
        yield RowBatch("orders", make_order_frame(users, order_at, items, next_order, start))
        yield RowBatch("order_items", items.drop("cents"))
        next_order, next_item = next_order + len(users), next_item + len(items)


def _split_users(num_orders: Integers) -> Iterator[slice]:
    """Cut the users into runs of about `ORDERS_PER_CHUNK` orders."""
    ends = np.cumsum(num_orders)
    first = 0
    while first < len(num_orders):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + ORDERS_PER_CHUNK, side="right")))
        yield slice(first, last)
        first = last


def _draw_orders(
    chunk: slice, num_orders: Integers, registered: Floats, rng: np.random.Generator
) -> tuple[Integers, Floats]:
    """Spread each user's orders from the registration to the end of the period, at gaps that vary mildly.

    Returns:
        [O] user indices and [O] times as shares of the period, ascending within each user but for the hour.
    """
    counts = num_orders[chunk]
    users = np.repeat(np.arange(chunk.start, chunk.start + len(counts)), counts)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    gaps = np.cumsum(rng.gamma(4.0, size=len(users) + 1))
    base = np.repeat(np.concatenate([[0.0], gaps])[first], counts)
    done = np.repeat(gaps[np.minimum(first + counts, len(gaps) - 1)], counts) - base
    share = (gaps[:-1] - base) / done
    begin = registered[users]
    at = begin + (1 - begin) * np.clip(share, 0, 1)
    return users, np.maximum(begin, _make_seasonal(at, rng))  # nobody orders before registering


def _make_seasonal(at: Floats, rng: np.random.Generator) -> Floats:
    """Crowd the end of the year a little, and move a tenth of weekday orders to the weekend."""
    crowded = at + 0.02 * np.sin(2 * np.pi * at) * at * (1 - at)
    day = np.floor(crowded * PERIOD.days)
    hour = np.clip(rng.normal(15, 4, len(at)), 0, 23.99) / 24
    moves = (rng.random(len(at)) < 0.1) & (day % 7 < 5)
    day = np.where(moves, np.minimum(day + 5 - day % 7, PERIOD.days - 1), day)
    return np.asarray((np.clip(day, 0, PERIOD.days - 1) + hour) / PERIOD.days)


def _draw_lines(
    users: Integers, order_at: Floats, counts: Integers, catalogue: SyntheticCatalogue, rng: np.random.Generator
) -> OrderLines:
    """Fill the orders: the staples that are due, then a few finds to the user's taste; never what is not on sale.

    Args:
        users: [O] user indices within the chunk.
        order_at: [O] times.
        counts: [U] orders a user.
        catalogue: what is for sale.
        rng: randomness of the chunk.
    """
    taste = np.cumsum(rng.dirichlet(np.full(catalogue.num_categories, TASTE_CONCENTRATION), len(counts)), axis=1)
    price_level = rng.random(len(counts))
    staples = np.stack(
        [_draw_to_taste(np.arange(len(counts)), taste, price_level, catalogue, rng) for _ in range(NUM_STAPLES)], axis=1
    )  # [U, S]
    period = rng.integers(1, MAX_STAPLE_PERIOD + 1, staples.shape)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    turn = np.arange(len(users)) - first[users]
    is_due = (turn[:, None] + np.arange(NUM_STAPLES)) % period[users] == 0  # [O, S]
    due_order, due_slot = np.nonzero(is_due)
    find_order = np.repeat(np.arange(len(users)), rng.poisson(MEAN_EXTRAS, len(users)))
    found = _draw_to_taste(users[find_order], taste, price_level, catalogue, rng)
    order = np.concatenate([due_order, find_order])
    product = np.concatenate([staples[users[due_order], due_slot], found])
    at = order_at[order]
    on_sale = (catalogue.launched[product] <= at) & (at < catalogue.retired[product])
    order, product = _fill_empty_orders(order[on_sale], product[on_sale], users, taste, catalogue)
    return OrderLines(order, product, order_at[order])


def _draw_to_taste(
    users: Integers, taste: Floats, price_level: Floats, catalogue: SyntheticCatalogue, rng: np.random.Generator
) -> Integers:
    """Draw a category by the user's taste, two products of it by popularity, and keep the one of the user's price."""
    uniform = rng.random(len(users))
    category = np.minimum((taste[users] < uniform[:, None]).sum(axis=1), catalogue.num_categories - 1)
    one = catalogue.draw_products(category, rng.random(len(users)))
    other = catalogue.draw_products(category, rng.random(len(users)))
    wanted = price_level[users]
    is_nearer = np.abs(catalogue.price_level[other] - wanted) < np.abs(catalogue.price_level[one] - wanted)
    return np.where(is_nearer, other, one)


def _fill_empty_orders(
    order: Integers, product: Integers, users: Integers, taste: Floats, catalogue: SyntheticCatalogue
) -> tuple[Integers, Integers]:
    """Put the best seller of the favourite category into orders that would be empty; sort lines by order."""
    is_empty = np.bincount(order, minlength=len(users)) == 0
    empty = np.nonzero(is_empty)[0]
    favourite = np.diff(taste, axis=1, prepend=0.0).argmax(axis=1)
    order = np.concatenate([order, empty])
    product = np.concatenate([product, catalogue.starts[favourite[users[empty]]]])
    pairs = np.unique(order * len(catalogue.category) + product)
    return pairs // len(catalogue.category), pairs % len(catalogue.category)
