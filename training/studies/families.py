"""Ways to rank families: products with families shown once, scores of variants combined, and a model of families.

    python -m training.studies.families --backtests var/backtest/2017-08-20 var/backtest/2017-10-15

Takes versions that `training.backtest` trained, and trains beside each one that learns from families as if they were
products. A family is what one maker makes of one type, as in the demo shop. Pages of 20 families are judged on the
products that they show, and on families.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import polars as pl

from command import Command, Result
from features.snapshot.arrays import Int64
from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.config import load_config
from training.data.windows import Window, open_window
from training.fit import fit, reopen
from training.gate.markdown import format_difference
from training.ranking.chunks import map_chunks
from training.ranking.ranker import Ranker
from training.studies.family_pages import JudgedFamilies, judge_families, merge_families, name_families
from training.studies.homepages import open_backtest
from training.version.files import ArtefactError

BEST = (-pl.col("score"),)
BOUGHT_LAST = (pl.col("days"), -pl.col("score"))
"""Orders of a family's variants, the one to show first: the best, or the one that the user bought last."""

MAXIMUM = pl.col("score").max()
NOISY_OR = 1 - (1 - pl.col("score")).log().sum().exp()
TODAY = "best variant's score, best variant"
LEAST = 1e-6

COMBINATIONS = {
    TODAY: (MAXIMUM, BEST),
    "best variant's score, variant bought last": (MAXIMUM, BOUGHT_LAST),
    "noisy-or of the scores, best variant": (NOISY_OR, BEST),
    "sum of the scores, best variant": (pl.col("score").sum(), BEST),
}
"""A family's score from its variants' probabilities, and which variant is shown. The first is what pages do."""


def measure_ways(
    window: Window, users: Int64, ranker: Ranker, purchases: Purchases, family_ranker: Ranker
) -> dict[str, JudgedFamilies]:
    """Judge each way to rank families on the same users.

    Args:
        window: after both rankers' instant.
        users: int64[U], ascending rows of users with labels.
        ranker: learned from products.
        purchases: those that the window was opened from.
        family_ranker: learned from families, as `merge_families` makes them.
    """
    variants = score_variants(window, users, ranker)
    pages = {name: combine(variants, score, order) for name, (score, order) in COMBINATIONS.items()}
    families = score_families(window, users, purchases, family_ranker)
    best = pages[TODAY].select("user", "family", "product", variant_score="score")
    known = choose_variants(families, window)
    both = known.drop("product").join(best, on=["user", "family"])
    pages["model of families, variant bought last or most popular"] = known
    pages["model of families, best variant"] = known.join(
        best.rename({"product": "best"}), on=["user", "family"], how="left"
    ).with_columns(product=pl.coalesce("best", "product"))
    pages["both models, best variant"] = both.with_columns(score=_logit("score") + _logit("variant_score"))
    return {name: judge_families(window, users, page) for name, page in pages.items()}


def _logit(name: str) -> pl.Expr:
    held = pl.col(name).clip(LEAST, 1 - LEAST)
    return (held / (1 - held)).log()


def score_variants(window: Window, users: Int64, ranker: Ranker) -> pl.DataFrame:
    """Score everybody's candidates: user and product (rows), family, score, days since it was bought (null = never)."""
    families, days = window.arrays.type_brand_codes, window.arrays.history_column("pair_days_since")

    def score(rows: Int64) -> pl.DataFrame:
        candidates, scores, _ = ranker.score_candidates(window.arrays, rows)
        bought = candidates.history_rows >= 0
        since = np.where(bought, days[candidates.history_rows], np.nan)
        return pl.DataFrame(
            {
                "user": candidates.user_rows,
                "product": candidates.product_rows,
                "family": families[candidates.product_rows],
                "score": scores.astype(np.float64).clip(0, 1 - 1e-9),
                "days": since,
            }
        ).with_columns(pl.col("days").fill_nan(None))

    return pl.concat(map_chunks(score, users))


def combine(variants: pl.DataFrame, score: pl.Expr, order: tuple[pl.Expr, ...]) -> pl.DataFrame:
    """Give each user's families a score and the variant to show: user, family, product, score, days."""
    ordered = variants.sort("user", *order, nulls_last=True, maintain_order=True)
    return ordered.group_by("user", "family", maintain_order=True).agg(
        pl.col("product").first(), pl.col("days").min(), score=score
    )


