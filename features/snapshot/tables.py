"""A snapshot: everything that the model may know as of an instant, as tables in the ML store and as arrays in memory.

Per-user tables are partitioned by `bucket`, so that scoring reads one bucket at a time. Building lives in
`features/rebuild.py`; here are the tables' names, opening, the index and the way to arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
import scipy.sparse

from features.definitions import HISTORY_FEATURES, hash_definitions, list_names
from features.snapshot.arrays import Float32, Int64, SnapshotArrays, Totals, find_rows, to_matrix
from features.snapshot.bucket_files import USER_TABLES
from features.snapshot.complements import SCHEMA as COMPLEMENTS
from features.snapshot.fingerprint import RowsHash, hash_rows, hash_tables
from features.snapshot.index_row import IndexRow, find_row, leave_out_coming, name_instant, name_rows
from features.snapshot.rows import LATER, TOTALS, read_table, write_table
from features.snapshot.user_embeddings import EMBEDDING_SIZE
from features.snapshot.workspace import name_workspace
from features.store import MLStore


@dataclass(frozen=True)
class Snapshot:
    """Frames as of an instant.

    Attributes:
        as_of: UTC; nothing in the frames is dated at or after it.
        num_buckets: user buckets of the per-user tables.
        feature_hash: hash of definitions.py when it was built.
        snapshot_id: hash of the frames as they were written; empty for one that was not read from the store.
        users: bucket, user_id (sorted), priced_lines and `user` features.
        user_categories: bucket, user_id, category_id (sorted) and `user_category` features; only categories bought
            from.
        history: bucket, user_id, product_id (sorted), gross and HISTORY_FEATURES.
        products: product_id (sorted), category_id, type_code, brand_code, popularity, first_sold_at, is_sellable,
            `product` features.
        categories: category_id (sorted), category_reach_28d, mean_price.
        neighbours: product_id, neighbour_id, weight.
        tastes: product_id (sorted), direction and crowd (lists of EMBEDDING_SIZE), crowd_size: what user_embeddings.py
            says of products that sold, under the names that earlier snapshots gave it, so that they still open.
        exclusions: bucket, user_id, and product_id or type_code (the other one null) of what a user does not want
            listed; sorted.
        complements: product_id, neighbour_id, weight; empty where nobody asked for them, and in snapshots from before
            there were any.
    """

    as_of: datetime
    num_buckets: int
    feature_hash: str
    users: pl.DataFrame
    user_categories: pl.DataFrame
    history: pl.DataFrame
    products: pl.DataFrame
    categories: pl.DataFrame
    neighbours: pl.DataFrame
    tastes: pl.DataFrame
    exclusions: pl.DataFrame
    complements: pl.DataFrame = field(default_factory=COMPLEMENTS.to_frame)
    snapshot_id: str = ""

    def user_ids(self, bucket: int | None = None) -> Int64:
        """Return the users known as of the instant, of one bucket or all, sorted."""
        users = self.users if bucket is None else self.users.filter(pl.col("bucket") == bucket)
        return users["user_id"].to_numpy().astype(np.int64)

    @cached_property
    def arrays(self) -> SnapshotArrays:
        """The frames as arrays, made once."""
        user_ids, product_ids = self.user_ids(), self.products["product_id"].to_numpy()
        category_ids = np.unique(self.products["category_id"].to_numpy())
        owners = find_rows(user_ids, self.history["user_id"].to_numpy())
        return SnapshotArrays(
            user_ids=user_ids,
            bucket_offsets=np.array([0, len(user_ids)]),
            product_ids=product_ids,
            category_ids=category_ids,
            users=to_matrix(self.users, list_names("user")),
            products=to_matrix(self.products, list_names("product")),
            user_categories=self._spread_categories(user_ids, category_ids),
            category_rows=find_rows(category_ids, self.products["category_id"].to_numpy()),
            type_codes=self.products["type_code"].to_numpy(),
            brand_codes=self.products["brand_code"].to_numpy(),
            popularity=self.products["popularity"].cast(pl.Float32).to_numpy(),
            is_sellable=self.products["is_sellable"].to_numpy(),
            history=to_matrix(self.history, HISTORY_FEATURES),
            history_products=find_rows(product_ids, self.history["product_id"].to_numpy()),
            history_offsets=np.searchsorted(owners, np.arange(len(user_ids) + 1)).astype(np.int64),
            history_decayed=self.history["pair_decayed_112d"].cast(pl.Float32).to_numpy(),
            totals=self._lay_out_totals(category_ids),
            neighbours=_connect(product_ids, self.neighbours),
            complements=_connect(product_ids, self.complements),
            item_directions=self._spread_products(product_ids, _to_rows(self.tastes["direction"])),
            audiences=self._spread_products(product_ids, _to_rows(self.tastes["crowd"])),
            audience_sizes=self._spread_products(product_ids, self.tastes["crowd_size"].to_numpy()),
            exclusions=self._locate_exclusions(user_ids, product_ids),
        )

    def _spread_categories(self, user_ids: Int64, category_ids: Int64) -> Float32:
        """Lay the sparse user-category rows out as float32[U, C, F]; what was never bought is NaN but for its reach."""
        names = list_names("user_category")
        dense = np.full((len(user_ids), len(category_ids), len(names)), np.nan, dtype=np.float32)
        known = find_rows(category_ids, self.categories["category_id"].to_numpy())
        reach = self.categories["category_reach_28d"].cast(pl.Float32).to_numpy()
        dense[:, known[known >= 0], names.index("category_reach_28d")] = reach[known >= 0]
        users = find_rows(user_ids, self.user_categories["user_id"].to_numpy())
        categories = find_rows(category_ids, self.user_categories["category_id"].to_numpy())
        inside = (users >= 0) & (categories >= 0)
        dense[users[inside], categories[inside]] = to_matrix(self.user_categories, names)[inside]
        return dense

    def _lay_out_totals(self, category_ids: Int64) -> Totals | None:
        """Lay out what features are kept up with; `None` where the snapshot was built before there was any of it."""
        if not all(set(names) <= {*getattr(self, table).columns} for table, names in TOTALS.items()):
            return None
        mean_prices = np.full(len(category_ids), np.nan, dtype=np.float32)
        known = find_rows(category_ids, self.categories["category_id"].to_numpy())
        mean_prices[known[known >= 0]] = self.categories["mean_price"].cast(pl.Float32).to_numpy()[known >= 0]
        return Totals(self.history["gross"].to_numpy(), self.users["priced_lines"].to_numpy(), mean_prices)

    def _spread_products(self, product_ids: Int64, values: Float32) -> Float32:
        """Lay a row a product that sold out as float32[N, ...], zeros for what never sold."""
        dense = np.zeros((len(product_ids), *values.shape[1:]), dtype=np.float32)
        dense[find_rows(product_ids, self.tastes["product_id"].to_numpy())] = values
        return dense

    def _locate_exclusions(self, user_ids: Int64, product_ids: Int64) -> Int64:
        """Lay the exclusions of known users out as `SnapshotArrays` has them."""
        owners = find_rows(user_ids, self.exclusions["user_id"].to_numpy())
        products = find_rows(product_ids, self.exclusions["product_id"].fill_null(-1).to_numpy())
        located = np.column_stack([owners, products, self.exclusions["type_code"].fill_null(-1).to_numpy()])
        return located[owners >= 0].astype(np.int64)

    def write(self, store: MLStore) -> IndexRow:
        """Put the frames into the store, in a Delta partition of their own; again is the same. The index goes last."""
        snapshot_id = self.hash_frames()
        row = IndexRow(
            as_of=name_instant(self.as_of),
            num_buckets=self.num_buckets,
            feature_hash=self.feature_hash,
            snapshot_id=snapshot_id,
            num_users=self.users.height,
            num_products=self.products.height,
            partition=name_workspace(self.as_of, {"snapshot_id": snapshot_id}),
        )
        for table in TABLES:
            write_table(store, table, getattr(self, table), row.partition)
        row.write(store)
        return row

    def hash_frames(self) -> str:
        """Hash all rows: the same instant computed from other rows is another snapshot."""
        return hash_snapshot(self.feature_hash, {table: hash_rows(getattr(self, table)) for table in TABLES})

    @classmethod
    def open(
        cls,
        store: MLStore,
        as_of: datetime | None = None,
        bucket: int | None = None,
        beside: "Snapshot | None" = None,
    ) -> "Snapshot":
        """Read a snapshot back.

        Args:
            store: the ML store.
            as_of: the instant; the newest snapshot if it is None, those of instants to come left aside.
            bucket: read the rows of this user bucket only; the global tables are whole either way.
            beside: another bucket of the same snapshot, whose global tables are taken over instead of read again.

        Raises:
            StoreError: there is no such snapshot; the message lists those that exist. Or the store cannot be read.
        """
        row = find_row(list_snapshots(store), as_of)
        with store.explained(*(f"snapshot_{table}" for table in TABLES)):
            read = {
                table: read_table(store, table, name_rows(row), _choose(bucket))
                for table in (USER_TABLES if beside else TABLES)
            }
        frames = {table: read[table] if table in read else getattr(beside, table) for table in TABLES}
        instant, snapshot_id = datetime.fromisoformat(row["as_of"]), row.get("snapshot_id") or ""
        return cls(instant, row["num_buckets"], row["feature_hash"], **frames, snapshot_id=snapshot_id)


def hash_snapshot(feature_hash: str, tables: Mapping[str, RowsHash]) -> str:
    """Hash a snapshot from the hash of each table's rows; a table that came later counts if it has any."""
    counted = {table: tables[table] for table in TABLES if table not in LATER or tables[table].num_rows}
    return hash_tables(feature_hash, counted)


