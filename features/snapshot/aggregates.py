"""Aggregates over the windows that features/definitions.py declares, as Polars expressions.

Rows are orders, or parts of orders, of one user, product or pair; `days` is the age of each. An aggregate notes what it
needs of the rows in a `Grouping` and is arithmetic on that, so that nothing is evaluated inside a group.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from features.definitions import Aggregate, Entity, Feature, list_features, list_names, require_filled
from features.snapshot.groups import UNIT, Groups, Reduction, find_bounds

DAYS = pl.col("days")
AGE = pl.DataFrame(schema={"days": pl.Float64})
# Where the expression of a feature stands that no aggregate computes.
PLACES: dict[Entity, str] = {
    "user": "features/snapshot/users.py",
    "user_category": "features/snapshot/users.py",
    "product": "features/snapshot/products.py",
    "pair": "features/snapshot/history.py",
}


class _Reduced(NamedTuple):
    """A reduction of a column, by its name; without a column the rows are counted."""

    reduction: Reduction | Literal["total"]
    column: str | None = None

    def of(self, groups: Groups, columns: pl.DataFrame) -> pl.Series:
        """Reduce."""
        if self.column is None:
            return groups.count()
        values = columns[self.column]
        return groups.total(values) if self.reduction == "total" else groups.reduce(values, self.reduction)


MERGING = {"sum": pl.Expr.sum, "total": pl.Expr.sum, "min": pl.Expr.min, "max": pl.Expr.max}


class Grouping:
    """A group-by in three steps: columns of the rows, one plain reduction of each, arithmetic on what was reduced.

    A column is reduced for all groups in one pass (`Groups`); an expression inside a group would be evaluated once a
    group, which takes several times as long. Every method notes a reduction and returns the column that will hold it;
    nulls are left out, and without any value it is null, or 0 for a sum.

    Rows that lie in several parts are reduced part by part, merged, and finished once: that gives what all rows
    together give, to the last bit, as long as neither `mean` was noted, nor a `sum` of other than what is true or
    false.
    """

    def __init__(self, *, in_parts: bool = False) -> None:
        """Note nothing yet.

        Args:
            in_parts: whether the rows of a group may lie in several parts.
        """
        self._in_parts = in_parts
        self._columns: list[pl.Expr] = []
        self._reduced: list[_Reduced] = []
        self._has_means = False

    def count(self) -> pl.Expr:
        """Count the rows."""
        return self._note_reduced(_Reduced("sum"))

    def sum(self, values: pl.Expr) -> pl.Expr:
        """Sum an expression of the rows; of one that is true or false, count where it is true."""
        return self._reduce(values, "sum")

    def total(self, values: pl.Expr) -> pl.Expr:
        """Sum an expression of the rows; of rows in parts in whole `UNIT`s, which no order of adding changes."""
        return self._reduce(values, "total") * UNIT if self._in_parts else self.sum(values)

    def min(self, values: pl.Expr) -> pl.Expr:
        """Take the least value of an expression of the rows."""
        return self._reduce(values, "min")

    def max(self, values: pl.Expr) -> pl.Expr:
        """Take the greatest value of an expression of the rows."""
        return self._reduce(values, "max")

    def mean(self, values: pl.Expr) -> pl.Expr:
        """Average an expression of the rows."""
        self._has_means = True
        return divide(self.sum(values), self.sum(values.is_not_null()))

    def reduce(self, rows: pl.DataFrame, keys: list[str], features: dict[str, pl.Expr]) -> pl.DataFrame:
        """Group rows.

        Args:
            rows: what the expressions read.
            keys: columns of whole numbers without nulls, one group for each of their combinations.
            features: arithmetic on what the methods returned, by name.

        Returns:
            The keys, by which it is sorted, and the features.
        """
        return self.reduce_part(rows, keys).select(*keys, **features)

    def reduce_part(self, rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """Group the rows of one part, arguments as for `reduce`; gives the keys (sorted) and what was reduced."""
        groups = Groups(rows, keys)
        columns = _compute(rows, {_name_column(number): values for number, values in enumerate(self._columns)})
        reduced = [noted.of(groups, columns).alias(_name_reduced(number)) for number, noted in enumerate(self._reduced)]
        return groups.keys.with_columns(reduced)

    def merge_parts(self, parts: Sequence[pl.DataFrame], keys: list[str]) -> pl.DataFrame:
        """Merge what `reduce_part` gave of several parts; gives the same of all their rows, ready for arithmetic."""
        if len(parts) == 1:
            return parts[0]
        assert not self._has_means, "means of parts do not add up"
        merged = [
            MERGING[noted.reduction](pl.col(_name_reduced(number))).cast(parts[0][_name_reduced(number)].dtype)
            for number, noted in enumerate(self._reduced)
        ]
        return pl.concat(parts).group_by(keys).agg(*merged).sort(keys)

    def _reduce(self, values: pl.Expr, reduction: Reduction | Literal["total"]) -> pl.Expr:
        known = (number for number, other in enumerate(self._columns) if values.meta.eq(other))
        column = next(known, len(self._columns))
        if column == len(self._columns):
            self._columns.append(values)
        return self._note_reduced(_Reduced(reduction, _name_column(column)))

    def _note_reduced(self, reduced: _Reduced) -> pl.Expr:
        if reduced not in self._reduced:
            self._reduced.append(reduced)
        return pl.col(_name_reduced(self._reduced.index(reduced)))


def _compute(rows: pl.DataFrame, columns: dict[str, pl.Expr]) -> pl.DataFrame:
    """Compute expressions of the rows; weights by age once for rows of one age that stand together, as of an order."""
    of_age = {name: values for name, values in columns.items() if values.meta.root_names() == ["days"]}
    weights = {name: values for name, values in of_age.items() if _is_weight(values)}
    bounds = find_bounds(rows["days"].to_numpy()) if weights else np.arange(rows.height + 1)
    if 2 * len(bounds) > rows.height:
        return rows.select(**columns)
    computed = rows.select(DAYS)[bounds[:-1]].select(**weights)
    places = np.repeat(np.arange(computed.height, dtype=np.uint32), np.diff(bounds))
    return rows.with_columns(computed[pl.Series(places)]).select(**columns | {name: pl.col(name) for name in weights})


def _is_weight(values: pl.Expr) -> bool:
    """Tell whether an expression of the age is a power of it, and neither itself nor a comparison, which are quick."""
    return not values.meta.is_column() and AGE.select(values).dtypes == [pl.Float64]


def _name_column(number: int) -> str:
    return f"column {number}"


def _name_reduced(number: int) -> str:
    return f"reduced {number}"


def decayed(rows: Grouping, half_life_days: float) -> pl.Expr:
    """Sum rows weighted by age: one as old as the half-life counts one half."""
    return rows.total(0.5 ** (DAYS / half_life_days))


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
    return lambda rows, feature: rows.total(_inside(pl.col(column), feature))


def _share_discount(rows: Grouping, feature: Feature) -> pl.Expr:
    """Divide the discount by the value before it; null where nothing had a price."""
    discount, gross = pl.col("discount"), pl.col("value") + pl.col("discount")
    return divide(rows.total(_inside(discount, feature)), rows.total(_inside(gross, feature)))


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
