"""Benchmark of feature building, on the ML store of the installation: `python -m benchmarks.features [--runs 3]`.

Reads the purchases and describes products, users with products, users, and users with categories three ways: as
`features.rebuild` does, in SQL written by hand for DuckDB, and in pandas. Each run is a process of its own whose peak
memory is reported; they take turns. All three must give the same numbers, or the benchmark fails. What a snapshot
holds beside these tables (item neighbours, embeddings) is left out of all three.
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

from benchmarks.parts.apart import measure_apart
from benchmarks.parts.features_in_pandas import PandasFeatures
from benchmarks.parts.features_in_sql import SqlFeatures
from benchmarks.parts.figures import Figure, report, skip
from benchmarks.parts.memory import read_peak
from command import Command, CommandError, Result, parse_instant, say
from features.clock import latest_midnight
from features.definitions import FEATURES
from features.snapshot.history import build_history, build_pairs
from features.snapshot.products import build_product_features
from features.snapshot.purchases import load_purchases
from features.snapshot.users import build_user_category_features, build_user_features, describe_categories
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings

AIMS = {"duckdb": 1.0, "pandas": 0.2}
"""Most of a rival's time that ours may take."""

TOLERANCE = 1e-5
Checksums = dict[str, dict[str, tuple[int, float]]]


class OurFeatures:
    """The steps as `features.rebuild` takes them; products come with the pairs of history, users with categories."""

    def __init__(self, store: MLStore, as_of: datetime):
        self._store, self._as_of = store, as_of

    def read(self) -> None:
        """Read and join the purchases."""
        self._purchases = load_purchases(self._store, self._as_of)

    def describe_products(self) -> pl.DataFrame:
        """Describe pairs, and products."""
        self._pairs = build_pairs(self._purchases)
        self._products = build_product_features(self._purchases, self._pairs)
        return self._products

    def describe_history(self) -> pl.DataFrame:
        """Describe users with products."""
        return build_history(self._purchases, self._pairs, self._products)

    def describe_users(self) -> pl.DataFrame:
        """Describe users, and categories."""
        self._categories = describe_categories(self._purchases.lines)
        return build_user_features(self._purchases, self._categories)

    def describe_user_categories(self) -> pl.DataFrame:
        """Describe users with categories."""
        return build_user_category_features(self._purchases, self._categories)


WAYS: dict[str, Callable[[MLStore, datetime], Any]] = {
    "ours": OurFeatures,
    "duckdb": SqlFeatures,
    "pandas": PandasFeatures,
}
STEPS = ("read", "describe_products", "describe_history", "describe_users", "describe_user_categories")


def measure(way: str, store: MLStore, as_of: datetime) -> dict[str, Any]:
    """Run one way in this process; gives seconds by step, processor seconds, peak megabytes and checksums."""
    features, seconds, checksums = WAYS[way](store, as_of), {}, {}
    processor = time.process_time()
    for step in STEPS:
        started = time.perf_counter()
        table = getattr(features, step)()
        seconds[step] = time.perf_counter() - started
        if table is not None:
            checksums[step] = sum_up(pl.from_pandas(table) if way == "pandas" else pl.DataFrame(table))
    return {
        "seconds": seconds,
        "processor": time.process_time() - processor,
        "peak": read_peak(),
        "checksums": checksums,
    }


def sum_up(table: pl.DataFrame) -> dict[str, tuple[int, float]]:
    """Return how many values each feature has, and their sum."""
    names = sorted(feature.name for feature in FEATURES if feature.name in table.columns)
    columns = table.select(pl.col(names).cast(pl.Float64).fill_nan(None))
    return {name: (columns[name].count(), float(columns[name].sum())) for name in names}


def require_equal(checksums: dict[str, Checksums]) -> None:
    """Require that all ways gave the same numbers.

    Raises:
        CommandError: they did not; the message names the first feature that differs.
    """
    ours = checksums["ours"]
    for way, theirs in checksums.items():
        for step, features in ours.items():
            if features.keys() != theirs[step].keys():
                raise CommandError(f"{way} gives other features of {step} than ours.")
            for name, (count, total) in features.items():
                other_count, other_total = theirs[step][name]
                if count != other_count or not math.isclose(total, other_total, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
                    raise CommandError(
                        f"{name!r} differs: ours has {count} values that sum to {total!r}, {way} {other_count} that "
                        f"sum to {other_total!r}."
                    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.features", __doc__, has_json=True)
    command.add_argument("--as-of", type=parse_instant, default=None, help="instant, UTC; the last midnight")
    command.add_argument("--runs", type=int, default=3)
    command.add_argument("--child", choices=sorted(WAYS), help=argparse.SUPPRESS)
    return command.run(_compare, arguments, (StoreError,))


def _compare(options: argparse.Namespace) -> Result:
    as_of = options.as_of or latest_midnight()
    if options.child:
        print(json.dumps(measure(options.child, MLStore.of(load_settings()), as_of)))
        return Result()
    if not MLStore.of(load_settings()).exists("order_items"):
        return skip("there is no ML store yet, `make up` first")
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(options.runs):
        for way, done in runs.items():
            done.append(measure_apart("features", "--child", way, "--as-of", as_of.isoformat()))
        require_equal({way: done[-1]["checksums"] for way, done in runs.items()})
    say("| median of {} runs, seconds (least to most) | {} |".format(options.runs, " | ".join(WAYS)))
    say("|---" * (len(WAYS) + 1) + "|")
    for step in STEPS:
        say(_lay_out(step.replace("_", " "), [[run["seconds"][step] for run in done] for done in runs.values()]))
    totals = {way: [sum(run["seconds"].values()) for run in done] for way, done in runs.items()}
    say(_lay_out("all", list(totals.values())))
    say(_lay_out("processor seconds", [[run["processor"] for run in done] for done in runs.values()]))
    say(_lay_out("peak memory, GB", [[run["peak"] / 1024 for run in done] for done in runs.values()]))
    return report(_to_figures(runs, {way: statistics.median(total) for way, total in totals.items()}))


def _to_figures(runs: dict[str, list[dict[str, Any]]], totals: dict[str, float]) -> list[Figure]:
    figures = []
    for way, aim in AIMS.items():
        shares = {name: _median(runs["ours"], name) / _median(runs[way], name) for name in ("processor", "peak")}
        figures += [
            Figure(f"time, of that of {way}", totals["ours"] / totals[way], "lower", aim=aim),
            Figure(f"processor, of that of {way}", shares["processor"], "lower"),
            Figure(f"peak memory, of that of {way}", shares["peak"], "lower"),
        ]
    return figures


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return statistics.median(run[name] for run in runs)


def _lay_out(name: str, columns: list[list[float]]) -> str:
    cells = [f"{statistics.median(runs):.2f} ({min(runs):.2f} to {max(runs):.2f})" for runs in columns]
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
