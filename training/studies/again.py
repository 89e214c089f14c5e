"""Ranking again after an order: what pages of the days after would have held, and what was bought of them.

    python -m training.studies.again --version var/models/RUN --as-of 2026-11-29

Takes the version's holdout model, which never saw the 28 days before the instant that it was trained as of. At some
midnights of these it ranks everybody's list; who orders on the day after is shown a page at its end, made of the list
as it was, with what is not due again left out, of the list that was ranked again by the day's orders, or of a list by
the features of the next midnight. Each is compared with what was bought in the days that follow.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from command import Command, Result, parse_instant
from features.rebuild import build_snapshot
from features.snapshot.arrays import Int64
from features.snapshot.complements import build_complements
from features.snapshot.ordered_lines import OrderedLine
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.data.windows import Window, open_window
from training.evaluation.lists import K
from training.evaluation.metrics import PerUser
from training.gate.markdown import format_difference
from training.ranking.again import rank_again
from training.ranking.ranker import Ranker
from training.studies.homepages import NUM_NEW, NUM_PRODUCTS, Judged, Lists, compose, judge
from training.version.files import ArtefactError

HOLDOUT_DAYS = 28
CUTS = (0, 3, 6, 9, 12, 14)
"""Days of the holdout at whose midnight lists are ranked."""

DAYS_AFTER = (3, 13)
NEW_WEIGHT, MOST_REPEATS = 2.0, 18
DUE_SHARE, USUAL_DAYS, LEAST_DAYS = 0.5, 28.0, 0.5
"""When a purchase is due again, as pages have it (api/queries/purchases.py)."""

AS_IT_WAS = "list as it was"
NOT_DUE = "list as it was, without what is not due"
AGAIN = "ranked again"
AGAIN_NOT_DUE = "ranked again, without what is not due"
NEXT_DAY = "list of the day after, without what is not due"

COMPARED = {AS_IT_WAS: None, AGAIN: AS_IT_WAS, NOT_DUE: None, AGAIN_NOT_DUE: NOT_DUE, NEXT_DAY: NOT_DUE}
"""Rows of the table, and which each is compared with."""

Frames = dict[str, pl.DataFrame]
"""Lists (user_id, product_id, score, reason) by the way they were made."""


def rank_ways(ranker: Ranker, purchases: Purchases, cut: datetime) -> tuple[Snapshot, Int64, Frames]:
    """Rank for who orders on the day after a cut; gives the snapshot of the cut, their ids, and the lists."""
    before, day = purchases.before(cut), purchases.before(cut + timedelta(days=1))
    snapshot = _rebuild(before)
    ordered = day.lines.filter(pl.col("ordered_at") >= cut)
    user_ids = np.intersect1d(ordered["user_id"].to_numpy(), snapshot.user_ids())
    published = ranker.rank(snapshot, user_ids, NUM_PRODUCTS, least_new=NUM_NEW)
    listed = {user: rows["product_id"].to_numpy() for (user,), rows in published.group_by("user_id")}
    lines = {user: _to_lines(rows) for (user,), rows in ordered.group_by("user_id", maintain_order=True)}
    again = pl.concat(
        [rank_again(ranker, snapshot, user, lines[user], listed[user]).to_frame() for user in user_ids.tolist()]
    )
    next_day = ranker.rank(_rebuild(day), user_ids, NUM_PRODUCTS, least_new=NUM_NEW)
    not_due = list_not_due(day, cut)
    return (
        snapshot,
        user_ids,
        {
            AS_IT_WAS: published,
            NOT_DUE: _leave_out(published, not_due, day.products),
            AGAIN: again,
            AGAIN_NOT_DUE: _leave_out(again, not_due, day.products),
            NEXT_DAY: _leave_out(next_day, not_due, day.products),
        },
    )


def list_not_due(day: Purchases, cut: datetime) -> pl.DataFrame:
    """List what was ordered since a cut and is not due again a day later: user_id, product_id."""
    habits = day.lines.group_by("user_id", "product_id").agg(
        times=pl.len(), first=pl.col("days").max(), last=pl.col("days").min(), last_at=pl.col("ordered_at").max()
    )
    interval = pl.when(pl.col("times") > 1).then((pl.col("first") - pl.col("last")) / (pl.col("times") - 1))
    wait = pl.max_horizontal(DUE_SHARE * interval.fill_null(USUAL_DAYS), LEAST_DAYS)
    waiting = habits.filter((pl.col("last_at") >= cut) & (pl.col("last") < wait))
    return waiting.select("user_id", "product_id")


def lay_out(window: Window, user_ids: Int64, frame: pl.DataFrame) -> Lists:
    """Lay lists out as `Lists`; products that were not known at the cut are left out."""
    arrays = window.arrays
    frame = frame.sort("user_id", "score", descending=[False, True], maintain_order=True)
    frame = frame.filter(pl.Series(arrays.find_products(frame["product_id"].to_numpy()) >= 0))
    lines = np.searchsorted(user_ids, frame["user_id"].to_numpy())
    counts = np.bincount(lines, minlength=len(user_ids))
    ranks = np.arange(len(lines)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (len(user_ids), int(counts.max(initial=1)))
    products, scores = np.full(shape, -1, dtype=np.int64), np.full(shape, -1, dtype=np.float32)
    products[lines, ranks] = arrays.find_products(frame["product_id"].to_numpy())
    scores[lines, ranks] = frame["score"].to_numpy()
    is_new = np.zeros(shape, dtype=bool)
    is_new[lines, ranks] = (frame["reason"] != "bought_before").to_numpy()
    families = np.where(products >= 0, arrays.type_brand_codes[products], -1)
    return Lists(arrays.find_users(user_ids), products, scores, is_new, families)


def _leave_out(frame: pl.DataFrame, not_due: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Leave out products and their families, which the demo shop does not name: what one maker makes of one type."""
    family = products.select("product_id", family=pl.struct("type_code", "brand_code"))
    waiting = not_due.join(family, on="product_id").select("user_id", "family").unique()
    known = frame.join(family, on="product_id", how="left", maintain_order="left")
    return known.join(waiting, on=["user_id", "family"], how="anti", maintain_order="left").drop("family")


