"""Aggregates over the windows that features/definitions.py declares, as Polars expressions.

Rows are orders, or parts of orders, of one user, product or pair; `days` is the age of each. An aggregate notes what it
needs of the rows in a `Grouping` and is arithmetic on that, so that nothing is evaluated inside a group.
"""

from collections.abc import Callable, Collection

import polars as pl

from features.definitions import Aggregate, Entity, Feature, list_features, list_names, require_filled
from features.snapshot.packing import pack

DAYS = pl.col("days")
# Where the expression of a feature stands that no aggregate computes.
PLACES: dict[Entity, str] = {
    "user": "features/snapshot/users.py",
    "user_category": "features/snapshot/users.py",
    "product": "features/snapshot/products.py",
    "pair": "features/snapshot/history.py",
}


class Grouping:
    """A group-by in three steps: columns of the rows, one plain reduction of each, arithmetic on what was reduced.

    Polars reduces a column for all groups in one pass; an expression inside a group it evaluates once a group, which
    takes several times as long. Every method notes a reduction and returns the column that will hold it; nulls are
    left out, and without any value it is null, or 0 for a sum.
    """

    def __init__(self) -> None:
        self._columns: list[pl.Expr] = []
        self._reduced: list[pl.Expr] = []

    def count(self) -> pl.Expr:
        """Count the rows."""
        return self._note(self._reduced, pl.len(), "reduced")

    def sum(self, values: pl.Expr) -> pl.Expr:
        """Sum an expression of the rows; of one that is true or false, count where it is true."""
        return self._reduce(values, pl.Expr.sum)

    def min(self, values: pl.Expr) -> pl.Expr:
        """Take the least value of an expression of the rows."""
        return self._reduce(values, pl.Expr.min)

    def max(self, values: pl.Expr) -> pl.Expr:
        """Take the greatest value of an expression of the rows."""
        return self._reduce(values, pl.Expr.max)

    def mean(self, values: pl.Expr) -> pl.Expr:
        """Average an expression of the rows."""
        return self._reduce(values, pl.Expr.mean)

    def median(self, values: pl.Expr) -> pl.Expr:
        """Take the middle value of an expression of the rows."""
        return self._reduce(values, pl.Expr.median)

    def reduce(self, rows: pl.DataFrame, keys: list[str], features: dict[str, pl.Expr]) -> pl.DataFrame:
        """Group rows.

        Args:
            rows: what the expressions read.
            keys: columns of whole numbers without nulls, one group for each of their combinations.
            features: arithmetic on what the methods returned, by name.

        Returns:
            The keys, by which it is sorted, and the features.
        """
        columns = [values.alias(f"column {number}") for number, values in enumerate(self._columns)]
        reduced = [values.alias(f"reduced {number}") for number, values in enumerate(self._reduced)]
        groups = rows.select(pack(rows, keys).alias("group"), *keys, *columns).group_by("group", maintain_order=True)
        return groups.agg(pl.col(keys).first(), *reduced).sort("group").select(*keys, **features)

    def _reduce(self, values: pl.Expr, reduction: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
        return self._note(self._reduced, reduction(self._note(self._columns, values, "column")), "reduced")

    def _note(self, noted: list[pl.Expr], values: pl.Expr, name: str) -> pl.Expr:
        """Note an expression once and name the column that it becomes."""
        for number, other in enumerate(noted):
            if values.meta.eq(other):
                return pl.col(f"{name} {number}")
        noted.append(values)
        return pl.col(f"{name} {len(noted) - 1}")


def decayed(rows: Grouping, half_life_days: float) -> pl.Expr:
    """Sum rows weighted by age: one as old as the half-life counts one half."""
    return rows.sum(0.5 ** (DAYS / half_life_days))


def lately(rows: Grouping, window_days: float, days: pl.Expr = DAYS) -> pl.Expr:
    """Count the rows younger than the window; one exactly as old as the window lies outside."""
    return rows.sum(window_days > days)


def mean_interval(age_first: pl.Expr, age_last: pl.Expr, times: pl.Expr) -> pl.Expr:
    """Mean days between purchases; null for a single one."""
    return pl.when(times > 1).then((age_first - age_last) / (times - 1))


def divide(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return part / whole; null where there is no whole."""
    return pl.when(whole > 0).then(part / whole)


def aggregate(rows: Grouping, entity: Entity, kinds: Collection[Aggregate] | None = None) -> dict[str, pl.Expr]:
    """Return the expressions of an entity's features by name: those of some kinds of aggregate, or of any but `own`."""
    declared = [row for row in list_features(entity) if row.aggregate in (AGGREGATES if kinds is None else kinds)]
    return {row.name: AGGREGATES[row.aggregate](rows, row) for row in declared}


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


def _count(rows: Grouping, feature: Feature, days: pl.Expr = DAYS) -> pl.Expr:
    if feature.is_decayed:
        return decayed(rows, feature.days)
    return rows.count() if feature.window == "all" else lately(rows, feature.days, days)


def _inside(values: pl.Expr, feature: Feature) -> pl.Expr:
    return values if feature.window == "all" else pl.when(feature.days > DAYS).then(values)


def _first(rows: Grouping, feature: Feature) -> pl.Expr:
    return rows.max(_inside(DAYS, feature))


def _last(rows: Grouping, feature: Feature) -> pl.Expr:
    return rows.min(_inside(DAYS, feature))


def _sum(column: str) -> Callable[[Grouping, Feature], pl.Expr]:
    return lambda rows, feature: rows.sum(_inside(pl.col(column), feature))


def _share_discount(rows: Grouping, feature: Feature) -> pl.Expr:
    """Divide the discount by the value before it; null where nothing had a price."""
    discount, gross = pl.col("discount"), pl.col("value") + pl.col("discount")
    return divide(rows.sum(_inside(discount, feature)), rows.sum(_inside(gross, feature)))


AGGREGATES: dict[Aggregate, Callable[[Grouping, Feature], pl.Expr]] = {
    "count": _count,
    "first": _first,
    "last": _last,
    "interval": lambda rows, feature: mean_interval(_first(rows, feature), _last(rows, feature), _count(rows, feature)),
    "buyers": _count,
    "new_buyers": lambda rows, feature: _count(rows, feature, pl.col("first")),
    "pieces": _sum("quantity"),
    "spend": _sum("value"),
    "discount_share": _share_discount,
}
