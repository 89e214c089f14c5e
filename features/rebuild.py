"""Hop 2: builds the feature snapshot as of an instant and writes it to the ML store.

    python -m features.rebuild [--as-of 2026-11-22T00:00:00+00:00]

Running it again for the same instant writes the same snapshot. A shop with more lines of orders than memory is meant to
hold is read a few user buckets at a time. Workers may share these, each with some of the buckets (`3`, `3-7`, or `2/4`,
the second of four parts); `--plan` comes first, what needs all users, and the last run writes what they left and makes
the snapshot known, or with `--finish` refuses to while anything is missing.

    python -m features.rebuild --plan
    python -m features.rebuild --buckets 1/2
    python -m features.rebuild --buckets 2/2
    python -m features.rebuild --finish
"""

import argparse
import logging
import sys
import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from command import Command, Result, parse_instant
from features.clock import latest_midnight
from features.definitions import UnfilledFeatureError, hash_definitions
from features.ranking.pairs import require_expressions
from features.snapshot.bucket_rebuild import RebuiltSnapshot, SharedRebuild, describe_users
from features.snapshot.buckets import BucketChoice, NoSuchBucketError, parse_buckets
from features.snapshot.complements import build_complements
from features.snapshot.global_tables import list_sold
from features.snapshot.history import build_pairs, list_guest_baskets
from features.snapshot.item_directions import build_embeddings
from features.snapshot.item_neighbours import CORE_PRODUCTS, build_neighbours
from features.snapshot.num_buckets import settle_num_buckets
from features.snapshot.products import build_product_features
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.repair import repair_snapshots
from features.snapshot.spreading import count_lines, fit_in_memory
from features.snapshot.tables import Snapshot
from features.snapshot.users import describe_categories
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
    categories = describe_categories(purchases.lines)
    users = describe_users(purchases, pairs, products, categories, num_buckets)
    del pairs  # the largest of the frames
    history, sold_ids, guest_baskets = users["history"], list_sold(products), list_guest_baskets(purchases)
    baskets = pl.concat([history.select(guest_baskets.columns), guest_baskets])
    return Snapshot(
        as_of=purchases.as_of,
        num_buckets=num_buckets,
        feature_hash=hash_definitions(),
        users=users["users"],
        user_categories=users["user_categories"],
        history=users["history"],
        exclusions=users["exclusions"],
        products=products,
        categories=categories,
        neighbours=build_neighbours(baskets, sold_ids[:CORE_PRODUCTS]),
        tastes=build_embeddings(history, sold_ids),
    )


def rebuild(store: MLStore, as_of: datetime, num_buckets: int) -> RebuiltSnapshot:
    """Build the snapshot as of an instant and write it to the store, after a repair of the tables of snapshots.

    What workers have written of it is taken over. A shop with more lines than fit in memory is read a few buckets at a
    time; the rows are the same.

    Raises:
        OtherBucketsError: the store's users are shared into another number of buckets; nothing was made known.
        StoreError: the shop was never synced, or the store cannot be read or written.
    """
    require_expressions()
    with store.explained():
        repair_snapshots(store)
        shared = SharedRebuild.open(store, as_of, num_buckets)
        if shared.is_planned or not fit_in_memory(count_lines(store, shared.versions)):
            return shared.finish()
        purchases = load_purchases(store, as_of)
        snapshot = build_snapshot(purchases, num_buckets)
        snapshot = replace(snapshot, complements=build_complements(purchases.all_lines))
        return RebuiltSnapshot(snapshot.write(store), snapshot.history.height)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("features.rebuild", __doc__, has_json=True, has_logs=True)
    command.add_argument(
        "--as-of", type=parse_instant, default=None, help="instant, UTC; the last midnight if not given"
    )
    share = command.add_mutually_exclusive_group()
    share.add_argument("--plan", action="store_true", help="compute what needs all users, for workers that share them")
    share.add_argument("--buckets", type=parse_buckets, help="write these alone: 3, 3-7, 2/4; plans if nobody has")
    share.add_argument("--finish", action="store_true", help="write what is global; what is missing is an error")
    return command.run(_rebuild, arguments, (StoreError, UnfilledFeatureError, NoSuchBucketError))


def _rebuild(options: argparse.Namespace) -> Result:
    settings = load_settings()
    started = time.perf_counter()
    store, as_of = MLStore.of(settings), options.as_of or latest_midnight()
    is_share = options.plan or options.buckets is not None
    if not is_share:
        with store.explained():
            repair_snapshots(store)
    num_buckets = settle_num_buckets(store, settings.num_buckets)
    if is_share:
        summary = _work(store, as_of, num_buckets, options.buckets)
    else:
        rebuilt = _finish(store, as_of, num_buckets) if options.finish else rebuild(store, as_of, num_buckets)
        index = rebuilt.index
        summary = {
            "as_of": index.as_of,
            "feature_hash": index.feature_hash,
            "num_users": index.num_users,
            "num_products": index.num_products,
            "num_pairs": rebuilt.num_pairs,
            "num_buckets": index.num_buckets,
        }
    summary["seconds"] = round(time.perf_counter() - started, 1)
    said = "buckets written" if options.buckets else "rebuild planned" if options.plan else "snapshot written"
    logger.info("%s %s", said, " ".join(f"{key}={value}" for key, value in summary.items()))
    return Result(report=summary)


def _finish(store: MLStore, as_of: datetime, num_buckets: int) -> RebuiltSnapshot:
    with store.explained():
        return SharedRebuild.open(store, as_of, num_buckets).finish(may_write=False)


def _work(store: MLStore, as_of: datetime, num_buckets: int, choice: BucketChoice | None) -> dict[str, Any]:
    """Do a worker's part: the plan, or some buckets."""
    require_expressions()
    buckets = [] if choice is None else choice.select(num_buckets)
    with store.explained():
        shared = SharedRebuild.open(store, as_of, num_buckets)
        files = shared.write_buckets(shared.plan(), buckets)
    summary = {"as_of": as_of.isoformat(), "rebuild": shared.workspace.name, "buckets": len(files)}
    return summary | {"num_users": sum(each["users"].rows.num_rows for each in files.values())}


if __name__ == "__main__":
    sys.exit(main())
