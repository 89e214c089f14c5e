"""Hop 2: builds the feature snapshot as of an instant and writes it to the ML store.

    python -m features.rebuild --as-of 2026-11-22T00:00:00+00:00

Running it again for the same instant writes the same snapshot.
"""

import argparse
import logging
import sys
import time
from dataclasses import replace
from datetime import datetime

import polars as pl

from command import Command, Result, parse_instant
from features.clock import latest_midnight
from features.definitions import UnfilledFeatureError, hash_definitions
from features.ranking.pairs import require_expressions
from features.snapshot.buckets import assign_bucket
from features.snapshot.complements import build_complements
from features.snapshot.history import build_history, build_pairs, list_guest_baskets
from features.snapshot.item_neighbours import CORE_PRODUCTS, build_neighbours
from features.snapshot.products import build_product_features
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.repair import repair_snapshots
from features.snapshot.tables import Snapshot
from features.snapshot.user_embeddings import build_embeddings
from features.snapshot.users import build_user_category_features, build_user_features, describe_categories
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings

logger = logging.getLogger(__name__)


def build_snapshot(purchases: Purchases, num_buckets: int = 1) -> Snapshot:
    """Turn purchases into a snapshot as of their instant, in memory; without complements, which no model reads.

    Raises:
        UnfilledFeatureError: a feature is declared that nothing computes.
    """
    require_expressions()
    pairs = build_pairs(purchases)
    products = build_product_features(purchases, pairs)
    history = build_history(purchases, pairs, products)
    del pairs  # the largest of the frames
    sold = products.filter(products["popularity"] > 0).sort("popularity", "product_id", descending=[True, False])
    sold_ids = sold["product_id"].to_numpy()
    guest_baskets = list_guest_baskets(purchases)
    baskets = pl.concat([history.select(guest_baskets.columns), guest_baskets])
    bucket = assign_bucket(pl.col("user_id"), num_buckets)
    categories = describe_categories(purchases.lines)
    return Snapshot(
        as_of=purchases.as_of,
        num_buckets=num_buckets,
        feature_hash=hash_definitions(),
        users=build_user_features(purchases, categories).with_columns(bucket),
        user_categories=build_user_category_features(purchases, categories).with_columns(bucket),
        history=history.with_columns(bucket),
        products=products,
        categories=categories,
        neighbours=build_neighbours(baskets, sold_ids[:CORE_PRODUCTS]),
        tastes=build_embeddings(history, sold_ids),
        exclusions=purchases.exclusions.drop("made_at").with_columns(bucket),
    )


def rebuild(store: MLStore, as_of: datetime, num_buckets: int) -> Snapshot:
    """Build the snapshot as of an instant and write it to the store, after a repair of the tables of snapshots.

    Raises:
        StoreError: the shop was never synced, or the store cannot be read or written.
    """
    with store.explained():
        repair_snapshots(store)
        purchases = load_purchases(store, as_of)
        snapshot = build_snapshot(purchases, num_buckets)
        snapshot = replace(snapshot, complements=build_complements(purchases.all_lines))
        snapshot.write(store)
    return snapshot


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("features.rebuild", __doc__, has_json=True, has_logs=True)
    command.add_argument(
        "--as-of", type=parse_instant, default=None, help="instant, UTC; the last midnight if not given"
    )
    return command.run(_rebuild, arguments, (StoreError, UnfilledFeatureError))


def _rebuild(options: argparse.Namespace) -> Result:
    settings = load_settings()
    started = time.perf_counter()
    snapshot = rebuild(MLStore(settings.ml_store_uri), options.as_of or latest_midnight(), settings.num_buckets)
    summary = {
        "as_of": snapshot.as_of.isoformat(),
        "feature_hash": snapshot.feature_hash,
        "num_users": snapshot.users.height,
        "num_products": snapshot.products.height,
        "num_pairs": snapshot.history.height,
        "seconds": round(time.perf_counter() - started, 1),
    }
    logger.info("snapshot written %s", " ".join(f"{key}={value}" for key, value in summary.items()))
    return Result(report=summary)


if __name__ == "__main__":
    sys.exit(main())
