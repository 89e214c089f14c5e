"""Past snapshots of a shop that does not fit in memory: what is global from all lines, users as they are asked for.

The lines of all orders are spread over parts of the users once, and each part's are put in order and joined with their
products; each past instant is then one pass over the parts. What comes of it is what `build_snapshot` computes of
`Purchases.before`, for some of the users.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl

from features.definitions import hash_definitions
from features.snapshot.arrays import Int64
from features.snapshot.availability import mark_sellable
from features.snapshot.bucket_rebuild import describe_users
from features.snapshot.global_tables import build_neighbours_and_embeddings
from features.snapshot.history import build_pairs, date_pairs
from features.snapshot.lines import scan_coupons
from features.snapshot.plan import Lines, load_shared_facts
from features.snapshot.purchases import ProductFacts, Purchases, settle_purchases
from features.snapshot.spreading import count_lines, spread_lines
from features.snapshot.sums import SumsOfParts
from features.snapshot.tables import Snapshot
from features.snapshot.workspace import Workspace
from features.store import MLStore

LINES_OF_A_PART = 400_000
"""Lines of orders in memory at once, some 0.5 KB each."""

IN_ORDER = ("user_id", "ordered_at", "order_id", "product_id")


class PartFiles(NamedTuple):
    """Names of the files of a part of the users.

    Attributes:
        ledger: their lines and those of guests, as `finish_lines` gives them.
        users: user_id, sorted.
    """

    ledger: str
    users: str


@dataclass(frozen=True)
class SpreadPurchases:
    """The purchases before an instant, in files of a folder of their own: read a part of the users, or some, at a time.

    Attributes:
        store: the ML store. versions: of its tables, for coupons.
        workspace: holds the files. parts: their names.
        facts: what the purchases of all users share.
    """

    store: MLStore
    versions: Mapping[str, int]
    workspace: Workspace
    parts: list[PartFiles]
    facts: ProductFacts

    @property
    def as_of(self) -> datetime:
        """The instant; every purchase lies strictly before it."""
        return self.facts.as_of

    def load_parts(self) -> Iterator[Purchases]:
        """Load the purchases of one part of the users after the other, without the coupons that they redeemed."""
        no_coupons = scan_coupons(self.store, self.as_of, self.versions).clear().collect()
        for part in self.parts:
            ledger, users = (self.workspace.scan_frames([path]).collect() for path in part)
            yield settle_purchases(self.facts, users, ledger, no_coupons)

    def load_users(self, user_ids: Int64) -> Purchases:
        """Load the purchases of some users, and nothing of guests."""
        workspace, is_asked = self.workspace, pl.col("user_id").is_in(pl.Series(user_ids).implode())
        users = workspace.scan_frames([part.users for part in self.parts]).filter(is_asked).sort("user_id").collect()
        is_theirs = pl.col("user_id").is_in(users["user_id"].implode())  # a filter, so that only their lines are read
        ledgers = workspace.scan_frames([part.ledger for part in self.parts])
        lines = ledgers.filter(is_theirs).sort(IN_ORDER).collect()
        coupons = scan_coupons(self.store, self.as_of, self.versions).filter(is_theirs).collect()
        return settle_purchases(self.facts, users, lines, coupons)

    def build_snapshot(self, at: datetime, chosen: Purchases) -> Snapshot:
        """Build the snapshot as of a past instant: all of its products and categories, and some of its users.

        Args:
            at: the instant.
            chosen: the purchases of those users, as `load_users` gives them.
        """
        workspace = Workspace(self.workspace.store, f"past{at.astimezone(UTC):%Y%m%dT%H%M%S%f}")
        sums, history = SumsOfParts(workspace), []
        for purchases in self.load_parts():
            past = purchases.before(at)
            pairs = date_pairs(past)
            sums.add(past, pairs)
            days = pl.col("days").cast(pl.Float32).alias("pair_days_since")
            history.append(
                workspace.write_frame("history", past.keep_shoppers(pairs).select("user_id", "product_id", days))
            )
        known = self.facts.products.filter(pl.col("product_id").is_in(sums.list_bought().implode()))
        products = sums.describe_products(mark_sellable(known, self.facts.availability, at))
        categories = sums.describe_categories()
        neighbours, tastes = build_neighbours_and_embeddings(
            [workspace.scan_frames([path]) for path in history],
            [workspace.scan_frames([path]) for path in sums.guests],
            products,
        )
        workspace.delete()
        users = chosen.before(at)
        tables = describe_users(users, build_pairs(users), products, categories, num_buckets=1)
        return Snapshot(
            as_of=at,
            num_buckets=1,
            feature_hash=hash_definitions(),
            users=tables["users"],
            user_categories=tables["user_categories"],
            history=tables["history"],
            exclusions=tables["exclusions"],
            products=products,
            categories=categories,
            neighbours=neighbours,
            tastes=tastes,
        )


def spread_purchases(
    store: MLStore, as_of: datetime, versions: Mapping[str, int], scratch: Path, lines_of_a_part: int = LINES_OF_A_PART
) -> SpreadPurchases:
    """Spread the lines of all orders before an instant over parts of the users.

    Args:
        store: the ML store.
        as_of: timezone-aware; orders placed at this very instant belong to the future.
        versions: table versions to read.
        scratch: folder for the files; it is the caller's to delete.
        lines_of_a_part: lines in memory at once.

    Raises:
        StoreError: the shop was never synced, or the store cannot be read.
    """
    with store.explained("users", "products", "orders", "order_items"):
        workspace, num_lines = Workspace(MLStore(str(scratch)), "lines"), count_lines(store, versions)
        num_parts = max(-(-num_lines // lines_of_a_part), 1)
        paths = spread_lines(store, as_of, versions, num_parts, workspace)
        lines = Lines(store, versions, workspace, as_of, num_parts, num_lines, paths)
        facts = load_shared_facts(lines)
        parts = [_write_part(lines, facts, part) for part in range(num_parts)]
        workspace.delete_frames(paths)
        return SpreadPurchases(store, versions, workspace, parts, facts)


def _write_part(lines: Lines, facts: ProductFacts, part: int) -> PartFiles:
    users, ledger = lines.load_ledger(facts, range(part, part + 1))
    workspace = lines.workspace
    return PartFiles(workspace.write_frame("ledger", ledger), workspace.write_frame("users", users))
