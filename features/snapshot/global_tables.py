"""What is computed of all users' history once it is written: item neighbours, and embeddings of items.

The history is read from files, one a part of the users: that of a sample of the users at once, that of all a part at a
time. It comes to what `build_snapshot` computes of the history in memory.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np
import polars as pl

from features.snapshot.item_directions import find_item_directions
from features.snapshot.item_neighbours import CORE_PRODUCTS, build_neighbours, sample_ids
from features.snapshot.user_embeddings import lay_out_embeddings, sum_audiences

COLUMNS = ["user_id", "product_id", "pair_days_since"]


def list_sold(products: pl.DataFrame) -> np.ndarray:
    """Return the ids of the products that sold, int64[N], the best sellers first."""
    sold = products.filter(products["popularity"] > 0).sort("popularity", "product_id", descending=[True, False])
    return sold["product_id"].to_numpy()


def build_neighbours_and_embeddings(
    history: Sequence[pl.LazyFrame], guests: Sequence[pl.LazyFrame], products: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Compute a snapshot's tables `neighbours` and `tastes`.

    Args:
        history: what users bought, of each part of them: user_id, product_id, pair_days_since.
        guests: the same of guests' baskets.
        products: the snapshot's table.
    """
    sold_ids = list_sold(products)
    buckets, baskets = ([rows.select(COLUMNS) for rows in parts] for parts in (history, guests))
    neighbours = build_neighbours(_sample([*buckets, *baskets]), sold_ids[:CORE_PRODUCTS])
    item_directions = find_item_directions(_sample(buckets), sold_ids)
    nobody = sum_audiences(_sample([]), sold_ids, item_directions)
    audiences = reduce(add, (sum_audiences(rows.collect(), sold_ids, item_directions) for rows in buckets), nobody)
    return neighbours, lay_out_embeddings(sold_ids, item_directions, audiences)


def _sample(parts: Sequence[pl.LazyFrame]) -> pl.DataFrame:
    """Read the rows of the users in a sample of all: COLUMNS, sorted by user and product."""
    none = pl.DataFrame(schema={"user_id": pl.Int64, "product_id": pl.Int64, "pair_days_since": pl.Float32})
    ids = [part.select(pl.col("user_id").unique()).collect()["user_id"] for part in parts]
    sampled = pl.Series(sample_ids(pl.concat([none["user_id"], *ids]).sort().to_numpy()))
    rows = [part.filter(pl.col("user_id").is_in(sampled.implode())).collect() for part in parts]
    return pl.concat([none, *rows]).sort("user_id", "product_id")
