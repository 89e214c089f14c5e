"""Feature encoder: standardised numbers and ids of crosses from raw feature arrays, stored as JSON.

Fitted once on training rows, then frozen with the version. NaN follows the missing rule of definitions.py. Ids are
int64 and start at 1; 0 is what the vocabulary does not know.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from features.definitions import (
    MISSING_VALUES,
    Cross,
    CrossedEntity,
    Entity,
    Feature,
    hash_definitions,
    list_crosses,
    list_features,
)
from features.snapshot.arrays import Float32, Int64, find_rows

_ID_COLUMNS = ("category_id", "product_id")
UNKNOWN = -(2**62)
# Rows that are scaled at once, so that all steps on them find them in the processor's cache.
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Encoder:
    """Means, spreads, bucket edges and vocabularies, fitted on training rows.

    Attributes:
        feature_hash: hash of the definitions that it was fitted for.
        means, spreads: per feature name, after the transform.
        edges: per bucketed column of a cross, the inner edges of its quantile buckets.
        category_ids, product_ids: the vocabularies, sorted; position + 1 is the id.
    """

    feature_hash: str
    means: dict[str, float]
    spreads: dict[str, float]
    edges: dict[str, list[float]]
    category_ids: list[int]
    product_ids: list[int]

    def standardise(self, entity: Entity, raw: Float32) -> Float32:
        """Transform and scale raw features; the last axis is the entity's features. Same shape, float32, no NaN."""
        scaled = np.empty(raw.shape, dtype=np.float32)
        width = raw.shape[-1]
        self.standardise_into(entity, raw.reshape(-1, width), scaled.reshape(-1, width))
        return scaled

    def standardise_into(self, entity: Entity, rows: Float32, out: Float32) -> None:
        """Write raw features, float32[rows, features], transformed and scaled to `out`, of the same shape."""
        transform, means, spreads = self._find_scale(entity)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = transform.apply(rows[start : start + ROWS_AT_ONCE])
            part -= means
            part /= spreads
            np.copyto(part, np.float32(0.0), where=np.isnan(part))
            out[start : start + ROWS_AT_ONCE] = np.clip(part, -10.0, 10.0, out=part)

    def _find_scale(self, entity: Entity) -> tuple["Transform", Float32, Float32]:
        """Find the transform of an entity's features, their means and spreads; laid out at the first call."""
        if entity not in self._scales:
            features = list_features(entity)
            means, spreads = (
                np.array([known[feature.name] for feature in features], dtype=np.float32)
                for known in (self.means, self.spreads)
            )
            self._scales[entity] = Transform.of(features), means, spreads
        return self._scales[entity]

    @cached_property
    def _scales(self) -> dict[Entity, tuple["Transform", Float32, Float32]]:
        return {}

    def look_up_categories(self, category_ids: Int64) -> Int64:
        """Return the vocabulary ids of categories, 0 for unknown ones."""
        return find_rows(self._category_index, category_ids) + 1

    def look_up_products(self, product_ids: Int64) -> Int64:
        """Return the vocabulary ids of products, 0 for unknown ones."""
        return find_rows(self._product_index, product_ids) + 1

    @cached_property
    def _category_index(self) -> Int64:
        return np.array(self.category_ids, dtype=np.int64)

    @cached_property
    def _product_index(self) -> Int64:
        return np.array(self.product_ids, dtype=np.int64)

    def cross(self, entity: CrossedEntity, columns: Mapping[str, np.ndarray]) -> Int64:
        """Return the ids of an entity's crosses.

        Args:
            entity: `user_category` or `pair`.
            columns: raw float columns of one common shape; `category_id` and `product_id` as vocabulary ids.

        Returns:
            int64[..., crosses of the entity]; the ids of different crosses never meet.
        """
        return self.combine(entity, {name: self.bucket(name, columns[name]) for name in list_crossed_columns(entity)})

    def combine(self, entity: CrossedEntity, buckets: Mapping[str, Int64]) -> Int64:
        """Return the ids of an entity's crosses, int64[..., crosses], from the buckets of all their columns."""
        ids = self.begin_crosses(entity, next(iter(buckets.values())).shape)
        self.add_buckets(entity, ids, buckets)
        return np.maximum(ids, 0, out=ids)

    def begin_crosses(self, entity: CrossedEntity, shape: tuple[int, ...]) -> Int64:
        """Return the ids of crosses to which no column has been added yet, int64[*shape, crosses]."""
        sizes = [self._cross_size(cross) for cross in list_crosses(entity)]
        offsets = np.cumsum([1, *sizes[:-1]], dtype=np.int64)
        return np.broadcast_to(offsets, (*shape, len(sizes))).copy()

    def add_buckets(self, entity: CrossedEntity, ids: Int64, buckets: Mapping[str, Int64]) -> None:
        """Add to the ids of crosses, in place, what the buckets of some columns say.

        An id is the cross's offset and a sum over its columns, so columns may be added in any order and at any time.
        With all of them added, an id below 0 is that of something unknown, which is 0.
        """
        for index, cross in enumerate(list_crosses(entity)):
            stride = 1
            for column in reversed(cross.columns):
                if column in buckets:
                    ids[..., index] += buckets[column] * stride
                    if column in _ID_COLUMNS:
                        ids[..., index][buckets[column] == 0] = UNKNOWN
                stride *= self._column_size(column)

    def num_crosses(self, entity: CrossedEntity) -> int:
        """Count the cross ids of an entity, the unknown id included: the rows of the wide part's table."""
        return 1 + sum(self._cross_size(cross) for cross in list_crosses(entity))

    def bucket(self, column: str, values: np.ndarray) -> Int64:
        """Return the bucket of each value of a crossed column; 0 is missing, an id column is its own bucket."""
        return values if column in _ID_COLUMNS else self.bucket_columns([column], values[None])[0]

    def bucket_columns(self, columns: Sequence[str], values: Float32) -> Int64:
        """Return the bucket of each value of some crossed columns that are no ids, one after the other; 0 is missing.

        The edges are few, so that counting those below a value is quicker than looking for its place among them.

        Args:
            columns: K names.
            values: float32[K, ...].
        """
        edges = [[-np.inf, *self.edges[column]] for column in columns]  # what is missing reaches no edge at all
        most = max(map(len, edges))
        table = np.array([row + [np.nan] * (most - len(row)) for row in edges], dtype=np.float32)
        values = np.ascontiguousarray(values, dtype=np.float32)
        reached = values >= table.T.reshape(most, len(columns), *[1] * (values.ndim - 1))
        return reached.view(np.uint8).sum(axis=0, dtype=np.uint8).astype(np.int64)

    def _column_size(self, column: str) -> int:
        if column in _ID_COLUMNS:
            return len(self.category_ids if column == "category_id" else self.product_ids) + 1
        return len(self.edges[column]) + 2

    def _cross_size(self, cross: Cross) -> int:
        return math.prod(self._column_size(column) for column in cross.columns)

    def save(self, path: Path) -> None:
        """Write the encoder as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Encoder":
        """Read an encoder back.

        Raises:
            ValueError: the file lacks a field or has one too many.
        """
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except TypeError as err:
            raise ValueError(f"{path.name} is not an encoder of this version: {err}.") from err


class Transform(NamedTuple):
    """What happens to raw features before they are standardised.

    Attributes:
        missing: float32[F], the value of each where there is none; NaN = the mean, so it stays missing.
        logarithms: neighbouring features whose log1p is taken.
    """

    missing: Float32
    logarithms: list[slice]

    @classmethod
    def of(cls, features: tuple[Feature, ...]) -> "Transform":
        """Lay out what the rows of some features say."""
        is_log = np.array([feature.transform == "log1p" for feature in features])
        bounds = np.flatnonzero(np.diff(np.r_[False, is_log, False]))
        missing = np.array([MISSING_VALUES[feature.missing] for feature in features], dtype=np.float32)
        return cls(missing, [slice(*pair) for pair in bounds.reshape(-1, 2).tolist()])

    def apply(self, raw: Float32) -> Float32:
        """Transform raw features, float32[..., F]; a copy in the same order of memory."""
        values = np.array(raw, dtype=np.float32)
        np.copyto(values, self.missing, where=np.isnan(values))
        for run in self.logarithms:
            columns = values[..., run]
            np.log1p(np.maximum(columns, 0.0, out=columns), out=columns)
        return values


def list_crossed_columns(entity: CrossedEntity) -> list[str]:
    """List the columns that an entity's crosses need the buckets of, each once."""
    return sorted({column for cross in list_crosses(entity) for column in cross.columns})


