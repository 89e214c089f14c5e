"""Plan of a rebuild: what needs the purchases of all users, computed in one pass over them, a few buckets at a time.

Whoever has it computes what is of users, bucket by bucket, without having seen any other bucket.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.snapshot.availability import drop_hidden, list_hidden, load_availability
from features.snapshot.buckets import assign_bucket
from features.snapshot.complements import build_complements, keep_newest
from features.snapshot.history import build_pairs
from features.snapshot.lines import find_last_sales, scan_coupons, scan_users
from features.snapshot.purchases import ProductFacts, Purchases, finish_lines, load_product_facts, settle_purchases
from features.snapshot.spreading import count_lines, read_lines, split_buckets, spread_lines
from features.snapshot.sums import SumsOfParts
from features.snapshot.workspace import Workspace
from features.store import MLStore

NOTE = "plan"


@dataclass(frozen=True)
class Lines:
    """The lines of all orders before an instant, spread over the user buckets.

    Attributes:
        store: the ML store. versions: of its tables, for what is read beside the lines.
        workspace: holds the files.
        as_of: the instant. num_buckets: of the users. num_lines: in all buckets, or more.
        paths: names of the files.
    """

    store: MLStore
    versions: Mapping[str, int]
    workspace: Workspace
    as_of: datetime
    num_buckets: int
    num_lines: int
    paths: list[str]

    def split(self) -> list[range]:
        """Return the buckets, as many together as memory is meant to hold at once."""
        return split_buckets(self.num_buckets, self.num_lines)

    def read(self, buckets: range) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Read the users of some buckets, and the lines of their and of guests' orders."""
        is_inside = assign_bucket(pl.col("user_id"), self.num_buckets).is_between(buckets.start, buckets.stop - 1)
        users = scan_users(self.store, self.as_of, self.versions).filter(is_inside).collect()
        is_known = pl.col("is_guest") | pl.col("user_id").is_in(users["user_id"].implode())
        lines = read_lines(self.workspace, self.paths, buckets).filter(is_known).drop("is_guest")
        return users, lines.collect()

    def load_ledger(self, facts: ProductFacts, buckets: range) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Load the users of some buckets, user_id, sorted, and their lines as `finish_lines` gives them."""
        users, lines = self.read(buckets)
        return users, finish_lines(facts, drop_hidden(lines, facts.availability))

    def load_purchases(self, facts: ProductFacts, buckets: range) -> Purchases:
        """Load the purchases of some buckets."""
        users, ledger = self.load_ledger(facts, buckets)
        is_inside = assign_bucket(pl.col("user_id"), self.num_buckets).is_between(buckets.start, buckets.stop - 1)
        coupons = scan_coupons(self.store, self.as_of, self.versions).filter(is_inside).collect()
        return settle_purchases(facts, users, ledger, coupons)


@dataclass(frozen=True)
class Plan:
    """What is global in a snapshot, but for what is computed of the users' history once that is written.

    Attributes:
        lines: of all orders, spread over the buckets.
        facts: what the purchases of all users share.
        guests: names of files in the workspace: what guests bought, as `list_guest_baskets` gives it.
        products, categories, complements: the snapshot's tables.
    """

    lines: Lines
    facts: ProductFacts
    guests: list[str]
    products: pl.DataFrame
    categories: pl.DataFrame
    complements: pl.DataFrame

    def write(self) -> None:
        """Note the plan in its workspace, for other workers."""
        workspace, frames = self.lines.workspace, {**self._frames(), **_frames_of(self.facts)}
        paths = {name: workspace.write_frame(name, frame) for name, frame in frames.items()}
        lines = {"paths": self.lines.paths, "num_lines": self.lines.num_lines}
        workspace.write_note(NOTE, {"lines": lines, "guests": self.guests, "frames": paths})

    def _frames(self) -> dict[str, pl.DataFrame]:
        return {"products": self.products, "categories": self.categories, "complements": self.complements}


def _frames_of(facts: ProductFacts) -> dict[str, pl.DataFrame]:
    names = ("products", "availability", "exclusions", "gifts")
    return {f"facts_{name}": getattr(facts, name) for name in names}


def open_plan(
    store: MLStore, versions: Mapping[str, int], workspace: Workspace, as_of: datetime, num_buckets: int
) -> Plan | None:
    """Read the plan of a workspace; None if nobody noted one."""
    note = workspace.read_note(NOTE)
    if note is None:
        return None
    frames = {name: workspace.scan_frames([path]).collect() for name, path in note["frames"].items()}
    shared = {name.removeprefix("facts_"): frames.pop(name) for name in list(frames) if name.startswith("facts_")}
    lines = Lines(store, versions, workspace, as_of, num_buckets, **note["lines"])
    return Plan(lines, ProductFacts(as_of, **shared), note["guests"], **frames)


def make_plan(
    store: MLStore, versions: Mapping[str, int], workspace: Workspace, as_of: datetime, num_buckets: int
) -> Plan:
    """Compute what needs all users, with the purchases of a few buckets in memory at a time."""
    workspace.begin()
    paths = spread_lines(store, as_of, versions, num_buckets, workspace)
    lines = Lines(store, versions, workspace, as_of, num_buckets, count_lines(store, versions), paths)
    facts = load_shared_facts(lines)
    sums = SumsOfParts(workspace)
    newest: list[pl.DataFrame] = []
    for purchases in (lines.load_purchases(facts, buckets) for buckets in lines.split()):
        sums.add(purchases, build_pairs(purchases))
        newest = [keep_newest(pl.concat([*newest, keep_newest(purchases.all_lines)]))]
    return Plan(
        lines=lines,
        facts=facts,
        guests=sums.guests,
        products=sums.describe_products(facts.products),
        categories=sums.describe_categories(),
        complements=build_complements(*newest),
    )


def load_shared_facts(lines: Lines) -> ProductFacts:
    """Read what all users share; two looks at the lines say what was sold when, and what while it was visible."""
    sales = pl.concat([find_last_sales(each) for each in _read_all(lines)])
    last_sales = sales.group_by("product_id").agg(pl.col("last_sale").max())
    availability = load_availability(lines.store, lines.as_of, lines.versions, last_sales.drop_nulls())
    hidden = list_hidden(availability)
    bought = [last_sales.join(hidden, on="product_id", how="anti")["product_id"]]
    if hidden.height:
        suspects = (each.join(hidden, on="product_id", how="semi") for each in _read_all(lines))
        bought += [drop_hidden(each, availability)["product_id"].unique() for each in suspects]
    return load_product_facts(lines.store, lines.as_of, lines.versions, availability, pl.concat(bought).unique())


def _read_all(lines: Lines) -> Iterator[pl.DataFrame]:
    return (lines.read(buckets)[1] for buckets in lines.split())