TABLES = tuple(item.name for item in fields(Snapshot) if item.type is pl.DataFrame)


def list_snapshots(store: MLStore) -> pl.DataFrame:
    """List what was built: as_of (ISO 8601 text), num_buckets, feature_hash, num_users, num_products; oldest first."""
    if not store.exists("snapshots"):
        return pl.DataFrame(schema={"as_of": pl.String, "num_buckets": pl.Int64, "feature_hash": pl.String})
    with store.explained("snapshots"):
        return store.scan("snapshots").sort("as_of").collect()


def count_users(store: MLStore, as_of: datetime) -> int:
    """Count the users of a snapshot that exists, without reading it."""
    index = list_snapshots(store).filter(pl.col("as_of") == name_instant(as_of))
    return int(index["num_users"].item())


def scan_users(store: MLStore, as_of: datetime) -> pl.LazyFrame:
    """Read the users of a snapshot that exists lazily, with their features.

    Raises:
        StoreError: the store cannot be read.
    """
    [row] = list_snapshots(store).filter(pl.col("as_of") == name_instant(as_of)).iter_rows(named=True)
    return store.scan("snapshot_users", partition=name_rows(row))


class SnapshotName(NamedTuple):
    """An instant, and what was computed for it."""

    as_of: datetime
    snapshot_id: str


