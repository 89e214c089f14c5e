"""A user's rows of a snapshot, kept up with orders made since: as if these lay just before its instant.

Nothing is read again. Each feature follows from what it was and what came, by the aggregate that its definition names
or, for those of their own, by the formulas here; a test holds all of them to a rebuild with the same orders.
What the shop knows of products and of all users stays as of the snapshot.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from features.definitions import (
    HISTORY_FEATURES,
    Aggregate,
    Entity,
    Feature,
    list_features,
    list_names,
    require_filled,
    window_days,
)
from features.snapshot.arrays import Float32, Int64, SnapshotArrays, Totals
from features.snapshot.ordered_lines import Float64, NewLines, NewSums, OrderedLine, lay_out_lines

Rows = dict[str, Float64]
"""Features by name, a value a row."""

PLACE = "features/snapshot/orders_since.py"
SATURDAY, EVENING_HOUR = 6, 17


class _Change(NamedTuple):
    """A feature of R rows, each of which something came to, and what its aggregate may read."""

    was: Float64
    came: NewSums
    times: Float64
    last: Float64
    gross: Float64


def _keep_interval(change: _Change) -> Float64:
    """Mean days between purchases up to now: the first one is as old as the last and all intervals before it."""
    first = _known(change.last) + _known(change.was) * np.maximum(change.times - 1, 0)
    times = change.times + change.came.orders
    return np.where(times > 1, first / np.maximum(times - 1, 1), np.nan)


def _keep_discount_share(change: _Change) -> Float64:
    discount = _known(change.was) * change.gross + change.came.discount
    gross = change.gross + change.came.value + change.came.discount
    return np.divide(discount, gross, out=np.full_like(gross, np.nan), where=gross > 0)


KEPT_UP: dict[Aggregate, Callable[[_Change], Float64]] = {
    "count": lambda change: _known(change.was) + change.came.orders,
    "first": lambda change: _known(change.was),
    "last": lambda change: np.zeros_like(change.was),
    "interval": _keep_interval,
    "pieces": lambda change: _known(change.was) + change.came.quantity,
    "spend": lambda change: _known(change.was) + change.came.value,
    "discount_share": _keep_discount_share,
}
"""By aggregate; what came is younger than any window."""


def add_orders(arrays: SnapshotArrays, user_id: int, lines: Sequence[OrderedLine]) -> SnapshotArrays:
    """Return the snapshot with one user alone, who made some orders since.

    Args:
        arrays: the snapshot, with its totals.
        user_id: the user; one whom the snapshot does not know bought nothing before.
        lines: of the orders since; those of unknown products are left out.

    Raises:
        ValueError: the snapshot has no totals.
        UnfilledFeatureError: a feature is declared that cannot be kept up.
    """
    if arrays.totals is None:
        raise ValueError("the snapshot was built without totals: rebuild it to rank again")
    row = int(arrays.find_users(np.array([user_id], dtype=np.int64))[0])
    came = lay_out_lines(arrays, lines)
    pairs = _Pairs.merge(arrays, row, came)
    user = _read(arrays.users[row] if row >= 0 else np.full(len(list_names("user")), np.nan), "user")
    priced = float(arrays.totals.priced_lines[row]) if row >= 0 else 0.0
    categories = _read_categories(arrays, row)
    if came.num_orders:
        history = _keep_pairs(arrays, pairs, user, came)
        categories = _keep_categories(arrays, categories, user, pairs, history, came)
        user, priced = _keep_user(arrays, user, pairs, history, came, priced)
    else:
        history = pairs.rows
    excluded = arrays.exclusions[arrays.slice_exclusions(row)]
    return arrays.with_users(
        user_ids=np.array([user_id], dtype=np.int64),
        users=_write(user, list_names("user")),
        user_categories=_write(categories, list_names("user_category"))[None],
        history=_write(history, HISTORY_FEATURES),
        history_products=pairs.products,
        history_offsets=np.array([0, len(pairs.products)], dtype=np.int64),
        history_decayed=history["pair_decayed_112d"].astype(np.float32),
        exclusions=np.column_stack([np.zeros(len(excluded), dtype=np.int64), excluded[:, 1:]]),
        totals=Totals(pairs.gross.astype(np.float32), np.array([priced], dtype=np.float32), arrays.totals.mean_prices),
    )


@dataclass(frozen=True)
class _Pairs:
    """The H' products that the user bought, by row, before or since.

    Attributes:
        products: int64[H'], ascending. rows: HISTORY_FEATURES as they were, NaN = not bought before.
        came: what came to each. gross: float64[H'], money before discounts, with what came; gross_before: without.
    """

    products: Int64
    rows: Rows
    came: NewSums
    gross_before: Float64

    @property
    def gross(self) -> Float64:
        return self.gross_before + self.came.value + self.came.discount

    @classmethod
    def merge(cls, arrays: SnapshotArrays, row: int, came: NewLines) -> "_Pairs":
        start, end = arrays.history_offsets[row : row + 2] if row >= 0 else (0, 0)
        before = arrays.history_products[start:end]
        products = np.union1d(before, came.products)
        places = np.searchsorted(products, before)
        rows = np.full((len(products), len(HISTORY_FEATURES)), np.nan)
        rows[places] = arrays.history[start:end]
        gross = np.zeros(len(products))
        assert arrays.totals is not None
        gross[places] = arrays.totals.gross[start:end]
        groups = came.group(np.searchsorted(products, came.products), len(products))
        return cls(products, dict(zip(HISTORY_FEATURES, rows.T, strict=True)), groups, gross)


def _keep_aggregates(entity: Entity, rows: Rows, came: NewSums, gross: Float64 | None = None) -> Rows:
    """Keep up the features of an entity that are aggregates.

    Args:
        entity: whose features they are.
        rows: as they were, NaN = nothing bought.
        came: what came to each row; where nothing did, they stay.
        gross: float64[R], money before discounts, before that.
    """
    features = list_features(entity)
    times, last = _known(rows[_find_name(features, "count")]), rows[_find_name(features, "last")]
    gross = np.zeros_like(times) if gross is None else gross
    something_came = came.orders > 0

    def keep(feature: Feature) -> Float64:
        was = rows[feature.name]
        return np.where(something_came, KEPT_UP[feature.aggregate](_Change(was, came, times, last, gross)), was)

    return {each.name: keep(each) for each in features if each.name in rows and each.aggregate in KEPT_UP}


def _keep_pairs(arrays: SnapshotArrays, pairs: _Pairs, user: Rows, came: NewLines) -> Rows:
    """Keep up the history of pairs: an order counts for all that the user ever bought."""
    rows, groups = pairs.rows, pairs.came
    kept = _keep_aggregates("pair", rows, groups, pairs.gross_before)
    before = float(_known(user["user_orders"])[0])
    num_orders = before + came.num_orders
    places = np.searchsorted(pairs.products, came.products)
    first, last = np.full(len(pairs.products), np.inf), np.zeros(len(pairs.products))
    np.minimum.at(first, places, before + came.numbers)
    np.maximum.at(last, places, before + came.numbers)
    was_bought = rows["pair_orders"] > 0
    since_first = np.divide(rows["pair_orders"], rows["pair_order_share"], out=np.ones_like(first), where=was_bought)
    first = np.where(was_bought, before - np.rint(since_first) + 1, first)
    usual = arrays.product_column("product_interval_days")[pairs.products].astype(np.float64)
    usual = np.where(np.isnan(kept["pair_interval_days"]), usual, kept["pair_interval_days"])
    return kept | {
        "pair_order_share": kept["pair_orders"] / (num_orders - first + 1),
        "pair_orders_since": np.where(
            groups.orders > 0, num_orders - last, rows["pair_orders_since"] + came.num_orders
        ),
        "pair_due": kept["pair_days_since"] / np.maximum(usual, 1),
    }


def _keep_categories(
    arrays: SnapshotArrays, rows: Rows, user: Rows, pairs: _Pairs, history: Rows, came: NewLines
) -> Rows:
    num_categories = len(arrays.category_ids)
    groups = came.group(arrays.category_rows[came.products], num_categories)
    kept = _keep_aggregates("user_category", rows, groups)
    orders = kept["category_orders"]
    is_bought = orders > 0
    lines = np.bincount(arrays.category_rows[pairs.products], history["pair_orders"], num_categories)
    money = _sum_money(user)
    value = _known(rows["category_spend_share"]) * money + groups.value
    all_value = money + came.value.sum()
    return kept | {
        "category_order_share": np.where(is_bought, orders / (_known(user["user_orders"]) + came.num_orders), np.nan),
        "category_line_share": np.where(is_bought, lines / lines.sum(), np.nan),
        "category_spend_share": np.where(is_bought & (all_value > 0), value / np.maximum(all_value, 1e-9), np.nan),
        "category_reach_28d": rows["category_reach_28d"],
        "category_due": kept["category_days_since"] / np.maximum(kept["category_interval_days"], 1),
    }


def _keep_user(
    arrays: SnapshotArrays, rows: Rows, pairs: _Pairs, history: Rows, came: NewLines, priced: float
) -> tuple[Rows, float]:
    """Keep up the user's own features, and the lines whose price is known."""
    before = _known(rows["user_orders"])
    num_orders = before + came.num_orders
    groups = came.group(np.zeros(len(came.products), dtype=np.int64), 1)
    kept = _keep_aggregates("user", rows, groups)
    num_lines = history["pair_orders"].sum()
    levels = _measure_levels(arrays, came)
    priced_now = priced + len(levels)
    of_brands = np.bincount(arrays.brand_codes[pairs.products], history["pair_orders"])
    weekend = sum(each.isoweekday() >= SATURDAY for each in came.ordered_at)
    evening = sum(each.hour >= EVENING_HOUR for each in came.ordered_at)
    gross = _Change(rows["user_discount_share"], groups, before, before, np.array([pairs.gross_before.sum()]))
    level = _known(rows["user_price_level"]) * priced + levels.sum()
    own = {
        "user_order_due": kept["user_days_since_order"] / np.maximum(kept["user_order_interval_days"], 1),
        "user_order_trend": _keep_trend(rows, kept, came.num_orders),
        "user_basket_products": num_lines / num_orders,
        "user_basket_value": (_sum_money(rows) + came.value.sum()) / num_orders,
        "user_products": np.array([float(len(pairs.products))]),
        "user_repeat_share": np.array([1 - len(pairs.products) / num_lines]),
        "user_price_level": level / priced_now if priced_now else np.array([np.nan]),
        "user_discount_share": _keep_discount_share(gross),
        "user_coupons_used": rows["user_coupons_used"],
        "user_brand_focus": np.array([of_brands.max() / num_lines]),
        "user_weekend_share": (_known(rows["user_weekend_share"]) * before + weekend) / num_orders,
        "user_evening_share": (_known(rows["user_evening_share"]) * before + evening) / num_orders,
    }
    return kept | own, priced_now


def _keep_trend(rows: Rows, kept: Rows, num_orders: int) -> Float64:
    """Orders of 28 days against those of the quarter, which the trend itself tells."""
    share = 28 / window_days("user_order_trend")
    lately = _known(rows["user_orders_28d"]) + 1
    quarter = np.rint((lately / np.where(rows["user_order_trend"] > 0, rows["user_order_trend"], lately) - 1) / share)
    return (kept["user_orders_28d"] + 1) / ((quarter + num_orders) * share + 1)


def _measure_levels(arrays: SnapshotArrays, came: NewLines) -> Float64:
    """Compare the prices of what came with their categories' means, in logarithms; what has no price is left out."""
    assert arrays.totals is not None
    means = arrays.totals.mean_prices[arrays.category_rows[came.products]].astype(np.float64)
    prices = came.value / came.quantity
    is_known = (prices > 0) & (means > 0)
    return np.log(prices[is_known] / means[is_known])


def _sum_money(user: Rows) -> float:
    """What the user paid so far."""
    return float((_known(user["user_basket_value"]) * _known(user["user_orders"]))[0])


def _read(values: np.ndarray, entity: Entity) -> Rows:
    return dict(zip(list_names(entity), values.astype(np.float64)[:, None], strict=True))


def _read_categories(arrays: SnapshotArrays, row: int) -> Rows:
    """Read the user's rows by category; of a new user what is known of all users alone, the reach."""
    names = list_names("user_category")
    if row >= 0:
        return dict(zip(names, arrays.user_categories[row].T.astype(np.float64), strict=True))
    rows = {name: np.full(len(arrays.category_ids), np.nan) for name in names}
    if len(arrays.user_ids):
        rows["category_reach_28d"] = arrays.user_category_column("category_reach_28d")[0].astype(np.float64)
    return rows


def _write(rows: Rows, names: list[str]) -> Float32:
    require_filled(names, rows, PLACE)
    return np.stack([rows[name] for name in names], axis=1).astype(np.float32)


def _find_name(features: Sequence[Feature], aggregate: Aggregate) -> str:
    """Name the feature that has an aggregate of all time."""
    return next(each.name for each in features if each.aggregate == aggregate and each.window == "all")


def _known(values: Float64) -> Float64:
    return np.where(np.isnan(values), 0.0, values)
