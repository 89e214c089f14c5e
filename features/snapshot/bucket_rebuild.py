"""A rebuild in three steps that workers may share: a plan, the users of each bucket, and what makes the snapshot known.

Nobody tells a worker what to do: it arrives at the same workspace as all others, whose name says the instant, the
definitions, the buckets and the versions of the shop's tables. What two of them do twice is the same twice.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add

import polars as pl

from features.definitions import hash_definitions
from features.snapshot.bucket_files import USER_TABLES, BucketFiles, commit_files, find_buckets, write_bucket
from features.snapshot.buckets import assign_bucket
from features.snapshot.choices import TABLE as CHOICES
from features.snapshot.fingerprint import RowsHash, hash_rows
from features.snapshot.global_tables import build_neighbours_and_embeddings
from features.snapshot.history import build_history, build_pairs
from features.snapshot.index_row import IndexRow, name_instant
from features.snapshot.plan import NOTE, Plan, make_plan, open_plan
from features.snapshot.purchases import Purchases
from features.snapshot.rows import write_table
from features.snapshot.tables import hash_snapshot
from features.snapshot.users import build_user_category_features, build_user_features
from features.snapshot.workspace import Workspace, name_workspace, scan_files
from features.store import MLStore
from features.store_failures import StoreError

FORMAT = 3
"""Of the workspace and of what is computed from the same rows: workers of other code share nothing with ours."""

REQUIRED = ("users", "products", "orders", "order_items")
OPTIONAL = ("user_coupons", CHOICES)

logger = logging.getLogger(__name__)


class UnfinishedError(StoreError):
    """Buckets are missing that a worker was to write."""


@dataclass(frozen=True)
class RebuiltSnapshot:
    """What was written: the row of the index, and how many pairs of user and product there are."""

    index: IndexRow
    num_pairs: int


def describe_users(
    purchases: Purchases, pairs: pl.DataFrame, products: pl.DataFrame, categories: pl.DataFrame, num_buckets: int
) -> dict[str, pl.DataFrame]:
    """Compute the tables that say of each user what the user bought, for the users of some purchases.

    Args:
        purchases: of some users, or of all.
        pairs: who bought what of them.
        products: the snapshot's table.
        categories: the snapshot's table.
        num_buckets: user buckets of the snapshot.

    Returns:
        The USER_TABLES; `exclusions` has those of all users.
    """
    tables = {
        "users": build_user_features(purchases, categories),
        "user_categories": build_user_category_features(purchases, categories),
        "history": build_history(purchases, pairs, products),
        "exclusions": purchases.exclusions.drop("made_at"),
    }
    bucket = assign_bucket(pl.col("user_id"), num_buckets)
    return {table: frame.with_columns(bucket) for table, frame in tables.items()}


@dataclass(frozen=True)
class SharedRebuild:
    """The rebuild of an instant from the rows that the store has now, begun by this worker or by another.

    Attributes:
        store: the ML store. versions: of the shop's tables in it.
        as_of: the instant. num_buckets: user buckets of the snapshot.
        workspace: what the workers share.
    """

    store: MLStore
    versions: Mapping[str, int]
    as_of: datetime
    num_buckets: int
    workspace: Workspace

    @classmethod
    def open(cls, store: MLStore, as_of: datetime, num_buckets: int) -> "SharedRebuild":
        """Find the rebuild; nothing is written yet.

        Raises:
            StoreError: the shop was never synced, or the store cannot be read.
        """
        versions = {table: store.version(table) for table in REQUIRED}
        versions |= {table: store.version(table) for table in OPTIONAL if store.exists(table)}
        made_from = {"format": FORMAT, "buckets": num_buckets, "features": hash_definitions(), "versions": versions}
        workspace = Workspace(store, name_workspace(as_of, made_from))
        return cls(store, versions, as_of, num_buckets, workspace)

    @property
    def is_planned(self) -> bool:
        """Whether a worker has noted the plan."""
        return self.workspace.read_note(NOTE) is not None

    def plan(self) -> Plan:
        """Return the plan, made and noted now if nobody has."""
        told = (self.store, self.versions, self.workspace, self.as_of, self.num_buckets)
        plan = open_plan(*told)
        if plan is None:
            plan = make_plan(*told)
            plan.write()
            logger.info("planned rebuild=%s lines=%d", self.workspace.name, plan.lines.num_lines)
        return plan

    def write_buckets(self, plan: Plan, buckets: Sequence[int]) -> dict[int, BucketFiles]:
        """Compute and write what is of the users of some buckets, a few at a time."""
        written = {}
        for part in _group(buckets, plan.lines.split()):
            purchases = plan.lines.load_purchases(plan.facts, part)
            tables = describe_users(purchases, build_pairs(purchases), plan.products, plan.categories, self.num_buckets)
            for bucket in part:
                frames = {table: frame.filter(pl.col("bucket") == bucket) for table, frame in tables.items()}
                written[bucket] = write_bucket(self.store, self.workspace, bucket, frames)
            logger.info("buckets written rebuild=%s buckets=%d-%d", self.workspace.name, part.start, part.stop - 1)
        return written

    def finish(self, *, may_write: bool = True) -> RebuiltSnapshot:
        """Write what is missing, and make the snapshot known.

        Args:
            may_write: whether what no worker has written is written now, and not an error.

        Raises:
            UnfinishedError: something is missing and may not be written; the message names it.
        """
        if not may_write and not self.is_planned:
            raise UnfinishedError(
                f"Nobody has planned the rebuild {self.workspace.name}: run `python -m features.rebuild --plan`; rows "
                "that were synced since make it another one."
            )
        plan = self.plan()
        written = find_buckets(self.store, self.workspace, self.num_buckets)
        missing = [bucket for bucket in range(self.num_buckets) if bucket not in written]
        if missing and not may_write:
            raise UnfinishedError(
                f"Nobody has written the buckets {', '.join(map(str, missing))} of the rebuild {self.workspace.name}: "
                "run `python -m features.rebuild --buckets B`, or without --finish."
            )
        written |= self.write_buckets(plan, missing)
        return self._publish(plan, [written[bucket] for bucket in range(self.num_buckets)])

    def _publish(self, plan: Plan, buckets: Sequence[BucketFiles]) -> RebuiltSnapshot:
        partition = self.workspace.name
        history = [
            scan_files(self.store, [f"snapshot_history/{path}"])
            for path in (files["history"].path for files in buckets)
            if path
        ]
        guests = [self.workspace.scan_frames([path]) for path in plan.guests]
        neighbours, tastes = build_neighbours_and_embeddings(history, guests, plan.products)
        shared = {
            "products": plan.products,
            "categories": plan.categories,
            "neighbours": neighbours,
            "tastes": tastes,
            "complements": plan.complements,
        }
        hashes = {table: hash_rows(frame) for table, frame in shared.items()}
        for table, schema in self._declare(plan).items():
            files = [each[table] for each in buckets]
            commit_files(self.store, table, partition, schema, files)
            hashes[table] = reduce(add, (file.rows for file in files), RowsHash())
        for table, frame in shared.items():
            write_table(self.store, table, frame, partition)
        feature_hash = hash_definitions()
        snapshot_id = hash_snapshot(feature_hash, hashes)
        index = IndexRow(
            as_of=name_instant(self.as_of),
            num_buckets=self.num_buckets,
            feature_hash=feature_hash,
            snapshot_id=snapshot_id,
            num_users=hashes["users"].num_rows,
            num_products=plan.products.height,
            partition=partition,
        )
        index.write(self.store)
        self.workspace.delete()
        return RebuiltSnapshot(index, hashes["history"].num_rows)

    def _declare(self, plan: Plan) -> dict[str, pl.Schema]:
        """Return the columns of the USER_TABLES, from purchases of nobody."""
        purchases = plan.lines.load_purchases(plan.facts, range(self.num_buckets, self.num_buckets))
        tables = describe_users(purchases, build_pairs(purchases), plan.products, plan.categories, self.num_buckets)
        return {table: tables[table].schema for table in USER_TABLES}


def _group(buckets: Sequence[int], parts: Sequence[range]) -> list[range]:
    """Put buckets, ascending, together as far as they follow each other, none of a group larger than a part."""
    largest = max(len(part) for part in parts)
    groups: list[range] = []
    for bucket in buckets:
        if groups and groups[-1].stop == bucket and len(groups[-1]) < largest:
            groups[-1] = range(groups[-1].start, bucket + 1)
        else:
            groups.append(range(bucket, bucket + 1))
    return groups
