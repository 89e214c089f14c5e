"""Benchmark of what goes with a product and with a cart, on the ML store: `python -m benchmarks.together`.

Everything learns from the orders before a cut, and is asked about each order after it. Of one product that it holds
(drawn at random): which of the ten products listed are among the rest of the order, of other types. Of its first half
(a random half): which of the ten are in the other half. Beside the complements stand popularity, counts of common
orders, and EASE of all that shoppers bought; "rare" counts only what is none of the hundred best sellers.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
import scipy.sparse

from command import Command, Result
from deploy.progress import lay_out_table
from features.snapshot.arrays import Float32, Int64, find_rows
from features.snapshot.complements import build_complements
from features.snapshot.item_neighbours import CORE_PRODUCTS, build_neighbours
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.tables import find_newest
from features.store import MLStore
from settings import load_settings

HORIZON_DAYS = 28
K = 10
NUM_POPULAR = 100
SEED = 31
AT_ONCE = 500


@dataclass(frozen=True)
class Question:
    """Products (rows) that are given, and those that are looked for."""

    given: Int64
    wanted: Int64


@dataclass(frozen=True)
class Catalogue:
    """Of N products, sorted by id: types int64[N], and orders before the cut float32[N]."""

    product_ids: Int64
    types: Int64
    popularity: Float32


Score = Callable[[scipy.sparse.csr_matrix], Float32]
"""Scores products float32[questions, N] from what is given, sparse [questions, N] of ones."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.together", __doc__)
    command.add_argument("--orders", type=int, default=8000, help="orders after the cut that are asked about")
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    store = MLStore.of(load_settings())
    newest = find_newest(store)
    if newest is None:
        return Result("skipped: there is no snapshot yet, `make up` first")
    everything = load_purchases(store, newest.as_of)
    cut = newest.as_of - timedelta(days=HORIZON_DAYS)
    before, after = everything.before(cut), everything.all_lines.filter(pl.col("ordered_at") >= cut)
    catalogue, methods = _learn(everything, before)
    orders = _list_orders(after, catalogue, chosen.orders)
    rng = np.random.default_rng(SEED)
    asked = {"one product": [_ask_one(order, catalogue, rng) for order in orders]}
    asked["half an order"] = [_ask_half(order, rng) for order in orders]
    rows = []
    for name, questions in asked.items():
        usable = [each for each in questions if len(each.wanted)]
        for method, score in methods.items():
            measured = _evaluate(usable, catalogue, score, other_types=name == "one product")
            rows.append((name, method, *(f"{value:.4f}" for value in measured)))
    title = ("given", f"{len(orders)} orders after {cut:%Y-%m-%d}", f"hit@{K}", f"recall@{K}", f"rare hit@{K}")
    return Result(lay_out_table(title, rows))


def _learn(everything: Purchases, before: Purchases) -> tuple[Catalogue, dict[str, Score]]:
    """Learn each method from the orders before the cut."""
    ids = everything.products["product_id"].to_numpy()
    lines = before.all_lines
    rows, columns = (
        lines["order_id"].rank("dense").to_numpy().astype(int) - 1,
        find_rows(ids, lines["product_id"].to_numpy()),
    )
    held = scipy.sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), (rows.max() + 1, len(ids)))
    popularity = np.asarray(held.sum(axis=0), dtype=np.float32).ravel()
    counts = (held.T @ held).tocsr()
    history = before.lines.group_by("user_id", "product_id").agg(pair_days_since=pl.col("days").min().cast(pl.Float32))
    ease = _connect(ids, build_neighbours(history, ids[np.argsort(-popularity)[:CORE_PRODUCTS]]))
    complements = _connect(ids, build_complements(lines))
    methods: dict[str, Score] = {
        "popularity": lambda given: np.tile(popularity, (given.shape[0], 1)),
        "common orders": lambda given: (given @ counts).toarray(),
        "EASE of shoppers": lambda given: (given @ ease).toarray(),
        "complements": lambda given: (given @ complements).toarray(),
        "complements, then popularity": lambda given: (given @ complements).toarray() + 1e-9 * popularity,
    }
    return Catalogue(ids, everything.products["type_code"].to_numpy(), popularity), methods


def _connect(ids: Int64, weights: pl.DataFrame) -> scipy.sparse.csr_matrix:
    rows, columns = (find_rows(ids, weights[name].to_numpy()) for name in ("product_id", "neighbour_id"))
    return scipy.sparse.csr_matrix((weights["weight"].to_numpy(), (rows, columns)), (len(ids), len(ids)))


def _list_orders(lines: pl.DataFrame, catalogue: Catalogue, most: int) -> list[Int64]:
    """List the products (rows) of some orders of at least two products."""
    orders = lines.group_by("order_id").agg("product_id").filter(pl.col("product_id").list.len() > 1).sort("order_id")
    drawn = orders.sample(min(most, orders.height), seed=SEED)["product_id"]
    return [find_rows(catalogue.product_ids, np.sort(np.array(ids, dtype=np.int64))) for ids in drawn]


def _ask_one(order: Int64, catalogue: Catalogue, rng: np.random.Generator) -> Question:
    given = rng.choice(order, 1)
    return Question(given, order[catalogue.types[order] != catalogue.types[given[0]]])


def _ask_half(order: Int64, rng: np.random.Generator) -> Question:
    shuffled = rng.permutation(order)
    half = max(1, len(order) // 2)
    return Question(shuffled[:half], shuffled[half:])


def _evaluate(
    questions: Sequence[Question], catalogue: Catalogue, score: Score, *, other_types: bool
) -> tuple[float, float, float]:
    """Return the share of questions with a hit, the mean share found, and the share with a hit that is rare."""
    popular = np.argsort(-catalogue.popularity)[:NUM_POPULAR]
    hits, found, rare = [], [], []
    for start in range(0, len(questions), AT_ONCE):
        asked = questions[start : start + AT_ONCE]
        owners = np.repeat(np.arange(len(asked)), [len(each.given) for each in asked])
        given = np.concatenate([each.given for each in asked])
        shape = (len(asked), len(catalogue.product_ids))
        scores = score(scipy.sparse.csr_matrix((np.ones(len(given), dtype=np.float32), (owners, given)), shape))
        scores[owners, given] = 0
        if other_types:
            scores[catalogue.types[given][:, None] == catalogue.types[None, :]] = 0
        best = np.argpartition(-scores, K, axis=1)[:, :K]
        for row, question in enumerate(asked):
            met = np.intersect1d(best[row][scores[row, best[row]] > 0], question.wanted)
            hits.append(len(met) > 0)
            found.append(len(met) / min(K, len(question.wanted)))
            if len(np.setdiff1d(question.wanted, popular)):
                rare.append(len(np.setdiff1d(met, popular)) > 0)
    return float(np.mean(hits)), float(np.mean(found)), float(np.mean(rare))


if __name__ == "__main__":
    sys.exit(main())
