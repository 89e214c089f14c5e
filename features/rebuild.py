"""Hop 2: builds the feature snapshot as of an instant and writes it to the ML store.

    python -m features.rebuild --as-of 2026-11-22T00:00:00+00:00

Running it again for the same instant writes the same snapshot.
"""

import argparse
import json
import logging
import sys
import time
from datetime import datetime

import polars as pl

from features.clock import latest_midnight, parse_instant
from features.definitions import UnfilledFeatureError, hash_definitions
from features.ranking.pairs import require_expressions
from features.snapshot.buckets import assign_bucket
from features.snapshot.history import build_history
from features.snapshot.item_neighbours import CORE_PRODUCTS, build_neighbours
from features.snapshot.products import build_product_features
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.tables import Snapshot
from features.snapshot.user_embeddings import build_embeddings
from features.snapshot.users import build_category_reach, build_user_category_features, build_user_features
from features.store import MLStore, StoreError
from settings import load_settings

logger = logging.getLogger(__name__)


def build_snapshot(purchases: Purchases, num_buckets: int = 1) -> Snapshot:
    """Turn purchases into a snapshot as of their instant, in memory.

    Raises:
        UnfilledFeatureError: a feature is declared that nothing computes.
    """
    require_expressions()
    products = build_product_features(purchases)
    history = build_history(purchases, products)
    sold = products.filter(products["popularity"] > 0).sort("popularity", "product_id", descending=[True, False])
    sold_ids = sold["product_id"].to_numpy()
    bucket = assign_bucket(pl.col("user_id"), num_buckets)
    return Snapshot(
        as_of=purchases.as_of,
        num_buckets=num_buckets,
        feature_hash=hash_definitions(),
        users=build_user_features(purchases).with_columns(bucket),
        user_categories=build_user_category_features(purchases).with_columns(bucket),
        history=history.with_columns(bucket),
        products=products,
        categories=build_category_reach(purchases.lines),
        neighbours=build_neighbours(history, sold_ids[:CORE_PRODUCTS]),
        tastes=build_embeddings(history, sold_ids),
    )


def rebuild(store: MLStore, as_of: datetime, num_buckets: int) -> Snapshot:
    """Build the snapshot as of an instant and write it to the store.

    Raises:
        StoreError: the shop was never synced.
    """
    snapshot = build_snapshot(load_purchases(store, as_of), num_buckets)
    snapshot.write(store)
    return snapshot


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m features.rebuild", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--as-of", type=parse_instant, default=None, help="instant, UTC; the last midnight if not given"
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    settings = load_settings()
    started = time.perf_counter()
    as_of = options.as_of or latest_midnight()
    try:
        snapshot = rebuild(MLStore(settings.ml_store_uri), as_of, settings.num_buckets)
    except (StoreError, UnfilledFeatureError) as err:
        sys.stderr.write(f"features.rebuild: {err}\n")
        return 1
    summary = {
        "as_of": snapshot.as_of.isoformat(),
        "feature_hash": snapshot.feature_hash,
        "num_users": snapshot.users.height,
        "num_products": snapshot.products.height,
        "num_pairs": snapshot.history.height,
        "seconds": round(time.perf_counter() - started, 1),
    }
    logger.info("snapshot written %s", " ".join(f"{key}={value}" for key, value in summary.items()))
    if options.json:
        sys.stdout.write(json.dumps(summary) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
