"""Strong baselines of the quality table: ALS, and LightGBM on our model's own rows. Need development dependencies.

- ALS: matrix factorisation of implicit feedback (Hu, Koren & Volinsky 2008) on the users' decayed purchases.
- LightGBM (Ke et al. 2017): boosted trees over the same candidates and encoded features as the network, learned from
  the same windows, all of them before the cut; trees for products, and others for categories. Its rows say the product
  with its features alone, where the network also knows an embedding of each.
"""

from dataclasses import dataclass

import lightgbm
import numpy as np
from implicit.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from features.ranking.encoding import Encoder
from features.snapshot.arrays import Float32, Int64, SnapshotArrays
from features.snapshot.purchases import Purchases
from training.config import TrainingConfig
from training.data.inputs import EncodedSnapshot, ModelInputs, UserInputs
from training.data.samples import TrainingRows, build_rows_of_windows, fit_window_encoder
from training.data.windows import Window, list_window_starts, open_window
from training.evaluation.lists import Baseline, Evaluation, add_active_users, evaluate_categories
from training.evaluation.networks import Chunk, encode_chunks, evaluate_chunks

ALS_FACTORS, ALS_ITERATIONS = 64, 15
ALS_CONFIDENCE, ALS_REGULARISATION = 1.0, 0.1
"""The best of five pairs tried on the demo shop's four weeks before 2017-08-20, which no cut of the table uses."""
BOOSTING = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 63,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}
PRODUCT_TREES, CATEGORY_TREES = 300, 100
CATEGORY_COLUMN = 0

OfUsers = UserInputs | ModelInputs[np.ndarray] | TrainingRows[np.ndarray]
"""Whatever holds `user_features` and `category_features`."""


def fit_als(arrays: SnapshotArrays, seed: int) -> Baseline:
    """Factorise the decayed purchases of a snapshot.

    Returns:
        A ranking of that snapshot's users; users and products without purchases are in no list.
    """
    with threadpool_limits(1, "blas"):  # implicit has threads of its own
        model = AlternatingLeastSquares(
            factors=ALS_FACTORS,
            iterations=ALS_ITERATIONS,
            alpha=ALS_CONFIDENCE,
            regularization=ALS_REGULARISATION,
            random_state=seed,
            use_gpu=False,
        )
        model.fit(arrays.purchases, show_progress=False)

    def rank(of: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
        depth = min(k, int(of.is_sellable.sum()))
        found, scores = model.recommend(
            user_rows,
            of.purchases[user_rows],
            N=depth,
            filter_already_liked_items=False,
            filter_items=np.flatnonzero(~of.is_sellable),
        )
        lists = np.full((len(user_rows), k), -1, dtype=np.int64)
        lists[:, :depth] = np.where(np.isfinite(scores), found, -1)
        return lists

    return rank


@dataclass(frozen=True)
class Boosted:
    """Trees for products and trees for categories, and the encoder of what they read."""

    encoder: Encoder
    products: lightgbm.Booster
    categories: lightgbm.Booster

    def evaluate(self, window: Window, user_rows: Int64, num_candidates: int) -> Evaluation:
        """Evaluate the trees on a window, as our own model is evaluated."""
        chunks = encode_chunks(window, user_rows, self.encoder, num_candidates)
        evaluated = evaluate_chunks(window, chunks, self._score)
        ids = np.array(self.encoder.category_ids, dtype=np.int64)
        everybody = add_active_users(window, user_rows)
        rows = _lay_categories(EncodedSnapshot(self.encoder, window.arrays).encode_users(everybody))
        probabilities = np.asarray(self.categories.predict(rows), dtype=np.float32).reshape(len(everybody), len(ids))
        return evaluated.with_categories(evaluate_categories(window, everybody, ids, probabilities))

    def _score(self, chunk: Chunk) -> Float32:
        inputs = chunk.inputs
        rows = _lay_pairs(inputs, inputs.pair_users, inputs.pair_categories, inputs.pair_features)
        return np.asarray(self.products.predict(rows, raw_score=True), dtype=np.float32)


def fit_boosted(purchases: Purchases, config: TrainingConfig) -> Boosted:
    """Grow trees on the newest windows that end on or before `purchases.as_of`, those that our model learns from.

    Raises:
        ValueError: no window has users with purchases before and in it.
    """
    horizon, seed = config.data.horizon_days, config.optimiser.seed
    starts = list_window_starts(purchases, purchases.as_of, config.data)
    if not starts:
        raise ValueError(f"No window of {horizon} days before {purchases.as_of:%Y-%m-%d} has a history to learn from.")
    newest = open_window(purchases, starts[0], horizon)
    encoder = fit_window_encoder(newest, config.data, config.model.vocabulary_size, seed)
    windows = list(build_rows_of_windows(purchases, starts, newest, encoder, config.data, seed))
    return Boosted(encoder, _grow_products(windows, seed), _grow_categories(windows, seed))


def _grow_products(windows: list[TrainingRows[np.ndarray]], seed: int) -> lightgbm.Booster:
    rows, labels, weights = [], [], []
    for part in windows:
        owners = np.broadcast_to(np.flatnonzero(part.lists >= 0)[:, None], part.pair_labels.shape)
        used = part.pair_weights > 0
        rows.append(_lay_pairs(part, owners[used], part.pair_categories[used], part.pair_features[used]))
        labels.append(part.pair_labels[used] > 0)
        weights.append(part.pair_weights[used])
    return _grow(np.concatenate(rows), np.concatenate(labels), np.concatenate(weights), PRODUCT_TREES, seed)


def _grow_categories(windows: list[TrainingRows[np.ndarray]], seed: int) -> lightgbm.Booster:
    rows = np.concatenate([_lay_categories(part) for part in windows])
    labels = np.concatenate([part.category_labels.ravel() > 0 for part in windows])
    weights = np.concatenate([np.repeat(part.user_weights, part.category_labels.shape[1]) for part in windows])
    return _grow(rows, labels, weights, CATEGORY_TREES, seed)


def _grow(rows: Float32, labels: Float32, weights: Float32, num_trees: int, seed: int) -> lightgbm.Booster:
    data = lightgbm.Dataset(rows, labels, weight=weights, categorical_feature=[CATEGORY_COLUMN])
    return lightgbm.train({**BOOSTING, "seed": seed}, data, num_boost_round=num_trees)


def _lay_pairs(users: OfUsers, owners: Int64, categories: Int64, features: Float32) -> Float32:
    """Lay side by side: the category's id, the pair and its product, the user, the user in the product's category."""
    known = categories > 0
    within = users.category_features[owners, np.maximum(categories - 1, 0)] * known[:, None]
    columns = [categories[:, None].astype(np.float32), features, users.user_features[owners], within]
    return np.concatenate(columns, axis=1)


def _lay_categories(users: OfUsers) -> Float32:
    """Lay side by side, a row each user and category: the category's id, the user in it, the user."""
    num_users, num_categories, width = users.category_features.shape
    ids = np.tile(np.arange(1, num_categories + 1, dtype=np.float32), num_users)[:, None]
    owners = np.repeat(np.arange(num_users), num_categories)
    return np.concatenate([ids, users.category_features.reshape(-1, width), users.user_features[owners]], axis=1)