def fit_encoder(rows: Mapping[Entity, Float32], category_ids: Int64, product_ids: Int64) -> Encoder:
    """Fit an encoder on training rows.

    Args:
        rows: raw features per entity, float32[rows, features of the entity], NaN = missing.
        category_ids: the categories to know.
        product_ids: the products to know by name; others share the unknown id.
    """
    means: dict[str, float] = {}
    spreads: dict[str, float] = {}
    raw: dict[str, np.ndarray] = {}
    for entity, matrix in rows.items():
        features = list_features(entity)
        values = Transform.of(features).apply(matrix)
        for index, feature in enumerate(features):
            means[feature.name], spreads[feature.name] = _measure(values[:, index])
            raw[feature.name] = matrix[:, index]
    crosses = (*list_crosses("user_category"), *list_crosses("pair"))
    edges: dict[str, list[float]] = {}
    for cross in crosses:
        for column in cross.columns:
            if column not in _ID_COLUMNS:
                edges[column] = max(edges.get(column, []), _cut(raw[column], cross.num_buckets), key=len)
    return Encoder(
        feature_hash=hash_definitions(),
        means=means,
        spreads=spreads,
        edges=edges,
        category_ids=sorted(int(category) for category in category_ids),
        product_ids=sorted(int(product) for product in product_ids),
    )


def _measure(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation over what is there; (0, 1) where nothing is, and no zero spread for a constant."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if len(finite) == 0:
        return 0.0, 1.0
    spread = float(finite.std())
    return float(finite.mean()), spread if spread > 1e-6 else 1.0


def _cut(values: np.ndarray, num_buckets: int) -> list[float]:
    """Inner edges of quantile buckets; zeros, where they are many, get a bucket of their own."""
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    if len(positive) < len(finite) and (finite >= 0).all():
        edges = np.quantile(positive, np.linspace(0, 1, num_buckets)[:-1]) if len(positive) else np.empty(0)
    else:
        edges = np.quantile(finite, np.linspace(0, 1, num_buckets + 1)[1:-1]) if len(finite) else np.empty(0)
    return [float(edge) for edge in np.unique(edges.astype(np.float32))]