def _rebuild(purchases: Purchases) -> Snapshot:
    return replace(build_snapshot(purchases), complements=build_complements(purchases.all_lines))


def _to_lines(rows: pl.DataFrame) -> list[OrderedLine]:
    columns = rows.select("order_id", "product_id", "quantity", "value", "discount", "ordered_at")
    return [OrderedLine(*row) for row in columns.iter_rows()]


@dataclass(frozen=True)
class Measured:
    """Pages of all cuts by the way their lists were made, compared with what was bought in some days."""

    days_after: int
    judged: dict[str, list[Judged]]

    def column(self, way: str, name: str) -> PerUser:
        """One measure of all pages of a way, float64[pages]."""
        return np.concatenate([getattr(each, name) for each in self.judged[way]])


def measure(purchases: Purchases, ranker: Ranker, start: datetime) -> list[Measured]:
    """Compare the ways at all cuts after `start`, with what was bought in few days and in many."""
    measured = [Measured(days_after, {}) for days_after in DAYS_AFTER]
    for days in CUTS:
        cut = start + timedelta(days=days)
        snapshot, user_ids, frames = rank_ways(ranker, purchases, cut)
        for each in measured:
            window = open_window(purchases, cut + timedelta(days=1), each.days_after, snapshot.arrays)
            bought = np.isin(snapshot.arrays.find_users(user_ids), window.users_with_labels())
            for way, pages in _judge(window, user_ids[bought], frames).items():
                each.judged.setdefault(way, []).append(pages)
    return measured


def _judge(window: Window, user_ids: Int64, frames: Frames) -> dict[str, Judged]:
    judged = {}
    for way, frame in frames.items():
        lists = lay_out(window, user_ids, frame.filter(pl.col("user_id").is_in(user_ids.tolist())))
        page = compose(lists, np.minimum(lists.weigh_new(NEW_WEIGHT), MOST_REPEATS))
        judged[way] = judge(window, lists, page)
    return judged


def write_table(measured: Measured) -> Iterator[str]:
    """Lay a comparison out as a table (Markdown)."""
    num_pages = len(measured.column(AS_IT_WAS, "ndcg"))
    yield f"What was bought in the {measured.days_after} days after, {num_pages} pages of {K}:"
    yield ""
    header = ("page", "repeats a page", "bought of a page", "ndcg", "new ones bought", "ndcg, against")
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    for way, above in COMPARED.items():
        means = (measured.column(way, name).mean() for name in ("num_repeats", "hits", "ndcg", "new_hits"))
        repeats, hits, ndcg, new_hits = means
        against = ""
        if above is not None:
            difference = format_difference(measured.column(way, "ndcg"), measured.column(above, "ndcg"))
            against = f"{above}: {difference}"
        yield f"| {way} | {repeats:.1f} | {hits:.3f} | {ndcg:.4f} | {new_hits:.3f} | {against} |"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("training.studies.again", __doc__, has_logs=True)
    command.add_argument("--version", type=Path, required=True, help="folder of a version")
    command.add_argument("--as-of", type=parse_instant, required=True, help="instant that it was trained as of")
    return command.run(_study, arguments, (OSError, StoreError, ValueError, ArtefactError))


def _study(options: argparse.Namespace) -> Result:
    purchases = load_purchases(MLStore.of(load_settings()), options.as_of)
    ranker = Ranker.load(options.version, is_holdout=True)
    measured = measure(purchases, ranker, options.as_of - timedelta(days=HOLDOUT_DAYS))
    return Result("\n\n".join("\n".join(write_table(each)) for each in measured))


if __name__ == "__main__":
    sys.exit(main())