def find_newest(store: MLStore) -> SnapshotName | None:
    """Name the newest snapshot, without reading it; None where there is none. Instants to come are left aside."""
    newest = leave_out_coming(list_snapshots(store)).tail(1)
    if newest.is_empty():
        return None
    row = newest.row(0, named=True)
    return SnapshotName(datetime.fromisoformat(row["as_of"]), row.get("snapshot_id") or "")


def _connect(product_ids: Int64, weighed: pl.DataFrame) -> scipy.sparse.csr_matrix:
    """Lay rows of product_id, neighbour_id, weight out as float32[N, N]."""
    rows = find_rows(product_ids, weighed["product_id"].to_numpy())
    columns = find_rows(product_ids, weighed["neighbour_id"].to_numpy())
    inside = (rows >= 0) & (columns >= 0)
    weights = weighed["weight"].cast(pl.Float32).to_numpy()[inside]
    shape = (len(product_ids), len(product_ids))
    return scipy.sparse.csr_matrix((weights, (rows[inside], columns[inside])), shape=shape)


def _to_rows(lists: pl.Series) -> Float32:
    """Lay lists of EMBEDDING_SIZE numbers out as float32[lists, EMBEDDING_SIZE]."""
    return lists.explode().to_numpy().astype(np.float32).reshape(-1, EMBEDDING_SIZE)


def _choose(bucket: int | None) -> pl.Expr:
    return pl.lit(True) if bucket is None else pl.col("bucket") == bucket


def is_current(snapshot: Snapshot) -> bool:
    """Return whether the snapshot was built by today's definitions."""
    return snapshot.feature_hash == hash_definitions()
