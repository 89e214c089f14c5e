"""The catalogue of a synthetic shop: categories, and products with popularity, price level and life span."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shop.loaders.canonical import DTYPES

MAX_CATEGORIES = 16
PRODUCTS_PER_TYPE = 20
POPULARITY_EXPONENT = 0.8
"""Within a category the product of rank r sells in proportion to r^-0.8, as the demo shop's nearly do."""
SHARE_NEW = 0.15
SHARE_DEAD = 0.10
MEDIAN_PRICE = 8.0
PRICE_SPREAD = 0.7
BRANDS = ("Amber", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Grove", "Haven", "Iris", "Juniper")

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class SyntheticCatalogue:
    """Arrays by product index (product_id - 1), sorted by category and then by falling popularity.

    Attributes:
        category: [P] category index.
        starts: [C] first product index of each category, which is also its best seller and never dies.
        cumulative: [P] running sum of popularity; within a category it rises by 1 in all.
        price_cents: [P] list price.
        price_level: [P] rank of the price within the category, 0 (cheapest) to 1.
        launched: [P] when sales begin, as a share of the period.
        retired: [P] when they end; infinite for products that live on.
    """

    category: Integers
    starts: Integers
    cumulative: Floats
    price_cents: Integers
    price_level: Floats
    launched: Floats
    retired: Floats

    @property
    def num_categories(self) -> int:
        """How many categories there are."""
        return len(self.starts)

    def draw_products(self, categories: Integers, uniform: Floats) -> Integers:
        """Turn uniform numbers in [0, 1) into products of the given categories, by popularity.

        Args:
            categories: [N] category indices.
            uniform: [N].

        Returns:
            [N] product indices.
        """
        drawn = np.searchsorted(self.cumulative, categories + uniform, side="right")
        ends = np.append(self.starts[1:], len(self.category))
        return np.asarray(np.minimum(drawn, ends[categories] - 1), dtype=np.int64)


def build_catalogue(num_products: int, rng: np.random.Generator) -> SyntheticCatalogue:
    """Lay out the products: bigger and smaller categories, few best sellers and a long tail."""
    num_categories = min(MAX_CATEGORIES, num_products)
    weights = rng.dirichlet(np.full(num_categories, 5.0))
    sizes = 1 + rng.multinomial(num_products - num_categories, weights)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    category = np.repeat(np.arange(num_categories), sizes)
    rank = np.arange(num_products) - starts[category] + 1
    popularity = rank**-POPULARITY_EXPONENT
    totals = np.add.reduceat(popularity, starts)
    level = rng.normal(0, PRICE_SPREAD, num_categories)[category] + rng.normal(0, PRICE_SPREAD, num_products)
    price_cents = np.maximum(10, np.round(100 * MEDIAN_PRICE * np.exp(level))).astype(np.int64)
    launched = np.where(rng.random(num_products) < SHARE_NEW, rng.random(num_products), 0.0)
    dies = rng.random(num_products) < SHARE_DEAD
    retired = np.where(dies, launched + (1 - launched) * rng.random(num_products), np.inf)
    launched[starts], retired[starts] = 0.0, np.inf
    return SyntheticCatalogue(
        category=category,
        starts=starts,
        cumulative=np.cumsum(popularity / totals[category]),
        price_cents=price_cents,
        price_level=_rank_within(category, price_cents, sizes),
        launched=launched,
        retired=retired,
    )


def _rank_within(category: Integers, values: Integers, sizes: Integers) -> Floats:
    """Rank values within their category, scaled to [0, 1)."""
    order = np.lexsort((values, category))
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.asarray((ranks - starts[category]) / sizes[category])


def make_category_frame(catalogue: SyntheticCatalogue, start: datetime) -> pl.DataFrame:
    """Spell the categories as canonical rows."""
    number = pl.int_range(1, catalogue.num_categories + 1, dtype=pl.Int64, eager=True)
    return pl.DataFrame({"category_id": number}).with_columns(
        name=pl.format("Category {}", pl.col("category_id").cast(pl.String).str.zfill(2)),
        position=pl.col("category_id") - 1,
        created_at=pl.lit(start),
        updated_at=pl.lit(start),
    )


def make_product_frame(catalogue: SyntheticCatalogue, start: datetime, period_seconds: float) -> pl.DataFrame:
    """Spell the products as canonical rows; a retired one is hidden and out of stock."""
    num_products = len(catalogue.category)
    index = np.arange(num_products)
    kind = (index - catalogue.starts[catalogue.category]) // PRODUCTS_PER_TYPE + 1
    is_alive = ~np.isfinite(catalogue.retired)
    launched = np.round(catalogue.launched * period_seconds * 1e6).astype(np.int64)
    changed = np.where(is_alive, launched, np.round(np.where(is_alive, 0, catalogue.retired) * period_seconds * 1e6))
    frame = pl.DataFrame(
        {
            "product_id": index + 1,
            "category_id": catalogue.category + 1,
            "brand": np.array(BRANDS)[index % len(BRANDS)],
            "kind": kind,
            "price": catalogue.price_cents / 100,
            "stock": np.where(is_alive, 20 + index % 180, 0),
            "is_visible": is_alive,
            "launched": launched,
            "changed": changed.astype(np.int64),
        }
    )
    return frame.select(
        "product_id",
        "category_id",
        title=pl.format("{} Type {}-{} No. {}", "brand", "category_id", "kind", "product_id"),
        brand="brand",
        product_type=pl.format("Type {}-{}", "category_id", "kind"),
        size=pl.lit(None, pl.String),
        price="price",
        stock="stock",
        is_visible="is_visible",
        description=pl.lit(None, pl.String),
        family_id=pl.lit(None, pl.Int64),
        regular_price=pl.lit(None, DTYPES["money"]),
        created_at=pl.lit(start) + pl.duration(microseconds="launched"),
        updated_at=pl.lit(start) + pl.duration(microseconds="changed"),
    )
