"""Curve of repeats against discovery: what homepages give up, and find, that hold earlier purchases back.

    python -m training.studies.repeats --backtests var/backtest/2017-08-20 var/backtest/2017-10-15

Takes versions that `training.backtest` trained. Of its 20 a page shows at most so many earlier purchases, and what is
held back waits: the same number to everybody; in proportion to a shopper's own share of repeats, in the last purchases
or as the scores expect it; or as many as come first where a new product's score counts several times. These ways are
compared where they find equally much that is new.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from command import Command, Result
from features.snapshot.arrays import Int64
from features.snapshot.purchases import Purchases
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.data.windows import Window
from training.evaluation.lists import K
from training.gate.markdown import format_difference
from training.ranking.ranker import Ranker
from training.studies.homepages import Judged, compose, draw_lists, judge, open_backtest
from training.version.files import ArtefactError

MOST_REPEATS = (20, 18, 16, 14, 12, 10)
WEIGHTS = (1.5, 2.0, 2.5, 3.0, 4.0)
# Whatever a new product counts, at least two of a page are new.
MOST_OF_WEIGHED = 18
# A shopper's share of repeats is drawn towards everybody's as if so many more purchases of the usual kind were there.
SHRINKAGE = 20
LARGEST_WEIGHT = 64.0
HALVINGS = 16

Share = npt.NDArray[np.float64]
OfUsers = Callable[[float], Int64]
"""From 0, where a way shows the fewest repeats, to 1, where it shows the most: those of each user's page, int64[U]."""


@dataclass(frozen=True)
class Curve:
    """What was measured at one cut.

    Attributes:
        bare: pages as lists have them, with families as often as they come.
        fixed: by the most repeats of a page; K holds nothing back.
        weighed: by how many times a new product's score counts.
        matched: by the most repeats of a fixed page, then by way: pages that find as many new products as that one.
    """

    bare: Judged
    fixed: dict[int, Judged]
    weighed: dict[float, Judged]
    matched: dict[int, dict[str, Judged]]


def measure_curve(window: Window, past: Purchases, ranker: Ranker) -> Curve:
    """Compose everybody's page in each way and compare it with what was bought.

    Args:
        window: after the ranker's instant.
        past: the purchases before it.
        ranker: the version.
    """
    users = window.users_with_labels()
    lists = draw_lists(window, users, ranker)

    def show(most_repeats: Int64) -> Judged:
        return judge(window, lists, compose(lists, most_repeats))

    def weigh(weight: float) -> Int64:
        return np.minimum(lists.weigh_new(weight), MOST_OF_WEIGHED)

    everything = np.full(len(users), K)
    last = estimate_shares(past, (window.end - window.start).days, window.arrays.user_ids[users])
    ways: dict[str, OfUsers] = {
        "last purchases": lambda part: _follow_shares(last, part),
        "scores": lambda part: _follow_shares(lists.expect_repeats(), part),
        "weight": lambda part: weigh(LARGEST_WEIGHT ** (1 - part)),
    }
    fixed = {number: show(np.minimum(everything, number)) for number in MOST_REPEATS}
    return Curve(
        bare=judge(window, lists, compose(lists, everything, by_family=False)),
        fixed=fixed,
        weighed={weight: show(weigh(weight)) for weight in WEIGHTS},
        matched={
            number: {name: _find_match(way, show, pages) for name, way in ways.items()}
            for number, pages in fixed.items()
            if number < MOST_OF_WEIGHED
        },
    )


def _follow_shares(shares: Share, part: float) -> Int64:
    """Give each user repeats in proportion to a share, on average `part` of twice a page."""
    return np.clip(np.rint(2 * K * part * shares / shares.mean()), 0, K).astype(np.int64)


def _find_match(way: OfUsers, show: Callable[[Int64], Judged], fixed: Judged) -> Judged:
    """Search for the pages of a way that find as many new products as others; the more repeats, the fewer they find."""
    least, most = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (least + most) / 2
        judged = show(way(middle))
        least, most = (middle, most) if judged.new_hits.mean() > fixed.new_hits.mean() else (least, middle)
    return judged


def estimate_shares(past: Purchases, num_days: int, user_ids: Int64) -> Share:
    """Estimate what share of a user's next products were bought before: that of the last days, shrunk to everybody's.

    Args:
        past: the purchases before an instant.
        num_days: how many days of them are looked at.
        user_ids: int64[U].
    """
    start = past.as_of - timedelta(days=num_days)
    known = past.lines.filter(pl.col("ordered_at") < start).select("user_id", "product_id").unique()
    bought = past.within(start, past.as_of).join(known.with_columns(again=1), on=["user_id", "product_id"], how="left")
    counts = bought.group_by("user_id").agg(pl.len(), pl.col("again").sum())
    of_users = pl.DataFrame({"user_id": user_ids}).join(counts, on="user_id", how="left", maintain_order="left")
    again, number = (of_users[name].fill_null(0).to_numpy() for name in ("again", "len"))
    usual = again.sum() / max(number.sum(), 1)
    return np.asarray((again + SHRINKAGE * usual) / (number + SHRINKAGE))


COLUMNS = ("repeats a page", "bought of a page", "ndcg, all", "ndcg, repeats", "new ones bought of a page")


def write_curve(curve: Curve) -> Iterator[str]:
    """Lay a cut's curve out as two tables (Markdown)."""
    header = ("at most", *COLUMNS, "pages of repeats alone", "ndcg, all, lost", "new ones bought, gained")
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    yield _write_row(f"{K}, families as they come", curve.bare, curve)
    for number, judged in curve.fixed.items():
        yield _write_row(f"{number} of {K}", judged, curve)
    for weight, judged in curve.weighed.items():
        yield _write_row(f"{MOST_OF_WEIGHED}, new ones count {weight:g} times", judged, curve)
    yield ""
    yield f"| with as many new ones bought | {' | '.join(next(iter(curve.matched.values())))} |"
    yield "|---" * (1 + len(next(iter(curve.matched.values())))) + "|"
    for number, ways in curve.matched.items():
        gained = (format_difference(judged.ndcg, curve.fixed[number].ndcg) for judged in ways.values())
        yield f"| as at most {number} of {K} | {' | '.join(gained)} |"


def _write_row(name: str, judged: Judged, curve: Curve) -> str:
    unrestricted = curve.fixed[K]
    cells = [
        name,
        f"{judged.num_repeats.mean():.1f}",
        f"{judged.hits.mean():.3f}",
        f"{judged.ndcg.mean():.4f}",
        f"{np.nanmean(judged.repeat_ndcg):.4f}",
        f"{judged.new_hits.mean():.3f}",
        f"{1 - judged.has_new.mean():.1%}",
    ]
    if judged is not unrestricted:
        cells += [
            format_difference(getattr(judged, name), getattr(unrestricted, name)) for name in ("ndcg", "new_hits")
        ]
    return f"| {' | '.join(cells)} |" + "  |  |" * (judged is unrestricted)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("training.studies.repeats", __doc__, has_logs=True)
    command.add_argument("--backtests", type=Path, nargs="+", required=True, help="folders of training.backtest")
    return command.run(_compare, arguments, (OSError, StoreError, ValueError, ArtefactError))


def _compare(options: argparse.Namespace) -> Result:
    store = MLStore.of(load_settings())
    lines: list[str] = []
    for folder in options.backtests:
        purchases, window = open_backtest(store, folder)
        curve = measure_curve(window, purchases.before(window.start), Ranker.load(folder / "version"))
        lines += [f"## {window.start:%Y-%m-%d}", "", *write_curve(curve), ""]
    return Result("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
