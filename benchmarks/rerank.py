"""Benchmark of ranking again after orders: `python -m benchmarks.rerank [--users 200] [--version var/models/RUN]`.

Trains a short version on a generated shop, or takes an installation's newest snapshot and a version. Each of some
users orders 1 to 20 of the best sellers and is ranked again, as the model server does it, without a network; beside it
stand the steps, and a list of the same user that is drawn afresh, in the same run. Milliseconds of one core, and on
the clock.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.model_server import AS_OF, make_version
from benchmarks.parts.figures import Figure, report
from command import Command, Result
from features.snapshot.ordered_lines import OrderedLine
from features.snapshot.orders_since import add_orders
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.ranking.again import rank_again
from training.ranking.ranker import Ranker
from training.version.files import ArtefactError

LIST_LENGTH, LEAST_NEW = 100, 40
MOST_LINES, NUM_ORDERED = 20, 2_000
WARM_UP = 5
SHOPPERS = 2500
AIM_MS = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("benchmarks.rerank", __doc__, has_json=True)
    command.add_argument("--version", type=Path, help="folder of a version of the installation, instead of a new shop")
    command.add_argument("--users", type=int, default=200, help="users who order")
    return command.run(_measure, arguments, (OSError, StoreError, ValueError, ArtefactError))


def _measure(options: argparse.Namespace) -> Result:
    if options.version is not None:
        return measure(Snapshot.open(MLStore.of(load_settings())), Ranker.load(options.version), options.users)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_version(home, SHOPPERS)
        return measure(Snapshot.open(MLStore(str(home / "store")), AS_OF), Ranker.load(home / "version"), options.users)


def measure(snapshot: Snapshot, ranker: Ranker, num_users: int) -> Result:
    """Rank so many users again after orders, beside lists drawn afresh.

    Raises:
        ValueError: the snapshot was built by a release that kept no totals.
    """
    if snapshot.arrays.totals is None:
        raise ValueError("the newest snapshot has no totals: run `python -m features.rebuild` first")
    generator = np.random.default_rng(31)
    user_ids = generator.choice(snapshot.user_ids(), num_users)
    orders = [_order(snapshot, generator) for _ in user_ids]
    drawn = [ranker.rank(snapshot, np.array([each]), LIST_LENGTH, least_new=LEAST_NEW) for each in user_ids]
    listed = [each["product_id"].to_numpy() for each in drawn]
    steps: dict[str, Callable[[int], object]] = {
        "features kept up": lambda row: add_orders(snapshot.arrays, int(user_ids[row]), orders[row]),
        "ranked again": lambda row: rank_again(ranker, snapshot, int(user_ids[row]), orders[row], listed[row]),
        "a list drawn afresh": lambda row: ranker.rank(
            snapshot, user_ids[row : row + 1], LIST_LENGTH, least_new=LEAST_NEW
        ),
    }
    lines = ["| of one user | core, p50 ms | core, p90 ms | clock, p50 ms | clock, p90 ms |", "|---|---|---|---|---|"]
    times = {name: _time(step, num_users) for name, step in steps.items()}
    lines += [f"| {name} | {' | '.join(f'{each:.1f}' for each in taken)} |" for name, taken in times.items()]
    again, afresh = times["ranked again"][0], times["a list drawn afresh"][0]
    figures = [
        Figure("ranked again, core p50", again, "lower", "ms", AIM_MS),
        Figure("ranked again over drawn afresh, core", again / afresh, "lower"),
    ]
    return report(figures, "\n".join(lines))


def _order(snapshot: Snapshot, generator: np.random.Generator) -> list[OrderedLine]:
    """Order some best sellers, in one or two orders."""
    arrays, at = snapshot.arrays, snapshot.as_of + timedelta(hours=3)
    rows = generator.choice(arrays.best_sellers[:NUM_ORDERED], generator.integers(1, MOST_LINES + 1), replace=False)
    return [
        OrderedLine(2**62 + place % 2, int(arrays.product_ids[row]), 1, 3.0, 0.5, at) for place, row in enumerate(rows)
    ]


def _time(step: Callable[[int], object], num_users: int) -> list[float]:
    for row in range(min(WARM_UP, num_users)):
        step(row)
    core, clock = [], []
    for row in range(num_users):
        began, began_core = time.perf_counter(), time.process_time()
        step(row)
        core.append(time.process_time() - began_core)
        clock.append(time.perf_counter() - began)
    return [float(each) * 1e3 for times in (core, clock) for each in np.percentile(times, (50, 90))]


if __name__ == "__main__":
    sys.exit(main())
