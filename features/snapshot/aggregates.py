"""Aggregates over the windows that features/definitions.py declares, as Polars expressions.

Rows are orders, or parts of orders, of one user, product or pair; `days` is the age of each.
"""

from collections.abc import Callable, Collection

import polars as pl

from features.definitions import Aggregate, Entity, Feature, list_features, list_names, require_filled

DAYS = pl.col("days")
# Where the expression of a feature stands that no aggregate computes.
PLACES: dict[Entity, str] = {
    "user": "features/snapshot/users.py",
    "user_category": "features/snapshot/users.py",
    "product": "features/snapshot/products.py",
    "pair": "features/snapshot/history.py",
}


def decayed(half_life_days: float) -> pl.Expr:
    """Sum rows weighted by age: one as old as the half-life counts one half."""
    return (0.5 ** (DAYS / half_life_days)).sum()


def lately(window_days: float, days: pl.Expr = DAYS) -> pl.Expr:
    """Count the rows younger than the window; one exactly as old as the window lies outside."""
    return (window_days > days).sum()


def mean_interval(age_first: pl.Expr, age_last: pl.Expr, times: pl.Expr) -> pl.Expr:
    """Mean days between purchases; null for a single one."""
    return pl.when(times > 1).then((age_first - age_last) / (times - 1))


def divide(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return part / whole; null where there is no whole."""
    return pl.when(whole > 0).then(part / whole)


def aggregate(entity: Entity, kinds: Collection[Aggregate] | None = None) -> dict[str, pl.Expr]:
    """Return the expressions of an entity's features by name: those of some kinds of aggregate, or of any but `own`."""
    rows = [row for row in list_features(entity) if row.aggregate in (AGGREGATES if kinds is None else kinds)]
    return {row.name: AGGREGATES[row.aggregate](row) for row in rows}


def select_declared(
    frame: pl.DataFrame, keys: list[str], entity: Entity, names: list[str] | None = None
) -> pl.DataFrame:
    """Keep the keys and the declared features of an entity, in the order of every array, as float32.

    Args:
        frame: what was computed.
        keys: columns before the features.
        entity: whose features they are.
        names: of them, if not all are computed here.

    Raises:
        UnfilledFeatureError: a declared feature was not computed.
    """
    names = list_names(entity) if names is None else names
    require_filled(names, frame.columns, PLACES[entity])
    return frame.select(*keys, pl.col(names).cast(pl.Float32))


def _count(feature: Feature, days: pl.Expr = DAYS) -> pl.Expr:
    if feature.is_decayed:
        return decayed(feature.days)
    return pl.len() if feature.window == "all" else lately(feature.days, days)


def _inside(values: pl.Expr, feature: Feature) -> pl.Expr:
    return values if feature.window == "all" else values.filter(feature.days > DAYS)


def _sum(column: str) -> Callable[[Feature], pl.Expr]:
    return lambda feature: _inside(pl.col(column), feature).sum()


def _share_discount(feature: Feature) -> pl.Expr:
    """Divide the discount by the value before it; null where nothing had a price."""
    discount, gross = pl.col("discount"), pl.col("value") + pl.col("discount")
    return divide(_inside(discount, feature).sum(), _inside(gross, feature).sum())


AGGREGATES: dict[Aggregate, Callable[[Feature], pl.Expr]] = {
    "count": _count,
    "first": lambda feature: _inside(DAYS, feature).max(),
    "last": lambda feature: _inside(DAYS, feature).min(),
    "interval": lambda feature: mean_interval(
        _inside(DAYS, feature).max(), _inside(DAYS, feature).min(), _count(feature)
    ),
    "buyers": _count,
    "new_buyers": lambda feature: _count(feature, pl.col("first")),
    "pieces": _sum("quantity"),
    "spend": _sum("value"),
    "discount_share": _share_discount,
}
