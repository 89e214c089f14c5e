"""Feature encoder: how raw features are scaled, edges of buckets and vocabularies, stored as JSON.

Fitted once on training rows, then frozen with the version. NaN follows the missing rule of definitions.py. Ids are
int64 and start at 1; 0 is what the vocabulary does not know. Crosses are computed in crosses.py.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from features.definitions import (
    Cross,
    CrossedEntity,
    Entity,
    hash_definitions,
    list_crosses,
    list_features,
)
from features.ranking.scaling import Scale, Transform
from features.snapshot.arrays import Float32, Int64, find_rows

ID_COLUMNS = ("category_id", "product_id")
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
        if entity not in self._scales:
            self._scales[entity] = Scale.of(list_features(entity), self.means, self.spreads)
        scale = self._scales[entity]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            out[some] = scale.apply(rows[some])

    @cached_property
    def _scales(self) -> dict[Entity, Scale]:
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

    def num_crosses(self, entity: CrossedEntity) -> int:
        """Count the cross ids of an entity, the unknown id included: the rows of the wide part's table."""
        return 1 + sum(map(self.count_ids, list_crosses(entity)))

    def count_ids(self, cross: Cross) -> int:
        """Count the ids of a cross: one for each combination of its columns' buckets."""
        return math.prod(map(self.count_buckets, cross.columns))

    def count_buckets(self, column: str) -> int:
        """Count the buckets of a crossed column: what is missing or unknown has one too."""
        if column in ID_COLUMNS:
            return len(self.category_ids if column == "category_id" else self.product_ids) + 1
        return len(self.edges[column]) + 2

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
            if column not in ID_COLUMNS:
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
