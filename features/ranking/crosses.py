"""Ids of crosses: what is known once a snapshot is added up beforehand, the rest for each row as it is asked for.

An id is the cross's offset and a sum over its columns, so columns may be added in any order and at any time. Ids of
different crosses never meet; 0 is the id of all that holds something unknown.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from features.definitions import CrossedEntity, list_crosses, list_names
from features.ranking.encoding import ID_COLUMNS, Encoder
from features.snapshot.arrays import Float32, Int64

UNKNOWN = -(2**62)
"""Brings an id below 0, whatever is added to it."""


class Buckets:
    """Buckets of some numeric columns. The edges are few, so that counting those below a value is quicker than looking
    for its place among them.
    """

    def __init__(self, edges: Sequence[Sequence[float]]):
        """Lay the inner edges of K columns side by side."""
        reached = [[-np.inf, *each] for each in edges]  # what is missing reaches no edge at all
        most = max(map(len, reached), default=0)
        table = np.array([row + [np.nan] * (most - len(row)) for row in reached], dtype=np.float32)
        self._edges = table.reshape(len(edges), most).T

    def find(self, values: Float32) -> Int64:
        """Return the bucket of each value, 0 for what is missing; both [K, ...]."""
        values = np.ascontiguousarray(values, dtype=np.float32)
        reached = values >= self._edges.reshape(*self._edges.shape, *[1] * (values.ndim - 1))
        return reached.view(np.uint8).sum(axis=0, dtype=np.uint8).astype(np.int64)


class Crosses:
    """The crosses of an entity over R rows, of which some columns are known."""

    def __init__(self, encoder: Encoder, entity: CrossedEntity, known: Mapping[str, np.ndarray]):
        """Add up what is known.

        Args:
            encoder: of the version.
            entity: `user_category` or `pair`.
            known: raw columns of R rows, those that are no features of the entity among them; `category_id` and
                `product_id` as vocabulary ids.
        """
        crosses = list_crosses(entity)
        strides: dict[str, list[tuple[int, int]]] = {}
        for index, cross in enumerate(crosses):
            for place, column in enumerate(cross.columns):
                stride = math.prod(map(encoder.count_buckets, cross.columns[place + 1 :]))
                strides.setdefault(column, []).append((index, stride))
        offsets = np.cumsum([1, *map(encoder.count_ids, crosses[:-1])], dtype=np.int64)
        self._begun = np.tile(offsets, (len(next(iter(known.values()))), 1))
        for column in known.keys() & strides:
            values = known[column]
            is_id = column in ID_COLUMNS
            buckets = values if is_id else Buckets([encoder.edges[column]]).find(values[None])[0]
            _add(self._begun, buckets, strides[column])
            if is_id:
                self._begun[np.ix_(values == 0, [index for index, _ in strides[column]])] = UNKNOWN
        columns = sorted(strides.keys() - known)
        self._places = [list_names(entity).index(name) for name in columns]
        self._buckets = Buckets([encoder.edges[name] for name in columns])
        self._strides = [strides[name] for name in columns]

    def finish(self, rows: Int64, features: Float32) -> Int64:
        """Add what was not known.

        Args:
            rows: int64[...], which of the R rows.
            features: float32[..., F], the entity's raw features.

        Returns:
            int64[..., crosses].
        """
        ids = self._begun[rows]
        for buckets, strides in zip(
            self._buckets.find(np.moveaxis(features, -1, 0)[self._places]), self._strides, strict=True
        ):
            _add(ids, buckets, strides)
        return np.maximum(ids, 0, out=ids)


def _add(ids: Int64, buckets: Int64, strides: Sequence[tuple[int, int]]) -> None:
    """Add the buckets of a column to the ids of the crosses that it is in: (index of the cross, stride)."""
    for index, stride in strides:
        ids[..., index] += buckets * stride
