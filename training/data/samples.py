"""Training samples: for some past windows, every user's categories and candidate products, with labels."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Generic, NamedTuple

import numpy as np
import polars as pl

from features.definitions import list_crosses, list_names
from features.ranking.candidates import Candidates, draw_candidates
from features.ranking.encoding import Encoder, fit_encoder
from features.snapshot.arrays import Float32, Int64, find_rows
from training.config import DataConfig
from training.data.inputs import Array, EncodedSnapshot
from training.data.shops import Shop
from training.data.windows import Window, open_window_of

# Users whose candidates are drawn at once: bounds the dense arrays of features/ranking/candidates.py.
USERS_AT_ONCE = 256
# Users who bought nothing in a window, at most so many for each who did.
OTHERS_PER_BUYER = 0.5
# Users whose rows the encoder is fitted on.
USERS_TO_FIT = 1024


class TrainingRows(NamedTuple, Generic[Array]):
    """V users, encoded and with labels; for the L who bought, a list of candidates each, with S slots.

    Inputs are those of `ModelInputs`, ids and labels in narrower types. A label is the number of the user's orders in
    the window that hold the category or product; 0 = not bought.

    Attributes:
        user_features: float32[V, F].
        category_features: float32[V, C, F'].
        category_crosses: int32[V, C, X'].
        category_labels: int16[V, C].
        user_weights: float32[V]; 1 for a user who bought in the window, for any other so many as were not drawn.
        lists: int32[V], which of the L lists is the user's, -1 = none. The product head ranks for users who order, so
            users without a purchase have none.
        pair_categories: int32[L, S].
        pair_products: int32[L, S].
        pair_features: float32[L, S, F''].
        pair_crosses: int32[L, S, X''].
        pair_labels: int16[L, S].
        pair_weights: float32[L, S]; 1 for a label, the inverse of its chance to be drawn for any other candidate, so
            that the list speaks for all candidates; 0 where a user has fewer candidates than slots.
    """

    user_features: Array
    category_features: Array
    category_crosses: Array
    category_labels: Array
    user_weights: Array
    lists: Array
    pair_categories: Array
    pair_products: Array
    pair_features: Array
    pair_crosses: Array
    pair_labels: Array
    pair_weights: Array

    @property
    def num_users(self) -> int:
        """Count the users, V."""
        return len(self.user_features)  # type: ignore[arg-type]  # every array has a length


def count_buyers(config: DataConfig) -> int:
    """Return how many of `max_users_per_window` are users who bought in the window, at least one."""
    return max(int(config.max_users_per_window / (1 + OTHERS_PER_BUYER)), 1)


def choose_users(window: Window, config: DataConfig, seed: int) -> Int64:
    """Return the rows of the users to learn from, ascending; none where nobody bought both before the window and in it.

    They are those who did, and at most half as many who bought nothing in it: what is learned from buyers alone holds
    for them alone. Both are seeded samples, together at most `max_users_per_window`.
    """
    generator = np.random.default_rng([seed, 1])
    buyers = _sample(window.users_with_labels(), count_buyers(config), generator)
    others = _sample(window.users_without_labels(), int(OTHERS_PER_BUYER * len(buyers)), generator)
    return np.union1d(buyers, others)


def _sample(rows: Int64, most: int, generator: np.random.Generator) -> Int64:
    return rows if len(rows) <= most else generator.choice(rows, most, replace=False)


def fit_window_encoder(window: Window, config: DataConfig, vocabulary_size: int, seed: int) -> Encoder:
    """Fit the encoder on what was known at a window's start: users at random, their candidates, the best sellers.

    Labels are not looked at, so the window may be the one to evaluate on.
    """
    arrays = window.arrays
    buyers = np.flatnonzero(np.diff(arrays.history_offsets))
    rows = np.sort(np.random.default_rng([seed, 2]).permutation(buyers)[:USERS_TO_FIT])
    candidates = draw_candidates(arrays, rows, config.num_candidates)
    return fit_encoder(
        {
            "user": arrays.users[rows],
            "user_category": arrays.user_categories[rows].reshape(-1, arrays.user_categories.shape[2]),
            "pair": candidates.features,
            "product": arrays.products[candidates.product_rows],
        },
        category_ids=arrays.category_ids,
        product_ids=arrays.product_ids[arrays.popular_rows[:vocabulary_size]],
    )


def build_rows(
    window: Window, encoder: Encoder, user_rows: Int64, config: DataConfig, seed: int
) -> TrainingRows[np.ndarray]:
    """Encode users, draw the candidates of those who bought, keep `list_size` of each one's and encode them.

    Args:
        window: where features and labels come from.
        encoder: fitted on a training window.
        user_rows: int64[V], ascending.
        config: sizes of candidates and lists.
        seed: of the draw of candidates that are no label.
    """
    generator = np.random.default_rng([seed, int(window.start.timestamp())])
    buys = np.isin(user_rows, window.users_with_labels())
    snapshot = EncodedSnapshot(encoder, window.arrays)
    users = snapshot.encode_users(user_rows)
    stands_for = len(window.users_without_labels()) / max(1, int((~buys).sum()))
    weights = np.where(buys, 1.0, stands_for) * window.weigh_users(user_rows)
    return TrainingRows(
        user_features=users.user_features,
        category_features=users.category_features,
        category_crosses=users.category_crosses.astype(np.int32),
        category_labels=window.category_labels(user_rows, np.array(encoder.category_ids, dtype=np.int64)).astype(
            np.int16
        ),
        user_weights=weights.astype(np.float32),
        lists=np.where(buys, np.cumsum(buys) - 1, -1).astype(np.int32),
        **_build_lists(window, snapshot, user_rows[buys], config, generator),
    )


def _build_lists(
    window: Window, snapshot: EncodedSnapshot, buyers: Int64, config: DataConfig, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Fill the arrays of lists of `TrainingRows`, some buyers at a time."""
    slots = (len(buyers), config.list_size)
    num_features = len(list_names("pair")) + len(list_names("product"))
    lists: dict[str, np.ndarray] = {
        "pair_categories": np.empty(slots, dtype=np.int32),
        "pair_products": np.empty(slots, dtype=np.int32),
        "pair_features": np.empty((*slots, num_features), dtype=np.float32),
        "pair_crosses": np.empty((*slots, len(list_crosses("pair"))), dtype=np.int32),
        "pair_labels": np.empty(slots, dtype=np.int16),
        "pair_weights": np.empty(slots, dtype=np.float32),
    }
    for start in range(0, len(buyers), USERS_AT_ONCE):
        some = slice(start, start + USERS_AT_ONCE)
        candidates, labels, weights = _sample_lists(window, buyers[some], config, generator)
        filled = {**snapshot.encode_pairs(candidates)._asdict(), "pair_labels": labels, "pair_weights": weights}
        for name, values in filled.items():
            lists[name][some] = values.reshape(lists[name][some].shape)
    return lists


def build_rows_of_windows(
    shop: Shop, starts: Sequence[datetime], opened: Window | None, encoder: Encoder, config: DataConfig, seed: int
) -> Iterator[TrainingRows[np.ndarray]]:
    """Build the training rows of those windows that have users with purchases before and in them.

    Windows are opened one at a time, to bound memory; `opened`, if it is among them, is open already.
    """
    for start in starts:
        if opened is not None and start == opened.start:
            window = opened
        else:
            window = open_window_of(shop, start, config.horizon_days, count_buyers(config))
        users = choose_users(window, config, seed)
        if len(users):
            yield build_rows(window, encoder, users, config, seed)


def _sample_lists(
    window: Window, user_rows: Int64, config: DataConfig, generator: np.random.Generator
) -> tuple[Candidates, Float32, Float32]:
    """Keep of each user's candidates the labels, then own and new ones by chance; give them with labels and weights."""
    candidates = draw_candidates(window.arrays, user_rows, config.num_candidates)
    labels = window.pair_labels(candidates.user_rows, candidates.product_rows)
    users = find_rows(user_rows, candidates.user_rows)
    frame = pl.DataFrame(
        {"user": users, "own": candidates.history_rows >= 0, "label": labels, "chance": generator.random(len(users))}
    ).with_row_index("row")
    drawn = _draw_slots(frame, config)
    rows = np.repeat(np.searchsorted(users, np.arange(len(user_rows))), config.list_size).reshape(len(user_rows), -1)
    weights = np.zeros(rows.shape, dtype=np.float32)
    slots = (drawn["user"].to_numpy(), drawn["slot"].to_numpy())
    rows[slots] = drawn["row"].to_numpy()
    weights[slots] = drawn["weight"].to_numpy()
    return candidates.take(rows.ravel()), labels[rows] * (weights > 0), weights


def _draw_slots(frame: pl.DataFrame, config: DataConfig) -> pl.DataFrame:
    """Fill at most `list_size` slots a user: labels by chance, at most half; the rest own and new by `own_share`."""
    is_label = pl.col("label") > 0
    frame = frame.sort("user", "chance").with_columns(
        place=pl.int_range(pl.len()).over("user", "own", "label"), group=pl.len().over("user", "own", "label")
    )
    labels = frame.filter(is_label).with_columns(place=pl.int_range(pl.len()).over("user"))
    labels = labels.filter(pl.col("place") < config.list_size // 2).with_columns(weight=pl.lit(1.0))
    num_labels = labels.group_by("user").agg(num_labels=pl.len())
    others = frame.filter(~is_label).join(num_labels, on="user", how="left", maintain_order="left")
    free = config.list_size - pl.col("num_labels").fill_null(0)
    num_own = pl.when("own").then(pl.col("group")).max().over("user").fill_null(0)
    own_slots = pl.min_horizontal((free * config.own_share).floor(), num_own)
    others = others.with_columns(slots=pl.when("own").then(own_slots).otherwise(free - own_slots))
    others = others.filter(pl.col("place") < pl.col("slots"))
    others = others.with_columns(weight=pl.col("group") / pl.min_horizontal("slots", "group"))
    columns = ["user", "row", "weight"]
    drawn = pl.concat([labels.select(columns), others.select(columns)]).sort("user", "row")
    return drawn.with_columns(slot=pl.int_range(pl.len()).over("user"))