def score_families(window: Window, users: Int64, purchases: Purchases, ranker: Ranker) -> pl.DataFrame:
    """Score everybody's families by a model of families: user (row of `window`), family, score."""
    merged = merge_families(purchases)
    of_families = open_window(merged, window.start, (window.end - window.start).days).arrays
    arrays = window.arrays
    codes = pl.DataFrame({"product_id": arrays.product_ids, "family": arrays.type_brand_codes})
    named = codes.join(name_families(purchases.products), on="product_id").select("family_id", "family").unique()
    family_ids = pl.DataFrame({"family_id": of_families.product_ids})
    family_codes = family_ids.join(named, on="family_id", how="left", maintain_order="left")["family"].to_numpy()
    assert len(family_codes) == len(family_ids)

    def score(rows: Int64) -> pl.DataFrame:
        candidates, scores, _ = ranker.score_candidates(of_families, rows)
        return pl.DataFrame(
            {
                "user": arrays.find_users(of_families.user_ids[candidates.user_rows]),
                "family": family_codes[candidates.product_rows],
                "score": scores.astype(np.float64),
            }
        )

    return pl.concat(map_chunks(score, of_families.find_users(arrays.user_ids[users])))


def choose_variants(families: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Show of each family what the user bought last, else what sells best: adds product to user, family and score."""
    arrays = window.arrays
    habits = pl.DataFrame(
        {
            "user": np.repeat(np.arange(len(arrays.user_ids)), np.diff(arrays.history_offsets)),
            "product": arrays.history_products,
            "family": arrays.type_brand_codes[arrays.history_products],
            "days": arrays.history_column("pair_days_since"),
        }
    ).filter(pl.Series(arrays.is_sellable[arrays.history_products]))
    last = habits.sort("days").group_by("user", "family", maintain_order=True).first().drop("days")
    best_sellers = pl.DataFrame(
        {"family": arrays.type_brand_codes[arrays.best_sellers], "best_seller": arrays.best_sellers}
    )
    best = best_sellers.group_by("family", maintain_order=True).first()
    named = families.join(last, on=["user", "family"], how="left").join(best, on="family", how="left")
    return named.with_columns(pl.coalesce("product", "best_seller")).drop("best_seller").drop_nulls("product")


def write_ways(judged: dict[str, JudgedFamilies]) -> Iterator[str]:
    """Lay the ways out as a table, and their differences to the first one as another (Markdown)."""
    names = [field.name for field in fields(JudgedFamilies)]
    header = " | ".join(name.replace("_", " ") for name in names)
    yield f"| family's score, variant shown | {header} |"
    yield "|---" * (1 + len(names)) + "|"
    for way, values in judged.items():
        yield f"| {way} | {' | '.join(f'{getattr(values, name).mean():.4f}' for name in names)} |"
    yield ""
    yield f"| less the first | {header} |"
    yield "|---" * (1 + len(names)) + "|"
    today = judged[TODAY]
    for way, values in list(judged.items())[1:]:
        cells = (format_difference(getattr(values, name), getattr(today, name)) for name in names)
        yield f"| {way} | {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("training.studies.families", __doc__, has_logs=True)
    command.add_argument("--backtests", type=Path, nargs="+", required=True, help="folders of training.backtest")
    command.add_argument(
        "--holdout",
        action="store_true",
        help="judge the holdout models, on the window before the cut that they never saw",
    )
    return command.run(_compare, arguments, (OSError, StoreError, ValueError, ArtefactError))


def _compare(options: argparse.Namespace) -> Result:
    store, config = MLStore.of(load_settings()), load_config()
    lines: list[str] = []
    for folder in options.backtests:
        purchases, window = open_backtest(store, folder)
        users, past = window.users_with_labels(), load_purchases(store, window.start)
        if not (folder / "families").exists():
            fit(merge_families(past), config, folder / "families", _ignore_epochs)
        if options.holdout:
            fitted = reopen(past, config, folder / "version")
            purchases, window, users = past, fitted.evaluation_window, fitted.evaluation_users
        rankers = [Ranker.load(folder / name, is_holdout=options.holdout) for name in ("version", "families")]
        judged = measure_ways(window, users, rankers[0], purchases, rankers[1])
        lines += [f"## {window.start:%Y-%m-%d}, {len(users):,} users", "", *write_ways(judged), ""]
    return Result("\n".join(lines))


def _ignore_epochs(epoch: int, metrics: dict[str, float]) -> None:
    """The loop logs each epoch itself."""


if __name__ == "__main__":
    sys.exit(main())
